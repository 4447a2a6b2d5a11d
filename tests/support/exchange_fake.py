"""An exchange server of any make: answers what it is told, over TLS or not, and keeps every byte it was sent."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.support.certificates import Leaf

Script = Callable[[bytes], bytes | None]
"""Makes the raw answer to a raw request; ``None`` closes the connection."""


TLS_HELLO = b"\x16\x03"


def http(status: int, body: bytes, **headers: str) -> bytes:
    """Return a raw answer."""
    fields = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + body


class FakeExchange:
    """A server on a free loopback port.

    :param script: what it answers.
    :param leaf: its certificate; plain http without.
    """

    def __init__(self, script: Script, leaf: Leaf | None = None) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self._context: ssl.SSLContext | None = None
        if leaf:
            self.present(leaf)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What ``--server`` takes."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def present(self, leaf: Leaf) -> None:
        """Present this certificate from now on."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(leaf.certificate, leaf.key)

    def close(self) -> None:
        """Stop."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError), connection:
                connection.settimeout(10)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        stream = self._context.wrap_socket(connection, server_side=True) if self._context else connection
        with stream:
            request = _request(stream)
            if not request:
                return
            self.requests.append(request)
            answer = self.script(request)
            if answer is not None:
                stream.sendall(answer)


def _request(stream: socket.socket) -> bytes:
    received = b""
    with suppress(OSError):
        while chunk := stream.recv(65536):
            received += chunk
            head, found, body = received.partition(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            if (found and len(body) >= length) or received.startswith(TLS_HELLO):
                break
    return received


def certificate_of(leaf: Leaf) -> bytes:
    """Return a leaf's certificate as DER."""
    first, end, _ = Path(leaf.certificate).read_text(encoding="ascii").partition("-----END CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(first + end)
