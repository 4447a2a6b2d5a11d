"""The talosconfig and what is remembered beside it, as files: read with limits, replaced whole, by one at a time."""

import contextlib
import glob
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.ports import Clock, Console
from kubelogin_py.storage import directories, kernel_lock, lock
from kubelogin_py.storage.failures import AbsentError
from kubelogin_py.storage.files import Folder
from kubelogin_py.text import printable
from talos_cred import fastrun, passes
from talos_cred.errors import TalosconfigError

LIMIT = 1 << 20
"""Bytes of a talosconfig read."""

_PRIVATE = 0o600
_OTHERS = 0o077
_RANDOM_BYTES = 8
_RANDOM = "[0-9a-f]" * 2 * _RANDOM_BYTES
"""What ends the name of a temporary file."""

_ABANDONED = 3600.0
"""Seconds after which its writer is no more."""

_ATTEMPTS = 20
"""Times that a text is edited anew because another program changed it."""

_WRITE_PATIENCE = 30.0
"""Seconds to wait for another process that writes; it takes milliseconds."""
_PAUSE = 0.02


class Files:
    """A talosconfig and the directory beside it.

    :param path: of the talosconfig; a link is followed and stays.
    :param console: told what was put right, and why something takes long.
    """

    def __init__(self, path: Path, *, clock: Clock, console: Console) -> None:
        self.path = path
        self._clock = clock
        self._console = console

    @property
    def shown(self) -> str:
        """The path, for messages."""
        return printable(str(self.path))

    def read(self) -> str:
        """Return the talosconfig's text; empty when there is no file.

        :raises TalosconfigError: it is not a plain file, too large, not UTF-8, or can't be read.
        """
        with self._failing("read"):
            try:
                descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            except FileNotFoundError:
                return ""
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise self._refused("it is not a plain file")
                contents = file.read(LIMIT + 1)
        if len(contents) > LIMIT:
            raise self._refused(f"it is larger than {LIMIT} bytes")
        try:
            return contents.decode("utf-8")
        except UnicodeDecodeError:
            raise self._refused("it is not UTF-8") from None

    def change(self, edit: Callable[[str], str]) -> None:
        """Replace the talosconfig's text by what ``edit`` makes of it, read and written under one lock.

        Other programs take no lock: where one of them wrote meanwhile, its text is edited anew.

        :raises TalosconfigError: it could not be written; what was there is unharmed.
        """
        with self.lock("file", "writing the talosconfig", patience=_WRITE_PATIENCE), self._directory_held():
            for _ in range(_ATTEMPTS):
                before = self.read()
                after = edit(before)
                if after == before:
                    if self._is_open_to_others():
                        self._restrict()
                    return
                if self._replace(after.encode("utf-8"), before):
                    return
        raise self._refused("another program writes it again and again")

    @contextlib.contextmanager
    def lock(self, name: str, doing: str, *, patience: float) -> Iterator[None]:
        """Hold the only lock of this name; where there are no locks, say so and go on.

        :param doing: told to those who wait.
        :param patience: seconds to wait for it.
        """
        with contextlib.ExitStack() as stack:
            try:
                folder = stack.enter_context(self._folder(create=True))
                deadline = self._clock.monotonic() + patience
                stack.enter_context(
                    lock.held(
                        folder,
                        fastrun.file_name("lock", name),
                        deadline=deadline,
                        doing=doing,
                        clock=self._clock,
                        console=self._console,
                    )
                )
            except lock.NoLockError as error:
                self._console.detail(1, f"warning: {self.shown} has {error.message}")
            except StorageError as error:
                raise _ours(error) from None
            yield

    def recall(self, prefix: str, name: str) -> bytes | None:
        """Return what is remembered under a name, or ``None``; what can't be read is as if absent."""
        try:
            with self._folder() as folder:
                return folder.read(fastrun.file_name(prefix, name))
        except AbsentError:
            return None
        except StorageError as error:
            self._console.tell(f"warning: {error.message}")
            return None

    def remember(self, prefix: str, name: str, contents: bytes) -> None:
        """Keep something under a name.

        :raises TalosconfigError: it could not be kept.
        """
        try:
            with self._folder(create=True) as folder:
                folder.write(fastrun.file_name(prefix, name), contents)
        except StorageError as error:
            raise _ours(error) from None

    def forget(self, prefix: str, name: str) -> None:
        """Forget what is kept under a name; absent is fine.

        :raises TalosconfigError: it is still there.
        """
        try:
            with self._folder() as folder:
                folder.remove(fastrun.file_name(prefix, name))
        except AbsentError:
            return
        except StorageError as error:
            raise _ours(error) from None

    def withdraw(self, context: str) -> None:
        """Remove the passes of a context, and that of the current one; absent is fine.

        :raises TalosconfigError: one is still there.
        """
        try:
            with self._folder() as folder:
                for name in (*passes.names(context), *passes.names("")):
                    folder.remove(name)
        except AbsentError:
            return
        except StorageError as error:
            raise _ours(error) from None

    def remembered(self, prefix: str) -> list[bytes]:
        """Return the contents of everything kept under a prefix."""
        try:
            with self._folder() as folder:
                names = sorted(name for name in folder.names() if name.startswith(f"{prefix}-"))
                return [contents for name in names if (contents := folder.read(name)) is not None]
        except StorageError:
            return []

    def _folder(self, *, create: bool = False) -> contextlib.AbstractContextManager[Folder]:
        return directories.opened(Path(fastrun.beside(str(self.path))), warn=self._console.tell, create=create)

    @contextlib.contextmanager
    def _directory_held(self) -> Iterator[None]:
        """Hold the directory that the file itself is in: who knows it by another link has another lock beside that.

        It is held for milliseconds; who can't have it goes on, since the text is compared once more.
        """
        with contextlib.ExitStack() as stack:
            # Windows knows neither such links nor locks of directories.
            with contextlib.suppress(OSError, RuntimeError):
                folder = self.path.resolve().parent
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
                stack.callback(os.close, descriptor)
                deadline = self._clock.monotonic() + _WRITE_PATIENCE
                while not kernel_lock.try_lock(descriptor) and self._clock.monotonic() < deadline:
                    self._clock.sleep(_PAUSE)
            yield

    def _replace(self, contents: bytes, before: str) -> bool:
        """Put the text in place, wholly or not at all, where a link leads; return whether it still said ``before``."""
        with self._failing("write"):
            target = self.path.resolve()
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_owner(target)
            temporary = target.with_name(f".{target.name}.{os.urandom(_RANDOM_BYTES).hex()}")
            try:
                _fill(temporary, contents)
                if self.read() != before:
                    temporary.unlink()
                    return False
                temporary.replace(target)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise
            _synchronise(target.parent)
            self._sweep(target)
        return True

    def _sweep(self, target: Path) -> None:
        """Remove what killed writers left: it holds keys. By its age, since locks are not everywhere."""
        with contextlib.suppress(OSError):
            for left in target.parent.glob(f".{glob.escape(target.name)}.{_RANDOM}"):
                if self._clock.now() - left.lstat().st_mtime > _ABANDONED:
                    left.unlink()

    def _check_owner(self, target: Path) -> None:
        if sys.platform == "win32" or not target.exists():
            return
        owner = target.stat().st_uid
        if owner != os.geteuid():
            raise self._refused(f"it belongs to user {owner}")

    def _is_open_to_others(self) -> bool:
        try:
            return sys.platform != "win32" and bool(self.path.stat().st_mode & _OTHERS)
        except OSError:
            return False

    def _restrict(self) -> None:
        with self._failing("change"):
            self.path.resolve().chmod(_PRIVATE)

    def _refused(self, reason: str) -> TalosconfigError:
        return TalosconfigError(
            f"talosconfig {self.shown} is not used: {reason}", hint="choose another file with --talosconfig"
        )

    @contextlib.contextmanager
    def _failing(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:
            reason = (getattr(error, "strerror", None) or "failed").lower()
            raise TalosconfigError(
                f"can't {verb} talosconfig {self.shown}: {reason}", hint="choose another file with --talosconfig"
            ) from error


def _ours(error: StorageError) -> TalosconfigError:
    """Return the error with advice that fits: the places here are beside the talosconfig, not in the token cache."""
    return TalosconfigError(
        error.message, hint="make its directory writable, or choose another file with --talosconfig"
    )


def _fill(path: Path, contents: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, _PRIVATE), "wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


def _synchronise(folder: Path) -> None:
    """Bring the rename to the disk, where directories can be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
