"""The memory of a sign-in on a real disk."""

import stat
import time
from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.attempt import Attempt
from kubelogin_py.errors import SignInError, StorageError
from kubelogin_py.nesting import VARIABLE, marked
from kubelogin_py.storage.attempts import DiskAttempts
from kubelogin_py.storage.housekeeping import clean
from tests.storage.surroundings import LOGIN_KEY, RememberingConsole

ATTEMPT = Attempt(1_700_000_000.0, 1_700_000_012.5, "sign-in was denied", 3, "4711")


def attempts(directory: Path | None, runtime: Path, **variables: str) -> DiskAttempts:
    runtime.mkdir(exist_ok=True)
    return DiskAttempts(
        directory,
        LOGIN_KEY,
        console=RememberingConsole(),
        clock=SystemClock(),
        environment={"XDG_RUNTIME_DIR": str(runtime), **variables},
    )


def test_what_is_kept_comes_back_and_can_be_forgotten(tmp_path: Path) -> None:
    memory = attempts(tmp_path / "cache", tmp_path / "run")
    assert memory.last() is None
    memory.keep(ATTEMPT)
    assert attempts(tmp_path / "cache", tmp_path / "run").last() == ATTEMPT
    (path,) = (tmp_path / "cache").glob("attempt-*.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    memory.forget()
    assert memory.last() is None


@pytest.mark.parametrize("unusable", [True, False], ids=["a directory open to others", "nothing is to be kept"])
def test_elsewhere_the_runtime_directory_has_it(tmp_path: Path, unusable: bool) -> None:
    directory = tmp_path / "cache" if unusable else None
    if directory:
        directory.mkdir()
        directory.chmod(0o777)
    memory = attempts(directory, tmp_path / "run")
    with memory.hold(deadline=time.monotonic() + 5, doing="testing"):
        memory.keep(ATTEMPT)
        again = attempts(directory, tmp_path / "run")
        with pytest.raises(StorageError, match="testing since"), again.hold(deadline=time.monotonic(), doing="x"):
            pass
    assert memory.last() == ATTEMPT
    assert [path.name for path in (tmp_path / "run/kubelogin").glob("attempt-*")]


def test_one_screen_whatever_the_cache_directories(tmp_path: Path) -> None:
    """Whoever has a cache directory for each context is asked one thing at a time all the same."""
    first = attempts(tmp_path / "one", tmp_path / "run", HOME="/home/me")
    second = attempts(tmp_path / "two", tmp_path / "run", HOME="/home/me")
    with (
        first.hold(deadline=time.monotonic() + 5, doing="signing in"),
        pytest.raises(StorageError, match="signing in since"),
        second.hold(deadline=time.monotonic(), doing="x"),
    ):
        pass
    with second.hold(deadline=time.monotonic(), doing="x"):
        pass


def test_another_machine_with_this_cache_directory_waits_too(tmp_path: Path) -> None:
    first = attempts(tmp_path / "cache", tmp_path / "run", HOME="/home/me")
    second = attempts(tmp_path / "cache", tmp_path / "other run", HOME="/home/me")
    with (
        first.hold(deadline=time.monotonic() + 5, doing="signing in"),
        pytest.raises(StorageError, match="signing in since"),
        second.hold(deadline=time.monotonic(), doing="x"),
    ):
        pass


@pytest.mark.parametrize(
    "contents",
    [b"", b"{}", b"[", b'{"format":2}', b'{"format":1,"failures":true}', b"\xff" * 20],
    ids=["empty", "nothing", "cut", "newer", "types", "binary"],
)
def test_what_makes_no_sense_is_as_if_absent(tmp_path: Path, contents: bytes) -> None:
    memory = attempts(tmp_path / "cache", tmp_path / "run")
    memory.keep(ATTEMPT)
    (path,) = (tmp_path / "cache").glob("attempt-*.json")
    path.write_bytes(contents)
    assert memory.last() is None
    memory.keep(ATTEMPT)
    assert memory.last() == ATTEMPT


def test_the_reason_can_not_write_to_the_terminal(tmp_path: Path) -> None:
    memory = attempts(tmp_path / "cache", tmp_path / "run")
    memory.keep(Attempt(1.0, 2.0, "\x1b[2J" + "x" * 1000))
    last = memory.last()
    assert last
    assert last.reason.isprintable()
    assert len(last.reason) <= 320


def test_clean_removes_it(tmp_path: Path) -> None:
    attempts(tmp_path / "cache", tmp_path / "run").keep(ATTEMPT)
    removed = clean(tmp_path / "cache", clock=SystemClock(), console=RememberingConsole())
    assert any(name.startswith("attempt-") for name in removed)


def test_a_sign_in_within_itself_is_refused(tmp_path: Path) -> None:
    within = marked({}, LOGIN_KEY, now=time.time(), seconds=180)
    with pytest.raises(SignInError, match="started by itself"):
        attempts(tmp_path / "cache", tmp_path / "run", **within).admit()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1:9999999999",
        f"x:9999999999:{LOGIN_KEY[:24]}",
        f"4194303:9999999999:{LOGIN_KEY[:24]}",
        f"1:5:{LOGIN_KEY[:24]}",
    ],
    ids=["empty", "short", "no number", "dead", "over"],
)
def test_what_a_browser_inherited_days_ago_does_not_count(tmp_path: Path, value: str) -> None:
    attempts(tmp_path / "cache", tmp_path / "run", **{VARIABLE: value}).admit()


def test_sign_ins_within_one_another_have_an_end(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    for other in range(3):
        attempts(tmp_path / "cache", tmp_path / "run", **environment).admit()
        environment = marked(environment, f"login-{other:064}"[:70], now=time.time(), seconds=180)
    with pytest.raises(SignInError):
        attempts(tmp_path / "cache", tmp_path / "run", **environment).admit()
