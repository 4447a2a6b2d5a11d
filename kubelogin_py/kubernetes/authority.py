"""Which certificate to trust for an API server, among those that it shows (X.509, RFC 5280).

Nothing here is trust: what is chosen is shown with its fingerprint, and somebody who knows that decides.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kubelogin_py.errors import SettingsError
from kubelogin_py.text import printable

_HEXADECIMAL = re.compile(r"[0-9a-f]{64}")
_LONGEST_CHAIN = 10
_NAME = 100


@dataclass(frozen=True, slots=True)
class Authority:
    """The certificate to be trusted, and what a person compares.

    :param pem: it, as a kubeconfig takes it.
    :param subject: printable.
    :param valid_until: a day, UTC.
    :param fingerprint: SHA-256 of the certificate, as openssl shows it.
    :param known_as: every SHA-256 that names it or the server's own certificate: of the certificate, and of the public
        key as kubeadm prints it; lower-case hexadecimal.
    :param is_server: it is the server's own certificate: no authority was shown, and the next certificate of the
        server will not be trusted.
    """

    pem: str
    subject: str
    valid_until: str
    fingerprint: str
    known_as: frozenset[str]
    is_server: bool = False


def choose(chain: Sequence[bytes], offered: Iterable[str]) -> Authority:
    """Return the topmost certificate that the server's own one was demonstrably issued by.

    :param chain: what the server presented in its handshake, its own first, as DER.
    :param offered: PEM texts that it serves to everybody.
    :raises SettingsError: nothing usable is among them.
    """
    try:
        presented = [x509.load_der_x509_certificate(der) for der in chain]
    except ValueError:
        raise SettingsError("the API server shows a certificate that can't be read") from None
    if not presented:
        raise SettingsError("the API server shows no certificate")
    candidates = [*presented[1:], *(certificate for pem in offered for certificate in _read(pem))]
    top = presented[0]
    for _ in range(_LONGEST_CHAIN):
        issuer = next((one for one in candidates if one != top and _issued(one, top)), None)
        if issuer is None:
            break
        top = issuer
    own = presented[0]
    return Authority(
        pem=top.public_bytes(Encoding.PEM).decode(),
        subject=printable(top.subject.rfc4514_string() or "(no name)", _NAME),
        valid_until=f"{top.not_valid_after_utc:%Y-%m-%d}",
        fingerprint=_spaced(_digest(top)),
        known_as=frozenset(name for one in (top, own) for name in (_digest(one), _key_digest(one))),
        is_server=top == own and not _issued(own, own),
    )


def is_known(authority: Authority, fingerprint: str) -> bool:
    """Return whether somebody's fingerprint names the authority, or the server itself.

    :param fingerprint: SHA-256 in hexadecimal, of a certificate or of a public key; colons, blanks, upper case and
        ``sha256:`` before it are accepted.
    :raises SettingsError: it is no SHA-256.
    """
    text = fingerprint.strip().lower().removeprefix("sha256:").removeprefix("sha256 fingerprint=")
    plain = re.sub(r"[:\s]", "", text)
    if not _HEXADECIMAL.fullmatch(plain):
        raise SettingsError(
            "--ca-fingerprint must be a SHA-256 in hexadecimal, 64 digits",
            hint="openssl x509 -in ca.crt -noout -fingerprint -sha256 shows it on a machine that has the file",
        )
    return plain in authority.known_as


def _read(pem: str) -> list[x509.Certificate]:
    with suppress(ValueError):
        return x509.load_pem_x509_certificates(pem.encode())
    return []


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    """Return whether one certificate is an authority's and signed the other."""
    try:
        is_authority = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return is_authority


def _digest(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _key_digest(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()


def _spaced(digest: str) -> str:
    return ":".join(digest[n : n + 2] for n in range(0, len(digest), 2)).upper()
