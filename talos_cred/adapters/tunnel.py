"""The way through a company's proxy: a tunnel, in which TLS goes on to the server itself, or none."""

import http.client
import socket
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import unquote

from kubelogin_py.adapters import proxies
from kubelogin_py.errors import SettingsError


def tunnel_for(url: str, environment: Mapping[str, str]) -> str | None:
    """Return the proxy that tunnels to the server, or ``None``; one over plain http would see the token."""
    proxy = proxies.proxy_for(url, environment) if url.startswith("https:") else None
    if proxy is not None and not proxy.lower().startswith("http:"):
        raise SettingsError(
            f"proxy {proxies.without_password(proxy)} can't be used: only http proxies that tunnel are supported",
            hint="add the exchange server to NO_PROXY",
        )
    return proxy


def ask_for_tunnel(connection: socket.socket, netloc: str, host: str, port: int) -> None:
    """Ask a proxy for a tunnel (RFC 9110 section 9.3.6).

    :raises OSError: it refuses.
    """
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    head = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"
    user = netloc.rpartition("@")[0]
    if user:
        head += f"Proxy-Authorization: Basic {b64encode(unquote(user).encode()).decode('ascii')}\r\n"
    connection.sendall(f"{head}\r\n".encode("ascii"))
    with http.client.HTTPResponse(connection, method="CONNECT") as answer:
        answer.begin()
    if answer.status != http.HTTPStatus.OK:
        raise OSError(f"Tunnel connection failed: {answer.status}")
