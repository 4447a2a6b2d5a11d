"""What int128/kubelogin keeps for the options of this run, when the person signs out: it would be gone on with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from kubelogin_py.compat import upstream_clean
from kubelogin_py.compat.upstream_keys import UpstreamOptions, cache_keys
from kubelogin_py.compat.upstream_sessions import (
    KEYRING_ACCOUNT_PREFIX,
    KEYRING_SERVICE,
    SecretSource,
    read_disk,
    read_keyring,
    to_session,
)
from kubelogin_py.errors import StorageError
from kubelogin_py.ports import Clock
from kubelogin_py.session import Session

_PATIENCE = 3.0
"""Seconds to wait for a kubelogin that is using its session right now."""


class Items(SecretSource, Protocol):
    """The OS keyring, for reading and removing."""

    def remove(self, service: str, account: str) -> None:
        """Remove an item, absent is fine.

        :raises StorageError: the keyring is absent, locked or did not answer.
        """
        ...


class FormerCopies:
    """Its sessions on disk and, where tokens are kept under the keyring, there.

    :param directory: the directory that both programs are given.
    :param options: what kubelogin names its sessions by.
    :param items: the OS keyring; ``None`` where it is not asked.
    :param tell: told, in a line, what can't be removed.
    """

    def __init__(
        self,
        directory: Path,
        options: UpstreamOptions,
        *,
        scope: str,
        items: Items | None,
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._options = options
        self._names = cache_keys(options)
        self._scope = scope
        self._items = items
        self._clock = clock
        self._tell = tell
        self._accounts: list[str] = []

    def sessions(self) -> list[Session]:
        """Return what is there and can be read."""
        deadline = self._clock.monotonic() + _PATIENCE
        found = [read_disk(self._directory, self._names, clock=self._clock, deadline=deadline).session]
        if self._items is not None:
            item = read_keyring(
                self._items, self._names, directory=self._directory, clock=self._clock, deadline=deadline
            ).session
            if item is not None:
                self._accounts.append(KEYRING_ACCOUNT_PREFIX + item.key)
                found.append(item)
        sessions = (to_session(one, self._options) for one in found if one is not None)
        return [replace(session, scope=self._scope) for session in sessions if session is not None]

    def remove(self) -> int:
        """Remove it all and return how many files and items there were.

        :raises StorageError: a file is still there.
        """
        for account in self._accounts:
            self._remove_item(account)
        removed = upstream_clean.clean(self._directory, frozenset(self._names))
        return len(self._accounts) + sum(not name.endswith(".lock") for name in removed)

    def _remove_item(self, account: str) -> None:
        try:
            if self._items is not None:
                self._items.remove(KEYRING_SERVICE, account)
        except StorageError as error:
            self._tell(f"warning: int128/kubelogin's session is still in the keyring: {error.message}")
