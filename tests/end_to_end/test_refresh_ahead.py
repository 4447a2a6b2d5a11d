"""Refreshes ahead at a real provider, through both doors: nobody waits for them, and each happens once."""

import base64
import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kubelogin_py import fastpath
from tests.end_to_end.test_concurrency import get_token
from tests.frontdoor.shells import SOURCE
from tests.support import command
from tests.support.providers import Provider, sign_in_script

PATIENCE = 20.0
FIVE_MINUTES = 300


class Setting:
    """An installation, a provider, and a home in which somebody has signed in."""

    def __init__(self, directory: Path, provider: Provider, *more: str) -> None:
        self.provider, self.home = provider, directory / "home"
        installed = directory / "bin"
        installed.mkdir()
        self.door = installed / "kubelogin"
        self.door.write_bytes(SOURCE.read_bytes())
        self.door.chmod(0o755)
        # Keeps a list of the starts.
        self.log = installed / "starts"
        self.log.touch()
        python = installed / "python"
        python.write_text(
            f'#!/bin/sh\necho "$3" >>{shlex.quote(str(self.log))}\nexec {shlex.quote(sys.executable)} "$@"\n',
            encoding="utf-8",
        )
        python.chmod(0o755)
        self.words = [*get_token(provider, sign_in_script(directory / "browser", ca=provider.ca)), *more]
        done = command.run(*self.words, home=self.home, command=self.door)
        assert done.code == 0, done
        self.first = done.stdout
        provider.forget()
        self.log.write_text("")

    @property
    def directory(self) -> Path:
        return self.home / ".kube/cache/oidc-login"

    def run(self, *more: str) -> str:
        """Run the command, which must answer and say nothing."""
        done = command.run(*self.words, *more, home=self.home, command=self.door)
        assert (done.code, done.stderr) == (0, ""), done
        return done.stdout

    def starts(self, module: str) -> int:
        return sum(f".{module} " in line for line in self.log.read_text(encoding="utf-8").splitlines())

    def companions(self) -> list[Path]:
        return [path for path in self.directory.iterdir() if path.name.startswith("ahead")]

    def make_due(self) -> None:
        """Let the token be due now, by what the door goes by."""
        (file,) = self.companions()
        os.utime(file, (time.time() - 1, time.time() - 1))

    def grow_old(self, **members: object) -> None:
        """Let the token be due now, by the session's rules too: it is the last five minutes of an hour.

        :param members: what else is to be in the session's record.
        """
        (file,) = self.directory.glob("session-*.json")
        document = json.loads(file.read_text(encoding="utf-8")) | {"lifetime": 3600.0, **members}
        file.write_text(json.dumps(document), encoding="utf-8")
        self.make_due()

    def wait_for(self, seen: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not seen():
            assert time.monotonic() < until, (self.provider.request_lines(), sorted(self.directory.iterdir()))
            time.sleep(0.05)

    def setback(self) -> dict[str, object] | None:
        found = [path for path in self.directory.iterdir() if path.name.startswith("setback-")]
        return json.loads(found[0].read_text(encoding="utf-8")) if found else None

    def quiet(self) -> bool:
        """Whether nobody refreshes ahead any more: the turn is free."""
        return not any(path.name.endswith(".taken") for path in self.companions())


@pytest.fixture
def setting(started_provider: Callable[..., Provider], tmp_path: Path) -> Callable[..., Setting]:
    return lambda *more, **options: Setting(tmp_path, started_provider("embedded", **options), *more)


def issued_at(answer: str) -> int:
    payload = json.loads(answer)["status"]["token"].split(".")[1]
    return int(json.loads(base64.urlsafe_b64decode(payload + "=="))["iat"])


def test_fifty_hits_refresh_once_and_do_not_wait(setting: Callable[..., Setting]) -> None:
    """All have been answered before the provider, which takes its time, has said a word; the next answer is new."""
    scene = setting(id_token_ttl=FIVE_MINUTES, refresh_latency=5)
    # Times in tokens are whole seconds.
    time.sleep(1)
    scene.grow_old()
    results = command.together([command.start(*scene.words, home=scene.home, command=scene.door) for _ in range(50)])
    assert {(result.code, result.stdout, result.stderr) for result in results} == {(0, scene.first, "")}
    assert scene.provider.count("token_endpoint") == 0, "the request is logged once it is answered"
    assert scene.run() == scene.first
    scene.wait_for(lambda: scene.provider.count("token_endpoint") == 1)
    scene.wait_for(lambda: scene.run() != scene.first)
    assert issued_at(scene.run()) > issued_at(scene.first)
    assert scene.starts("ahead") == 1
    assert scene.provider.count("token_endpoint") == scene.provider.count() == 1
    assert scene.setback() is None


@pytest.mark.long
def test_with_a_command_every_second_none_refreshes_by_itself(setting: Callable[..., Setting]) -> None:
    scene = setting(id_token_ttl=20)
    end = time.monotonic() + 45
    tokens = set()
    while time.monotonic() < end:
        tokens.add(scene.run())
        time.sleep(1)
    refreshes = scene.provider.count("token_endpoint")
    assert refreshes == scene.starts("ahead")
    assert 3 <= refreshes <= 5
    assert len(tokens) >= refreshes
    assert scene.provider.count("authorization_endpoint") == 0


def test_a_refused_refresh_token_ends_the_session_at_the_next_need(setting: Callable[..., Setting]) -> None:
    """One request, no second; the token in hand is served until its end."""
    scene = setting(id_token_ttl=FIVE_MINUTES)
    scene.grow_old(refresh_token="not-one-of-theirs")
    assert scene.run() == scene.first
    scene.wait_for(lambda: scene.setback() is not None)
    for _ in range(3):
        assert scene.run() == scene.first
        time.sleep(0.3)
    assert scene.starts("ahead") == 1
    assert scene.provider.count("token_endpoint") == 1
    assert scene.companions() == []


def test_a_provider_that_is_down_is_left_alone_for_a_while(setting: Callable[..., Setting]) -> None:
    """Hits go on being answered, and half a minute passes before the next attempt."""
    # One of its own, since it is stopped.
    scene = setting(id_token_ttl=FIVE_MINUTES - 1)
    scene.provider.stop()
    scene.grow_old()
    assert scene.run() == scene.first
    scene.wait_for(lambda: scene.setback() is not None)
    kept = scene.setback()
    assert kept
    assert kept["failures"] == 1
    assert "127.0.0.1" in str(kept["reason"]) or "localhost" in str(kept["reason"])
    scene.wait_for(scene.quiet)
    for _ in range(3):
        assert scene.run() == scene.first
    assert scene.starts("ahead") == 1
    assert scene.starts("__main__") == 0


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_switched_off_there_is_nothing_to_find(
    started_provider: Callable[..., Provider], tmp_path: Path, way: str
) -> None:
    provider = started_provider("embedded", id_token_ttl=3600)
    scene = Setting(tmp_path, provider, *(["--no-refresh-ahead"] if way == "flag" else []))
    if way == "flag":
        assert scene.companions() == []
        return
    scene.make_due()
    done = command.run(*scene.words, home=scene.home, command=scene.door, env={fastpath.VARIABLE: ""})
    assert done.stdout == scene.first
    time.sleep(0.5)
    assert scene.starts("ahead") == 0


def test_a_file_that_is_due_too_early_costs_no_request(setting: Callable[..., Setting]) -> None:
    """The session decides; the file is put right, and the turn given back."""
    scene = setting(id_token_ttl=3600)
    scene.make_due()
    assert scene.run() == scene.first
    scene.wait_for(
        lambda: scene.quiet() and all(path.stat().st_mtime > time.time() + 600 for path in scene.companions())
    )
    assert scene.provider.count() == 0
    assert scene.starts("ahead") == 1


def test_a_lock_that_is_held_is_not_waited_for(setting: Callable[..., Setting]) -> None:
    """Whoever holds it works at this very session."""
    import fcntl

    scene = setting(id_token_ttl=FIVE_MINUTES)
    (lock,) = scene.directory.glob("session-*.lock")
    scene.grow_old()
    with lock.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert scene.run() == scene.first
        scene.wait_for(scene.quiet)
        time.sleep(1)
    assert scene.provider.count() == 0
