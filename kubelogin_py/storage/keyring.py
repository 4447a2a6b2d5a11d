"""The token store whose key is in the OS keyring: sessions in the cache directory, each sealed with that key."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.ports import Clock, Console
from kubelogin_py.session import Session
from kubelogin_py.storage import housekeeping, names, record, sealed
from kubelogin_py.storage.disk import DiskStore
from kubelogin_py.storage.failures import AbsentError, shown
from kubelogin_py.storage.files import Folder
from kubelogin_py.storage.sealing_key import KeyItem, Keyring


class KeyringStore(DiskStore):
    """Keeps sessions as the disk store does, with the same locks, but unreadable without the user's keyring.

    A keyring that can't be used costs nothing but the cache: nothing is found, and saving says why. Nothing is ever
    written in plain text instead.

    :param directory: where; ``None`` when no home directory is known.
    :param console: told, once each, what was put right or could not be used.
    :param environment: the process's environment variables.
    :param keyring: the OS keyring.
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
        super().__init__(directory, console=console, clock=clock, environment=environment)
        self._item = KeyItem(keyring, clock=clock, console=console, environment=environment)

    def look(self) -> None:
        """Ask the keyring for the key, without need yet.

        :raises NoKeyringError: there is no keyring here that could be used.
        :raises StorageError: it can't be used now.
        """
        self._item.look()

    def save(self, key: str, session: Session) -> None:
        """Keep a session.

        :raises StorageError: it could not be kept; what was kept before is unharmed.
        """
        with self._telling_once(), self._opened(create=True) as folder:
            self._refuse_newer(folder, key)
            self._write(folder, key, self._sealed(key, session), spent=session.refresh_sent_at is not None)
            housekeeping.tidy(folder, now=self._clock.now(), home=self._environment.get("HOME"))

    def delete(self, key: str) -> None:
        """Forget a session.

        :raises StorageError: something of it may still be there.
        """
        if self._directory is None:
            return
        with suppress(AbsentError), self._opened() as folder:
            for name in (names.sealed_twin_file(key), names.sealed_file(key), names.bad_sealed_file(key)):
                folder.remove(name)

    def keep_answer(self, arguments: Sequence[str], key: str, body: bytes) -> bool:  # noqa: ARG002 -- as DiskStore's
        """Return ``False``: an answer is in plain text."""
        return False

    def _sealed(self, key: str, session: Session) -> bytes:
        try:
            return sealed.seal(record.render(session), self._item.made(), key)
        except StorageError as error:
            # Where the session was looked for in vain, the fix has been told.
            hint = None if f"hint: {error.hint}" in self._told else error.hint
            raise StorageError(error.message, hint=hint) from None

    def _write(self, folder: Folder, key: str, contents: bytes, *, spent: bool) -> None:
        """Put a file in place, and a copy beside it; see ``twin`` for when there must be none."""
        folder.remove(names.sealed_twin_file(key))
        folder.write(names.sealed_file(key), contents)
        if not spent:
            with suppress(StorageError):
                folder.write(names.sealed_twin_file(key), contents)

    def _read(self, folder: Folder, key: str) -> Session | None:
        name = names.sealed_file(key)
        contents = folder.read(name)
        if contents is None:
            return None
        try:
            return self._unsealed(key, contents)
        except record.NewerRecordError as error:
            raise StorageError(f"{shown(folder.path / name)} is left alone: {error.message}") from None
        except record.BrokenRecordError as error:
            # Another process may just have replaced it by a good one.
            if folder.read(name) != contents:
                return self._read(folder, key)
            return self._restored(folder, key, error if contents else None)
        except StorageError as error:
            self._tell_once(f"the session in {shown(folder.path / name)} can't be read: {error.message}")
            if error.hint:
                self._tell_once(f"hint: {error.hint}")
            return None

    def _unsealed(self, key: str, contents: bytes) -> Session:
        return record.parse(sealed.unseal(contents, self._item.named(sealed.key_name(contents)), key))

    def _restored(self, folder: Folder, key: str, damage: StorageError | None) -> Session | None:
        """Return the session in the copy, which takes the place of the file.

        :param damage: of the file, which is moved aside with this reason; ``None`` for an empty one.
        """
        copy = None
        with suppress(StorageError):
            copy = self._unsealed(key, folder.read(names.sealed_twin_file(key)) or b"")
        if damage:
            aside = names.bad_sealed_file(key)
            folder.move(names.sealed_file(key), aside)
            what = "its copy is used" if copy else "it can't be used any more"
            self._warn(f"a damaged session was moved to {shown(folder.path / aside)} ({damage.message}); {what}")
        if copy:
            with suppress(StorageError):
                folder.move(names.sealed_twin_file(key), names.sealed_file(key))
        return copy

    def _refuse_newer(self, folder: Folder, key: str) -> None:
        name = names.sealed_file(key)
        try:
            sealed.key_name(folder.read(name) or b"")
        except record.NewerRecordError as error:
            raise StorageError(
                f"{shown(folder.path / name)} is left alone: {error.message}", hint="use the newer version"
            ) from None
        except StorageError:
            # Whatever else stands there is replaced.
            return
