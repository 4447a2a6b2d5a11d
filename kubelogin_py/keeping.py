"""Storing a session never costs the credential that was just obtained."""

from dataclasses import replace

from kubelogin_py.errors import StorageError
from kubelogin_py.ports import World
from kubelogin_py.session import Session


def keep(session: Session, world: World, key: str) -> None:
    """Store the session; when that fails, say so once and go on."""
    try:
        _store(session, world, key)
    except StorageError as error:
        if error.told:
            world.console.detail(1, error.message)
            return
        world.console.tell(f"warning: {error.message}; the next command may have to sign in again")
        if error.hint:
            world.console.tell(f"hint: {error.hint}")


def mark(session: Session, world: World, key: str) -> None:
    """Store a note about the session in silence: when even ``keep`` fails later, that one speaks."""
    try:
        _store(session, world, key)
    except StorageError as error:
        world.console.detail(1, error.message)


def _store(session: Session, world: World, key: str) -> None:
    """Store what may be used again: a token that nobody knows the expiry of serves one command."""
    lasting = session if session.expires_at is not None else replace(session, access_token=None)
    if lasting.presented_token is None and lasting.refresh_token is None:
        world.store.delete(key)
    else:
        world.store.save(key, lasting)
