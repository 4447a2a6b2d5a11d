"""The token store that is the keyring's where there is a keyring, and the disk's elsewhere."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.ports import Clock, Console, TokenStore
from kubelogin_py.session import Session
from kubelogin_py.storage.disk import DiskStore
from kubelogin_py.storage.keyring import KeyringStore
from kubelogin_py.storage.sealing_key import Keyring


class AutoStore:
    """Chooses on first use, once for this process, and says so where a session is kept for the first time.

    A keyring that is locked or does not answer is a keyring: tokens are not written in plain text because of it.

    :param directory: where; ``None`` when no home directory is known.
    :param keyring: the OS keyring, if there is one.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        console: Console,
        clock: Clock,
        environment: Mapping[str, str],
        keyring: Keyring,
    ) -> None:
        self._console = console
        self._keyring = keyring
        self._disk = DiskStore(directory, console=console, clock=clock, environment=environment)
        self._sealed = KeyringStore(directory, console=console, clock=clock, environment=environment, keyring=keyring)
        self._choice: TokenStore | None = None
        self._reason = ""
        self._is_said = False
        self._unknown: set[str] = set()

    def load(self, key: str) -> Session | None:
        """Return what the chosen store keeps."""
        session = self._chosen().load(key)
        if session is None:
            self._unknown.add(key)
        elif not self._is_said:
            self._is_said = True
            self._console.detail(1, self._reason)
        return session

    def save(self, key: str, session: Session) -> None:
        """Keep a session in the chosen store, and say which that is unless it has been there before.

        :raises StorageError: it could not be kept.
        """
        self._chosen().save(key, session)
        if key in self._unknown and not self._is_said:
            self._is_said = True
            self._console.tell(self._reason)

    def delete(self, key: str) -> None:
        """Forget a session of the chosen store.

        :raises StorageError: something of it may still be there.
        """
        self._chosen().delete(key)

    def lock(self, key: str, *, deadline: float, doing: str) -> AbstractContextManager[None]:
        """Hold the lock, which is the same for both."""
        return self._chosen().lock(key, deadline=deadline, doing=doing)

    def keep_answer(self, arguments: Sequence[str], key: str, body: bytes) -> bool:  # noqa: ARG002 -- as DiskStore's
        """Return ``False``: where tokens are kept is not known before the keyring was asked."""
        return False

    def _chosen(self) -> TokenStore:
        if self._choice is None:
            self._choice, self._reason = self._choose()
        return self._choice

    def _choose(self) -> tuple[TokenStore, str]:
        try:
            self._sealed.look()
        except NoKeyringError as error:
            return self._disk, f"tokens are kept on disk: {error.message}"
        except StorageError as error:
            return self._sealed, f"tokens are kept under a key in the keyring all the same: {error.message}"
        return self._sealed, f"tokens are kept under a key in the keyring ({self._keyring.name})"
