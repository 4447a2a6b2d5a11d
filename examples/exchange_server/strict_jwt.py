"""Reads signed JWTs strictly, before any key is looked at (RFC 7515 section 5.2, RFC 8725)."""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

ASYMMETRIC = frozenset({*(f"{family}{bits}" for family in ("RS", "ES", "PS") for bits in (256, 384, 512)), "EdDSA"})
"""Algorithms whose signer alone holds the key."""

HMAC = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Algorithms where everybody who can verify can also sign, and the bytes their key must have (RFC 7518 section 3.2)."""

_PARTS = 3
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")


class MalformedTokenError(Exception):
    """It is not a signed JWT that this server reads."""


@dataclass(frozen=True, slots=True)
class Jwt:
    """A signed JWT: nothing in it is true before its signature was verified.

    :param signing_input: what was signed.
    """

    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    algorithm: str
    key_id: str | None
    claims: dict[str, Any] = field(repr=False)


def read_jwt(token: str, algorithms: frozenset[str]) -> Jwt:
    """Return the parts of a compact signed JWT.

    :param algorithms: those accepted.
    :raises MalformedTokenError: it is anything else.
    """
    parts = token.split(".")
    if len(parts) != _PARTS or not all(_SEGMENT.fullmatch(part) for part in parts):
        raise MalformedTokenError("not a signed JWT in compact form")
    header, claims = _object(parts[0], "header"), _object(parts[1], "payload")
    signature = _decoded(parts[2], "signature")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise MalformedTokenError(f"alg {ascii(algorithm)[:40]} is not accepted")
    if not {"crit", "b64", "zip"}.isdisjoint(header):
        raise MalformedTokenError("the header asks for an extension")
    if key_id is not None and not isinstance(key_id, str):
        raise MalformedTokenError("kid is not a string")
    _check_type(header.get("typ"))
    return Jwt(f"{parts[0]}.{parts[1]}".encode("ascii"), signature, algorithm, key_id, claims)


def read_object(text: bytes) -> dict[str, Any]:
    """Return a JSON object, in which no member stands twice and every number is one.

    :raises ValueError: it is not one.
    """
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 -- one kind of error for all bad input
    return found


def _check_type(kind: object) -> None:
    """Refuse a token that says it is an access token, a logout token, or anything but a JWT (RFC 8725 section 3.11)."""
    if kind is None:
        return
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") != "jwt":
        raise MalformedTokenError(f"typ {ascii(kind)[:40]} is not an ID token's")


def _object(part: str, what: str) -> dict[str, Any]:
    try:
        return read_object(_decoded(part, what))
    except ValueError:
        raise MalformedTokenError(f"the {what} is not a JSON object") from None


def _decoded(part: str, what: str) -> bytes:
    # The standard decoder forgives trailing bits; a second spelling of the same token must not exist.
    try:
        octets = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        octets = b""
    if not octets or base64.urlsafe_b64encode(octets).rstrip(b"=") != part.encode("ascii"):
        raise MalformedTokenError(f"the {what} is not base64url")
    return octets


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
