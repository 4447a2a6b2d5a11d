"""A cache directory that int128/kubelogin wrote gives a token without a sign-in, and is left as it is."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubelogin_py.compat.upstream_keys import UpstreamOptions, cache_keys
from tests.support import command
from tests.support.processes import free_port
from tests.support.providers import EMBEDDED, Provider
from tests.support.relying_party import RelyingParty

StartProvider = Callable[..., Provider]
SCOPES = ("groups", "openid", "email", "profile")
"""In an order and with a repetition that only the name of the session knows."""


@dataclass
class Left:
    """What kubelogin left behind.

    :param path: the file.
    :param tokens: what the provider issued to it.
    """

    path: Path
    tokens: dict[str, Any]

    def __post_init__(self) -> None:
        self.content = json.dumps({name: self.tokens[name] for name in ("id_token", "refresh_token")})
        self.path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.path.write_text(self.content)
        self.path.chmod(0o600)
        self.lock = self.path.with_suffix(".lock")
        self.lock.touch(mode=0o600)
        self.before = self.path.stat()

    def is_untouched(self) -> bool:
        """Whether both files are as they were."""
        now = self.path.stat()
        same = (now.st_mtime_ns, now.st_ino, now.st_mode) == (
            self.before.st_mtime_ns, self.before.st_ino, self.before.st_mode,
        )  # fmt: skip
        return same and self.path.read_text() == self.content and self.lock.read_bytes() == b""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def leave(provider: Provider, home: Path, directory: Path | None = None) -> Left:
    """Sign in as kubelogin would have, and keep the session as it does."""
    tokens = RelyingParty(provider).sign_in()
    options = UpstreamOptions(
        provider.issuer, "kubernetes", scopes=SCOPES, certificate_authorities=(str(home / "ca.crt"),)
    )
    (name,) = cache_keys(options)
    home.mkdir(exist_ok=True)
    (home / "ca.crt").write_bytes(provider.ca.read_bytes() if provider.ca else b"")
    left = Left((directory or home / ".kube/cache/oidc-login") / name, tokens)
    provider.forget()
    return left


@functools.cache
def port_of(home: Path) -> int:
    """Return one port for each home: tests run side by side, and the usual ports are for two of them."""
    return free_port()


def get_token(provider: Provider, home: Path, *more: str) -> command.Result:
    """Run the plugin where any sign-in would fail."""
    return command.run(
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        "--oidc-client-id=kubernetes",
        f"--oidc-extra-scope={','.join(SCOPES)}",
        "--certificate-authority=~/ca.crt",
        "--browser-command=/nonexistent/browser",
        "--authentication-timeout-sec=1",
        f"--listen-address=127.0.0.1:{port_of(home)}",
        *more,
        home=home,
        # With storage none a failed sign-in is remembered there, and other tests have the same provider.
        env={"TMPDIR": str(home)},
    )


def token(done: command.Result) -> str:
    assert done.code == 0, done.stderr
    found: str = json.loads(done.stdout)["status"]["token"]
    return found


def test_a_live_session_gives_its_token_without_a_request(started_provider: StartProvider, home: Path) -> None:
    provider = started_provider(EMBEDDED)
    left = leave(provider, home)
    done = get_token(provider, home)
    assert token(done) == left.tokens["id_token"]
    assert provider.count() == 0
    assert done.stderr.count("int128/kubelogin") == 1
    assert left.is_untouched()


def test_afterwards_it_is_our_own(started_provider: StartProvider, home: Path) -> None:
    """Nothing more is said, and int128's file is not needed any more."""
    provider = started_provider(EMBEDDED)
    left = leave(provider, home)
    first = get_token(provider, home)
    left.path.unlink()
    second = get_token(provider, home)
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_an_expired_session_takes_one_refresh(started_provider: StartProvider, home: Path) -> None:
    """Its ID token lives three seconds, less than any margin: it has expired from the start."""
    provider = started_provider(EMBEDDED, id_token_ttl=3)
    left = leave(provider, home)
    done = get_token(provider, home)
    assert token(done) != left.tokens["id_token"]
    assert provider.count("token_endpoint") == 1
    assert provider.count("authorization_endpoint") == 0
    assert left.is_untouched()


def test_in_another_directory(started_provider: StartProvider, home: Path, tmp_path: Path) -> None:
    provider = started_provider(EMBEDDED)
    left = leave(provider, home, tmp_path / "elsewhere")
    done = get_token(provider, home, f"--token-cache-dir={tmp_path / 'elsewhere'}")
    assert token(done) == left.tokens["id_token"]


def test_its_lock_is_respected(started_provider: StartProvider, home: Path) -> None:
    """While kubelogin is at work its file is not read; after a while we go on without."""
    import fcntl

    provider = started_provider(EMBEDDED)
    left = leave(provider, home)
    with left.lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = get_token(provider, home)
    assert done.code == 1
    assert "int128/kubelogin" not in done.stderr
    assert left.is_untouched()
    assert token(get_token(provider, home)) == left.tokens["id_token"]


@pytest.mark.parametrize("more", ["--token-cache-storage=none", "--oidc-redirect-url=http://localhost:8000"])
def test_other_storage_or_options_find_nothing(started_provider: StartProvider, home: Path, more: str) -> None:
    provider = started_provider(EMBEDDED)
    left = leave(provider, home)
    done = get_token(provider, home, more)
    assert (done.code, done.stdout) == (1, "")
    assert left.is_untouched()


@pytest.mark.parametrize("content", ["", "{", '{"id_token":"a.b.c"}', "[]"])
def test_a_damaged_session_is_no_error(started_provider: StartProvider, home: Path, content: str) -> None:
    provider = started_provider(EMBEDDED)
    left = leave(provider, home)
    left.path.write_text(content)
    done = get_token(provider, home)
    assert "not finished in time" in done.stderr
    assert left.path.read_text() == content
