"""From a token response to a session: the ID token is verified, always, before anything is kept or printed."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from kubelogin_py.documents import Documents
from kubelogin_py.errors import ProviderError, UnknownKeyError
from kubelogin_py.oidc import id_token, jose
from kubelogin_py.oidc.id_token import Claims, Expected
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.ports import World
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings

_FRESH_ALLOWANCE = 600.0
"""Seconds a fresh ID token may be older than the sign-in's own time limit."""


class Verifier:
    """Verifies the ID tokens of one run.

    :param settings: whose issuer and client the tokens must name.
    :param world: for its clock and console.
    :param documents: the provider's metadata and key set.
    """

    def __init__(self, settings: Settings, world: World, documents: Documents) -> None:
        self._settings = settings
        self._world = world
        self._documents = documents

    def prepare(self) -> None:
        """Find out whether an answer could be verified, before anybody signs in or a single-use token is sent.

        :raises MetadataError: the provider signs with no algorithm that is accepted, or has no usable key.
        """
        self._algorithms()
        self._documents.key_set()

    def fresh(self, token_set: TokenSet, nonce: Secret | None) -> Session:
        """Return the session of a new sign-in.

        :param nonce: what the ID token must carry; ``None`` for grants that have no nonce.
        :raises VerificationError: the ID token must not be used.
        """
        token = token_set.id_token
        if token is None:
            raise ProviderError(
                f"the token response of {self._settings.provider.issuer} has no id_token",
                hint="allow the scope openid for this client at the provider",
            )
        age = self._settings.login.authentication_timeout + _FRESH_ALLOWANCE
        claims = self._verified(token, token_set, nonce=nonce, fresh_within=age)
        session = self._session(token, token_set, claims)
        return replace(session, nonce_sha256=sha256(nonce) if nonce else None)

    def refreshed(self, token: Secret, token_set: TokenSet, *, before_fetching: Callable[[], None]) -> Claims:
        """Return the claims of an ID token that came with a refresh; ``continued`` makes a session of them.

        :param before_fetching: called before the key set is read again, which may take time or fail.
        :raises VerificationError: the ID token must not be used.
        """
        return self._verified(token, token_set, nonce=None, fresh_within=None, before_fetching=before_fetching)

    def continued(self, token: Secret, token_set: TokenSet, claims: Claims, old: Session) -> Session:
        """Return the session after a refresh (Core section 12.2).

        :param claims: those of the new ID token, verified.
        :param old: the session it continues: same issuer, same subject, same audience.
        :raises VerificationError: it is another session's.
        """
        if old.id_token is not None:
            before = id_token.read_unverified(old.id_token)
            for warning in id_token.check_continuity(claims, before, nonce_sha256=old.nonce_sha256):
                self._world.console.tell(f"warning: {warning}")
        session = self._session(token, token_set, claims)
        return replace(
            session,
            refresh_token=token_set.refresh_token or old.refresh_token,
            scope=token_set.scope or old.scope,
            nonce_sha256=old.nonce_sha256,
        )

    def _algorithms(self) -> frozenset[str]:
        return self._documents.metadata().algorithms(jose.ALGORITHMS)

    def _verified(
        self,
        token: Secret,
        token_set: TokenSet,
        *,
        nonce: Secret | None,
        fresh_within: float | None,
        before_fetching: Callable[[], None] = lambda: None,
    ) -> Claims:
        expected = Expected(
            issuer=self._settings.provider.issuer,
            client_id=self._settings.provider.client_id,
            now=self._world.clock.now(),
            nonce=nonce,
            algorithms=self._algorithms(),
            access_token=token_set.access_token,
            fresh_within=fresh_within,
        )
        key_set = self._documents.key_set()
        try:
            return id_token.verify(token, key_set, expected)
        except UnknownKeyError:
            # The keys may have rotated since this set was fetched; one newer look, then no.
            self._world.console.detail(1, "no key fits the ID token; reading the key set again")
            before_fetching()
            return id_token.verify(token, self._documents.fetch_key_set(), expected)

    def _session(self, token: Secret, token_set: TokenSet, claims: Claims) -> Session:
        session = Session(
            issuer=self._settings.provider.issuer,
            client_id=self._settings.provider.client_id,
            id_token=token,
            refresh_token=token_set.refresh_token,
            expires_at=claims.expires_at,
            lifetime=claims.lifetime,
            scope=token_set.scope or self._settings.provider.scope,
        )
        for warning in self._warnings(token, session, claims):
            self._world.console.tell(f"warning: {warning}")
        return session

    def _warnings(self, token: Secret, session: Session, claims: Claims) -> Iterator[str]:
        """Yield what the person should know about a token that is right, and yet may not serve."""
        yield from claims.warnings
        algorithm = jose.read_jws(token).algorithm
        if algorithm not in jose.KUBERNETES_ALGORITHMS:
            yield (
                f"the ID token is signed with {algorithm}, which Kubernetes does not accept; "
                "choose RS256 or ES256 for this client at the provider"
            )
        now = self._world.clock.now()
        if session.usable_until is not None and session.usable_until <= now:
            yield (
                f"this ID token expires in {claims.expires_at - now:.0f} seconds already; "
                "lengthen the token lifetime at the provider or check the clock of this machine"
            )


def sha256(nonce: Secret) -> str:
    """Return the hex SHA-256 under which a nonce is remembered."""
    return hashlib.sha256(nonce.reveal().encode()).hexdigest()
