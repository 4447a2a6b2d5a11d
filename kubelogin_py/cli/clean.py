"""``kubelogin clean``: forget every session, and touch nothing that is not ours."""

from pathlib import Path

from kubelogin_py.cli.binding import values_of
from kubelogin_py.cli.home import home_directory
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.text import printable

_NO_KEYRING = "disk"
"""The one value of ``--token-cache-storage`` with which the keyring was left alone."""


def run(invocation: Invocation) -> None:
    """Empty the token cache directory and the keyring, and say so on standard error.

    What is not a file of this program's or of int128/kubelogin's stays where it is, whatever directory is named. A
    keyring that can't be emptied is only a message.
    """
    parsed, verbosity = invocation.parsed, invocation.parsed.number("v")
    directory = values_of(invocation.rows, parsed, invocation.environment)["cache"]["directory"]
    if directory is None:
        raise SettingsError("no home directory is known", hint="set HOME, or pass --token-cache-dir")
    home = home_directory(invocation.environment)
    check_directory(directory, Path(home) if home else None)
    others = invocation.clean_directory(directory, verbosity)
    shown = printable(str(directory))
    invocation.stderr.line(f"Deleted the token cache at {shown}")
    if parsed.text("token-cache-storage") != _NO_KEYRING:
        _clean_keyring(invocation)
    if others:
        invocation.stderr.line(f"note: not part of the token cache and left alone in {shown}: {others}")


def check_directory(directory: Path, home: Path | None) -> None:
    """Refuse a directory that can't be meant.

    :raises SettingsError: it is the home directory or contains it, or the top of a file system.
    """
    found = directory.resolve()
    if home is not None and (found == home.resolve() or found in home.resolve().parents):
        what = "is the home directory" if found == home.resolve() else "contains the home directory"
    elif found == found.parent:
        what = "is the whole file system"
    else:
        return
    raise SettingsError(
        f"{printable(str(found))} {what}, not a token cache: nothing was deleted",
        hint="pass the token cache itself, such as --token-cache-dir=~/.kube/cache/oidc-login",
    )


def _clean_keyring(invocation: Invocation) -> None:
    try:
        invocation.clean_keyring()
    except StorageError as error:
        invocation.stderr.line(f"Could not delete the token cache from the keyring: {error.message}")
    else:
        invocation.stderr.line("Deleted the token cache from the keyring")
