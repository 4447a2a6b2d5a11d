"""int128/kubelogin's integration tests of the credential plugin, each row by its name, against our executable.

The rows of standalone mode and ``clean`` are in ``tests/end_to_end``. Where theirs let a clock run, tokens of five
seconds take its place: the plugin counts them as expired from the start, as it keeps a margin.
"""

import base64
import hashlib
from collections.abc import Callable

import pytest

from tests.compat.plugin import Plugin, claims, credential, expiry, token
from tests.support.certificates import Certificates
from tests.support.scripted_provider import Answer

EXPIRED = 5
"""Seconds of a token that has served its time when it is issued."""

MARGIN = 30
"""Seconds that a token of an hour is not handed out for, at its end."""

SCHEMES = pytest.mark.parametrize("scheme", ["NoTLS", "TLS"])


def trust(scheme: str, certificates: Certificates) -> list[str]:
    return ["--certificate-authority", str(certificates.ca)] if scheme == "TLS" else []


@SCHEMES
def test_AuthCode(scheme: str, plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:  # noqa: N802 -- the row's name
    plugin = plugin_at(https=scheme == "TLS")
    done = plugin.run(*trust(scheme, certificates))
    assert credential(done)["apiVersion"] == "client.authentication.k8s.io/v1"
    assert expiry(done) == claims(done)["exp"] - MARGIN
    (asked,) = plugin.provider.sign_ins
    assert asked["scope"] == "openid"
    assert asked["redirect_uri"].startswith("http://localhost:")
    assert asked["code_challenge_method"] == "S256"
    (redeemed,) = plugin.provider.token_requests
    assert redeemed.form["redirect_uri"] == asked["redirect_uri"]
    assert challenge_of(redeemed.form["code_verifier"]) == asked["code_challenge"]
    assert plugin.page.startswith("200 ")
    assert "Authenticated" in plugin.page


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@SCHEMES
def test_ROPC(scheme: str, plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:  # noqa: N802 -- the row's name
    plugin = plugin_at(https=scheme == "TLS")
    done = plugin.run("--username", "USER1", "--password", "PASS1", *trust(scheme, certificates))
    assert claims(done)["sub"] == "SUBJECT"
    (sent,) = plugin.provider.token_requests
    assert {name: sent.form[name] for name in ("username", "password", "scope")} == {
        "username": "USER1",
        "password": "PASS1",
        "scope": "openid",
    }
    assert not plugin.was_opened


LIFECYCLE = {
    "NoCache": [Answer(refresh_token="REFRESH_TOKEN_1")],
    "Valid": [Answer(refresh_token="REFRESH_TOKEN_1")],
    "Refresh": [Answer(EXPIRED, "REFRESH_TOKEN_1"), Answer(refresh_token="REFRESH_TOKEN_2")],
    "RefreshAgain": [
        Answer(EXPIRED, "REFRESH_TOKEN_1"),
        Answer(EXPIRED, "REFRESH_TOKEN_2"),
        Answer(refresh_token=None),
        # The token that came before is kept.
        Answer(refresh_token="REFRESH_TOKEN_4"),
    ],
}


@SCHEMES
@pytest.mark.parametrize("row", LIFECYCLE)
def test_Lifecycle(scheme: str, row: str, plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:  # noqa: N802 -- the row's name
    """The browser is used once; a good token costs no request; each refresh sends the newest refresh token."""
    plugin = plugin_at(https=scheme == "TLS")
    plugin.provider.answers = list(LIFECYCLE[row])
    trusting = trust(scheme, certificates)
    done = plugin.run(*trusting)
    assert plugin.was_opened
    plugin.provider.forget()
    if row == "Valid":
        again = plugin.run(*trusting)
        assert (token(again), plugin.provider.paths()) == (token(done), [])
    for number in range(1, len(LIFECYCLE[row])):
        renewed = plugin.run(*trusting, *(["--force-refresh"] if number == 3 else []))
        assert token(renewed) != token(done)
        assert plugin.provider.token_requests[-1].form["refresh_token"] == f"REFRESH_TOKEN_{min(number, 2)}"
        done = renewed
    assert plugin.provider.sign_ins == []
    assert plugin.provider.answers == []
    if row.startswith("Refresh"):
        assert expiry(done) == claims(done)["exp"] - MARGIN


def test_PKCE_not_supported(plugin_at: Callable[..., Plugin]) -> None:  # noqa: N802 -- the row's name
    """Theirs sends no challenge then. Ours does, as RFC 9700 wants, and has a switch for the old behaviour."""
    plugin = plugin_at(code_challenge_methods_supported=None)
    assert token(plugin.run())
    assert token(plugin.run("--oidc-pkce-method=no"))
    with_challenge, without = plugin.provider.sign_ins
    assert with_challenge["code_challenge_method"] == "S256"
    assert not {"code_challenge", "code_challenge_method"} & without.keys()
    assert "code_verifier" not in plugin.provider.token_requests[1].form


def test_PKCE_enforce(plugin_at: Callable[..., Plugin]) -> None:  # noqa: N802 -- the row's name
    plugin = plugin_at(code_challenge_methods_supported=None)
    done = plugin.run("--oidc-use-pkce")
    assert token(done)
    assert "Flag --oidc-use-pkce has been deprecated, " in done.stderr
    (asked,) = plugin.provider.sign_ins
    assert asked["code_challenge_method"] == "S256"


def test_TLSData(plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:  # noqa: N802 -- the row's name
    plugin = plugin_at(https=True)
    data = base64.b64encode(certificates.ca.read_bytes()).decode()
    assert token(plugin.run("--certificate-authority-data", data))


def test_ExtraScopes(plugin_at: Callable[..., Plugin]) -> None:  # noqa: N802 -- the row's name
    plugin = plugin_at()
    assert token(plugin.run("--oidc-extra-scope", "email", "--oidc-extra-scope", "profile"))
    (asked,) = plugin.provider.sign_ins
    assert asked["scope"] == "email profile openid"


def test_OpenURLAfterAuthentication(plugin_at: Callable[..., Plugin]) -> None:  # noqa: N802 -- the row's name
    plugin = plugin_at()
    assert token(plugin.run("--open-url-after-authentication", "https://example.com/success"))
    assert "URL=https://example.com/success" in plugin.page


def test_RedirectURLHTTPS(plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:  # noqa: N802 -- the row's name
    plugin = plugin_at()
    leaf = certificates.server
    done = plugin.run("--local-server-cert", str(leaf.certificate), "--local-server-key", str(leaf.key))
    assert token(done)
    (asked,) = plugin.provider.sign_ins
    assert asked["redirect_uri"].startswith("https://localhost:")
    assert "Authenticated" in plugin.page


def test_ExtraParams(plugin_at: Callable[..., Plugin]) -> None:  # noqa: N802 -- the row's name
    plugin = plugin_at()
    flag = "--oidc-auth-request-extra-params"
    assert token(plugin.run(flag, "ttl=86400", flag, "reauth=false"))
    (asked,) = plugin.provider.sign_ins
    assert (asked["ttl"], asked["reauth"]) == ("86400", "false")
