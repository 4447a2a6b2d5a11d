"""A look at a token cache directory that leaves everything as it is: modes, damaged files and links, too.

The stores put right what they find when they use it. Who only wants to know must not: it would hide what was wrong.
"""

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from kubelogin_py.attempt import Attempt
from kubelogin_py.doctor.surroundings import CacheState
from kubelogin_py.errors import StorageError
from kubelogin_py.refresh_due import Setback
from kubelogin_py.session import Session
from kubelogin_py.shell_word import shell_word
from kubelogin_py.storage import ahead, attempts, kernel_lock, modes, names, record
from kubelogin_py.storage.failures import failing, shown
from kubelogin_py.storage.files import LIMIT
from kubelogin_py.storage.lock_place import runtime_path

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_PUT_ASIDE = ".bad"


def inspect(directory: Path, *, try_lock: Callable[[int], bool] = kernel_lock.try_lock) -> CacheState:
    """Return what a cache directory is like.

    :param try_lock: takes the lock of an open file, or not, without waiting.
    """
    try:
        status = directory.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _absent(directory)
    except OSError as error:
        return CacheState(directory, fault=f"can't use {shown(directory)}: {(error.strerror or 'failed').lower()}")
    if not stat.S_ISDIR(status.st_mode):
        return CacheState(directory, fault=f"{shown(directory)} is no directory", cure=f"move {shown(directory)} away")
    fault, cure = _fault(directory, status)
    if fault:
        return CacheState(directory, fault=fault, cure=cure)
    entries = dict(_entries(directory))
    return CacheState(
        directory,
        mode=stat.S_IMODE(status.st_mode) if modes.exposed(status) else None,
        exposed=tuple(sorted(name for name, found in entries.items() if _is_plain(found) and modes.exposed(found))),
        foreign=tuple(sorted(name for name, found in entries.items() if not _is_plain(found))),
        damaged=tuple(sorted(name for name in entries if name.endswith(_PUT_ASIDE))),
        former=sum(names.is_former_session(name) for name in entries),
        no_locks=_no_locks(directory, try_lock),
        free=_free(directory),
    )


def read_session(directory: Path, key: str) -> Session | None:
    """Return a session that is kept in plain text, or ``None``.

    :raises StorageError: it can't be read, nor can its copy.
    """
    path = directory / names.session_file(key)
    document = read(path)
    try:
        return None if document is None else record.parse(document)
    except record.BrokenRecordError as error:
        # What the next command will do.
        copy = read(directory / names.twin_file(key))
        if not copy and not document:
            return None
        with suppress(record.BrokenRecordError):
            return record.parse(copy or b"")
        raise StorageError(f"{shown(path)} is damaged: {error.message}") from None


def damage(directory: Path, key: str) -> str:
    """Return why a session's own file can't be read, though it is there; empty when it can."""
    path = directory / names.session_file(key)
    try:
        document = read(path)
        if document is not None:
            record.parse(document)
    except StorageError as error:
        return f"{shown(path)} is damaged: {error.message}" if isinstance(error, record.BrokenRecordError) else ""
    return ""


def read_attempt(directory: Path | None, login_key: str, environment: Mapping[str, str]) -> Attempt | None:
    """Return the last sign-in that did not succeed, wherever it is remembered; what can't be read is as if absent."""
    places = [*([directory] if directory else []), runtime_path(environment)]
    found = []
    for place in places:
        with suppress(StorageError, ValueError):
            contents = read(place / names.attempt_file(login_key))
            found += [attempts.parsed(contents)] if contents else []
    return max(found, key=lambda attempt: attempt.ended_at or attempt.began_at, default=None)


def read_setback(directory: Path, key: str) -> Setback | None:
    """Return what came of the last refresh ahead, if it failed; what can't be read is as if absent."""
    with suppress(StorageError, ValueError):
        contents = read(directory / names.setback_file(key))
        return ahead.parsed(contents) if contents else None
    return None


def read(path: Path) -> bytes | None:
    """Return the contents of a plain file of ours, or ``None`` when there is none.

    :raises StorageError: it is no such file, is too large, or can't be read.
    """
    with failing("read", path):
        try:
            descriptor = os.open(path, os.O_RDONLY | modes.COMMON)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not _is_plain(os.fstat(descriptor)):
                raise StorageError(f"{shown(path)} is not used: it is no plain file of this user")
            contents = file.read(LIMIT + 1)
    if len(contents) > LIMIT:
        raise StorageError(f"{shown(path)} is not used: it is larger than {LIMIT} bytes")
    return contents


def _absent(directory: Path) -> CacheState:
    above = next((level for level in directory.parents if os.path.lexists(level)), None)
    if above is None or (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
        return CacheState(directory, exists=False)
    what = f"{shown(above)} can't be written" if above.is_dir() else f"{shown(above)} is no directory"
    return CacheState(directory, exists=False, fault=f"{shown(directory)} can't be made: {what}")


def _fault(directory: Path, status: os.stat_result) -> tuple[str, str]:
    """Return why nothing could be kept, and what to do about it."""
    if not modes.is_ours(status):
        root = "run it without sudo, or " if modes.user() == 0 else ""
        return (
            f"{shown(directory)} belongs to user {status.st_uid}",
            f"{root}sudo chown -R $(id -un) {shell_word(str(directory))}",
        )
    if modes.exposed(status) & modes.OTHERS_WRITE:
        return f"{shown(directory)} is not used: other users may write to it", f"chmod 700 {shell_word(str(directory))}"
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return (
            f"{shown(directory)} can't be written",
            f"chmod 700 {shell_word(str(directory))}; or it is on a read-only file system",
        )
    return "", ""


def _entries(directory: Path) -> Iterator[tuple[str, os.stat_result]]:
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if names.is_cache(entry.name) and entry.name != names.TAG:
                with suppress(OSError):
                    yield entry.name, entry.stat(follow_symlinks=False)


def _is_plain(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and modes.is_ours(status)


def _free(directory: Path) -> int | None:
    if sys.platform == "win32":
        return None
    try:
        status = os.statvfs(directory)
    except OSError:
        return None
    return status.f_bavail * status.f_frsize


def _no_locks(directory: Path, try_lock: Callable[[int], bool]) -> str | None:
    """Return why there are no locks: on the directory itself, else on a file without a name, so that none is left."""
    if sys.platform == "win32":
        return ""
    for flags in (os.O_RDONLY | os.O_DIRECTORY, os.O_RDWR | getattr(os, "O_TMPFILE", os.O_DIRECTORY)):
        try:
            descriptor = os.open(directory, flags | os.O_CLOEXEC, modes.PRIVATE_FILE)
        except OSError:
            continue
        try:
            try_lock(descriptor)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return (error.strerror or "failed").lower()
            continue
        finally:
            # The lock of an open file ends with it.
            os.close(descriptor)
        return ""
    return None
