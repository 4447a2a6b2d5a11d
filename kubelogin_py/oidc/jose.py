"""Compact JSON Web Signatures, read strictly.

Our reader decides what a token says and which algorithm may verify it; ``signature`` only does the arithmetic, with an
algorithm and a key that have been chosen before.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc import base64url
from kubelogin_py.oidc.strict_json import kind, read_object
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

TOKEN_LIMIT = 128 << 10
"""Characters of a compact token accepted."""

HEADER_LIMIT = 8 << 10
"""Bytes of a header accepted."""

_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class _Algorithm:
    """What an ``alg`` asks of a key, and its hash (RFC 7518 section 3.1, RFC 8037, RFC 9864)."""

    key_type: str
    curve: str | None
    digest: str


def _table() -> dict[str, _Algorithm]:
    table = {}
    for bits, curve in ((256, "P-256"), (384, "P-384"), (512, "P-521")):
        table[f"RS{bits}"] = table[f"PS{bits}"] = _Algorithm("RSA", None, f"sha{bits}")
        table[f"ES{bits}"] = _Algorithm("EC", curve, f"sha{bits}")
    # Both names mean Ed25519 here: no other Edwards curve is accepted.
    table["EdDSA"] = table["Ed25519"] = _Algorithm("OKP", "Ed25519", "sha512")
    return table


_ALGORITHMS = MappingProxyType(_table())

ALGORITHMS = frozenset(_ALGORITHMS)
"""Signature algorithms accepted at all: public-key ones only, never ``none`` and never a shared secret."""

KUBERNETES_ALGORITHMS = ALGORITHMS - {"EdDSA", "Ed25519"}
"""Those that the Kubernetes API server accepts, too."""


@dataclass(frozen=True, slots=True)
class Jws:
    """A signed JWT in compact form, read but not verified (RFC 7515 section 7.1).

    :param header: members of the protected header.
    :param payload: the claims; nothing in them is true before the signature was verified.
    :param algorithm: the header's ``alg``.
    :param key_id: the header's ``kid``.
    :param signing_input: what was signed.
    :param signature: the signature.
    :param length: characters of the token.
    """

    header: Mapping[str, Any]
    payload: Mapping[str, Any] = field(repr=False)
    algorithm: str
    key_id: str | None
    # Together these are the token, so a representation must not show them.
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    length: int


def read_jws(token: Secret, *, what: str = "ID token") -> Jws:
    """Return the parts of a signed JWT after every check that needs no key (RFC 7519 section 7.2).

    :param what: what to call it in messages.
    :raises VerificationError: steps ``format``, ``encryption``, ``header`` and ``algorithm``.
    """
    text = token.reveal()
    first, second, third = _parts(text, what)
    if len(first) * 3 // 4 > HEADER_LIMIT:
        raise VerificationError(f"the header of the {what} is larger than {HEADER_LIMIT >> 10} KiB", step="format")
    header = _part_object(first, f"header of the {what}")
    algorithm = _algorithm_name(header, what)
    _refuse_extensions(header, what)
    if not third:
        raise VerificationError(f"the {what} has an empty signature", step="format")
    return Jws(
        header=MappingProxyType(header),
        algorithm=algorithm,
        key_id=header.get("kid"),
        payload=MappingProxyType(_part_object(second, f"payload of the {what}")),
        signing_input=f"{first}.{second}".encode("ascii"),
        signature=_part(third, f"signature of the {what}"),
        length=len(text),
    )


def _parts(text: str, what: str) -> list[str]:
    if len(text) > TOKEN_LIMIT:
        raise VerificationError(
            f"the {what} has {len(text)} characters, more than {TOKEN_LIMIT}",
            step="format",
            hint="let the provider put fewer claims (groups, roles) into it",
        )
    if text.lstrip().startswith("{"):
        raise VerificationError(f"the {what} is in JSON form, not in compact form", step="format")
    parts = text.split(".")
    # RFC 7516 section 3.1: the compact form of an encrypted token has five parts.
    if len(parts) == 5:  # noqa: PLR2004 -- the number is the specification's
        raise VerificationError(
            f"the {what} is encrypted (JWE), and nobody but its reader could use it",
            step="encryption",
            hint="turn off token encryption for this client at the provider; the API server can't read it either",
        )
    if len(parts) != 3:  # noqa: PLR2004 -- the number is the specification's
        raise VerificationError(f"the {what} is not a signed JWT: its parts are {len(parts)}, not 3", step="format")
    return parts


def _part(text: str, what: str) -> bytes:
    try:
        return base64url.decode(text)
    except ValueError as error:
        raise VerificationError(f"the {what} is malformed: {error}", step="format") from None


def _part_object(text: str, what: str) -> dict[str, Any]:
    octets = _part(text, what)
    try:
        return read_object(octets)
    except ValueError as error:
        raise VerificationError(f"the {what} is malformed: {error}", step="format") from None


def _algorithm_name(header: Mapping[str, Any], what: str) -> str:
    name = header.get("alg")
    if not isinstance(name, str) or not name:
        found = "" if "alg" not in header else f": alg is {kind(name) if name != '' else 'empty'}"
        raise VerificationError(f"the {what} does not say how it is signed{found}", step="algorithm")
    if name.lower() == "none":
        raise VerificationError(f"the {what} is not signed (alg {printable(name, _NAME_LENGTH)})", step="algorithm")
    return name


def _refuse_extensions(header: Mapping[str, Any], what: str) -> None:
    """Refuse what changes the meaning of a token: we support no extension (RFC 7515 section 4.1.11, RFC 8725)."""
    for name in ("crit", "b64", "zip"):
        if name in header:
            raise VerificationError(f"the {what} uses the header {name}, which is not supported", step="header")
    if media_type(header, "cty") == "jwt":
        raise VerificationError(f"the {what} holds another token (cty JWT), which is not supported", step="header")
    if "kid" in header and not isinstance(header["kid"], str):
        raise VerificationError(f"the kid of the {what} is {kind(header['kid'])}, not a string", step="header")


def media_type(header: Mapping[str, Any], name: str) -> str | None:
    """Return the media type in ``typ`` or ``cty`` in lower case without ``application/`` (RFC 7515 section 4.1.9).

    ``None`` when there is none, or when it is not text.
    """
    value = header.get(name)
    return value.strip().lower().removeprefix("application/") if isinstance(value, str) else None


def check_algorithm(algorithm: str, allowed: frozenset[str], *, what: str = "ID token") -> None:
    """Refuse an algorithm that is not ours or not among those allowed (Core section 3.1.3.7 steps 7 and 8).

    :param algorithm: the header's ``alg``.
    :param allowed: usually what the provider's metadata lists; anything outside ``ALGORITHMS`` in it is ignored.
    :raises VerificationError: step ``algorithm``.
    """
    name = printable(algorithm, _NAME_LENGTH)
    if algorithm.upper().startswith("HS"):
        raise VerificationError(
            f"the {what} is signed with {name}: a shared secret, which neither this client nor the API server accepts",
            step="algorithm",
            hint="let the provider sign with a key pair (RS256 or ES256): in Authentik choose a signing key for "
            "the provider, in Auth0 set the application's signature algorithm to RS256",
        )
    if algorithm not in ALGORITHMS:
        raise VerificationError(
            f"the {what} is signed with {name}, which is not accepted",
            step="algorithm",
            hint=f"accepted are {', '.join(sorted(ALGORITHMS))}",
        )
    if algorithm not in allowed:
        listed = ", ".join(sorted(ALGORITHMS & allowed)) or "none that is accepted"
        raise VerificationError(
            f"the {what} is signed with {name}, but the provider's metadata lists {listed}", step="algorithm"
        )


def left_half_hash(algorithm: str, text: Secret) -> str:
    """Return base64url of the left half of the hash that belongs to an algorithm (Core section 3.1.3.6).

    :param algorithm: one of ``ALGORITHMS``; Ed25519 hashes with SHA-512.
    """
    digest = hashlib.new(_ALGORITHMS[algorithm].digest, text.reveal().encode("utf-8", "surrogatepass")).digest()
    return base64url.encode(digest[: len(digest) // 2])


def fits(algorithm: str, key_type: str, curve: str | None) -> bool:
    """Whether an algorithm uses keys of this type and curve, and is one of ``ALGORITHMS``."""
    wanted = _ALGORITHMS.get(algorithm)
    return wanted is not None and (wanted.key_type, wanted.curve) == (key_type, curve)
