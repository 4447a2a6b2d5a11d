"""The Talos API authority: signs client certificates here."""

import datetime as dt
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .issuer import Issued, IssueError
from .pem import PrivateKey, PublicKey, written_certificate, written_key
from .settings import ConfigError

BACKDATED = dt.timedelta(seconds=60)
"""So far before now a certificate begins, for nodes whose clock is slow."""

AllowedHash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512

_CURVE_HASHES: dict[str, AllowedHash] = {"secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}
_DIGITAL_SIGNATURE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_NOT_A_CA = x509.BasicConstraints(ca=False, path_length=None)
_CLIENT_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


class Authority:
    """A certificate authority held in memory.

    :param pem: its PEM file as it stands, which clients get back; it may hold further authorities.
    :param certificates: the certificates in it.
    :param key: the private key of one of them.
    :param now: the time in seconds since 1970.
    :raises ConfigError: no certificate has this key, or it may not sign certificates, or it has ended.
    """

    def __init__(
        self, pem: str, certificates: list[x509.Certificate], key: PrivateKey, now: Callable[[], float]
    ) -> None:
        self._pem, self._key, self._now = pem, key, now
        certificate = matching(certificates, key)
        if certificate is None:
            raise ConfigError("the Talos authority's certificate and private key do not belong together")
        if not may_sign(certificate):
            raise ConfigError("the Talos authority's certificate is not one of a certificate authority")
        self._name = certificate.subject
        self._end = certificate.not_valid_after_utc
        self._key_identifier = _authority_key_identifier(certificate)
        if self.ready():
            raise ConfigError(self.ready())

    async def issue(self, roles: tuple[str, ...], ttl: int, public_key: PublicKey | None) -> Issued:
        """Return a certificate for a client's key or a new one: roles, purpose, lifetime and serial are ours."""
        if self.ready():
            raise IssueError(self.ready())
        own = None
        if public_key is None:
            own = ed25519.Ed25519PrivateKey.generate()
            public_key = own.public_key()
        certificate = self._sign(roles, ttl, public_key)
        return Issued(
            ca=self._pem,
            certificate=written_certificate(certificate),
            key=written_key(own, talos_label=True) if own else "",
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
            not_after=certificate.not_valid_after_utc.timestamp(),
        )

    def ready(self) -> str:
        """Return that the authority has ended, once it has."""
        if self._time() < self._end:
            return ""
        return f"the Talos authority's certificate ended at {self._end:%Y-%m-%dT%H:%M:%SZ}"

    def _sign(self, roles: tuple[str, ...], ttl: int, public_key: PublicKey) -> x509.Certificate:
        now = self._time()
        # Talos reads roles from O and nothing from CN; the audit log names the person by the fingerprint.
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, role) for role in roles])
        builder = (
            x509.CertificateBuilder(self._name, subject, public_key, x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(min(now + dt.timedelta(seconds=ttl), self._end))
            .add_extension(_NOT_A_CA, critical=True)
            .add_extension(_DIGITAL_SIGNATURE, critical=True)
            .add_extension(_CLIENT_ONLY, critical=False)
            .add_extension(self._key_identifier, critical=False)
        )
        return builder.sign(self._key, _hash(self._key))

    def _time(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._now(), dt.UTC).replace(microsecond=0)


def matching(certificates: list[x509.Certificate], key: PrivateKey) -> x509.Certificate | None:
    """Return the first certificate that has this key."""
    public = key.public_key()
    return next((certificate for certificate in certificates if certificate.public_key() == public), None)


def may_sign(certificate: x509.Certificate) -> bool:
    """Return whether it is a certificate authority's (RFC 5280 sections 4.2.1.3 and 4.2.1.9)."""
    extensions = certificate.extensions
    try:
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.KeyUsage.oid


def _authority_key_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(certificate.public_key())  # type: ignore[arg-type] # a key that signs
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value)


def _hash(key: PrivateKey) -> AllowedHash | None:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    return (
        _CURVE_HASHES.get(key.curve.name, hashes.SHA256())
        if isinstance(key, ec.EllipticCurvePrivateKey)
        else hashes.SHA256()
    )
