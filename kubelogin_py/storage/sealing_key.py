"""The one item we keep in the OS keyring: the key that sessions on disk are sealed with.

One per user and not one per session: macOS asks the person for each item, Windows lets several accounts of one
service get into each other's way, and no keyring can list its items by the same means everywhere. It is 43 characters
long, which every keyring takes, however long the tokens are.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Protocol

from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.ports import Clock, Console
from kubelogin_py.storage import lock, names
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.lock_place import runtime_path
from kubelogin_py.storage.sealed import SealingKey

SERVICE = "kubelogin-py"
ACCOUNT = "token-cache-key-1"
"""Names of the item; the number is raised with the format of what is in it."""

_PATIENCE = 30.0
"""Seconds to wait for another process that is just making the key."""


class Keyring(Protocol):
    """The OS keyring. Every call is bounded in time."""

    @property
    def name(self) -> str:
        """What it calls itself; empty until it was asked anything."""
        ...

    def get(self, service: str, account: str) -> str | None:
        """Return the secret of one item, ``None`` when there is no such item.

        :raises NoKeyringError: there is no keyring here that could be used.
        :raises StorageError: it is locked, failed, or did not answer in time.
        """
        ...

    def set(self, service: str, account: str, secret: str) -> str | None:
        """Keep a secret; return what is kept then, read back. It raises what ``get`` does."""
        ...


class NoKeyring:
    """No keyring at all."""

    name = ""

    def get(self, service: str, account: str) -> str | None:  # noqa: ARG002 -- the protocol's
        """Raise.

        :raises NoKeyringError: always.
        """
        raise NoKeyringError("there is no keyring here", hint="pass --token-cache-storage=disk")

    def set(self, service: str, account: str, secret: str) -> str | None:  # noqa: ARG002 -- the protocol's
        """Raise.

        :raises NoKeyringError: always.
        """
        return self.get(service, account)


class KeyItem:
    """The item with the key, asked for at most once while it is of use.

    :param keyring: where it is.
    :param environment: the process's environment variables.
    """

    def __init__(self, keyring: Keyring, *, clock: Clock, console: Console, environment: Mapping[str, str]) -> None:
        self._keyring = keyring
        self._clock = clock
        self._console = console
        self._environment = environment
        self._key: SealingKey | None = None
        self._missing = False

    def look(self) -> None:
        """Ask the keyring for the key, if there is one.

        :raises NoKeyringError: there is no keyring here that could be used.
        :raises StorageError: it can't be used now.
        """
        self._key = self._key or self._read()
        self._missing = self._key is None

    def named(self, name: str) -> SealingKey:
        """Return the key of this name.

        :raises StorageError: it is not in the keyring any more, or that can't be used now.
        """
        if self._key is None or self._key.name != name:
            self._key = self._read()
        if self._key is None or self._key.name != name:
            raise StorageError("the key it was sealed with is no longer in the keyring")
        return self._key

    def made(self) -> SealingKey:
        """Return the key, made and kept now if there is none.

        :raises StorageError: the keyring can't be used now, or does not keep what it is given.
        """
        if not self._missing:
            self.look()
        if self._key is None:
            with ExitStack() as stack:
                self._lock(stack)
                self._key = self._read() or self._kept(SealingKey.new())
        return self._key

    def _read(self) -> SealingKey | None:
        # What is no key is as if absent: it opens nothing, and is replaced.
        return SealingKey.read(self._keyring.get(SERVICE, ACCOUNT) or "")

    def _kept(self, key: SealingKey) -> SealingKey:
        """Keep a new key before anything is sealed with it; return the one that is found there then."""
        kept = SealingKey.read(self._keyring.set(SERVICE, ACCOUNT, key.text.reveal()) or "")
        if kept is None:
            raise StorageError(
                f"the keyring ({self._keyring.name}) does not keep what it is given",
                hint="pass --token-cache-storage=disk",
            )
        return kept

    def _lock(self, stack: ExitStack) -> None:
        """See that one process of this user makes the key, whatever its cache directory is.

        :raises StorageError: another process took too long over it.
        """
        path = runtime_path(self._environment)
        try:
            folder = stack.enter_context(opened(path, warn=self._note, create=True, follow=False))
        except StorageError as error:
            self._note(error.message)
            return
        held = lock.held(
            folder,
            names.KEY_LOCK,
            deadline=self._clock.monotonic() + _PATIENCE,
            doing="making the key of the token cache",
            clock=self._clock,
            console=self._console,
        )
        try:
            stack.enter_context(held)
        except lock.NoLockError as error:
            self._note(error.message)

    def _note(self, line: str) -> None:
        self._console.detail(1, line)
