"""A directory that another program keeps secrets in, read with suspicion and never changed.

Linux, macOS and the BSDs: the directory is opened once and checked, and everything in it is reached through that
handle. Windows has neither owners nor handles of that kind here: files are reached by their path.
"""

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from kubelogin_py.errors import StorageError
from kubelogin_py.ports import Clock
from kubelogin_py.text import printable

if sys.platform == "win32":
    import msvcrt

    def _try_shared_lock(descriptor: int) -> bool:
        # The C library has no shared lock; this one is on the same byte as kubelogin's.
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_shared_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_POLL = 0.05
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH
# A link is not followed, a pipe is not waited for, and a child process inherits nothing.
_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
)


class Directory:
    """A directory of secrets, open between ``with`` and its end.

    :param path: the directory; a link to one is fine when the target passes the check.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Open it.

        :raises FileNotFoundError: there is none.
        :raises StorageError: it is no directory, another user's, or writable by others.
        """
        if sys.platform == "win32":
            return self
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise
        except OSError as error:
            _refuse(error, str(self._path))
        try:
            _check_ours(os.fstat(self._descriptor), f"directory {printable(str(self._path))}")
        except StorageError:
            self._close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._close()

    def newest_first(self, names: Sequence[str]) -> list[str]:
        """Return those of the names that exist, the one written last first."""
        written: dict[str, int] = {}
        for name in names:
            try:
                written[name] = os.stat(self._reach(name), dir_fd=self._descriptor, follow_symlinks=False).st_mtime_ns
            except OSError:
                continue
        return sorted(written, key=lambda name: written[name], reverse=True)

    def read(self, name: str, *, limit: int) -> tuple[bytes, str | None]:
        """Return a file's content, and what is of concern about it if anything is.

        :param limit: bytes accepted.
        :raises StorageError: it is not a plain file of ours, others can write it, it is too large or unreadable.
        """
        descriptor = self._open(name)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _check_ours(status, "it")
            if status.st_nlink != 1:
                raise StorageError("it has a second name (hard link)")
            try:
                content = file.read(limit + 1)
            except OSError as error:
                _refuse(error, name)
        if len(content) > limit:
            raise StorageError(f"larger than {limit} bytes")
        exposed = sys.platform != "win32" and status.st_mode & _READABLE_BY_OTHERS
        return content, "other users can read it" if exposed else None

    @contextmanager
    def shared_lock(self, name: str, *, clock: Clock, deadline: float) -> Iterator[None]:
        """Keep the other program from writing, if it has a lock file; the file is never made or removed.

        :param name: the lock file.
        :param deadline: on the monotonic clock.
        :raises StorageError: the other program held the lock to the deadline, or no lock can be had here.
        """
        try:
            descriptor: int | None = self._open(name)
        except FileNotFoundError:
            descriptor = None
        try:
            if descriptor is not None:
                _wait(descriptor, clock, deadline)
            yield
        finally:
            # Closing ends the lock.
            if descriptor is not None:
                os.close(descriptor)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _reach(self, name: str) -> str:
        return name if self._descriptor is not None else str(self._path / name)

    def _open(self, name: str) -> int:
        """Return a descriptor of a plain file.

        :raises FileNotFoundError: there is none.
        """
        try:
            descriptor = os.open(self._reach(name), _FLAGS, dir_fd=self._descriptor)
        except FileNotFoundError:
            raise
        except OSError as error:
            _refuse(error, name)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise StorageError("it is not a plain file")
        return descriptor


def _check_ours(status: os.stat_result, what: str) -> None:
    if sys.platform == "win32":
        return
    if status.st_uid != os.geteuid():
        raise StorageError(f"{what} belongs to another user")
    if status.st_mode & _WRITABLE_BY_OTHERS:
        raise StorageError(f"{what} can be written by other users")


def _wait(descriptor: int, clock: Clock, deadline: float) -> None:
    try:
        while not _try_shared_lock(descriptor):
            left = deadline - clock.monotonic()
            if left <= 0:
                raise StorageError("another kubelogin is using it")
            clock.sleep(min(_POLL, left))
    except OSError as error:
        _refuse(error, "its lock")


def _refuse(error: OSError, what: str) -> NoReturn:
    raise StorageError(f"could not read {printable(what)}: {printable(error.strerror or str(error))}") from None
