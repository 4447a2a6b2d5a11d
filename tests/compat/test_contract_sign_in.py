"""The sign-in in the browser, row by row, at a provider that notes what it is sent.

Rows that say "differs" hold what was decided otherwise; ``docs/migrating.md`` explains each.
"""

import re
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.compat.plugin import Plugin, failed, token
from tests.support.certificates import Certificates
from tests.support.processes import free_port
from tests.support.scripted_provider import CODE

PARAMS = "--oidc-auth-request-extra-params"


def test_1_8_parameters(plugin_at: Callable[..., Plugin]) -> None:
    """1 and 6: all of them, sorted; state and nonce of 32 bytes each, a verifier of 43 characters."""
    plugin = plugin_at()
    assert token(plugin.run("--oidc-extra-scope=email"))
    (asked,) = plugin.provider.sign_ins
    assert list(asked) == sorted(asked)
    assert {name: asked[name] for name in ("response_type", "client_id", "scope", "access_type")} == {
        "response_type": "code",
        "client_id": "kubernetes",
        "scope": "email openid",
        "access_type": "offline",
    }
    assert asked["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert re.fullmatch(r"[\w-]{43}", asked[name])
    (redeemed,) = plugin.provider.token_requests
    assert re.fullmatch(r"[\w-]{43}", redeemed.form["code_verifier"])
    assert (redeemed.form["code"], redeemed.form["redirect_uri"]) == (CODE, asked["redirect_uri"])


REDIRECTS = {
    "1.8 3: port 0": "127.0.0.1:0",
    "1.8 3: localhost whatever the address": "[::1]:0",
    "1.8 3: another loopback address": "127.0.0.2:0",
    "1.8 3: the name": "localhost:0",
}


@pytest.mark.parametrize("address", REDIRECTS.values(), ids=REDIRECTS)
def test_redirect_uri(address: str, plugin_at: Callable[..., Plugin]) -> None:
    """``http://localhost:PORT`` and no slash after it."""
    plugin = plugin_at()
    assert token(plugin.run(f"--listen-address={address}", listen=False))
    assert re.fullmatch(r"http://localhost:\d+", plugin.provider.sign_ins[0]["redirect_uri"])


def test_1_8_2_addresses_in_order(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    first, second = free_port(), free_port()
    assert token(plugin.run(f"--listen-address=127.0.0.1:{first},127.0.0.1:{second}", listen=False))
    assert plugin.provider.sign_ins[0]["redirect_uri"] == f"http://localhost:{first}"


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", ""])
def test_1_8_2_differs_an_address_of_the_network_needs_a_word(host: str, plugin_at: Callable[..., Plugin]) -> None:
    """As in a container whose port is published: with the word for it, the kubeconfig works as it is."""
    plugin, port = plugin_at(), free_port()
    words = [f"--listen-address={host}:{port}"]
    failed(plugin.run(*words, listen=False), "error: get-token: ", "not on the loopback interface")
    assert plugin.provider.sign_ins == []
    done = plugin.run(*words, listen=False, env={"KUBELOGIN_REMOTE_CALLBACK": "1"})
    assert token(done)
    assert plugin.provider.sign_ins[0]["redirect_uri"] == f"http://localhost:{port}"
    assert done.stderr.count("warning: ") == 1
    assert "over a network" in done.stderr


def test_1_8_3_differs_a_redirect_url_elsewhere_needs_a_word(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    words = ["--oidc-redirect-url=https://login.example.com/callback", "--authentication-timeout-sec=2"]
    failed(plugin.run(*words), "error: get-token: ", "not on this machine")
    # The page of the browser leads elsewhere; that it was asked for is enough.
    done = plugin.run(*words, "--allow-remote-callback", "--browser-command=/bin/true", browser=False)
    failed(done, "in time")


@pytest.mark.parametrize("only", ["cert", "key"])
def test_1_8_3_one_of_certificate_and_key(
    only: str, plugin_at: Callable[..., Plugin], certificates: Certificates
) -> None:
    plugin = plugin_at()
    files = {"cert": certificates.server.certificate, "key": certificates.server.key}
    failed(plugin.run(f"--local-server-{only}={files[only]}"), "error: get-token: ", "--local-server-")
    assert plugin.provider.sign_ins == []


def test_1_8_5_differs_the_browser_goes_to_the_provider(plugin_at: Callable[..., Plugin]) -> None:
    """A person elsewhere can follow the URL that is shown; theirs leads to this machine."""
    with plugin_at().terminal("--skip-open-browser", browser=False) as terminal:
        shown = terminal.read_until(r"Please visit the following URL in your browser: (\S+)\n")[1]
        terminal.interrupt()
        terminal.wait(deadline=10)
    assert urlsplit(shown).path == "/auth"


def test_1_8_6_extra_parameters(plugin_at: Callable[..., Plugin]) -> None:
    """They are added, and replace what the sign-in does not depend on."""
    plugin = plugin_at()
    assert token(plugin.run(f"{PARAMS}=prompt=consent,access_type=online"))
    (asked,) = plugin.provider.sign_ins
    assert (asked["prompt"], asked["access_type"]) == ("consent", "online")


@pytest.mark.parametrize("name", ["state", "nonce", "redirect_uri", "client_id", "code_challenge", "response_type"])
def test_1_8_6_differs_what_the_sign_in_depends_on_stays(name: str, plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    failed(plugin.run(f"{PARAMS}={name}=x"), "error: get-token: ", f"extra parameter {name} is refused")
    assert plugin.provider.sign_ins == []


def test_1_8_9_differs_nobody_waits_for_the_browser_to_end(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    lasting = plugin.home / "lasting"
    lasting.write_text(f'#!/bin/sh\n"{plugin.browser}" "$@"\nexec sleep 30\n', encoding="utf-8")
    lasting.chmod(0o755)
    done = plugin.run(f"--browser-command={lasting}", browser=False)
    assert token(done)
    assert done.seconds < 20


def test_1_8_10_the_timeout_is_of_the_sign_in(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    started = time.monotonic()
    failed(plugin.run("--authentication-timeout-sec=1", "--browser-command=/bin/true", browser=False), "in time")
    assert time.monotonic() - started < 15


PKCE: dict[str, tuple[list[str], list[str] | None, bool]] = {
    "auto, S256 advertised": ([], ["plain", "S256"], True),
    "auto, plain advertised, differs": ([], ["plain"], True),
    "auto, nothing advertised, differs": ([], None, True),
    "no": (["--oidc-pkce-method=no"], ["S256"], False),
    "S256": (["--oidc-pkce-method=S256"], None, True),
}


@pytest.mark.parametrize(("words", "advertised", "sent"), PKCE.values(), ids=[f"1.8 PKCE: {row}" for row in PKCE])
def test_pkce(words: list[str], advertised: list[str] | None, sent: bool, plugin_at: Callable[..., Plugin]) -> None:
    """Plain is never used."""
    plugin = plugin_at(code_challenge_methods_supported=advertised)
    assert token(plugin.run(*words))
    assert plugin.provider.sign_ins[0].get("code_challenge_method") == ("S256" if sent else None)
