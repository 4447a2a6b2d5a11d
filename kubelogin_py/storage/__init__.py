"""Where sessions are kept between two starts, by name: one file and one row each, imported on use."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from kubelogin_py.ports import Clock, Console, TokenStore
from kubelogin_py.settings import Storage

STORES = {
    Storage.DISK: "kubelogin_py.storage.disk:DiskStore",
    Storage.NONE: "kubelogin_py.storage.none:NoneStore",
}


def token_store(
    storage: Storage,
    directory: Path | None,
    *,
    console: Console,
    clock: Clock,
    environment: Mapping[str, str],
) -> TokenStore:
    """Return the token store of this name.

    :param directory: where it may keep files; ``None`` when no home directory is known.
    :param environment: the process's environment variables.
    :raises KeyError: no store has this name.
    """
    module, _, name = STORES[storage].partition(":")
    store = getattr(import_module(module), name)
    return cast("TokenStore", store(directory, console=console, clock=clock, environment=environment))
