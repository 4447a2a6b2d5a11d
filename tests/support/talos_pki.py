"""A Talos authority of the tests: Ed25519 or P-256, client certificates as Talos makes them, and every wrong one."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
TALOS_LABEL = "ED25519 PRIVATE KEY"
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)


def new_key(kind: str = "ed25519") -> PrivateKey:
    """Return a new private key."""
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())


def key_pem(key: PrivateKey, form: str = "pkcs8") -> str:
    """Return a key as PEM: ``talos``, ``pkcs8`` or ``traditional``."""
    format_ = PrivateFormat.TraditionalOpenSSL if form == "traditional" else PrivateFormat.PKCS8
    pem = key.private_bytes(Encoding.PEM, format_, NoEncryption()).decode()
    return pem.replace("PRIVATE KEY", TALOS_LABEL) if form == "talos" else pem


@dataclass
class TalosCa:
    """A Talos API authority."""

    key: PrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, *, kind: str = "ed25519", now: float, ends: float | None = None, is_ca: bool = True) -> "TalosCa":
        """Return a new authority.

        :param now: UTC seconds.
        :param ends: when it expires; in ten years by default.
        """
        key = new_key(kind)
        end = ends or now + 10 * 365 * 86400
        made = _certificate(key.public_key(), key, None, roles=("talos",), begin=now - 3600, end=end, is_ca=is_ca)
        return cls(key, made)

    def intermediate(self, *, begin: float, end: float) -> "TalosCa":
        """Return an authority that this one signed."""
        key = new_key()
        made = _certificate(
            key.public_key(), self.key, self.certificate, roles=("talos", "between"), begin=begin, end=end, is_ca=True
        )
        return TalosCa(key, made)

    @property
    def pem(self) -> str:
        """Its certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        public: object,
        *,
        now: float,
        seconds: float = 300.0,
        roles: tuple[str, ...] = ("os:admin",),
        begins: float | None = None,
        is_ca: bool = False,
        usages: tuple[x509.ObjectIdentifier, ...] = CLIENT,
        names: tuple[x509.GeneralName, ...] = (),
        common_name: str | None = None,
    ) -> str:
        """Return a certificate for a public key as PEM."""
        begin = now if begins is None else begins
        made = _certificate(
            public,
            self.key,
            self.certificate,
            roles=roles,
            begin=begin,
            end=begin + seconds,
            is_ca=is_ca,
            usages=usages,
            names=names,
            common_name=common_name,
        )
        return made.public_bytes(Encoding.PEM).decode()


def _certificate(public, signer, issuer, *, roles, begin, end, is_ca, usages=(), names=(), common_name=None):
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, role) for role in roles]
    if common_name:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    subject = x509.Name(attributes)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(int(begin), UTC).replace(tzinfo=None))
        .not_valid_after(datetime.fromtimestamp(int(end), UTC).replace(tzinfo=None))
    )
    if is_ca or issuer is None:
        builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm)
