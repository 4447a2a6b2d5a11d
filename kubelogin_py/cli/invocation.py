"""One call of the program, as a command is given it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias

from kubelogin_py.cli.option import Option
from kubelogin_py.cli.output import Stderr, Stdout
from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Settings

if TYPE_CHECKING:
    from kubelogin_py.doctor.finding import Finding
    from kubelogin_py.doctor.subject import Subject
    from kubelogin_py.oidc.discovery import Metadata
    from kubelogin_py.oidc.key_set import KeySet
    from kubelogin_py.storage.overview import Kept


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

    @property
    def refreshable(self) -> bool:
        """Whether it can be renewed without a sign-in."""
        ...

    @property
    def claims(self) -> Claims | None:
        """The claims of the ID token, if there is one."""
        ...


SignIn: TypeAlias = Callable[[Settings, int], Credential]
"""Obtains a credential for settings, at a verbosity."""

RememberAnswer: TypeAlias = Callable[[Settings, int, Sequence[str], str, bytes], object]
"""Keeps a finished answer for the next start: settings, verbosity, the command line, session key, the document."""

SignInToKubeconfig: TypeAlias = Callable[[Settings, int, Path, str], Credential]
"""Obtains a credential as ``SignIn`` does, kept in a kubeconfig: settings, verbosity, the file, the user in it."""

CleanDirectory: TypeAlias = Callable[[Path, int], int]
"""Empties a token cache directory, at a verbosity; returns how many entries of others are still in it."""

CleanKeyring: TypeAlias = Callable[[], None]
"""Empties the token cache in the keyring; raises ``StorageError`` where that can't be done."""


class SignedOut(Protocol):
    """What a sign-out gives to this room."""

    @property
    def was_kept(self) -> bool:
        """Whether there was anything to remove."""
        ...

    @property
    def faults(self) -> Sequence[str]:
        """Why the provider may go on with the session, a line each."""
        ...


SignOut: TypeAlias = Callable[[Settings, int, str, Mapping[str, str], bool], SignedOut]
"""Ends a session: settings, verbosity, its key, environment variables, whether that in the browser is ended, too."""

KeptSessions: TypeAlias = "Callable[[Path], Sequence[Kept]]"
"""Returns every session in a token cache directory."""


Examine: TypeAlias = "Callable[[Subject, int], Sequence[Finding]]"
"""Looks at everything about a subject, at a verbosity; changes nothing."""


class PublishedDocuments(Protocol):
    """What a provider publishes, each read when it is first asked for."""

    def metadata(self) -> "Metadata":
        """Return what it says about itself."""
        ...

    def key_set(self) -> "KeySet":
        """Return its keys."""
        ...


ProviderDocuments: TypeAlias = Callable[[Settings, int], PublishedDocuments]
"""Returns what the provider publishes, for settings, at a verbosity."""


def unwired(*_: object) -> NoReturn:
    """Stand in for a part of the application that this call was not given."""
    raise NotImplementedError("this part of the application is not wired")


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
    :param sign_in_to_kubeconfig: obtains a credential for a user of a kubeconfig and keeps it there.
    :param clean_directory: empties a token cache directory.
    :param clean_keyring: empties the token cache in the keyring.
    :param kept_sessions: returns every session in a token cache directory.
    :param sign_out: ends a session.
    :param examine: looks at everything about a subject.
    :param provider_documents: returns what the provider publishes.
    """

    arguments: tuple[str, ...]
    rows: tuple[Option, ...]
    parsed: Parsed
    environment: Mapping[str, str]
    stdout: Stdout
    stderr: Stderr
    sign_in: SignIn
    remember_answer: RememberAnswer | None = None
    sign_in_to_kubeconfig: SignInToKubeconfig = unwired
    clean_directory: CleanDirectory = unwired
    clean_keyring: CleanKeyring = unwired
    kept_sessions: KeptSessions = unwired
    sign_out: SignOut = unwired
    examine: Examine = unwired
    provider_documents: ProviderDocuments = unwired
