"""HTTP/1.1 as far as a callback needs it: the bytes of a request in, the bytes of a response out; no I/O.

Written for one purpose and strict: whatever a browser's plain GET does not look like is refused (RFC 9112). No byte
of a request finds its way into a response.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kubelogin_py import pages

REQUEST_LINE_LIMIT = 16 * 1024
HEADER_LIMIT = 32 * 1024

OK, NO_CONTENT, SEE_OTHER = 200, 204, 303
BAD_REQUEST, FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 400, 403, 404, 405
URI_TOO_LONG, MISDIRECTED, HEADER_TOO_LARGE, UNAVAILABLE = 414, 421, 431, 503

_REASONS = {
    OK: "OK",
    NO_CONTENT: "No Content",
    SEE_OTHER: "See Other",
    BAD_REQUEST: "Bad Request",
    FORBIDDEN: "Forbidden",
    NOT_FOUND: "Not Found",
    NOT_ALLOWED: "Method Not Allowed",
    URI_TOO_LONG: "URI Too Long",
    MISDIRECTED: "Misdirected Request",
    HEADER_TOO_LARGE: "Request Header Fields Too Large",
    500: "Internal Server Error",
    UNAVAILABLE: "Service Unavailable",
}

_METHOD_LIMIT = 20
_METHOD_START = re.compile(rb"[A-Z]*(?: .*)?", re.DOTALL)
_REQUEST_LINE = re.compile(rb"[A-Z]{1,20} [\x21-\x7e]+ HTTP/1\.[01]\r")
# Origin form only, without a fragment; two slashes in front would make a path look like a host (section 3.2.1).
_TARGET = re.compile(r"(/(?!/)[^?#]*)(?:\?([^#]*))?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\x20-\x7e\x80-\xff\t]*)")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request.

    :param method: as sent.
    :param path: as sent, before the first ``?``.
    :param query: as sent, after it; empty when there is none.
    :param fields: names in lower case with their values, in order.
    """

    method: str
    path: str
    query: str
    fields: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Return every value of a header field, by its name in lower case."""
        return [value for field, value in self.fields if field == name]


def read_head(received: bytes) -> Request | int | None:
    """Return the request, the status to refuse it with, or ``None`` while its head is incomplete.

    :param received: everything that has come on the connection so far.
    """
    line, newline, rest = received.partition(b"\n")
    fault = _line_fault(line, whole=bool(newline))
    if fault or not newline:
        return fault
    if _BARE_LINE_FEED.search(rest):
        return BAD_REQUEST
    # With the line end before them, the fields end in a blank line even when there are none.
    block, blank, _ = (b"\r\n" + rest).partition(b"\r\n\r\n")
    if len(block) > HEADER_LIMIT:
        return HEADER_TOO_LARGE
    return _request(line, block) if blank else None


def _line_fault(line: bytes, *, whole: bool) -> int | None:
    if len(line) > REQUEST_LINE_LIMIT:
        return URI_TOO_LONG
    # TLS, HTTP/0.9 or a guess: known by the first bytes, so that nobody waits for the rest.
    good = _REQUEST_LINE.fullmatch(line) if whole else _METHOD_START.fullmatch(line[:_METHOD_LIMIT])
    return None if good else BAD_REQUEST


def _request(line: bytes, block: bytes) -> Request | int:
    method, raw_target, _ = line.decode("ascii").split(" ")
    target = _TARGET.fullmatch(raw_target)
    if target is None:
        return BAD_REQUEST
    fields = []
    for field_line in block.split(b"\r\n")[1:]:
        field = _FIELD.fullmatch(field_line)
        if field is None:
            return BAD_REQUEST
        fields.append((field[1].decode("ascii").lower(), field[2].strip(b" \t").decode("latin-1")))
    request = Request(method, target[1], target[2] or "", tuple(fields))
    if len(request.values("host")) != 1:
        return BAD_REQUEST
    return request


def response(status: int, html: str = "", *, fields: Sequence[tuple[str, str]] = ()) -> bytes:
    """Return a whole response, the last on its connection.

    :param status: status code.
    :param html: the page; empty for none.
    :param fields: further header fields; nothing that came in a request.
    """
    body = html.encode()
    # A 204 has no length (RFC 9110 section 8.6).
    length = () if status == NO_CONTENT else (("Content-Length", str(len(body))),)
    head = (
        *length,
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", pages.CONTENT_SECURITY_POLICY),
        ("Connection", "close"),
        *fields,
    )
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}", *(f"{name}: {value}" for name, value in head)]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
