"""The one use case: a token set for these settings, from the cache, by refresh, or by signing in."""

from contextlib import suppress
from dataclasses import dataclass

from kubelogin_py.advice import Advice
from kubelogin_py.documents import Documents
from kubelogin_py.errors import Error, SettingsError, StorageError, VerificationError
from kubelogin_py.grants import grant
from kubelogin_py.grants.sign_in import SignIn
from kubelogin_py.keeping import keep
from kubelogin_py.oidc import id_token, urls
from kubelogin_py.oidc.id_token import Claims
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.overload import heeded
from kubelogin_py.ports import World
from kubelogin_py.refresh import Refresh
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import PROFILE_CHOICES, Settings
from kubelogin_py.turn import Turn
from kubelogin_py.verification import Verifier

_LOCK_GRACE = 30.0
"""Seconds a waiting process allows the one that signs in beyond the person's own time."""

_FORMER_PATIENCE = 3.0
"""Seconds we wait for a program before us that is using its session right now."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a sign-in is for.

    :param token: the token to hand to the API server.
    :param usable_until: UTC seconds until when it may be handed out; ``None`` when nobody said.
    :param claims: claims of the ID token; ``None`` where there is none, in access-token mode.
    :param session: everything that is kept.
    :param session_key: under which key it is kept.
    """

    token: Secret
    usable_until: float | None
    claims: Claims | None
    session: Session
    session_key: str

    @property
    def refreshable(self) -> bool:
        """Whether it can be renewed without a sign-in."""
        return bool(self.session.refresh_token)


def sign_in(settings: Settings, world: World, *, key: str) -> Credential:
    """Return a credential: cached while fresh, else refreshed, else by a new sign-in.

    One process per key refreshes or signs in; the others wait for it and use its result. The session is on disk
    before the credential is returned; a session that can't be stored costs a warning, never the credential.

    :param key: names the session in the token store.
    :raises Error: see ``errors``; a network fault while an expired session could be refreshed is a
        ``TransientError`` and never starts a sign-in.
    """
    urls.check_issuer(settings.provider.issuer)
    if settings.provider.profile not in PROFILE_CHOICES:
        raise SettingsError(f"there is no provider profile of that name; there are: {', '.join(PROFILE_CHOICES)}")
    before = world.store.load(key)
    if not settings.login.force_refresh and (credential := _fresh(before, settings, world, key)):
        return credential
    world.attempts.admit()
    patience = world.clock.monotonic() + settings.login.authentication_timeout + _LOCK_GRACE
    with world.store.lock(key, deadline=patience, doing=f"signing in to {settings.provider.issuer}"):
        session = world.store.load(key)
        # Whoever held the lock before us has done the work, also for a caller that wants a refresh.
        is_enough = not settings.login.force_refresh or _has_new_token(session, before)
        if session is None:
            session = _carried_over(world, key)
        if is_enough and (credential := _fresh(session, settings, world, key)):
            return credential
        with heeded(settings, world):
            credential = _obtained(session, settings, world, key)
        if settings.cache.required:
            _check_kept(credential, world)
        return credential


def _check_kept(credential: Credential, world: World) -> None:
    """Refuse a credential that is not kept, for those who would rather do without it.

    :raises StorageError: it is not; why has been told.
    """
    kept = world.store.load(credential.session_key)
    if kept is None or kept.presented_token != credential.token:
        raise StorageError("the session could not be kept, and --require-token-cache wants that")


def _has_new_token(session: Session | None, before: Session | None) -> bool:
    """Whether somebody obtained a token since ``before`` was read; a refresh that only failed is none."""
    return session is not None and (before is None or session.presented_token != before.presented_token)


def _carried_over(world: World, key: str) -> Session | None:
    """Return the session that the program before us left, kept as our own from now on; ``None`` without one."""
    found = world.former.find(deadline=world.clock.monotonic() + _FORMER_PATIENCE)
    if found is not None:
        keep(found, world, key)
    return found


def _fresh(session: Session | None, settings: Settings, world: World, key: str) -> Credential | None:
    """Return the kept token while it serves; what looks odd about it makes it a miss."""
    if session is None or session.presented_token is None or not _ours(session, settings):
        return None
    if session.usable_until is None or world.clock.now() >= session.usable_until:
        return None
    if settings.provider.use_access_token != (session.access_token is not None):
        return None
    with suppress(VerificationError):
        credential = _credential(session, key)
        if credential.claims is None or _is_for_us(credential.claims, settings):
            world.console.detail(1, "using the cached token")
            return credential
    return None


def _is_for_us(claims: Claims, settings: Settings) -> bool:
    return claims.issuer == settings.provider.issuer and settings.provider.client_id in claims.audience


def _ours(session: Session, settings: Settings) -> bool:
    """Whether the session is of this very issuer and client: nobody else is ever sent its refresh token."""
    return (session.issuer, session.client_id) == (settings.provider.issuer, settings.provider.client_id)


def _obtained(session: Session | None, settings: Settings, world: World, key: str) -> Credential:
    documents = Documents(settings.provider.issuer, world)
    advice = Advice(settings.provider, documents)
    with advice.given():
        return _continued_or_new(session, settings, world, documents, advice, key=key)


def _continued_or_new(
    session: Session | None, settings: Settings, world: World, documents: Documents, advice: Advice, *, key: str
) -> Credential:
    verifier = Verifier(settings, world, documents)
    if session is not None and _ours(session, settings):
        documents.use_kept()
        try:
            renewed = Refresh(settings, world, documents, verifier, key=key).renew(session)
        except Error:
            # Whatever it was, a provider that moved looks like this, too: the next run asks anew.
            documents.forget_kept()
            raise
        if renewed is not None:
            world.console.detail(1, advice.line)
            return _credential(renewed, key)
        documents.forget_kept()
    turn = Turn(settings, world)
    turn.check()
    # A provider whose tokens we could not verify is found out before anybody signs in.
    verifier.prepare()
    world.console.detail(1, advice.line)

    def signed_in() -> Credential:
        # Where there are no locks, somebody else may have done it while we waited for our turn.
        if not settings.login.force_refresh and (credential := _fresh(world.store.load(key), settings, world, key)):
            return credential
        return _signed_in(settings, world, verifier, documents, key)

    return turn.take(signed_in, deadline=world.clock.monotonic() + settings.login.authentication_timeout + _LOCK_GRACE)


def _signed_in(settings: Settings, world: World, verifier: Verifier, documents: Documents, key: str) -> Credential:
    def verified(token_set: TokenSet, nonce: Secret | None) -> Session:
        new = verifier.fresh(token_set, nonce)
        # Before anybody is told that it worked: neither a closed window nor Ctrl-C can undo it then.
        keep(new, world, key)
        return new

    deadline = world.clock.monotonic() + settings.login.authentication_timeout
    obtain, advised = grant(settings.login.chosen_grant), Advice(settings.provider, documents).given
    return _credential(obtain(SignIn(settings, world, documents.metadata(), deadline, verified, advised)), key)


def _credential(session: Session, key: str) -> Credential:
    token = session.presented_token
    if token is None:
        raise ValueError("a session without a token is not a credential")
    claims = id_token.read_unverified(session.id_token) if session.id_token else None
    return Credential(token, session.usable_until, claims, session, key)
