"""Keys and certificates: made here, read here, and who signed whom. The home of ``cryptography``.

Talos writes keys as ``ED25519 PRIVATE KEY`` with PKCS#8 inside, which Go reads and OpenSSL does not. So a relabelled
copy is what is parsed; what is written to a talosconfig is PKCS#8 as ``PRIVATE KEY``, which everything reads.
"""

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeGuard, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubelogin_py.secret import Secret
from talos_cred.errors import CertificateError
from talos_cred.settings import KeyKind

Extension = TypeVar("Extension", bound=x509.ExtensionType)
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

MAX_CERTIFICATES = 5
"""Certificates accepted in one PEM text."""

_CHAIN = 5
# What stands between has no two dashes in a row, so that a text full of beginnings is read once and not over and over.
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----[^-]*(?:-[^-]+)*-----END \1-----")
_KEY_LABEL = re.compile(r"(?:[A-Z0-9]+ )*PRIVATE KEY")
# What is inside says what it is: these two labels have formats of their own, the others hold PKCS#8.
_OWN_FORMAT = ("RSA PRIVATE KEY", "EC PRIVATE KEY")
# What Go's TLS signs with: it knows no other curves, and neither DSA nor Ed448.
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key.

    :param pem: PKCS#8 PEM with the label ``PRIVATE KEY``.
    :param public: DER of the public key (SubjectPublicKeyInfo).
    :param csr: PEM of a signing request with an empty subject and no extensions; empty for a key read.
    """

    pem: Secret
    public: bytes = field(repr=False)
    csr: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says; times in UTC seconds.

    :param der: the certificate itself.
    :param public: DER of its public key.
    :param subject: its subject as text, not yet sanitised.
    :param person: common name, if any, not yet sanitised.
    :param roles: organizations of the subject, which are Talos' roles.
    :param names: host names and addresses.
    :param is_ca: whether it may sign others.
    :param usages: what it may be used for (extended key usage, dotted); ``None`` without that extension.
    """

    der: bytes = field(repr=False)
    public: bytes = field(repr=False)
    subject: str
    person: str | None
    roles: tuple[str, ...]
    names: tuple[str, ...]
    not_before: float
    not_after: float
    is_ca: bool
    usages: tuple[str, ...] | None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def public_fingerprint(self) -> str:
        """SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal; survives a renewal with the same key."""
        return hashlib.sha256(self.public).hexdigest()

    @property
    def pem(self) -> str:
        """The certificate as PEM."""
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM).decode("ascii")

    @property
    def is_client_only(self) -> bool:
        """Whether it is for client authentication and nothing else, as Talos wants."""
        return self.usages == (ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,)


def make_key_pair(kind: KeyKind) -> KeyPair | None:
    """Return a new key pair, from the operating system's randomness; ``None`` when the server is to make it."""
    if kind is KeyKind.SERVER:
        return None
    # Roles are the server's to decide, so that nothing but the key is in the request.
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    key: PrivateKey
    if kind is KeyKind.P256:
        key = ec.generate_private_key(ec.SECP256R1())
        request = builder.sign(key, hashes.SHA256())
    else:
        key = ed25519.Ed25519PrivateKey.generate()
        request = builder.sign(key, None)
    return KeyPair(_written(key), _public(key), request.public_bytes(Encoding.PEM).decode("ascii"))


def read_key(pem: Secret) -> KeyPair:
    """Return the private key of a PEM text under any label: Talos' own, PKCS#8, SEC 1 or PKCS#1.

    :raises CertificateError: no key, several, encrypted, or of a kind that a Talos client can't have.
    """
    blocks = [match for match in _BLOCK.finditer(pem.reveal()) if _KEY_LABEL.fullmatch(match[1])]
    if len(blocks) != 1:
        raise CertificateError(f"the answer holds {len(blocks) or 'no'} private keys instead of one", step="key")
    text, label = blocks[0][0], blocks[0][1]
    if label == "ENCRYPTED PRIVATE KEY" or "\nProc-Type:" in text:
        raise CertificateError("the private key of the answer is encrypted", step="key")
    if label not in _OWN_FORMAT:
        text = text.replace(f"{label}-----", "PRIVATE KEY-----")
    try:
        key = load_pem_private_key(text.encode("ascii"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Not chained: the cause may quote the key.
        raise CertificateError("the private key of the answer can't be read", step="key") from None
    if not _serves(key):
        raise CertificateError("the private key of the answer is of a kind that talosctl can't use", step="key")
    return KeyPair(_written(key), _public(key))


def read_certificates(pem: str, what: str) -> tuple[Certificate, ...]:
    """Return the certificates of a PEM text, in order.

    :param what: names the text in a message.
    :raises CertificateError: none, too many, or one that can't be read.
    """
    blocks = [match[0] for match in _BLOCK.finditer(pem) if match[1] == "CERTIFICATE"]
    if not 1 <= len(blocks) <= MAX_CERTIFICATES:
        raise CertificateError(f"{what} holds {len(blocks)} certificates, not 1 to {MAX_CERTIFICATES}", step="pem")
    try:
        return tuple(_read(x509.load_pem_x509_certificate(block.encode("ascii"))) for block in blocks)
    except (ValueError, UnsupportedAlgorithm, x509.UnsupportedGeneralNameType, x509.DuplicateExtension):
        raise CertificateError(f"{what} holds a certificate that can't be read", step="pem") from None


def read_der(der: bytes) -> Certificate:
    """Return the certificate that a TLS server presented.

    :raises CertificateError: it can't be read.
    """
    try:
        return _read(x509.load_der_x509_certificate(der))
    except (ValueError, UnsupportedAlgorithm, x509.UnsupportedGeneralNameType, x509.DuplicateExtension):
        raise CertificateError("the server's certificate can't be read", step="pem") from None


def anchor(leaf: Certificate, between: Sequence[Certificate], authorities: Sequence[Certificate]) -> Certificate | None:
    """Return the authority that a leaf chains to, through intermediates if need be, or ``None``.

    :param between: intermediates that came with the leaf.
    :param authorities: those that are trusted.
    """
    here, rest = leaf, [step for step in between if step.is_ca]
    for _ in range(_CHAIN):
        for authority in authorities:
            if authority.is_ca and _signed(here, authority):
                return authority
        above = next((step for step in rest if _signed(here, step)), None)
        if above is None:
            return None
        rest.remove(above)
        here = above
    return None


def is_named(certificate: Certificate, host: str) -> bool:
    """Return whether a server's certificate is for this host: a name, a one-level wildcard, or an address."""
    host = host.lower().rstrip(".").removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        wildcard = f"*.{host.partition('.')[2]}" if host.count(".") > 1 else host
        return any(name.lower().rstrip(".") in {host, wildcard} for name in certificate.names)
    return str(address) in certificate.names


def _signed(certificate: Certificate, authority: Certificate) -> bool:
    try:
        signer = x509.load_der_x509_certificate(authority.der)
        x509.load_der_x509_certificate(certificate.der).verify_directly_issued_by(signer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _read(certificate: x509.Certificate) -> Certificate:
    subject = certificate.subject
    common = [str(entry.value) for entry in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    names = _extension(certificate, x509.SubjectAlternativeName)
    return Certificate(
        der=certificate.public_bytes(Encoding.DER),
        public=certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        subject=subject.rfc4514_string(),
        person=common[0] if common else None,
        roles=tuple(
            role
            for entry in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
            if (role := str(entry.value).strip())
        ),
        names=tuple(str(name.value) for name in names or () if isinstance(name, x509.DNSName | x509.IPAddress)),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        is_ca=constraints is not None and constraints.ca,
        usages=None if usage is None else tuple(oid.dotted_string for oid in usage),
    )


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _serves(key: object) -> TypeGuard[PrivateKey]:
    """Return whether a private key is of a kind and strength that a Talos client can have."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.key_size >= _RSA_BITS
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.curve.name in _CURVES
    return isinstance(key, ed25519.Ed25519PrivateKey)


def _written(key: PrivateKey) -> Secret:
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii"))


def _public(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
