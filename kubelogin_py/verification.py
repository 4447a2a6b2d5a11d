"""From a token response to a session: an ID token is verified, always, before anything is kept or printed.

In access-token mode so is an access token that can be; the ID token beside it is then optional.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from kubelogin_py.advice import Advice
from kubelogin_py.clock_difference import explained
from kubelogin_py.documents import Documents
from kubelogin_py.errors import MetadataError, ProviderError, UnknownKeyError, VerificationError
from kubelogin_py.oidc import access_token, id_token, jose
from kubelogin_py.oidc.access_token import Lifespan
from kubelogin_py.oidc.account import check_account
from kubelogin_py.oidc.id_token import Claims, Expected
from kubelogin_py.oidc.key_set import KeySet
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.ports import World
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import GrantType, Settings

T = TypeVar("T")

_FRESH_ALLOWANCE = 600.0
"""Seconds a fresh ID token may be older than the sign-in's own time limit."""

# Nobody expects one there (RFC 6749 section 4.4.3).
_WITHOUT_REFRESH = GrantType.CLIENT_CREDENTIALS


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A token set whose tokens may be used.

    :param tokens: the token set.
    :param claims: those of its ID token; ``None`` where it has none, in access-token mode.
    :param lifespan: of the token that is for the API server.
    """

    tokens: TokenSet
    claims: Claims | None
    lifespan: Lifespan


class Verifier:
    """Verifies the tokens of one run.

    :param settings: whose issuer and client the tokens must name.
    :param world: for its clock and console.
    :param documents: the provider's metadata and key set.
    """

    def __init__(self, settings: Settings, world: World, documents: Documents) -> None:
        self._settings = settings
        self._world = world
        self._documents = documents
        self._advice = Advice(settings.provider, documents)

    def prepare(self) -> None:
        """Find out whether an answer could be verified, before anybody signs in or a single-use token is sent.

        :raises MetadataError: the provider signs with no algorithm that is accepted, or has no usable key.
        """
        if not self._settings.provider.use_access_token:
            self._algorithms()
            self._documents.key_set()
            return
        # For an opaque access token alone nothing of it is needed.
        with suppress(MetadataError):
            self._documents.key_set()

    def fresh(self, token_set: TokenSet, nonce: Secret | None) -> Session:
        """Return the session of a new sign-in.

        :param nonce: what the ID token must carry; ``None`` for grants that have no nonce.
        :raises VerificationError: a token must not be used.
        """
        if token_set.id_token is None and not self._settings.provider.use_access_token:
            raise ProviderError(
                f"the token response of {self._settings.provider.issuer} has no id_token",
                hint="allow the scope openid for this client at the provider",
            )
        age = self._settings.login.authentication_timeout + _FRESH_ALLOWANCE
        verified = self._verified(token_set, nonce=nonce, fresh_within=age)
        if verified.claims is not None and self._settings.login.account:
            check_account(verified.claims, self._settings.login.account)
        session = self._session(verified)
        for remark in self._remarks(verified):
            self._world.console.detail(1, remark)
        return replace(session, nonce_sha256=sha256(nonce) if nonce else None)

    def refreshed(self, token_set: TokenSet, *, before_fetching: Callable[[], None]) -> Verified:
        """Return what came with a refresh, verified; ``continued`` makes a session of it.

        :param before_fetching: called before the key set is read again, which may take time or fail.
        :raises VerificationError: a token must not be used.
        """
        return self._verified(token_set, nonce=None, fresh_within=None, before_fetching=before_fetching)

    def continued(self, new: Verified, old: Session) -> Session:
        """Return the session after a refresh (Core section 12.2).

        :param old: the session it continues: same issuer, same subject, same audience, where ID tokens tell.
        :raises VerificationError: it is another session's.
        """
        if new.claims is not None and old.id_token is not None:
            before = id_token.read_unverified(old.id_token)
            for warning in id_token.check_continuity(new.claims, before, nonce_sha256=old.nonce_sha256):
                self._world.console.tell(f"warning: {warning}")
            if before.groups and not new.claims.groups and (about := self._advice.about("no_groups")):
                self._world.console.tell(f"hint: {about}")
        return replace(
            self._session(new),
            # Without a new ID token the old one stays, for the next to be compared with.
            id_token=new.tokens.id_token or old.id_token,
            refresh_token=new.tokens.refresh_token or old.refresh_token,
            scope=new.tokens.scope or old.scope,
            nonce_sha256=old.nonce_sha256,
        )

    def _algorithms(self) -> frozenset[str]:
        return self._documents.metadata().algorithms(jose.ALGORITHMS)

    def _verified(
        self,
        token_set: TokenSet,
        *,
        nonce: Secret | None,
        fresh_within: float | None,
        before_fetching: Callable[[], None] = _nothing,
    ) -> Verified:
        now, token = self._world.clock.now(), token_set.id_token
        claims = None
        if token is not None:
            expected = Expected(
                issuer=self._settings.provider.issuer,
                client_id=self._settings.provider.client_id,
                now=now,
                nonce=nonce,
                algorithms=self._algorithms(),
                access_token=token_set.access_token,
                fresh_within=fresh_within,
            )
            claims = self._with_keys(lambda keys: id_token.verify(token, keys, expected), before_fetching)
        if claims is not None and not self._settings.provider.use_access_token:
            return Verified(token_set, claims, Lifespan(claims.expires_at, claims.lifetime))
        return Verified(token_set, claims, self._access_token_lifespan(token_set, now, before_fetching))

    def _access_token_lifespan(self, token_set: TokenSet, now: float, before_fetching: Callable[[], None]) -> Lifespan:
        token = token_set.access_token
        if not access_token.is_signed_jwt(token):
            return access_token.opaque_lifespan(now=now, expires_in=token_set.expires_in)
        issuer = self._settings.provider.issuer
        try:
            return self._with_keys(
                lambda keys: access_token.verify(token, keys, issuer=issuer, now=now), before_fetching
            )
        except VerificationError as error:
            if self._settings.login.chosen_grant is not GrantType.CLIENT_CREDENTIALS:
                raise
            # A client's own token may be another API's, made by another issuer with other keys: it came from the
            # token endpoint itself, and is for that API to judge, as an opaque one is.
            self._world.console.detail(1, f"{error.message}; the API server decides about it")
            return access_token.unverified_lifespan(token, now=now)

    def _with_keys(self, verify: Callable[[KeySet], T], before_fetching: Callable[[], None]) -> T:
        try:
            return self._with_newest_keys(verify, before_fetching)
        except VerificationError as error:
            raise explained(error, issuer=self._settings.provider.issuer, world=self._world) from None

    def _with_newest_keys(self, verify: Callable[[KeySet], T], before_fetching: Callable[[], None]) -> T:
        key_set = self._documents.key_set()
        try:
            return verify(key_set)
        except UnknownKeyError:
            # The keys may have rotated since this set was fetched; one newer look, then no.
            self._world.console.detail(1, "no key fits the token; reading the key set again")
            before_fetching()
            return verify(self._documents.fetch_key_set())

    def _session(self, verified: Verified) -> Session:
        tokens = verified.tokens
        session = Session(
            issuer=self._settings.provider.issuer,
            client_id=self._settings.provider.client_id,
            id_token=tokens.id_token,
            access_token=tokens.access_token if self._settings.provider.use_access_token else None,
            refresh_token=tokens.refresh_token,
            expires_at=verified.lifespan.expires_at,
            lifetime=verified.lifespan.lifetime,
            scope=tokens.scope or self._settings.provider.scope,
            account=self._settings.login.account,
        )
        for warning in self._warnings(session, verified.claims):
            self._world.console.tell(f"warning: {warning}")
        return session

    def _remarks(self, verified: Verified) -> Iterator[str | Callable[[], str]]:
        """Yield what those may want to know who look for a reason: a sign-in without is right, too."""
        if verified.tokens.refresh_token is None and self._settings.login.chosen_grant != _WITHOUT_REFRESH:
            text = "the provider gave no refresh token: a new sign-in is needed each time the token expires"
            yield lambda: self._advice.extended(text, "no_refresh_token")
        scopes = self._settings.provider.extra_scopes
        if verified.claims is not None and "groups" in scopes and not verified.claims.groups:
            yield lambda: self._advice.extended("the ID token names no groups", "no_groups")

    def _warnings(self, session: Session, claims: Claims | None) -> Iterator[str]:
        """Yield what the person should know about a token that is right, and yet may not serve."""
        what = "ID token" if session.access_token is None else "access token"
        if claims is not None and session.id_token is not None and session.access_token is None:
            yield from claims.warnings
            algorithm = jose.read_jws(session.id_token).algorithm
            if algorithm not in jose.KUBERNETES_ALGORITHMS:
                text = (
                    f"the ID token is signed with {algorithm}, which Kubernetes does not accept; "
                    "choose RS256 or ES256 for this client at the provider"
                )
                yield self._advice.extended(text, "algorithm")
        now = self._world.clock.now()
        if session.expires_at is None:
            yield f"the provider does not say how long this {what} lives: it is used for this command only"
        elif session.usable_until is not None and session.usable_until <= now:
            yield (
                f"this {what} expires in {session.expires_at - now:.0f} seconds already; "
                "lengthen the token lifetime at the provider or check the clock of this machine"
            )


def sha256(nonce: Secret) -> str:
    """Return the hex SHA-256 under which a nonce is remembered."""
    return hashlib.sha256(nonce.reveal().encode()).hexdigest()
