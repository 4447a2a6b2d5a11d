"""The connections of a callback listener, all served by one thread that never blocks on any of them.

Browsers open connections in advance and say nothing on them, scanners drip bytes, other programs guess ports. So
each connection has a deadline, which covers a TLS handshake too, there is a bound on their number, and none is ever
waited for.
"""

import contextlib
import selectors
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto

from kubelogin_py.adapters.callback_http import Request, read_head
from kubelogin_py.ports import Clock

CONNECTION_LIMIT = 32
REQUEST_SECONDS = 10.0
"""For a whole request head to arrive, and for a whole response to leave."""
LINGER_SECONDS = 1.0
"""For the client to close after the response: closing first could make the system discard what is under way."""
_TICK = 0.2
_CHUNK = 65536


class _Phase(Enum):
    SHAKING_HANDS = auto()
    READING = auto()
    WAITING = auto()
    WRITING = auto()
    LINGERING = auto()
    CLOSED = auto()


class Connection:
    """One connection; touched by the serving thread only.

    :param client: the accepted, non-blocking socket.
    :param expires: on the monotonic clock.
    """

    __slots__ = ("client", "expires", "on_close", "outgoing", "phase", "received")

    def __init__(self, client: socket.socket, expires: float, phase: _Phase) -> None:
        self.client = client
        self.expires = expires
        self.received = bytearray()
        self.outgoing = memoryview(b"")
        self.phase = phase
        self.on_close: Callable[[], None] | None = None


class Connections:
    """Accepts, reads one request per connection, hands it on, and delivers the one response.

    :param listening: bound, listening, non-blocking sockets; closed at the end.
    :param clock: for the deadlines.
    :param on_request: called in the serving thread with each request, or with the status to refuse it with;
        must see to it that ``reply`` is called sooner or later.
    :param tls: what serves https; ``None`` for http.
    """

    def __init__(
        self,
        listening: Sequence[socket.socket],
        clock: Clock,
        on_request: Callable[[Connection, Request | int], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._listening = listening
        self._clock = clock
        self._on_request = on_request
        self._tls = tls
        self._open: dict[Connection, None] = {}
        self._calls: deque[Callable[[], None]] = deque()
        self._stopping = False
        self._selector: selectors.BaseSelector
        self._wake: socket.socket
        self._woken: socket.socket
        self._thread = threading.Thread(target=self._serve, name="callback", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, lambda: self._woken.recv(_CHUNK))
        for listening in self._listening:
            self._selector.register(listening, selectors.EVENT_READ, lambda one=listening: self._accept(one))
        self._thread.start()

    def call(self, work: Callable[[], None]) -> None:
        """Run something in the serving thread, soon; from any thread."""
        self._calls.append(work)
        # Full means that it is going to wake up anyway; closed, that it has ended.
        with contextlib.suppress(OSError):
            self._wake.send(b"\0")

    def stop(self) -> None:
        """Stop listening and close every connection, at once."""
        self._stopping = True
        self.call(lambda: None)
        self._thread.join()
        self._wake.close()

    def reply(self, connection: Connection, response: bytes, on_close: Callable[[], None] | None = None) -> None:
        """Send the response and close the connection gracefully; in the serving thread.

        :param on_close: called when the client has it all, or is gone.
        """
        if connection.phase is _Phase.CLOSED:
            return
        connection.on_close = on_close
        connection.outgoing = memoryview(response)
        connection.phase = _Phase.WRITING
        connection.expires = self._clock.monotonic() + REQUEST_SECONDS
        self._watch(connection, selectors.EVENT_WRITE)

    def _serve(self) -> None:
        try:
            while not self._stopping:
                for key, _ in self._selector.select(_TICK):
                    with contextlib.suppress(BlockingIOError):
                        key.data()
                while self._calls:
                    self._calls.popleft()()
                self._close_expired()
        finally:
            for connection in list(self._open):
                self._close(connection)
            for listening in self._listening:
                # A child forked meanwhile may hold a copy; this ends the listening for both.
                with contextlib.suppress(OSError):
                    listening.shutdown(socket.SHUT_RDWR)
                listening.close()
            self._selector.close()
            self._woken.close()

    def _accept(self, listening: socket.socket) -> None:
        try:
            client, _ = listening.accept()
        except BlockingIOError:
            return
        except OSError:
            # The client is gone, or there are no file descriptors left: one of ours must go.
            self._close_oldest()
            return
        client.setblocking(False)
        if len(self._open) >= CONNECTION_LIMIT:
            self._close_oldest()
        phase = _Phase.READING
        if self._tls is not None:
            phase = _Phase.SHAKING_HANDS
            client = self._tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        connection = Connection(client, self._clock.monotonic() + REQUEST_SECONDS, phase)
        self._open[connection] = None
        self._watch(connection, selectors.EVENT_READ)

    def _watch(self, connection: Connection, events: int) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection.client)
        self._selector.register(connection.client, events, lambda: self._advance(connection))

    def _advance(self, connection: Connection) -> None:
        try:
            match connection.phase:
                case _Phase.SHAKING_HANDS:
                    self._shake_hands(connection)
                case _Phase.READING:
                    self._read(connection)
                case _Phase.WRITING:
                    self._write(connection)
                case _Phase.LINGERING:
                    if not connection.client.recv(_CHUNK):
                        self._close(connection)
        except ssl.SSLWantReadError:
            self._watch(connection, selectors.EVENT_READ)
        except ssl.SSLWantWriteError:
            self._watch(connection, selectors.EVENT_WRITE)
        except BlockingIOError:
            return
        except OSError:
            self._close(connection)

    def _shake_hands(self, connection: Connection) -> None:
        if isinstance(connection.client, ssl.SSLSocket):
            connection.client.do_handshake()
        connection.phase = _Phase.READING
        self._watch(connection, selectors.EVENT_READ)
        # The request may have come with the end of the handshake, and then nothing more is announced.
        self._read(connection)

    def _read(self, connection: Connection) -> None:
        chunk = connection.client.recv(_CHUNK)
        if not chunk:
            self._close(connection)
            return
        connection.received += chunk
        head = read_head(bytes(connection.received))
        if head is None:
            if isinstance(connection.client, ssl.SSLSocket) and connection.client.pending():
                self._read(connection)
            return
        # Nothing more is read before the response: a flood stays in the kernel.
        self._selector.unregister(connection.client)
        connection.received.clear()
        connection.phase = _Phase.WAITING
        self._on_request(connection, head)

    def _write(self, connection: Connection) -> None:
        sent = connection.client.send(connection.outgoing)
        connection.outgoing = connection.outgoing[sent:]
        if not connection.outgoing:
            if isinstance(connection.client, ssl.SSLSocket):
                # Says that this is all (RFC 8446 section 6.1); the other side's word is not waited for.
                with contextlib.suppress(OSError):
                    connection.client.unwrap()
            connection.client.shutdown(socket.SHUT_WR)
            connection.phase = _Phase.LINGERING
            connection.expires = self._clock.monotonic() + LINGER_SECONDS
            self._watch(connection, selectors.EVENT_READ)

    def _close_expired(self) -> None:
        now = self._clock.monotonic()
        for connection in list(self._open):
            if connection.phase is not _Phase.WAITING and now >= connection.expires:
                self._close(connection)

    def _close_oldest(self) -> None:
        """Make room: the oldest connection that has not said anything of use goes first."""
        idle = (one for one in self._open if one.phase in (_Phase.SHAKING_HANDS, _Phase.READING))
        oldest = next(idle, None) or next(iter(self._open), None)
        if oldest is not None:
            self._close(oldest)

    def _close(self, connection: Connection) -> None:
        if connection.phase is _Phase.CLOSED:
            return
        connection.phase = _Phase.CLOSED
        del self._open[connection]
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection.client)
        connection.client.close()
        if connection.on_close is not None:
            connection.on_close()
