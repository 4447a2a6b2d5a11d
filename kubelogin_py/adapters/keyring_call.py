"""One request to the OS keyring, in a process of its own that is killed when it takes too long.

A keyring may put up a prompt that nobody sees, or its service may be dead: the libraries then wait for ever, and no
thread of ours could be stopped.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.ports import Clock
from kubelogin_py.text import printable

QUIET = 2.0
"""Seconds of waiting before the person is told why."""

_STARTING = 30.0
"""Seconds the helper process may take until it asks the keyring; many at once start slowly."""

_SLICE = 0.2
_LIMIT = 8 << 20
_CHUNK = 65536
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from kubelogin_py.adapters.keyring_process import main; main()"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the keyring answered.

    :param keyring: what it calls itself.
    :param value: the secret asked for; ``None`` when there is none.
    """

    keyring: str
    value: str | None


def call(
    request: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    clock: Clock,
    patience: float,
    on_wait: Callable[[], None],
) -> Answer:
    """Return the answer to a request; see ``keyring_process``.

    :param environment: of the process.
    :param patience: seconds for the keyring.
    :param on_wait: called, more than once, when it takes its time.
    :raises NoKeyringError: there is no keyring here that could be used.
    :raises StorageError: it is locked, failed, or did not answer in time.
    """
    line = json.dumps(request).encode("ascii") + b"\n"
    with _started(environment) as process:
        assert process.stdin  # noqa: S101 -- both were asked for
        assert process.stdout  # noqa: S101 -- as above
        reader = _Reader(process.stdout.fileno())
        try:
            # Left open: the process ends when it closes, whatever becomes of us.
            process.stdin.write(line)
            _wait(reader, clock, patience, on_wait)
        except BrokenPipeError:
            # It has ended, and maybe said why.
            pass
        finally:
            process.kill()
            reader.join()
    return _answer(reader.contents)


def _started(environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start the helper process: isolated, with our import path, and apart from our terminal and its Ctrl-C."""
    if not sys.executable:
        raise StorageError("the keyring can't be used here: the Python interpreter is not known")
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        return subprocess.Popen(  # noqa: S603 -- ourselves
            [sys.executable, "-I", "-c", _PROGRAM, *(path for path in sys.path if Path(path).is_absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What a backend writes there may be anything, and errors come as answers.
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=dict(environment),
            **detached,
        )
    except (OSError, ValueError) as error:
        raise StorageError(f"the keyring's helper process can't be started: {printable(error, 200)}") from None


class _Reader:
    """Reads a pipe to its end in a thread of its own: not every system can wait for a pipe."""

    def __init__(self, descriptor: int) -> None:
        self.ended = threading.Event()
        self.contents = b""
        self._thread = threading.Thread(target=self._read, args=(descriptor,), name="keyring", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the end, which is near once the other side was killed."""
        self._thread.join(QUIET)

    def _read(self, descriptor: int) -> None:
        try:
            while len(self.contents) <= _LIMIT and (chunk := os.read(descriptor, _CHUNK)):
                self.contents += chunk
        except OSError:
            pass
        finally:
            self.ended.set()


def _wait(reader: _Reader, clock: Clock, patience: float, on_wait: Callable[[], None]) -> None:
    """Wait for the end of the answer, in slices: a signal that another thread gets does not end a wait of this one."""
    began = clock.monotonic()
    asked: float | None = None
    while not reader.ended.wait(_SLICE):
        now = clock.monotonic()
        if reader.contents:
            # Its first line says that the keyring is asked from here on.
            asked = now if asked is None else asked
            if now - asked >= patience:
                raise StorageError(
                    f"{_described(reader.contents)} did not answer within {patience:.0f} seconds",
                    hint="it may be waiting to be unlocked: unlock it, or pass --token-cache-storage=disk",
                )
            if now - asked >= QUIET:
                on_wait()
        elif now - began >= _STARTING:
            raise StorageError(f"the keyring's helper process did not start within {_STARTING:.0f} seconds")


def _answer(contents: bytes) -> Answer:
    last = _members(contents.splitlines()[-1] if contents else b"")
    if "value" in last:
        return Answer(_name(contents), last["value"])
    if "error" not in last:
        raise StorageError(f"{_described(contents)} ended its helper process without an answer")
    error = last["error"]
    kind = NoKeyringError if error["absent"] else StorageError
    raise kind(error["message"], hint=error["hint"])


def _described(contents: bytes) -> str:
    name = _name(contents)
    return f"the keyring ({name})" if name else "the keyring"


def _name(contents: bytes) -> str:
    """Return what the keyring calls itself; empty while it has not said."""
    names = (_members(line).get("keyring") for line in contents.splitlines())
    return printable(next((name for name in names if name), ""), 100)


def _members(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
