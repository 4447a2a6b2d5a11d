"""The arithmetic of signatures (RFC 7518 section 3, RFC 8037 section 3.1), by PyJWT, whose home this is.

Which algorithm may be computed with which key was decided before, by ``jose`` and ``public_key``; the library is asked
a question with one answer, yes or no, and nothing that it or ``cryptography`` raises leaves this file. It is imported
when there is something to compute: a command that is answered from the cache has no signature to look at.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jwt import PyJWK

_ED25519 = "EdDSA"
# The library has a key for one algorithm at a time; whether its numbers are a key at all does not depend on that.
_SOME_ALGORITHM = MappingProxyType(
    {
        ("RSA", None): "RS256",
        ("EC", "P-256"): "ES256",
        ("EC", "P-384"): "ES384",
        ("EC", "P-521"): "ES512",
        ("OKP", "Ed25519"): _ED25519,
    }
)


def load() -> None:
    """Import the library, which may as well happen while an answer is waited for."""
    import jwt  # noqa: F401, PLC0415 -- see above


def is_public_key(members: Mapping[str, str]) -> bool:
    """Return whether the numbers of a public JWK are a key: a point on its curve, and so on."""
    try:
        _key(members, _SOME_ALGORITHM[members["kty"], members.get("crv")])
    except Exception:  # noqa: BLE001 -- PyJWT and cryptography share no base; whatever it was, there is no key
        return False
    return True


def verifies(members: Mapping[str, str], algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Return whether a key made a signature.

    :param members: a public JWK of the algorithm's type and curve.
    :param algorithm: one of ``jose.ALGORITHMS``.
    :param signed: what was signed.
    :param signature: of the length that the key makes.
    """
    try:
        # The library knows Ed25519 by its older name alone.
        key = _key(members, _ED25519 if algorithm == "Ed25519" else algorithm)
        return key.Algorithm.verify(signed, key.key, signature) is True
    except Exception:  # noqa: BLE001 -- as above; whatever it was, the signature is not verified
        return False


def _key(members: Mapping[str, str], algorithm: str) -> "PyJWK":
    from jwt import PyJWK  # noqa: PLC0415 -- see above

    return PyJWK(dict(members), algorithm)
