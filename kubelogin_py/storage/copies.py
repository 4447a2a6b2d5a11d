"""All that a cache directory keeps of one session, whichever store kept it: to be found and removed together."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.session import Session
from kubelogin_py.storage import answers, names, record, twin
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.failures import AbsentError, shown
from kubelogin_py.storage.files import Folder


class DiskCopies:
    """The copies in one cache directory; the caller holds the session's lock.

    :param directory: the cache directory; ``None`` when no home directory is known.
    :param unsealed: returns the session of a key that is sealed with the keyring's key, or ``None``.
    :param tell: told, in a line, what can't be read.
    """

    def __init__(
        self, directory: Path | None, unsealed: Callable[[str], Session | None], *, tell: Callable[[str], None]
    ) -> None:
        self._directory = directory
        self._unsealed = unsealed
        self._tell = tell

    def sessions(self, key: str) -> list[Session | None]:
        """Return the session as each store keeps it; ``None`` for one that can't be read, which is told of.

        :raises StorageError: the directory can't be used.
        """
        if self._directory is None:
            return []
        found: list[Session | None] = []
        with suppress(AbsentError), opened(self._directory, warn=self._tell, strict=False) as folder:
            if folder.status(names.session_file(key)):
                found.append(self._plain(folder, key))
            if folder.status(names.sealed_file(key)):
                found.append(self._unsealed(key))
        return found

    def remove(self, key: str) -> int:
        """Remove every file of the session and every answer that may have come from it; return how many there were.

        :raises StorageError: one is still there; all others are gone.
        """
        if self._directory is None:
            return 0
        removed, failure = 0, None
        with suppress(AbsentError), opened(self._directory, warn=self._tell, strict=False) as folder:
            for name in _files(folder, key):
                try:
                    removed += folder.remove(name)
                except StorageError as error:
                    failure = error
            _forget_roots(folder)
        if failure:
            raise failure
        return removed

    def _plain(self, folder: Folder, key: str) -> Session | None:
        name = names.session_file(key)
        try:
            return record.parse(folder.read(name) or b"")
        except StorageError as error:
            self._tell(f"{shown(folder.path / name)} can't be read: {error.message}")
            return twin.read(folder, key)


def _forget_roots(folder: Folder) -> None:
    """Remove what vouched for the provider, though other sessions must find it again: it tells which one it was."""
    with suppress(StorageError):
        for name in folder.names():
            if re.fullmatch(names.ROOTS, name):
                folder.remove(name)


def _files(folder: Folder, key: str) -> list[str]:
    """Return the names to be removed, in an order in which nothing outlives what it was made from."""
    of_session = answers.of_session(folder, key)
    beside = [name for answer in of_session for name in (names.ahead_file(answer), names.taken_file(answer))]
    sealed = [names.sealed_twin_file(key), names.sealed_file(key), names.bad_sealed_file(key)]
    plain = [names.twin_file(key), names.session_file(key), names.bad_file(key)]
    return [*of_session, *beside, names.setback_file(key), *sealed, *plain]
