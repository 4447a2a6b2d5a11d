"""Sign in through OpenID Connect, for kubectl and for Python programs.

The public names below are resolved on first use, so that importing the package costs nothing: the command is
started afresh for every kubectl command.

    >>> from kubelogin_py import Login, Provider, Settings, sign_in
"""

__version__ = "0.1.0"

# Type checkers take this name for typing.TYPE_CHECKING, whose import would cost more than the rest of this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from kubelogin_py.doctor.finding import Finding
    from kubelogin_py.errors import (
        Error,
        MetadataError,
        NotSentError,
        OAuthError,
        OutputError,
        ProviderError,
        RefusedRefreshError,
        SettingsError,
        SignInError,
        StorageError,
        StrayCallbackError,
        TransientError,
        UnknownKeyError,
        UsageError,
        VerificationError,
    )
    from kubelogin_py.login import Credential
    from kubelogin_py.logout import SignedOut
    from kubelogin_py.oidc.claims import Claims
    from kubelogin_py.providers import profile_for
    from kubelogin_py.providers.profile import Profile
    from kubelogin_py.secret import Secret
    from kubelogin_py.session import Session
    from kubelogin_py.settings import Cache, GrantType, Login, PkceMethod, Provider, Settings, Storage, Tls
    from kubelogin_py.wiring import sign_in
    from kubelogin_py.wiring.examining import examine
    from kubelogin_py.wiring.signing_out import sign_out

_ROOMS = {
    "doctor.finding": "Finding",
    "errors": (
        "Error MetadataError NotSentError OAuthError OutputError ProviderError RefusedRefreshError SettingsError "
        "SignInError StorageError StrayCallbackError TransientError UnknownKeyError UsageError VerificationError"
    ),
    "login": "Credential",
    "logout": "SignedOut",
    "oidc.claims": "Claims",
    "providers": "profile_for",
    "providers.profile": "Profile",
    "secret": "Secret",
    "session": "Session",
    "settings": "Cache GrantType Login PkceMethod Provider Settings Storage Tls",
    "wiring": "sign_in",
    "wiring.examining": "examine",
    "wiring.signing_out": "sign_out",
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = [
    "Cache",
    "Claims",
    "Credential",
    "Error",
    "Finding",
    "GrantType",
    "Login",
    "MetadataError",
    "NotSentError",
    "OAuthError",
    "OutputError",
    "PkceMethod",
    "Profile",
    "Provider",
    "ProviderError",
    "RefusedRefreshError",
    "Secret",
    "Session",
    "Settings",
    "SettingsError",
    "SignInError",
    "SignedOut",
    "Storage",
    "StorageError",
    "StrayCallbackError",
    "Tls",
    "TransientError",
    "UnknownKeyError",
    "UsageError",
    "VerificationError",
    "__version__",
    "examine",
    "profile_for",
    "sign_in",
    "sign_out",
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
