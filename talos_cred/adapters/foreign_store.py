"""Where talosctl-oidc keeps its sign-ins: the system's keyring and a file. The home of ``keyring`` in this package."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.text import printable
from talos_cred.foreign import SERVICE, ForeignSession, read_entry, read_file

_LIMIT = 1 << 20


def find(context: str, environment: Mapping[str, str]) -> ForeignSession | None:
    """Return the sign-in of a context, the keyring's before the file's; ``None`` where there is none.

    :raises StorageError: something is there and can't be read.
    """
    entry = _from_keyring(context)
    try:
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


def _from_keyring(context: str) -> str | None:
    if importlib.util.find_spec("keyring") is None:
        return None
    keyring = importlib.import_module("keyring")
    try:
        found = keyring.get_password(SERVICE, context)
    except Exception:  # noqa: BLE001 -- backends raise anything, and the file may still have it
        return None
    return found if isinstance(found, str) else None


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
