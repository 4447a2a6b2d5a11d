"""Writing and removing finished answers, by the rules that ``fastpath`` reads them by.

An answer is the credential of a session, so none may be found any more once the session has changed: the disk
store removes them before it touches the session, and writes one only while it holds the session's lock.
"""

import re
from collections.abc import Mapping

from kubelogin_py import fastpath
from kubelogin_py.errors import StorageError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.storage import ahead, names
from kubelogin_py.storage.files import LIMIT, Folder

_LINES = 3


def write(folder: Folder, place: tuple[str, str, str], body: bytes, *, session_key: str, usable_until: float) -> bool:
    """Keep a finished answer; return whether it can be one.

    :param folder: the cache directory.
    :param place: directory, file name and key from ``fastpath.key_for``.
    :param body: the document, one line.
    :param session_key: the session it came from.
    :param usable_until: UTC seconds from which it must not be served.
    :raises StorageError: it could not be written.
    """
    _, name, key = place
    status = _status(body)
    kept = f"{status.get('expirationTimestamp')} {status.get('token')}"
    contents = f"{key}\n{kept}\nsession {session_key}\n".encode("utf-8", "replace")
    # What the doors would print, and what was printed, are the same to the last byte.
    if len(contents) > LIMIT or fastpath.document(contents, key) != body:
        return False
    folder.write(name, contents, modified=int(usable_until))
    return True


def presented_token(body: bytes) -> str | None:
    """Return the token in an ExecCredential, or ``None`` when it has none."""
    token = _status(body).get("token")
    return token if isinstance(token, str) else None


def of_session(folder: Folder, session_key: str) -> list[str]:
    """Return the names of the answers that came from a session, and of those nobody knows the session of."""
    found = (name for name in folder.names() if re.fullmatch(names.ANSWER, name))
    return [name for name in found if _session_of(folder, name) in (session_key, None)]


def remove_for(folder: Folder, session_key: str) -> None:
    """Remove every answer of a session.

    :raises StorageError: one is still there; the others are gone.
    """
    failure = None
    for name in of_session(folder, session_key):
        try:
            folder.remove(name)
            ahead.remove(folder, name)
        except StorageError as error:
            failure = error
    if failure:
        raise failure


def _status(body: bytes) -> Mapping[str, object]:
    try:
        status = read_object(body).get("status")
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}


def _session_of(folder: Folder, name: str) -> str | None:
    try:
        contents = folder.read(name)
    except StorageError:
        return None
    lines = (contents or b"").split(b"\n")
    if len(lines) != _LINES + 1 or not lines[2].startswith(b"session "):
        return None
    return lines[2].removeprefix(b"session ").decode("ascii", "replace")
