"""From the values of options to settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from kubelogin_py.errors import SettingsError, UsageError
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Cache, GrantType, Login, PkceMethod, Provider, Storage, Tls
from kubelogin_py.settings import Settings as SignIn
from kubelogin_py.text import printable
from talos_cred import fastrun
from talos_cred.settings import KeyKind, Place, Policy, Server, Settings

ID_TOKEN = "TALOS_CRED_ID_TOKEN"  # noqa: S105 -- a name
"""Variable that holds an ID token to use instead of signing in."""

UPSTREAM_SCOPES = ("profile", "email", "offline_access")
"""What talosctl-oidc asks for besides openid."""

_PORTS = range(1, 65536)
_SECRET_LIMIT = 64 << 10
E_ = TypeVar("E_", bound=str)


def settings_of(values: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Return the settings that these values mean.

    :raises UsageError: something needed is missing, or two things exclude each other.
    :raises SettingsError: a value can't be used.
    """
    given_token = bool(values["id-token-file"] or environment.get(ID_TOKEN, "").strip())
    if not values["client-id"] and not given_token:
        # A CI system that gives no token leaves the variable empty.
        raise UsageError("--client-id is missing" + (f", and {ID_TOKEN} is empty" if ID_TOKEN in environment else ""))
    if not values["server"]:
        raise UsageError("--server is missing")
    policy = Policy(
        key=_one_of(KeyKind, values["key-type"], "key-type"),
        max_roles=values["max-role"] or (),
        max_lifetime=float(values["max-lifetime"]),
        max_token_age=float(values["max-token-age"]),
        accept_new_ca=values["accept-new-ca"] or False,
        accept_new_endpoints=values["accept-new-endpoints"] or False,
    )
    return Settings(
        sign_in=sign_in_of(values, environment, needed=not given_token),
        server=Server(
            values["server"],
            values["server-ca"] or None,
            values["server-fingerprint"] or None,
            values["server-name"] or None,
            values["insecure-http"] or False,
        ),
        place=place_of(values, environment),
        policy=policy,
        id_token_file=values["id-token-file"] or None,
    )


def place_of(values: Mapping[str, Any], environment: Mapping[str, str]) -> Place:
    """Return where the certificate goes.

    :raises SettingsError: a pod's talosconfig, or a context without a name.
    """
    path = written(values["talosconfig"], environment)
    if path == fastrun.SERVICE_ACCOUNT:
        raise SettingsError(f"{path} belongs to the pod and is never written", hint="choose one with --talosconfig")
    context = values["context-name"]
    if not context.isprintable():
        raise SettingsError(f"context {printable(context, 60)} is refused: it has odd characters")
    return Place(Path(path), context, use=values.get("use") or False, force=values.get("force") or False)


def talosconfig_of(given: str, environment: Mapping[str, str]) -> str:
    """Return the talosconfig's path: the one given, else where talosctl would look.

    :raises SettingsError: there is no home directory to look in; the current directory is none.
    """
    path = given or fastrun.found(environment)
    if not path:
        raise SettingsError("no home directory is known, so no talosconfig", hint="name one with --talosconfig")
    return path


def written(given: str, environment: Mapping[str, str]) -> str:
    """Return the path of the talosconfig that a login writes: the one that is named, whether it is there or not.

    :raises SettingsError: see ``talosconfig_of``.
    """
    return talosconfig_of(given or environment.get("TALOSCONFIG", ""), environment)


def sign_in_of(values: Mapping[str, Any], environment: Mapping[str, str], *, needed: bool = True) -> SignIn:
    """Return how an ID token is obtained: with talosctl-oidc's defaults, or with kubelogin's for its own flags."""
    ours, theirs = values["provider"], values["oidc-issuer-url"]
    if ours and theirs and ours != theirs:
        raise UsageError("--provider and --oidc-issuer-url name different issuers")
    if not (ours or theirs) and needed:
        raise UsageError("--provider is missing")
    as_kubelogin = bool(theirs) and not ours
    port = int(values["callback-port"])
    if port not in _PORTS:
        raise UsageError(f"--callback-port: {port} is not 1 to 65535")
    scopes = (*(values["scopes"] or ()), *(values["oidc-extra-scope"] or ()))
    redirect = values["oidc-redirect-url"] or None
    if not as_kubelogin:
        scopes = scopes or UPSTREAM_SCOPES
        redirect = redirect or _redirect(values, port)
    return SignIn(
        provider=Provider(
            theirs or ours,
            values["client-id"],
            client_secret=_secret(values),
            extra_scopes=tuple(dict.fromkeys(scope for scope in scopes if scope != "openid")),
            redirect_url=redirect,
            pkce=_one_of(PkceMethod, values["oidc-pkce-method"], "oidc-pkce-method"),
            extra_params=tuple(_pair(text) for text in values["oidc-auth-request-extra-params"] or ()),
        ),
        tls=Tls(certificate_authorities=tuple(values["provider-ca"] or ())),
        login=Login(
            grant_type=_grant(values),
            listen_addresses=_addresses(values["listen-address"] or (), port, as_kubelogin=as_kubelogin),
            skip_open_browser=values["skip-open-browser"] or False,
            browser_command=values["browser-command"] or None,
            remote_callback=values["allow-remote-callback"] or False,
            authentication_timeout=float(values["authentication-timeout-sec"]),
            local_server_cert=values["local-server-cert"] or None,
            local_server_key=values["local-server-key"] or None,
        ),
        cache=Cache(
            _one_of(Storage, values["token-cache-storage"], "token-cache-storage"), _cache(values, environment)
        ),
    )


def _redirect(values: Mapping[str, Any], port: int) -> str:
    """Return talosctl-oidc's redirect URL, which the first listen address forms; https with a certificate for it."""
    first = (values["listen-address"] or ("127.0.0.1",))[0]
    scheme = "https" if values["local-server-cert"] or values["local-server-key"] else "http"
    return f"{scheme}://{_with_port(first, port)}/callback"


def _addresses(addresses: tuple[str, ...], port: int, *, as_kubelogin: bool) -> tuple[str, ...]:
    if addresses:
        return tuple(_with_port(address, port) for address in addresses)
    return Login().listen_addresses if as_kubelogin else (f"127.0.0.1:{port}",)


def _with_port(address: str, port: int) -> str:
    host, colon, last = address.rpartition(":")
    if colon and last.isdecimal() and (":" not in host or host.startswith("[")):
        return address
    return f"[{address}]:{port}" if ":" in address and not address.startswith("[") else f"{address}:{port}"


def _grant(values: Mapping[str, Any]) -> GrantType:
    if values["device-code"]:
        return GrantType.DEVICE_CODE
    return _one_of(GrantType, values["grant-type"], "grant-type")


def _secret(values: Mapping[str, Any]) -> Secret | None:
    if values["client-secret"]:
        return Secret(values["client-secret"])
    path = values["client-secret-file"]
    if not path:
        return None
    try:
        return Secret(Path(path).read_bytes()[:_SECRET_LIMIT].decode("utf-8").strip())
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not UTF-8").lower()
        raise SettingsError(f"--client-secret-file {printable(path, 100)}: {reason}") from None


def _cache(values: Mapping[str, Any], environment: Mapping[str, str]) -> Path | None:
    """Return the token cache's directory: that of kubelogin, so that one session serves both."""
    if values["token-cache-dir"]:
        return Path(values["token-cache-dir"])
    if environment.get("KUBECACHEDIR"):
        return Path(environment["KUBECACHEDIR"]) / "oidc-login"
    home = environment.get("HOME") or environment.get("USERPROFILE", "")
    return Path(home) / ".kube" / "cache" / "oidc-login" if home else None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"--oidc-auth-request-extra-params: {printable(text, 60)} is not NAME=VALUE")
    return name, value


def _one_of(kinds: type[E_], value: str, name: str) -> E_:
    try:
        return kinds(value)
    except ValueError:
        choices = ", ".join(str(kind) for kind in kinds)  # type: ignore[attr-defined]
        raise UsageError(f"--{name} must be one of {choices}") from None
