"""This server's own TLS certificates: a private authority and one certificate, as PEM."""

import datetime as dt
import ipaddress
import re
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .pem import PrivateKey, read_certificates, read_private_key, written_certificate, written_key
from .settings import ConfigError

LIFETIME = dt.timedelta(days=3650)
RENEWED_BEFORE = dt.timedelta(days=1)
"""A certificate that ends sooner is replaced."""

_CA_NAME, _SERVER_NAME = "exchange server self-signed CA", "exchange server"
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*")


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    @property
    def pem(self) -> tuple[bytes, bytes]:
        """Both as PEM."""
        return written_certificate(self.certificate).encode(), written_key(self.key).encode()

    def good(self, now: dt.datetime) -> bool:
        """Return whether it began, does not end soon, and its parts belong together."""
        within = self.certificate.not_valid_before_utc <= now < self.certificate.not_valid_after_utc - RENEWED_BEFORE
        return within and self.certificate.public_key() == self.key.public_key()


def read_pair(certificate: bytes, key: bytes) -> Pair:
    """Return a pair from PEM.

    :raises ConfigError: it is malformed.
    """
    return Pair(read_certificates(certificate, "the certificate")[0], read_private_key(key, "the key"))


def make_authority(now: dt.datetime) -> Pair:
    """Return a new private authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(_CA_NAME)
    builder = (
        _builder(name, name, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    return Pair(builder.sign(key, hashes.SHA256()), key)


def make_server_certificate(authority: Pair, names: list[str], now: dt.datetime, key: PrivateKey | None) -> Pair:
    """Return a new server certificate.

    :param names: host names and addresses it is good for.
    :param key: its key if there was one already, so that clients that pinned the key go on; else a new one is made.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    builder = (
        _builder(_name(_SERVER_NAME), issuer.subject, key, now, issuer.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(_authority_key_identifier(authority), critical=False)
    )
    return Pair(builder.sign(authority.key, hashes.SHA256()), key)


def covers(certificate: x509.Certificate, names: list[str]) -> bool:
    """Return whether a certificate is good for all the names."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return {general_name(name) for name in names} <= set(found)


def general_name(name: str) -> x509.GeneralName:
    """Return a host name or address as it stands in a certificate.

    :raises ConfigError: it is neither.
    """
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if not _HOST.fullmatch(name):
            raise ConfigError(f"tls_sans: {name!a} is neither a host name nor an address") from None
        return x509.DNSName(name.lower())


def _authority_key_identifier(authority: Pair) -> x509.AuthorityKeyIdentifier:
    own = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: dt.datetime, at_most: dt.datetime | None = None
) -> x509.CertificateBuilder:
    end = now + LIFETIME
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(min(end, at_most) if at_most else end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
