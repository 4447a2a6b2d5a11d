"""The OS keyring, asked through a process of its own that is killed when it takes too long.

A keyring may put up a prompt that nobody sees, or its service may be dead: the libraries then wait for ever, and no
thread of ours could be stopped. Each request is one short-lived process (``keyring_process``).
"""

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.ports import Clock
from kubelogin_py.text import printable

PATIENCE = 5.0
"""Seconds for a keyring that nobody can be asked to unlock."""

PATIENCE_WITH_PERSON = 60.0
"""Seconds for a keyring whose prompt a person may be answering."""

_STARTING = 30.0
"""Seconds the helper process may take until it asks the keyring; many at once start slowly."""

_QUIET = 2.0
"""Seconds of waiting before the person is told why."""

_REMEMBERED = 10.0
"""Seconds in which a keyring that failed is not asked again: a hanging one costs a command its patience once."""

_SLICE = 0.2
_LIMIT = 8 << 20
_CHUNK = 65536
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from kubelogin_py.adapters.keyring_process import main; main()"
_KEYRING = "keyring"


class SystemKeyring:
    """The keyring that the user configured for Python's ``keyring``, else the system's own.

    :param environment: the process's environment variables, where the keyring's service and a configuration are
        found.
    :param clock: for deadlines.
    :param tell: told, in one line, when the keyring takes its time.
    :param patience: seconds for one request; see ``system_keyring``.
    """

    def __init__(
        self, environment: Mapping[str, str], *, clock: Clock, tell: Callable[[str], None], patience: float
    ) -> None:
        self._environment = _with_bus(environment)
        self._clock = clock
        self._tell = tell
        self._patience = patience
        self._told = False
        self._failure: tuple[float, StorageError] | None = None
        self.name = ""
        """What the keyring calls itself; empty until it was asked anything."""

    def get(self, service: str, account: str) -> str | None:
        """Return the secret of an item, ``None`` when there is no such item.

        :raises NoKeyringError: there is no keyring here that could be used.
        :raises StorageError: it is locked, failed, or did not answer in time.
        """
        return self._asked("get", service, account)

    def set(self, service: str, account: str, secret: str) -> str | None:
        """Keep a secret; return what is kept then. It raises what ``get`` does."""
        return self._asked("set", service, account, secret=secret)

    def delete(self, service: str, account: str) -> None:
        """Remove an item, absent is fine. It raises what ``get`` does."""
        self._asked("delete", service, account)

    def probe(self) -> None:
        """Keep, find and remove an item that is like no other. It raises what ``get`` does."""
        self._asked("probe")

    def remove_upstream(self, service: str, prefix: str) -> None:
        """Remove the items of int128/kubelogin, or another program in Go. It raises what ``get`` does.

        :param prefix: what their accounts begin with.
        """
        self._asked("remove upstream", service, prefix)

    def get_upstream(self, service: str, account: str) -> str | None:
        """Return the secret of an item of int128/kubelogin. It raises what ``get`` does."""
        return self._asked("get upstream", service, account)

    def _asked(self, do: str, *arguments: str, secret: str | None = None) -> str | None:
        if self._failure and self._clock.monotonic() < self._failure[0]:
            raise self._failure[1]
        self._failure = None
        request = json.dumps({"do": do, "arguments": arguments, "secret": secret})
        try:
            if _surely_absent(self._environment, sys.platform):
                raise NoKeyringError(
                    "there is no keyring here: DBUS_SESSION_BUS_ADDRESS is not set",
                    hint="run this in a desktop session, or pass --token-cache-storage=disk",
                )
            return self._value(self._answer(request.encode("ascii") + b"\n"))
        except StorageError as error:
            self._failure = self._clock.monotonic() + _REMEMBERED, error
            raise

    def _answer(self, request: bytes) -> bytes:
        """Return all that the helper process says to a request."""
        with _started(self._environment) as process:
            assert process.stdin  # noqa: S101 -- both were asked for
            assert process.stdout  # noqa: S101 -- as above
            answer = _Reader(process.stdout.fileno())
            try:
                # Unbuffered, and left open: when it closes, our end is told.
                process.stdin.write(request)
                self._wait(answer)
            except BrokenPipeError:
                pass
            finally:
                process.kill()
                answer.join()
        return answer.contents()

    def _wait(self, answer: "_Reader") -> None:
        """Wait for the end of the answer.

        :raises StorageError: the keyring's patience, or ours with the process, was over first.
        """
        began = self._clock.monotonic()
        asked: float | None = None
        while not answer.ended.wait(_SLICE):
            now = self._clock.monotonic()
            if answer.contents():
                asked = asked or now
                self._endure(now - asked, answer)
            elif now - began >= _STARTING:
                raise StorageError(f"the keyring's helper process did not start within {_STARTING:.0f} seconds")

    def _endure(self, waited: float, answer: "_Reader") -> None:
        if waited >= self._patience:
            self._learn_name(answer.contents())
            raise StorageError(
                f"{self._described()} did not answer within {self._patience:.0f} seconds",
                hint="it may be waiting to be unlocked: unlock it, or pass --token-cache-storage=disk",
            )
        if waited >= _QUIET and not self._told:
            self._told = True
            self._tell("waiting for the keyring, which may be asking for its password in a window of its own")

    def _value(self, answer: bytes) -> str | None:
        self._learn_name(answer)
        last = _parsed(answer.splitlines()[-1] if answer else b"")
        if "value" in last:
            value: str | None = last["value"]
            return value
        if "error" not in last:
            raise StorageError(f"{self._described()} ended its helper process without an answer")
        error = last["error"]
        kind = NoKeyringError if error["absent"] else StorageError
        raise kind(error["message"], hint=error["hint"])

    def _described(self) -> str:
        return f"the keyring ({self.name})" if self.name else "the keyring"

    def _learn_name(self, answer: bytes) -> None:
        for line in answer.splitlines():
            if name := _parsed(line).get(_KEYRING):
                self.name = printable(name, 100)


class UpstreamItems:
    """The items of int128/kubelogin, for reading; what ``compat.upstream_sessions`` wants.

    :param keyring: where they are.
    """

    def __init__(self, keyring: SystemKeyring) -> None:
        self._keyring = keyring

    def get(self, service: str, account: str) -> str | None:
        """Return the secret of one item, ``None`` when there is no such item.

        :raises StorageError: the keyring is absent, locked or did not answer.
        """
        return self._keyring.get_upstream(service, account)


def system_keyring(
    environment: Mapping[str, str],
    *,
    clock: Clock,
    tell: Callable[[str], None],
    interactive: bool,
    platform: str = sys.platform,
) -> SystemKeyring:
    """Return the keyring with the patience of this place: more where a person may be unlocking it.

    :param interactive: whether the caller says that a person is there.
    :param platform: as ``sys.platform``.
    """
    display = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    seen = interactive and (display or platform in ("darwin", "win32"))
    return SystemKeyring(environment, clock=clock, tell=tell, patience=PATIENCE_WITH_PERSON if seen else PATIENCE)


class _Reader:
    """Reads a pipe to its end in a thread of its own: a pipe can't be waited for on every system."""

    def __init__(self, descriptor: int) -> None:
        self.ended = threading.Event()
        self._contents = b""
        self._thread = threading.Thread(target=self._read, args=(descriptor,), name="keyring", daemon=True)
        self._thread.start()

    def contents(self) -> bytes:
        """Return what was read so far."""
        return self._contents

    def join(self) -> None:
        """Wait for the end, which is near once the other side was killed."""
        self._thread.join(_QUIET)

    def _read(self, descriptor: int) -> None:
        try:
            while len(self._contents) <= _LIMIT and (chunk := os.read(descriptor, _CHUNK)):
                self._contents += chunk
        except OSError:
            pass
        finally:
            self.ended.set()


def _started(environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start the helper process: isolated, with our import path, and apart from our terminal and its Ctrl-C."""
    if not sys.executable:
        raise StorageError("the keyring is not available here: the Python interpreter is not known")
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


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _with_bus(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with the address of the user's D-Bus, which is at a known place where systemd runs."""
    socket = Path(environment.get("XDG_RUNTIME_DIR", ""), "bus")
    if environment.get("DBUS_SESSION_BUS_ADDRESS") or not socket.is_absolute():
        return environment
    try:
        status = socket.stat()
    except OSError:
        return environment
    if not stat.S_ISSOCK(status.st_mode) or status.st_uid != os.geteuid():
        return environment
    return {**environment, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={socket}"}


def _surely_absent(environment: Mapping[str, str], platform: str) -> bool:
    """Return whether no process needs to be started to know that there is no keyring: on servers, in containers."""
    if platform in ("darwin", "win32") or environment.get("DBUS_SESSION_BUS_ADDRESS"):
        return False
    if "PYTHON_KEYRING_BACKEND" in environment:
        return False
    root = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", ""), ".config")
    return not Path(root, "python_keyring", "keyringrc.cfg").exists()
