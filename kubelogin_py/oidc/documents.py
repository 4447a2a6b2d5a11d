"""JSON out of an HTTP response, with a message that says what came instead (RFC 8259)."""

import re
from typing import Any

from kubelogin_py.errors import MetadataError, ProviderError, TransientError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.oidc.urls import host_of
from kubelogin_py.response import Response
from kubelogin_py.text import printable

OK = 200
_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500
_NOT_FOUND = 404

_SHOWN = 60
_NOT_JSON = frozenset(
    {"text/html", "application/xhtml+xml", "application/x-www-form-urlencoded", "multipart/form-data"}
)
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_SECONDS = r"[0-9]{1,9}"


def read_document(response: Response, what: str) -> dict[str, Any]:
    """Return the JSON object of a fetched document: provider metadata or a key set.

    :param what: the document, for messages, such as ``provider metadata``.
    :raises TransientError: 408, 429 or a 5xx.
    :raises MetadataError: any other status than 200, or not one JSON object (Discovery section 4.2).
    """
    refuse_transient(response, what)
    if response.status != OK:
        raise MetadataError(
            f"{what}: {response.url} answered with status {response.status}",
            hint="check the issuer URL" if response.status == _NOT_FOUND else None,
            member="issuer" if response.status == _NOT_FOUND else "",
        )
    try:
        return read_json(response, what)
    except ProviderError as error:
        raise MetadataError(error.message, hint=error.hint) from None


def read_json(response: Response, what: str) -> dict[str, Any]:
    """Return the JSON object in the body, whatever the status; the body is never quoted.

    A missing or wrong content type is fine as long as it does not say HTML or form.

    :raises ProviderError: the body is not one JSON object.
    """
    host = host_of(response.url)
    media_type = _media_type(response)
    if media_type in _NOT_JSON:
        # A captive portal, a proxy's page or a sign-in page stands where the provider should.
        hint = f"something else answers for {host}: a proxy, a portal or a sign-in page"
        raise ProviderError(f"{what}: expected JSON from {host}, got {media_type}", hint=hint)
    if not response.body:
        raise ProviderError(f"{what}: expected JSON from {host}, got an empty body")
    if response.body.startswith(_BYTE_ORDER_MARKS):
        raise ProviderError(f"{what}: expected JSON in UTF-8 from {host}, got a byte order mark")
    try:
        return read_object(response.body)
    except ValueError as error:
        got = "malformed JSON" if not media_type or media_type.endswith("json") else printable(media_type, _SHOWN)
        raise ProviderError(f"{what}: expected JSON from {host}, got {got}: {error}") from None


def refuse_transient(response: Response, what: str) -> None:
    """Let every answer pass except those that say nothing about the request: 408, 429 and 5xx.

    :raises TransientError: with the seconds of ``Retry-After``, if it has any.
    """
    if response.status in {_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS} or response.status >= _SERVER_ERRORS:
        raise TransientError(
            f"{what}: {host_of(response.url)} answered with status {response.status}",
            hint="this is temporary: try again in a moment",
            retry_after=retry_after(response),
        )


def retry_after(response: Response) -> float | None:
    """Return the seconds of ``Retry-After``; ``None`` for a date or anything else (RFC 9110 section 10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    return float(value) if re.fullmatch(_SECONDS, value) else None


def _media_type(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()
