"""The person at the terminal: told things on standard error, asked only when really there."""

import sys

from kubelogin_py.errors import SignInError
from kubelogin_py.oidc.claims import utc
from kubelogin_py.ports import Clock, Console
from kubelogin_py.text import printable
from talos_cred.certificate import Certificate
from talos_cred.errors import ChangedError

_PATIENCE = 180.0
"""Seconds to answer a question."""
_WORD_LENGTH = 8


class TerminalPerson:
    """A person.

    :param console: the terminal.
    :param attended: whether somebody may be asked.
    """

    def __init__(self, console: Console, *, clock: Clock, attended: bool) -> None:
        self._console = console
        self._clock = clock
        self._attended = attended

    def tell(self, line: str) -> None:
        """Show a line."""
        self._console.tell(line)

    def detail(self, level: int, line: str) -> None:
        """Show a line when the verbosity is at least ``level``."""
        self._console.detail(level, line)

    def agrees(self, change: ChangedError) -> bool:
        """Return whether the person agrees to a change."""
        if not self._attended:
            return False
        self.tell(f"warning: {change.message}")
        return self._answer("Do you expect that? Type yes to go on: ") == "yes"

    def trusts(self, server: str, certificate: Certificate) -> bool:
        """Return whether the person recognises a server by its fingerprint (trust on first use).

        :param server: ``host:port``.
        """
        if not self._attended:
            return False
        for line in described(server, certificate):
            self.tell(line)
        self.tell("Compare it with what the server shows in its own log, not with what comes over this network.")
        word = certificate.public_fingerprint[-_WORD_LENGTH:]
        answer = self._answer(f"Type its last {_WORD_LENGTH} characters (or yes) to trust it from now on: ")
        return answer.replace(":", "") in {word, "yes"}

    def _answer(self, question: str) -> str:
        try:
            deadline = self._clock.monotonic() + _PATIENCE
            return self._console.ask(question, deadline=deadline, visible=True).reveal().strip().lower()
        except SignInError:
            return ""


def described(server: str, certificate: Certificate) -> list[str]:
    """Return the lines that show a server's certificate to a person."""
    names = ", ".join(certificate.names) or "no host"
    return [
        f"The exchange server {server} is not vouched for by any authority this machine knows.",
        f"  key:         SHA-256 {certificate.public_fingerprint}",
        f"  certificate: SHA-256 {certificate.fingerprint}",
        f"  subject:     {printable(certificate.subject) or '(empty)'}, for {printable(names)}",
        f"  valid:       from {utc(certificate.not_before)} until {utc(certificate.not_after)}",
    ]


def is_terminal() -> bool:
    """Return whether a person can be asked: both standard input and standard error are a terminal."""
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False
