"""The listener on this machine that receives the authorization response (RFC 8252 section 7.3).

The browser that brings the accepted response is sent on at once, with a 303, to the same path under an unguessable
query. So the code leaves the address bar and the history before it is even traded, without a script, and that second
request waits for the page that says how it ended.
"""

import hmac
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from kubelogin_py import pages
from kubelogin_py.adapters import listen
from kubelogin_py.adapters.callback_connections import Connection, Connections
from kubelogin_py.adapters.callback_http import BAD_REQUEST, OK, SEE_OTHER, UNAVAILABLE, Request, response
from kubelogin_py.adapters.callback_site import Site, check_redirect_url
from kubelogin_py.adapters.callback_tls import Identity
from kubelogin_py.errors import Error, StrayCallbackError, UnansweredError
from kubelogin_py.ports import Clock, Entropy

T = TypeVar("T")

_SLICE = 0.2
"""Seconds at most until a signal is noticed, where the system does not interrupt a wait by itself."""
_DELIVERY_SLICES = 8
"""How long, in slices, the page waits for a browser that does not come for it."""
_PARKED_LIMIT = 64


class CallbackServer:
    """Waits for the one authorization response and shows its sender how the sign-in ended.

    :param listening: bound sockets, closed at the end.
    :param redirect_uri: the redirect URI that leads to them.
    :param clock: for deadlines.
    :param page_key: unguessable query under which the final page is fetched.
    :param allowed_origin: see ``Site``.
    :param tls: what serves https; ``None`` for http.
    """

    def __init__(
        self,
        listening: Sequence[socket.socket],
        redirect_uri: str,
        clock: Clock,
        page_key: str,
        *,
        allowed_origin: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._redirect_uri = redirect_uri
        self._clock = clock
        self._page_key = page_key
        self._site = Site.at(redirect_uri, allowed_origin)
        self._arrived: queue.Queue[tuple[Connection, str]] = queue.Queue(_PARKED_LIMIT)
        self._connections = Connections(listening, clock, self._on_request, tls)
        self._delivered = threading.Event()
        self._accepted = False
        # Of the serving thread.
        self._parked: list[Connection] = []
        self._visitors: list[Connection] = []
        self._settled = False
        self._page: bytes | None = None

    @property
    def redirect_uri(self) -> str:
        """The redirect URI that leads here."""
        return self._redirect_uri

    def start(self) -> None:
        """Begin to serve; what comes before ``wait`` is kept for it."""
        self._connections.start()

    def wait(self, accept: Callable[[str], T], *, deadline: float) -> T:
        """Serve until ``accept`` takes a callback's raw query; see ``ports.Callback``.

        :raises UnansweredError: when the deadline passes.
        """
        while (remaining := deadline - self._clock.monotonic()) > 0:
            try:
                connection, query = self._arrived.get(timeout=min(remaining, _SLICE))
            except queue.Empty:
                continue
            try:
                answer = accept(query)
            except StrayCallbackError:
                self._connections.call(partial(self._dismiss, connection))
            except Error:
                self._settle(connection)
                raise
            else:
                self._settle(connection)
                return answer
        raise UnansweredError(
            "the sign-in in the browser was not finished in time",
            hint="run the command again; --authentication-timeout-sec gives more time, "
            "--grant-type=device-code works without a browser on this machine; if the provider complained about "
            f"the redirect URI, register {self._redirect_uri} there",
        )

    def finish(self, page: str, *, status: int) -> None:
        """Give the page to the browser that brought the accepted response, then stop listening."""
        if self._accepted:
            self._connections.call(partial(self._publish, response(status, page)))
            for _ in range(_DELIVERY_SLICES):
                if self._delivered.wait(_SLICE):
                    break
        self.close()

    def close(self) -> None:
        """Stop listening and close every connection at once; harmless when done before."""
        self._accepted = False
        self._connections.stop()

    def _settle(self, connection: Connection) -> None:
        self._accepted = True
        self._connections.call(partial(self._send_on, connection))

    # From here on: in the serving thread.

    def _on_request(self, connection: Connection, request: Request | int) -> None:
        if isinstance(request, int):
            self._connections.reply(connection, response(request))
        elif refusal := self._site.refusal(request):
            self._connections.reply(connection, refusal)
        elif self._settled:
            self._after_the_answer(connection, request.query)
        else:
            self._park(connection, request.query)

    def _park(self, connection: Connection, query: str) -> None:
        try:
            self._arrived.put_nowait((connection, query))
        except queue.Full:
            self._connections.reply(connection, response(UNAVAILABLE))
        else:
            self._parked.append(connection)

    def _after_the_answer(self, connection: Connection, query: str) -> None:
        if not hmac.compare_digest(query, self._page_key):
            self._connections.reply(connection, response(OK, pages.already_finished()))
        elif self._page is None:
            self._visitors.append(connection)
        else:
            self._connections.reply(connection, self._page, self._delivered.set)

    def _dismiss(self, connection: Connection) -> None:
        self._parked.remove(connection)
        self._connections.reply(connection, response(BAD_REQUEST, pages.stray()))

    def _send_on(self, accepted: Connection) -> None:
        self._settled = True
        location = f"{self._site.path}?{self._page_key}"
        for connection in self._parked:
            one = connection is accepted
            answer = response(SEE_OTHER, fields=[("Location", location)]) if one else _FINISHED
            self._connections.reply(connection, answer)
        self._parked.clear()

    def _publish(self, page: bytes) -> None:
        self._page = page
        for connection in self._visitors:
            self._connections.reply(connection, page, self._delivered.set)


_FINISHED = response(OK, pages.already_finished())


class LoopbackListener:
    """Opens callbacks on this machine.

    :param clock: for deadlines.
    :param entropy: for the address of the final page.
    :param host: host in the redirect URI where none is given.
    :param identity: certificate and key, for https.
    :param remote: accept addresses and redirect URLs that carry the code over a network, too.
    """

    def __init__(
        self,
        clock: Clock,
        entropy: Entropy,
        *,
        host: str = "localhost",
        identity: Identity | None = None,
        remote: bool = False,
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        self._identity = identity or Identity()
        self._remote = remote

    @contextmanager
    def listen(
        self, addresses: Sequence[str], redirect_url: str | None, *, allowed_origin: str | None = None
    ) -> Iterator[CallbackServer]:
        """Listen on the first address that is free on every family it needs; closed on leaving.

        :param addresses: ``host:port`` pairs on this machine.
        :param redirect_url: redirect URI to use as it stands; ``None`` for ``http://localhost:PORT``, or https.
        :param allowed_origin: origin of the authorization endpoint, whose preflight requests are answered.
        :raises SettingsError: an address or redirect URL that would carry the code over a network, or files that
            are no certificate and key.
        :raises SignInError: ``no available port``.
        """
        wanted = [listen.parse(address, remote=self._remote) for address in addresses]
        tls = self._identity.context()
        scheme = "http" if tls is None else "https"
        # Whether the host is on this machine does not depend on the port.
        checked = f"{scheme}://{self._host}" if redirect_url is None else redirect_url
        ports = frozenset(address.port for address in wanted)
        check_redirect_url(checked, ports, scheme=scheme, remote=self._remote)
        listening = listen.bind(wanted)
        redirect_uri = redirect_url or f"{scheme}://{self._host}:{listening[0].getsockname()[1]}"
        page_key = self._entropy.token()
        server = CallbackServer(listening, redirect_uri, self._clock, page_key, allowed_origin=allowed_origin, tls=tls)
        server.start()
        try:
            yield server
        finally:
            server.close()
