"""What the application asks of the world. Adapters implement these; the application imports no adapter."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kubelogin_py.attempt import Attempt
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session

T = TypeVar("T")


class Clock(Protocol):
    """Time. Waits use the monotonic clock, so that a clock being set neither ends nor stretches them."""

    def now(self) -> float:
        """Return UTC seconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a signal ends the wait with ``KeyboardInterrupt``."""
        ...


class Entropy(Protocol):
    """Unguessable values, from the operating system."""

    def token(self) -> str:
        """Return 256 random bits as 43 unreserved characters (base64url, unpadded)."""
        ...


class Http(Protocol):
    """Requests to the provider: bounded in time and size, over https (http to loopback only)."""

    def get(self, url: str, *, limit: int) -> Response:
        """Fetch a document; at most three same-origin https redirects are followed.

        :param limit: bytes of body accepted.
        :raises TransientError: network fault, 5xx or 429 after bounded retries.
        :raises ProviderError: body too large, redirect refused, proxy or certificate trouble.
        """
        ...

    def post(
        self,
        url: str,
        form: Sequence[tuple[str, str | Secret]],
        *,
        limit: int,
        basic: tuple[str, Secret] | None = None,
        timeout: float | None = None,
    ) -> Response:
        """Send a form; never retried, redirects never followed; any status is returned to the caller.

        :param form: fields in order, encoded as ``application/x-www-form-urlencoded``.
        :param basic: client id and secret, form-encoded for HTTP Basic here (RFC 6749 section 2.3.1).
        :param timeout: seconds for the whole exchange when less than the usual.
        :raises NotSentError: nothing was sent; the same call may be made again.
        :raises TransientError: something may have been sent.
        """
        ...


class Callback(Protocol):
    """One loopback listener for one authorization response (RFC 8252 section 7.3)."""

    @property
    def redirect_uri(self) -> str:
        """The redirect URI that leads here."""
        ...

    def wait(self, accept: Callable[[str], T], *, deadline: float) -> T:
        """Serve until ``accept`` takes a callback's raw query; everything else is answered and forgotten.

        ``accept`` raises ``StrayCallbackError`` for a query to be answered with 400 and forgotten; what it
        returns, or any other ``Error`` it raises, ends the wait. The browser that sent the query which ended
        the wait is left waiting for ``finish``.

        :param deadline: on the monotonic clock.
        :raises SignInError: when the deadline passes.
        """
        ...

    def finish(self, page: str, *, status: int) -> None:
        """Answer the waiting browser with this HTML, deliver it, and stop listening."""
        ...


class Listener(Protocol):
    """Opens callbacks."""

    def listen(
        self, addresses: Sequence[str], redirect_url: str | None, *, allowed_origin: str | None
    ) -> AbstractContextManager[Callback]:
        """Bind the first address that is free on every family it needs.

        :param allowed_origin: origin of the provider's pages, whose preflight requests are answered.
        :raises SignInError: ``no available port``, with each address and its reason.
        """
        ...


class Browser(Protocol):
    """The person's browser."""

    def open(self, url: str) -> bool:
        """Start a browser on a checked URL, detached, its output away from stdout; ``False`` when none started."""
        ...


class Console(Protocol):
    """The person: told things on stderr, asked there."""

    def tell(self, line: str) -> None:
        """Show a line."""
        ...

    def detail(self, level: int, line: str | Callable[[], str]) -> None:
        """Show a line when the verbosity is at least ``level``; one that costs something is made only then."""
        ...

    def ask(self, prompt: str, *, deadline: float, visible: bool = False) -> Secret:
        """Return one line typed or pasted without echo and without a length limit below 128 KiB.

        :param visible: for what is no secret: with echo, and with the terminal's own limit.
        :raises SignInError: no terminal is lent to us, end of input, or the deadline passed.
        """
        ...

    def waiting(self, what: str, *, deadline: float) -> AbstractContextManager[None]:
        """Show, where a person can watch it, that something is waited for until the end of the block, and how long yet.

        :param what: such as ``the browser``; printable.
        :param deadline: on the monotonic clock.
        """
        ...


class TokenStore(Protocol):
    """Keeps sessions by key."""

    def load(self, key: str) -> Session | None:
        """Return what is kept, or ``None``; what can't be read or trusted is as if absent."""
        ...

    def save(self, key: str, session: Session) -> None:
        """Keep it, wholly or not at all, before returning.

        :raises StorageError: it could not be kept; what was kept before is unharmed.
        """
        ...

    def delete(self, key: str) -> None:
        """Forget it; absent is fine.

        :raises StorageError: it is still there.
        """
        ...

    def lock(self, key: str, *, deadline: float, doing: str) -> AbstractContextManager[None]:
        """Hold the only lock for this key; wait for it at most until ``deadline``, saying so after a second.

        :param deadline: on the monotonic clock.
        :param doing: what the holder does, told to those who wait.
        :raises StorageError: the deadline passed, or no lock can be had here.
        """
        ...

    def keep_answer(self, arguments: Sequence[str], key: str, body: bytes) -> bool:
        """Keep a finished answer, so that the same command line can be answered without us; ``False``: not here.

        :param arguments: the command line after the program's name.
        :param key: of the session the answer came from, whose lock nobody holds.
        :param body: the document that was printed.
        """
        ...


class FormerSessions(Protocol):
    """What another program, that this one replaces, keeps for the same options: read, never changed."""

    def find(self, *, deadline: float) -> Session | None:
        """Return its session, said once to the person; ``None`` when there is none of use. Never fails.

        :param deadline: on the monotonic clock, for waiting while the other program uses it.
        """
        ...


class NoFormerSessions:
    """Nothing was left behind."""

    def find(self, *, deadline: float) -> None:
        """Return ``None``."""


_NO_FORMER_SESSIONS = NoFormerSessions()


@dataclass(frozen=True, slots=True)
class KeptDocuments:
    """A provider's metadata and key set as they were fetched.

    :param fetched_at: UTC seconds when the key set was read.
    :param metadata: response of the metadata URL.
    :param key_set: response of ``jwks_uri``.
    """

    fetched_at: float
    metadata: Response
    key_set: Response


class DocumentCache(Protocol):
    """Keeps one provider's documents between two starts; it never fails, it only forgets."""

    def load(self) -> KeptDocuments | None:
        """Return what is kept."""
        ...

    def save(self, kept: KeptDocuments) -> None:
        """Keep the documents."""
        ...

    def forget(self) -> None:
        """Remove what is kept."""
        ...


class RootCache(Protocol):
    """Keeps certificates of authorities between two starts; it never fails, it only forgets."""

    def load(self, identity: str) -> tuple[bytes, ...]:
        """Return the certificates (DER) that were kept for the files of this identity."""
        ...

    def save(self, identity: str, roots: Sequence[bytes]) -> None:
        """Keep certificates for the files of this identity, and for no others."""
        ...


class NoRoots:
    """Keeps nothing."""

    def load(self, identity: str) -> tuple[bytes, ...]:  # noqa: ARG002 -- the protocol's
        """Return nothing."""
        return ()

    def save(self, identity: str, roots: Sequence[bytes]) -> None:
        """Forget them at once."""


class Attempts(Protocol):
    """The turn to ask the person at one issuer and client, and the memory of what did not succeed there."""

    def admit(self) -> None:
        """Return, unless this process was started by the very sign-in it would wait for.

        :raises SignInError: it was.
        """
        ...

    def hold(self, *, deadline: float, doing: str) -> AbstractContextManager[None]:
        """Be the only one who asks; wait for it as for ``TokenStore.lock``.

        :param deadline: on the monotonic clock.
        :param doing: what the holder does, told to those who wait.
        :raises StorageError: the deadline passed; the message names the holder.
        """
        ...

    def last(self) -> Attempt | None:
        """Return the last sign-in, if it did not succeed."""
        ...

    def keep(self, attempt: Attempt) -> None:
        """Remember a sign-in; never fails."""
        ...

    def forget(self) -> None:
        """Forget it; never fails."""
        ...

    def put_off(self, until: float) -> None:
        """Remember that the provider wants no request before then; never fails.

        :param until: UTC seconds.
        """
        ...

    def put_off_until(self) -> float | None:
        """Return until when the provider wants no request, in UTC seconds, if it said so."""
        ...


class NoAttempts:
    """Remembers nothing, and gives everybody the turn."""

    def admit(self) -> None:
        """Return."""

    def hold(self, *, deadline: float, doing: str) -> AbstractContextManager[None]:  # noqa: ARG002 -- the protocol's
        """Return a turn that everybody has."""
        return nullcontext()

    def last(self) -> None:
        """Return ``None``."""

    def keep(self, attempt: Attempt) -> None:
        """Forget it at once."""

    def forget(self) -> None:
        """Return: there is nothing."""

    def put_off(self, until: float) -> None:
        """Forget it at once."""

    def put_off_until(self) -> None:
        """Return ``None``."""


_NO_ATTEMPTS = NoAttempts()


class Guard(Protocol):
    """Brings a critical exchange to its end even when this process is told to stop."""

    def run(self, work: Callable[[], T]) -> T:
        """Run it; a signal may end *us* at once but not the work: its effects on disk still happen."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside, handed to the application in one value by ``wiring``.

    :param place: who asks from where, such as ``alice@laptop``, for the person to recognise; printable.
    :param former: asked when the store has nothing.
    :param attempts: the turn to ask the person, and what became of the last sign-in.
    :param caller: names the command of the person that this process works for; empty when that is not known.
    """

    place: str
    clock: Clock
    entropy: Entropy
    http: Http
    listener: Listener
    browser: Browser
    console: Console
    store: TokenStore
    kept_documents: DocumentCache
    guard: Guard
    former: FormerSessions = _NO_FORMER_SESSIONS
    attempts: Attempts = _NO_ATTEMPTS
    caller: str = ""
