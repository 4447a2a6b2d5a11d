"""Listens: sockets, time limits of connections, and the web server's life."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .settings import ConfigError, Settings
from .tls import Tls
from .values import listen_address

HEADER_SECONDS = 5.0
"""Seconds a client may take for the head of a request, TLS excluded."""

HEADER_LIMIT = 64 << 10
"""Bytes of a request's head, and what one read from the network brings on top."""

IDLE_SECONDS = 60
GRACE_SECONDS = 10
GOODBYE_SECONDS = 0.5
"""Seconds to finish a TLS connection that carries no request when the server ends."""

BACKLOG = 1024


class PatientlyBounded(HttpToolsProtocol):
    """A connection that is dropped when the head of a request takes too long or is too large.

    The web server bounds neither, so that a caller who sends a byte a minute could hold connections for ever.
    """

    header_seconds = HEADER_SECONDS

    _timer: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        if self._timer is not None:
            self._head += len(data)
            if self._head > HEADER_LIMIT:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        if self._timer is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Stop waiting: the time for the body is the application's to watch."""
        self._arrived()
        super().on_headers_complete()

    def shutdown(self) -> None:
        """Close when the server ends; an idle client that does not say goodbye is not waited for."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

    def _wait(self) -> None:
        self._head = 0
        self._timer = self.loop.call_later(self.header_seconds, self.transport.abort)

    def _arrived(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Server(uvicorn.Server):
    """A web server that says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], reopen: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready, self._reopen = ready, reopen

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if hasattr(signal, "SIGHUP"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reopen)
        self._ready()


def bind(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say; without a host, on all addresses of both families.

    :raises ConfigError: the address can't be had.
    """
    host, port = listen_address(settings.listen)
    try:
        if host in ("", "::") and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)
        family = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ConfigError(f"can't listen on {settings.listen}: {reason}") from None


def address(settings: Settings, listener: socket.socket) -> str:
    """Return the URL under which this machine reaches the server."""
    host, _ = listen_address(settings.listen)
    scheme = "http" if settings.insecure else "https"
    shown = "localhost" if host in ("", "::", "0.0.0.0") else f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{listener.getsockname()[1]}"


def run(
    app: Starlette, tls: Tls, listener: socket.socket, ready: Callable[[], None], reopen: Callable[[], None]
) -> None:
    """Serve until the process is told to end, and let requests in flight finish.

    :param ready: called once requests are answered.
    :param reopen: called on SIGHUP.
    """
    options: dict[str, Any] = {}
    if tls.context is not None:
        context = tls.context
        options["ssl_context_factory"] = lambda _config, _default: context
    config = uvicorn.Config(
        app,
        http=PatientlyBounded,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        # Whose address is believed is ours to decide, and so is the date.
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **options,
    )
    # The web server ends gracefully and then raises the signal again, which must end the process as a success.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    _Server(config, ready, reopen).run(sockets=[listener])
