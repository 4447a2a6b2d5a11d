"""Everything that a cache directory keeps, to be looked at: nothing is changed, put right or unlocked for it."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.refresh_due import Setback
from kubelogin_py.session import Session
from kubelogin_py.storage import ahead, answers, names, record, twin
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.failures import AbsentError
from kubelogin_py.storage.files import Folder


@dataclass(frozen=True, slots=True)
class Kept:
    """One session that is kept.

    :param key: names it in the token store.
    :param file: where.
    :param sealed: whether its key is in the OS keyring.
    :param session: what is kept; ``None`` when it can't be read.
    :param fault: why it can't be read, printable; empty when it can.
    :param setback: the last refresh ahead, if that failed.
    :param answers: how many finished answers are kept beside it.
    """

    key: str
    file: Path
    sealed: bool
    session: Session | None
    fault: str = ""
    setback: Setback | None = None
    answers: int = 0


def kept_sessions(directory: Path, unsealed: Callable[[str], Session | None]) -> list[Kept]:
    """Return every session in a cache directory, those that serve longest first.

    :param unsealed: returns the session of a key that is in the OS keyring, or ``None`` when it can't be had.
    :raises StorageError: the directory can't be read.
    """
    found = []
    with suppress(AbsentError), opened(directory, warn=lambda _: None, strict=False) as folder:
        for name in sorted(folder.names()):
            if match := re.fullmatch(names.SESSION, name):
                if name == names.session_file(match[1]):
                    found.append(_plain(folder, name, match[1]))
            elif (match := re.fullmatch(names.SEALED, name)) and name == names.sealed_file(match[1]):
                session = unsealed(match[1])
                fault = "" if session else "its key in the keyring can't be used now"
                found.append(Kept(match[1], folder.path / name, sealed=True, session=session, fault=fault))
    return sorted(found, key=lambda kept: -(kept.session.expires_at or 0.0) if kept.session else 0.0)


def _plain(folder: Folder, name: str, key: str) -> Kept:
    path = folder.path / name
    try:
        session = _parsed(folder, name, key)
    except StorageError as error:
        return Kept(key, path, sealed=False, session=None, fault=error.message)
    beside = len(answers.of_session(folder, key))
    setback = ahead.read_setback(folder, key)
    return Kept(key, path, sealed=False, session=session, setback=setback, answers=beside)


def _parsed(folder: Folder, name: str, key: str) -> Session:
    """Return a session, of a damaged file its copy's: what the next command will do."""
    try:
        return record.parse(folder.read(name) or b"")
    except record.BrokenRecordError:
        copy = twin.read(folder, key)
        if copy is None:
            raise
        return copy
