"""What went wrong on the network, in our words: foreign exceptions become errors of this package's tree.

The words after the URL are those that tools look for in int128/kubelogin's messages: ``no such host``, ``connection
refused``, ``i/o timeout``.
"""

import http.client
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubelogin_py.adapters.http_exchange import OverdueError
from kubelogin_py.errors import Error, NotSentError, ProviderError, TransientError
from kubelogin_py.text import printable

_TEMPORARY_HINT = "check the URL and this machine's network, VPN and proxy, then run the command again"
# The only form in which http.client tells what a proxy answered to CONNECT.
_TUNNEL = r"Tunnel connection failed: ([0-9]{3})"
_PROXY_AUTHENTICATION_REQUIRED = 407
_SERVER_ERROR = 500


class TooLargeError(Exception):
    """More bytes came than are accepted."""


class NotSentTimeoutError(NotSentError):
    """No connection in the time given for it; trying again at once would only take that time again."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The errors of one request.

    :param method: its method.
    :param url: its URL without query.
    :param host: host of the URL.
    :param proxy: ``host:port`` of the proxy it goes through, if any.
    :param server_name: name that the certificate must have, where that is not the host.
    """

    method: str
    url: str
    host: str
    proxy: str | None = None
    server_name: str | None = None

    def before_sending(self, error: BaseException, *, at_proxy: bool, names: Sequence[str] = ()) -> Error:
        """Return the error for a connection that did not come about; nothing of the request was sent.

        :param at_proxy: the fault is between us and the proxy.
        :param names: names in the certificate, when it is refused for them.
        """
        tunnel = next((match for link in _chain(error) if (match := re.search(_TUNNEL, str(link)))), None)
        if tunnel:
            return self._tunnel_refused(int(tunnel[1]))
        from kubelogin_py.adapters.certificate_refusals import refusal as words  # noqa: PLC0415 -- for a fault alone

        party = f"proxy {self.proxy}: " if at_proxy and self.proxy else ""
        host, wanted = (f"proxy {self.proxy}", None) if party else (self.host, self.server_name)
        for link in _chain(error):
            if refusal := words(link, host, names, wanted=wanted):
                return ProviderError(f"{self._request}: {refusal[0]}", hint=refusal[1])
        kind = NotSentTimeoutError if _has(error, TimeoutError) else NotSentError
        return kind(f"{self._request}: {party}{self._cause(error)} (temporary)", hint=_TEMPORARY_HINT)

    def after_sending(self, error: BaseException) -> Error:
        """Return the error for an exchange that broke off when the request may have been sent."""
        if _is_malformed(error):
            return ProviderError(f"{self._request}: the answer is malformed HTTP", hint="check the port of the URL")
        return TransientError(f"{self._request}: {self._cause(error)} (temporary)", hint=_TEMPORARY_HINT)

    def overdue(self, overdue: OverdueError) -> TransientError:
        """Return the error for an exchange that did not end in time."""
        if overdue.sent:
            text = f"i/o timeout: no complete answer within {round(overdue.seconds, 1):g} s"
            return TransientError(f"{self._request}: {text} (temporary)", hint=_TEMPORARY_HINT)
        text = f"i/o timeout: no connection within {round(overdue.seconds, 1):g} s"
        return NotSentTimeoutError(f"{self._request}: {self._through}{text} (temporary)", hint=_TEMPORARY_HINT)

    def unacceptable(self, text: str, *, hint: str | None = None) -> ProviderError:
        """Return the error for an answer that breaks a rule of ours."""
        return ProviderError(f"{self._request}: {text}", hint=hint)

    def line(self, outcome: str, seconds: float) -> str:
        """Return one line on the request for verbose output: method, host, path, outcome and duration."""
        authority, _, path = self.url.partition("://")[2].partition("/")
        through = f" through proxy {self.proxy}" if self.proxy else ""
        return f"{self.method} {authority} /{path} {outcome} {seconds:.3f} s{through}"

    @property
    def _request(self) -> str:
        return f"{self.method} {self.url}"

    @property
    def _through(self) -> str:
        return f"through proxy {self.proxy}: " if self.proxy else ""

    def _tunnel_refused(self, status: int) -> Error:
        if status == _PROXY_AUTHENTICATION_REQUIRED:
            return self._proxy_authentication()
        text = f"{self._request}: proxy {self.proxy} answered {status} for {self.host}"
        if status >= _SERVER_ERROR:
            return NotSentError(f"{text} (temporary)", hint=_TEMPORARY_HINT)
        return ProviderError(text, hint=f"let the proxy connect to {self.host}, or add it to NO_PROXY")

    def _proxy_authentication(self) -> ProviderError:
        return ProviderError(
            f"{self._request}: proxy {self.proxy} wants a user name and password (407)",
            hint="set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT",
        )

    def _cause(self, error: BaseException) -> str:
        """Return the cause in a few plain words; nothing of the URL's query is ever among them."""
        for link in _chain(error):
            if isinstance(link, socket.gaierror):
                return _lookup_cause(link, re.sub(":[0-9]+$", "", self.proxy or self.host))
            # ``ssl`` names its reasons: UNEXPECTED_EOF_WHILE_READING.
            if isinstance(link, OSError) and isinstance(reason := getattr(link, "reason", None), str):
                return f"TLS failed: {printable(reason, 80).lower().replace('_', ' ')}"
            for kind, text in _CAUSES:
                if isinstance(link, kind):
                    return text
        system = next((link for link in _chain(error) if isinstance(link, OSError) and link.strerror), None)
        return printable(system.strerror.lower(), 80) if system and system.strerror else "the connection failed"


_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (UnicodeError, "no such host: the name can't be looked up"),
    (TimeoutError, "i/o timeout"),
    (ConnectionRefusedError, "connection refused"),
    (http.client.RemoteDisconnected, "the connection was closed without an answer"),
    (ConnectionError, "connection reset by peer"),
    (http.client.IncompleteRead, "the answer broke off"),
)


def _lookup_cause(error: socket.gaierror, host: str) -> str:
    reason = " (the name server did not answer)" if error.errno == socket.EAI_AGAIN else ""
    return f"lookup {host}: no such host{reason}"


def _is_malformed(error: BaseException) -> bool:
    """Return whether an answer came that is not one; a connection closed early is something else."""
    if isinstance(error, ValueError):
        return True
    passing = (http.client.RemoteDisconnected, http.client.IncompleteRead)
    return any(isinstance(link, http.client.HTTPException) and not isinstance(link, passing) for link in _chain(error))


def _has(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(link, kind) for link in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those it came from, the outermost first."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
