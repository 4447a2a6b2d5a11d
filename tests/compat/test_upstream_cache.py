"""int128/kubelogin's unit tests of get-token, its cache and its tokens, as black-box rows by their names."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compat.plugin import PASSWORD_GRANT, Plugin, claims, failed, token
from tests.support import command
from tests.support.scripted_provider import Answer, ScriptedProvider, signing_key


def test_no_cache(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert claims(plugin.run(*PASSWORD_GRANT))["sub"] == "SUBJECT"
    assert len(plugin.provider.token_requests) == 1


def test_storage_none(plugin_at: Callable[..., Plugin]) -> None:
    """Nothing is read, nothing is written, each call signs in."""
    plugin = plugin_at()
    for _ in range(2):
        assert token(plugin.run(*PASSWORD_GRANT, "--token-cache-storage=none"))
    assert len(plugin.provider.token_requests) == 2
    assert not plugin.cache.exists()


def test_ropc_username_in_the_key(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    first = plugin.run("--username=USER1", "--password=PASS1")
    second = plugin.run("--username=USER2", "--password=PASS1")
    assert [one.form["username"] for one in plugin.provider.token_requests] == ["USER1", "USER2"]
    assert token(plugin.run("--username=USER1", "--password=PASS1")) == token(first) != token(second)
    assert len(plugin.provider.token_requests) == 2


def test_a_valid_token_needs_no_authentication(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    first = plugin.run(*PASSWORD_GRANT)
    plugin.provider.forget()
    assert token(plugin.run(*PASSWORD_GRANT)) == token(first)
    assert plugin.provider.seen == []


def test_an_authentication_error_prints_nothing_and_releases_the_lock(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.answers = [Answer(error="invalid_grant", status=400)]
    failed(plugin.run(*PASSWORD_GRANT), "error: get-token: ")
    plugin.provider.forget()
    # Whoever asks for it by hand gets the next attempt at once.
    words = ["login", *plugin.words(*PASSWORD_GRANT)[1:]]
    done = command.run(*words, home=plugin.home, deadline=20)
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert len(plugin.provider.token_requests) == 1


PARAMS = "--oidc-auth-request-extra-params"
KEYS = {
    "different extra params differ": (["audience=a"], ["audience=b"], 2),
    "equal are equal": (["audience=a"], ["audience=a"], 1),
    "two in another order are equal": (["a=1,b=2"], ["b=2,a=1"], 1),
    "none and some differ": ([], ["audience=a"], 2),
}


@pytest.mark.parametrize(("first", "second", "sign_ins"), KEYS.values(), ids=KEYS)
def test_cache_key(first: list[str], second: list[str], sign_ins: int, plugin_at: Callable[..., Plugin]) -> None:
    """Two entries are where int128/kubelogin's key is random."""
    plugin = plugin_at()
    for params in (first, second):
        assert token(plugin.run(*PASSWORD_GRANT, *(f"{PARAMS}={param}" for param in params)))
    assert len(plugin.provider.token_requests) == sign_ins


def test_cache_content(plugin_at: Callable[..., Plugin]) -> None:
    """Files of the session's own have the refresh token, for nobody else to read; the finished answer has not."""
    plugin = plugin_at()
    assert token(plugin.run(*PASSWORD_GRANT))
    (session,) = plugin.cache.glob("session-*.json")
    kept = json.loads(session.read_bytes())
    assert kept["refresh_token"] == "YOUR_REFRESH_TOKEN"
    holders = [path for path in plugin.cache.iterdir() if b"YOUR_REFRESH_TOKEN" in path.read_bytes()]
    assert session in holders
    assert all(path.name.startswith(session.name) for path in holders)
    assert {path.stat().st_mode & 0o777 for path in holders} == {0o600}


# Tokens, as standalone mode has them in the kubeconfig.


def kubeconfig(path: Path, provider: ScriptedProvider, id_token: str) -> Path:
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: {cluster: x, user: u}\n"
        "users:\n- name: u\n  user:\n    auth-provider:\n      name: oidc\n      config:\n"
        f"        idp-issuer-url: {provider.issuer}\n        client-id: kubernetes\n        id-token: {id_token}\n",
        encoding="utf-8",
    )
    return path


TOKENS = {"decoded and not expired": (3600, True), "expired": (-10, False), "bad payload": (None, False)}


@pytest.mark.parametrize(("lifetime", "serves"), TOKENS.values(), ids=TOKENS)
def test_jwt(lifetime: int | None, serves: bool, plugin_at: Callable[..., Plugin], tmp_path: Path) -> None:
    plugin = plugin_at()
    kept = "a.b.c"
    if lifetime is not None:
        kept = plugin.provider.id_token(Answer(lifetime), None)
        assert kept.startswith(signing_key().mint({}).partition(".")[0])
    path = kubeconfig(tmp_path / "config", plugin.provider, kept)
    done = command.run("--kubeconfig", path, *PASSWORD_GRANT, home=plugin.home)
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert (done.stderr == "") == serves
    assert (kept in path.read_text(encoding="utf-8")) == serves
    assert len(plugin.provider.token_requests) == (0 if serves else 1)
