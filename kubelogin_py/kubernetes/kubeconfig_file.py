"""A kubeconfig as a file: read whole, and replaced whole while everything about it but its text stays."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.text import printable

LIMIT = 1 << 20
"""Bytes of a kubeconfig accepted."""

_PRIVATE = 0o600
# A link is no temporary file of ours, a pipe is not waited for, and a child process inherits nothing.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"))
_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)


def shown(path: Path) -> str:
    """Return a path for a message."""
    return printable(str(path))


def read(path: Path) -> str | None:
    """Return the text of a kubeconfig, line ends untouched; ``None`` when there is no such file.

    :raises StorageError: it is no plain file, larger than ``LIMIT``, not UTF-8, or can't be read.
    """
    with _failing("read", path):
        try:
            descriptor = os.open(path, os.O_RDONLY | _NONBLOCK | (_FLAGS & ~getattr(os, "O_NOFOLLOW", 0)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise StorageError(f"{shown(path)} is not a plain file")
            contents = file.read(LIMIT + 1)
    if len(contents) > LIMIT:
        raise StorageError(f"{shown(path)} is larger than {LIMIT} bytes")
    try:
        return contents.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StorageError(f"{shown(path)} is not UTF-8 at byte {error.start}") from None


def check_writable(path: Path) -> None:
    """Make sure that the file may be replaced: a read-only one is so on purpose.

    :raises StorageError: it may not.
    """
    if not may_write(path):
        raise StorageError(
            f"{shown(path)} can't be written", hint=f"make it writable: chmod u+w {shown(path)}, or use another one"
        )


def may_write(path: Path) -> bool:
    """Return whether we may write to a file or directory."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def replace(path: Path, text: str) -> None:
    """Put a new text in place, wholly or not at all, and bring it to the disk; mode, owner and links stay.

    :raises StorageError: the old text is still there.
    """
    real = Path(os.path.realpath(path))
    temporary = real.with_name(f".{real.name}.{os.urandom(8).hex()}")
    contents = text.encode()
    with _failing("write", path):
        before = real.stat()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, _PRIVATE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(contents)
                file.flush()
                _take_over(descriptor, before)
                os.fsync(descriptor)
            _move(temporary, real, contents)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
        _synchronise(real.parent)


def create(path: Path, text: str) -> None:
    """Make a new file that only its owner reads, wholly or not at all; nothing that is there is replaced.

    :raises StorageError: it could not be made, or something of that name is there.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    with _failing("write", path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, _PRIVATE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(descriptor)
            # Unlike a rename, a link fails where something is. Some file systems have none.
            try:
                os.link(temporary, path)
            except (PermissionError, NotImplementedError):
                _rename_to_new(temporary, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
        _synchronise(path.parent)


def _rename_to_new(temporary: Path, path: Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    temporary.rename(path)


def _move(temporary: Path, real: Path, contents: bytes) -> None:
    try:
        temporary.replace(real)
    except OSError as error:
        # A single file that is mounted into a container can't be replaced. All of the new text is on the disk
        # beside it by now, so at least no lack of space can leave half of it there.
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        with real.open("r+b") as file:
            file.write(contents)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())


if sys.platform == "win32":

    def _take_over(descriptor: int, before: os.stat_result) -> None:
        """Leave it: access lists are inherited from the directory."""

    def _synchronise(directory: Path) -> None:
        """Leave it: a directory can't be opened."""

else:

    def _take_over(descriptor: int, before: os.stat_result) -> None:
        """Give an open file the owner, group and mode of another.

        :raises PermissionError: it belongs to somebody else, who could not use a file of ours.
        """
        now = os.fstat(descriptor)
        if now.st_uid != before.st_uid:
            os.fchown(descriptor, before.st_uid, before.st_gid)
        elif now.st_gid != before.st_gid:
            # Where we are not of that group, it loses a right; the file is still its owner's.
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, -1, before.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode))

    def _synchronise(directory: Path) -> None:
        """Bring a directory to the disk: a rename is lost with the power otherwise."""
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            # Some file systems can't, and have nothing to lose then.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _failing(verb: str, path: Path) -> Iterator[None]:
    """Translate the system's errors."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"can't {verb} {shown(path)}: {(error.strerror or 'failed').lower()}") from error
