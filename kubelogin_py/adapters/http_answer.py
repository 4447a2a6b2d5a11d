"""An answer of a provider, read within the limits of its call, whichever library made the connection."""

import http.client
import io
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kubelogin_py.adapters import http_policy as policy
from kubelogin_py.adapters.http_faults import TooLargeError
from kubelogin_py.errors import ProviderError
from kubelogin_py.response import Response
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from kubelogin_py.adapters.http_client import Call

HEADER_LIMIT = 64 << 10
"""Bytes of response header fields accepted."""

# A chunk of one byte takes six on the wire; what frames its bytes with more than this is an attack.
_FRAMING = 8


class MeteredResponse(http.client.HTTPResponse):
    """A response that stops at a number of bytes, whatever they are: endless header lines, chunks or trailers."""

    def __init__(self, sock: socket.socket, *, limit: int, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp = io.BufferedReader(_Metered(self.fp.detach(), HEADER_LIMIT + _FRAMING * limit))


class _Metered(io.RawIOBase):
    def __init__(self, stream: io.RawIOBase, budget: int) -> None:
        self._stream = stream
        self._rest = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        count: int | None = self._stream.readinto(buffer)
        self._rest -= count or 0
        if self._rest < 0:
            raise TooLargeError
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def received(
    call: "Call", *, status: int, headers: Mapping[str, str], length: int | None, read: Callable[[int], bytes]
) -> Response:
    """Return the answer to a call.

    :param headers: its header fields, names in lower case.
    :param length: bytes of its body, if it says so.
    :param read: returns that many bytes of its body or fewer, and none at its end.
    :raises TooLargeError: the body has more bytes than the call accepts.
    :raises ProviderError: it breaks another rule.
    """
    if sum(len(name) + len(value) for name, value in headers.items()) > HEADER_LIMIT:
        raise call.faults.unacceptable(f"the header of the answer is larger than {HEADER_LIMIT} bytes")
    body = b""
    if not policy.leads_elsewhere(status):
        try:
            body = _body(call, headers.get("content-encoding", "identity"), length, read)
        except (ProviderError, TooLargeError):
            # That the provider is out of order says more than what its error page looks like.
            if not policy.is_out_of_order(status):
                raise
    return Response(url=call.faults.url, status=status, headers=headers, body=body)


def _body(call: "Call", coding: str, length: int | None, read: Callable[[int], bytes]) -> bytes:
    # Compressed, a small answer could unpack to any size; we asked for none of it.
    if coding.strip().lower() not in {"", "identity"}:
        raise call.faults.unacceptable(f"the answer is encoded as {printable(coding, 40)}, which was not asked for")
    body = bytearray()
    if (length or 0) > call.limit:
        raise TooLargeError
    while piece := read(call.limit + 1 - len(body)):
        body += piece
        if len(body) > call.limit:
            raise TooLargeError
    return bytes(body)
