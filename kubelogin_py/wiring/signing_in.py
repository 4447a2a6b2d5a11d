"""Signing in, for the command, for standalone mode and for programs."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from kubelogin_py import login
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.guard import DeferringGuard, system_guard
from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.documents import Documents
from kubelogin_py.login import Credential
from kubelogin_py.ports import Console, Guard
from kubelogin_py.settings import Settings, Storage
from kubelogin_py.storage import token_store
from kubelogin_py.storage.keys import session_key
from kubelogin_py.wiring.world import world

INSECURE = "warning: the provider's certificate is not verified (--insecure-skip-tls-verify)"


def sign_in(
    settings: Settings,
    verbosity: int = 0,
    *,
    environment: Mapping[str, str] | None = None,
    console: Console | None = None,
    guard: Guard | None = None,
) -> Credential:
    """Return a credential: cached while fresh, else refreshed, else by signing in.

    :param verbosity: 0 says only what the person must know, 1 the steps, 2 the requests, too.
    :param environment: the process's own unless given.
    :param console: told and asks in place of the terminal.
    :param guard: what keeps a refresh whole; by default signals wait for it.
    :raises Error: see ``kubelogin_py.errors``.
    """
    settled = os.environ if environment is None else environment
    speaker = console or Terminal(verbosity, sys.stderr, interactive=settings.login.interactive)
    if settings.tls.insecure_skip_tls_verify:
        speaker.tell(INSECURE)
    outside = world(settings, settled, speaker, guard or DeferringGuard())
    return login.sign_in(settings, outside, key=session_key(settings))


def provider_documents(
    settings: Settings,
    verbosity: int = 0,
    *,
    environment: Mapping[str, str] | None = None,
    console: Console | None = None,
) -> Documents:
    """Return what the provider publishes, each document read when it is first asked for.

    :param verbosity: as for ``sign_in``.
    :param environment: the process's own unless given.
    :param console: told in place of the terminal.
    """
    settled = os.environ if environment is None else environment
    speaker = console or Terminal(verbosity, sys.stderr, interactive=False)
    return Documents(settings.provider.issuer, world(settings, settled, speaker, DeferringGuard()))


def command_sign_in(on_detach: Callable[[], None]) -> Callable[[Settings, int], Credential]:
    """Return ``sign_in`` as the command uses it, where a signal may end the process at any time.

    :param on_detach: closes, in a child that outlives the command, the real stdout.
    """
    return lambda settings, verbosity: sign_in(settings, verbosity, guard=system_guard(on_detach))


def sign_in_to_kubeconfig(
    settings: Settings,
    kubeconfig: Path,
    user: str,
    verbosity: int = 0,
    *,
    environment: Mapping[str, str] | None = None,
    console: Console | None = None,
    guard: Guard | None = None,
) -> Credential:
    """Return a credential as ``sign_in`` does, with its session kept in a kubeconfig instead of the token cache.

    :param settings: for the user with ``auth-provider: oidc``; the cache directory is used for a lock alone.
    :param kubeconfig: the file the user is in.
    :param user: its name there.
    :raises StorageError: the tokens could not be written.
    """
    settled = os.environ if environment is None else environment
    speaker = console or Terminal(verbosity, sys.stderr, interactive=settings.login.interactive)
    if settings.tls.insecure_skip_tls_verify:
        speaker.tell(INSECURE)
    from kubelogin_py.kubernetes.kubeconfig_store import KubeconfigStore, lock_key  # noqa: PLC0415 -- slow to import

    clock = SystemClock()
    # Without a home directory there is no place for the lock, and nothing to be said about the cache.
    storage = Storage.DISK if settings.cache.directory else Storage.NONE
    locks = token_store(storage, settings.cache.directory, console=speaker, clock=clock, environment=settled)
    scope = settings.provider.scope
    store = KubeconfigStore(kubeconfig, user, scope=scope, locks=locks, clock=clock, console=speaker)
    key = lock_key(kubeconfig, user)
    outside = world(settings, settled, speaker, guard or DeferringGuard(), store=store)
    credential = login.sign_in(settings, outside, key=key)
    # A session that can't be kept costs the plugin a warning only; here, keeping it is what was asked for.
    store.save(key, credential.session)
    return credential


def command_sign_in_to_kubeconfig(
    on_detach: Callable[[], None],
) -> Callable[[Settings, int, Path, str], Credential]:
    """Return ``sign_in_to_kubeconfig`` as the command uses it; see ``command_sign_in``."""
    return lambda settings, verbosity, kubeconfig, user: sign_in_to_kubeconfig(
        settings, kubeconfig, user, verbosity, guard=system_guard(on_detach)
    )
