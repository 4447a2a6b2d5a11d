"""The session of a sign-in: whether it can be continued, and its end."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

import kubelogin_py
from kubelogin_py.ports import Clock, Console, TokenStore
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings
from kubelogin_py.storage import token_store
from kubelogin_py.storage.keys import session_key

_LOCK_PATIENCE = 30.0


class SessionKeeper:
    """The session of one sign-in.

    :param settings: the sign-in.
    :param environment: for the network and the store.
    """

    def __init__(self, settings: Settings, *, environment: Mapping[str, str], console: Console, clock: Clock) -> None:
        self._settings = settings
        self._environment = environment
        self._console = console
        self._clock = clock
        self.key = session_key(settings)
        cache = settings.cache
        self._store: TokenStore = token_store(
            cache.storage, cache.directory, console=console, clock=clock, environment=environment
        )

    def load(self) -> Session | None:
        """Return what is kept, or ``None``."""
        return self._store.load(self.key)

    def save(self, session: Session) -> None:
        """Keep a session that another program obtained.

        :raises StorageError: it could not be kept.
        """
        with self._locked("importing a session"):
            self._store.save(self.key, session)

    def end(self) -> None:
        """Revoke the session at its provider (RFC 7009), as far as that works, and forget it; each step is said.

        :raises StorageError: it is still there.
        """
        kubelogin_py.sign_out(self._settings, environment=self._environment, console=self._console)

    def _locked(self, doing: str) -> AbstractContextManager[None]:
        return self._store.lock(self.key, deadline=self._clock.monotonic() + _LOCK_PATIENCE, doing=doing)
