"""Everything that can go wrong, as one tree.

::

    Error                      a person, a provider or the network caused this; never a bug of ours
    ├── SettingsError          what the user asked for is missing, malformed or refused
    │   └── UsageError         the command line could not be read
    ├── ProviderError          the provider answered, and the answer can't be accepted
    │   ├── MetadataError      discovery or key set document
    │   ├── OAuthError         an OAuth error response (RFC 6749 section 5.2); has ``error``
    │   │   └── RefusedRefreshError   the refresh token is dead: sign in again
    │   └── VerificationError  an ID token that must not be used; has ``step``
    │       └── UnknownKeyError       no key fits: fetching the key set again may help
    ├── TransientError         network, 5xx, 429: the same call may work later
    │   └── NotSentError       … and no byte of the request had left this machine
    ├── StrayCallbackError     a request to our callback that is not our answer: refused, and forgotten
    ├── SignInError            the person did not finish: denied, timed out, can't be asked here
    │   ├── DeniedError           … because they, or the provider, said no
    │   └── UnansweredError       … and never came back from the browser: it may show an error there
    ├── StorageError           a token store or lock could not be used
    │   └── NoKeyringError        there is no keyring here that could keep a secret
    ├── UnhealthyError         the examination found something that keeps a person from the cluster
    └── OutputError            the credential could not be written to stdout

Each has a message (lower case, what failed on what), maybe a ``hint`` (the next command or setting), and
an ``exit_code``. Messages never hold a secret, and text that came from outside has passed ``text.printable``.
"""

from typing import ClassVar


class Error(Exception):
    """Base of every error this package raises on purpose.

    :param message: what failed on what, lower case, one line, printable.
    :param hint: what to do next, one line, printable; ``None`` when there is nothing to advise.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(Error):
    """What the user asked for is missing, malformed or refused; no packet was sent for it."""


class UsageError(SettingsError):
    """The command line could not be read: unknown flag, bad value, stray word."""


class ProviderError(Error):
    """The provider answered, and the answer can't be accepted."""


class MetadataError(ProviderError):
    """The provider metadata or key set document is missing, malformed or not this issuer's.

    :param member: the member of the metadata that is to blame, if it is one; ``issuer`` where there is no document.
    """

    def __init__(self, message: str, *, hint: str | None = None, member: str = "") -> None:
        super().__init__(message, hint=hint)
        self.member = member


class OAuthError(ProviderError):
    """An error response of the provider (RFC 6749 section 5.2, OpenID Connect Core section 3.1.2.6).

    :param message: what was refused, with the sanitised description.
    :param error: the provider's error code, printable, such as ``invalid_client``.
    """

    def __init__(self, message: str, *, error: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.error = error


class RefusedRefreshError(OAuthError):
    """The provider will not take this refresh token again: only a new sign-in helps."""


class VerificationError(ProviderError):
    """An ID token failed a verification step and must not be used.

    :param message: what was wrong, with both values where that helps.
    :param step: short stable name of the step, such as ``issuer`` or ``signature``.
    """

    def __init__(self, message: str, *, step: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.step = step


class UnknownKeyError(VerificationError):
    """No key of the set at hand fits the token; a key set fetched anew may hold it (Core section 10.1.1)."""


class TransientError(Error):
    """A network fault, a 5xx or a 429: nothing is known to be wrong with the session.

    :param retry_after: seconds the provider asked us to wait, if it did.
    """

    def __init__(self, message: str, *, hint: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class NotSentError(TransientError):
    """A transient fault before any byte of the request left: DNS, TCP connect or TLS handshake."""


class StrayCallbackError(Error):
    """A request to the callback without our state: answered with 400, and the wait goes on.

    Anybody can send such a request, so it must neither end a sign-in nor choose the words we show.
    """


class SignInError(Error):
    """The person did not finish the sign-in: denied, timed out, or can't be asked in this place."""


class DeniedError(SignInError):
    """The person said no, or the provider did so for them (``access_denied``)."""


class UnansweredError(SignInError):
    """The browser did not come back in time; maybe the provider showed an error in it instead."""


class UnaskedError(SignInError):
    """The person could not even be asked: no port is free for the browser's answer, or no terminal is lent to us."""


class CoolDownError(SignInError):
    """A sign-in failed a moment ago: nobody is asked again until a person wants it, or some time has passed.

    :param rest: seconds until the next attempt.
    """

    def __init__(self, message: str, *, rest: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.rest = rest


class StorageError(Error):
    """A token store or its lock could not be used."""

    told: bool = False
    """Whether the person has been told of it already."""


class NoKeyringError(StorageError):
    """There is no keyring of the operating system here, or only one that keeps secrets in plain text, or nothing."""


class UnhealthyError(Error):
    """The examination found something that keeps a person from the cluster."""


class OutputError(Error):
    """The credential could not be written to standard output."""
