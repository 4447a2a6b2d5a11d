"""What the user chose, as frozen values. Nothing here reads a file, a clock or the environment."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kubelogin_py.secret import Secret

DEFAULT_LISTEN_ADDRESSES = ("127.0.0.1:8000", "127.0.0.1:18000")
DEFAULT_AUTHENTICATION_TIMEOUT = 180.0
"""Seconds a person has for the sign-in, browser or device."""


class GrantType(StrEnum):
    """How a new token set is obtained when neither the cache nor a refresh token gives one."""

    AUTO = "auto"
    AUTHCODE = "authcode"
    AUTHCODE_KEYBOARD = "authcode-keyboard"
    PASSWORD = "password"  # noqa: S105 -- the name of a grant
    DEVICE_CODE = "device-code"
    CLIENT_CREDENTIALS = "client-credentials"


class PkceMethod(StrEnum):
    """Proof Key for Code Exchange: ``AUTO`` and ``S256`` both send S256; ``NO`` is the only way to leave it out."""

    AUTO = "auto"
    NO = "no"
    S256 = "S256"


class Storage(StrEnum):
    """Where token sets are kept between two starts."""

    DISK = "disk"
    KEYRING = "keyring"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Provider:
    """The OpenID provider and how this client is known to it.

    :param issuer: issuer URL, byte for byte as the provider's tokens name it; never normalised.
    :param client_id: client identifier.
    :param client_secret: for confidential clients; ``None`` for public ones.
    :param extra_scopes: scopes besides ``openid``, in order, without duplicates.
    :param redirect_url: redirect URI to use as it stands, or ``None`` for ``http://localhost:PORT``.
    :param pkce: whether the code challenge is sent.
    :param use_access_token: hand out the access token instead of the ID token.
    :param request_headers: header fields added to every request to the provider.
    :param extra_params: parameters added to the authorization (or device, token) request.
    """

    issuer: str
    client_id: str
    client_secret: Secret | None = None
    extra_scopes: tuple[str, ...] = ()
    redirect_url: str | None = None
    pkce: PkceMethod = PkceMethod.AUTO
    use_access_token: bool = False
    request_headers: tuple[tuple[str, str], ...] = ()
    extra_params: tuple[tuple[str, str], ...] = ()

    @property
    def scope(self) -> str:
        """The ``scope`` parameter: extra scopes in the order given, then ``openid``, once."""
        wanted = [scope for scope in dict.fromkeys(self.extra_scopes) if scope != "openid"]
        return " ".join([*wanted, "openid"])


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom to trust on the way to the provider.

    Any certificate authority given here replaces the system's.

    :param certificate_authorities: PEM files.
    :param certificate_authority_data: standard base64 of PEM.
    :param insecure_skip_tls_verify: accept any certificate; warned about at every start.
    """

    certificate_authorities: tuple[str, ...] = ()
    certificate_authority_data: tuple[str, ...] = ()
    insecure_skip_tls_verify: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """How a person signs in.

    :param grant_type: which grant obtains a new token set.
    :param listen_addresses: ``host:port`` pairs tried in order for the callback.
    :param skip_open_browser: print the URL instead of opening it.
    :param browser_command: program started with the URL as its only argument; ``None`` for the system's browser.
    :param authentication_timeout: seconds for the whole sign-in.
    :param force_refresh: do not use a cached ID token, refresh it.
    :param interactive: whether the caller lends us its terminal (``spec.interactive`` of the exec info).
    :param username: for the password grant.
    :param password: for the password grant.
    """

    grant_type: GrantType = GrantType.AUTO
    listen_addresses: tuple[str, ...] = DEFAULT_LISTEN_ADDRESSES
    skip_open_browser: bool = False
    browser_command: str | None = None
    authentication_timeout: float = DEFAULT_AUTHENTICATION_TIMEOUT
    force_refresh: bool = False
    interactive: bool = False
    username: str | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """Where token sets are kept.

    :param storage: which token store.
    :param directory: for the disk store; ``None`` when no home directory is known.
    """

    storage: Storage = Storage.DISK
    directory: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it, one value for a whole run."""

    provider: Provider
    tls: Tls = field(default_factory=Tls)
    login: Login = field(default_factory=Login)
    cache: Cache = field(default_factory=Cache)
