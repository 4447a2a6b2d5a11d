"""The OS keyring, asked in bounded time."""

import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from kubelogin_py.adapters.keyring_call import call
from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.ports import Clock

PATIENCE = 10.0
"""Seconds for a keyring that nobody can be asked to unlock: far more than a busy one needs, with forty callers."""

PATIENCE_WITH_PERSON = 60.0
"""Seconds for a keyring whose prompt a person may be answering."""

_REMEMBERED = 10.0
"""Seconds in which a keyring that failed is not asked again: a hanging one costs a command its patience once."""


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
        """What the keyring calls itself; empty until it answered anything."""

    def get(self, service: str, account: str) -> str | None:
        """Return the secret of an item, ``None`` when there is no such item.

        :raises NoKeyringError: there is no keyring here that could be used.
        :raises StorageError: it is locked, failed, or did not answer in time.
        """
        return self._asked("get", service, account)

    def peek(self, service: str, account: str) -> str | None:
        """Return what ``get`` does, but ask nobody to unlock the keyring for it. It raises what ``get`` does."""
        return self._asked("peek", service, account)

    def set(self, service: str, account: str, secret: str) -> str | None:
        """Keep a secret; return what is kept then. It raises what ``get`` does."""
        return self._asked("set", service, account, secret=secret)

    def delete(self, service: str, account: str) -> None:
        """Remove an item, absent is fine. It raises what ``get`` does."""
        self._asked("delete", service, account)

    def probe(self) -> None:
        """Keep, find and remove an item that is like no other. It raises what ``get`` does."""
        self._asked("probe")

    def get_upstream(self, service: str, account: str) -> str | None:
        """Return the secret of an item of int128/kubelogin. It raises what ``get`` does."""
        return self._asked("get upstream", service, account)

    def remove_upstream(self, service: str, prefix: str) -> None:
        """Remove the items of int128/kubelogin, or another program in Go. It raises what ``get`` does.

        :param prefix: what their accounts begin with.
        """
        self._asked("remove upstream", service, prefix)

    def _asked(self, do: str, *arguments: str, secret: str | None = None) -> str | None:
        if self._failure and self._clock.monotonic() < self._failure[0]:
            raise self._failure[1]
        self._failure = None
        request = {"do": do, "arguments": arguments, "secret": secret}
        try:
            _check_presence(self._environment, sys.platform)
            answer = call(request, self._environment, clock=self._clock, patience=self._patience, on_wait=self._say_why)
        except StorageError as error:
            self._failure = self._clock.monotonic() + _REMEMBERED, error
            raise
        self.name = answer.keyring
        return answer.value

    def _say_why(self) -> None:
        if not self._told:
            self._told = True
            self._tell("waiting for the keyring, which may be asking for its password in a window of its own")


class UpstreamItems:
    """The items of int128/kubelogin; what ``compat.upstream_sessions`` and ``compat.former_copies`` want.

    :param keyring: where they are.
    """

    def __init__(self, keyring: SystemKeyring) -> None:
        self._keyring = keyring

    def get(self, service: str, account: str) -> str | None:
        """Return the secret of one item, ``None`` when there is no such item.

        :raises StorageError: the keyring is absent, locked or did not answer.
        """
        return self._keyring.get_upstream(service, account)

    def remove(self, service: str, account: str) -> None:
        """Remove one item, absent is fine.

        :raises StorageError: the keyring is absent, locked or did not answer.
        """
        # The name is as long as all of its kind, so it begins no other.
        self._keyring.remove_upstream(service, account)


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


def _check_presence(environment: Mapping[str, str], platform: str) -> None:
    """Save the start of a process where there is surely no keyring: on servers and in containers.

    :raises NoKeyringError: there is none.
    """
    if platform in ("darwin", "win32") or environment.get("DBUS_SESSION_BUS_ADDRESS"):
        return
    root = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", ""), ".config")
    if "PYTHON_KEYRING_BACKEND" in environment or Path(root, "python_keyring", "keyringrc.cfg").exists():
        return
    raise NoKeyringError(
        "there is no keyring here: DBUS_SESSION_BUS_ADDRESS is not set",
        hint="run this in a desktop session, or pass --token-cache-storage=disk",
    )
