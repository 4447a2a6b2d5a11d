"""Loopback servers on raw sockets that misbehave on purpose, and remember what they were sent."""

import contextlib
import datetime as dt
import ipaddress
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Seconds after which a server gives up on a client that sends nothing.
PATIENCE = 10.0
AUTHORITY_NAME = "kubelogin test authority"
# OpenSSL's X509_NAME_hash of that name: how the file is called in a hashed directory.
AUTHORITY_HASH = "f9d88157"


class Conversation:
    """One connection, seen from the server."""

    def __init__(self, connection: socket.socket, number: int, stopped: threading.Event) -> None:
        self.connection = connection
        self.number = number
        self.stopped = stopped
        self.received = b""

    def read_request(self) -> bytes:
        """Read a head and as much body as its Content-Length says."""
        while b"\r\n\r\n" not in self.received and self._read():
            pass
        head, _, body = self.received.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(body) < length and self._read():
            body = self.received.partition(b"\r\n\r\n")[2]
        return self.received

    def send(self, content: bytes) -> None:
        self.connection.sendall(content)

    def drip(self, content: bytes, seconds: float = 0.05) -> None:
        """Send byte after byte, again and again, until the client has gone or the test is over."""
        while not self.stopped.is_set():
            for byte in content:
                self.connection.sendall(bytes([byte]))
                if self.stopped.wait(seconds):
                    return

    def flood(self, content: bytes) -> None:
        """Send without end."""
        while not self.stopped.is_set():
            self.connection.sendall(content)

    def wait(self) -> None:
        """Do nothing until the test is over."""
        self.stopped.wait(PATIENCE)

    def forward(self, port: int) -> None:
        """Lead the connection on to a port of this machine, in one thread: TLS can't be read and written at once."""
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as target, contextlib.suppress(OSError):
            ways = {self.connection: target, target: self.connection}
            while ways:
                # What TLS has read and not handed out yet makes no descriptor readable.
                ready = [one for one in ways if isinstance(one, ssl.SSLSocket) and one.pending()]
                ready = ready or select.select(list(ways), [], [], PATIENCE)[0]
                if not ready:
                    return
                for source in ready:
                    piece = source.recv(65536)
                    if piece:
                        ways[source].sendall(piece)
                    else:
                        ways.pop(source).shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _read(self) -> bool:
        piece = self.connection.recv(65536)
        self.received += piece
        return bool(piece)


Behaviour = Callable[[Conversation], None]


class Server:
    """A server on 127.0.0.1 that treats each connection as its behaviour says.

    :param tls: speak TLS before the behaviour begins.
    """

    def __init__(self, behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.conversations: list[Conversation] = []

    def url(self, path: str = "/document", host: str = "127.0.0.1") -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def connections(self) -> int:
        """How many connections were accepted."""
        return len(self.conversations)

    @property
    def requests(self) -> list[bytes]:
        """What came over each connection that brought anything, in order."""
        return [conversation.received for conversation in self.conversations if conversation.received]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        # Wakes the thread that accepts.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a server thread did not end"

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            conversation = Conversation(connection, self.connections + 1, self._stopped)
            self.conversations.append(conversation)
            self._start(self._serve, conversation)

    def _serve(self, conversation: Conversation) -> None:
        plain = conversation.connection
        with contextlib.suppress(OSError), contextlib.closing(plain):
            if self._tls:
                conversation.connection = self._tls.wrap_socket(plain, server_side=True)
            with contextlib.closing(conversation.connection):
                self._behaviour(conversation)


def response(status: int = 200, body: bytes = b"{}", **fields: str) -> bytes:
    """Return a whole response; ``_`` in a field name stands for ``-``."""
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    if not any(name.lower() in {"content_length", "transfer_encoding"} for name in fields):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def answering(*responses: bytes) -> Behaviour:
    """Return the behaviour of a good server: a response per connection, the last one for all that follow."""

    def behave(conversation: Conversation) -> None:
        conversation.read_request()
        conversation.send(responses[min(conversation.number, len(responses)) - 1])

    return behave


def after_request(act: Behaviour) -> Behaviour:
    """Return the behaviour that reads the request first."""

    def behave(conversation: Conversation) -> None:
        conversation.read_request()
        act(conversation)

    return behave


class Authority:
    """A certificate authority of the tests' own; its servers send what it was given to send along.

    :param signer: who signs it, in place of itself.
    :param twin: the authority that it shall be another certificate of: same name, same key.
    """

    def __init__(
        self,
        directory: Path,
        name: str = AUTHORITY_NAME,
        *,
        signer: "Authority | None" = None,
        twin: "Authority | None" = None,
    ) -> None:
        directory.mkdir(exist_ok=True)
        self._directory = directory
        self._key = twin._key if twin else ec.generate_private_key(ec.SECP256R1())
        self._name = twin._name if twin else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        by = signer or self
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = _builder(self._name, by._name, self._key).add_extension(constraints, critical=True)
        self.certificate = builder.sign(by._key, hashes.SHA256())
        self.file = directory / "authority.pem"
        self.file.write_bytes(_pem(self.certificate))
        self.sent_along: Sequence[Authority] = ()

    def server_context(
        self, names: Sequence[str] = ("127.0.0.1", "localhost"), *, expired: bool = False, common_name: str = "server"
    ) -> ssl.SSLContext:
        """Return the context of a server with a certificate for these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = _builder(subject, self._name, key, expired=expired)
        if names:
            alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return self._context(builder.sign(self._key, hashes.SHA256()), key)

    def self_signed_context(self) -> ssl.SSLContext:
        """Return the context of a server that vouches for itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        alternatives = x509.SubjectAlternativeName([_general_name("127.0.0.1")])
        builder = _builder(subject, subject, key).add_extension(alternatives, critical=False)
        return self._context(builder.sign(key, hashes.SHA256()), key)

    def _context(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
        file = self._directory / f"{certificate.serial_number}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        along = b"".join(_pem(authority.certificate) for authority in self.sent_along)
        file.write_bytes(_pem(certificate) + private + along)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, expired: bool = False
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    end = now - dt.timedelta(days=1) if expired else now + dt.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(end)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@contextlib.contextmanager
def recording_proxy(
    target_port: int, *, answer: bytes | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Run a proxy that leads every CONNECT to one port, or gives every one the same answer."""

    def behave(conversation: Conversation) -> None:
        conversation.read_request()
        if answer is not None:
            conversation.send(answer)
            return
        conversation.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        conversation.forward(target_port)

    with Server(behave, tls=tls) as proxy:
        yield proxy
