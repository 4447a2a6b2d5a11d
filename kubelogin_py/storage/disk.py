"""The token store in a directory, by default that of int128/kubelogin."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from kubelogin_py import fastpath
from kubelogin_py.errors import StorageError
from kubelogin_py.ports import Clock, Console
from kubelogin_py.refresh_due import due_at
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.storage import ahead, answers, housekeeping, kernel_lock, names, record, twin
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.failures import AbsentError, shown
from kubelogin_py.storage.files import Folder
from kubelogin_py.storage.lock_place import LockPlace


class DiskStore:
    """Keeps each session in a file of its own, with a lock beside it.

    A directory that can't be used costs nothing but the cache: nothing is found, nothing is locked, and saving
    says why. It is opened and checked anew for every call, and then used by its descriptor.

    :param directory: where; ``None`` when no home directory is known.
    :param console: told, once each, what was put right or could not be used.
    :param environment: the process's environment variables.
    :param try_lock: takes the lock of an open file, or not, without waiting.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        console: Console,
        clock: Clock,
        environment: Mapping[str, str],
        try_lock: Callable[[int], bool] = kernel_lock.try_lock,
    ) -> None:
        self._directory = directory
        self._console = console
        self._clock = clock
        self._environment = environment
        self._told: set[str] = set()
        self._locks = LockPlace(
            lambda: self._opened(create=True),
            console=console,
            clock=clock,
            environment=environment,
            try_lock=try_lock,
        )

    def load(self, key: str) -> Session | None:
        """Return the session kept, or ``None``; a damaged file is moved aside, a newer version's left alone."""
        try:
            with self._opened() as folder:
                return self._read(folder, key)
        except AbsentError:
            return None
        except StorageError as error:
            self._warn_of(error)
            return None

    def save(self, key: str, session: Session) -> None:
        """Keep a session; the answers made from what was kept until now disappear before it does.

        :raises StorageError: it could not be kept; what was kept before is unharmed.
        """
        with self._telling_once(), self._opened(create=True) as folder:
            self._refuse_newer(folder, key)
            stale = None
            try:
                answers.remove_for(folder, key)
            except StorageError as error:
                stale = error
            # Whatever failed before was about what is kept no longer.
            with suppress(StorageError):
                folder.remove(names.setback_file(key))
            # A new refresh token is worth more than the fear of a stale answer, so it is kept all the same.
            twin.write(folder, key, record.render(session), spent=session.refresh_sent_at is not None)
            housekeeping.tidy(folder, now=self._clock.now(), home=self._environment.get("HOME"))
            if stale:
                raise stale

    def delete(self, key: str) -> None:
        """Forget a session and every answer that came from it.

        :raises StorageError: something of it may still be there.
        """
        if self._directory is None:
            return
        with suppress(AbsentError), self._opened() as folder:
            answers.remove_for(folder, key)
            # The copy first: it must not outlive what it is a copy of.
            folder.remove(names.setback_file(key))
            folder.remove(names.twin_file(key))
            folder.remove(names.session_file(key))
            folder.remove(names.bad_file(key))

    @contextmanager
    def lock(self, key: str, *, deadline: float, doing: str) -> Iterator[None]:
        """Hold the only lock of a session key or login key; see ``lock.held``.

        Where there is no place for a lock, everybody goes on without one: it keeps refresh tokens from being
        used twice, and is not worth failing for.

        :raises StorageError: the deadline passed; the message names the holder.
        """
        with ExitStack() as stack:
            self._locks.acquire(stack, names.lock_file(key), deadline=deadline, doing=doing, warn=self._warn_of)
            yield

    def keep_answer(self, arguments: Sequence[str], key: str, body: bytes) -> bool:
        """Keep the finished answer of a command line for ``fastpath``; return whether it was.

        Call it after the session's lock was given up: it takes the lock itself, and gives up at once when
        somebody else has it. Only the token that is kept for this session at that moment becomes an answer.

        :param arguments: the command line after the program's name.
        :param key: of the session.
        :param body: the ExecCredential that was printed.
        """
        place = fastpath.key_for(arguments, self._environment)
        # An answer elsewhere than beside its session would outlive it.
        if place is None or self._directory is None or Path(place[0]) != self._directory:
            return False
        try:
            with ExitStack() as stack:
                if not self._locks.acquire(
                    stack,
                    names.lock_file(key),
                    deadline=self._clock.monotonic(),
                    doing="keeping an answer",
                    warn=self._note,
                ):
                    return False
                folder = stack.enter_context(self._opened())
                session = self._answered(folder, key, body)
                until = session.usable_until if session else None
                if until is None or not answers.write(folder, place, body, session_key=key, usable_until=until):
                    return False
                if session and fastpath.goes_ahead(place[2], self._environment):
                    ahead.keep(folder, place[1], due_at(session, ahead.read_setback(folder, key)))
                return True
        except StorageError as error:
            self._note(error)
            return False

    def _opened(self, *, create: bool = False) -> AbstractContextManager[Folder]:
        if self._directory is None:
            raise StorageError(
                "no home directory is known, so nothing is kept", hint="set HOME, or pass --token-cache-dir"
            )
        return opened(self._directory, warn=self._warn, create=create)

    def _read(self, folder: Folder, key: str) -> Session | None:
        name, aside = names.session_file(key), names.bad_file(key)
        document = folder.read(name)
        if document is None:
            return None
        # An empty file is what some crashes leave.
        if not document:
            return twin.restore(folder, key)
        try:
            return record.parse(document)
        except record.NewerRecordError as error:
            raise StorageError(f"{shown(folder.path / name)} is left alone: {error.message}") from None
        except record.BrokenRecordError as error:
            # Another process may just have replaced it by a good one.
            if folder.read(name) != document:
                return self._read(folder, key)
            folder.move(name, aside)
            # It may have come in that very moment, too: then it goes back, unless there is an even newer one.
            if folder.read(aside) != document:
                if folder.status(name) is None:
                    folder.move(aside, name)
                return self._read(folder, key)
            copy = twin.restore(folder, key)
            what = "its copy is used" if copy else "it can't be used any more"
            self._warn(f"a damaged session was moved to {shown(folder.path / aside)} ({error.message}); {what}")
            return copy

    def _refuse_newer(self, folder: Folder, key: str) -> None:
        name = names.session_file(key)
        try:
            record.parse(folder.read(name) or b"")
        except record.NewerRecordError as error:
            raise StorageError(
                f"{shown(folder.path / name)} is left alone: {error.message}", hint="use the newer version"
            ) from None
        except StorageError:
            # Whatever else stands there is replaced.
            return

    def _answered(self, folder: Folder, key: str, body: bytes) -> Session | None:
        """Return the session that a document may be served for: none if it has another token, or its time is over."""
        session = self._read(folder, key)
        token = answers.presented_token(body)
        if session is None or token is None or session.presented_token != Secret(token):
            return None
        until = session.usable_until
        return session if until is not None and until > self._clock.now() else None

    @contextmanager
    def _telling_once(self) -> Iterator[None]:
        """Mark an error that the person was told of already, when the session was looked for."""
        try:
            yield
        except StorageError as error:
            error.told = f"warning: {error.message}" in self._told
            raise

    def _note(self, error: StorageError) -> None:
        self._console.detail(1, error.message)

    def _warn_of(self, error: StorageError) -> None:
        self._warn(error.message)
        if error.hint:
            self._tell_once(f"hint: {error.hint}")

    def _warn(self, line: str) -> None:
        self._tell_once(f"warning: {line}")

    def _tell_once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._console.tell(line)
