"""The command line in one process, with an application of our own that remembers what it was asked."""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubelogin_py.cli.main import main
from kubelogin_py.cli.output import Stderr, Stdout
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Settings

CLAIMS = {"iss": "https://id.example.com", "sub": "alice-id", "aud": "kubernetes", "exp": 1577840400, "iat": 1577836800}


@dataclass(frozen=True)
class Credential:
    token: Secret = field(default=Secret("a.b.c"))
    usable_until: float | None = 1577840400.0
    session_key: str = "key"
    refreshable: bool = True
    claims: Claims | None = field(default_factory=lambda: Claims.read(CLAIMS))


@dataclass
class Application:
    """What the commands are given; ``asked`` is what they made of it."""

    credential: Credential = field(default_factory=Credential)
    fails: Callable[[], object] = lambda: None
    keyring_fails: Callable[[], object] = lambda: None
    others: int = 0
    published: Any = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def sign_in(self, settings: Settings, verbosity: int) -> Credential:
        return self._answer(settings, verbosity)

    def sign_in_to_kubeconfig(self, settings: Settings, verbosity: int, kubeconfig: Path, user: str) -> Credential:
        return self._answer(settings, verbosity, kubeconfig, user)

    def clean_directory(self, directory: Path, verbosity: int) -> int:
        self.asked.append((directory, verbosity))
        self.fails()
        return self.others

    def clean_keyring(self) -> None:
        self.asked.append(("keyring",))
        self.keyring_fails()

    def provider_documents(self, settings: Settings, verbosity: int) -> Any:
        self.asked.append(("documents", settings.provider.issuer, verbosity))
        return self.published

    def _answer(self, *asked: Any) -> Credential:
        self.asked.append(asked)
        self.fails()
        return self.credential


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


class Lines(Stderr):
    """Standard error, kept."""

    def __init__(self) -> None:
        self.text = ""

    def lines(self, texts: Iterable[str]) -> None:
        self.text += "".join(f"{text}\n" for text in texts)


def call(
    *arguments: str, application: Application | None = None, environment: Mapping[str, str] | None = None
) -> Outcome:
    """Run a command line; its home is ``/home/me`` unless told otherwise."""
    reading, writing = os.pipe()
    stdout, stderr, told = Stdout(writing), Lines(), application or Application()
    received: list[bytes] = []
    # A script is more than a pipe holds.
    reader = threading.Thread(target=_read, args=(reading, received))
    reader.start()
    try:
        code = main(
            arguments,
            {"HOME": "/home/me", **(environment or {})},
            stdout=stdout,
            stderr=stderr,
            sign_in=told.sign_in,
            sign_in_to_kubeconfig=told.sign_in_to_kubeconfig,
            clean_directory=told.clean_directory,
            clean_keyring=told.clean_keyring,
            provider_documents=told.provider_documents,
        )
    finally:
        stdout.close()
        reader.join()
        os.close(reading)
    return Outcome(code, b"".join(received).decode(), stderr.text)


def raising(error: BaseException) -> Callable[[], None]:
    """Return a function that raises."""

    def fail() -> None:
        raise error

    return fail


def _read(descriptor: int, received: list[bytes]) -> None:
    while chunk := os.read(descriptor, 65536):
        received.append(chunk)
