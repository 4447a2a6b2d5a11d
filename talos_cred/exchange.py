"""The exchange server's wire format: request and answers as values, no I/O.

``POST /exchange`` takes ``{"id_token": …}`` and answers ``ca``, ``cert``, ``key``, ``endpoints`` and ``ttl_seconds``.
A server that knows the optional member ``csr`` signs its public key and leaves ``key`` out; the others, which are
written in Go, ignore what they do not know and send a key of their own.
"""

import json
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable
from talos_cred.errors import ExchangeBusyError, ExchangeError, PolicyError, TokenRefusedError

PATH = "/exchange"
LIMIT = 1 << 20
"""Bytes of an answer accepted."""

_SKEW = 30.0
"""Seconds between two clocks that are worth a word."""
_SHOWN = 300
_OK = 200
_REDIRECTION = 3
_ERROR = 400


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the exchange server.

    :param id_token: says who asks.
    :param csr: PEM of a certificate signing request with an empty subject; ``None`` lets the server make the key.
    """

    id_token: Secret
    csr: str | None = None

    def body(self) -> bytes:
        """Return the request's body, which holds the token."""
        members = {"id_token": self.id_token.reveal()}
        if self.csr is not None:
            members["csr"] = self.csr
        return json.dumps(members).encode("ascii")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the exchange server answered; nothing of it has been checked but its types.

    :param ca: PEM of the Talos API authority.
    :param certificate: PEM of the client certificate.
    :param key: PEM of the private key the server made; ``None`` when it signed ours.
    :param endpoints: Talos nodes.
    :param ttl: seconds the server says; the certificate's own dates count.
    """

    ca: str
    certificate: str
    key: Secret | None
    endpoints: tuple[str, ...]
    ttl: float | None = None


def endpoint_url(server: str) -> str:
    """Return where requests go."""
    return server.rstrip("/") + PATH


def read_answer(response: Response, *, now: float) -> Answer:
    """Return the answer of an exchange server of any version.

    :param now: UTC seconds, to compare the server's clock with.
    :raises ExchangeError: see ``errors``; the message is for people.
    :raises ExchangeBusyError: 429 or 5xx.
    """
    if response.status != _OK:
        refuse(response, now=now)
    try:
        members = read_object(response.body)
    except ValueError as error:
        raise ExchangeError(
            f"{response.url}: the answer can't be read: {error}", hint="check --server: this may be another program"
        ) from None
    key = _text(members, "key", response.url, required=False)
    return Answer(
        ca=_text(members, "ca", response.url),
        certificate=_text(members, "cert", response.url),
        key=Secret(key) if key else None,
        endpoints=_endpoints(members.get("endpoints"), response.url),
        ttl=_seconds(members.get("ttl_seconds")),
    )


def clock_skew(response: Response, now: float) -> float | None:
    """Return the seconds the server's clock is ahead of ours, ``None`` when unknown (RFC 9110 section 6.6.1)."""
    try:
        return parsedate_to_datetime(response.headers.get("date", "")).timestamp() - now
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def skew_words(skew: float | None) -> str:
    """Return what is to be said of two clocks, or nothing."""
    if skew is None or abs(skew) < _SKEW:
        return ""
    return f"the server's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's"


def refuse(response: Response, *, now: float) -> NoReturn:
    """Raise the error that a status other than 200 is."""
    words = _words(response.body)
    text = f"{response.url}: the exchange server answered {response.status}{f': {words}' if words else ''}"
    status = response.status
    if status in _REFUSALS:
        _REFUSALS[status](text, words.lower(), skew_words(clock_skew(response, now)))
    if status == _TOO_MANY or status >= _SERVER_ERROR:
        hint = _BUSY_HINTS.get(status, "run the command again later; the cause is in the server's log")
        wait = _retry_after(response, now)
        when = "" if wait is None else f"run the command again in {wait:.0f} s; "
        raise ExchangeBusyError(f"{text} (temporary)", hint=when + hint, retry_after=wait)
    if status // 100 != _REDIRECTION and status < _ERROR:
        raise ExchangeError(
            f"{response.url}: {status} is no answer of an exchange server",
            status=status,
            hint="check --server: this may be another program",
        )
    if status < _ERROR:
        raise ExchangeError(
            f"{response.url}: an answer with status {status} leads elsewhere and is not followed",
            status=status,
            hint="give the address that answers itself with --server",
        )
    raise ExchangeError(text, status=status, hint=_HINTS.get(status, "check --server: this may be another program"))


_TOO_MANY = 429
_SERVER_ERROR = 500
_HINTS = {
    404: "check --server: there is no /exchange at this address",
    405: "check --server: this may be another program",
    413: "the ID token is too large for this server: ask the provider for fewer claims or groups",
    414: "the ID token is too large for this server: ask the provider for fewer claims or groups",
}
_BUSY_HINTS = {
    429: "too many requests from this address; wait a while, or raise the server's rate limit",
    500: "the server could not make a certificate: its log says why (its authority or Talos API credential)",
    502: "the exchange server is not running behind its proxy",
    503: "the exchange server can't reach the provider or Talos at the moment",
    504: "the exchange server took too long; it may not reach the provider",
}


def _bad_request(text: str, words: str, _skew: str) -> NoReturn:
    hint = "this server does not speak the protocol; check --server"
    if "csr" in words:
        hint = "let the server make the key with --key-type=server, or another kind with --key-type=p256"
    elif "json" in words or "large" in words:
        # Versions before 2026 cut a request at 64 KiB and find the rest to be no JSON.
        hint = "the ID token may be too large for this server: ask the provider for fewer claims or groups"
    raise ExchangeError(text, status=400, hint=hint)


def _unauthorized(text: str, words: str, skew: str) -> NoReturn:
    hint = "the server may expect another client id or issuer, or can't reach the provider; its log says which"
    if "aud" in words or "azp" in words:
        hint = "the server takes tokens of another client: use the client id that it is configured with"
    elif "issuer" in words or "iss " in words:
        hint = "the server trusts another issuer: compare --provider with its issuer_url, character by character"
    raise TokenRefusedError(text, status=401, hint=f"{skew}; {hint}" if skew else hint)


def _forbidden(text: str, words: str, _skew: str) -> NoReturn:
    hint = "ask whoever runs the exchange server; asking again does not help"
    if "role" in words:
        hint = "none of the server's rules gives you a role: check your groups at the provider and the server's rules"
    elif "ip" in words.split():
        hint = "this machine's address is not in the server's allowlist; connect from the right network or VPN"
    elif "audience" in words or "client" in words or "azp" in words:
        hint = "the token belongs to another client: give talos-cred an OIDC client of its own, not kubectl's"
    raise PolicyError(text, status=403, hint=hint)


_REFUSALS = {400: _bad_request, 401: _unauthorized, 403: _forbidden}


def _words(body: bytes) -> str:
    """Return what the server says: the member ``error``, else the first line of plain text, printable."""
    try:
        found = read_object(body).get("error")
    except ValueError:
        found = None
    if not isinstance(found, str):
        text = body.decode("utf-8", "replace").strip()
        # A proxy's page says nothing to a person.
        found = "" if text.startswith(("<", "{", "[")) else text.partition("\n")[0]
    return printable(found.strip(), _SHOWN)


def _retry_after(response: Response, now: float) -> float | None:
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    when = clock_skew(replace(response, headers={"date": value}), now)
    return None if when is None else max(0.0, when)


def _text(members: dict[str, Any], name: str, url: str, *, required: bool = True) -> str:
    value = members.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        raise ExchangeError(f"{url}: the answer has no text as {name}", hint="check --server: is it up to date?")
    return value


def _endpoints(value: object, url: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ExchangeError(f"{url}: the endpoints of the answer are not a list of texts")
    return tuple(value)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
