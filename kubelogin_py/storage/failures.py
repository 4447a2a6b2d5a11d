"""The file system's errors, said in our words."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.text import printable

_FREE_SPACE = "free some space, or choose another place with --token-cache-dir"
_ELSEWHERE = "choose a writable place with --token-cache-dir"
_HINTS = {errno.ENOSPC: _FREE_SPACE, errno.EDQUOT: _FREE_SPACE}


class AbsentError(StorageError):
    """The directory does not exist."""


@contextlib.contextmanager
def failing(verb: str, path: Path) -> Iterator[None]:
    """Translate the system's errors: ``can't write /home/me/…: no space left on device``.

    :param verb: what was tried.
    :param path: on what.
    :raises StorageError: for every ``OSError``.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        hint = _HINTS.get(error.errno or 0, _ELSEWHERE)
        raise StorageError(f"can't {verb} {shown(path)}: {reason}", hint=hint) from error


def release(descriptor: int) -> None:
    """Close what holds nothing that could be lost, whatever the system says to it."""
    with contextlib.suppress(OSError):
        os.close(descriptor)


def shown(path: Path) -> str:
    """Return a path for a message."""
    return printable(str(path))
