"""What stands in the cache directory for refreshing ahead, beside the answers."""

import math
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py import fastpath
from kubelogin_py.refresh_due import Setback, due_at
from kubelogin_py.secret import Secret
from kubelogin_py.storage.ahead import PATIENCE, DiskAhead
from kubelogin_py.storage.housekeeping import clean
from tests.storage.surroundings import (
    ARGUMENTS,
    KEY,
    OTHER_KEY,
    RememberingConsole,
    ShiftedClock,
    credential,
    disk_store,
    session,
    text_of,
)

KEPT = replace(session(), refresh_token=Secret("refresh-token-1"), expires_at=time.time() + 3600, lifetime=3600.0)


class Scene:
    """A cache directory with an answer whose session can be refreshed."""

    def __init__(self, root: Path, *, environment: dict[str, str] | None = None) -> None:
        self.directory = root / "cache/oidc-login"
        self.environment = {"HOME": str(root), "KUBECACHEDIR": str(root / "cache"), **(environment or {})}
        self.clock = ShiftedClock()
        self.store = disk_store(self.directory, environment=self.environment)
        self.ahead = DiskAhead(self.directory, clock=self.clock, environment=self.environment)
        self.store.save(KEY, KEPT)

    def keep(self, *more: str) -> bool:
        return self.store.keep_answer((*ARGUMENTS, *more), KEY, credential())

    def names(self, start: str) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir() if path.name.startswith(start))

    def file(self) -> Path:
        place = fastpath.key_for(ARGUMENTS, self.environment)
        assert place
        return self.directory / place[1].replace("answer", "ahead", 1)

    def taken(self) -> Path:
        return self.file().with_name(f"{self.file().name}.taken")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_beside_an_answer_stands_when_it_is_due(scene: Scene) -> None:
    assert scene.keep()
    assert scene.file().read_bytes() == b""
    due = due_at(KEPT)
    assert due
    assert scene.file().stat().st_mtime == math.ceil(due)
    assert scene.file().stat().st_mode & 0o777 == 0o600


def test_without_a_refresh_token_nothing_stands_there(scene: Scene) -> None:
    scene.store.save(KEY, replace(KEPT, refresh_token=None))
    assert scene.keep()
    assert scene.names("ahead") == []


@pytest.mark.parametrize("word", ["--no-refresh-ahead", "--no-refresh-ahead=true", "--no-refresh-ahead=1"])
def test_switched_off_nothing_stands_there(scene: Scene, word: str) -> None:
    assert scene.keep(word)
    assert scene.names("ahead") == []


def test_switched_on_again_in_so_many_words_it_does(scene: Scene) -> None:
    assert scene.keep("--no-refresh-ahead=false")
    assert len(scene.names("ahead")) == 1


@pytest.mark.parametrize("value", ["", "1", "false"])
def test_switched_off_by_the_environment_nothing_stands_there(tmp_path: Path, value: str) -> None:
    scene = Scene(tmp_path, environment={fastpath.VARIABLE: value})
    assert scene.keep()
    assert scene.names("ahead") == []


def test_it_goes_with_the_answer(scene: Scene) -> None:
    """Whoever took the turn, too: a file that a killed process left lasts no longer than the token."""
    assert scene.keep()
    scene.taken().touch()
    scene.store.save(KEY, replace(KEPT, id_token=Secret("id-token-2")))
    assert scene.names("a") == []


def test_what_was_left_without_an_answer_is_swept(scene: Scene) -> None:
    assert scene.keep()
    scene.taken().touch()
    (answer,) = scene.names("answer")
    (scene.directory / answer).unlink()
    scene.store.save(OTHER_KEY, KEPT)
    assert scene.names("a") == []


def test_clean_removes_all_of_it(scene: Scene) -> None:
    assert scene.keep()
    scene.taken().touch()
    scene.ahead.keep(KEY, Setback(1.0, "down"))
    clean(scene.directory, clock=scene.clock, console=RememberingConsole())
    assert list(scene.directory.iterdir()) == []


def test_the_turn_is_taken_over_once(scene: Scene) -> None:
    """The time is put off before the turn is given back, and a refresh that dies is followed after a minute."""
    assert scene.keep()
    os.utime(scene.file(), (1, 1))
    scene.taken().touch()
    assert scene.ahead.begin(ARGUMENTS)
    assert not scene.taken().exists()
    assert scene.file().stat().st_mtime == pytest.approx(time.time() + PATIENCE, abs=3)
    assert not scene.ahead.begin(ARGUMENTS)
    scene.clock.shift = PATIENCE + 2
    assert scene.ahead.begin(ARGUMENTS)


def test_a_turn_taken_too_early_is_given_back(scene: Scene) -> None:
    assert scene.keep()
    scene.taken().touch()
    assert not scene.ahead.begin(ARGUMENTS)
    assert not scene.taken().exists()


def test_a_command_line_without_an_answer_has_no_turn(scene: Scene) -> None:
    assert not scene.ahead.begin((*ARGUMENTS, "-v1"))


def test_a_setback_is_remembered_until_the_session_changes(scene: Scene) -> None:
    setback = Setback(1_800_000_000.0, "the provider is \x1b[31mdown", 3)
    assert scene.ahead.last(KEY) is None
    scene.ahead.keep(KEY, setback)
    assert scene.ahead.last(KEY) == replace(setback, reason="the provider is \\x1b[31mdown")
    assert scene.ahead.last(OTHER_KEY) is None
    scene.store.save(KEY, KEPT)
    assert scene.ahead.last(KEY) is None


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format":2,"at":1,"reason":"x","failures":1}',
        b'{"format":1,"at":-1,"reason":"x","failures":1}',
        b'{"format":1,"at":1,"reason":1,"failures":1}',
        b'{"format":1,"at":1,"reason":"x","failures":0}',
        b'{"format":1,"at":true,"reason":"x","failures":1}',
    ],
)
def test_what_is_no_setback_is_none(scene: Scene, contents: bytes) -> None:
    scene.ahead.keep(KEY, Setback(1.0, "x"))
    (name,) = scene.names("setback")
    (scene.directory / name).write_bytes(contents)
    assert scene.ahead.last(KEY) is None


def test_a_setback_puts_the_next_one_off(scene: Scene) -> None:
    due = due_at(KEPT)
    assert due
    scene.ahead.keep(KEY, Setback(due, "down"))
    assert scene.keep()
    assert scene.file().stat().st_mtime == math.ceil(due + 30)


def test_a_note_leaves_the_answers_in_place(scene: Scene) -> None:
    assert scene.keep()
    before = scene.names("a")
    scene.ahead.note(KEY, replace(KEPT, refresh_sent_at=1.0))
    assert scene.names("a") == before
    kept = scene.store.load(KEY)
    assert kept is not None
    assert kept.refresh_sent_at == 1.0
    assert not scene.names(f"session-{KEY}.json.twin")


def test_deleting_a_session_forgets_its_setback(scene: Scene) -> None:
    scene.ahead.keep(KEY, Setback(1.0, "x"))
    scene.store.delete(KEY)
    assert scene.names("setback") == []


def test_no_secret_is_in_any_of_it(scene: Scene) -> None:
    scene.ahead.keep(KEY, Setback(1.0, "x"))
    assert scene.keep()
    for path in [*scene.directory.glob("ahead*"), *scene.directory.glob("setback*")]:
        assert b"token-1" not in path.read_bytes()
    assert b"refresh-token-1" in text_of(scene.directory)
