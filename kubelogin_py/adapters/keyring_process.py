"""The helper process that talks to the OS keyring: one request, one answer, the end.

A request is one line of JSON on standard input, the answer lines of JSON on standard output; secrets travel through
these pipes alone, never as arguments or in the environment. A prompt that nobody sees can keep a keyring from
answering for ever: the parent then kills this process. It ends by itself, too, when its parent is gone.
"""

import json
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from kubelogin_py.errors import NoKeyringError, StorageError

if TYPE_CHECKING:
    from kubelogin_py.adapters import keyring_backend

ASKING = b'{"asking":true}\n'
"""The line that says that from here on it is the keyring that takes its time, and no longer this process."""

_CHUNK = 65536


def main() -> NoReturn:
    """Serve the request on standard input and end the process."""
    # What a backend prints must not get among the answers.
    answers = os.dup(1)
    os.dup2(2, 1)
    request: dict[str, Any] = json.loads(_first_line())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        answer: dict[str, Any] = {"value": _served(request, answers)}
    except StorageError as error:
        absent = isinstance(error, NoKeyringError)
        answer = {"error": {"message": error.message, "hint": error.hint, "absent": absent}}
    with suppress(OSError):
        _write(answers, json.dumps(answer).encode("ascii") + b"\n")
    # At once: no thread of a backend may delay it.
    os._exit(0)


def _served(request: dict[str, Any], answers: int) -> str | None:
    try:
        # Only this process pays for the import.
        from kubelogin_py.adapters import keyring_backend  # noqa: PLC0415 -- see above
    except ImportError as error:
        raise NoKeyringError(
            f"Python's keyring library can't be loaded (no {error.name})",
            hint="install kubelogin-py again, or pass --token-cache-storage=disk",
        ) from None
    _write(answers, ASKING)
    with keyring_backend.failing("the keyring"):
        backend = keyring_backend.opened()
    _write(answers, json.dumps({"keyring": backend.name}).encode("ascii") + b"\n")
    with keyring_backend.failing(f"the keyring ({backend.name})", secret=request.get("secret")):
        return _done(request["do"], keyring_backend.Items(backend), request["arguments"], request.get("secret"))


def _done(what: str, items: "keyring_backend.Items", arguments: list[str], secret: str | None) -> str | None:
    match what, arguments:
        case "get", [service, account]:
            return items.get(service, account)
        case "peek", [service, account]:
            return items.peek(service, account)
        case "set", [service, account] if secret is not None:
            return items.set(service, account, secret)
        case "delete", [service, account]:
            items.delete(service, account)
        case "get upstream", [service, account]:
            return items.get_upstream(service, account)
        case "remove upstream", [service, prefix]:
            items.remove_upstream(service, prefix)
        case "probe", []:
            items.probe()
        case _:
            raise StorageError(f"nobody knows how to {what} in a keyring")
    return None


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(0, _CHUNK)
        if not chunk:
            os._exit(1)
        line += chunk
    return line


def _end_with_parent() -> None:
    """The parent keeps our standard input open for as long as it waits."""
    with suppress(OSError):
        os.read(0, 1)
    os._exit(1)


def _write(descriptor: int, text: bytes) -> None:
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
