"""Writing and removing finished answers, by the rules that ``fastpath`` reads them by.

An answer is the credential of a session, so none may be found any more once the session has changed: the disk
store removes them before it touches the session, and writes one only while it holds the session's lock.
"""

import re

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
    contents = b"%s\n%s\nsession %s\n" % (key.encode("ascii"), body.rstrip(b"\n"), session_key.encode("ascii"))
    if len(contents) > LIMIT or fastpath.document(contents, key) is None:
        return False
    folder.write(name, contents, modified=int(usable_until))
    return True


def presented_token(body: bytes) -> str | None:
    """Return the token in an ExecCredential, or ``None`` when it has none."""
    try:
        status = read_object(body).get("status")
    except ValueError:
        return None
    token = status.get("token") if isinstance(status, dict) else None
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


def _session_of(folder: Folder, name: str) -> str | None:
    try:
        contents = folder.read(name)
    except StorageError:
        return None
    lines = (contents or b"").split(b"\n")
    if len(lines) != _LINES + 1 or not lines[2].startswith(b"session "):
        return None
    return lines[2].removeprefix(b"session ").decode("ascii", "replace")
