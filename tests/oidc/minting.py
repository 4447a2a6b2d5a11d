"""A provider's keys and tokens, right and wrong, made with cryptography alone: the product's JWT library has no say.

Everything may be given as raw bytes, so that a token can be malformed in any way.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from kubelogin_py.oidc.key_set import KeySet
from kubelogin_py.response import Response

ISSUER = "https://id.example.com/realms/kube"
CLIENT_ID = "kubernetes"
NOW = 1_787_000_000.0
NONCE = "n-0S6_WzA2Mj"
JWKS_URI = "https://id.example.com/jwks"

ABSENT = object()
"""Given as a member, takes it away."""

CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def b64_number(number: int, length: int | None = None) -> str:
    return b64(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))


def changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not ABSENT}


def claims(**changes: Any) -> dict[str, Any]:
    """Return right claims, changed."""
    right = {
        "iss": ISSUER,
        "sub": "f81d4fae-7dec",
        "aud": CLIENT_ID,
        "exp": int(NOW) + 3600,
        "iat": int(NOW) - 1,
        "nonce": NONCE,
        "email": "kim@example.com",
        "groups": ["admins", "developers"],
    }
    return changed(right, changes)


def compact(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, signature: bytes) -> str:
    return f"{encoded(header)}.{encoded(payload)}.{b64(signature)}"


def encoded(part: Mapping[str, Any] | bytes) -> str:
    return b64(part if isinstance(part, bytes) else json.dumps(part).encode())


@dataclass
class Signer:
    """One signing key of a provider."""

    private: PrivateKey
    algorithm: str
    key_id: str | None = "key-1"

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """Return the public key as the provider publishes it, changed."""
        right = {**public_members(self.private), "use": "sig", "alg": self.algorithm}
        return changed(right if self.key_id is None else {**right, "kid": self.key_id}, changes)

    def mint(self, payload: Mapping[str, Any] | bytes, *, raw_header: bytes | None = None, **header: Any) -> str:
        """Return a token with a right signature over whatever is given."""
        right = {"alg": self.algorithm, "typ": "JWT", "kid": ABSENT if self.key_id is None else self.key_id}
        first = encoded(changed(right, header) if raw_header is None else raw_header)
        signing_input = f"{first}.{encoded(payload)}"
        return f"{signing_input}.{b64(signature(self.private, self.algorithm, signing_input.encode()))}"


def public_members(private: PrivateKey) -> dict[str, str]:
    if isinstance(private, rsa.RSAPrivateKey):
        numbers = private.public_key().public_numbers()
        return {"kty": "RSA", "n": b64_number(numbers.n), "e": b64_number(numbers.e)}
    if isinstance(private, ec.EllipticCurvePrivateKey):
        point = private.public_key().public_numbers()
        length = (private.curve.key_size + 7) // 8
        curve = CURVE_NAMES[private.curve.name]
        return {"kty": "EC", "crv": curve, "x": b64_number(point.x, length), "y": b64_number(point.y, length)}
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(private.public_key().public_bytes_raw())}


def signature(private: PrivateKey, algorithm: str, signed: bytes) -> bytes:
    """Sign as the algorithm's specification says (RFC 7518 section 3, RFC 8037)."""
    digest = HASHES.get(algorithm[2:])
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(signed)
    assert digest is not None
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(private.sign(signed, ec.ECDSA(digest)))
        length = (private.curve.key_size + 7) // 8
        return r.to_bytes(length, "big") + s.to_bytes(length, "big")
    if algorithm.startswith("PS"):
        return private.sign(signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    return private.sign(signed, padding.PKCS1v15(), digest)


def new_rsa(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def new_signer(algorithm: str = "ES256", key_id: str | None = "key-1", private: PrivateKey | None = None) -> Signer:
    """Return a signer with a key of its own; an RSA key is slow to make, so one may be given."""
    if private is None:
        if algorithm in CURVES:
            private = ec.generate_private_key(CURVES[algorithm])
        else:
            private = ed25519.Ed25519PrivateKey.generate() if algorithm.startswith("Ed") else new_rsa()
    return Signer(private, algorithm, key_id)


def response(document: object, **headers: str) -> Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Response(url=JWKS_URI, status=200, headers={"content-type": "application/json", **headers}, body=body)


def key_set(*jwks: object) -> KeySet:
    return KeySet.read(response({"keys": list(jwks)}))
