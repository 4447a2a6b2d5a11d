"""What the application asks of the world. Adapters implement these; the application imports no adapter."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kubelogin_py.ports import Clock
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from talos_cred.errors import ChangedError
from talos_cred.exchange import Request


@dataclass(frozen=True, slots=True)
class Token:
    """An ID token for the exchange server.

    :param text: the token.
    :param digest: its SHA-256, hexadecimal, to know it again.
    :param person: who signed in; foreign text, empty when unknown.
    :param session_key: under which the session is kept; empty for a token from elsewhere.
    """

    text: Secret
    digest: str
    person: str = ""
    session_key: str = ""


class Tokens(Protocol):
    """Where ID tokens come from."""

    def obtain(self, *, used: str) -> Token:
        """Return a token that is fresh, as far as that can be had without asking anybody.

        :param used: digest of the token exchanged last, which a server may not take again.
        :raises SignInNeededError: only a person can go on, and nobody may be asked.
        """
        ...

    def renew(self, refused: Token) -> Token | None:
        """Return another token in place of one that was refused; ``None`` when there is none to be had.

        :raises SignInNeededError: only a person can go on, and nobody may be asked.
        """
        ...


class ExchangeServer(Protocol):
    """The exchange server, recognised before anything is sent."""

    def ready(self, *, timeout: float) -> None:
        """Make sure that it is there and trusted, before anybody signs in for it; nothing is sent.

        :raises UntrustedServerError: it is not the server that is trusted.
        :raises TransientError: it can't be reached.
        """
        ...

    def exchange(self, request: Request, *, timeout: float) -> Response:
        """Send one request and return the answer, whatever it says.

        :param timeout: seconds for all of it.
        :raises UntrustedServerError: it is not the server that is trusted; nothing was sent.
        :raises TransientError: no answer came.
        """
        ...


class Files(Protocol):
    """A talosconfig and what is remembered beside it."""

    @property
    def shown(self) -> str:
        """The talosconfig's path, for messages."""
        ...

    def read(self) -> str:
        """Return the talosconfig's text; empty when there is no file."""
        ...

    def change(self, edit: Callable[[str], str]) -> None:
        """Replace the talosconfig's text by what ``edit`` makes of it, read and written under one lock."""
        ...

    def lock(self, name: str, doing: str, *, patience: float) -> AbstractContextManager[None]:
        """Hold the only lock of this name.

        :param patience: seconds to wait for it.
        """
        ...

    def recall(self, prefix: str, name: str) -> bytes | None:
        """Return what is remembered under a name, or ``None``."""
        ...

    def remember(self, prefix: str, name: str, contents: bytes) -> None:
        """Keep something under a name."""
        ...

    def forget(self, prefix: str, name: str) -> None:
        """Forget what is kept under a name; absent is fine."""
        ...


class Person(Protocol):
    """Who is told things, and may be asked."""

    def tell(self, line: str) -> None:
        """Show a line."""
        ...

    def detail(self, level: int, line: str) -> None:
        """Show a line when the verbosity is at least ``level``."""
        ...

    def agrees(self, change: ChangedError) -> bool:
        """Return whether the person agrees to a change; ``False`` where nobody can be asked."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside, handed to the application in one value by ``wiring``."""

    clock: Clock
    tokens: Tokens
    server: ExchangeServer
    files: Files
    person: Person
    jitter: Callable[[], float]
