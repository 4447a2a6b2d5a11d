"""The copy of a session's file, for the day on which the file itself is found damaged.

A copy with an old refresh token would do harm: a provider that rotates them revokes the whole session when one comes
twice (RFC 9700 section 4.14.2). So there is either no copy or an exact one: it is removed before the file changes, made
again afterwards, and not made at all while a refresh token is on its way, whose fate nobody knows. It stands in for a
damaged file only; where the file is missing, somebody has signed out by removing it.
"""

from contextlib import suppress

from kubelogin_py.errors import StorageError
from kubelogin_py.session import Session
from kubelogin_py.storage import names, record
from kubelogin_py.storage.files import Folder


def write(folder: Folder, key: str, document: bytes, *, spent: bool) -> None:
    """Put a session's file in place, and its copy beside it.

    :param spent: whether its refresh token was sent and its answer is not known yet.
    :raises StorageError: the file could not be written, or an old copy is still there.
    """
    folder.remove(names.twin_file(key))
    folder.write(names.session_file(key), document)
    if not spent:
        # The file is what counts; without a copy there is only less luck in misfortune.
        with suppress(StorageError):
            folder.write(names.twin_file(key), document)


def read(folder: Folder, key: str) -> Session | None:
    """Return the session in the copy, if there is one that can be read."""
    try:
        return record.parse(folder.read(names.twin_file(key)) or b"")
    except StorageError:
        return None


def restore(folder: Folder, key: str) -> Session | None:
    """Put the copy in the place of a file that is damaged or was moved away, and return its session."""
    session = read(folder, key)
    if session is not None:
        with suppress(StorageError):
            folder.move(names.twin_file(key), names.session_file(key))
    return session
