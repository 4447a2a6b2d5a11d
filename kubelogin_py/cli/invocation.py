"""One call of the program, as a command is given it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from kubelogin_py.cli.option import Option
from kubelogin_py.cli.output import Stderr, Stdout
from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Settings


class Credential(Protocol):
    """What a sign-in gives to this room."""

    @property
    def token(self) -> Secret:
        """The token for the API server."""
        ...

    @property
    def usable_until(self) -> float | None:
        """UTC seconds until when it may be handed out; ``None`` when nobody said."""
        ...

    @property
    def session_key(self) -> str:
        """The key its session is kept under."""
        ...


SignIn: TypeAlias = Callable[[Settings, int], Credential]
"""Obtains a credential for settings, at a verbosity."""

RememberAnswer: TypeAlias = Callable[[Settings, int, Sequence[str], str, bytes], object]
"""Keeps a finished answer for the next start: settings, verbosity, the command line, session key, the document."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call.

    :param arguments: the command line without the program, as given.
    :param rows: the options of the command.
    :param parsed: the command line read by them.
    :param environment: the environment variables.
    :param stdout: standard output.
    :param stderr: standard error.
    :param sign_in: obtains a credential.
    :param remember_answer: keeps a finished answer; ``None`` where there is no place for one.
    """

    arguments: tuple[str, ...]
    rows: tuple[Option, ...]
    parsed: Parsed
    environment: Mapping[str, str]
    stdout: Stdout
    stderr: Stderr
    sign_in: SignIn
    remember_answer: RememberAnswer | None = None
