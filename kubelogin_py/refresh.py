"""The refresh protocol: one request, never repeated once it may have left, saved before anything is said.

Providers that rotate refresh tokens take each one once, and many revoke the whole session when one comes twice
(RFC 9700 section 4.14.2). So "sent" is on disk before the request leaves, and the answer before it is used.
"""

from contextlib import suppress
from dataclasses import replace

from kubelogin_py.advice import Advice
from kubelogin_py.documents import Documents
from kubelogin_py.errors import NotSentError, OAuthError, RefusedRefreshError, StorageError, VerificationError
from kubelogin_py.grants.token_endpoint import send
from kubelogin_py.keeping import keep, mark
from kubelogin_py.oidc import id_token, tokens
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.ports import World
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings
from kubelogin_py.verification import Verifier

# A refreshed token that fails one of these is not ours: nothing that came with it may be kept.
_FOREIGN = frozenset({"issuer", "audience", "authorized_party"})
_ANOTHER_PERSON = "subject"


class Refresh:
    """One refresh of one session.

    :param settings: what the user chose.
    :param world: everything outside.
    :param documents: the provider's metadata and key set.
    :param verifier: verifies what comes back.
    :param key: names the session in the token store, whose lock the caller holds.
    """

    def __init__(self, settings: Settings, world: World, documents: Documents, verifier: Verifier, *, key: str) -> None:
        self._settings = settings
        self._world = world
        self._documents = documents
        self._verifier = verifier
        self._key = key

    def renew(self, session: Session) -> Session | None:
        """Return the renewed session, stored; ``None`` when only a new sign-in helps.

        :raises TransientError: nothing is known to be wrong with the session, which is kept.
        :raises OAuthError: the provider refuses the client, not the session, which is kept.
        :raises VerificationError: the provider answered with a token that must not be used.
        """
        return self._tried(session, last=False)

    def _tried(self, session: Session, *, last: bool) -> Session | None:
        """Return the renewed session.

        :param last: whether nobody can have replaced its refresh token behind our back a second time.
        """
        token = session.refresh_token
        if token is None or not _can_be_continued(session):
            return None
        if self._too_early(token):
            return session if _serves(session, self._world.clock.now()) else None
        # Everything that can fail without harm comes before the refresh token leaves.
        self._verifier.prepare()
        if session.refresh_sent_at is not None:
            self._world.console.detail(1, "the answer to the last refresh was lost; trying its token once more")
        try:
            return self._world.guard.run(lambda: self._renewed(session, token))
        except RefusedRefreshError as error:
            current = self._world.store.load(self._key)
            if last or current is None or current.refresh_token in {None, token}:
                self._ended(session, error)
                return None
        # Where there are no locks, another process was faster: its session is as good as ours.
        if not _continues(current, session):
            return None
        return current if _serves(current, self._world.clock.now()) else self._tried(current, last=True)

    def _too_early(self, token: Secret) -> bool:
        """Whether the refresh token says of itself that it must not be sent yet."""
        not_before = tokens.refresh_not_before(token)
        if not_before is None or not_before <= self._world.clock.now():
            return False
        self._world.console.tell(
            "warning: the provider does not allow this session to be refreshed yet "
            f"(in {not_before - self._world.clock.now():.0f} seconds)"
        )
        return True

    def _renewed(self, session: Session, token: Secret) -> Session | None:
        self._world.console.detail(1, f"refreshing the session at {session.issuer}")
        answer = self._redeemed(session, token)
        if self._settings.provider.use_access_token:
            return self._verified(answer, session)
        if answer.id_token is None:
            session, answer = self._asked_for_id_token(session, answer)
        if answer.id_token is None:
            self._world.console.tell(
                f"{session.issuer} gives no ID token on refresh: a new sign-in is needed each time one expires"
            )
            return None
        return self._verified(answer, session)

    def _redeemed(self, session: Session, token: Secret, *, scope: str | None = None) -> TokenSet:
        """Send the session's refresh token and return the provider's answer, which is not stored yet."""
        mark(replace(session, refresh_sent_at=self._world.clock.now()), self._world, self._key)
        try:
            return tokens.read_refresh_response(self._sent(token, scope=scope))
        except RefusedRefreshError:
            raise
        except (NotSentError, OAuthError):
            # Not sent, or refused before the token was looked at.
            mark(session, self._world, self._key)
            raise

    def _sent(self, token: Secret, *, scope: str | None) -> Response:
        form = tokens.refresh_form(token, scope)
        try:
            return self._post(form)
        except NotSentError as error:
            self._world.console.detail(1, f"{error.message}; trying once more")
            return self._post(form)

    def _post(self, form: tokens.Form) -> Response:
        metadata = self._documents.metadata()
        return send(
            form,
            url=metadata.token_endpoint,
            provider=self._settings.provider,
            metadata=metadata,
            world=self._world,
        )

    def _asked_for_id_token(self, session: Session, answer: TokenSet) -> tuple[Session, TokenSet]:
        """Ask once more, naming the scopes: some providers return an ID token only then.

        Returns the session as the second answer found it, and that answer; the first where there is no second.
        """
        kept = _rotated(session, answer)
        keep(kept, self._world, self._key)
        newest = kept.refresh_token
        if newest is None or "openid" not in kept.scope.split():
            return kept, answer
        try:
            again = self._redeemed(kept, newest, scope=kept.scope)
        except OAuthError as error:
            # The refresh itself worked; only this wish is refused, so a sign-in is what is left.
            self._world.console.detail(1, error.message)
            if isinstance(error, RefusedRefreshError):
                mark(replace(kept, refresh_token=None), self._world, self._key)
            return kept, answer
        if again.id_token is None:
            keep(_rotated(kept, again), self._world, self._key)
        return kept, again

    def _verified(self, answer: TokenSet, session: Session) -> Session:
        """Return the new session, stored; a rotated refresh token is lost only if what came with it is not ours."""
        rotated = _rotated(session, answer)
        try:
            verified = self._verifier.refreshed(answer, before_fetching=lambda: keep(rotated, self._world, self._key))
        except VerificationError as error:
            if error.step in _FOREIGN:
                mark(replace(session, refresh_sent_at=None), self._world, self._key)
            else:
                keep(rotated, self._world, self._key)
            raise
        try:
            new = self._verifier.continued(verified, session)
        except VerificationError as error:
            self._end(session, error)
            raise
        keep(new, self._world, self._key)
        return new

    def _end(self, session: Session, error: VerificationError) -> None:
        """Give up a session that the provider continues with somebody else's: the next command signs in."""
        if error.step == _ANOTHER_PERSON:
            self._forget()
        else:
            mark(replace(session, refresh_token=None, refresh_sent_at=None), self._world, self._key)

    def _ended(self, session: Session, error: RefusedRefreshError) -> None:
        """Drop the dead refresh token and say why, in one line."""
        if session.refresh_sent_at is not None:
            reason = "the answer to its last refresh was lost, and the provider does not take the old token again"
        else:
            reason = error.message
        self._world.console.tell(f"the session at {session.issuer} has ended: {reason}")
        if about := Advice(self._settings.provider, self._documents).about("refused_refresh"):
            self._world.console.tell(f"hint: {about}")
        mark(replace(session, refresh_token=None, refresh_sent_at=None), self._world, self._key)

    def _forget(self) -> None:
        try:
            self._world.store.delete(self._key)
        except StorageError as error:
            self._world.console.tell(f"warning: {error.message}")


def _rotated(session: Session, answer: TokenSet) -> Session:
    """Return the session with the refresh token that is valid after this answer: the old one unless replaced."""
    return replace(
        session,
        refresh_token=answer.refresh_token or session.refresh_token,
        scope=answer.scope or session.scope,
        refresh_sent_at=None,
    )


def _can_be_continued(session: Session) -> bool:
    """Whether a refreshed ID token could be compared with the kept one, if there is any."""
    with suppress(VerificationError):
        return session.id_token is None or bool(id_token.read_unverified(session.id_token))
    return False


def _continues(current: Session, session: Session) -> bool:
    return (current.issuer, current.client_id) == (session.issuer, session.client_id) and _can_be_continued(current)


def _serves(session: Session, now: float) -> bool:
    until = session.usable_until
    return session.presented_token is not None and until is not None and until > now
