"""What an API server shows to somebody who does not trust it yet: its certificates, and the authority it serves.

Nothing secret is sent, and nothing that comes back is believed: see ``kubernetes.authority``.
"""

import base64
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from kubelogin_py.adapters import proxies
from kubelogin_py.errors import SettingsError, TransientError
from kubelogin_py.text import printable

DEADLINE = 20.0
"""Seconds for all of it."""

LIMIT = 256 * 1024
"""Bytes of an answer that are read."""

_TIMEOUT = 8.0
# K3s and RKE2 serve the first to everybody, kubeadm the second (bootstrap discovery).
_CACERTS = "/cacerts"
_CLUSTER_INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
_AUTHORITY_DATA = re.compile(r"certificate-authority-data: ([A-Za-z0-9+/=]+)")
_PEM = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a server shows.

    :param chain: the certificates of its handshake, its own first, as DER.
    :param offered: PEM texts that it serves to everybody.
    :param trusted: the system's authorities vouch for it, for this name.
    """

    chain: tuple[bytes, ...]
    offered: tuple[str, ...] = ()
    trusted: bool = False


def fetch(url: str, environment: Mapping[str, str]) -> Shown:
    """Ask an API server for its certificates.

    :param url: of the server, ``https``.
    :param environment: for the proxy.
    :raises SettingsError: the proxy is of a kind that this does not know.
    :raises TransientError: it can't be reached, or is no TLS server.
    """
    parts, proxy = urlsplit(url), _proxy(url, environment)
    strict = ssl.create_default_context()
    trusted = False
    with suppress(ssl.SSLError, TransientError), _connection(parts, proxy, strict):
        trusted = True
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    try:
        with _connection(parts, proxy, blind) as connection:
            chain = _chain(connection.sock)
            offered = [text for path in (_CACERTS, _CLUSTER_INFO) for text in _served(connection, path)]
    except ssl.SSLError as error:
        raise TransientError(f"{_name(parts)} does not speak TLS: {printable(error.reason or 'failed', 100)}") from None
    return Shown(chain, tuple(offered), trusted=trusted)


def check(url: str, pem: str, environment: Mapping[str, str]) -> None:
    """Make sure that a server is trusted by a certificate, for the name in the URL.

    :raises SettingsError: it is not.
    :raises TransientError: it can't be reached.
    """
    parts = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    # As in Go, a certificate that is trusted itself needs no authority.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        with _connection(parts, _proxy(url, environment), context):
            pass
    except ssl.SSLCertVerificationError as error:
        raise SettingsError(
            f"{_name(parts)} is not trusted by this certificate: {printable(error.verify_message, 200)}",
            hint="name the server as its certificate does",
        ) from None
    except ssl.SSLError as error:
        raise TransientError(f"{_name(parts)} does not speak TLS: {printable(error.reason or 'failed', 100)}") from None


def _proxy(url: str, environment: Mapping[str, str]) -> SplitResult | None:
    proxy = proxies.proxy_for(url, environment)
    if proxy is None:
        return None
    parts = urlsplit(proxy)
    if parts.scheme != "http" or parts.username:
        raise SettingsError(
            "the certificates can't be fetched through this kind of proxy",
            hint="name the file of the authority with --cluster-certificate-authority",
        )
    return parts


@contextmanager
def _connection(
    parts: SplitResult, proxy: SplitResult | None, context: ssl.SSLContext
) -> Iterator[http.client.HTTPSConnection]:
    """Connect, for ``DEADLINE`` seconds at most."""
    host, port = parts.hostname or "", parts.port or 443
    hop = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port)
    connection = http.client.HTTPSConnection(*hop, timeout=_TIMEOUT, context=context)
    if proxy:
        connection.set_tunnel(host, port)
    # Each read has a time limit of its own; a server that sends a byte now and then must not have its way for ever.
    guard = threading.Timer(DEADLINE, _cut, (connection,))
    guard.daemon = True
    guard.start()
    try:
        connection.connect()
        yield connection
    except ssl.SSLError:
        raise
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise TransientError(f"can't reach {_name(parts)}: {printable(reason.lower(), 100)}") from None
    finally:
        guard.cancel()
        connection.close()


def _cut(connection: http.client.HTTPSConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _chain(connection: Any) -> tuple[bytes, ...]:  # noqa: ANN401 -- its type depends on the version of Python
    """Return the certificates that the server presented, as DER."""
    if hasattr(connection, "get_unverified_chain"):
        return tuple(connection.get_unverified_chain())
    # Before Python 3.13 it is there and has no public name.
    inner = connection._sslobj  # noqa: SLF001 -- as above
    return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in inner.get_unverified_chain() or ())


def _served(connection: http.client.HTTPSConnection, path: str) -> list[str]:
    """Return the certificates in an answer; none where the server does not serve that."""
    try:
        connection.request("GET", path, headers={"Accept": "*/*"})
        answer = connection.getresponse()
        body = answer.read(LIMIT + 1)
    except (OSError, http.client.HTTPException):
        connection.close()
        return []
    if answer.status != http.client.OK or len(body) > LIMIT:
        return []
    text = body.decode("utf-8", "replace")
    if path == _CLUSTER_INFO:
        # A kubeconfig in YAML inside of a document in JSON; base64 needs no escapes in either.
        found = [_decoded(encoded) for encoded in _AUTHORITY_DATA.findall(text)]
        return [pem for pem in found if _PEM in pem]
    return [text] if _PEM in text else []


def _decoded(encoded: str) -> str:
    with suppress(ValueError):
        return base64.b64decode(encoded).decode("utf-8", "replace")
    return ""


def _name(parts: SplitResult) -> str:
    return printable(f"{parts.hostname}:{parts.port or 443}")
