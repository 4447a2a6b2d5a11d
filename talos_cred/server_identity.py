"""How an exchange server is recognised: its address, and the fingerprint of its certificate or public key."""

import base64
import binascii
import hmac
import re
from urllib.parse import urlsplit

from kubelogin_py.errors import Error, SettingsError
from kubelogin_py.oidc.urls import check_endpoint, without_query
from talos_cred.certificate import Certificate

_PREFIX = re.compile(r"(?i)(?:sha-?256)[:/=]?")
_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_BYTES = 32
_DEFAULT_PORTS = {"https": 443, "http": 80}


def check_url(url: str, *, insecure_http: bool) -> str:
    """Return the exchange server's address unchanged.

    :param insecure_http: accept http to another host than this one.
    :raises SettingsError: not https, or it has a query, fragment, user name or odd character.
    """
    shown = without_query(url)
    checked = f"https{url[4:]}" if insecure_http and url.lower().startswith("http://") else url
    try:
        check_endpoint(checked, f"exchange server {shown}")
    except Error as error:
        raise SettingsError(error.message, hint=_hint(url)) from None
    if "?" in url:
        raise SettingsError(f"exchange server {shown} is refused: its address has a query", hint=_hint(""))
    return url


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host in lower case without brackets, and port of a checked address."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS[scheme]


def shown_origin(url: str) -> str:
    """Return ``host:port``, under which a server is remembered."""
    _, host, port = origin(url)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def read_fingerprint(text: str) -> str:
    """Return a SHA-256 fingerprint as 64 lower-case hexadecimal digits.

    :param text: hexadecimal with or without colons, or base64, with or without ``sha256:`` in front.
    :raises SettingsError: it is neither.
    """
    bare = _PREFIX.sub("", text.strip(), count=1) if _PREFIX.match(text.strip()) else text.strip()
    digits = re.sub(r"[:\s]", "", bare)
    if _HEX.fullmatch(digits):
        return digits.lower()
    try:
        raw = base64.b64decode(
            bare.rstrip("=") + "=", altchars=b"-_" if re.search("[-_]", bare) else None, validate=True
        )
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _BYTES:
        raise SettingsError(
            "the server's fingerprint is no SHA-256",
            hint="give 64 hexadecimal digits or base64: talos-cred trust SERVER shows them",
        )
    return raw.hex()


def is_pinned(certificate: Certificate, fingerprint: str) -> bool:
    """Return whether a certificate, or its public key, has this fingerprint; in constant time.

    :param fingerprint: from ``read_fingerprint``.
    """
    return any(
        [
            hmac.compare_digest(certificate.public_fingerprint, fingerprint),
            hmac.compare_digest(certificate.fingerprint, fingerprint),
        ]
    )


def _hint(url: str) -> str:
    if url.lower().startswith("http://"):
        return "use https: over http everybody on the way gets your token; --insecure-http is for tests only"
    return "write it in full, such as https://exchange.example.com:8443"
