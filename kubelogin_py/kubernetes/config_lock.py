"""kubectl's own lock of a kubeconfig: that the file ``<kubeconfig>.lock`` exists.

kubectl makes it before it changes the kubeconfig, removes it afterwards, and fails at once when it is there
(client-go, ``clientcmd.ModifyConfig``). So it is held only for the moment of a change, never while anybody waits.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import SoftFileLock, Timeout

from kubelogin_py.errors import StorageError
from kubelogin_py.kubernetes.kubeconfig_file import may_write, shown
from kubelogin_py.ports import Clock, Console
from kubelogin_py.shell_word import shell_word

PATIENCE = 5.0
"""Seconds that we wait for it; kubectl needs milliseconds."""

_PAUSE = 0.05
_SILENT = 1.0
"""Seconds of waiting before the person is told why."""


@contextmanager
def held(kubeconfig: Path, *, clock: Clock, console: Console) -> Iterator[None]:
    """Hold the lock of a kubeconfig, named as kubectl names it: beside the path given, also when that is a link.

    :raises StorageError: somebody else has it and keeps it, or there is no place for it.
    """
    path = Path(f"{kubeconfig}.lock")
    since = clock.monotonic()
    told = False
    while (lock := _taken(path)) is None:
        waited = clock.monotonic() - since
        if waited >= PATIENCE:
            raise _left_behind(path, kubeconfig)
        if not told and waited >= _SILENT:
            told = True
            console.tell(f"waiting for the program that is changing {shown(kubeconfig)}")
        clock.sleep(_PAUSE)
    try:
        yield
    finally:
        lock.release()


def _taken(path: Path) -> SoftFileLock | None:
    """Return the lock if it is ours now."""
    # A new object every time: one that has waited may conclude that a lock it can't read belongs to nobody. The lock
    # of a process that ended without removing it is taken over only when it says which one that was, as ours does.
    lock = SoftFileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    except OSError as error:
        # kubectl's lock has no permission bits, so it may look like a file that can't ever be ours.
        if os.path.lexists(path) or may_write(path.parent):
            return None
        reason = (error.strerror or "failed").lower()
        raise StorageError(
            f"can't make {shown(path)}: {reason}",
            hint="kubectl, too, needs that file to change the kubeconfig",
        ) from error
    return lock


def _left_behind(path: Path, kubeconfig: Path) -> StorageError:
    return StorageError(
        f"{shown(kubeconfig)} is locked: another program is changing it, or ended and left {shown(path)} behind",
        hint=f"if no kubectl is running, remove it and run this again: rm {shell_word(str(path))}",
    )
