"""``run`` while the certificate is good: what it decides, and what it costs."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from talos_cred import fastrun
from tests.frontdoor.test_counts import FORKS
from tests.support.environment import BIN, clean

NOW = time.time()


@pytest.mark.parametrize(
    ("words", "options", "command"),
    [
        (["--", "talosctl", "version"], {}, ["talosctl", "version"]),
        (["--context-name", "a", "--", "x"], {"context": "a"}, ["x"]),
        (
            ["--context=a", "--talosconfig=/f", "--", "x", "--", "y"],
            {"context": "a", "talosconfig": "/f"},
            ["x", "--", "y"],
        ),
    ],
)
def test_the_words_that_are_known(words: list[str], options: dict[str, str], command: list[str]) -> None:
    assert fastrun.read_wish(words) == (options, command)


@pytest.mark.parametrize(
    "words", [[], ["--"], ["talosctl"], ["--watch", "--", "x"], ["--context"], ["--context=", "--", "x"], ["--help"]]
)
def test_any_other_words_are_left_to_the_command_line(words: list[str]) -> None:
    assert fastrun.read_wish(words) is None


@pytest.mark.parametrize(
    ("options", "command", "environ", "context"),
    [
        ({}, ["talosctl", "--context", "a", "version"], {}, "a"),
        ({}, ["/usr/bin/talosctl", "version", "--context=a"], {}, "a"),
        ({"context": "b"}, ["talosctl", "--context", "a"], {}, "a"),
        ({"context": "b"}, ["talosctl"], {}, "b"),
        ({}, ["talosctl"], {"TALOS_CRED_CONTEXT_NAME": "c"}, "c"),
        ({}, ["kubectl", "--context", "a"], {}, ""),
        ({}, ["talosctl", "--", "--context", "a"], {}, ""),
    ],
)
def test_which_context_a_command_is_about(
    options: dict[str, str], command: list[str], environ: dict[str, str], context: str
) -> None:
    assert fastrun.context_of(options, command, environ) == context


def test_talosctl_is_told_the_context_that_was_chosen() -> None:
    """Otherwise talosctl would use the current context: another cluster than the one that was renewed."""
    assert fastrun.prepared(["talosctl", "version"], {"context": "a"}) == ["talosctl", "--context", "a", "version"]
    assert fastrun.prepared(["talosctl", "--context=b"], {"context": "a"}) == ["talosctl", "--context=b"]
    assert fastrun.prepared(["k9s"], {"context": "a"}) == ["k9s"]
    assert fastrun.prepared(["talosctl"], {}) == ["talosctl"]


@pytest.fixture
def talosconfig(tmp_path: Path) -> Path:
    """A talosconfig with a good certificate in context ``a``, and its note."""
    path = tmp_path / "config"
    path.write_text("context: a\ncontexts:\n    a:\n        crt: Q0VSVA==\n")
    folder = Path(fastrun.beside(str(path)))
    folder.mkdir(mode=0o700)
    (folder / fastrun.file_name("good", "a")).write_bytes(fastrun.note(NOW - 10, NOW + 1000, "Q0VSVA=="))
    return path


@pytest.mark.parametrize(("later", "good"), [(0, True), (-60, False), (2000, False)])
def test_the_clock_decides(talosconfig: Path, later: float, good: bool) -> None:
    times = fastrun.good_times(str(talosconfig), "a", NOW + later)
    assert times == ((int(NOW - 10), int(NOW + 1000)) if good else None)


@pytest.mark.parametrize(
    "note", [b"", b"talos-cred 2\n1\n9999999999\nQ0VSVA==\n", b"talos-cred 1\n1\n9999999999\n\n", b"talos-cred 1\n1\n"]
)
def test_a_note_of_another_kind_is_no_note(talosconfig: Path, note: bytes) -> None:
    (Path(fastrun.beside(str(talosconfig))) / "good-a").write_bytes(note)
    assert not fastrun.good_times(str(talosconfig), "a", NOW)


def test_a_certificate_that_is_not_there_any_more_is_not_good(talosconfig: Path) -> None:
    talosconfig.write_text("context: a\ncontexts: {}\n")
    assert not fastrun.good_times(str(talosconfig), "a", NOW)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"context: prod\n", "prod"),
        (b"contexts: {}\n", ""),
        (b"context: 'prod'\n", ""),
        (b"context: true\n", ""),
        (b"context: 1\n", ""),
        (b"context: a # b\n", ""),
        (b"context: a\ncontext: b\n", ""),
        (b"  context: a\n", ""),
    ],
)
def test_the_current_context_only_where_it_is_plain(text: bytes, name: str) -> None:
    assert fastrun._current(text) == name


@pytest.mark.parametrize("name", ["a/b", "..", "ü", "a b", "%41", "x" * 5])
def test_names_of_files_are_safe_and_distinct(name: str) -> None:
    found = fastrun.file_name("good", name)
    assert found.startswith("good-")
    assert not set(found) & set("/. \\")
    assert found != fastrun.file_name("good", name + "x")


def run(talosconfig: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**clean(talosconfig.parent / "home"), "TALOSCONFIG": str(talosconfig)}
    start = [str(BIN / "talos-cred"), "run", *words]
    return subprocess.run(start, env=environment, capture_output=True, text=True, check=False)


def test_a_good_certificate_runs_the_command_without_reading_yaml(talosconfig: Path) -> None:
    """Any slow import would show: the modules loaded are counted by the command's own start."""
    script = (
        "import sys; before = set(sys.modules); import talos_cred.__main__;"
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('talos_cred')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert run(talosconfig, "--", "echo", "hello").stdout == "hello\n"
    assert run(talosconfig, "--", "no-such-command").returncode == 127
    assert run(
        talosconfig, "--talosconfig", str(talosconfig), "--", "sh", "-c", "echo $TALOSCONFIG"
    ).stdout.strip() == str(talosconfig)


@pytest.mark.required("strace")
def test_it_is_one_process_that_becomes_the_command(
    talosconfig: Path, tmp_path: Path, required: Callable[[str], Path]
) -> None:
    """The shell, Python where there is no pass yet, the command. Times are in docs/benchmarks.md."""
    environment = {**clean(talosconfig.parent / "home"), "TALOSCONFIG": str(talosconfig)}
    log = tmp_path / "log"
    tracer = [str(required("strace")), "-f", "-qq", "-e", "trace=process", "-o", str(log)]
    # Just now, and then at rest.
    for age, programs in ((0, 3), (5, 3), (5, 2)):
        os.utime(talosconfig, (NOW - age,) * 2)
        subprocess.run([*tracer, BIN / "talos-cred", "run", "--", "true"], env=environment, check=True)
        calls = log.read_text(errors="replace")
        assert len(re.findall(r"\bexecve\(.*= 0$", calls, re.MULTILINE)) == programs
        assert not FORKS.search(calls)
