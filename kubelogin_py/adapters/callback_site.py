"""What a callback listener answers to: one host, one path, one method."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from kubelogin_py.adapters.callback_http import (
    BAD_REQUEST,
    FORBIDDEN,
    MISDIRECTED,
    NO_CONTENT,
    NOT_ALLOWED,
    NOT_FOUND,
    UNAVAILABLE,
    Request,
    response,
)
from kubelogin_py.errors import ProviderError, SettingsError
from kubelogin_py.oidc.urls import check_endpoint, is_loopback, without_query

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Site:
    """The part of the web that is the callback.

    :param hosts: accepted ``Host`` values, lower case: those of the redirect URI and no other, so that a foreign
        name that resolves to this machine (DNS rebinding) gets nothing.
    :param path: path of the redirect URI, ``/`` when it has none.
    :param allowed_origin: origin whose preflight requests are answered.
    """

    hosts: frozenset[str]
    path: str
    allowed_origin: str | None

    @classmethod
    def at(cls, redirect_uri: str, allowed_origin: str | None = None) -> "Site":
        """Return the site of a redirect URI."""
        parts = urlsplit(redirect_uri)
        name = parts.netloc.lower()
        default = _DEFAULT_PORTS[parts.scheme]
        hosts = {name}
        if parts.port in (None, default):
            host = name.removesuffix(f":{default}")
            hosts = {host, f"{host}:{default}"}
        return cls(frozenset(hosts), parts.path or "/", allowed_origin)

    def refusal(self, request: Request) -> bytes | None:
        """Return the response to a request that is no callback, ``None`` for one that may be."""
        if request.values("host")[0].lower() not in self.hosts:
            return response(MISDIRECTED)
        if request.path != self.path:
            return response(NOT_FOUND)
        if request.method == "OPTIONS" and request.values("origin"):
            return self._preflight(request)
        return _method_refusal(request)

    def _preflight(self, request: Request) -> bytes:
        # Browsers ask before a public page may reach this machine (Private Network Access).
        if self.allowed_origin is None or request.values("origin") != [self.allowed_origin]:
            return response(FORBIDDEN)
        return response(
            NO_CONTENT,
            fields=[
                ("Access-Control-Allow-Origin", self.allowed_origin),
                ("Access-Control-Allow-Methods", "GET"),
                ("Access-Control-Allow-Private-Network", "true"),
                ("Vary", "Origin"),
            ],
        )


def _method_refusal(request: Request) -> bytes | None:
    if request.method != "GET":
        return response(NOT_ALLOWED, fields=[("Allow", "GET")])
    if request.values("transfer-encoding") or request.values("content-length") not in ([], ["0"]):
        return response(BAD_REQUEST)
    if any("prefetch" in value for name in ("sec-purpose", "purpose") for value in request.values(name)):
        # Nobody would see the page; the browser asks again when somebody does.
        return response(UNAVAILABLE)
    return None


def check_redirect_url(redirect_url: str, ports: frozenset[int], *, scheme: str = "http", remote: bool = False) -> None:
    """Refuse a redirect URL that a listener on this machine can't serve safely.

    :param ports: those of the listen addresses.
    :param scheme: what is spoken there, ``http`` or ``https``.
    :param remote: accept another host, which sends the browser's request on to us.
    :raises SettingsError: malformed, on another host (the code would cross a network), or of the other scheme on a
        port of ours.
    """
    try:
        check_endpoint(redirect_url, f"redirect URL {without_query(redirect_url)}", http_anywhere=remote)
    except ProviderError as error:
        raise SettingsError(error.message, hint="use a URL such as http://localhost:8000") from error
    parts = urlsplit(redirect_url)
    shown = without_query(redirect_url)
    if parts.path.startswith("//"):
        raise SettingsError(f"redirect URL {shown} has a path that begins with two slashes")
    if not is_loopback(parts.hostname or ""):
        if remote:
            return
        raise SettingsError(
            f"redirect URL {shown} is not on this machine: the authorization code could be read on the way",
            hint="use http://localhost:PORT, or --grant-type=device-code or authcode-keyboard on a remote machine; "
            "--allow-remote-callback accepts it",
        )
    if parts.scheme != scheme and (parts.port or _DEFAULT_PORTS[parts.scheme]) in ports:
        hint = "register and use the same URL with http, as RFC 8252 allows on this machine, or give the listener "
        raise SettingsError(
            f"redirect URL {shown} is {parts.scheme}, and the callback listener speaks {scheme}",
            hint=f"{hint}--local-server-cert and --local-server-key"
            if scheme == "http"
            else "use https in it, or leave out --local-server-cert and --local-server-key",
        )
