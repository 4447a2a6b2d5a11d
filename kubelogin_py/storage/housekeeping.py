"""Keeping a cache directory tidy, and emptying it."""

import re
import stat
from contextlib import ExitStack, suppress
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.ports import Clock, Console
from kubelogin_py.storage import answers, lock, names
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.failures import AbsentError
from kubelogin_py.storage.files import Folder

_SETTLED = 10.0
"""Seconds after which a file that nobody has locked has no writer any more, on whatever machine."""

_LEFT_OVER = 3600.0
"""Seconds after which it has none either where there are no locks."""

_CLEAN_PATIENCE = 1.0
"""Seconds that ``clean`` waits for those who are just writing; a sign-in under way may go on."""

_TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# This directory is a cache of kubelogin-py: see https://bford.info/cachedir/\n"
)


def tidy(folder: Folder, *, now: float, home: str | None) -> None:
    """Remove what killed writers left and answers whose time is over, and tag the directory for backup programs.

    :param now: UTC seconds.
    :param home: the home directory, which is never tagged.
    """
    with suppress(StorageError):
        found = folder.names()
        for name in found:
            if re.fullmatch(names.TEMPORARY, name):
                _sweep(folder, name, now)
            elif _is_over(folder, name, now):
                folder.remove(name)
        # A directory with anything else in it is no mere cache, and must not miss its backup.
        if names.TAG not in found and all(map(names.is_cache, found)) and folder.path != Path(home or ""):
            folder.write(names.TAG, _TAG)


def clean(directory: Path, *, clock: Clock, console: Console) -> list[str]:
    """Remove every file of ours from a cache directory, and nothing else; return the names removed.

    A lock file goes only under its own lock: otherwise two processes could each hold "the" lock.

    :raises StorageError: something of ours is still there, besides locks in use.
    """
    try:
        # Nothing is put right that is about to go.
        with opened(directory, warn=lambda _: None, strict=False) as folder:
            return _Cleaning(folder, clock, console).run()
    except AbsentError:
        return []


class _Cleaning:
    def __init__(self, folder: Folder, clock: Clock, console: Console) -> None:
        self._folder = folder
        self._clock = clock
        self._console = console
        self._deadline = clock.monotonic() + _CLEAN_PATIENCE
        self._removed: list[str] = []
        self._failure: StorageError | None = None

    def run(self) -> list[str]:
        found = sorted(name for name in self._folder.names() if names.is_ours(name))
        keys = {
            match[1] for kind in (names.SESSION, names.SEALED) for name in found if (match := re.fullmatch(kind, name))
        }
        for key in sorted(keys):
            session = [names.twin_file(key), names.session_file(key), names.bad_file(key)]
            session += [names.sealed_twin_file(key), names.sealed_file(key), names.bad_sealed_file(key)]
            self._remove_locked(names.lock_file(key), [*answers.of_session(self._folder, key), *session])
        for name in found:
            if re.fullmatch(names.LOGIN_LOCK, name):
                self._remove_locked(name, [])
        self._remove([name for name in found if not re.fullmatch(names.LOCK, name)])
        if self._folder.status(names.TAG) and self._folder.read(names.TAG) == _TAG:
            self._remove([names.TAG])
        if self._failure:
            raise self._failure
        return sorted(set(self._removed) & {*found, names.TAG})

    def _remove_locked(self, lock_name: str, others: list[str]) -> None:
        """Remove files and their lock, in this order; while somebody holds the lock, only the files."""
        with ExitStack() as stack:
            locked = True
            try:
                stack.enter_context(
                    lock.held(
                        self._folder,
                        lock_name,
                        deadline=self._deadline,
                        doing="cleaning",
                        clock=self._clock,
                        console=self._console,
                    )
                )
            except StorageError:
                locked = False
            self._remove([*others, lock_name] if locked else others)

    def _remove(self, removable: list[str]) -> None:
        for name in removable:
            try:
                if self._folder.remove(name):
                    self._removed.append(name)
            except StorageError as error:
                self._failure = error


def _is_over(folder: Folder, name: str, now: float) -> bool:
    status = folder.status(name)
    if status is None or stat.S_ISDIR(status.st_mode):
        return False
    if re.fullmatch(names.ANSWER, name):
        return status.st_mtime <= now
    if beside := re.fullmatch(names.AHEAD, name):
        answer = f"answer{beside[1]}"
        return folder.status(answer) is None or _is_over(folder, answer, now)
    return False


def _sweep(folder: Folder, name: str, now: float) -> None:
    """Remove what a killed writer left."""
    status = folder.status(name)
    # Not the modification time: an answer's is in the future from the start.
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_ctime > now - _SETTLED:
        return
    try:
        folder.sweep(name)
    except StorageError:
        if status.st_ctime < now - _LEFT_OVER:
            folder.remove(name)
