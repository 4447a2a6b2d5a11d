"""What can go wrong beyond a sign-in, as branches of ``kubelogin_py``'s tree.

::

    Error
    ├── ProviderError
    │   ├── ExchangeError          the exchange server answered, and the answer can't be used; has ``status``
    │   │   ├── TokenRefusedError  401: it does not take this ID token; a fresh one may help
    │   │   └── PolicyError        403: it gives this person nothing; asking again does not help
    │   ├── UntrustedServerError   not the exchange server that is trusted: nothing was sent
    │   │   └── UnknownServerError    … and nobody said yet whom to trust: a person may look and decide
    │   └── CertificateError       a certificate that must not be used; has ``step``
    │       └── ChangedError       … because it is not what was seen before: a person must agree; has ``flag``
    ├── TransientError
    │   └── ExchangeBusyError      429, 5xx or no answer: the same request may work later
    ├── SignInError
    │   └── SignInNeededError      only a person can go on, and nobody is asked; exit code 2
    └── StorageError
        └── TalosconfigError       the talosconfig or what is kept beside it could not be read or written
"""

from typing import ClassVar

from kubelogin_py.errors import ProviderError, SignInError, StorageError, TransientError


class ExchangeError(ProviderError):
    """The exchange server answered, and the answer can't be used.

    :param status: HTTP status code; 200 for a malformed answer.
    """

    def __init__(self, message: str, *, status: int = 200, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class TokenRefusedError(ExchangeError):
    """The exchange server does not take this ID token; a fresh one may help, once."""


class PolicyError(ExchangeError):
    """The exchange server knows the person, or the network, and gives nothing; asking again does not help."""


class ExchangeBusyError(TransientError):
    """The exchange server is out of order or asks to be asked later."""


class UntrustedServerError(ProviderError):
    """Whoever answered is not the exchange server that is trusted; nothing was sent to it."""


class UnknownServerError(UntrustedServerError):
    """No known authority vouches for the exchange server, and no fingerprint was given; nothing was sent to it."""


class CertificateError(ProviderError):
    """What the exchange server issued must not be used; nothing was written.

    :param step: short stable name of the check, such as ``roles`` or ``chain``.
    """

    def __init__(self, message: str, *, step: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.step = step


class ChangedError(CertificateError):
    """The answer is not what was seen before, so that a person must agree to it.

    :param flag: the option that says so.
    :param found: what was found.
    """

    def __init__(self, message: str, *, step: str, flag: str, found: tuple[str, ...], hint: str | None = None) -> None:
        super().__init__(message, step=step, hint=hint)
        self.flag = flag
        self.found = found


class SignInNeededError(SignInError):
    """Only a person can go on, and nobody may be asked here."""

    exit_code: ClassVar[int] = 2


class TalosconfigError(StorageError):
    """The talosconfig, or what is kept beside it, could not be read or written; what was there is unharmed."""
