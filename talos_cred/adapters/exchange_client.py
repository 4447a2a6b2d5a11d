"""The exchange server over https. The home of the connection on which it is recognised.

The fingerprint is compared on the very connection that carries the token, before a byte of the request is sent: a
look on another connection would say nothing about this one. Redirects are never followed; a proxy may only tunnel.
"""

import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from kubelogin_py.adapters import proxies, trust
from kubelogin_py.adapters.http_exchange import OverdueError, Wire, bounded
from kubelogin_py.adapters.http_faults import Faults
from kubelogin_py.errors import Error, ProviderError, SettingsError
from kubelogin_py.oidc.claims import utc
from kubelogin_py.ports import Clock
from kubelogin_py.response import Response
from kubelogin_py.settings import Tls
from talos_cred import exchange
from talos_cred.adapters.tunnel import ask_for_tunnel, tunnel_for
from talos_cred.certificate import Certificate, is_named, read_der
from talos_cred.errors import ExchangeBusyError, ExchangeError, UnknownServerError, UntrustedServerError
from talos_cred.exchange import Request
from talos_cred.server_identity import check_url, is_pinned, origin, read_fingerprint, shown_origin
from talos_cred.settings import Server

T = TypeVar("T")

CONNECT_TIMEOUT = 10.0
"""Seconds for name lookup, TCP, proxy and TLS together."""

# X509_V_ERR_* of OpenSSL: nobody we know signed it.
_UNKNOWN = frozenset({7, 18, 19, 20, 21})


class HttpsExchange:
    """The exchange server at one address.

    :param server: where it is and how it is recognised.
    :param environment: proxy and authority variables.
    :param user_agent: the ``User-Agent`` field.
    :param on_request: told one line per request: method, host, path, status, duration.
    :param warn: told what the person should know about a server that is trusted.
    :raises SettingsError: an address, fingerprint or authority that can't be used.
    """

    def __init__(
        self,
        server: Server,
        *,
        environment: Mapping[str, str],
        clock: Clock,
        user_agent: str,
        on_request: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        self._url = exchange.endpoint_url(check_url(server.url, insecure_http=server.insecure_http))
        self._scheme, self._host, self._port = origin(self._url)
        self._name = server.name or self._host
        self._fingerprint = read_fingerprint(server.fingerprint) if server.fingerprint else None
        self._proxy = tunnel_for(self._url, environment)
        self._clock = clock
        self._user_agent = user_agent
        self._on_request = on_request
        self._warn = warn
        self._faults = Faults("POST", self._url, self._host, proxies.without_password(self._proxy or "") or None)
        authorities = (server.certificate_authority,) if server.certificate_authority else ()
        self._tls = Tls(authorities, insecure_skip_tls_verify=self._fingerprint is not None)
        self._environment = environment

    def exchange(self, request: Request, *, timeout: float) -> Response:
        """Send one request; see ``ports.ExchangeServer.exchange``."""
        body = request.body()
        begin = self._clock.monotonic()
        outcome = "failed"
        try:
            response = self._bounded(lambda wire: self._sent(body, wire, timeout), timeout)
            outcome = str(response.status)
        finally:
            self._on_request(self._faults.line(outcome, self._clock.monotonic() - begin))
        return response

    def ready(self, *, timeout: float) -> None:
        """Make sure that the server is there and is the one that is trusted; nothing is sent."""
        self._bounded(lambda wire: self._looked_over(self._recognised(wire, timeout)), timeout)

    def look(self) -> Certificate:
        """Return the certificate the server presents, whoever signed it. Nothing is sent, nothing is trusted by it."""
        context = trust.context(Tls(insecure_skip_tls_verify=True), self._environment)
        return self._bounded(lambda wire: self._presented(context, wire), CONNECT_TIMEOUT)

    def _bounded(self, work: Callable[[Wire], T], timeout: float) -> T:
        try:
            return bounded(work, clock=self._clock, connect=min(CONNECT_TIMEOUT, timeout), total=timeout)
        except OverdueError as error:
            overdue = self._faults.overdue(error)
            raise ExchangeBusyError(overdue.message, hint=overdue.hint) from error

    def _presented(self, context: ssl.SSLContext, wire: Wire) -> Certificate:
        with contextlib.closing(self._connected(context, wire, CONNECT_TIMEOUT)) as connection:
            return read_der(_certificate(connection))

    def _sent(self, body: bytes, wire: Wire, timeout: float) -> Response:
        with contextlib.closing(self._recognised(wire, timeout)) as connection:
            wire.stands()
            return self._exchanged(connection, body)

    def _recognised(self, wire: Wire, timeout: float) -> socket.socket:
        """Return a connection to the server that is trusted."""
        connection = self._connected(self._context(), wire, timeout)
        try:
            if self._fingerprint is not None:
                self._recognise(read_der(_certificate(connection)), self._fingerprint)
        except BaseException:
            connection.close()
            raise
        return connection

    def _looked_over(self, connection: socket.socket) -> None:
        """Close a connection to the server that is trusted, after a look at its certificate's end: a pin knows none."""
        with contextlib.closing(connection):
            if self._fingerprint is None:
                return
            ended = read_der(_certificate(connection)).not_after
            if ended < self._clock.now():
                self._warn(
                    f"warning: the certificate of {shown_origin(self._url)} expired on {utc(ended)}; "
                    "it is known by its fingerprint"
                )

    def _context(self) -> ssl.SSLContext | None:
        if self._scheme == "http":
            return None
        try:
            return trust.context(self._tls, self._environment)
        except SettingsError as error:
            raise SettingsError(_worded(error.message), hint=_worded(error.hint)) from None

    def _connected(self, context: ssl.SSLContext | None, wire: Wire, timeout: float) -> socket.socket:
        """Return a connection to the server, through the proxy's tunnel if there is one, with TLS if it is https."""
        connection: socket.socket | None = None
        through_proxy = False
        try:
            where = urlsplit(self._proxy) if self._proxy else None
            address = (where.hostname or "", where.port or 80) if where else (self._host, self._port)
            connection = socket.create_connection(address, timeout=min(timeout, CONNECT_TIMEOUT))
            wire.opened(connection)
            connection.settimeout(timeout)
            if where:
                ask_for_tunnel(connection, where.netloc, self._host, self._port)
                through_proxy = True
            if context is None:
                return connection
            return context.wrap_socket(connection, server_hostname=self._name)
        except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
            if connection is not None:
                connection.close()
            raise self._before_sending(error, at_proxy=bool(self._proxy) and not through_proxy) from error

    def _recognise(self, certificate: Certificate, fingerprint: str) -> None:
        """Make sure that the other end is the server whose fingerprint we have.

        :raises UntrustedServerError: it is not.
        """
        shown = shown_origin(self._url)
        if not is_pinned(certificate, fingerprint):
            raise UntrustedServerError(
                f"{shown} is not the server you trust: expected SHA-256 {fingerprint}, "
                f"found {certificate.public_fingerprint} (key) and {certificate.fingerprint} (certificate)",
                hint="nothing was sent; if its key was changed on purpose, ask whoever runs it for the fingerprint, "
                f"then run `talos-cred trust --replace {self._url.removesuffix(exchange.PATH)}`",
            )
        if not is_named(certificate, self._name):
            raise UntrustedServerError(
                f"{shown} has the right key, but its certificate is for {', '.join(certificate.names) or 'no host'}",
                hint="check the address, or say by which name to know it with --server-name",
            )

    def _exchanged(self, connection: socket.socket, body: bytes) -> Response:
        talk = http.client.HTTPConnection(self._host, self._port)
        # It stands already; this one would make another by itself.
        talk.auto_open = 0
        talk.sock = connection
        parts = urlsplit(self._url)
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": self._user_agent,
            "Connection": "close",
        }
        try:
            talk.request("POST", parts.path, body, headers)
            with talk.getresponse() as answer:
                content = answer.read(exchange.LIMIT + 1)
                if answer.length and len(content) <= exchange.LIMIT:
                    raise http.client.IncompleteRead(content, answer.length)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._after_sending(error) from error
        if len(content) > exchange.LIMIT:
            raise ExchangeError(f"{self._url}: the answer is larger than {exchange.LIMIT} bytes")
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return Response(self._url, answer.status, fields, content)

    def _before_sending(self, error: BaseException, *, at_proxy: bool) -> Error:
        fault = self._faults.before_sending(error, at_proxy=at_proxy)
        hint = _worded(fault.hint)
        if not isinstance(fault, ProviderError):
            return ExchangeBusyError(fault.message, hint=hint)
        kind = UnknownServerError if getattr(error, "verify_code", None) in _UNKNOWN else UntrustedServerError
        return kind(_worded(fault.message), hint=hint)

    def _after_sending(self, error: BaseException) -> Error:
        fault = self._faults.after_sending(error)
        if isinstance(fault, ProviderError):
            return ExchangeError(fault.message, hint="check --server: this may be another program")
        hint = "run the command again; a server that can't reach its provider closes connections like this"
        return ExchangeBusyError(fault.message, hint=hint)


def _certificate(connection: socket.socket) -> bytes:
    der = connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
    if der is None:
        raise UntrustedServerError("a fingerprint says nothing about plain http", hint="use https")
    return der


def _worded(text: str | None) -> str:
    """Return words about a provider's certificate as words about the exchange server's."""
    return (
        (text or "")
        .replace(f"{trust.CA_OPTION}=FILE", "--server-ca=FILE (or its fingerprint with --server-fingerprint)")
        .replace(trust.CA_OPTION, "--server-ca")
        .replace("the provider", "the exchange server")
    )
