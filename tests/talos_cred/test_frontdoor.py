"""What the front door decides, in every shell: the same as Python, from passes that it believes or does not."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.frontdoor.shells import EACH
from tests.talos_cred.door import CALL, Talos, TalosDoor

ODD = ["a b", "*", "$HOME", "", "-n", "\\", "é", "a\nb", "'\"`id`", "\udcff", "--context"]

HIT: dict[str, tuple[list[str], dict[str, str]]] = {
    "plain": (CALL, {}),
    "odd-words": ([*CALL, *ODD], {}),
    "context": (["run", "--context", "b", "--", "tell"], {}),
    "context=": (["run", "--context=b", "--", "tell", "--context=a"], {}),
    "context-name": (["run", "--context-name", "admin@prod", "--", "tell"], {}),
    "context-name=": (["run", "--context-name=prod.example.com", "--", "tell", "--", "x"], {}),
    "value-like-a-flag": (["run", "--context", "-d", "--talosconfig", "{home}/.talos/config", "--", "tell"], {}),
    "value-like-a-flag=": (["run", "--context=-d", "--", "tell"], {}),
    "last-wins": (["run", "--context=b", "--context-name", "A_b-1", "--", "tell"], {}),
    "variable": (CALL, {"TALOS_CRED_CONTEXT_NAME": "b"}),
    "variable-empty": (CALL, {"TALOS_CRED_CONTEXT_NAME": "", "TALOS_CRED_TALOSCONFIG": "", "TALOSCONFIG": ""}),
    "flag-before-variable": (["run", "--context=b", "--", "tell"], {"TALOS_CRED_CONTEXT_NAME": "ü"}),
    "talosctl": (["run", "--", "talosctl", "version"], {}),
    "talosctl-is-told": (["run", "--context=b", "--", "talosctl", *ODD[:-1]], {}),
    "talosctl-is-not-told-of-a-variable": (["run", "--", "talosctl", "x"], {"TALOS_CRED_CONTEXT_NAME": "b"}),
    "talosctl-says": (["run", "--context=a", "--", "talosctl", "get", "--context", "b", "x"], {}),
    "talosctl-says=": (["run", "--context=a", "--", "talosctl", "--context=b"], {}),
    "talosctl-says-twice": (["run", "--", "talosctl", "--context=b", "--context", "ü"], {}),
    "talosctl-says-it-to-others": (["run", "--context=b", "--", "talosctl", "--", "--context=ü"], {}),
    "talosconfig": (["run", "--talosconfig", "{home}/.talos/config", "--", "tell"], {"TALOSCONFIG": "/x"}),
    "talosconfig=": (["run", "--talosconfig={home}/.talos/config", "--", "tell"], {"HOME": ""}),
    "talosconfig-variable": (CALL, {"TALOS_CRED_TALOSCONFIG": "{home}/.talos/config", "TALOSCONFIG": "/x"}),
    "TALOSCONFIG": (CALL, {"TALOSCONFIG": "{home}/.talos/config", "TALOS_HOME": "/x"}),
    "TALOSCONFIG-absent": (CALL, {"TALOSCONFIG": "/nowhere/config"}),
    "TALOSCONFIG-absent-and-relative": (CALL, {"TALOSCONFIG": "nowhere"}),
    "TALOS_HOME": (CALL, {"TALOS_HOME": "{home}/.talos", "HOME": "/x"}),
    "TALOS_HOME-relative": (CALL, {"TALOS_HOME": ".talos"}),
}
"""Command lines, and variables beside ``HOME``."""

MISS: dict[str, tuple[list[str], dict[str, str]]] = {
    "nothing": ([], {}),
    "empty": ([""], {}),
    "login": (["login", "--", "tell"], {}),
    "capitals": (["RUN", "--", "tell"], {}),
    "before": (["--context=a", *CALL], {}),
    "alone": (["run"], {}),
    "no-dashes": (["run", "tell"], {}),
    "no-command": (["run", "--"], {}),
    "empty-command": (["run", "--", ""], {}),
    **{
        f"command-like-a-flag-{word}": (["run", "--", word, "tell"], {}) for word in ("-", "-c", "-v", "-V", "-p", "--")
    },
    **{f"command-like-a-flag-{word}-alone": (["run", "--", word], {}) for word in ("-", "-c", "-v", "-V", "-p", "--")},
    "help": (["run", "--help"], {}),
    "unknown": (["run", "--watch", "--", "tell"], {}),
    "unknown=": (["run", "--contexts=a", "--", "tell"], {}),
    "unknown-colon": (["run", "--context:x=a", "--", "tell"], {}),
    "short": (["run", "-c", "a", "--", "tell"], {}),
    "one-dash": (["run", "-context=a", "--", "tell"], {}),
    "dangling": (["run", "--context"], {}),
    "dashes-as-value": (["run", "--context", "--", "tell"], {}),
    "flag-as-value": (["run", "--context", "--talosconfig=/x", "--", "tell"], {}),
    "empty-value": (["run", "--context", "", "--", "tell"], {}),
    "empty-value=": (["run", "--talosconfig=", "--", "tell"], {}),
    **{f"name-{name}": (["run", f"--context={name}", "--", "tell"], {}) for name in ("ü", "x/y", "../a", "*", "a b")},
    "name-of-variable": (CALL, {"TALOS_CRED_CONTEXT_NAME": "a b"}),
    "name-unknown": (["run", "--context=c", "--", "tell"], {}),
    "talosctl-dangling": (["run", "--context=a", "--", "talosctl", "--context"], {}),
    "talosctl-empty": (["run", "--context=a", "--", "talosctl", "--context="], {}),
    "talosctl-empty-apart": (["run", "--context=a", "--", "talosctl", "--context", ""], {}),
    "talosctl-says-odd": (["run", "--context=a", "--", "talosctl", "--context=ü"], {}),
    "talosconfig-relative": (["run", "--talosconfig=.talos/config", "--", "tell"], {}),
    "talosconfig-dots": (["run", "--talosconfig={home}/x/../.talos/config", "--", "tell"], {}),
    "talosconfig-dot": (CALL, {"TALOSCONFIG": "{home}/./.talos/config"}),
    "talosconfig-slashes": (CALL, {"TALOSCONFIG": "{home}//.talos/config"}),
    "TALOSCONFIG-relative": (CALL, {"TALOSCONFIG": ".talos/config"}),
    "talosconfig-tilde": (["run", "--talosconfig=~/.talos/config", "--", "tell"], {}),
    "talosconfig-of-another": (["run", "--talosconfig=/nowhere", "--", "tell"], {}),
    "no-home": (CALL, {"HOME": ""}),
    "home-relative": (CALL, {"HOME": "."}),
    "no-such-command": (["run", "--", "no-such-command"], {}),
    "no-such-path": (["run", "--", "/nowhere/tell"], {}),
}


@pytest.fixture
def door(tmp_path: Path) -> TalosDoor:
    return TalosDoor(tmp_path / "in stalled")


@pytest.fixture
def talos(tmp_path: Path) -> Talos:
    return Talos(tmp_path / "Jörg M*")


def filled(call: tuple[list[str], dict[str, str]], talos: Talos) -> tuple[list[str], dict[str, str]]:
    words, variables = call
    home = str(talos.home)
    environ = {**talos.environ, **{name: value.replace("{home}", home) for name, value in variables.items()}}
    return [word.replace("{home}", home) for word in words], environ


@pytest.mark.parametrize("shell", EACH)
def test_with_a_pass_it_becomes_what_python_would(shell: str, door: TalosDoor, talos: Talos) -> None:
    """The command, its words and its talosconfig; before there is a pass, Python is asked."""
    for name, call in HIT.items():
        words, environ = filled(call, talos)
        talos.forget()
        asked = door.call(shell, words, environ, cwd=talos.home)
        assert asked.asked == [os.fsencode(word) for word in (door.script, *words)], name
        expected = talos.decide(words, environ)
        assert len(talos.files()) == 2, name
        done = door.call(shell, words, environ, cwd=talos.home)
        assert (done.ran, done.stderr) == (expected, b""), name


@pytest.mark.parametrize("shell", EACH)
def test_other_calls_are_left_to_python_as_they_are(
    shell: str, door: TalosDoor, talos: Talos, monkeypatch: pytest.MonkeyPatch
) -> None:
    (talos.home / "x").mkdir()
    for context in ("a", "b"):
        talos.decide(["run", "--context", context, "--", "tell"], talos.environ)
    talos.decide(CALL, talos.environ)
    monkeypatch.chdir(talos.home)
    for name, call in MISS.items():
        words, environ = filled(call, talos)
        talos.decide(words, environ)
        reply = door.call(shell, words, environ, cwd=talos.home)
        assert (reply.asked, reply.stderr) == ([os.fsencode(word) for word in (door.script, *words)], b""), name


SPOILED: dict[str, Callable[[Talos, Path, Path], object]] = {
    "no-pass": lambda _, kept, seen: kept.unlink(),
    "no-seen": lambda _, kept, seen: seen.unlink(),
    "over": lambda _, kept, seen: os.utime(kept, (time.time() - 5,) * 2),
    "now": lambda _, kept, seen: os.utime(kept, (int(time.time()),) * 2),
    "empty": lambda _, kept, seen: rewritten(kept, b""),
    "both-empty": lambda _, kept, seen: [rewritten(path, b"") for path in (kept, seen)],
    "cut": lambda _, kept, seen: [rewritten(path, path.read_bytes()[:-1]) for path in (kept, seen)],
    "other-version": lambda _, kept, seen: [
        rewritten(path, path.read_bytes().replace(b"cred 1", b"cred 2")) for path in (kept, seen)
    ],
    "other-context": lambda _, kept, seen: [
        rewritten(path, path.read_bytes().replace(b" a ", b" b ")) for path in (kept, seen)
    ],
    "longer-context": lambda _, kept, seen: [
        rewritten(path, path.read_bytes().replace(b" a ", b" a. ")) for path in (kept, seen)
    ],
    "of-the-current-context": lambda _, kept, seen: [
        rewritten(path, path.read_bytes().replace(b" a ", b"  ")) for path in (kept, seen)
    ],
    "halves-of-two": lambda _, kept, seen: rewritten(seen, seen.read_bytes().replace(b"\n", b"1\n")),
    "code": lambda talos, kept, seen: (
        [rewritten(path, b"talos-cred 1 a $(touch pwned)`touch pwned`\n; touch pwned\n") for path in (kept, seen)]
        and seen.unlink()
    ),
    "link": lambda _, kept, seen: aside(kept),
    "seen-link": lambda _, kept, seen: aside(seen),
    "fifo": lambda _, kept, seen: fifo(kept),
    "seen-fifo": lambda _, kept, seen: fifo(seen),
    "directory": lambda _, kept, seen: (kept.unlink(), kept.mkdir(), os.utime(kept, (time.time() + 60,) * 2)),
    "seen-older": lambda _, kept, seen: os.utime(seen, ns=(0, seen.stat().st_mtime_ns - 10**9)),
    "seen-newer": lambda _, kept, seen: os.utime(seen, ns=(0, seen.stat().st_mtime_ns + 10**9)),
    "config-gone": lambda talos, *_: talos.config.unlink(),
    "config-changed": lambda talos, *_: talos.write("b", age=0),
    "config-older": lambda talos, *_: talos.touch(61),
    "config-directory": lambda talos, kept, seen: (talos.config.unlink(), talos.config.mkdir(), talos.touch(60)),
    "clock-set-back": lambda talos, kept, seen: [os.utime(path, (2**31,) * 2) for path in (talos.config, kept, seen)],
}


def rewritten(path: Path, contents: bytes) -> None:
    status = path.stat()
    path.write_bytes(contents)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def aside(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("aside")))


def fifo(path: Path) -> None:
    status = path.stat()
    path.unlink()
    os.mkfifo(path, 0o600)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_pass_that_is_not_one_is_not_believed(
    shell: str, spoil: Callable[[Talos, Path, Path], object], door: TalosDoor, talos: Talos
) -> None:
    call = ["run", "--context=a", "--", "tell"]
    kept, seen = talos.leave("--context=a")
    assert door.call(shell, call, talos.environ).ran
    spoil(talos, kept, seen)
    reply = door.call(shell, call, talos.environ, cwd=talos.home)
    assert (reply.ran, reply.stderr) == (None, b"")
    assert not list(talos.home.rglob("pwned"))


@pytest.mark.parametrize("shell", EACH)
def test_a_pass_serves_until_its_second(shell: str, door: TalosDoor, talos: Talos) -> None:
    kept, _ = talos.leave()
    for seconds in (-5, -2, -1, 0, 2, 3, 5):
        os.utime(kept, (int(time.time()) + seconds,) * 2)
        assert (door.call(shell, CALL, talos.environ).ran is not None) == (seconds > 0), seconds


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
@pytest.mark.parametrize("name", ["pass-", "seen-", "."])
def test_what_is_not_ours_is_not_believed(shell: str, name: str, door: TalosDoor, talos: Talos) -> None:
    talos.leave()
    os.chown(talos.folder / name, 1234, -1)
    assert door.call(shell, CALL, talos.environ).ran is None


@pytest.mark.parametrize("shell", EACH)
def test_the_talosconfig_may_be_a_link_and_is_what_it_leads_to(shell: str, door: TalosDoor, tmp_path: Path) -> None:
    real = tmp_path / "real"
    talos = Talos(tmp_path / "me")
    real.write_bytes(talos.config.read_bytes())
    talos.config.unlink()
    talos.config.symlink_to(real)
    talos.touch(60)
    talos.leave()
    assert door.call(shell, CALL, talos.environ).ran
    real.write_text("context: b\n")
    assert door.call(shell, CALL, talos.environ).ran is None
