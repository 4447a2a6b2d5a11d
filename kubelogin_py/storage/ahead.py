"""Refreshing ahead, in the cache directory: when an answer's token is due, who starts it, and what came of it.

Beside an answer stands a file of the same name but for its beginning, ``ahead1-``. It is empty; its modification time
is the second from which a refresh is due. Whoever answers a command and finds it so makes a second file, with
``.taken`` at the end: only one process can, and that one starts the refresh. The refresh itself begins by putting the
time off and removing the second file, so that one which is killed is followed by another after a minute. One that is
killed before that leaves the file; it goes with the answer, so that at most one token is not refreshed ahead.
"""

import json
import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kubelogin_py import fastpath
from kubelogin_py.errors import StorageError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.refresh_due import Setback
from kubelogin_py.storage import names, record, twin
from kubelogin_py.storage.directories import opened
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubelogin_py.ports import Clock
    from kubelogin_py.session import Session
    from kubelogin_py.storage.files import Folder

PATIENCE = 60.0
"""Seconds after which a refresh that was begun and changed nothing is thought to be dead."""

_FORMAT = 1
_REASON_LENGTH = 300
_LAST_SECOND = 1e11


def keep(folder: "Folder", answer: str, due: float | None) -> None:
    """Say from when on an answer's token is to be refreshed ahead.

    :param answer: name of the answer's file.
    :param due: UTC seconds; ``None`` for never.
    """
    with suppress(StorageError):
        if due is None:
            remove(folder, answer)
        else:
            folder.write(names.ahead_file(answer), b"", modified=math.ceil(due))


def remove(folder: "Folder", answer: str) -> None:
    """Remove what stands beside an answer for the sake of refreshing ahead.

    :raises StorageError: something is still there.
    """
    folder.remove(names.ahead_file(answer))
    folder.remove(names.taken_file(answer))


def read_setback(folder: "Folder", key: str) -> Setback | None:
    """Return what came of the last refresh ahead of a session, if it failed; what can't be read is as if absent."""
    try:
        contents = folder.read(names.setback_file(key))
        return parsed(contents) if contents else None
    except (StorageError, ValueError):
        return None


class DiskAhead:
    """The part of a refresh ahead in the cache directory.

    :param directory: the cache directory.
    :param environment: the process's environment variables.
    """

    def __init__(self, directory: Path, *, clock: "Clock", environment: "Mapping[str, str]") -> None:
        self._directory = directory
        self._clock = clock
        self._environment = environment

    def begin(self, arguments: Sequence[str]) -> bool:
        """Take over the turn that the command of these arguments was given; return whether a refresh is due.

        :raises StorageError: the directory can't be used.
        """
        place = fastpath.key_for(arguments, self._environment)
        if place is None or Path(place[0]) != self._directory:
            return False
        with opened(self._directory, warn=_say_nothing) as folder:
            status = folder.status(names.ahead_file(place[1]))
            is_due = status is not None and status.st_mtime <= self._clock.now()
            if is_due:
                # First, so that nobody makes the other file again.
                keep(folder, place[1], self._clock.now() + PATIENCE)
            folder.remove(names.taken_file(place[1]))
        return is_due

    def last(self, key: str) -> Setback | None:
        """Return the setback of a session, if the last refresh ahead was one."""
        try:
            with opened(self._directory, warn=_say_nothing) as folder:
                return read_setback(folder, key)
        except StorageError:
            return None

    def keep(self, key: str, setback: Setback) -> None:
        """Remember a setback, if the directory takes it."""
        members = {
            "format": _FORMAT,
            "at": setback.at,
            "reason": setback.reason[:_REASON_LENGTH],
            "failures": setback.failures,
        }
        with suppress(StorageError), opened(self._directory, warn=_say_nothing) as folder:
            folder.write(names.setback_file(key), json.dumps(members).encode("ascii") + b"\n")

    def note(self, key: str, session: "Session") -> None:
        """Keep a session whose token is the one that is kept: the answers made from it stay.

        :raises StorageError: it could not be kept.
        """
        with opened(self._directory, warn=_say_nothing) as folder:
            twin.write(folder, key, record.render(session), spent=session.refresh_sent_at is not None)


def _say_nothing(_line: str) -> None:
    """Whoever needs the directory next is told."""


def parsed(contents: bytes) -> Setback:
    """Return the setback of a file.

    :raises ValueError: it is none.
    """
    found = read_object(contents)
    at, reason, failures = found.get("at"), found.get("reason"), found.get("failures")
    if found.get("format") != _FORMAT or type(failures) is not int or failures < 1 or not isinstance(reason, str):
        raise ValueError("not a setback of this version")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at <= _LAST_SECOND:
        raise ValueError("not a time")
    return Setback(float(at), printable(reason, _REASON_LENGTH), failures)
