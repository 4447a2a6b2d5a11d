"""What an exchange gives: a certificate, and who makes it."""

from dataclasses import dataclass, field
from typing import Protocol

from .pem import PublicKey


class IssueError(Exception):
    """No certificate could be made; the text is for the audit log."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with all that goes to the client.

    :param ca: PEM of the authority that Talos nodes trust.
    :param certificate: PEM of the client certificate.
    :param key: PEM of its private key; empty when the client made its own.
    :param fingerprint: SHA-256 of the certificate's DER form, in hexadecimal.
    :param not_after: when it ends, in seconds since 1970.
    """

    ca: str
    certificate: str
    key: str = field(repr=False)
    fingerprint: str
    not_after: float


class Issuer(Protocol):
    """Makes client certificates."""

    async def issue(self, roles: tuple[str, ...], ttl: int, public_key: PublicKey | None) -> Issued:
        """Return a new certificate.

        :param roles: what it lets its holder do.
        :param ttl: its lifetime in seconds.
        :param public_key: the client's key; without it, or when the issuer can't use it, a new pair is made.
        :raises IssueError: it could not be made.
        """

    def ready(self) -> str:
        """Return why certificates can't be made; empty when they can."""
