"""What may be sent, where to, and when again: rules for requests to a provider, without any network."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from urllib.parse import quote_plus, urldefrag, urljoin, urlsplit

from kubelogin_py.errors import ProviderError, SettingsError, TransientError
from kubelogin_py.oidc.urls import check_endpoint, without_query
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Status codes that send a GET elsewhere (RFC 9110 section 15.4)."""

BUSY = frozenset({429, 503})
"""Status codes of a provider that asks to be asked later (RFC 9110 section 10.2.3, RFC 6585 section 4)."""

_REDIRECTION = range(300, 400)
_SERVER_ERROR = 500
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = r"[\t\x20-\x7e]*"
# What frames a message or leads it somewhere is not for settings to say (RFC 9110 sections 6.6, 7.2, 7.6).
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Ten digits are three centuries; more is no number of seconds.
_SECONDS = r"[0-9]{1,10}"


def header_fields(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return header fields of the settings, names in lower case; of equal names the last one counts.

    :raises SettingsError: a field that would frame the message, or is none (RFC 9110 section 5).
    """
    checked = {}
    for name, value in fields:
        if not re.fullmatch(_NAME, name):
            raise SettingsError(f"request header {printable(name, 80)}: that is no field name", hint="give NAME=VALUE")
        if name.lower() in _OURS:
            raise SettingsError(f"request header {name} can't be set: it belongs to the HTTP connection")
        # The value may be a secret and is not repeated.
        if not re.fullmatch(_VALUE, value):
            raise SettingsError(
                f"request header {name}: its value has a line break or a character other than ASCII",
                hint="give one line of ASCII",
            )
        checked[name.lower()] = value.strip()
    return checked


def encoded_form(fields: Sequence[tuple[str, str | Secret]]) -> bytes:
    """Return fields in order as ``application/x-www-form-urlencoded``.

    :raises SettingsError: text that no bytes stand for.
    """
    pairs = (f"{_encoded(name)}={_encoded(value)}" for name, value in fields)
    return "&".join(pairs).encode("ascii")


def basic_credentials(client_id: str, client_secret: Secret) -> bytes:
    """Return client id and secret, each form-encoded, for HTTP Basic (RFC 6749 section 2.3.1).

    :raises SettingsError: text that no bytes stand for.
    """
    return f"{_encoded(client_id)}:{_encoded(client_secret)}".encode("ascii")


def redirect_target(url: str, location: str | None) -> str:
    """Return where a GET is sent on to: the same scheme, host and port, https or this machine.

    Another host would be a document of somebody else for this issuer.

    :param location: the ``Location`` field of the response.
    :raises ProviderError: anything else.
    """
    source = f"GET {without_query(url)}"
    if not location:
        raise ProviderError(f"{source}: a redirect without a target is refused")
    try:
        target = urldefrag(urljoin(url, location)).url
        same = _origin(target) == _origin(url)
    except ValueError:
        raise ProviderError(f"{source}: a redirect to a malformed URL is refused") from None
    if not same:
        raise ProviderError(_refused_redirect("GET", url, target), hint="use the address that the provider answers at")
    return check_endpoint(target, f"{source}: the target of a redirect")


def refused_post_redirect(url: str, location: str | None) -> ProviderError:
    """Return the error for a POST that was answered with a redirect: the form is for this address only."""
    try:
        target = urljoin(url, location or "")
    except ValueError:
        target = ""
    return ProviderError(
        _refused_redirect("POST", url, target),
        hint="the provider's metadata must name the address that answers itself",
    )


def leads_elsewhere(status: int) -> bool:
    """Return whether a status code is one of redirection."""
    return status in _REDIRECTION


def is_out_of_order(status: int) -> bool:
    """Return whether a status code says that the same request may succeed later."""
    return status >= _SERVER_ERROR or status in BUSY


def unavailable(method: str, response: Response, now: float) -> TransientError | None:
    """Return the error that a 5xx or 429 is, or ``None`` for every other status.

    :param now: UTC seconds since 1970, for a ``Retry-After`` that is a date.
    """
    if not is_out_of_order(response.status):
        return None
    seconds = retry_after(response.headers, now)
    again = "run the command again later" if seconds is None else f"run the command again in {math.ceil(seconds)} s"
    return TransientError(
        f"{method} {response.url}: the provider answered {response.status} (temporary)",
        hint=again,
        retry_after=seconds,
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, ``None`` when it says nothing usable (RFC 9110 section 10.2.3).

    :param now: UTC seconds since 1970.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(_SECONDS, value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _encoded(value: str | Secret) -> str:
    try:
        # Bytes of the command line that are no UTF-8 travel as they were typed.
        return quote_plus(value.reveal() if isinstance(value, Secret) else value, errors="surrogateescape")
    except UnicodeEncodeError:
        # Not chained: the cause holds the text, which may be a secret.
        raise SettingsError("a value for the provider is not valid text", hint="check client id and secret") from None


def _refused_redirect(method: str, url: str, target: str) -> str:
    shown = without_query(target) or "nowhere"
    return f"{method} {without_query(url)}: a redirect to {shown} is refused"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, port
