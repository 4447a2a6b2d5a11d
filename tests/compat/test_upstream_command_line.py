"""int128/kubelogin's unit tests of the command line and exec info, as black-box rows by their names."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.compat.plugin import EXEC_INFO, PASSWORD_GRANT, Plugin, claims, credential, failed, token
from tests.support import command
from tests.support.certificates import Certificates
from tests.support.network import own_network, require_ports
from tests.support.scripted_provider import ACCESS_TOKEN


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


STRAY = {
    "root with a stray argument": (["some"], 'unknown command "some" for "kubelogin"'),
    "get-token with a stray argument": (["get-token", "some"], 'unknown command "some" for "kubelogin get-token"'),
    "missing issuer": (["get-token", "--oidc-client-id=x"], "--oidc-issuer-url is missing"),
    "missing client": (["get-token", "--oidc-issuer-url=https://x"], "--oidc-client-id is missing"),
}


@pytest.mark.parametrize(("words", "message"), STRAY.values(), ids=STRAY)
def test_refused(words: list[str], message: str, home: Path) -> None:
    done = command.run(*words, home=home)
    assert (done.code, done.stdout, done.stderr) == (1, "", f"error: {message}\n")


@pytest.fixture
def default_ports() -> Iterator[None]:
    """Make both default ports free; asked for before anything that listens."""
    with own_network():
        require_ports(8000, 18000)
        yield


@pytest.fixture
def taken(default_ports: None) -> Iterator[list[int]]:
    """Hold both default ports."""
    with ExitStack() as held:
        for port in (8000, 18000):
            held.enter_context(socket.create_server(("127.0.0.1", port)))
        yield [8000, 18000]


@pytest.mark.xdist_group("fixed-ports")
def test_get_token_defaults_two_addresses(taken: list[int], plugin_at: Callable[..., Plugin]) -> None:
    done = plugin_at().run(listen=False)
    failed(done, *(f"127.0.0.1:{port} (127.0.0.1: in use by process {os.getpid()} (" for port in taken))
    failed(done, "no available port")


@pytest.mark.xdist_group("fixed-ports")
def test_get_token_defaults_180_seconds_and_the_first_address(
    default_ports: None, plugin_at: Callable[..., Plugin]
) -> None:
    with plugin_at().terminal("--skip-open-browser", listen=False, browser=False) as terminal:
        shown = terminal.read_until(r"waiting up to (\d+) seconds for the answer at (\S+)\n")
        terminal.interrupt()
        done = terminal.wait(deadline=10)
    assert shown.groups() == ("180", "http://localhost:8000")
    assert done.code == 130


def test_get_token_defaults_cache_in_the_home_directory(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run(*PASSWORD_GRANT))
    assert list(plugin.cache.glob("session-*.json"))


def test_get_token_full_options(plugin_at: Callable[..., Plugin], certificates: Certificates, tmp_path: Path) -> None:
    """Everything at once; what reaches the provider and the browser is what was said."""
    plugin = plugin_at(https=True)
    data = subprocess.run(["base64", "-w0", certificates.ca], capture_output=True, text=True, check=True).stdout
    done = plugin.run(
        "--oidc-client-secret=YOUR_CLIENT_SECRET",
        "--oidc-extra-scope=email",
        "--oidc-extra-scope=profile",
        "--oidc-pkce-method=S256",
        "--oidc-auth-request-extra-params=ttl=86400,reauth=false",
        "--oidc-request-header=X-Tenant=one",
        f"--certificate-authority={certificates.other_ca}",
        f"--certificate-authority-data={data}",
        "--tls-renegotiation-once",
        "--grant-type=authcode",
        "--authentication-timeout-sec=10",
        "--open-url-after-authentication=https://example.com/success",
        "--username=USER",
        "--password=PASS",
        f"--token-cache-dir={tmp_path / 'elsewhere'}",
        "--token-cache-storage=disk",
        "--force-refresh",
        "-v1",
    )
    assert claims(done)["sub"] == "SUBJECT"
    (asked,) = plugin.provider.sign_ins
    assert asked["scope"] == "email profile openid"
    assert (asked["ttl"], asked["reauth"]) == ("86400", "false")
    assert {one.headers.get("x-tenant") for one in plugin.provider.seen if one.path != "/auth"} == {"one"}
    (sent,) = plugin.provider.token_requests
    assert sent.basic == ("kubernetes", "YOUR_CLIENT_SECRET")
    assert "username" not in sent.form
    assert "URL=https://example.com/success" in plugin.page
    assert list((tmp_path / "elsewhere").glob("session-*.json"))
    assert not plugin.cache.exists()


def test_get_token_access_token(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run("--oidc-use-access-token", *PASSWORD_GRANT)) == ACCESS_TOKEN


def test_home_expansion(plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:
    """``~`` in all four flags that name files."""
    plugin = plugin_at(https=True)
    files = {"ca.crt": certificates.ca, "cb.crt": certificates.server.certificate, "cb.key": certificates.server.key}
    for name, file in files.items():
        (plugin.home / name).write_bytes(file.read_bytes())
    done = plugin.run(
        "--certificate-authority=~/ca.crt",
        "--local-server-cert=~/cb.crt",
        "--local-server-key=~/cb.key",
        "--token-cache-dir=~/my-cache",
    )
    assert token(done)
    assert plugin.provider.sign_ins[0]["redirect_uri"].startswith("https://localhost:")
    assert list((plugin.home / "my-cache").glob("session-*.json"))


def test_setup_without_flags(home: Path) -> None:
    done = command.run("setup", home=home)
    assert (done.code, done.stderr) == (0, "")
    assert "--oidc-issuer-url" in done.stdout


def test_setup_two_scopes_in_one_flag_are_two_changed_flags(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    words = ["setup", *plugin.words("--oidc-extra-scope=email,profile", *PASSWORD_GRANT)[1:]]
    done = command.run(*words, home=plugin.home)
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert "  --exec-arg=--oidc-extra-scope=email \\\n  --exec-arg=--oidc-extra-scope=profile \\\n" in done.stderr


# Exec info.

EXEC_INFOS = {
    "empty": ({}, "v1beta1"),
    "empty text": ({"KUBERNETES_EXEC_INFO": ""}, "v1beta1"),
    "v1": (EXEC_INFO, "v1"),
}


@pytest.mark.parametrize(("env", "version"), EXEC_INFOS.values(), ids=EXEC_INFOS)
def test_exec_info(env: dict[str, str], version: str, plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    done = command.run(*plugin.words(*PASSWORD_GRANT), home=plugin.home, env=env)
    assert credential(done)["apiVersion"] == f"client.authentication.k8s.io/{version}"


def test_exec_info_invalid_json(plugin_at: Callable[..., Plugin]) -> None:
    """Before anything is sent."""
    plugin = plugin_at()
    done = plugin.run(*PASSWORD_GRANT, env={"KUBERNETES_EXEC_INFO": "{"})
    failed(done, "error: get-token: invalid KUBERNETES_EXEC_INFO")
    assert plugin.provider.seen == []
