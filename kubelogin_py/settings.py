"""What the user chose, as frozen values. Nothing here reads a file, a clock or the environment."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path

from kubelogin_py.secret import Secret

DEFAULT_LISTEN_ADDRESSES = ("127.0.0.1:8000", "127.0.0.1:18000")
DEFAULT_AUTHENTICATION_TIMEOUT = 180.0
"""Seconds a person has for the sign-in, browser or device."""

PROFILE_NAMES = (
    *("pocket-id", "zitadel", "kanidm", "authentik", "keycloak", "dex", "google", "entra-id", "okta", "auth0"),
    *("gitlab", "authelia", "rauthy"),
)
"""The providers that something special is known about; what it is, is in ``providers``."""

PROFILE_BY_ISSUER, NO_PROFILE = "auto", "none"
PROFILE_CHOICES = (PROFILE_BY_ISSUER, NO_PROFILE, *PROFILE_NAMES)
"""What a user may say about it."""


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


class Renegotiation(IntEnum):
    """Whether TLS renegotiation was asked for, numbered as in Go's ``tls.RenegotiationSupport``."""

    NEVER = 0
    ONCE = 1
    FREELY = 2


class Storage(StrEnum):
    """Where token sets are kept between two starts.

    ``KEYRING`` keeps a key in the OS keyring and the token sets, sealed with it, on disk; ``AUTO`` does so where there
    is a keyring, and else what ``DISK`` does.
    """

    AUTO = "auto"
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
    :param keyboard_redirect_url: the same for the keyboard grant alone, where it is another one.
    :param redirect_host: host in the default redirect URI, another name of this machine's loopback interface.
    :param pkce: whether the code challenge is sent.
    :param use_access_token: hand out the access token instead of the ID token.
    :param request_headers: header fields added to every request to the provider.
    :param extra_params: parameters added to the authorization (or device, token) request.
    :param profile: whose peculiarities are known: one of ``PROFILE_NAMES``, ``auto`` for the one that the issuer
        tells, ``none``. It gives advice alone; ``providers.completed`` fills in what nobody said.
    """

    issuer: str
    client_id: str
    client_secret: Secret | None = None
    extra_scopes: tuple[str, ...] = ()
    redirect_url: str | None = None
    keyboard_redirect_url: str | None = None
    redirect_host: str = "localhost"
    pkce: PkceMethod = PkceMethod.AUTO
    use_access_token: bool = False
    request_headers: tuple[tuple[str, str], ...] = ()
    extra_params: tuple[tuple[str, str], ...] = ()
    profile: str = PROFILE_BY_ISSUER

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
    :param renegotiation: has no effect here; int128/kubelogin names its sessions by it, among others.
    """

    certificate_authorities: tuple[str, ...] = ()
    certificate_authority_data: tuple[str, ...] = ()
    insecure_skip_tls_verify: bool = False
    renegotiation: Renegotiation = Renegotiation.NEVER


@dataclass(frozen=True, slots=True)
class Login:
    """How a person signs in.

    :param grant_type: which grant obtains a new token set.
    :param listen_addresses: ``host:port`` pairs tried in order for the callback.
    :param remote_callback: accept listen addresses and a redirect URL that are not this machine's alone.
    :param skip_open_browser: print the URL instead of opening it.
    :param browser_command: program started with the URL as its only argument; ``None`` for the system's browser.
    :param authentication_timeout: seconds for the whole sign-in.
    :param force_refresh: do not use a cached ID token, refresh it.
    :param interactive: whether the caller lends us its terminal (``spec.interactive`` of the exec info).
    :param asked_for: whether a person wants this very sign-in, so that an earlier one that failed counts for nothing.
    :param account: which of several users at this provider; their sessions are kept apart, and the provider is given
        it as a hint. ``None`` for the only one.
    :param username: for the password grant; ``None`` to be asked.
    :param password: for the password grant; ``None`` to be asked.
    :param local_server_cert: PEM file with the callback listener's certificate; with it, and the key, it speaks https.
    :param local_server_key: PEM file with its key.
    :param open_url_after_authentication: page that the browser goes on to after the sign-in, if it is https.
    """

    grant_type: GrantType = GrantType.AUTO
    listen_addresses: tuple[str, ...] = DEFAULT_LISTEN_ADDRESSES
    remote_callback: bool = False
    skip_open_browser: bool = False
    browser_command: str | None = None
    authentication_timeout: float = DEFAULT_AUTHENTICATION_TIMEOUT
    force_refresh: bool = False
    interactive: bool = False
    asked_for: bool = False
    account: str | None = None
    username: str | None = None
    password: Secret | None = None
    local_server_cert: str | None = None
    local_server_key: str | None = None
    open_url_after_authentication: str | None = None

    @property
    def chosen_grant(self) -> GrantType:
        """The grant that ``grant_type`` stands for: ``AUTO`` looks at the username and nothing else."""
        if self.grant_type is not GrantType.AUTO:
            return self.grant_type
        return GrantType.PASSWORD if self.username else GrantType.AUTHCODE

    @property
    def given_user(self) -> str:
        """The user whose password was given, too; empty where a person is asked for anything."""
        unasked = self.chosen_grant is GrantType.PASSWORD and self.password is not None
        return (self.username or "") if unasked else ""


@dataclass(frozen=True, slots=True)
class Cache:
    """Where token sets are kept.

    :param storage: which token store.
    :param directory: for every store that keeps anything; ``None`` when no home directory is known.
    :param former_scopes: the extra scopes as they were given, by which int128/kubelogin names its sessions, among
        others; its sessions in ``directory`` are then gone on with. ``None`` leaves them alone.
    :param refresh_ahead: whether an answer from the cache may start a refresh in the background.
    :param required: whether a credential whose session could not be kept is an error instead of a warning.
    """

    storage: Storage = Storage.DISK
    directory: Path | None = None
    former_scopes: tuple[str, ...] | None = None
    refresh_ahead: bool = True
    required: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it, one value for a whole run."""

    provider: Provider
    tls: Tls = field(default_factory=Tls)
    login: Login = field(default_factory=Login)
    cache: Cache = field(default_factory=Cache)
