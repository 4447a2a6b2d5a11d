"""Where a lock is had: beside the session, else in the user's runtime directory, else nowhere."""

import errno
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.ports import Clock, Console
from kubelogin_py.storage import lock, modes
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.failures import shown
from kubelogin_py.storage.files import Folder

_NOTHING_MADE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES})


class LockPlace:
    """Finds a place for locks and takes them there.

    :param cache: opens the cache directory, making it if need be.
    :param environment: the process's environment variables.
    :param try_lock: takes the lock of an open file, or not, without waiting.
    """

    def __init__(
        self,
        cache: Callable[[], AbstractContextManager[Folder]],
        *,
        console: Console,
        clock: Clock,
        environment: Mapping[str, str],
        try_lock: Callable[[int], bool],
    ) -> None:
        self._cache = cache
        self._console = console
        self._clock = clock
        self._environment = environment
        self._try_lock = try_lock

    def acquire(
        self,
        stack: ExitStack,
        name: str,
        *,
        deadline: float,
        doing: str,
        warn: Callable[[StorageError], None],
    ) -> bool:
        """Put a lock on the stack; return whether there is one at all.

        Without a cache directory there is no result to wait for, so nothing is locked. Where its file system has
        no locks, as some network file systems, one on this machine is better than none.

        :param name: of the lock file.
        :param warn: told each reason for not using the cache directory or a lock.
        :raises StorageError: the deadline passed.
        """
        try:
            cache = stack.enter_context(self._cache())
        except StorageError as error:
            warn(error)
            return False
        try:
            stack.enter_context(self._held(cache, name, deadline, doing))
        except lock.NoLockError as error:
            missing = error
        else:
            return True
        path = runtime_path(self._environment)
        try:
            # Unlike the cache directory it may not be a link: others may write to where it stands.
            runtime = stack.enter_context(
                opened(path, warn=lambda line: warn(StorageError(line)), create=True, follow=False)
            )
        except StorageError as error:
            self._tell(cache, missing, f"nor has another place ({error.message})", warn)
            return False
        try:
            stack.enter_context(self._held(runtime, name, deadline, doing))
        except lock.NoLockError as error:
            self._tell(cache, missing, f"nor has {shown(path)} ({error.message})", warn)
            return False
        self._tell(cache, missing, f"using {shown(path)}, which other machines don't see", warn)
        return True

    def _tell(
        self, cache: Folder, missing: lock.NoLockError, instead: str, warn: Callable[[StorageError], None]
    ) -> None:
        """Tell of a missing lock, unless not even its file could be made: then whoever keeps something says why."""
        text = f"{shown(cache.path)} has {missing.message}; {instead}"
        if isinstance(missing.__cause__, OSError) and missing.__cause__.errno in _NOTHING_MADE:
            self._console.detail(1, text)
        else:
            warn(StorageError(text))

    def _held(self, folder: Folder, name: str, deadline: float, doing: str) -> AbstractContextManager[None]:
        return lock.held(
            folder,
            name,
            deadline=deadline,
            doing=doing,
            clock=self._clock,
            console=self._console,
            try_lock=self._try_lock,
        )


def runtime_path(environment: Mapping[str, str]) -> Path:
    """Return the user's private directory of this machine (XDG Base Directory Specification).

    Where there is none it is one that names the user among those of all.
    """
    given = Path(environment.get("XDG_RUNTIME_DIR", ""))
    if given.is_absolute() and given.is_dir():
        return given / "kubelogin"
    for name in ("TMPDIR", "TEMP"):
        temporary = Path(environment.get(name, ""))
        if temporary.is_absolute() and temporary.is_dir():
            return temporary / f"kubelogin-{modes.user()}"
    return Path(f"/tmp/kubelogin-{modes.user()}")  # noqa: S108 -- owner and mode are checked when it is opened
