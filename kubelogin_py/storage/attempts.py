"""The turn to ask the person, and what became of the last sign-in, in files of the cache directory.

Where that can't be used, or nothing is to be kept, the user's runtime directory has them: the memory holds no secret,
and losing it costs the person a row of browser tabs. The turn is had there in any case: whoever has a cache directory
for each context has one screen all the same.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from kubelogin_py import nesting
from kubelogin_py.attempt import Attempt
from kubelogin_py.errors import StorageError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.ports import Clock, Console
from kubelogin_py.storage import kernel_lock, lock, names
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.files import Folder
from kubelogin_py.storage.lock_place import runtime_path
from kubelogin_py.text import printable

_FORMAT = 1
_REASON_LENGTH = 300
_LAST_SECOND = 1e11


class DiskAttempts:
    """One file with the last attempt, and one lock, per issuer and client.

    :param directory: the cache directory; ``None`` when there is none, or nothing is kept there.
    :param key: from ``keys.login_key``.
    :param environment: the process's environment variables.
    :param try_lock: takes the lock of an open file, or not, without waiting.
    """

    def __init__(
        self,
        directory: Path | None,
        key: str,
        *,
        console: Console,
        clock: Clock,
        environment: Mapping[str, str],
        try_lock: Callable[[int], bool] = kernel_lock.try_lock,
    ) -> None:
        self._name = names.attempt_file(key)
        self._key = key
        self._environment = environment
        person = hashlib.sha256(f"{key} {environment.get('HOME', '')}".encode(errors="surrogateescape")).hexdigest()
        self._wait_name = names.wait_file(key)
        self._console = console
        self._clock = clock
        self._try_lock = try_lock
        runtime = partial(opened, runtime_path(environment), warn=self._note, follow=False)
        self._places = [runtime] if directory is None else [partial(opened, directory, warn=self._note), runtime]
        # Other machines see the one in the cache directory; those with another cache directory, the other.
        self._locks = list(zip(self._places, [key, f"login-{person}"][-len(self._places) :], strict=True))

    def admit(self) -> None:
        """Refuse a sign-in that was started by itself; see ``nesting``."""
        nesting.check(self._environment, self._key, now=self._clock.now())

    @contextmanager
    def hold(self, *, deadline: float, doing: str) -> Iterator[None]:
        """Hold the locks of this issuer and client, always in the same order; see ``ports.Attempts``.

        Without a place for a lock everybody goes on: a browser tab too many is no reason to fail.

        :raises StorageError: the deadline passed.
        """
        with ExitStack() as stack:
            for place, key in self._locks:
                try:
                    folder = stack.enter_context(place(create=True))
                except StorageError as error:
                    self._note(error.message)
                    continue
                try:
                    stack.enter_context(self._held(folder, names.lock_file(key), deadline, doing))
                except lock.NoLockError as error:
                    self._note(error.message)
            yield

    def last(self) -> Attempt | None:
        """Return the newest attempt that is kept anywhere; what can't be read is as if absent."""
        found = [attempt for place in self._places if (attempt := self._read(place)) is not None]
        return max(found, key=lambda attempt: attempt.ended_at or attempt.began_at, default=None)

    def keep(self, attempt: Attempt) -> None:
        """Remember an attempt in the first place that takes it."""
        for place in self._places:
            try:
                with place(create=True) as folder:
                    folder.write(self._name, _rendered(attempt))
            except StorageError as error:
                self._note(error.message)
            else:
                return

    def forget(self) -> None:
        """Forget it everywhere."""
        for place in self._places:
            with suppress(StorageError), place() as folder:
                folder.remove(self._name)

    def put_off(self, until: float) -> None:
        """Remember that the provider wants no request before then, as the modification time of an empty file."""
        for place in self._places:
            try:
                with place(create=True) as folder:
                    folder.write(self._wait_name, b"", modified=int(until))
            except StorageError as error:
                self._note(error.message)
            else:
                return

    def put_off_until(self) -> float | None:
        """Return until when the provider wants no request."""
        found = [until for place in self._places if (until := self._modified(place)) is not None]
        return max(found, default=None)

    def _modified(self, place: Callable[[], AbstractContextManager[Folder]]) -> float | None:
        try:
            with place() as folder:
                status = folder.status(self._wait_name)
        except StorageError:
            return None
        return None if status is None else status.st_mtime

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

    def _read(self, place: Callable[[], AbstractContextManager[Folder]]) -> Attempt | None:
        try:
            with place() as folder:
                contents = folder.read(self._name)
            return parsed(contents) if contents else None
        except (StorageError, ValueError):
            return None

    def _note(self, line: str) -> None:
        self._console.detail(1, line)


def _rendered(attempt: Attempt) -> bytes:
    members = {
        "format": _FORMAT,
        "began_at": attempt.began_at,
        "ended_at": attempt.ended_at,
        "reason": attempt.reason[:_REASON_LENGTH],
        "failures": attempt.failures,
        "caller": attempt.caller,
    }
    return json.dumps(members).encode("ascii") + b"\n"


def parsed(contents: bytes) -> Attempt:
    """Return the attempt of a file.

    :raises ValueError: it is none.
    """
    found = read_object(contents)
    reason, failures, caller = found.get("reason"), found.get("failures"), found.get("caller")
    began_at, ended_at = _time(found.get("began_at")), found.get("ended_at")
    if found.get("format") != _FORMAT or type(failures) is not int or failures < 1:
        raise ValueError("not an attempt of this version")
    if not isinstance(reason, str) or not isinstance(caller, str):
        raise ValueError("not an attempt")  # noqa: TRY004 -- a bad value of a file
    ended = None if ended_at is None else _time(ended_at)
    return Attempt(began_at, ended, printable(reason, _REASON_LENGTH), failures, caller)


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        raise ValueError("not a time")
    return float(value)
