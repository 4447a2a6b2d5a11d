"""The lock: one holder at a time, freed by the kernel, waited for with patience and an end."""

import errno
import os
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import pytest

from kubelogin_py.errors import StorageError
from kubelogin_py.storage.housekeeping import clean
from tests.storage.surroundings import (
    KEY,
    LOGIN_KEY,
    NOBODY,
    OTHER_KEY,
    RememberingConsole,
    ShiftedClock,
    disk_store,
    finished,
    forked,
    in_child,
    session,
)
from tests.support.processes import BUSY

LOCK = f"session-{KEY}.lock"
USER = os.geteuid()


def soon(seconds: float = 20.0) -> float:
    return time.monotonic() + seconds


def take(directory: Path, key: str = KEY, *, seconds: float = 0.0) -> None:
    """Take the lock and give it up; fails unless it is free within this time."""
    with disk_store(directory).lock(key, deadline=soon(seconds), doing="testing"):
        pass


def is_free(directory: Path, key: str = KEY) -> bool:
    try:
        take(directory, key)
    except StorageError:
        return False
    return True


def hold_for_ever(directory: Path, held: int) -> None:
    """Hold the lock and say so by writing to a pipe."""
    with disk_store(directory).lock(KEY, deadline=soon(), doing="signing in to https://id.example.com"):
        os.write(held, b"x")
        time.sleep(60)


@contextmanager
def another_holder(directory: Path) -> Iterator[int]:
    """Let another process hold the lock; yields its process id."""
    read, write = os.pipe()
    child = forked(lambda: hold_for_ever(directory, write))
    try:
        assert os.read(read, 1) == b"x"
        yield child
    finally:
        os.close(read)
        os.close(write)
        os.kill(child, signal.SIGKILL)
        finished(child)


def test_f01_eight_processes_exclude_one_another_though_one_is_killed(tmp_path: Path) -> None:
    """Each reads, waits and writes a number; none of the increments is lost. The killed one blocks nobody."""
    count = tmp_path / "count"
    count.write_text("0")

    def increment() -> None:
        for _ in range(5):
            with disk_store(tmp_path / "cache").lock(KEY, deadline=soon(), doing="counting"):
                number = int(count.read_text())
                time.sleep(0.002)
                count.write_text(str(number + 1))

    with another_holder(tmp_path / "cache") as holder:
        children = [forked(increment) for _ in range(8)]
        time.sleep(0.2)
        assert count.read_text() == "0"
        os.kill(holder, signal.SIGKILL)
        assert [finished(child) for child in children] == [0] * 8
    assert count.read_text() == "40"


def test_f06_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    with another_holder(tmp_path / "cache") as holder:
        os.kill(holder, signal.SIGKILL)
        os.waitid(os.P_PID, holder, os.WEXITED | os.WNOWAIT)
        assert is_free(tmp_path / "cache")


def test_threads_exclude_one_another(tmp_path: Path) -> None:
    """A library's caller may use threads; every one opens the file for itself."""
    numbers = [0]

    def increment() -> None:
        for _ in range(5):
            with disk_store(tmp_path / "cache").lock(KEY, deadline=soon(), doing="counting"):
                number = numbers[0]
                time.sleep(0.001)
                numbers[0] = number + 1

    threads = [threading.Thread(target=increment) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert numbers == [30]


def test_other_keys_do_not_wait(tmp_path: Path) -> None:
    with disk_store(tmp_path / "cache").lock(KEY, deadline=soon(), doing="testing"):
        assert is_free(tmp_path / "cache", OTHER_KEY)
        assert is_free(tmp_path / "cache", LOGIN_KEY)
        assert not is_free(tmp_path / "cache")
    assert is_free(tmp_path / "cache")


def test_an_exception_gives_the_lock_up(tmp_path: Path) -> None:
    store = disk_store(tmp_path / "cache")
    with pytest.raises(ZeroDivisionError), store.lock(KEY, deadline=soon(), doing="testing"):
        raise ZeroDivisionError
    assert is_free(tmp_path / "cache")


def test_f07_who_waits_is_told_after_a_second_for_whom(tmp_path: Path) -> None:
    """Once, and only when it lasts: process, since when, doing what."""
    console = RememberingConsole()
    with another_holder(tmp_path / "cache") as holder:
        waiting = disk_store(tmp_path / "cache", console=console)
        started = time.monotonic()
        with pytest.raises(StorageError) as caught, waiting.lock(KEY, deadline=soon(0.5), doing="testing"):
            pass
        assert console.lines == []
        with pytest.raises(StorageError), waiting.lock(KEY, deadline=soon(1.6), doing="testing"):
            pass
        assert 2.0 <= time.monotonic() - started < 10
    who = f"process {holder}, signing in to https://id.example.com since 20"
    assert len(console.lines) == 1
    assert console.lines[0].startswith(f"waiting for {who}")
    assert caught.value.message.startswith(f"gave up waiting for {who}")
    assert caught.value.hint


def test_waits_end_by_the_monotonic_clock(tmp_path: Path) -> None:
    """A clock that is set while somebody waits neither ends nor stretches the wait."""
    store = disk_store(tmp_path / "cache", clock=ShiftedClock(-1e9))
    with another_holder(tmp_path / "cache"):
        started = time.monotonic()
        with pytest.raises(StorageError), store.lock(KEY, deadline=soon(0.3), doing="testing"):
            pass
        assert 0.3 <= time.monotonic() - started < 8


def test_ctrl_c_ends_the_wait(tmp_path: Path) -> None:
    """Within half a second, also after a while, when the pauses have grown."""
    ready, write = os.pipe()

    def wait() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.write(write, b"x")
        try:
            take(tmp_path / "cache", seconds=30)
        except KeyboardInterrupt:
            os._exit(130)

    with another_holder(tmp_path / "cache"):
        child = forked(wait)
        os.read(ready, 1)
        time.sleep(0.7)
        started = time.monotonic()
        os.kill(child, signal.SIGINT)
        assert finished(child) == 130
        assert time.monotonic() - started < 0.5 + BUSY
    os.close(ready)
    os.close(write)


def test_a_forked_child_keeps_the_lock_until_it_ends(tmp_path: Path) -> None:
    """The parent may be interrupted while the child still saves what the provider answered."""
    go_on, told = os.pipe()
    with disk_store(tmp_path / "cache").lock(KEY, deadline=soon(), doing="testing"):
        child = forked(lambda: os.read(go_on, 1))
    held = not is_free(tmp_path / "cache")
    os.write(told, b"x")
    assert finished(child) == 0
    os.close(go_on)
    os.close(told)
    assert held
    assert is_free(tmp_path / "cache")


def test_a_forked_child_that_ends_leaves_the_lock_to_its_parent(tmp_path: Path) -> None:
    with disk_store(tmp_path / "cache").lock(KEY, deadline=soon(), doing="testing"):
        in_child(lambda: None)
        assert not is_free(tmp_path / "cache")


def test_the_lock_does_not_reach_started_programs(tmp_path: Path) -> None:
    """A browser that lives for weeks must not hold it."""
    with disk_store(tmp_path / "cache").lock(KEY, deadline=soon(), doing="testing"):
        child = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    try:
        # The kernel closes the file while the program starts, which may be a moment from now.
        take(tmp_path / "cache", seconds=5)
    finally:
        os.kill(child, signal.SIGKILL)
        finished(child)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b" ",
        b" \xff\xfe",
        b" []",
        b' {"pid":"1","since":"x","doing":"y"}',
        b' {"pid":true,"since":"x","doing":"y"}',
        b" {" + b"[" * 5000,
        b" 1234 signing in",
    ],
)
def test_a_note_that_says_nothing_is_no_fault(tmp_path: Path, note: bytes) -> None:
    with another_holder(tmp_path / "cache"):
        (tmp_path / "cache" / LOCK).write_bytes(note)
        with pytest.raises(StorageError, match="gave up waiting for another process"):
            take(tmp_path / "cache")


def test_a_note_can_not_write_to_the_terminal(tmp_path: Path) -> None:
    with another_holder(tmp_path / "cache"):
        (tmp_path / "cache" / LOCK).write_bytes(
            b' {"pid":1,"since":"\\u001b[2J","doing":"\\u001b]0;x\\u0007\\n\\u202e' + b"y" * 300 + b'"}'
        )
        with pytest.raises(StorageError) as caught:
            take(tmp_path / "cache")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400


def test_a_longer_note_leaves_nothing_behind_a_shorter_one(tmp_path: Path) -> None:
    store = disk_store(tmp_path / "cache")
    with store.lock(KEY, deadline=soon(), doing="x" * 300):
        pass
    with (
        store.lock(KEY, deadline=soon(), doing="y"),
        pytest.raises(StorageError, match=f"process {os.getpid()}, y since"),
    ):
        take(tmp_path / "cache")


def plant_link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "elsewhere")


def plant_fifo(path: Path) -> None:
    os.mkfifo(path)


def plant_directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("plant", [plant_link, plant_fifo, plant_directory])
def test_b99_what_is_no_lock_file_is_not_used(tmp_path: Path, plant) -> None:
    """Nothing is made or written through it; the lock is had in the runtime directory."""
    directory = tmp_path / "cache"
    directory.mkdir(0o700)
    plant(directory / LOCK)
    console = RememberingConsole()
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    with disk_store(directory, console=console, environment=environment).lock(KEY, deadline=soon(), doing="testing"):
        assert (tmp_path / "kubelogin" / LOCK).is_file()
    assert not (tmp_path / "elsewhere").exists()
    assert len(console.lines) == 1


def no_locks(_descriptor: int) -> bool:
    raise OSError(errno.ENOLCK, "No locks available")


class LocksOnlyIn:
    """Stands for a kernel that has locks in one directory and none in the others, as with a network file system."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: set[str] = set()

    def __call__(self, descriptor: int) -> bool:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.parent != self._directory:
            raise OSError(errno.ENOTSUP, "Operation not supported")
        if str(path) in self._held:
            return False
        self._held.add(str(path))
        return True


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_b100_without_locks_in_the_cache_the_runtime_directory_has_them(tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    try_lock = LocksOnlyIn(runtime / "kubelogin")
    console = RememberingConsole()
    environment = {"XDG_RUNTIME_DIR": str(runtime)}
    store = disk_store(tmp_path / "cache", console=console, environment=environment, try_lock=try_lock)
    with store.lock(KEY, deadline=soon(), doing="testing"):
        with pytest.raises(StorageError, match="gave up waiting"), store.lock(KEY, deadline=soon(0.1), doing="testing"):
            pass
        with store.lock(LOGIN_KEY, deadline=soon(), doing="testing"):
            store.save(KEY, session())
    assert stat.S_IMODE((runtime / "kubelogin").stat().st_mode) == 0o700
    assert len(console.lines) == 1
    assert "no file locks: operation not supported" in console.lines[0]
    assert str(runtime / "kubelogin") in console.lines[0]


def test_b100_without_any_locks_the_work_goes_on(tmp_path: Path) -> None:
    """A lock keeps refresh tokens from being used twice; it is not worth failing for."""
    console = RememberingConsole()
    environment = {"XDG_RUNTIME_DIR": "relative", "TMPDIR": str(tmp_path)}
    store = disk_store(tmp_path / "cache", console=console, environment=environment, try_lock=no_locks)
    with store.lock(KEY, deadline=soon(), doing="testing"):
        store.save(KEY, session())
    assert len(console.lines) == 1
    assert f"nor has {tmp_path / f'kubelogin-{USER}'}" in console.lines[0]


@pytest.mark.parametrize("kind", ["link", "open-to-all"])
def test_b100_a_runtime_directory_that_others_planted_is_not_used(tmp_path: Path, kind: str) -> None:
    """In a directory of all users anybody may have been there first."""
    planted = tmp_path / f"kubelogin-{USER}"
    if kind == "link":
        (tmp_path / "mine").mkdir(0o700)
        planted.symlink_to(tmp_path / "mine")
    else:
        planted.mkdir()
        planted.chmod(0o777)
    console = RememberingConsole()
    store = disk_store(tmp_path / "cache", console=console, environment={"TMPDIR": str(tmp_path)}, try_lock=no_locks)
    with store.lock(KEY, deadline=soon(), doing="testing"):
        pass
    assert not list(planted.iterdir())
    assert len(console.lines) == 1
    assert str(planted) in console.lines[0]


def test_a_lock_file_that_lost_its_mode_is_mended(tmp_path: Path) -> None:
    """A process with a strict umask may have been killed between making it and setting its mode."""
    take(tmp_path / "cache")
    (tmp_path / "cache" / LOCK).chmod(0)

    def use() -> None:
        console = RememberingConsole()
        with disk_store(tmp_path / "cache", console=console).lock(KEY, deadline=soon(), doing="testing"):
            assert console.lines == []

    if USER == 0:
        for level in (tmp_path, *takewhile(lambda path: path != Path(tempfile.gettempdir()), tmp_path.parents)):
            level.chmod(0o755)
        os.chown(tmp_path / "cache", NOBODY, NOBODY)
        os.chown(tmp_path / "cache" / LOCK, NOBODY, NOBODY)
    in_child(use, user=NOBODY if USER == 0 else None)
    assert stat.S_IMODE((tmp_path / "cache" / LOCK).stat().st_mode) == 0o600


def test_who_waited_for_a_lock_that_was_cleaned_away_takes_the_new_one(tmp_path: Path) -> None:
    """Two files may have had the name; the lock is that of the one which has it now."""
    directory = tmp_path / "cache"

    def wait() -> None:
        with disk_store(directory).lock(KEY, deadline=soon(), doing="waiting"):
            assert (directory / LOCK).exists()
            with pytest.raises(StorageError, match="waiting since"):
                take(directory)

    with another_holder(directory) as holder:
        child = forked(wait)
        time.sleep(0.3)
        (directory / LOCK).unlink()
        os.kill(holder, signal.SIGKILL)
        assert finished(child) == 0
    assert clean(directory, clock=ShiftedClock(), console=RememberingConsole()) == [LOCK]


@pytest.mark.parametrize("key", ["", "../lock", "login-" + "A" * 64, "login-" + "a" * 63, "session-" + "a" * 64])
def test_only_our_keys_name_a_lock(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        take(tmp_path / "cache", key)
