"""Signing out: the session is given back to its provider, and everything that is kept of it here is removed.

What is here goes in any case, also when the provider can't be reached, refuses or takes its time, and when the
person does not want to wait for it. Each step is said as it is done.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from kubelogin_py import pages, providers
from kubelogin_py.documents import Documents
from kubelogin_py.errors import (
    Error,
    ProviderError,
    SignInError,
    StrayCallbackError,
    TransientError,
    VerificationError,
)
from kubelogin_py.grants.token_endpoint import send
from kubelogin_py.oidc import id_token, revocation, urls
from kubelogin_py.oidc.claims import utc
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.end_session import end_session_url
from kubelogin_py.ports import Callback, World
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings
from kubelogin_py.text import printable

REQUEST_TIMEOUT = 10.0
"""Seconds for one request: whoever signs out wants to leave."""

_LOCK_PATIENCE = 45.0
"""Seconds to wait for another process that refreshes or signs in: a refresh has its answer by then, or has failed."""

_PAGE_PATIENCE = 30.0
"""Seconds for the browser to come for the page that leads on to the provider."""

_ANY_PORT = ("127.0.0.1:0",)
_OK = 200


class Copies(Protocol):
    """All that is kept of a session, in whatever form."""

    def sessions(self, key: str) -> Sequence[Session | None]:
        """Return the session in every form; ``None`` for one that can't be read.

        :raises StorageError: nothing can be read.
        """
        ...

    def remove(self, key: str) -> int:
        """Remove every form, and every finished answer; return how many files there were.

        :raises StorageError: something is still there.
        """
        ...


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What became of it.

    :param was_kept: whether there was anything to remove.
    :param faults: why the provider may go on with the session, a line each; none when it was told, or can't be.
    """

    was_kept: bool
    faults: tuple[str, ...] = ()


def sign_out(settings: Settings, world: World, copies: Copies, *, key: str, browser: bool = False) -> SignedOut:
    """End a session: at its provider as far as that works, and here.

    :param key: names the session.
    :param browser: whether the person's session in the browser is ended, too.
    :raises StorageError: something of it is still here.
    """
    issuer = settings.provider.issuer
    urls.check_issuer(issuer)
    deadline = world.clock.monotonic() + _LOCK_PATIENCE
    with world.store.lock(key, deadline=deadline, doing=f"signing out of {issuer}"):
        return _SignOut(settings, world, copies, key).run(browser=browser)


class _SignOut:
    """One session on its way out, whose lock is held."""

    def __init__(self, settings: Settings, world: World, copies: Copies, key: str) -> None:
        self._settings = settings
        self._world = world
        self._copies = copies
        self._key = key
        self._issuer = settings.provider.issuer
        self._documents = Documents(self._issuer, world)
        self._is_unreachable = False
        self._faults: list[str] = []

    def run(self, *, browser: bool) -> SignedOut:
        sessions: Sequence[Session] = ()
        try:
            found = self._copies.sessions(self._key)
            sessions = [session for session in found if session is not None]
            if len(sessions) < len(found):
                self._fail("a session that can't be read could not be revoked")
            self._give_back([session for session in sessions if self._is_ours(session)])
        finally:
            # Whatever happened, Ctrl-C included.
            removed = self._removed(sessions)
        if browser:
            self._end_browser_session(sessions)
        return SignedOut(bool(sessions) or removed > 0, tuple(self._faults))

    def _is_ours(self, session: Session) -> bool:
        provider = self._settings.provider
        return (session.issuer, session.client_id) == (provider.issuer, provider.client_id)

    def _give_back(self, sessions: Sequence[Session]) -> None:
        """Revoke each token once; a session without a refresh token has only its access token to give back."""
        given: list[Secret] = []
        for session in sessions:
            kind = revocation.REFRESH_TOKEN if session.refresh_token else revocation.ACCESS_TOKEN
            token = session.refresh_token or session.access_token
            if token is None:
                self._tell(f"there is no refresh token of {_who(session)} to give back to {self._issuer}")
            elif token not in given:
                given.append(token)
                self._revoke(token, kind, session)

    def _revoke(self, token: Secret, kind: str, session: Session) -> None:
        what = f"the {kind.replace('_', ' ')} of {_who(session)}"
        self._world.console.detail(1, f"revoking {what} at {self._issuer}")
        try:
            self._documents.use_kept()
            metadata = self._documents.metadata()
            if metadata.revocation_endpoint is None:
                self._say_that_it_stays(what, metadata)
                return
            response = send(
                revocation.revocation_form(token, kind),
                url=metadata.revocation_endpoint,
                provider=self._settings.provider,
                metadata=metadata,
                world=self._world,
                timeout=REQUEST_TIMEOUT,
            )
            revocation.check_revoked(response)
        except Error as error:
            # A provider that moved looks like this, too.
            self._documents.forget_kept()
            self._is_unreachable = isinstance(error, TransientError)
            self._fail(f"{what} could not be revoked: {error.message}")
        else:
            self._tell(f"revoked {what} at {self._issuer}")

    def _say_that_it_stays(self, what: str, metadata: Metadata) -> None:
        profile = providers.profile_for(self._issuer, self._settings.provider.profile, endpoints=metadata)
        name = profile.title if profile and not profile.ending.revocation else self._issuer
        way = ""
        if metadata.end_session_endpoint is not None:
            sure = profile is not None and profile.ending.end_session_revokes
            way = f"; --sso {'ends it' if sure else 'may end it'} in the browser"
        self._tell(f"note: {name} takes no tokens back, so {what} lives on there until it expires{way}")

    def _removed(self, sessions: Sequence[Session]) -> int:
        self._world.attempts.forget()
        count = self._copies.remove(self._key)
        if count:
            who = " and ".join(dict.fromkeys(_who(session) for session in sessions)) or "a session that can't be read"
            self._tell(f"removed what was kept of {who} ({count} file{'' if count == 1 else 's'})")
        latest = max((session.expires_at or 0.0 for session in sessions), default=0.0)
        if latest > self._world.clock.now():
            self._tell(f"note: a token that was handed out serves until {utc(latest)}; API servers take no notice")
        return count

    def _end_browser_session(self, sessions: Sequence[Session]) -> None:
        """Lead the browser to where the provider ends the person's session (OpenID Connect RP-Initiated Logout)."""
        if self._is_unreachable:
            self._fail(f"the session in the browser was not ended: {self._issuer} could not be asked")
            return
        try:
            endpoint = self._documents.metadata().end_session_endpoint
            if endpoint is None:
                raise ProviderError(f"{self._issuer} names no end_session_endpoint: sign out on its own pages")
            self._visit(endpoint, next((session.id_token for session in sessions if session.id_token), None))
        except Error as error:
            self._fail(f"the session in the browser was not ended: {error.message}")

    def _visit(self, endpoint: str, hint: Secret | None) -> None:
        """Open the browser on a page of ours that leads on.

        The address holds the ID token. Among the arguments of a browser every user of this machine could read it.
        """
        client_id, world = self._settings.provider.client_id, self._world
        url = end_session_url(endpoint, client_id=client_id, id_token=hint)
        state = Secret(world.entropy.token())
        deadline = world.clock.monotonic() + _PAGE_PATIENCE
        if not self._settings.login.skip_open_browser:
            with world.listener.listen(_ANY_PORT, None, allowed_origin=None) as callback:
                if world.browser.open(f"{callback.redirect_uri}/?state={state.reveal()}"):
                    _await_browser(callback, state, deadline)
                    callback.finish(pages.signing_out(self._issuer, url), status=_OK)
                    self._tell(f"the browser was led to {self._issuer} to sign out there")
                    return
        bare = end_session_url(endpoint, client_id=client_id, id_token=None)
        self._tell(f"Please visit the following URL in your browser to sign out there: {bare}")

    def _fail(self, fault: str) -> None:
        self._faults.append(fault)
        self._tell(f"warning: {fault}")

    def _tell(self, line: str) -> None:
        self._world.console.tell(line)


def _await_browser(callback: Callback, state: Secret, deadline: float) -> None:
    try:
        callback.wait(lambda query: _check_state(query, state), deadline=deadline)
    except SignInError:
        raise SignInError("no browser came for the page that leads there") from None


def _check_state(query: str, state: Secret) -> None:
    if Secret(query) != Secret(f"state={state.reveal()}"):
        raise StrayCallbackError("not the browser that was opened")


def _who(session: Session) -> str:
    account = f" (account {printable(session.account)})" if session.account else ""
    if session.id_token is not None:
        with suppress(VerificationError):
            return printable(id_token.read_unverified(session.id_token).person) + account
    return printable(session.client_id) + account
