"""Holding the only lock of a name: for one process, or one thread, at a time.

The lock is the kernel's and dies with its holder, so it is never stale and never stolen. The file tells those who
wait who holds it. It is removed only by ``clean``, which holds it then; hence the look, after every success,
whether the locked file is still the one of that name.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from kubelogin_py.errors import StorageError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.ports import Clock, Console
from kubelogin_py.storage import kernel_lock
from kubelogin_py.storage.failures import release
from kubelogin_py.storage.files import Folder
from kubelogin_py.text import printable

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.25
_GROWTH = 1.5
_PATIENCE = 1.0
"""Seconds of waiting before the person is told why."""

# Windows lets nobody else read the locked byte, which is the first one.
_NOTE_AT = 1
_NOTE_LENGTH = 1000


class NoLockError(StorageError):
    """There are no locks in this place: the file system has none, or the lock file can't be made."""


@contextmanager
def held(
    folder: Folder,
    name: str,
    *,
    deadline: float,
    doing: str,
    clock: Clock,
    console: Console,
    try_lock: Callable[[int], bool] = kernel_lock.try_lock,
) -> Iterator[None]:
    """Hold a lock, waiting for it at most until the deadline.

    It is not reentrant: a thread that asks for the same lock twice waits for itself.

    :param deadline: on the monotonic clock.
    :param doing: what it is held for, told to those who wait.
    :raises NoLockError: no lock can be had here.
    :raises StorageError: the deadline passed; the message names the holder.
    """
    descriptor = -1
    waiter = _Waiter(deadline, clock, console)
    try:
        while not (descriptor >= 0 and folder.is_open_as(name, descriptor)):
            if descriptor >= 0:
                descriptor, removed = -1, descriptor
                release(removed)
            with _no_locks_here():
                descriptor = folder.open_lock(name)
            while not _is_taken(descriptor, try_lock):
                waiter.wait(descriptor)
        _sign(descriptor, doing, clock)
        yield
    finally:
        if descriptor >= 0:
            _release(descriptor)


@contextmanager
def _no_locks_here() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoLockError(f"no file locks: {(error.strerror or 'failed').lower()}") from error


def _is_taken(descriptor: int, try_lock: Callable[[int], bool]) -> bool:
    with _no_locks_here():
        return try_lock(descriptor)


class _Waiter:
    """Waits a little longer every time, and says why once."""

    def __init__(self, deadline: float, clock: Clock, console: Console) -> None:
        self._deadline = deadline
        self._clock = clock
        self._console = console
        self._since = clock.monotonic()
        self._pause = _FIRST_PAUSE
        self._told = False

    def wait(self, descriptor: int) -> None:
        now = self._clock.monotonic()
        if now >= self._deadline:
            raise StorageError(
                f"gave up waiting for {_holder(descriptor)}", hint="finish or end that one, then run this again"
            )
        if not self._told and now - self._since >= _PATIENCE:
            self._told = True
            self._console.tell(f"waiting for {_holder(descriptor)}")
        self._clock.sleep(min(self._pause, self._deadline - now))
        self._pause = min(self._pause * _GROWTH, _LONGEST_PAUSE)


def _sign(descriptor: int, doing: str, clock: Clock) -> None:
    """Say in the file who holds it; a full disk is no reason not to hold it."""
    since = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    note = json.dumps({"pid": os.getpid(), "since": since, "doing": doing}).encode("ascii") + b"\n"
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, b" " * _NOTE_AT + note)


def _holder(descriptor: int) -> str:
    """Return who holds the lock, as far as the file says so; its words are foreign text."""
    try:
        os.lseek(descriptor, _NOTE_AT, os.SEEK_SET)
        note = read_object(os.read(descriptor, _NOTE_LENGTH))
    except (OSError, ValueError):
        return "another process"
    pid, since, doing = note.get("pid"), note.get("since"), note.get("doing")
    if type(pid) is not int or not isinstance(since, str) or not isinstance(doing, str):
        return "another process"
    return f"process {pid}, {printable(doing, 200)} since {printable(since, 30)}"


def _release(descriptor: int) -> None:
    try:
        with suppress(OSError):
            kernel_lock.unlock(descriptor)
    finally:
        release(descriptor)
