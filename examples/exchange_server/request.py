"""What a client asks for: the body of ``POST /exchange``, read by the rules of Go's JSON decoder."""

import asyncio
import json
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.requests import ClientDisconnect, Request

from .answers import Refusal
from .pem import PublicKey

BODY_LIMIT = 64 << 10
"""Bytes of a request body."""

BODY_SECONDS = 15.0
"""Seconds a client may take to send one."""

CURVES = ("secp256r1", "secp384r1", "secp521r1")
RSA_BITS = range(2048, 4097)

_UNREADABLE = "request body too large or unreadable"


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """A request for a certificate.

    :param id_token: proves who asks.
    :param csr: PEM of a certificate signing request; empty when the server is to make the key.
    """

    id_token: str = field(repr=False)
    csr: str


async def read_body(request: Request) -> bytes:
    """Return the body of a request.

    :raises Refusal: it is too large, or did not arrive.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_LIMIT:
                    raise Refusal(413, _UNREADABLE, "bad_request", f"more than {BODY_LIMIT >> 10} KiB")
    except (ClientDisconnect, TimeoutError) as error:
        raise Refusal(413, _UNREADABLE, "bad_request", f"{type(error).__name__} while reading the body") from None
    return bytes(body)


def read_request(body: bytes) -> ExchangeRequest:
    """Return the request in a body: names in any case, unknown members ignored, ``null`` as if it were not there.

    :raises Refusal: it is not JSON, or without a token.
    """
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_Members, parse_constant=_no_number)
        id_token, csr = (_member(found, name) for name in ("id_token", "csr"))
    except (ValueError, RecursionError) as error:
        reason = str(error) if not isinstance(error, UnicodeError) else "it is not UTF-8"
        raise Refusal(400, "invalid JSON", "bad_request", f"the body is not JSON: {reason}") from None
    if not id_token:
        raise Refusal(400, "id_token is required", "bad_request")
    return ExchangeRequest(id_token, csr)


def read_csr(csr: str) -> PublicKey:
    """Return the public key of a certificate signing request; subject and extensions are not looked at.

    The request's own signature proves that the client has the private key (RFC 2986 section 4.2).

    :raises Refusal: it is malformed, not signed by its key, or its key is of a kind that is not accepted.
    """
    try:
        request = x509.load_pem_x509_csr(csr.encode("ascii"))
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise _bad_csr("the csr can't be read") from None
    if not isinstance(key, PublicKey):
        raise _bad_csr("the key of the csr is of a kind that is not accepted")
    if isinstance(key, rsa.RSAPublicKey) and key.key_size not in RSA_BITS:
        raise _bad_csr(f"the key of the csr has {key.key_size} bits")
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in CURVES:
        raise _bad_csr(f"the key of the csr is on the curve {key.curve.name}")
    try:
        good = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        good = False
    if not good:
        raise _bad_csr("the csr is not signed by its own key")
    return key


def _bad_csr(reason: str) -> Refusal:
    return Refusal(400, "invalid csr", "bad_request", reason)


class _Members(list[tuple[str, object]]):
    """The members of an object in their order, one that stands twice included."""


def _member(members: object, name: str) -> str:
    if members is None:
        return ""
    if not isinstance(members, _Members):
        raise ValueError("it is not an object")  # noqa: TRY004 -- one kind of error for all bad input
    found = ""
    for key, value in members:
        if key.casefold() != name or value is None:
            continue
        if not isinstance(value, str):
            raise ValueError(f"{name} is not a string")  # noqa: TRY004 -- one kind of error for all bad input
        found = value
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
