"""Flags and values that int128/kubelogin once had and 1.36 rejects: each has the meaning it had, row by row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubelogin_py.settings import PkceMethod, Storage
from tests.cli.calls import Application, call
from tests.compat.plugin import Plugin, token
from tests.compat.test_contract_get_token import of
from tests.compat.test_contract_parsing import MANDATORY, V1, asked
from tests.support.processes import free_port

ROWS: dict[str, tuple[list[str], str, object]] = {
    "--listen-port": (["--listen-port=8001"], "login.listen_addresses", ("127.0.0.1:8001",)),
    "--listen-port, several": (
        ["--listen-port=8001,8002", "--listen-port=8003"],
        "login.listen_addresses",
        ("127.0.0.1:8001", "127.0.0.1:8002", "127.0.0.1:8003"),
    ),
    "--listen-port replaces --listen-address": (
        ["--listen-port=8001", "--listen-address=127.0.0.1:1"],
        "login.listen_addresses",
        ("127.0.0.1:8001",),
    ),
    "--oidc-redirect-url-hostname": (
        ["--oidc-redirect-url-hostname=127.0.0.1"],
        "provider.redirect_host",
        "127.0.0.1",
    ),
    "--oidc-redirect-url-hostname, default": ([], "provider.redirect_host", "localhost"),
    "--oidc-redirect-url-authcode-keyboard": (
        ["--oidc-redirect-url-authcode-keyboard=http://localhost"],
        "provider.keyboard_redirect_url",
        "http://localhost",
    ),
    "--token-cache": (["--token-cache=/x/file"], "cache.directory", Path("/x/file.d")),
    "--oidc-use-pkce": (["--oidc-use-pkce"], "provider.pkce", PkceMethod.S256),
}


@pytest.mark.parametrize(("words", "field", "value"), ROWS.values(), ids=[f"1.12 {row}" for row in ROWS])
def test_value(words: list[str], field: str, value: object) -> None:
    assert of(field)(asked(*MANDATORY, *words)) == value


def test_1_12_token_cache_storage_auto() -> None:
    """The keyring where it will do, else the disk."""
    found: Any = asked(*MANDATORY, "--token-cache-storage=auto").cache.storage
    assert found in {getattr(Storage, "AUTO", None), Storage.DISK} - {None}


@pytest.mark.parametrize("value", ["auto", "disk", "keyring"])
def test_1_12_clean_token_cache_storage(value: str) -> None:
    application = Application()
    outcome = call("clean", f"--token-cache-storage={value}", application=application)
    assert outcome.code == 0, outcome.err
    assert application.asked[0] == (Path("/home/me/.kube/cache/oidc-login"), 0)
    assert (("keyring",) in application.asked) == (value != "disk")


@pytest.mark.parametrize("flag", ["--force-keyring", "--no-keyring"])
def test_1_12_never_released(flag: str) -> None:
    outcome = call(*MANDATORY, flag)
    assert (outcome.code, outcome.err) == (1, f"error: unknown flag: {flag}\n")


OLD = [
    "listen-port=1",
    "oidc-redirect-url-hostname=localhost",
    "oidc-redirect-url-authcode-keyboard=urn:x",
    "token-cache=/x",
]


@pytest.mark.parametrize("flag", OLD)
def test_1_12_an_old_flag_is_silent_until_asked_and_not_in_help(flag: str) -> None:
    name = flag.partition("=")[0]
    assert call(*MANDATORY, f"--{flag}", environment=V1).err == ""
    loud = call(*MANDATORY, f"--{flag}", "-v1", environment=V1).err
    assert loud.count(f"note: --{name} is an old name: ") == 1
    assert f"--{name} " not in call("get-token", "--help").out


@pytest.mark.parametrize("flag", OLD[:3])
@pytest.mark.parametrize("name", ["setup", ""], ids=["setup", "root"])
def test_1_12_the_other_commands_had_them_too(name: str, flag: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "current-context: c\ncontexts: [{name: c, context: {user: u}}]\nusers:\n- name: u\n  user: {auth-provider: "
        "{name: oidc, config: {idp-issuer-url: https://id.example.com, client-id: kubernetes}}}\n",
        encoding="utf-8",
    )
    first = ["setup", *MANDATORY[1:]] if name else ["--kubeconfig", str(config)]
    outcome = call(*first, f"--{flag}")
    assert outcome.code == 0, outcome.err


def test_1_12_a_redirect_host_of_old_is_in_the_request(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run("--oidc-redirect-url-hostname=127.0.0.1"))
    assert plugin.provider.sign_ins[0]["redirect_uri"].startswith("http://127.0.0.1:")


def test_1_12_a_port_of_old_is_listened_on(plugin_at: Callable[..., Plugin]) -> None:
    plugin, port = plugin_at(), free_port()
    assert token(plugin.run(f"--listen-port={port}", listen=False))
    assert plugin.provider.sign_ins[0]["redirect_uri"] == f"http://localhost:{port}"


def test_1_12_a_cache_file_of_old(plugin_at: Callable[..., Plugin], tmp_path: Path) -> None:
    """Its place is left alone; the sessions are beside it."""
    plugin = plugin_at()
    file = tmp_path / "oidc-login.token-cache"
    file.write_text("precious", encoding="utf-8")
    assert token(plugin.run(f"--token-cache={file}", "--username=U", "--password=P"))
    assert file.read_text(encoding="utf-8") == "precious"
    assert list(Path(f"{file}.d").glob("session-*.json"))
