"""What a hit costs, counted: processes, programs, and what is in the script."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.frontdoor.command_lines import MINIMAL, POCKET_ID
from tests.frontdoor.place import Place
from tests.frontdoor.shells import EACH, SOURCE, TALOS, Door
from tests.storage.surroundings import credential

FORKS = re.compile(r"\b(fork|vfork|clone|clone3)\(")
_TRACE = ("-f", "-qq", "-s", "20", "-e", "trace=process")


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.required("strace")
def test_a_hit_is_one_process_and_one_program(shell: str, tmp_path: Path, required: Callable[[str], Path]) -> None:
    """Nothing is forked and nothing is started, nowhere in the tree of processes."""
    door, place = Door(tmp_path / "installed"), Place(tmp_path / "me", POCKET_ID)
    log = tmp_path / "log"
    tracer = (str(required("strace")), *_TRACE, "-o", str(log))
    assert door.ask(shell, POCKET_ID, place.environ, tracer=tracer).answer == credential()
    calls = log.read_text(errors="replace")
    assert len(re.findall(r"\bexecve(?:at)?\(", calls)) == 1
    assert not FORKS.search(calls)


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.required("strace")
def test_a_miss_starts_python_and_nothing_else(shell: str, tmp_path: Path, required: Callable[[str], Path]) -> None:
    """Through a link one more is needed to read it. The interpreter takes the shell's place."""
    door, place = Door(tmp_path / "installed"), Place(tmp_path / "me")
    log = tmp_path / "log"
    tracer = (str(required("strace")), *_TRACE, "-o", str(log))
    assert door.ask(shell, ["setup", *MINIMAL], place.environ, tracer=tracer).asked
    calls = log.read_text(errors="replace")
    assert len(re.findall(r"\bexecve\(", calls)) == 2
    assert not FORKS.search(calls)


@pytest.mark.parametrize("shell", [name for name in EACH if "zsh" not in str(name.values)])
@pytest.mark.required("strace")
def test_a_hit_asks_little_of_the_system(shell: str, tmp_path: Path, required: Callable[[str], Path]) -> None:
    """Beside what the shell's own start asks, and one or two calls for each character where it reads them singly."""
    door, place = Door(tmp_path / "installed"), Place(tmp_path / "me")
    empty = Door(tmp_path / "empty", edit=("exit\n", "# bash takes options and functions"))
    counts = []
    for one in (door, empty):
        log = one.bin / "log"
        done = one.start(shell, MINIMAL, place.environ, tracer=(str(required("strace")), "-f", "-qq", "-o", str(log)))
        assert done.stdout == (credential() if one is door else b"")
        calls = log.read_text(errors="replace").splitlines()
        counts.append(len([call for call in calls if not re.search(r"read\(0, .*, 1\) +=|poll\(", call)]))
    assert counts[0] - counts[1] <= 90


@pytest.mark.parametrize("script", [SOURCE, TALOS], ids=str)
@pytest.mark.required("shellcheck")
def test_shellcheck_finds_nothing(script: Path, required: Callable[[str], Path]) -> None:
    done = subprocess.run(
        [required("shellcheck"), "--shell=sh", "--severity=style", "--norc", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("script", [SOURCE, TALOS], ids=str)
def test_the_script_is_small_and_runs_no_file_as_code(script: Path) -> None:
    """One read of eight kilobytes gets it all, and there is neither ``.`` nor ``eval`` in it."""
    text = script.read_bytes()
    assert text.startswith(b"#!/bin/sh\n")
    assert len(text) < 8192
    assert text.isascii()
    code = re.sub(rb"(?m)^ *#.*$", b"", text)
    assert not re.search(rb"(?m)(^|[;&|({] *|\b(then|do|else) )(\.|eval|source) ", code)
    assert script.stat().st_mode & 0o111 == 0o111


def test_both_scripts_find_the_interpreter_by_the_same_lines() -> None:
    """Each is whole, for who wants to read what is installed; what they share must not drift apart."""
    lines = [re.findall(r"(?ms)^our_self=\$0$.*^our_bin=.*?$", script.read_text()) for script in (SOURCE, TALOS)]
    assert len(lines[0]) == 1
    assert lines[0] == lines[1]
