"""HTTP straight to the provider, by ``http.client``; where a proxy is in between, ``http_proxied`` goes through it.

Hardly anybody has one, and importing a library that knows them takes longer than everything else in a refresh.
"""

import functools
import http.client
import socket
from contextlib import closing
from urllib.parse import urlsplit

from kubelogin_py.adapters import trust
from kubelogin_py.adapters.dialling import dial
from kubelogin_py.adapters.http_answer import MeteredResponse, received
from kubelogin_py.adapters.http_client import Call
from kubelogin_py.adapters.http_exchange import Wire
from kubelogin_py.adapters.http_faults import TooLargeError
from kubelogin_py.response import Response


def send(call: Call, wire: Wire) -> Response:
    """Send one request over a connection of its own and return the answer; see ``http_client.Send``."""
    where = urlsplit(call.url)
    target = (where.path or "/") + (f"?{where.query}" if where.query else "")
    with closing(_Connection(call, wire)) as connection:
        try:
            connection.request(call.method, target, call.body, dict(call.headers))
            with closing(connection.getresponse()) as answer:
                return _received(call, answer)
        # A negative chunk size, for one, is a ValueError of ``http.client``.
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise call.faults.after_sending(error) from error
        except TooLargeError as error:
            raise call.faults.unacceptable(f"the answer is larger than {call.limit} bytes") from error


class _Connection(http.client.HTTPConnection):
    """A connection that tells its wire how far it came, and the person what went wrong on the way."""

    def __init__(self, call: Call, wire: Wire) -> None:
        where = urlsplit(call.url)
        self._call = call
        self._wire = wire
        self._is_secure = where.scheme == "https"
        # Left out of the request's ``Host``.
        self.default_port = http.client.HTTPS_PORT if self._is_secure else http.client.HTTP_PORT
        super().__init__(where.hostname or "", where.port or self.default_port)
        self.response_class = functools.partial(MeteredResponse, limit=call.limit)  # type: ignore[assignment]

    def connect(self) -> None:
        try:
            self.sock = self._call.trusted.connected(self._secured) if self._is_secure else self._dialled()
        except (OSError, UnicodeError) as error:
            names = self._names_in_refused(error)
            raise self._call.faults.before_sending(error, at_proxy=False, names=names) from error
        self.sock.settimeout(self._call.read_timeout)
        self._wire.stands()

    @property
    def _server_name(self) -> str:
        # What a certificate names has no dot at its end.
        return self._call.server_name or self.host.rstrip(".")

    def _secured(self) -> socket.socket:
        context = self._call.trusted.context
        context.set_alpn_protocols(["http/1.1"])
        plain = self._dialled()
        try:
            return context.wrap_socket(plain, server_hostname=self._server_name)
        except BaseException:
            plain.close()
            raise

    def _dialled(self) -> socket.socket:
        connection = dial(self.host, self.port, self._call.connect_timeout)
        try:
            self._wire.opened(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _names_in_refused(self, error: BaseException) -> tuple[str, ...]:
        """Return the names in a certificate that was refused for them: a second look, over which nothing is sent."""
        if not trust.is_wrong_name(error):
            return ()
        context = self._call.names_context()
        try:
            with self._dialled() as plain, context.wrap_socket(plain, server_hostname=self._server_name) as looked:
                return trust.names_in(looked)
        except OSError:
            return ()


def _received(call: Call, answer: http.client.HTTPResponse) -> Response:
    fields = answer.headers
    headers = {name.lower(): ", ".join(fields.get_all(name, ())) for name in fields}
    if len({length.strip() for length in headers.get("content-length", "").split(",")}) > 1:
        # Whoever stands in between may have read another one (RFC 9112 section 6.3).
        raise ValueError("more than one length")
    return received(
        call,
        status=answer.status,
        headers=headers,
        length=answer.length,
        # Only reading to the end notices that an answer of a known length broke off.
        read=lambda most: answer.read(most) if answer.length is None else answer.read(),
    )
