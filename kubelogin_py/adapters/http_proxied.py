"""HTTP to the provider through a proxy, by ``requests``. The home of ``requests`` and ``urllib3``.

Of ``requests`` only its transport adapter is used: a session would read netrc files, environment variables and
cookies. Every exchange has a connection of its own, so that nothing is shared across a fork.
"""

import base64
import functools
import http.client
import socket
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from kubelogin_py.adapters import trust
from kubelogin_py.adapters.dialling import dial
from kubelogin_py.adapters.http_answer import MeteredResponse, received
from kubelogin_py.adapters.http_client import Call
from kubelogin_py.adapters.http_exchange import Wire
from kubelogin_py.adapters.http_faults import TooLargeError
from kubelogin_py.response import Response

if TYPE_CHECKING:
    from urllib3.poolmanager import PoolManager


def send(call: Call, wire: Wire) -> Response:
    """Send one request over a connection of its own and return the answer; see ``http_client.Send``."""
    request = requests.Request(call.method, call.url, headers=dict(call.headers), data=call.body).prepare()
    timeout = (call.connect_timeout, call.read_timeout)
    with closing(_Adapter(call, wire)) as adapter:
        try:
            with closing(adapter.send(request, stream=True, timeout=timeout)) as answer:
                return _received(call, answer.raw)
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
            to_proxy = {} if call.proxy.startswith("socks") else {"proxy_ssl_context": call.trusted.context}
            manager = self.proxy_manager_for(call.proxy, **to_proxy)
        where = urlsplit(call.url)
        tls: dict[str, object] = {"ssl_context": call.trusted.context}
        if call.server_name:
            tls["server_hostname"] = call.server_name
        pool = manager.connection_from_host(where.hostname, where.port, where.scheme, pool_kwargs=tls)
        response_class = functools.partial(MeteredResponse, limit=call.limit)
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
            self.call.trusted.connected(self._connected)
        except (OSError, HTTPError, http.client.HTTPException, UnicodeError) as error:
            at_proxy = self.call.proxy is not None and not self._is_past_proxy()
            names = _names_in_refused(self, self.call, error)
            raise self.call.faults.before_sending(error, at_proxy=at_proxy, names=names) from error
        self.wire.stands()
        # An unverified connection is the caller's to warn of; urllib3 would do so again, for every request.
        self.is_verified = True

    def _connected(self) -> socket.socket | None:
        if self.sock is not None:
            # The certificate at its end was refused; whom to ask the proxy for stays.
            self.sock.close()
            self.sock, self.tunnelled = None, False
        super().connect()
        return self.sock

    def _new_conn(self) -> socket.socket:
        if self._is_socks():
            connection = super()._new_conn()
        else:
            connection = dial(self._dns_host, self.port, self.call.connect_timeout)
        try:
            self.wire.opened(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def set_tunnel(
        self, host: str, port: int | None = None, headers: Mapping[str, str] | None = None, scheme: str = "http"
    ) -> None:
        """Ask for a tunnel as RFC 9112 section 3.2 has it, with ``Host``: Python before 3.12 leaves that out."""
        name = f"[{host}]" if ":" in host and not host.startswith("[") else host
        super().set_tunnel(host, port, {"Host": f"{name}:{port}", **(headers or {})}, scheme)

    def send(self, data: Any) -> None:  # noqa: ANN401 -- as in the library
        # Python before 3.12 asks as HTTP/1.0, which some proxies refuse.
        if self._tunnel_host and not self.tunnelled:
            data = data.replace(b" HTTP/1.0\r\n", b" HTTP/1.1\r\n", 1)
        super().send(data)

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


def _received(call: Call, raw: HTTPResponse) -> Response:
    return received(
        call,
        status=raw.status,
        headers={name.lower(): raw.headers[name] for name in raw.headers},
        length=raw.length_remaining,
        read=lambda most: raw.read(most, decode_content=False),
    )
