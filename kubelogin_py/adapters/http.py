"""HTTP to the provider by ``requests``. The home of ``requests`` and ``urllib3``.

Of ``requests`` only its transport adapter is used: a session would read netrc files, environment variables and
cookies. Every exchange has a connection of its own, so that nothing is shared across a fork.
"""

import base64
import functools
import http.client
import io
import socket
from contextlib import closing
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from kubelogin_py.adapters import http_policy as policy
from kubelogin_py.adapters import trust
from kubelogin_py.adapters.http_client import BoundedHttp, Call
from kubelogin_py.adapters.http_exchange import Wire
from kubelogin_py.adapters.http_faults import TooLargeError
from kubelogin_py.errors import ProviderError
from kubelogin_py.response import Response
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from urllib3.poolmanager import PoolManager

HEADER_LIMIT = 64 << 10
"""Bytes of response header fields accepted."""

# A chunk of one byte takes six on the wire; what frames its bytes with more than this is an attack.
_FRAMING = 8
# Seconds for each address of a host at least, as in Go.
_ADDRESS_TIMEOUT = 2.0


class RequestsHttp(BoundedHttp):
    """HTTP to the provider by ``requests``."""

    def send(self, call: Call, wire: Wire) -> Response:
        """Send one request; see ``BoundedHttp.send``."""
        request = requests.Request(call.method, call.url, headers=dict(call.headers), data=call.body).prepare()
        timeout = (call.connect_timeout, call.read_timeout)
        with closing(_Adapter(call, wire)) as adapter:
            try:
                with closing(adapter.send(request, stream=True, timeout=timeout)) as answer:
                    return _response(call, answer.raw)
            # A negative chunk size, for one, is a ValueError of ``http.client``.
            except (OSError, ValueError, HTTPError, http.client.HTTPException) as error:
                raise call.faults.after_sending(error) from error
            except TooLargeError as error:
                raise call.faults.unacceptable(f"the answer is larger than {call.limit} bytes") from error


class _Adapter(HTTPAdapter):
    """The transport of one exchange."""

    def __init__(self, call: Call, wire: Wire) -> None:
        self._call = call
        self._wire = wire
        super().__init__()

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Leave the context alone: ``requests`` would add the authorities it brings along."""

    def get_connection_with_tls_context(self, *_arguments: object, **_options: object) -> HTTPConnectionPool:
        """Return a pool of one connection of ours, to the provider or to the proxy."""
        call = self._call
        manager: PoolManager = self.poolmanager
        if call.proxy:
            to_proxy = {} if call.proxy.startswith("socks") else {"proxy_ssl_context": call.context}
            manager = self.proxy_manager_for(call.proxy, **to_proxy)
        where = urlsplit(call.url)
        pool = manager.connection_from_host(
            where.hostname, where.port, where.scheme, pool_kwargs={"ssl_context": call.context}
        )
        response_class = functools.partial(_MeteredResponse, budget=HEADER_LIMIT + _FRAMING * call.limit)
        ours = {"call": call, "wire": self._wire, "response_class": staticmethod(response_class)}
        pool.ConnectionCls = type("_OurConnection", (_Connection, pool.ConnectionCls), ours)
        return pool

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        user, colon, password = urlsplit(proxy).netloc.rpartition("@")[0].partition(":")
        if not user:
            return {}
        # In UTF-8, as Go; ``requests`` fails on what is not Latin-1.
        credentials = f"{unquote(user)}{colon or ':'}{unquote(password)}".encode()
        return {"Proxy-Authorization": "Basic " + base64.b64encode(credentials).decode("ascii")}


class _Connection(HTTPConnection):
    """A connection that tells its wire how far it came, and the person what went wrong on the way."""

    call: ClassVar[Call]
    wire: ClassVar[Wire]
    tunnelled = False

    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, HTTPError, http.client.HTTPException, UnicodeError) as error:
            at_proxy = self.call.proxy is not None and not self._is_past_proxy()
            names = _names_in_refused(self, self.call, error)
            raise self.call.faults.before_sending(error, at_proxy=at_proxy, names=names) from error
        self.wire.stands()
        # An unverified connection is the caller's to warn of; urllib3 would do so again, for every request.
        self.is_verified = True

    def _new_conn(self) -> socket.socket:
        if self._is_socks():
            connection = super()._new_conn()
        else:
            connection = _dial(self._dns_host, self.port, self.call.connect_timeout)
        try:
            self.wire.opened(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _tunnel(self) -> None:
        super()._tunnel()
        self.tunnelled = True

    def _is_socks(self) -> bool:
        return self.call.proxy is not None and self.call.proxy.startswith("socks")

    def _is_past_proxy(self) -> bool:
        return self.sock is not None if self._is_socks() else self.tunnelled


def _names_in_refused(connection: HTTPConnection, call: Call, error: BaseException) -> tuple[str, ...]:
    """Return the names in a certificate that was refused for them: a second look, over which nothing is sent."""
    if not isinstance(connection, HTTPSConnection) or call.proxy is not None or not trust.is_wrong_name(error):
        return ()
    connection.close()
    connection.ssl_context = call.names_context()
    connection.assert_hostname = False
    try:
        HTTPSConnection.connect(connection)
        return trust.names_in(connection.sock)
    except (OSError, HTTPError):
        return ()
    finally:
        connection.close()


def _dial(host: str, port: int, seconds: float) -> socket.socket:
    """Connect to the first address of a host that answers; each one gets its share of the time."""
    addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    share = max(seconds / len(addresses), min(seconds, _ADDRESS_TIMEOUT))
    failure = OSError("no address")
    for family, kind, protocol, _, address in addresses:
        try:
            connection = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
            connection.settimeout(share)
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(seconds)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


class _MeteredResponse(http.client.HTTPResponse):
    """A response that stops at a number of bytes, whatever they are: endless header lines, chunks or trailers."""

    def __init__(self, sock: socket.socket, *, budget: int, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp = io.BufferedReader(_Metered(self.fp.detach(), budget))


class _Metered(io.RawIOBase):
    def __init__(self, stream: io.RawIOBase, budget: int) -> None:
        self._stream = stream
        self._rest = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        count: int | None = self._stream.readinto(buffer)
        self._rest -= count or 0
        if self._rest < 0:
            raise TooLargeError
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def _response(call: Call, raw: HTTPResponse) -> Response:
    """Read an answer within the call's limits."""
    headers = {name.lower(): raw.headers[name] for name in raw.headers}
    if sum(len(name) + len(value) for name, value in headers.items()) > HEADER_LIMIT:
        raise call.faults.unacceptable(f"the header of the answer is larger than {HEADER_LIMIT} bytes")
    body = b""
    if not policy.leads_elsewhere(raw.status):
        try:
            body = _body(call, raw, headers.get("content-encoding", "identity"))
        except (ProviderError, TooLargeError):
            # That the provider is out of order says more than what its error page looks like.
            if not policy.is_out_of_order(raw.status):
                raise
    return Response(url=call.faults.url, status=raw.status, headers=headers, body=body)


def _body(call: Call, raw: HTTPResponse, coding: str) -> bytes:
    # Compressed, a small answer could unpack to any size; we asked for none of it.
    if coding.strip().lower() not in {"", "identity"}:
        raise call.faults.unacceptable(f"the answer is encoded as {printable(coding, 40)}, which was not asked for")
    body = bytearray()
    if (raw.length_remaining or 0) > call.limit:
        raise TooLargeError
    while piece := raw.read(call.limit + 1 - len(body), decode_content=False):
        body += piece
        if len(body) > call.limit:
            raise TooLargeError
    return bytes(body)
