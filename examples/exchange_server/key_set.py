"""The provider's public keys: which may verify a token (RFC 7517, RFC 7518 section 3)."""

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from .strict_jwt import Jwt

KEYS_LIMIT = 100
"""Keys looked at in a key set."""

RSA_BITS = 2048
"""The shortest RSA key accepted (RFC 7518 section 3.3)."""

_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_RSA = frozenset(f"{family}{bits}" for family in ("RS", "PS") for bits in (256, 384, 512))


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the algorithms it may be used with."""

    key_id: str | None
    algorithms: frozenset[str]
    public: Any


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of a provider that can verify something."""

    keys: tuple[Key, ...]

    def candidates(self, token: Jwt) -> list[Key]:
        """Return the keys that may have signed a token; without a ``kid`` only if there is no choice."""
        fitting = [key for key in self.keys if token.algorithm in key.algorithms]
        if token.key_id is None:
            return fitting if len(fitting) == 1 else []
        return [key for key in fitting if key.key_id == token.key_id]


def read_key_set(document: dict[str, Any]) -> KeySet:
    """Return the usable keys of a key set document.

    :raises ValueError: it is not a key set, or none of its keys can be used.
    """
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise ValueError("the key set has no keys")  # noqa: TRY004 -- one kind of error for all bad input
    found = [key for entry in entries[:KEYS_LIMIT] if isinstance(entry, dict) and (key := _key(entry))]
    if not found:
        raise ValueError("the key set has no key that can be used")
    return KeySet(tuple(found))


def _key(entry: dict[str, Any]) -> Key | None:
    """Return a key of the set; ``None`` if it is not for signatures, too weak, or of an unknown kind."""
    operations, key_id, algorithm = entry.get("key_ops", ["verify"]), entry.get("kid"), entry.get("alg")
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    if not isinstance(key_id, str | None):
        return None
    try:
        public = PyJWK({name: value for name, value in entry.items() if name != "alg"}).key
    except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError):
        return None
    algorithms = _algorithms(public)
    if algorithm is not None:
        algorithms &= {algorithm} if isinstance(algorithm, str) else frozenset()
    return Key(key_id, algorithms, public) if algorithms else None


def _algorithms(public: object) -> frozenset[str]:
    """Return what a key may be used with: nothing if it is private, which whoever published it has lost, or shared."""
    if isinstance(public, rsa.RSAPublicKey):
        return _RSA if public.key_size >= RSA_BITS else frozenset()
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES:
        return frozenset({_CURVES[public.curve.name]})
    return frozenset({"EdDSA"}) if isinstance(public, ed25519.Ed25519PublicKey) else frozenset()
