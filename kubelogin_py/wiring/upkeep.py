"""What is kept: shown, and cleaned away."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.settings import Storage
from kubelogin_py.storage import token_store
from kubelogin_py.storage.names import is_cache
from kubelogin_py.text import printable
from kubelogin_py.wiring.world import Later, system_keyring

if TYPE_CHECKING:
    from kubelogin_py.adapters.system_keyring import SystemKeyring
    from kubelogin_py.storage.overview import Kept


def clean_directory(directory: Path, verbosity: int = 0) -> int:
    """Remove the files of ours and of int128/kubelogin from a token cache directory, and the directory if it is empty.

    :return: how many entries of somebody else are still in it.
    :raises StorageError: something of ours is still there.
    """
    from kubelogin_py.compat import upstream_clean  # noqa: PLC0415 -- for this alone
    from kubelogin_py.storage import housekeeping  # noqa: PLC0415 -- for this alone

    console = Terminal(verbosity, sys.stderr, interactive=False)
    try:
        ours = housekeeping.clean(directory, clock=SystemClock(), console=console)
    finally:
        # Nobody's sessions stay because a file of the other program can't be removed.
        theirs = upstream_clean.clean(directory)
    for name in (*ours, *theirs):
        console.detail(1, f"removed {printable(name)}")
    with suppress(OSError):
        # Only when nothing is left in it; a link to a directory is the user's own arrangement and stays.
        directory.rmdir()
    try:
        return sum(not is_cache(entry.name) for entry in directory.iterdir())
    except OSError:
        return 0


def kept_sessions(directory: Path) -> "list[Kept]":
    """Return every session in a token cache directory; nobody is asked to unlock a keyring for it.

    :raises StorageError: the directory can't be read.
    """
    from kubelogin_py.storage import overview  # noqa: PLC0415 -- for this alone

    console, clock, environment = Terminal(0, sys.stderr, interactive=False), SystemClock(), os.environ
    keyring = cast("SystemKeyring", Later(lambda: system_keyring(environment, console, clock, interactive=False)))
    made = token_store(
        Storage.KEYRING, directory, console=console, clock=clock, environment=environment, keyring=keyring
    )
    return overview.kept_sessions(directory, made.load)


def clean_keyring() -> None:
    """Remove our key and the sessions of int128/kubelogin from the OS keyring.

    :raises StorageError: there is none, or something of them may still be there.
    """
    from kubelogin_py.compat import upstream_sessions  # noqa: PLC0415 -- for this alone
    from kubelogin_py.storage import sealing_key  # noqa: PLC0415 -- for this alone

    # Whoever cleans up is there to unlock the keyring, unless no terminal says so.
    interactive = sys.stdin is not None and sys.stdin.isatty()
    keyring = system_keyring(
        os.environ, Terminal(0, sys.stderr, interactive=False), SystemClock(), interactive=interactive
    )
    keyring.delete(sealing_key.SERVICE, sealing_key.ACCOUNT)
    keyring.remove_upstream(upstream_sessions.KEYRING_SERVICE, upstream_sessions.KEYRING_ACCOUNT_PREFIX)
