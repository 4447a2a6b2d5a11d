"""What ``setup`` needs of the world: kubeconfigs that are revised, an API server's certificates, a person's word."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from kubelogin_py.adapters import server_certificates
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.server_certificates import Shown
from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.errors import Error
from kubelogin_py.kubernetes import kubeconfig_revision
from kubelogin_py.kubernetes.kubeconfig_edit import Edited
from kubelogin_py.kubernetes.kubeconfig_revision import Revision
from kubelogin_py.kubernetes.kubeconfig_store import KubeconfigStore
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings, Storage
from kubelogin_py.storage import token_store
from kubelogin_py.storage.keys import session_key

_PATIENCE = 10.0


def revise_kubeconfig(path: Path, change: Callable[[str], Edited], *, dry_run: bool) -> Revision:
    """Change a kubeconfig; see ``kubeconfig_revision.revise``."""
    return kubeconfig_revision.revise(path, change, clock=SystemClock(), console=_console(), dry_run=dry_run)


def undo_kubeconfig(paths: Sequence[Path], *, dry_run: bool) -> Revision:
    """Put the newest copy of the kubeconfig back that was written last; see ``kubeconfig_revision.undo``."""
    path = kubeconfig_revision.last_written(paths)
    return kubeconfig_revision.undo(path, clock=SystemClock(), console=_console(), dry_run=dry_run)


def fetch_certificates(url: str) -> Shown:
    """Return what an API server shows to everybody; see ``server_certificates.fetch``."""
    return server_certificates.fetch(url, os.environ)


def check_certificates(url: str, pem: str) -> None:
    """Make sure that a certificate vouches for an API server; see ``server_certificates.check``."""
    server_certificates.check(url, pem, os.environ)


def ask(question: str, *, patience: float) -> str:
    """Return what a person answers on the terminal.

    :param patience: seconds.
    :raises SignInError: nobody answered.
    """
    terminal = Terminal(0, sys.stderr, interactive=True)
    return terminal.ask(question, deadline=time.monotonic() + patience, visible=True).reveal()


def session_in_kubeconfig(path: Path, user: str, settings: Settings) -> Session | None:
    """Return the session that a user with ``auth-provider: oidc`` has in a kubeconfig."""
    clock, console = SystemClock(), _console()
    locks = token_store(Storage.NONE, None, console=console, clock=clock, environment=os.environ)
    store = KubeconfigStore(path, user, scope=settings.provider.scope, locks=locks, clock=clock, console=console)
    return store.load("")


def adopt_session(settings: Settings, session: Session) -> bool:
    """Keep a session that was found elsewhere, where there is none yet; return whether it is kept now."""
    cache = settings.cache
    store = token_store(cache.storage, cache.directory, console=_console(), clock=SystemClock(), environment=os.environ)
    key = session_key(settings)
    deadline, doing = time.monotonic() + _PATIENCE, "taking over a session from the kubeconfig"
    with suppress(Error), store.lock(key, deadline=deadline, doing=doing):
        if store.load(key) is None:
            store.save(key, session)
            return True
    return False


def _console() -> Terminal:
    return Terminal(0, sys.stderr, interactive=False)
