"""What to enter at the provider is what kubectl will use: exact redirect URIs, grant types, scopes."""

from dataclasses import replace

import pytest

from kubelogin_py.cli import client_registration
from kubelogin_py.providers import NAMES, profile_for
from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType, Login, Provider, Settings

PROVIDER = Provider("https://id.example.com", "kubernetes", extra_scopes=("email", "groups"))
SETTINGS = Settings(PROVIDER)

PLAIN = """\
Register a client: https://id.example.com

client ID       kubernetes
client type     public, with PKCE (S256); no client secret
redirect URIs   http://localhost:8000
                http://localhost:18000
                http://127.0.0.1:8000
                http://127.0.0.1:18000
grant types     authorization_code, refresh_token
scopes          openid email groups
"""


def settings(*, login: Login | None = None, **changes: object) -> Settings:
    return Settings(replace(PROVIDER, **changes), login=login or Login())  # type: ignore[arg-type]


def test_of_a_provider_that_nobody_knows() -> None:
    assert client_registration.text(SETTINGS, None) == PLAIN


URIS: dict[str, tuple[Settings, list[str]]] = {
    "own": (settings(redirect_url="https://kube.example.com/cb"), ["https://kube.example.com/cb"]),
    "port": (
        settings(login=Login(listen_addresses=("127.0.0.1:9090",))),
        ["http://localhost:9090", "http://127.0.0.1:9090"],
    ),
    "ipv6": (
        settings(login=Login(listen_addresses=("[::1]:9090",))),
        ["http://localhost:9090", "http://127.0.0.1:9090"],
    ),
    "any-port": (settings(login=Login(listen_addresses=("127.0.0.1:0",))), ["http://localhost", "http://127.0.0.1"]),
    "host": (
        settings(redirect_host="kube.localhost", login=Login(listen_addresses=("127.0.0.1:1",))),
        ["http://kube.localhost:1", "http://localhost:1", "http://127.0.0.1:1"],
    ),
    "https": (
        settings(login=Login(listen_addresses=("127.0.0.1:1",), local_server_cert="c", local_server_key="k")),
        ["https://localhost:1", "https://127.0.0.1:1"],
    ),
    "device": (settings(login=Login(grant_type=GrantType.DEVICE_CODE)), []),
    "password": (settings(login=Login(username="alice")), []),
}


@pytest.mark.parametrize(("chosen", "expected"), URIS.values(), ids=URIS)
def test_the_redirect_uris_are_those_in_use(chosen: Settings, expected: list[str]) -> None:
    assert [*client_registration.redirect_uris(chosen, None)] == expected


OF_PROFILES: dict[str, tuple[str, Login, dict[str, object], list[str]]] = {
    "every-port": ("okta", Login(listen_addresses=("127.0.0.1:1",)), {}, ["http://localhost:1", "http://127.0.0.1:1"]),
    "any-port": ("entra-id", Login(listen_addresses=("127.0.0.1:1",)), {}, ["http://localhost"]),
    "none-needed": ("dex", Login(listen_addresses=("127.0.0.1:1",)), {}, []),
    "https": (
        "dex",
        Login(local_server_cert="c", local_server_key="k", listen_addresses=("127.0.0.1:1",)),
        {},
        ["https://localhost:1", "https://127.0.0.1:1"],
    ),
    "https-at-the-usual-ports": (
        "entra-id",
        Login(local_server_cert="c", local_server_key="k"),
        {},
        [f"https://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (8000, 18000)],
    ),
    "host": (
        "keycloak",
        Login(listen_addresses=("127.0.0.1:1",)),
        {"redirect_host": "kube.localhost"},
        ["http://kube.localhost:1", "http://localhost:1", "http://127.0.0.1:1"],
    ),
}


@pytest.mark.parametrize(("name", "login", "changes", "expected"), OF_PROFILES.values(), ids=OF_PROFILES)
def test_a_provider_wants_what_it_compares(
    name: str, login: Login, changes: dict[str, object], expected: list[str]
) -> None:
    chosen = settings(login=login, **changes)
    assert [*client_registration.redirect_uris(chosen, profile_for("", name))] == expected


GRANTS = {
    GrantType.AUTO: "authorization_code, refresh_token",
    GrantType.DEVICE_CODE: "urn:ietf:params:oauth:grant-type:device_code, refresh_token",
    GrantType.PASSWORD: "password, refresh_token",
    GrantType.CLIENT_CREDENTIALS: "client_credentials",
}


@pytest.mark.parametrize("grant", GRANTS)
def test_the_grant_types_are_those_in_use(grant: GrantType) -> None:
    text = client_registration.text(settings(login=Login(grant_type=grant)), None)
    assert f"grant types     {GRANTS[grant]}\n" in text


def test_a_secret_is_not_in_it() -> None:
    text = client_registration.text(settings(client_secret=Secret("top-secret")), None)
    assert "client type     confidential" in text
    assert "top-secret" not in text


@pytest.mark.parametrize("name", NAMES)
def test_of_a_provider_that_is_known(name: str) -> None:
    """Its own words, its own URIs, its own steps with this client's name, and where it stands in its documentation."""
    profile = profile_for("https://id.example.com", name)
    assert profile is not None
    text = client_registration.text(replace(SETTINGS, provider=replace(PROVIDER, client_id="kube-prod")), profile)
    assert text.startswith(f"Register a client: {profile.title}, https://id.example.com\n")
    assert all(f" {uri}\n" in text for uri in profile.registration.redirect_uris)
    assert bool(profile.registration.redirect_uris) != ("none need to be entered" in text)
    assert profile.documentation in text
    assert "CLIENT" not in text
    assert text.count("kube-prod") >= 2 or not any("CLIENT" in step for step in profile.registration.steps)
    assert all(f"\n{number}. " in text for number in range(1, len(profile.registration.steps) + 1))


def test_what_the_issuer_is_called_does_not_reach_the_terminal() -> None:
    text = client_registration.text(settings(client_id="\x1b[2J\u202e"), None)
    assert r"\x1b[2J\u{202e}" in text
