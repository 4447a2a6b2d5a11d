"""int128/kubelogin's unit tests of the kubeconfig, as black-box rows of standalone mode by their names."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compat.plugin import PASSWORD_GRANT, Plugin
from tests.support import command
from tests.support.command import Result


def write(
    path: Path, *, users: dict[str, dict[str, str]], current: str = "", contexts: dict[str, str] | None = None
) -> Path:
    """Write a kubeconfig; a user with no keys is one of another kind."""
    found = [
        {"name": name, "user": {"auth-provider": {"name": "oidc", "config": keys}} if keys else {"token": "t"}}
        for name, keys in users.items()
    ]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "contexts": [
            {"name": name, "context": {"cluster": "x", "user": user}} for name, user in (contexts or {}).items()
        ],
        "users": found,
    }
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def keys_of(path: Path, user: str) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    entry = next(entry for entry in document["users"] if entry["name"] == user)
    return dict(entry["user"]["auth-provider"]["config"])


@pytest.fixture
def root(plugin_at: Callable[..., Plugin]) -> tuple[Plugin, Callable[..., Result]]:
    """Return the plugin and a way to run the program without a command."""
    plugin = plugin_at()

    def run(*words: str | Path, env: dict[str, str] | None = None) -> Result:
        return command.run(*words, *PASSWORD_GRANT, home=plugin.home, env=env)

    return plugin, run


def keys(plugin: Plugin, client: str = "kubernetes", **more: str) -> dict[str, str]:
    return {"idp-issuer-url": plugin.provider.issuer, "client-id": client, **more}


@pytest.mark.parametrize("first", ["one", "two"])
def test_merge_order(first: str, root: tuple[Plugin, Callable[..., Result]], tmp_path: Path) -> None:
    """Of two files with the same user the first one counts, and is written to."""
    plugin, run = root
    for name in ("one", "two"):
        users = {"u": keys(plugin, **{"extra-scopes": name})}
        write(tmp_path / name, users=users, current="c", contexts={"c": "u"})
    second = "two" if first == "one" else "one"
    done = run(env={"KUBECONFIG": os.pathsep.join(str(tmp_path / name) for name in (first, second))})
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert plugin.provider.token_requests[0].form["scope"] == f"{first} openid"
    assert "id-token" in keys_of(tmp_path / first, "u")
    assert "id-token" not in keys_of(tmp_path / second, "u")


CHOICES: dict[str, tuple[list[str], str]] = {
    "current context": ([], "a"),
    "by context": (["--context=second"], "b"),
    "by user": (["--user=c"], "c"),
    "user wins over context": (["--user=c", "--context=second"], "c"),
}


@pytest.mark.parametrize(("flags", "user"), CHOICES.values(), ids=CHOICES)
def test_choice(flags: list[str], user: str, root: tuple[Plugin, Callable[..., Result]], tmp_path: Path) -> None:
    plugin, run = root
    users = {name: keys(plugin) for name in "abc"}
    path = write(tmp_path / "config", users=users, current="first", contexts={"first": "a", "second": "b"})
    done = run("--kubeconfig", path, *flags, "-v1")
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert f'using the authentication provider of user "{user}" in {path}\n' in done.stderr
    assert [name for name in "abc" if "id-token" in keys_of(path, name)] == [user]


def test_root_defaults(root: tuple[Plugin, Callable[..., Result]]) -> None:
    """The file that kubectl uses by default, and its current context."""
    plugin, run = root
    path = plugin.home / ".kube/config"
    path.parent.mkdir(parents=True)
    write(path, users={"u": keys(plugin)}, current="c", contexts={"c": "u"})
    done = run()
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert "id-token" in keys_of(path, "u")


FAULTS: dict[str, tuple[dict[str, dict[str, str]], str]] = {
    "no such user": ({}, "u"),
    "not oidc": ({"u": {}}, "auth-provider"),
    "no issuer": ({"u": {"client-id": "x"}}, "idp-issuer-url"),
    "no client": ({"u": {"idp-issuer-url": "https://x"}}, "client-id"),
}


@pytest.mark.parametrize(("users", "message"), FAULTS.values(), ids=FAULTS)
def test_no_config(
    users: dict[str, dict[str, str]], message: str, root: tuple[Plugin, Callable[..., Result]], tmp_path: Path
) -> None:
    plugin, run = root
    path = write(tmp_path / "config", users=users, current="c", contexts={"c": "u"})
    before = path.read_bytes()
    done = run("--kubeconfig", path)
    assert (done.code, done.stdout) == (1, "")
    assert message in done.stderr
    assert path.read_bytes() == before
    assert plugin.provider.seen == []


WRITTEN: dict[str, dict[str, str]] = {
    "minimum": {},
    "full": {
        "client-secret": "S",
        "extra-scopes": "email,profile",
        "id-token": "YOUR_ID_TOKEN",
        "refresh-token": "YOUR_OLD_TOKEN",
    },
}


@pytest.mark.parametrize("more", WRITTEN.values(), ids=WRITTEN)
def test_write(more: dict[str, str], root: tuple[Plugin, Callable[..., Result]], tmp_path: Path) -> None:
    """Both tokens are new, and nothing else of the keys has changed."""
    plugin, run = root
    path = write(tmp_path / "config", users={"u": keys(plugin, **more)}, current="c", contexts={"c": "u"})
    done = run("--kubeconfig", path)
    assert (done.code, done.stdout) == (0, ""), done.stderr
    written = keys_of(path, "u")
    assert written.pop("id-token").count(".") == 2
    assert written.pop("refresh-token") == "YOUR_REFRESH_TOKEN"
    tokens = {"id-token", "refresh-token"}
    assert written == {name: value for name, value in keys(plugin, **more).items() if name not in tokens}
