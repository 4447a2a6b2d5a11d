"""What to enter at the provider, so that it knows the client: exact redirect URIs, grant types and scopes."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubelogin_py.settings import DEFAULT_LISTEN_ADDRESSES, GrantType, Settings
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from kubelogin_py.providers.profile import Profile

NAME = "client-registration.txt"

_LABEL = 16
_HOSTS = ("localhost", "127.0.0.1")
_GRANTS = {
    GrantType.DEVICE_CODE: ("urn:ietf:params:oauth:grant-type:device_code", "refresh_token"),
    GrantType.PASSWORD: ("password", "refresh_token"),
    GrantType.CLIENT_CREDENTIALS: ("client_credentials",),
}
_USUAL = ("authorization_code", "refresh_token")


def text(settings: Settings, profile: "Profile | None") -> str:
    """Return the registration of a client as a text for people.

    :param settings: as kubectl will use them.
    :param profile: of the provider, where it is known.
    """
    provider = settings.provider
    title = f"{profile.title}, {provider.issuer}" if profile else provider.issuer
    lines = [f"Register a client: {printable(title)}", ""]
    lines += _row("client ID", [provider.client_id])
    lines += _row("client type", [_client_type(settings, profile)])
    lines += _row("redirect URIs", redirect_uris(settings, profile) or ["none need to be entered"])
    lines += _row("grant types", _grant_types(settings, profile))
    lines += _row("scopes", [" ".join(_scopes(settings, profile))])
    if profile is None:
        return "\n".join(lines) + "\n"
    registration = profile.registration
    lines += _row("matching", [registration.redirect_rule])
    lines += _row("groups", [profile.groups_remark] if profile.groups_remark else [])
    lines += ["", "there:", ""]
    steps = (step.replace("CLIENT", provider.client_id) for step in registration.steps)
    lines += [f"{number}. {printable(step, len(step))}" for number, step in enumerate(steps, 1)]
    lines += ["", f"see {profile.documentation} (this is as of {profile.as_of})"]
    return "\n".join(lines) + "\n"


def redirect_uris(settings: Settings, profile: "Profile | None") -> Sequence[str]:
    """Return the redirect URIs that kubectl will use, in the form that the provider wants them in."""
    if settings.login.chosen_grant not in (GrantType.AUTHCODE, GrantType.AUTHCODE_KEYBOARD):
        return ()
    if settings.provider.redirect_url:
        return (settings.provider.redirect_url,)
    usual = not settings.login.local_server_cert and settings.provider.redirect_host in _HOSTS
    if profile is not None and usual:
        known = profile.registration.redirect_uris
        takes_any_port = not any(urlsplit(uri).port for uri in known)
        if takes_any_port or settings.login.listen_addresses == DEFAULT_LISTEN_ADDRESSES:
            return known
    scheme = "https" if settings.login.local_server_cert else "http"
    hosts = dict.fromkeys((settings.provider.redirect_host, *_HOSTS))
    # Any free port is registered without one, at providers that can have it so.
    ports = [address.rpartition(":")[2].removeprefix("0") for address in settings.login.listen_addresses]
    return [f"{scheme}://{host}{port and f':{port}'}" for host in hosts for port in dict.fromkeys(ports)]


def _client_type(settings: Settings, profile: "Profile | None") -> str:
    if profile is not None:
        return profile.registration.client_type
    return "confidential" if settings.provider.client_secret else "public, with PKCE (S256); no client secret"


def _grant_types(settings: Settings, profile: "Profile | None") -> Sequence[str]:
    needed = _GRANTS.get(settings.login.chosen_grant, _USUAL)
    there = profile.registration.grant_types if profile else ()
    return [", ".join(needed), *([f"called there: {', '.join(there)}"] if there else [])]


def _scopes(settings: Settings, profile: "Profile | None") -> Iterable[str]:
    """Return the scopes in use, and those that the provider has to be told of."""
    allowed = profile.registration.scopes if profile else ()
    return dict.fromkeys(("openid", *settings.provider.extra_scopes, *allowed))


def _row(label: str, values: Sequence[str]) -> list[str]:
    labels = (label, *([""] * (len(values) - 1)))
    return [f"{one:<{_LABEL}}{printable(value, len(value))}" for one, value in zip(labels, values, strict=False)]
