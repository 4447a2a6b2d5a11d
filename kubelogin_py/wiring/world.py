"""The world of one run: every adapter, made from the settings.

Everything slow to import is imported on first use, so that an answer from the cache never pays for it.
"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from kubelogin_py import __version__
from kubelogin_py.adapters.clock import SystemClock, SystemEntropy
from kubelogin_py.kubernetes.exec_credential import VARIABLE
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
    NoRoots,
    RootCache,
    TokenStore,
    World,
)
from kubelogin_py.settings import Settings, Storage
from kubelogin_py.storage import token_store
from kubelogin_py.storage.keys import login_key
from kubelogin_py.storage.provider_documents import DiskDocuments, NoDocuments, documents_key
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from kubelogin_py.adapters.system_keyring import SystemKeyring


def session_store(
    settings: Settings,
    environment: Mapping[str, str],
    console: Console,
    clock: Clock,
    keyring: "SystemKeyring | None" = None,
) -> TokenStore:
    """Return the token store of the settings."""
    cache = settings.cache
    return token_store(
        cache.storage, cache.directory, console=console, clock=clock, environment=environment, keyring=keyring
    )


def _kept_documents(settings: Settings, console: Console) -> DocumentCache:
    if settings.cache.storage is Storage.NONE or settings.cache.directory is None:
        return NoDocuments()
    return DiskDocuments(settings.cache.directory, documents_key(settings), console=console)


def world(
    settings: Settings,
    environment: Mapping[str, str],
    console: Console,
    guard: Guard,
    *,
    store: TokenStore | None = None,
    request_timeout: float | None = None,
) -> World:
    """Return everything outside.

    :param store: kept in instead of the token store of the settings.
    :param request_timeout: seconds for a whole request to the provider when not the usual.
    """
    clock, entropy = SystemClock(), SystemEntropy()
    interactive = settings.login.interactive
    keyring = cast("SystemKeyring", Later(lambda: system_keyring(environment, console, clock, interactive=interactive)))
    return World(
        place=_place(environment),
        clock=clock,
        entropy=entropy,
        http=cast("Http", Later(lambda: _http(settings, environment, console, clock, request_timeout))),
        listener=cast("Listener", Later(lambda: _listener(settings, clock, entropy))),
        browser=cast("Browser", Later(lambda: _browser(settings, environment, console))),
        console=console,
        store=store or session_store(settings, environment, console, clock, keyring),
        kept_documents=_kept_documents(settings, console),
        guard=guard,
        former=cast("FormerSessions", Later(lambda: _former_sessions(settings, console, clock, keyring))),
        attempts=cast("Attempts", Later(lambda: _attempts(settings, environment, console, clock))),
        caller=_caller(environment),
    )


def _attempts(settings: Settings, environment: Mapping[str, str], console: Console, clock: Clock) -> Attempts:
    from kubelogin_py.storage.attempts import DiskAttempts  # noqa: PLC0415 -- for a miss alone

    directory = None if settings.cache.storage is Storage.NONE else settings.cache.directory
    return DiskAttempts(directory, _login_key(settings), console=console, clock=clock, environment=environment)


def _login_key(settings: Settings) -> str:
    provider = settings.provider
    return login_key(provider.issuer, provider.client_id, username=settings.login.given_user)


def _caller(environment: Mapping[str, str]) -> str:
    """Return what names the command that a person typed, if it is client-go that calls us again and again for it.

    A shell gives each command a process group of its own. Whoever calls us by hand means each call.
    """
    if VARIABLE not in environment:
        return ""
    return f"{os.getppid()}" if sys.platform == "win32" else f"{os.getpgrp()}"


def _former_sessions(settings: Settings, console: Console, clock: Clock, keyring: "SystemKeyring") -> FormerSessions:
    cache = settings.cache
    if cache.storage is Storage.NONE or cache.directory is None or cache.former_scopes is None:
        return NoFormerSessions()
    if settings.login.account:
        # int128/kubelogin knows no accounts: whose its session is, nobody can say.
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


class Later:
    """Stands in for an adapter until something is asked of it; then it is imported and made, once."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make
        self._made: object | None = None

    def __getattr__(self, name: str) -> object:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)


def system_keyring(
    environment: Mapping[str, str], console: Console, clock: Clock, *, interactive: bool
) -> "SystemKeyring":
    """Return the OS keyring."""
    from kubelogin_py.adapters import system_keyring as adapter  # noqa: PLC0415 -- for those who use it

    return adapter.system_keyring(environment, clock=clock, tell=console.tell, interactive=interactive)


def _http(
    settings: Settings, environment: Mapping[str, str], console: Console, clock: Clock, timeout: float | None
) -> Http:
    from kubelogin_py.adapters.http_client import TOTAL_TIMEOUT, BoundedHttp  # noqa: PLC0415 -- slow to import
    from kubelogin_py.oidc import signature  # noqa: PLC0415 -- as above

    return BoundedHttp(
        settings.tls,
        environment=environment,
        request_headers=settings.provider.request_headers,
        on_request=lambda line: console.detail(2, line),
        clock=clock,
        user_agent=f"kubelogin-py/{__version__}",
        total_timeout=TOTAL_TIMEOUT if timeout is None else timeout,
        # Whatever is fetched, there will be a signature to verify.
        meanwhile=signature.load,
        roots=cast("RootCache", Later(lambda: _kept_roots(settings, environment, console))),
    )


def _kept_roots(settings: Settings, environment: Mapping[str, str], console: Console) -> RootCache:
    if settings.cache.storage is Storage.NONE or settings.cache.directory is None:
        return NoRoots()
    from kubelogin_py.storage.root_certificates import DiskRoots, roots_key  # noqa: PLC0415 -- for large bundles alone

    return DiskRoots(settings.cache.directory, roots_key(settings.tls, environment), console=console)


def _listener(settings: Settings, clock: Clock, entropy: Entropy) -> Listener:
    from kubelogin_py.adapters.callback_server import LoopbackListener  # noqa: PLC0415 -- slow to import
    from kubelogin_py.adapters.callback_tls import Identity  # noqa: PLC0415 -- slow to import

    identity = Identity(settings.login.local_server_cert, settings.login.local_server_key)
    host, remote = settings.provider.redirect_host, settings.login.remote_callback
    return LoopbackListener(clock, entropy, host=host, identity=identity, remote=remote)


def _browser(settings: Settings, environment: Mapping[str, str], console: Console) -> Browser:
    from kubelogin_py import nesting  # noqa: PLC0415 -- for a sign-in alone
    from kubelogin_py.adapters.browser import SystemBrowser  # noqa: PLC0415 -- slow to import

    now, seconds = SystemClock().now(), settings.login.authentication_timeout
    marked = nesting.marked(environment, _login_key(settings), now=now, seconds=seconds)
    return SystemBrowser(settings.login.browser_command, marked, sys.platform, console.tell)


def _place(environment: Mapping[str, str]) -> str:
    """Return who asks from where, for the person to recognise."""
    user = environment.get("USER") or environment.get("USERNAME") or "you"
    return printable(f"{user}@{_machine() or 'this machine'}")


def _machine() -> str:
    if sys.platform == "win32":
        import platform  # noqa: PLC0415 -- slow to import

        return platform.node()
    else:  # noqa: RET505 -- so that the type checker sees one platform only
        return os.uname().nodename
