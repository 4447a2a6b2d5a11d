"""A public key out of a JSON Web Key, checked for strength and form before anybody computes with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from kubelogin_py.oidc import base64url, jose, signature
from kubelogin_py.text import printable

_NAME_LENGTH = 60
_BITS_MIN = 2048
# OpenSSL verifies no longer keys; the bound keeps the time of one verification bounded, too.
_BITS_MAX = 16384
# An exponent of 1 makes every number a signature; what Go, and so the API server, can hold ends at 31 bits.
_EXPONENTS = range(3, 1 << 31, 2)
# Octets of one coordinate (RFC 7518 section 6.2.1.2).
_COORDINATES = MappingProxyType({"P-256": 32, "P-384": 48, "P-521": 66})
_ED25519_LENGTH = 32


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that can verify signatures.

    :param key_type: ``RSA``, ``EC`` or ``OKP``.
    :param curve: ``crv`` of the latter two.
    :param signature_length: octets of every signature it makes.
    :param members: its public JWK members, no others.
    """

    key_type: str
    curve: str | None
    signature_length: int
    members: Mapping[str, str]

    @classmethod
    def read(cls, jwk: Mapping[str, Any]) -> Self:
        """Return the key of a JWK, leaving private members aside (RFC 7518 section 6, RFC 8037 section 2).

        :raises ValueError: it can't serve; the message is a short printable reason.
        """
        match jwk.get("kty"):
            case "RSA":
                key = cls("RSA", None, _modulus_length(jwk), _public(jwk, "n", "e"))
            case "EC":
                curve, length = _checked_point(jwk)
                key = cls("EC", curve, 2 * length, _public(jwk, "crv", "x", "y"))
            case "OKP":
                key = cls("OKP", _checked_edwards(jwk), 2 * _ED25519_LENGTH, _public(jwk, "crv", "x"))
            case str(other):
                raise ValueError(f"key type {printable(other, _NAME_LENGTH)}")
            case _:
                raise ValueError("no key type")
        return key

    def is_sound(self) -> bool:
        """Whether the numbers are a public key at all: a point on its curve, and so on."""
        return signature.is_public_key(self.members)

    def fits(self, algorithm: str) -> bool:
        """Whether this algorithm uses keys of this type and curve."""
        return jose.fits(algorithm, self.key_type, self.curve)

    def verifies(self, jws: jose.Jws) -> bool:
        """Whether this key made the signature; ``False`` also when it does not fit the algorithm."""
        # The length is part of every algorithm (RFC 8017 section 8.2.2, RFC 7518 section 3.4): DER has another.
        return (
            self.fits(jws.algorithm)
            and len(jws.signature) == self.signature_length
            and signature.verifies(self.members, jws.algorithm, jws.signing_input, jws.signature)
        )


def _public(jwk: Mapping[str, Any], *names: str) -> Mapping[str, str]:
    return MappingProxyType({name: jwk[name] for name in ("kty", *names)})


def _octets(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"no {name}")
    return base64url.decode(value)


def _modulus_length(jwk: Mapping[str, Any]) -> int:
    modulus = int.from_bytes(_octets(jwk, "n"), "big")
    bits = modulus.bit_length()
    if not _BITS_MIN <= bits <= _BITS_MAX:
        raise ValueError(f"RSA of {bits} bits")
    if modulus % 2 == 0:
        raise ValueError("RSA with an even modulus")
    if int.from_bytes(_octets(jwk, "e"), "big") not in _EXPONENTS:
        raise ValueError("RSA with an unsafe exponent")
    return (bits + 7) // 8


def _checked_point(jwk: Mapping[str, Any]) -> tuple[str, int]:
    curve = jwk.get("crv")
    if not isinstance(curve, str) or curve not in _COORDINATES:
        raise ValueError(f"curve {printable(curve, _NAME_LENGTH)}")
    length = _COORDINATES[curve]
    if {len(_octets(jwk, "x")), len(_octets(jwk, "y"))} != {length}:
        raise ValueError(f"coordinates not of {length} octets")
    return curve, length


def _checked_edwards(jwk: Mapping[str, Any]) -> str:
    if jwk.get("crv") != "Ed25519":
        raise ValueError(f"curve {printable(jwk.get('crv'), _NAME_LENGTH)}")
    if len(_octets(jwk, "x")) != _ED25519_LENGTH:
        raise ValueError(f"not {_ED25519_LENGTH} octets")
    return "Ed25519"
