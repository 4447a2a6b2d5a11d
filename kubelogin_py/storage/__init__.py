"""Where sessions are kept between two starts, by name: one file and one row each, imported on use."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kubelogin_py.ports import Clock, Console, TokenStore
from kubelogin_py.settings import Storage

if TYPE_CHECKING:
    from kubelogin_py.storage.sealing_key import Keyring

STORES = {
    Storage.DISK: "kubelogin_py.storage.disk:DiskStore",
    Storage.KEYRING: "kubelogin_py.storage.keyring:KeyringStore",
    Storage.AUTO: "kubelogin_py.storage.auto:AutoStore",
    Storage.NONE: "kubelogin_py.storage.none:NoneStore",
}
_WITH_KEYRING = (Storage.KEYRING, Storage.AUTO)


def token_store(
    storage: Storage,
    directory: Path | None,
    *,
    console: Console,
    clock: Clock,
    environment: Mapping[str, str],
    keyring: "Keyring | None" = None,
) -> TokenStore:
    """Return the token store of this name.

    :param directory: where it may keep files; ``None`` when no home directory is known.
    :param environment: the process's environment variables.
    :param keyring: the OS keyring, for the stores that use it; ``None`` when there is none.
    :raises KeyError: no store has this name.
    """
    module, _, name = STORES[storage].partition(":")
    store = getattr(import_module(module), name)
    make = partial(store, directory, console=console, clock=clock, environment=environment)
    return cast("TokenStore", make(keyring=keyring or _no_keyring()) if storage in _WITH_KEYRING else make())


def _no_keyring() -> "Keyring":
    from kubelogin_py.storage.sealing_key import NoKeyring  # noqa: PLC0415 -- with it comes a library

    return NoKeyring()
