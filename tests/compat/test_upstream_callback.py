"""The end-to-end tests of int128/oauth2cli, on which int128/kubelogin stands, as rows by their names."""

import socket
import time
from collections.abc import Callable

import pytest

from tests.compat.plugin import Plugin, claims, failed, token
from tests.support import command
from tests.support.processes import free_port
from tests.support.scripted_provider import Answer


def test_happy_path(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert claims(plugin.run())["sub"] == "SUBJECT"
    assert plugin.page.startswith("200 ")


def test_success_redirect(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run("--open-url-after-authentication=https://example.com/success"))
    assert '<meta http-equiv="refresh" content="0;URL=https://example.com/success">' in plugin.page


def test_failure_page(plugin_at: Callable[..., Plugin]) -> None:
    """Theirs can send the browser elsewhere after a failure; kubelogin has no flag for it. A page says what failed."""
    plugin = plugin_at()
    plugin.provider.answers = [Answer(error="invalid_grant")]
    failed(plugin.run("--open-url-after-authentication=https://example.com/success"), "invalid_grant")
    assert plugin.page.startswith("400 ")
    assert "Sign-in failed" in plugin.page
    assert "example.com/success" not in plugin.page


def test_error_in_the_callback(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.callback_error = "server_error"
    failed(plugin.run(), "error: get-token: ", "server_error")
    assert plugin.provider.token_requests == []


def test_error_in_a_callback_that_is_not_ours(plugin_at: Callable[..., Plugin]) -> None:
    """Theirs ends the login. Ours refuses it, without its words, and goes on waiting."""
    plugin = plugin_at()
    plugin.provider.callback_error, plugin.provider.wrong_state = "server_error", True
    failed(plugin.run("--authentication-timeout-sec=4"), "not finished in time")
    assert plugin.page.startswith("400 ")
    assert "server_error" not in plugin.page


def test_error_from_the_token_endpoint(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.answers = [Answer(error="invalid_request", status=400)]
    failed(plugin.run(), "error: get-token: ", "invalid_request")
    assert len(plugin.provider.token_requests) == 1


@pytest.mark.parametrize("path", ["/callback", "/a/b/c", "/", ""])
def test_callback_path(path: str, plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    port = free_port()
    redirect = f"http://localhost:{port}{path}"
    done = plugin.run(f"--listen-address=127.0.0.1:{port}", f"--oidc-redirect-url={redirect}", listen=False)
    assert token(done)
    assert plugin.provider.sign_ins[0]["redirect_uri"] == redirect
    assert plugin.provider.token_requests[0].form["redirect_uri"] == redirect
    assert plugin.page.startswith("200 ")


def test_port_fallback(plugin_at: Callable[..., Plugin]) -> None:
    """The first address that can be had."""
    plugin = plugin_at()
    second = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = taken.getsockname()[1]
        addresses = f"--listen-address=127.0.0.1:{first},127.0.0.1:{second}"
        assert token(plugin.run(addresses, listen=False))
    assert plugin.provider.sign_ins[0]["redirect_uri"] == f"http://localhost:{second}"


def test_pkce(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run("--oidc-pkce-method=S256"))
    assert 43 <= len(plugin.provider.token_requests[0].form["code_verifier"]) <= 128


def test_timeout_while_waiting_for_the_browser(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    done = plugin.run("--authentication-timeout-sec=1", "--browser-command=/bin/true", browser=False)
    failed(done, "error: get-token: ", "not finished in time")
    assert done.seconds < 15


def test_timeout_of_nothing_is_over_at_once(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    started = time.monotonic()
    done = plugin.run("--authentication-timeout-sec=0", "--skip-open-browser", browser=False)
    failed(done, "not finished in time")
    assert time.monotonic() - started < 15


STRANGERS = {"another path": ("GET", "/other", "404"), "a form": ("POST", "/", "405"), "no state": ("GET", "/", "400")}


@pytest.mark.parametrize(("method", "path", "status"), STRANGERS.values(), ids=STRANGERS)
def test_what_is_not_the_answer(method: str, path: str, status: str, plugin_at: Callable[..., Plugin]) -> None:
    """It is refused, and the sign-in goes on."""
    plugin = plugin_at()
    port = free_port()
    with plugin.terminal("--skip-open-browser", f"--listen-address=127.0.0.1:{port}", listen=False) as terminal:
        url = terminal.read_until(r"Please visit the following URL in your browser: (\S+)\n")[1]
        terminal.read_until("waiting up to")
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
            assert connection.recv(4096).split()[1].decode() == status
        command.run(url, home=plugin.home, command=plugin.browser)
        done = terminal.wait()
    assert token(done)
