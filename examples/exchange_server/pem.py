"""PEM texts: certificates and private keys, also with the label that Talos gives its keys."""

import re
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .settings import ConfigError

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_KEY_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_TALOS_LABEL, _PKCS8_LABEL = b"ED25519 PRIVATE KEY", b"PRIVATE KEY"


def read_certificates(pem: bytes, what: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM text.

    :param what: names the setting in an error.
    :raises ConfigError: there is none, or one is malformed.
    """
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ConfigError(f"{what} holds no readable PEM certificate") from None


def read_private_key(pem: bytes, what: str) -> PrivateKey:
    """Return the one private key of a PEM text: PKCS#8, SEC 1, PKCS#1, or PKCS#8 under Talos' own label.

    :param what: names the setting in an error.
    :raises ConfigError: there is no key, or several; it is encrypted, malformed or of another type.
    """
    blocks = list(_KEY_BLOCK.finditer(pem))
    if len(blocks) != 1:
        raise ConfigError(f"{what} must hold one PEM private key, not {len(blocks)}")
    # What Talos writes is PKCS#8 under a label of its own, which other libraries than Go's refuse.
    block = blocks[0].group()
    if blocks[0].group(1) == _TALOS_LABEL:
        block = block.replace(_TALOS_LABEL, _PKCS8_LABEL)
    try:
        key = serialization.load_pem_private_key(block, password=None)
    except TypeError:
        raise ConfigError(f"{what} is encrypted; this server can't ask for a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{what} holds no readable private key") from None
    if not isinstance(key, PrivateKey):
        raise ConfigError(f"{what} must be an Ed25519, ECDSA or RSA key")
    return key


def written_certificate(certificate: x509.Certificate) -> str:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def written_key(key: PrivateKey, *, talos_label: bool = False) -> str:
    """Return a private key as PKCS#8 PEM; Talos' label is for Ed25519 keys only."""
    encryption = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return (pem.replace(_PKCS8_LABEL, _TALOS_LABEL) if talos_label else pem).decode("ascii")


def read_file(path: str, what: str) -> bytes:
    """Return a file's content.

    :raises ConfigError: it can't be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"can't read {what} {path}: {error.strerror}") from None
