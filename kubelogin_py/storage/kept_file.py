"""A file of the cache directory that only saves time: trouble with it costs nothing else."""

from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.ports import Console
from kubelogin_py.storage import modes
from kubelogin_py.storage.directories import opened


class KeptFile:
    """One such file.

    :param directory: the cache directory.
    :param name: of the file in it.
    :param console: told at verbosity 1 what could not be kept.
    """

    def __init__(self, directory: Path, name: str, *, console: Console) -> None:
        self._directory = directory
        self._name = name
        self._console = console

    def read(self, *, even_if_exposed: bool) -> bytes:
        """Return its contents; empty when there are none, or they can't be read or trusted.

        :param even_if_exposed: close a file that was open to others and use it, in place of doing without it.
        """
        try:
            with opened(self._directory, warn=self._note) as folder:
                status = None if even_if_exposed else folder.status(self._name)
                if status is not None and modes.exposed(status):
                    return b""
                return folder.read(self._name) or b""
        except StorageError:
            return b""

    def write(self, contents: bytes) -> None:
        """Keep the contents, or not."""
        try:
            with opened(self._directory, warn=self._note, create=True) as folder:
                folder.write(self._name, contents)
        except StorageError as error:
            self._note(error.message)

    def remove(self) -> None:
        """Remove it."""
        try:
            with opened(self._directory, warn=self._note) as folder:
                folder.remove(self._name)
        except StorageError as error:
            self._note(error.message)

    def _note(self, line: str) -> None:
        self._console.detail(1, line)
