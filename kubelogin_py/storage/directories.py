"""Opening a directory that is ours alone."""

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.storage import modes
from kubelogin_py.storage.failures import AbsentError, failing, release, shown
from kubelogin_py.storage.files import Folder


@contextlib.contextmanager
def opened(
    path: Path, *, warn: Callable[[str], None], create: bool = False, follow: bool = True, strict: bool = True
) -> Iterator[Folder]:
    """Open a directory that is ours and writable by us only, and close it again.

    A directory that others may look into is closed to them, and ``warn`` told so in one line.

    :param create: make it, and what is missing above it, with mode 0700.
    :param follow: accept a link to such a directory.
    :param strict: ``False`` to accept any directory of ours as it is; only for removing what is in it.
    :raises AbsentError: it does not exist and was not to be made.
    :raises StorageError: it can't be used; the message says why.
    """
    with failing("use", path):
        if create:
            _make(path)
        try:
            descriptor = _open(path, follow=follow)
        except FileNotFoundError:
            # Still absent after it was made: a link that leads nowhere.
            if create:
                raise
            raise AbsentError(f"{shown(path)} does not exist") from None
    try:
        if descriptor is not None:
            with failing("use", path):
                _check(path, descriptor, warn, strict=strict)
        yield Folder(path, descriptor, warn)
    finally:
        if descriptor is not None:
            release(descriptor)


if sys.platform == "win32":

    def _open(path: Path, *, follow: bool) -> int | None:
        if not stat.S_ISDIR(path.stat(follow_symlinks=follow).st_mode):
            raise NotADirectoryError(20, "not a directory")
        return None

else:

    def _open(path: Path, *, follow: bool) -> int | None:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))


def _check(path: Path, descriptor: int, warn: Callable[[str], None], *, strict: bool) -> None:
    status = os.fstat(descriptor)
    if not modes.is_ours(status):
        raise _foreign(path, status.st_uid)
    if not strict or not modes.exposed(status):
        return
    if status.st_mode & modes.OTHERS_WRITE:
        raise StorageError(
            f"{shown(path)} is not used: other users may write to it",
            hint=f"run `chmod 700 {shown(path)}`, or choose another place with --token-cache-dir",
        )
    modes.restrict(descriptor, modes.PRIVATE_DIRECTORY)
    warn(f"{shown(path)} was open to other users; its mode is 0700 now")


def _make(path: Path) -> None:
    """Make a directory and its missing parents, whatever the umask."""
    missing = []
    for level in (path, *path.parents):
        try:
            status = level.stat()
        except FileNotFoundError:
            missing.append(level)
            continue
        # With sudo, HOME may still be another user's: what root makes there would lock that user out.
        if missing and modes.user() == 0 and not modes.is_ours(status):
            raise _foreign(path, status.st_uid)
        break
    for level in reversed(missing):
        with contextlib.suppress(FileExistsError):
            level.mkdir(modes.PRIVATE_DIRECTORY)
            if stat.S_IMODE(level.lstat().st_mode) != modes.PRIVATE_DIRECTORY:
                level.chmod(modes.PRIVATE_DIRECTORY)


def _foreign(path: Path, owner: int) -> StorageError:
    reason = f"{shown(path)} is not used: it belongs to user {owner}"
    if modes.user() == 0:
        return StorageError(
            f"{reason}, and this runs as root",
            hint="run it without sudo, or choose another place with --token-cache-dir",
        )
    return StorageError(reason, hint="choose another place with --token-cache-dir")
