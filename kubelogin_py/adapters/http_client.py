"""The rules of every request to the provider: deadlines, redirects, retries, limits. The library below is a detail."""

import base64
import functools
import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubelogin_py.adapters import http_policy as policy
from kubelogin_py.adapters import proxies, trust
from kubelogin_py.adapters.http_exchange import CrowdedError, OverdueError, Wire, bounded, nothing
from kubelogin_py.adapters.http_faults import Faults, NotSentTimeoutError
from kubelogin_py.adapters.trust import Trusted
from kubelogin_py.errors import NotSentError, ProviderError, SettingsError
from kubelogin_py.oidc.urls import check_endpoint, host_of, without_query
from kubelogin_py.ports import Clock, NoRoots, RootCache
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Tls

if TYPE_CHECKING:
    from ssl import SSLContext

CONNECT_TIMEOUT = 10.0
"""Seconds for name lookup, TCP, proxy and TLS together."""

TOTAL_TIMEOUT = 30.0
"""Seconds for one call, with all its redirects and retries."""

MAX_REDIRECTS = 3
"""Redirects of a GET that are followed."""

RETRY_PAUSES = (0.2, 0.5)
"""Seconds before each further attempt of a GET when the provider names none."""

RETRY_BUDGET = 10.0
"""Seconds of waiting between the attempts, all together."""

_NO_ROOTS = NoRoots()

_GRACE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, ready to be sent.

    :param method: its method.
    :param url: its URL, checked.
    :param headers: all its fields but the framing ones, names in lower case.
    :param body: its body, if it has one.
    :param limit: bytes of body accepted in the answer.
    :param proxy: URL of the proxy to go through.
    :param trusted: whom to trust, with the context for https to the provider and to the proxy.
    :param server_name: name that the certificate must have; ``None`` for the host of the URL.
    :param names_context: makes a context that accepts the certificate of another server, to name that server.
    :param connect_timeout: seconds for one step of connecting.
    :param read_timeout: seconds for one step of reading.
    :param faults: words for what goes wrong.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    limit: int
    proxy: str | None
    trusted: Trusted
    server_name: str | None
    names_context: "Callable[[], SSLContext]"
    connect_timeout: float
    read_timeout: float
    faults: Faults


Send = Callable[["Call", Wire], Response]
"""Sends one request over a connection of its own and returns the answer, within the call's limits.

The wire is told of the connection, and that it stands, before the request is sent.
"""


def way(call: "Call") -> Send:
    """Return what sends a request straight to the provider, or through the proxy that is in between.

    It is imported here, by the caller's thread, so that an exchange begins with its connection.
    """
    if call.proxy is None:
        from kubelogin_py.adapters.http_direct import send  # noqa: PLC0415 -- only what is needed is imported
    else:
        from kubelogin_py.adapters.http_proxied import send  # noqa: PLC0415 -- as above
    return send


class BoundedHttp:
    """HTTP to the provider, as ``ports.Http`` asks for it.

    An ``Authorization`` field of the settings is left out of requests that carry the client's own credentials.

    :param tls: whom to trust.
    :param environment: proxy and authority variables.
    :param request_headers: fields added to every request.
    :param on_request: told one line per request: method, host, path, status, duration.
    :param clock: for deadlines and waiting.
    :param user_agent: the ``User-Agent`` field.
    :param connect_timeout: seconds until a connection must stand.
    :param total_timeout: seconds for a whole call.
    :param way: returns how a request is sent.
    :param meanwhile: done while the answer to the first request is waited for, such as imports that take time.
    :param retry_pauses: seconds before each further attempt of a GET; none for a single one.
    :param server_name: name that the server's certificate must have, where that is not the host of the URL.
    :param roots: keeps certificates of authorities that have vouched, so that large bundles need not be read.
    :param proxy: URL of the proxy for every request, whatever the environment says.
    :raises SettingsError: an authority that can't be read, or a field that can't be sent.
    """

    def __init__(
        self,
        tls: Tls,
        *,
        environment: Mapping[str, str],
        request_headers: Iterable[tuple[str, str]] = (),
        on_request: Callable[[str], None],
        clock: Clock,
        user_agent: str,
        connect_timeout: float = CONNECT_TIMEOUT,
        total_timeout: float = TOTAL_TIMEOUT,
        way: Callable[["Call"], Send] = way,
        meanwhile: Callable[[], object] = nothing,
        retry_pauses: Sequence[float] = RETRY_PAUSES,
        server_name: str | None = None,
        roots: RootCache = _NO_ROOTS,
        proxy: str | None = None,
    ) -> None:
        self._environment = environment
        self._on_request = on_request
        self._clock = clock
        self._connect_timeout = connect_timeout
        self._total_timeout = total_timeout
        self._way = way
        self._meanwhile = meanwhile
        self._retry_pauses = retry_pauses
        self._server_name = server_name
        self._trusted = trust.trusted(tls, environment, roots, clock.now())
        self._proxy = proxy
        self._names_context = functools.partial(trust.context, tls, environment, names=False)
        self._headers = {
            "user-agent": user_agent,
            "accept": "application/json, */*;q=0.1",
            **policy.header_fields(request_headers),
            "accept-encoding": "identity",
            "connection": "close",
        }

    def get(self, url: str, *, limit: int) -> Response:
        """Fetch a document; see ``ports.Http.get``."""
        deadline = self._clock.monotonic() + self._total_timeout
        for _ in range(MAX_REDIRECTS + 1):
            response = self._get_patiently(url, limit, deadline)
            if response.status not in policy.REDIRECTS:
                return response
            url = policy.redirect_target(url, response.headers.get("location"))
        raise ProviderError(f"GET {without_query(url)}: more than {MAX_REDIRECTS} redirects are refused")

    def post(
        self,
        url: str,
        form: Sequence[tuple[str, str | Secret]],
        *,
        limit: int,
        basic: tuple[str, Secret] | None = None,
        timeout: float | None = None,
    ) -> Response:
        """Send a form, once and to this address only (RFC 9700 section 4.12); see ``ports.Http.post``."""
        total = self._total_timeout if timeout is None else min(timeout, self._total_timeout)
        headers = {**self._headers, "content-type": "application/x-www-form-urlencoded"}
        if basic:
            headers["authorization"] = "Basic " + base64.b64encode(policy.basic_credentials(*basic)).decode("ascii")
        deadline = self._clock.monotonic() + total
        response = self._exchange("POST", url, headers, policy.encoded_form(form), limit=limit, deadline=deadline)
        if policy.leads_elsewhere(response.status):
            raise policy.refused_post_redirect(url, response.headers.get("location"))
        return response

    def ask(
        self, method: str, url: str, *, limit: int, bearer: Secret | None = None, document: bytes | None = None
    ) -> Response:
        """Send one request and return its answer, whatever it is: no redirect is followed, nothing is sent twice.

        :param bearer: token of the ``Authorization`` field (RFC 6750 section 2.1).
        :param document: JSON that is sent along.
        :raises TransientError: network fault.
        :raises ProviderError: body too large, proxy or certificate trouble.
        """
        headers = dict(self._headers)
        if bearer:
            headers["authorization"] = f"Bearer {bearer.reveal()}"
        if document is not None:
            headers["content-type"] = "application/json"
        deadline = self._clock.monotonic() + self._total_timeout
        return self._exchange(method, url, headers, document, limit=limit, deadline=deadline)

    def _get_patiently(self, url: str, limit: int, deadline: float) -> Response:
        """Repeat a GET a little while the provider is busy or no connection comes about."""
        waited = 0.0
        pauses = iter(self._retry_pauses)
        while True:
            try:
                response = self._exchange("GET", url, self._headers, None, limit=limit, deadline=deadline)
                trouble = policy.unavailable("GET", response, self._clock.now())
                if trouble is None:
                    return response
                again = response.status in policy.BUSY
            except NotSentError as error:
                trouble = error
                again = not isinstance(error, NotSentTimeoutError)
            pause = next(pauses, None)
            if pause is None or not again:
                raise trouble
            wait = _spread(pause) if trouble.retry_after is None else trouble.retry_after
            waited += wait
            if waited > RETRY_BUDGET or self._clock.monotonic() + wait >= deadline:
                raise trouble
            self._clock.sleep(wait)

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, limit: int, deadline: float
    ) -> Response:
        check_endpoint(url, f"{method} {without_query(url)}")
        proxy = _proxy(url, self._environment, self._proxy)
        through = proxies.without_password(proxy) if proxy else None
        faults = Faults(method, without_query(url), host_of(url), through, self._server_name)
        call = Call(
            method=method,
            url=url,
            headers=headers,
            body=body,
            limit=limit,
            proxy=proxy,
            trusted=self._trusted,
            server_name=self._server_name,
            names_context=self._names_context,
            connect_timeout=self._connect_timeout,
            # The caller's deadline comes first; this one ends the thread should nobody be there to do so.
            read_timeout=self._total_timeout + _GRACE,
            faults=faults,
        )
        return self._timed(call, deadline)

    def _timed(self, call: Call, deadline: float) -> Response:
        """Send within the deadline, and tell what became of it."""
        send = self._way(call)
        begin = self._clock.monotonic()
        outcome = "failed"
        meanwhile, self._meanwhile = self._meanwhile, nothing
        try:
            response = bounded(
                functools.partial(send, call),
                clock=self._clock,
                connect=self._connect_timeout,
                total=deadline - begin,
                meanwhile=meanwhile,
            )
            outcome = str(response.status)
        except OverdueError as error:
            raise call.faults.overdue(error) from error
        except CrowdedError as error:
            raise call.faults.before_sending(error, at_proxy=False) from error
        finally:
            self._on_request(call.faults.line(outcome, self._clock.monotonic() - begin))
        return response


def _spread(pause: float) -> float:
    """Return a pause up to a half shorter or longer: forty callers must not come back at the same moment."""
    return pause * (0.5 + os.urandom(1)[0] / 255)


def _proxy(url: str, environment: Mapping[str, str], named: str | None) -> str | None:
    proxy = proxies.checked(named, "proxy-url") if named else proxies.proxy_for(url, environment)
    if proxy is None or not proxy.lower().startswith("socks"):
        return proxy
    if importlib.util.find_spec("socks") is None:
        raise SettingsError(
            f"proxy {proxies.without_password(proxy)}: SOCKS support is not installed",
            hint="pipx install 'kubelogin-py[socks]'",
        )
    # As in Go the proxy looks the name up; the HTTP library means that by this scheme.
    return "socks5h" + proxy[proxy.index(":") :]
