"""Removing what int128/kubelogin keeps in a token cache directory, for ``clean`` and ``logout`` alone."""

import os
import re
import stat
from collections.abc import Collection
from pathlib import Path

from kubelogin_py.errors import StorageError
from kubelogin_py.storage import kernel_lock
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.failures import AbsentError
from kubelogin_py.storage.files import Folder

_SESSION = re.compile(r"[0-9a-f]{64}")
_LOCK = re.compile(r"[0-9a-f]{64}\.lock")


def clean(directory: Path, sessions: Collection[str] | None = None) -> list[str]:
    """Remove its sessions and its locks, and nothing else; return the names removed.

    A lock that kubelogin holds stays: a process that waits for it would otherwise sign in beside the holder.

    :param sessions: remove only those of these names, and their locks.

    :raises StorageError: a session is still there.
    """
    removed: list[str] = []
    failure: StorageError | None = None
    try:
        with opened(directory, warn=lambda _: None, strict=False) as folder:
            for name in sorted(folder.names()):
                try:
                    if _is_meant(name, sessions) and _is_removable(folder, name) and folder.remove(name):
                        removed.append(name)
                except StorageError as error:
                    failure = error
    except AbsentError:
        return []
    if failure:
        raise failure
    return removed


def _is_meant(name: str, sessions: Collection[str] | None) -> bool:
    return sessions is None or name.removesuffix(".lock") in sessions


def _is_removable(folder: Folder, name: str) -> bool:
    status = folder.status(name)
    if status is None or stat.S_ISDIR(status.st_mode):
        return False
    if _LOCK.fullmatch(name):
        return not (stat.S_ISREG(status.st_mode) and _is_held(folder, name))
    return _SESSION.fullmatch(name) is not None


def _is_held(folder: Folder, name: str) -> bool:
    try:
        descriptor = folder.open_lock(name)
    except OSError:
        return False
    try:
        return not kernel_lock.try_lock(descriptor)
    except OSError:
        # No locks on this file system: nobody can hold one.
        return False
    finally:
        os.close(descriptor)
