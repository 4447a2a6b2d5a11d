"""The arithmetic of signatures (RFC 7518 section 3, RFC 8037 section 3.1), by ``cryptography``.

Which algorithm may be computed with which key was decided before, by ``jose`` and ``public_key``; the library is asked
a question with one answer, yes or no, and nothing that it raises leaves this file. It is imported when there is
something to compute: a command that is answered from the cache has no signature to look at.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from kubelogin_py.oidc import base64url

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_CURVES = MappingProxyType({"P-256": "SECP256R1", "P-384": "SECP384R1", "P-521": "SECP521R1"})
_ED25519 = frozenset({"EdDSA", "Ed25519"})


def load() -> None:
    """Import what most providers' signatures take, which may as well happen while an answer is waited for."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: F401, PLC0415 -- see above


def is_public_key(members: Mapping[str, str]) -> bool:
    """Return whether the numbers of a public JWK are a key: a point on its curve, and so on."""
    try:
        _public_key(members)
    except Exception:  # noqa: BLE001 -- the library's exceptions share no base; whatever it was, there is no key
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
        _verify(members, algorithm, signed, signature)
    except Exception:  # noqa: BLE001 -- InvalidSignature or anything else: it is not verified
        return False
    return True


def _verify(members: Mapping[str, str], algorithm: str, signed: bytes, signature: bytes) -> None:
    """Return when the signature is right, raise otherwise."""
    if algorithm in _ED25519:
        _edwards(members).verify(signature, signed)
        return
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 -- see above

    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]
    if algorithm.startswith("ES"):
        from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415 -- see above

        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        _point(members).verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(digest))
        return
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 -- see above

    # The salt is as long as the hash (RFC 7518 section 3.5).
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    way = {"RS": padding.PKCS1v15(), "PS": pss}[algorithm[:2]]
    _modulus(members).verify(signature, signed, way, digest)


def _public_key(members: Mapping[str, str]) -> object:
    make = {"RSA": _modulus, "EC": _point, "OKP": _edwards}[members["kty"]]
    return make(members)


def _modulus(members: Mapping[str, str]) -> "RSAPublicKey":
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 -- see above

    return rsa.RSAPublicNumbers(_number(members, "e"), _number(members, "n")).public_key()


def _point(members: Mapping[str, str]) -> "EllipticCurvePublicKey":
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 -- see above

    curve: ec.EllipticCurve = getattr(ec, _CURVES[members["crv"]])()
    return ec.EllipticCurvePublicNumbers(_number(members, "x"), _number(members, "y"), curve).public_key()


def _edwards(members: Mapping[str, str]) -> "Ed25519PublicKey":
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 -- see above

    return ed25519.Ed25519PublicKey.from_public_bytes(base64url.decode(members["x"]))


def _number(members: Mapping[str, str], name: str) -> int:
    return int.from_bytes(base64url.decode(members[name]), "big")
