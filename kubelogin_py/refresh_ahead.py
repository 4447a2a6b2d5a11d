"""A refresh before it is needed, beside a command that was answered from the cache: silent, and never a sign-in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Protocol

from kubelogin_py.documents import Documents
from kubelogin_py.errors import Error, SignInError, StorageError, VerificationError
from kubelogin_py.ports import TokenStore, World
from kubelogin_py.refresh import Refresh
from kubelogin_py.refresh_due import Setback, due_at
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings
from kubelogin_py.text import printable
from kubelogin_py.verification import Verifier


class Setbacks(Protocol):
    """What a refresh ahead keeps beside the sessions."""

    def last(self, key: str) -> Setback | None:
        """Return the setback of a session, if the last refresh ahead was one; never fails."""
        ...

    def keep(self, key: str, setback: Setback) -> None:
        """Remember it; never fails."""
        ...

    def note(self, key: str, session: Session) -> None:
        """Keep a session whose token is the one that is kept: the answers made from it stay.

        :raises StorageError: it could not be kept.
        """
        ...


def refresh_ahead(settings: Settings, world: World, setbacks: Setbacks, *, key: str) -> Session | None:
    """Refresh the session if that is due, and return the one to answer with from now on.

    A failure is remembered, so that the next attempt is made later.

    :param key: names the session in the token store.
    :return: ``None`` when there is nothing to answer with.
    :raises StorageError: another process works at this session.
    """
    quiet = _Quiet()
    world = replace(world, console=quiet)
    with world.store.lock(key, deadline=world.clock.monotonic(), doing="refreshing ahead"):
        session = world.store.load(key)
        provider = settings.provider
        if session is None or (session.issuer, session.client_id) != (provider.issuer, provider.client_id):
            return None
        last = setbacks.last(key)
        due = due_at(session, last)
        if due is None or due > world.clock.now():
            # Somebody else was first.
            return session
        try:
            renewed = _renewed(session, settings, world, setbacks, key)
            reason = quiet.lines[-1] if quiet.lines else "only a new sign-in helps"
        except VerificationError as error:
            renewed, reason = None, error.message
            _disown(world.store, key)
        except Error as error:
            renewed, reason = session, error.message
        if renewed is None or renewed == session:
            now, text = world.clock.now(), printable(reason)
            setbacks.keep(key, last.following(now, text) if last else Setback(now, text))
        return renewed


def _renewed(session: Session, settings: Settings, world: World, setbacks: Setbacks, key: str) -> Session | None:
    documents = Documents(settings.provider.issuer, world)
    documents.use_kept()
    noting = replace(world, store=_Noting(world.store, setbacks))
    verifier = Verifier(settings, noting, documents)
    try:
        return Refresh(settings, noting, documents, verifier, key=key).renew(session)
    except Error:
        # A provider that moved looks like this, too.
        documents.forget_kept()
        raise


def _disown(store: TokenStore, key: str) -> None:
    """Remove the answers of a session whose provider gave a token that must not be used."""
    kept = store.load(key)
    if kept is not None:
        try:
            store.save(key, kept)
        except StorageError:
            # Nobody is there to be told; the next command finds out by itself.
            return


@dataclass(frozen=True, slots=True)
class _Noting:
    """The token store, but the note that a refresh token is on its way leaves the answers in place.

    Commands that come while the provider takes its time are answered from the cache.
    """

    store: TokenStore
    setbacks: Setbacks

    def load(self, key: str) -> Session | None:
        return self.store.load(key)

    def save(self, key: str, session: Session) -> None:
        kept = self.store.load(key)
        if kept is not None and replace(kept, refresh_sent_at=session.refresh_sent_at) == session:
            self.setbacks.note(key, session)
        else:
            self.store.save(key, session)

    def delete(self, key: str) -> None:
        self.store.delete(key)

    def lock(self, key: str, *, deadline: float, doing: str) -> AbstractContextManager[None]:
        return self.store.lock(key, deadline=deadline, doing=doing)

    def keep_answer(self, arguments: Sequence[str], key: str, body: bytes) -> bool:
        return self.store.keep_answer(arguments, key, body)


@dataclass(frozen=True, slots=True)
class _Quiet:
    """Nobody is there; the last thing said is the reason of a failure."""

    lines: list[str] = field(default_factory=list)

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def detail(self, level: int, line: str | Callable[[], str]) -> None:
        """Say nothing."""

    def waiting(self, what: str, *, deadline: float) -> AbstractContextManager[None]:  # noqa: ARG002 -- the port's
        """Show nothing."""
        return nullcontext()

    def ask(self, prompt: str, *, deadline: float, visible: bool = False) -> Secret:  # noqa: ARG002 -- the port's
        raise SignInError("nobody is there to be asked")
