"""What the user chose, as values."""

import dataclasses

import pytest

from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType, Login, PkceMethod, Provider, Settings, Storage


@pytest.mark.parametrize(
    ("extra", "scope"),
    [
        ((), "openid"),
        (("email", "profile"), "email profile openid"),
        (("openid",), "openid"),
        (("openid", "email"), "email openid"),
        (("email", "openid", "groups", "email", "openid"), "email groups openid"),
    ],
    ids=["none", "two", "openid alone", "openid first", "doubled"],
)
def test_openid_is_asked_for_once(extra: tuple[str, ...], scope: str) -> None:
    assert Provider("https://id.example.com", "kubernetes", extra_scopes=extra).scope == scope


def test_settings_show_no_secret() -> None:
    provider = Provider("https://id.example.com", "kubernetes", client_secret=Secret("client-canary"))
    settings = Settings(provider, login=Login(username="alice", password=Secret("password-canary")))
    assert "canary" not in repr(settings)


def test_settings_can_not_be_changed() -> None:
    """A run sees one state of them from its beginning to its end."""
    settings = Settings(Provider("https://id.example.com", "kubernetes"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.provider = Provider("https://evil.example", "kubernetes")  # type: ignore[misc]
    assert not hasattr(settings, "__dict__")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (GrantType, {"auto", "authcode", "authcode-keyboard", "password", "device-code", "client-credentials"}),
        (PkceMethod, {"auto", "no", "S256"}),
        (Storage, {"auto", "disk", "keyring", "none"}),
    ],
)
def test_the_names_are_those_that_the_users_of_kubelogin_know(kind, values: set[str]) -> None:
    assert {str(value) for value in kind} == values


def test_the_defaults_are_those_of_kubelogin() -> None:
    login = Login()
    assert login.grant_type is GrantType.AUTO
    assert login.listen_addresses == ("127.0.0.1:8000", "127.0.0.1:18000")
    assert login.authentication_timeout == 180.0
    assert not login.skip_open_browser
    assert Provider("https://id.example.com", "kubernetes").pkce is PkceMethod.AUTO
    assert Settings(Provider("https://id.example.com", "kubernetes")).cache.storage is Storage.DISK
