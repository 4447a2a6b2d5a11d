"""Finished answers: kept for the next start, and renewed ahead of their time."""

import os
import sys
from collections.abc import Callable, Sequence

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.guard import DeferringGuard
from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Settings, Storage
from kubelogin_py.storage import keys
from kubelogin_py.wiring.world import session_store, world


def remember_answer(
    settings: Settings, verbosity: int, arguments: Sequence[str], session_key: str, body: bytes
) -> bool:
    """Keep a finished answer beside its session, for ``fastpath`` to find.

    :param arguments: the command line after the program's name.
    :param session_key: from the credential.
    :param body: the document that was printed.
    """
    console = Terminal(verbosity, sys.stderr, interactive=False)
    return session_store(settings, os.environ, console, SystemClock()).keep_answer(arguments, session_key, body)


def refresh_ahead(
    settings: Settings, arguments: Sequence[str], render: Callable[[Secret, float | None], bytes]
) -> None:
    """Refresh ahead the session that a command line was answered from, and keep the new answer.

    :param arguments: the command line after the program's name.
    :param render: returns the document for a token and the UTC seconds until when it may be handed out.
    :raises StorageError: the cache directory can't be used, or another process works at this session.
    """
    cache, clock = settings.cache, SystemClock()
    if cache.storage is not Storage.DISK or cache.directory is None or not cache.refresh_ahead:
        return
    from kubelogin_py import refresh_ahead as ahead  # noqa: PLC0415 -- for this alone
    from kubelogin_py.storage.ahead import DiskAhead  # noqa: PLC0415 -- for this alone

    beside = DiskAhead(cache.directory, clock=clock, environment=os.environ)
    if not beside.begin(arguments):
        return
    key = keys.session_key(settings)
    outside = world(settings, os.environ, Terminal(0, sys.stderr, interactive=False), DeferringGuard())
    session = ahead.refresh_ahead(settings, outside, beside, key=key)
    if session is not None and session.presented_token is not None:
        outside.store.keep_answer(arguments, key, render(session.presented_token, session.usable_until))
