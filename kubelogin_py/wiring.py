"""The only place where adapters meet the application.

Everything slow to import is imported on first use, so that an answer from the cache never pays for it.
"""

import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kubelogin_py import __version__, login
from kubelogin_py.adapters.clock import SystemClock, SystemEntropy
from kubelogin_py.adapters.guard import DeferringGuard, system_guard
from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.login import Credential
from kubelogin_py.ports import (
    Attempts,
    Browser,
    Clock,
    Console,
    DocumentCache,
    Entropy,
    FormerSessions,
    Guard,
    Http,
    Listener,
    NoFormerSessions,
    TokenStore,
    World,
)
from kubelogin_py.settings import Settings, Storage
from kubelogin_py.storage import token_store
from kubelogin_py.storage.keys import login_key, session_key
from kubelogin_py.storage.names import is_cache
from kubelogin_py.storage.provider_documents import DiskDocuments, NoDocuments, documents_key
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from kubelogin_py.adapters.system_keyring import SystemKeyring

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
    world = _world(settings, settled, speaker, guard or DeferringGuard())
    return login.sign_in(settings, world, key=session_key(settings))


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
    world = _world(settings, settled, speaker, guard or DeferringGuard(), store=store)
    key = lock_key(kubeconfig, user)
    credential = login.sign_in(settings, world, key=key)
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


def clean_directory(directory: Path, verbosity: int = 0) -> int:
    """Remove the files of ours and of int128/kubelogin from a token cache directory, and the directory if it is empty.

    :return: how many entries of somebody else are still in it.
    :raises StorageError: something of ours is still there.
    """
    from kubelogin_py.compat import upstream_clean  # noqa: PLC0415 -- for this alone
    from kubelogin_py.storage import housekeeping  # noqa: PLC0415 -- for this alone

    console = Terminal(verbosity, sys.stderr, interactive=False)
    removed = [*housekeeping.clean(directory, clock=SystemClock(), console=console), *upstream_clean.clean(directory)]
    for name in removed:
        console.detail(1, f"removed {printable(name)}")
    with suppress(OSError):
        # Only when nothing is left in it; a link to a directory is the user's own arrangement and stays.
        directory.rmdir()
    try:
        return sum(not is_cache(entry.name) for entry in directory.iterdir())
    except OSError:
        return 0


def clean_keyring() -> None:
    """Remove our key and the sessions of int128/kubelogin from the OS keyring.

    :raises StorageError: there is none, or something of them may still be there.
    """
    from kubelogin_py.compat import upstream_sessions  # noqa: PLC0415 -- for this alone
    from kubelogin_py.storage import sealing_key  # noqa: PLC0415 -- for this alone

    # Whoever cleans up is there to unlock the keyring, unless no terminal says so.
    interactive = sys.stdin is not None and sys.stdin.isatty()
    keyring = _keyring(os.environ, Terminal(0, sys.stderr, interactive=False), SystemClock(), interactive=interactive)
    keyring.delete(sealing_key.SERVICE, sealing_key.ACCOUNT)
    keyring.remove_upstream(upstream_sessions.KEYRING_SERVICE, upstream_sessions.KEYRING_ACCOUNT_PREFIX)


def remember_answer(
    settings: Settings, verbosity: int, arguments: Sequence[str], session_key: str, body: bytes
) -> bool:
    """Keep a finished answer beside its session, for ``fastpath`` to find.

    :param arguments: the command line after the program's name.
    :param session_key: from the credential.
    :param body: the document that was printed.
    """
    console = Terminal(verbosity, sys.stderr, interactive=False)
    return _store(settings, os.environ, console, SystemClock()).keep_answer(arguments, session_key, body)


def _store(
    settings: Settings,
    environment: Mapping[str, str],
    console: Console,
    clock: Clock,
    keyring: "SystemKeyring | None" = None,
) -> TokenStore:
    cache = settings.cache
    return token_store(
        cache.storage, cache.directory, console=console, clock=clock, environment=environment, keyring=keyring
    )


def _kept_documents(settings: Settings, console: Console) -> DocumentCache:
    if settings.cache.storage is Storage.NONE or settings.cache.directory is None:
        return NoDocuments()
    return DiskDocuments(settings.cache.directory, documents_key(settings), console=console)


def _world(
    settings: Settings,
    environment: Mapping[str, str],
    console: Console,
    guard: Guard,
    *,
    store: TokenStore | None = None,
) -> World:
    clock, entropy = SystemClock(), SystemEntropy()
    interactive = settings.login.interactive
    keyring = cast("SystemKeyring", _Later(lambda: _keyring(environment, console, clock, interactive=interactive)))
    return World(
        place=_place(environment),
        clock=clock,
        entropy=entropy,
        http=cast("Http", _Later(lambda: _http(settings, environment, console, clock))),
        listener=cast("Listener", _Later(lambda: _listener(settings, clock, entropy))),
        browser=cast("Browser", _Later(lambda: _browser(settings, environment, console))),
        console=console,
        store=store or _store(settings, environment, console, clock, keyring),
        kept_documents=_kept_documents(settings, console),
        guard=guard,
        former=cast("FormerSessions", _Later(lambda: _former_sessions(settings, console, clock, keyring))),
        attempts=cast("Attempts", _Later(lambda: _attempts(settings, environment, console, clock))),
        caller=_caller(),
    )


def _attempts(settings: Settings, environment: Mapping[str, str], console: Console, clock: Clock) -> Attempts:
    from kubelogin_py.storage.attempts import DiskAttempts  # noqa: PLC0415 -- for a miss alone

    directory = None if settings.cache.storage is Storage.NONE else settings.cache.directory
    return DiskAttempts(directory, _login_key(settings), console=console, clock=clock, environment=environment)


def _login_key(settings: Settings) -> str:
    return login_key(settings.provider.issuer, settings.provider.client_id)


def _caller() -> str:
    """Return what names the command that a person typed: its processes are a group of their own in a shell."""
    return f"{os.getppid()}" if sys.platform == "win32" else f"{os.getpgrp()}"


def _former_sessions(settings: Settings, console: Console, clock: Clock, keyring: "SystemKeyring") -> FormerSessions:
    cache = settings.cache
    if cache.storage is Storage.NONE or cache.directory is None or cache.former_scopes is None:
        return NoFormerSessions()
    from kubelogin_py.compat.former_sessions import (  # noqa: PLC0415 -- for a miss alone
        FormerDiskSessions,
        FormerKeyringSessions,
    )
    from kubelogin_py.compat.upstream_keys import UpstreamOptions  # noqa: PLC0415 -- for a miss alone

    options = UpstreamOptions.from_settings(settings, scopes=cache.former_scopes)
    scope = settings.provider.scope
    if cache.storage is Storage.DISK:
        return FormerDiskSessions(cache.directory, options, scope=scope, clock=clock, console=console)
    from kubelogin_py.adapters.system_keyring import UpstreamItems  # noqa: PLC0415 -- for a miss alone

    items = UpstreamItems(keyring)
    return FormerKeyringSessions(items, cache.directory, options, scope=scope, clock=clock, console=console)


class _Later:
    """Stands in for an adapter until something is asked of it; then it is imported and made, once."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make
        self._made: object | None = None

    def __getattr__(self, name: str) -> object:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)


def _keyring(environment: Mapping[str, str], console: Console, clock: Clock, *, interactive: bool) -> "SystemKeyring":
    from kubelogin_py.adapters.system_keyring import system_keyring  # noqa: PLC0415 -- for those who use it

    return system_keyring(environment, clock=clock, tell=console.tell, interactive=interactive)


def _http(settings: Settings, environment: Mapping[str, str], console: Console, clock: Clock) -> Http:
    from kubelogin_py.adapters.http import RequestsHttp  # noqa: PLC0415 -- slow to import

    return RequestsHttp(
        settings.tls,
        environment=environment,
        request_headers=settings.provider.request_headers,
        on_request=lambda line: console.detail(2, line),
        clock=clock,
        user_agent=f"kubelogin-py/{__version__}",
    )


def _listener(settings: Settings, clock: Clock, entropy: Entropy) -> Listener:
    from kubelogin_py.adapters.callback_server import LoopbackListener  # noqa: PLC0415 -- slow to import
    from kubelogin_py.adapters.callback_tls import Identity  # noqa: PLC0415 -- slow to import

    identity = Identity(settings.login.local_server_cert, settings.login.local_server_key)
    return LoopbackListener(clock, entropy, host=settings.provider.redirect_host, identity=identity)


def _browser(settings: Settings, environment: Mapping[str, str], console: Console) -> Browser:
    from kubelogin_py import nesting  # noqa: PLC0415 -- for a sign-in alone
    from kubelogin_py.adapters.browser import SystemBrowser  # noqa: PLC0415 -- slow to import

    now, seconds = SystemClock().now(), settings.login.authentication_timeout
    marked = nesting.marked(environment, _login_key(settings), now=now, seconds=seconds)
    return SystemBrowser(settings.login.browser_command, marked, sys.platform, console.tell)


def _place(environment: Mapping[str, str]) -> str:
    """Return who asks from where, for the person to recognise."""
    user = environment.get("USER") or environment.get("USERNAME") or "you"
    return printable(f"{user}@{platform.node() or 'this machine'}")
