"""A private directory and the files in it.

What is read here may be used to act as the user, so nothing is taken on trust: the directory was checked when it
was opened and is then reached by its descriptor, so that it can't be exchanged (on Windows by its path). Files must
be plain files of ours. They are never written in place: a file is either the old or the new one, whole.
"""

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.storage import kernel_lock, modes
from kubelogin_py.storage.failures import failing, release, shown

LIMIT = 1 << 20
"""Bytes of a file read at most."""

# On Windows a file that somebody has open can't be replaced; readers here take milliseconds.
_ATTEMPTS = 20 if sys.platform == "win32" else 1
_PAUSE = 0.05


class Folder:
    """An opened and checked directory; made by ``directories.opened``.

    :param path: for messages, and for systems without directory descriptors.
    :param descriptor: of the directory; ``None`` on such systems.
    :param warn: told, in one line, what was put right.
    """

    def __init__(self, path: Path, descriptor: int | None, warn: Callable[[str], None]) -> None:
        self.path = path
        self._descriptor = descriptor
        self._warn = warn

    def names(self) -> list[str]:
        """Return the names of everything in the directory."""
        with (
            failing("list", self.path),
            os.scandir(self.path if self._descriptor is None else self._descriptor) as entries,
        ):
            return [entry.name for entry in entries]

    def status(self, name: str) -> os.stat_result | None:
        """Return the status of an entry, of a link itself, or ``None`` if there is none."""
        try:
            return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        except OSError:
            return None

    def read(self, name: str) -> bytes | None:
        """Return a file's contents, or ``None`` if there is no such file; others' right to read it is taken away.

        :raises StorageError: it is no plain file, not ours, has a second name, is too large, or can't be read.
        """
        with failing("read", self.path / name):
            try:
                descriptor = os.open(self._at(name), os.O_RDONLY | modes.COMMON, dir_fd=self._descriptor)
            except FileNotFoundError:
                return None
            except OSError as error:
                # The last one is FreeBSD's.
                if error.errno in (errno.ELOOP, errno.EMLINK):
                    raise self._refused(name, "it is a link") from None
                raise
            try:
                self._check(name, descriptor)
                contents = _read(descriptor)
            finally:
                release(descriptor)
        if len(contents) > LIMIT:
            raise self._refused(name, f"it is larger than {LIMIT} bytes")
        return contents

    def write(self, name: str, contents: bytes, *, modified: int | None = None) -> None:
        """Put a file in place, wholly or not at all, and bring it to the disk.

        :param modified: UTC seconds for its modification time; ``None`` for the present.
        :raises StorageError: it is not surely on the disk; what is there is still either the old or the new one.
        """
        with failing("write", self.path / name):
            try:
                self._put(name, contents, modified)
            except FileNotFoundError:
                # Somebody cleared the directory at that moment, and the unfinished file with it.
                self._put(name, contents, modified)
            self._synchronise()

    def sweep(self, name: str) -> None:
        """Remove what a killed writer left; a file that is written at this moment is locked, and stays.

        :raises StorageError: whether it has its writer can't be told.
        """
        with failing("remove", self.path / name):
            descriptor = os.open(self._at(name), os.O_RDONLY | modes.COMMON, dir_fd=self._descriptor)
            try:
                if kernel_lock.try_lock(descriptor):
                    os.unlink(self._at(name), dir_fd=self._descriptor)
            finally:
                release(descriptor)

    def move(self, name: str, to: str) -> None:
        """Give a file another name, in place of what has that name.

        :raises StorageError: it still has its old name.
        """
        with failing("move", self.path / name):
            self._rename(name, to)

    def remove(self, name: str) -> bool:
        """Remove an entry that is not a directory; return whether it was there.

        :raises StorageError: it is still there.
        """
        with failing("remove", self.path / name):
            try:
                _patiently(lambda: os.unlink(self._at(name), dir_fd=self._descriptor))
            except FileNotFoundError:
                return False
        return True

    def open_lock(self, name: str) -> int:
        """Return the descriptor of a lock file, made if it is not there.

        :raises OSError: it can't be opened, or it is not a plain file of ours.
        """
        flags = os.O_RDWR | os.O_CREAT | modes.COMMON
        try:
            descriptor = os.open(self._at(name), flags, modes.PRIVATE_FILE, dir_fd=self._descriptor)
        except PermissionError as refused:
            # Made under a strict umask by a process that has not come to setting its mode, or never did.
            try:
                os.chmod(self._at(name), modes.PRIVATE_FILE, dir_fd=self._descriptor)
            except FileNotFoundError:
                raise refused from None
            descriptor = os.open(self._at(name), flags, modes.PRIVATE_FILE, dir_fd=self._descriptor)
        try:
            _check_lock(descriptor)
        except BaseException:
            release(descriptor)
            raise
        return descriptor

    def is_open_as(self, name: str, descriptor: int) -> bool:
        """Return whether the name still belongs to this open file."""
        status = self.status(name)
        return status is not None and os.path.samestat(status, os.fstat(descriptor))

    def _put(self, name: str, contents: bytes, modified: int | None) -> None:
        temporary, descriptor = self._begun()
        try:
            try:
                _fill(descriptor, contents)
            finally:
                os.close(descriptor)
            # Before it can be found under its name: a reader must never see another time.
            if modified is not None:
                os.utime(self._at(temporary), (modified, modified), dir_fd=self._descriptor)
            self._rename(temporary, name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(self._at(temporary), dir_fd=self._descriptor)
            raise

    def _begun(self) -> tuple[str, int]:
        """Return the name and descriptor of a new file, locked so that nobody sweeps it away."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | modes.COMMON
        while True:
            name = f"temp-{os.urandom(16).hex()}"
            descriptor = os.open(self._at(name), flags, modes.PRIVATE_FILE, dir_fd=self._descriptor)
            try:
                if kernel_lock.try_lock(descriptor) and self.is_open_as(name, descriptor):
                    return name, descriptor
            except OSError:
                # No locks here: then its age alone protects it.
                return name, descriptor
            # Swept before it was locked.
            release(descriptor)

    def _at(self, name: str) -> str:
        return name if self._descriptor is not None else str(self.path / name)

    def _check(self, name: str, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise self._refused(name, "it is not a plain file with one name")
        if not modes.is_ours(status):
            raise self._refused(name, f"it belongs to user {status.st_uid}")
        if modes.exposed(status):
            modes.restrict(descriptor, modes.PRIVATE_FILE)
            path = shown(self.path / name)
            self._warn(f"{path} was open to other users, who may have read it; its mode is 0600 now")

    def _refused(self, name: str, reason: str) -> StorageError:
        return StorageError(f"{shown(self.path / name)} is not used: {reason}")

    def _rename(self, name: str, to: str) -> None:
        old, new, folder = self._at(name), self._at(to), self._descriptor
        _patiently(lambda: os.replace(old, new, src_dir_fd=folder, dst_dir_fd=folder))

    def _synchronise(self) -> None:
        """Bring the directory itself to the disk: a rename is lost with the power otherwise."""
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            # Some file systems can't, and have nothing to lose then.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise


def _check_lock(descriptor: int) -> None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or not modes.is_ours(status):
        raise PermissionError(errno.EPERM, "not a plain file of this user")
    modes.restrict(descriptor, modes.PRIVATE_FILE)


def _fill(descriptor: int, contents: bytes) -> None:
    modes.restrict(descriptor, modes.PRIVATE_FILE)
    rest = memoryview(contents)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def _read(descriptor: int) -> bytes:
    """Return the contents, at most one byte more than the limit."""
    chunks = []
    left = LIMIT + 1
    while left > 0 and (chunk := os.read(descriptor, left)):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _patiently(change: Callable[[], None]) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return change()
        except PermissionError:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE)
    return None
