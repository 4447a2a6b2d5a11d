"""How this server shows itself: self-signed, with a certificate of the operator's, or over plain HTTP."""

import logging
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from .pem import read_certificates, read_file, written_certificate
from .self_signed import self_signed
from .settings import ConfigError, Settings

RELOADED_EVERY = 60.0
"""Seconds between two looks at the operator's certificate files."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's side of TLS.

    :param context: ``None`` for plain HTTP.
    :param ca: PEM of the self-signed authority, in that mode.
    :param pin: SHA-256 of the certificate's public key, in hexadecimal, for clients that pin it.
    """

    context: ssl.SSLContext | None
    ca: bytes | None = None
    pin: str = ""


def open_tls(settings: Settings, now: Callable[[], float], monotonic: Callable[[], float] = time.monotonic) -> Tls:
    """Return the server's side of TLS as configured.

    :raises ConfigError: the operator's certificate can't be used.
    """
    if settings.insecure:
        return Tls(None)
    if settings.tls_cert:
        files = CertificateFiles(settings.tls_cert, settings.tls_key, monotonic)
        return Tls(
            files.listening(), pin=_pin(read_certificates(read_file(settings.tls_cert, "tls_cert"), "tls_cert")[0])
        )
    authority, server = self_signed(settings, now)
    ca = written_certificate(authority.certificate).encode()
    # The ssl module takes a key from a file only; this one is gone again at once.
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = Path(directory, "server.crt"), Path(directory, "server.key")
        certificate.write_bytes(server.pem[0])
        key.touch(mode=0o600)
        key.write_bytes(server.pem[1])
        context = server_context(str(certificate), str(key))
    return Tls(context, ca, _pin(server.certificate))


class CertificateFiles:
    """The operator's certificate files, looked at again while the server runs.

    :param monotonic: seconds that never go back.
    :raises ConfigError: they can't be used.
    """

    def __init__(self, certificate: str, key: str, monotonic: Callable[[], float]) -> None:
        self._certificate, self._key, self._monotonic = certificate, key, monotonic
        self._stamp = self._look()
        self._context = server_context(certificate, key)
        self._looked_at = monotonic()

    def current(self) -> ssl.SSLContext:
        """Return the context of the files as they are now; of the last good ones while they are broken."""
        if self._monotonic() - self._looked_at < RELOADED_EVERY:
            return self._context
        self._looked_at = self._monotonic()
        stamp = self._look()
        if stamp is None or stamp == self._stamp:
            return self._context
        try:
            self._context = server_context(self._certificate, self._key)
        except ConfigError as error:
            logger.warning("going on with the TLS certificate from before: %s", error)
        else:
            self._stamp = stamp
            logger.info("the TLS certificate was replaced")
        return self._context

    def listening(self) -> ssl.SSLContext:
        """Return a context for the listener, which hands each connection to the current one."""
        listener = server_context(self._certificate, self._key)

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _: ssl.SSLContext) -> None:
            connection.context = self.current()

        listener.sni_callback = choose
        return listener

    def _look(self) -> tuple[int, ...] | None:
        try:
            found = [Path(path).stat() for path in (self._certificate, self._key)]
        except OSError:
            return None
        return tuple(number for one in found for number in (one.st_mtime_ns, one.st_size, one.st_ino))


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return a TLS context for two PEM files.

    :raises ConfigError: they can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # An encrypted key must be an error, not a question on the operator's terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise ConfigError(f"can't use the TLS certificate {certificate} and key {key}: {error}") from None
    return context


def fingerprint(pem: bytes) -> str:
    """Return the SHA-256 of a certificate's DER form, in hexadecimal."""
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex()


def _pin(certificate: x509.Certificate) -> str:
    public = certificate.public_key()
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    return digest.finalize().hex()
