"""A hit that finds its token due starts one process to refresh it, after the answer and without waiting."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kubelogin_py import fastpath
from tests.frontdoor.command_lines import MINIMAL, POCKET_ID
from tests.frontdoor.place import Place
from tests.frontdoor.shells import EACH, Door
from tests.frontdoor.test_counts import FORKS
from tests.storage.surroundings import credential

# Stands where the interpreter is, and keeps a list of what it was started with.
_PYTHON = """#!/bin/sh
for word; do echo "$word"; done >>"$0.started"
echo END >>"$0.started"
"""
_VARIABLE = fastpath.VARIABLE
PATIENCE = 10.0


def companion(place: Place) -> Path:
    return place.directory / place.file.name.replace("answer", "ahead", 1)


def taken(place: Place) -> Path:
    return companion(place).with_name(f"{companion(place).name}.taken")


def set_due(place: Place, seconds: float) -> None:
    """Make the token due in so many seconds."""
    companion(place).touch(mode=0o600)
    second = int(time.time()) + seconds
    os.utime(companion(place), (second, second))


class Watched:
    """A door whose interpreter writes down its starts."""

    def __init__(self, directory: Path) -> None:
        self.door = Door(directory)
        self.door.python.write_text(_PYTHON, encoding="utf-8")
        self._log = Path(f"{self.door.python}.started")

    def starts(self) -> list[list[str]]:
        text = self._log.read_text(encoding="utf-8") if self._log.exists() else ""
        return [start.splitlines() for start in text.split("END\n")[:-1]]

    def wait(self) -> list[list[str]]:
        """Return the starts once there is one; it is not waited for by the shell."""
        until = time.monotonic() + PATIENCE
        while not self.starts() and time.monotonic() < until:
            time.sleep(0.01)
        return self.starts()


def python_door(watched: Watched, place: Place) -> "subprocess.CompletedProcess[bytes]":
    """Start the door in Python, which starts what stands where the interpreter is."""
    root = Path(fastpath.__file__).parents[1]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); sys.executable = {str(watched.door.python)!r}; "
        "from kubelogin_py.__main__ import serve; serve(); raise SystemExit(77)"
    )
    words = [sys.executable, "-I", "-c", code, *place.arguments]
    return subprocess.run(words, env=place.environ, capture_output=True, check=False)


def shell_door(shell: str) -> Callable[[Watched, Place], "subprocess.CompletedProcess[bytes]"]:
    return lambda watched, place: watched.door.start(shell, place.arguments, place.environ)


DOORS = [pytest.param(shell_door(str(each.values[0])), marks=each.marks, id=str(each.values[0])) for each in EACH]
DOORS.append(pytest.param(python_door, id="python"))
Start = Callable[[Watched, Place], "subprocess.CompletedProcess[bytes]"]


@pytest.mark.parametrize("start", DOORS)
@pytest.mark.parametrize("seconds", [0, -3600], ids=["now", "long-ago"])
def test_a_due_token_is_answered_and_one_process_started(start: Start, seconds: float, tmp_path: Path) -> None:
    """It gets the command line as it was, secrets and all; the next hit starts none."""
    watched, place = Watched(tmp_path / "installed"), Place(tmp_path / "me", POCKET_ID)
    set_due(place, seconds)
    done = start(watched, place)
    assert (done.returncode, done.stdout, done.stderr) == (0, credential(), b"")
    (words,) = watched.wait()
    assert words[:2] == ["-I", "-c"]
    assert words[2].endswith("from kubelogin_py.ahead import main; main()")
    assert words[-len(POCKET_ID) :] == POCKET_ID
    assert taken(place).exists()
    again = start(watched, place)
    assert (again.returncode, again.stdout, again.stderr) == (0, credential(), b"")
    time.sleep(0.2)
    assert len(watched.starts()) == 1


def switch_off(value: str) -> Callable[[Place], None]:
    def change(place: Place) -> None:
        set_due(place, -10)
        place.environ[_VARIABLE] = value

    return change


NOT_STARTED: dict[str, Callable[[Place], object]] = {
    "never-due": lambda _: None,
    "not-yet": lambda place: set_due(place, 5),
    "switched-off": switch_off("1"),
    "switched-off-by-an-empty-variable": switch_off(""),
    "no": switch_off("false"),
    "somebody-else-does": lambda place: (set_due(place, -10), taken(place).touch()),
    "no-plain-file": lambda place: companion(place).mkdir(),
}


@pytest.mark.parametrize("start", DOORS)
@pytest.mark.parametrize("change", NOT_STARTED.values(), ids=NOT_STARTED)
def test_nothing_is_started(start: Start, change: Callable[[Place], object], tmp_path: Path) -> None:
    watched, place = Watched(tmp_path / "installed"), Place(tmp_path / "me")
    change(place)
    before = taken(place).exists()
    done = start(watched, place)
    assert (done.returncode, done.stdout, done.stderr) == (0, credential(), b"")
    time.sleep(0.1)
    assert watched.starts() == []
    assert taken(place).exists() == before


@pytest.mark.parametrize("start", DOORS)
def test_a_miss_takes_no_turn(start: Start, tmp_path: Path) -> None:
    """An answer whose time is over is Python's affair, which refreshes by itself."""
    watched, place = Watched(tmp_path / "installed"), Place(tmp_path / "me")
    set_due(place, -100)
    place.expire(time.time() - 5)
    done = start(watched, place)
    assert done.stdout == b""
    assert not taken(place).exists()
    assert not any("kubelogin_py.ahead" in " ".join(words) for words in watched.starts())


@pytest.mark.parametrize("start", DOORS)
def test_a_start_that_fails_is_nobodys_trouble(start: Start, tmp_path: Path) -> None:
    watched, place = Watched(tmp_path / "installed"), Place(tmp_path / "me")
    watched.door.python.write_bytes(b"\x7fELF, but not really")
    set_due(place, -1)
    done = start(watched, place)
    assert (done.returncode, done.stdout, done.stderr) == (0, credential(), b"")


@pytest.mark.parametrize("start", DOORS)
def test_a_directory_that_takes_no_file_is_nobodys_trouble(start: Start, tmp_path: Path) -> None:
    """Here something that is no file has the name already."""
    watched, place = Watched(tmp_path / "installed"), Place(tmp_path / "me")
    set_due(place, -1)
    taken(place).mkdir()
    done = start(watched, place)
    assert (done.returncode, done.stdout, done.stderr) == (0, credential(), b"")
    assert watched.starts() == []


@pytest.mark.required("dash")
def test_fifty_hits_at_once_start_one_process(tmp_path: Path) -> None:
    watched, place = Watched(tmp_path / "installed"), Place(tmp_path / "me")
    set_due(place, -1)
    running = [
        subprocess.Popen([str(watched.door.script), *place.arguments], env=place.environ, stdout=subprocess.PIPE)
        for _ in range(50)
    ]
    assert {process.communicate(timeout=60)[0] for process in running} == {credential()}
    assert {process.returncode for process in running} == {0}
    assert len(watched.wait()) == 1


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.required("strace")
def test_a_hit_that_is_not_due_is_still_one_process(
    shell: str, tmp_path: Path, required: Callable[[str], Path]
) -> None:
    watched, place = Watched(tmp_path / "installed"), Place(tmp_path / "me", MINIMAL)
    set_due(place, 60)
    log = tmp_path / "log"
    tracer = (str(required("strace")), "-f", "-qq", "-s", "20", "-e", "trace=process", "-o", str(log))
    done = watched.door.start(shell, MINIMAL, place.environ, tracer=tracer)
    assert done.stdout == credential()
    calls = log.read_text(errors="replace")
    assert len(re.findall(r"\bexecve(?:at)?\(", calls)) == 1
    assert not FORKS.search(calls)
