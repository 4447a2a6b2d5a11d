"""Many plugins at once at a provider that revokes a session when a refresh token comes twice."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.storage.surroundings import disk_store
from tests.support import command
from tests.support.processes import free_port
from tests.support.providers import KINDS, Provider, sign_in_script


def get_token(provider: Provider, browser: Path) -> list[str]:
    return [
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        "--oidc-client-id=kubernetes",
        f"--certificate-authority={provider.ca}",
        f"--listen-address=127.0.0.1:{free_port()}",
        f"--browser-command={browser}",
    ]


def expire(home: Path) -> None:
    """Let the session that is kept be over, as if its time had come."""
    cache = home / ".kube/cache/oidc-login"
    store = disk_store(cache)
    for file in cache.glob("session-*.json"):
        key = file.stem.removeprefix("session-")
        session = store.load(key)
        assert session
        store.save(key, replace(session, expires_at=time.time() - 5))


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_processes_refresh_once(started_provider: Callable[..., Provider], tmp_path: Path, kind: str) -> None:
    """One refresh request, twenty identical answers, and the next refresh still works."""
    provider = started_provider(kind, refresh_latency=1)
    home = tmp_path / "home"
    words = get_token(provider, sign_in_script(tmp_path / "browser", ca=provider.ca))
    first = command.run(*words, home=home)
    assert first.code == 0, first.stderr
    expire(home)
    provider.forget()
    results = command.together([command.start(*words, home=home) for _ in range(20)])
    assert [result.code for result in results] == [0] * 20, [result.stderr for result in results]
    assert provider.count("token_endpoint") == 1
    assert len({result.stdout for result in results}) == 1
    assert results[0].stdout != first.stdout
    provider.forget()
    again = command.run(*words, "--force-refresh", home=home)
    assert again.code == 0, again.stderr
    assert provider.count("token_endpoint") == 1
    assert provider.count("authorization_endpoint") == 0


def test_twenty_processes_sign_in_once(started_provider: Callable[..., Provider], tmp_path: Path) -> None:
    """Without a session one browser opens; the others say why they wait and use its result."""
    provider = started_provider("embedded")
    home = tmp_path / "home"
    words = get_token(provider, sign_in_script(tmp_path / "browser", ca=provider.ca))
    results = command.together([command.start(*words, home=home) for _ in range(20)])
    assert [result.code for result in results] == [0] * 20, [result.stderr for result in results]
    assert len({result.stdout for result in results}) == 1
    opened = [line for line in provider.request_lines() if line.startswith("GET /authorize")]
    assert len(opened) == 1
