"""A Talos cluster's API authority, as Talos makes it, and the certificate of one node; both for a demonstration."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ipaddress.ip_address("127.0.0.1")


@dataclass(frozen=True, slots=True)
class Talos:
    """PEM files of a cluster: its authority and a node on loopback."""

    ca: Path
    ca_key: Path
    node: Path
    node_key: Path


def make_talos(directory: Path) -> Talos:
    """Make an authority and the certificate of a node in the directory."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Talos(*(directory / name for name in ("ca.crt", "ca.key", "node.crt", "node.key")))
    authority, node = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = authority.public_key()
    ca = (
        _builder("talos", public)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(authority, None)
    )
    leaf = (
        _builder("talos-node", node.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(authority, None)
    )
    for path, certificate in ((made.ca, ca), (made.node, leaf)):
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    for path, key in ((made.ca_key, authority), (made.node_key, node)):
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return made


def _builder(organization: str, public: Ed25519PublicKey) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "talos")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
    return builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=1))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
