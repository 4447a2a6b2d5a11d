"""Short-lived Talos certificates from an OpenID Connect sign-in, for talosctl and for Python programs.

The public names below are resolved on first use, so that importing the package costs nothing: ``talos-cred run`` is
started for every talosctl command.

    >>> from talos_cred import Server, obtain
"""

__version__ = "0.1.0"

# Type checkers take this name for typing.TYPE_CHECKING, whose import would cost more than the rest of this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from talos_cred.checks import Credential, Known
    from talos_cred.errors import (
        CertificateError,
        ChangedError,
        ExchangeBusyError,
        ExchangeError,
        PolicyError,
        SignInNeededError,
        TalosconfigError,
        TokenRefusedError,
        UnknownServerError,
        UntrustedServerError,
    )
    from talos_cred.settings import KeyKind, Place, Policy, Server, Settings
    from talos_cred.talosconfig import Talosconfig
    from talos_cred.wiring import obtain

_ROOMS = {
    "checks": "Credential Known",
    "errors": (
        "CertificateError ChangedError ExchangeBusyError ExchangeError PolicyError SignInNeededError TalosconfigError "
        "TokenRefusedError UnknownServerError UntrustedServerError"
    ),
    "settings": "KeyKind Place Policy Server Settings",
    "talosconfig": "Talosconfig",
    "wiring": "obtain",
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = [
    "CertificateError",
    "ChangedError",
    "Credential",
    "ExchangeBusyError",
    "ExchangeError",
    "KeyKind",
    "Known",
    "Place",
    "Policy",
    "PolicyError",
    "Server",
    "Settings",
    "SignInNeededError",
    "Talosconfig",
    "TalosconfigError",
    "TokenRefusedError",
    "UnknownServerError",
    "UntrustedServerError",
    "__version__",
    "obtain",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Imported here, and by hand, for the same reason as above.
    from importlib import import_module  # noqa: PLC0415

    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
