r"""URLs, checked before they reach a browser, a child process or the HTTP stack.

Providers choose most URLs we use, and parsers disagree about odd ones: a browser reads ``\`` as ``/``, Python drops
tabs and line ends, a launcher may take a leading ``-`` for an option. So nothing is repaired here. A URL consists
of the characters of RFC 3986 in the order of RFC 3986, uses https (http to this machine only), or it is refused.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from kubelogin_py.errors import MetadataError, ProviderError, SettingsError
from kubelogin_py.text import printable

LIMIT = 16 * 1024
"""Characters of a URL accepted: what a callback listener reads of a request line."""

WELL_KNOWN = "/.well-known/openid-configuration"
"""What follows the issuer in the address of its metadata (Discovery section 4.1)."""

_HOST_LIMIT = 253
_PORT_LIMIT = 65535
_SHOWN = 200

# A percent sign that does not begin an escape would let ``%PATH%`` or ``%s`` mean something to a launcher.
_CHARACTERS = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")
_AUTHORITY = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
)


def check_issuer(issuer: str) -> str:
    """Return the issuer unchanged: it is compared byte for byte later (OpenID Connect Discovery section 3).

    :raises SettingsError: not https (http on a loopback host), or it has a query, fragment, userinfo or an
        unsafe character.
    """
    reason = _fault(issuer)
    if reason is None and "?" in issuer:
        reason = "an issuer has no query"
    if reason is None and issuer.endswith(WELL_KNOWN):
        reason = "this is the address of the provider metadata"
    if reason:
        raise SettingsError(f"issuer URL {without_query(issuer)} is refused: {reason}", hint=_issuer_hint(issuer))
    return issuer


def check_endpoint(url: object, what: str, *, http_loopback: bool = True, http_anywhere: bool = False) -> str:
    """Return an endpoint named by the provider, unchanged; its own query is allowed (RFC 6749 section 3.1).

    :param what: what it is and whose, for the message, such as ``token_endpoint of id.example.com``.
    :param http_loopback: accept http to a loopback host.
    :param http_anywhere: accept http to any host.
    :raises MetadataError: anything but a safe absolute https URL without userinfo and fragment.
    """
    reason = _fault(url, http_loopback=http_loopback, http_anywhere=http_anywhere)
    if reason:
        hint = "correct the provider's public URL or its proxy set-up"
        raise MetadataError(f"{what} is refused: {reason}", hint=hint)
    # ``_fault`` finds one in everything that is not text.
    return str(url)


def check_browser_url(url: object, what: str = "URL for the browser", *, http_loopback: bool = True) -> str:
    """Return a URL that may be shown to a person, or given to a browser, unchanged; it may have a fragment.

    :param what: what it is, for the message; the URL itself is not repeated there.
    :param http_loopback: accept http to a loopback host.
    :raises ProviderError: anything but a safe absolute https URL without userinfo.
    """
    reason = _fault(url, http_loopback=http_loopback, fragment=True)
    if reason:
        raise ProviderError(f"{what} is refused: {reason}")
    return str(url)


def is_loopback(host: str) -> bool:
    """Return whether a host, as in a URL or bare, names this machine: ``localhost``, 127.0.0.0/8 or ``::1``."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return address.is_loopback if isinstance(address, IPv4Address) else address == IPv6Address("::1")


def host_of(url: str) -> str:
    """Return the host of a URL in lower case, without port and brackets, printable; empty when it has none."""
    try:
        return printable(urlsplit(url).hostname or "", _HOST_LIMIT)
    except ValueError:
        return ""


def origin_of(url: str) -> str:
    """Return the origin of a checked URL as browsers write it: scheme and host, and a port that is not the usual."""
    parts = urlsplit(url)
    usual = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"


def without_query(url: str) -> str:
    """Return a URL for a message: printable, without userinfo, query and fragment, whatever it looks like."""
    head = re.split(r"[?#]", url, maxsplit=1)[0]
    scheme, separator, rest = head.partition("://") if "://" in head else ("", "", head)
    authority, slash, path = rest.partition("/")
    return printable(f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}", _SHOWN)


def _fault(
    url: object, *, http_loopback: bool = True, http_anywhere: bool = False, fragment: bool = False
) -> str | None:
    """Return what is wrong with a URL, or ``None``."""
    if not isinstance(url, str):
        return "it is not a string"
    if not url:
        return "it is empty"
    if len(url) > LIMIT:
        return f"it is longer than {LIMIT} characters"
    if "#" in url and not fragment:
        return "it has a fragment"
    return (
        _character_fault(url)
        or _scheme_fault(url)
        or _authority_fault(url)
        or (None if http_anywhere else _http_fault(url, http_loopback=http_loopback))
    )


def _character_fault(url: str) -> str | None:
    if "%action" in url.lower():
        # ``%ac`` is an escape, but Python's own launcher, and programs like it, put a word of theirs there.
        return "it has a word that a browser's launcher would replace"
    if _CHARACTERS.fullmatch(url):
        return None
    if "\\" in url:
        return "it has a backslash"
    if any(character.isspace() or not character.isprintable() for character in url):
        return "it has white space or a control character"
    if not url.isascii():
        return _international_fault(url)
    return "it has a character that must be percent-encoded"


def _international_fault(url: str) -> str:
    # Two names that look alike differ in punycode; what is shown must be what is connected to.
    authority = url.partition("://")[2].partition("/")[0][:_HOST_LIMIT]
    if authority.isascii():
        return "it has a character that must be percent-encoded"
    try:
        name = authority.rpartition("@")[2].partition(":")[0].encode("idna").decode("ascii")
    except UnicodeError:
        return "its host is not ASCII"
    return f"its host must be written in punycode: {printable(name)}"


def _scheme_fault(url: str) -> str | None:
    scheme = _SCHEME.match(url)
    if scheme is None:
        return "it does not begin with https://"
    if scheme[0].lower() not in {"https", "http"}:
        return f"its scheme is {printable(scheme[0].lower(), 20)}, not https"
    if not url.startswith("://", scheme.end()):
        return "it has no host"
    return None


def _authority_fault(url: str) -> str | None:
    authority = _authority_of(url)
    if not authority:
        return "it has no host"
    if "@" in authority:
        return "it has a user name or password"
    match = _AUTHORITY.fullmatch(authority)
    if match is None or int(match["port"] or 1) > _PORT_LIMIT or not _is_host(match["host"]):
        return "its host or port is malformed"
    return None


def _http_fault(url: str, *, http_loopback: bool) -> str | None:
    match = _AUTHORITY.fullmatch(_authority_of(url))
    local = http_loopback and match is not None and is_loopback(match["host"])
    return "it is http, not https" if url.lower().startswith("http:") and not local else None


def _authority_of(url: str) -> str:
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return len(host) <= _HOST_LIMIT
    try:
        IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _issuer_hint(issuer: str) -> str:
    if issuer.endswith(WELL_KNOWN):
        return f"leave out {WELL_KNOWN}"
    if issuer.lower().startswith("http://"):
        return "use https; http is accepted on loopback hosts only, and the Kubernetes API server refuses it"
    if "://" not in issuer:
        return "write it in full, such as https://id.example.com"
    return "write the issuer exactly as the provider's metadata and tokens name it"
