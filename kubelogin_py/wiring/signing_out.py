"""Signing out, for the command and for programs."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from kubelogin_py import logout
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.guard import DeferringGuard
from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.logout import SignedOut
from kubelogin_py.ports import Clock, Console
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings, Storage
from kubelogin_py.storage import token_store
from kubelogin_py.storage.copies import DiskCopies
from kubelogin_py.storage.keys import session_key
from kubelogin_py.wiring.signing_in import INSECURE
from kubelogin_py.wiring.world import Later, system_keyring, world

if TYPE_CHECKING:
    from kubelogin_py.adapters.system_keyring import SystemKeyring
    from kubelogin_py.compat.former_copies import FormerCopies

_WITH_KEYRING = (Storage.AUTO, Storage.KEYRING)


def sign_out(
    settings: Settings,
    verbosity: int = 0,
    *,
    browser: bool = False,
    key: str | None = None,
    environment: Mapping[str, str] | None = None,
    console: Console | None = None,
) -> SignedOut:
    """End the session of these settings: revoke it at its provider, and remove all that is kept of it.

    What is kept here goes even when the provider can't be told; ``SignedOut.faults`` then says why.

    :param verbosity: 0 says each step, 1 the smaller ones too, 2 the requests as well.
    :param browser: end the person's session in the browser, too (OpenID Connect RP-Initiated Logout).
    :param key: of another session than that of the settings, at the same provider and client.
    :param environment: the process's own unless given.
    :param console: told in place of the terminal.
    :raises Error: see ``kubelogin_py.errors``; a ``StorageError`` says that something is still kept.
    """
    settled = os.environ if environment is None else environment
    speaker = console or Terminal(verbosity, sys.stderr, interactive=settings.login.interactive)
    if settings.tls.insecure_skip_tls_verify:
        speaker.tell(INSECURE)
    clock, cache = SystemClock(), settings.cache
    made = partial(token_store, directory=cache.directory, console=speaker, clock=clock, environment=settled)
    keyring = cast(
        "SystemKeyring",
        Later(lambda: system_keyring(settled, speaker, clock, interactive=settings.login.interactive)),
    )
    # The locks of all stores are the same.
    locks = made(Storage.DISK)
    outside = world(settings, settled, speaker, DeferringGuard(), store=locks, request_timeout=logout.REQUEST_TIMEOUT)
    own = DiskCopies(cache.directory, made(Storage.KEYRING, keyring=keyring).load, tell=speaker.tell)
    copies = _Copies(own, _former_copies(settings, keyring, clock, speaker))
    return logout.sign_out(settings, outside, copies, key=key or session_key(settings), browser=browser)


@dataclass(frozen=True, slots=True)
class _Copies:
    """What we keep of a session, and what the program before us keeps for the same options."""

    own: DiskCopies
    former: "FormerCopies | None"

    def sessions(self, key: str) -> Sequence[Session | None]:
        return [*self.own.sessions(key), *(self.former.sessions() if self.former else ())]

    def remove(self, key: str) -> int:
        removed = 0
        try:
            removed += self.own.remove(key)
        finally:
            removed += self.former.remove() if self.former else 0
        return removed


def _former_copies(
    settings: Settings, keyring: "SystemKeyring", clock: Clock, console: Console
) -> "FormerCopies | None":
    cache = settings.cache
    if cache.directory is None or cache.former_scopes is None or settings.login.account:
        return None
    from kubelogin_py.adapters.system_keyring import UpstreamItems  # noqa: PLC0415 -- for this alone
    from kubelogin_py.compat.former_copies import FormerCopies  # noqa: PLC0415 -- for this alone
    from kubelogin_py.compat.upstream_keys import UpstreamOptions  # noqa: PLC0415 -- for this alone

    return FormerCopies(
        cache.directory,
        UpstreamOptions.from_settings(settings, scopes=cache.former_scopes),
        scope=settings.provider.scope,
        items=UpstreamItems(keyring) if cache.storage in _WITH_KEYRING else None,
        clock=clock,
        tell=console.tell,
    )
