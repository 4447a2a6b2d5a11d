"""Where talosctl-oidc keeps its sign-ins: the system's keyring and a file."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from kubelogin_py.adapters.system_keyring import system_keyring
from kubelogin_py.compat.upstream_sessions import decoded
from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.ports import Clock
from kubelogin_py.text import printable
from talos_cred.foreign import SERVICE, ForeignSession, read_entry, read_file

_LIMIT = 1 << 20


def find(
    context: str, environment: Mapping[str, str], *, clock: Clock, tell: Callable[[str], None]
) -> ForeignSession | None:
    """Return the sign-in of a context, the keyring's before the file's; ``None`` where there is none.

    :param tell: told, in one line, when the keyring takes its time, or can't be read.
    :raises StorageError: something is there and can't be read.
    """
    try:
        entry = _from_keyring(context, environment, clock=clock, tell=tell)
        return read_entry(entry) if entry else _from_file(context, environment)
    except ValueError as error:
        raise StorageError(f"what talosctl-oidc keeps of {printable(context, 60)} can't be used: {error}") from None


def tokens_file(environment: Mapping[str, str]) -> Path:
    """Return the file that talosctl-oidc falls back to."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE", "") or os.curdir)
    if sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(environment.get("APPDATA", "") or home / "AppData" / "Roaming")
    else:
        base = Path(environment.get("XDG_CONFIG_HOME", "") or home / ".config")
    return base / SERVICE / "tokens.json"


def _from_keyring(
    context: str, environment: Mapping[str, str], *, clock: Clock, tell: Callable[[str], None]
) -> str | None:
    """Return the entry of the keyring, ``None`` where there is none: the file may still have it."""
    keyring = system_keyring(environment, clock=clock, tell=tell, interactive=True)
    try:
        found = keyring.get_upstream(SERVICE, context)
        return None if found is None else decoded(found)
    except NoKeyringError:
        return None
    except StorageError as error:
        tell(f"warning: {error.message}")
        return None


def _from_file(context: str, environment: Mapping[str, str]) -> ForeignSession | None:
    path = tokens_file(environment)
    try:
        with path.open("rb") as file:
            contents = file.read(_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"can't read {printable(str(path))}: {(error.strerror or 'failed').lower()}") from error
    if len(contents) > _LIMIT:
        raise ValueError("its file is too large")
    return read_file(contents, context)
