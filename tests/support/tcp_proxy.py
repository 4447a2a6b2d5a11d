"""A TCP proxy with faults, in front of a provider or an API server: TLS passes through untouched."""

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong; the default is nothing.

    :param latency: seconds added before each piece is passed on, in both directions.
    :param refuse: reset each connection as soon as it is made.
    :param reset_up: reset after so many bytes from the client.
    :param reset_down: reset after so many bytes from the server.
    :param cut_down: close in order, as if the answer were over, after so many bytes from the server.
    :param hang_down: pass on so many bytes from the server, then nothing more, and stay connected.
    :param blackhole: take connections and bytes and never answer.
    :param garbage: answer with these bytes at once, instead of the server.
    :param first: the fault strikes only the first so many connections.
    """

    latency: float = 0
    refuse: bool = False
    reset_up: int | None = None
    reset_down: int | None = None
    cut_down: int | None = None
    hang_down: int | None = None
    blackhole: bool = False
    garbage: bytes = b""
    first: int | None = None


class TcpProxy:
    """Listens on 127.0.0.1 and forwards to a port there; ``fault`` may be changed while it runs.

    :param target: port to forward to; it may be set later.
    :param port: port to listen on; 0 for any.
    """

    def __init__(self, target: int = 0, *, port: int = 0) -> None:
        self.target = target
        self.fault = Fault()
        self.connections = 0
        self.struck = 0
        self.bytes_up = 0
        self.bytes_down = 0
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening and break every connection."""
        self._closing.set()
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            still = list(self._open)
        for one in still:
            self._close(one)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                fault = self.fault
                if fault.first is not None and self.struck >= fault.first:
                    fault = Fault(latency=fault.latency)
                elif fault != replace(Fault(), latency=fault.latency):
                    self.struck += 1
                self._open.add(client)
            threading.Thread(target=self._serve, args=(client, fault), daemon=True).start()

    def _serve(self, client: socket.socket, fault: Fault) -> None:
        if fault.refuse:
            self._close(client, reset=True)
        elif fault.garbage:
            with contextlib.suppress(OSError):
                client.recv(65536)
                client.sendall(fault.garbage)
            self._close(client)
        elif fault.blackhole:
            with contextlib.suppress(OSError):
                while client.recv(65536):
                    pass
            self._closing.wait()
        else:
            self._forward(client, fault)

    def _forward(self, client: socket.socket, fault: Fault) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
        except OSError:
            self._close(client, reset=True)
            return
        server.settimeout(None)
        with self._lock:
            self._open.add(server)
        up = threading.Thread(target=self._pump, args=(client, server, fault, True), daemon=True)
        up.start()
        self._pump(server, client, fault, False)
        up.join(1)
        self._close(server)
        self._close(client)

    def _pump(self, source: socket.socket, sink: socket.socket, fault: Fault, upwards: bool) -> None:
        limits = (fault.reset_up,) if upwards else (fault.reset_down, fault.cut_down, fault.hang_down)
        limit = min((one for one in limits if one is not None), default=None)
        passed = 0
        try:
            while chunk := source.recv(65536):
                time.sleep(fault.latency)
                kept = chunk if limit is None else chunk[: max(0, limit - passed)]
                if upwards and limit is not None and passed + len(kept) >= limit:
                    # Before the server has all it may get, or its answer could win the race.
                    self._close(source, reset=True)
                sink.sendall(kept)
                passed += len(kept)
                with self._lock:
                    self.bytes_up += len(kept) if upwards else 0
                    self.bytes_down += 0 if upwards else len(kept)
                if limit is not None and passed >= limit:
                    self._strike(source, sink, fault, upwards=upwards)
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            # One side broke off: so does the other.
            self._close(source)
            self._close(sink, reset=True)

    def _strike(self, source: socket.socket, sink: socket.socket, fault: Fault, *, upwards: bool) -> None:
        if not upwards and fault.hang_down is not None:
            self._closing.wait()
        client = source if upwards else sink
        self._close(client, reset=upwards or fault.cut_down is None)
        self._close(sink if upwards else source)

    def _close(self, one: socket.socket, *, reset: bool = False) -> None:
        with contextlib.suppress(OSError):
            if reset:
                # Lingering for no time sends RST instead of FIN.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # Wakes the other thread's recv, which would keep the connection open.
            one.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
        one.close()
        with self._lock:
            self._open.discard(one)
