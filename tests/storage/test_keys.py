"""Which settings share a session, and which never do."""

import itertools
import re
from dataclasses import replace

import pytest

from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType, Login, PkceMethod, Provider, Settings, Tls
from kubelogin_py.storage.keys import login_key, session_key

PROVIDER = Provider(issuer="https://id.example.com", client_id="kubernetes")
BASE = Settings(provider=PROVIDER)


def with_provider(**changes) -> Settings:
    return replace(BASE, provider=replace(PROVIDER, **changes))


# Every two of these lead to another principal or rest on other trust.
DIFFERENT = {
    "nothing-else": BASE,
    "issuer": with_provider(issuer="https://id.example.com/"),
    "issuer-case": with_provider(issuer="https://ID.example.com"),
    "client": with_provider(client_id="Kubernetes"),
    "scope": with_provider(extra_scopes=("email",)),
    "two-scopes": with_provider(extra_scopes=("email", "groups")),
    "scope-order": with_provider(extra_scopes=("groups", "email")),
    "redirect": with_provider(redirect_url="http://localhost:8000"),
    "no-pkce": with_provider(pkce=PkceMethod.NO),
    "access-token": with_provider(use_access_token=True),
    "header": with_provider(request_headers=(("a", "b"),)),
    "parameter": with_provider(extra_params=(("a", "b"),)),
    "two-parameters": with_provider(extra_params=(("a", "b"), ("c", "d"))),
    "joined-parameters": with_provider(extra_params=(("a", "b,c=d"),)),
    "ca": replace(BASE, tls=Tls(certificate_authorities=("/ca.crt",))),
    "two-ca": replace(BASE, tls=Tls(certificate_authorities=("/ca.crt", "/b.crt"))),
    "ca-data": replace(BASE, tls=Tls(certificate_authority_data=("/ca.crt",))),
    "insecure": replace(BASE, tls=Tls(insecure_skip_tls_verify=True)),
    "password": replace(BASE, login=Login(grant_type=GrantType.PASSWORD)),
    "password-of-bob": replace(BASE, login=Login(grant_type=GrantType.PASSWORD, username="bob")),
    "password-of-ann": replace(BASE, login=Login(grant_type=GrantType.PASSWORD, username="ann")),
    "account-of-bob": replace(BASE, login=Login(account="bob")),
    "account-of-ann": replace(BASE, login=Login(account="ann@example.com")),
    "account-of-ann-in-capitals": replace(BASE, login=Login(account="Ann@example.com")),
    "account-and-password": replace(BASE, login=Login(grant_type=GrantType.PASSWORD, username="bob", account="bob")),
    "client-credentials": replace(BASE, login=Login(grant_type=GrantType.CLIENT_CREDENTIALS)),
}

# These sign in the same person in the same way, or differ in what is no part of an identity.
SAME = {
    "authcode": replace(BASE, login=Login(grant_type=GrantType.AUTHCODE)),
    "keyboard": replace(BASE, login=Login(grant_type=GrantType.AUTHCODE_KEYBOARD)),
    "device-code": replace(BASE, login=Login(grant_type=GrantType.DEVICE_CODE)),
    "unused-username": replace(BASE, login=Login(grant_type=GrantType.DEVICE_CODE, username="bob")),
    "s256": with_provider(pkce=PkceMethod.S256),
    "openid-twice": with_provider(extra_scopes=("openid",)),
    "client-secret": with_provider(client_secret=Secret("s")),
    "empty-account": replace(BASE, login=Login(account="")),
    "timeout": replace(BASE, login=Login(authentication_timeout=1.0, force_refresh=True, interactive=True)),
}


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(DIFFERENT, 2)), ids="-".join)
def test_another_principal_or_other_trust_is_another_session(one: str, other: str) -> None:
    assert session_key(DIFFERENT[one]) != session_key(DIFFERENT[other])


@pytest.mark.parametrize("name", SAME)
def test_the_same_person_has_one_session(name: str) -> None:
    assert session_key(SAME[name]) == session_key(BASE)


def test_auto_with_a_username_is_the_password_grant() -> None:
    """int128/kubelogin takes the password grant then, so the session is that of the password grant."""
    auto = replace(BASE, login=Login(grant_type=GrantType.AUTO, username="bob"))
    assert session_key(auto) == session_key(DIFFERENT["password-of-bob"])


def test_b106_joined_strings_do_not_collide() -> None:
    """Text may move between neighbouring fields without two settings having one key."""
    keys = {
        session_key(with_provider(issuer="https://id.example.com", client_id="a", redirect_url="b")),
        session_key(with_provider(issuer="https://id.example.com", client_id="ab", redirect_url="")),
        session_key(with_provider(issuer="https://id.example.com", client_id="", redirect_url="ab")),
        session_key(with_provider(issuer="https://id.example.com", client_id='a","redirect_url":"b')),
        session_key(with_provider(extra_params=(("a", "b"), ("c", "d")))),
        session_key(with_provider(request_headers=(("a", "b"), ("c", "d")))),
        session_key(with_provider(request_headers=(("a", "b"),), extra_params=(("c", "d"),))),
    }
    assert len(keys) == 7


def test_the_order_of_parameters_and_headers_means_nothing() -> None:
    """A map has no order; int128/kubelogin loses its sessions over this."""
    forth = with_provider(extra_params=(("a", "1"), ("b", "2")), request_headers=(("x", "1"), ("y", "2")))
    back = with_provider(extra_params=(("b", "2"), ("a", "1")), request_headers=(("y", "2"), ("x", "1")))
    assert session_key(forth) == session_key(back)


def test_the_key_is_stable() -> None:
    """A change of this value signs everybody out: raise the version in `keys` when that is meant."""
    assert session_key(BASE) == "1f02783074c70e0a019ea9f17cda311f1d02f90733d20b01932f53101a22dafa"


def test_one_sign_in_per_issuer_and_client() -> None:
    keys = {login_key("https://a", "b"), login_key("https://ab", ""), login_key("https://a", "c")}
    assert len(keys) == 3
    keys |= {login_key("https://a", "b", username="u"), login_key("https://a", "b", username="v")}
    assert len(keys) == 5
    assert all(re.fullmatch("login-[0-9a-f]{64}", key) for key in keys)
    assert login_key("https://a", "b", username="") in keys


def test_any_text_has_a_key() -> None:
    assert re.fullmatch("[0-9a-f]{64}", session_key(with_provider(client_id="ü\udcff\x00")))
