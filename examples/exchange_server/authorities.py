"""Chooses who makes the certificates: an authority's key here, or a Talos node."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from .authority import Authority, matching, may_sign
from .issuer import Issuer
from .pem import read_certificates, read_file, read_private_key
from .settings import ConfigError, Settings
from .talosconfig import read_context

_OTHERS = 0o077

logger = logging.getLogger(__name__)


def open_issuer(settings: Settings, now: Callable[[], float]) -> Issuer:
    """Return who makes the certificates.

    With a certificate and a key, that authority signs. A talosconfig gives the certificate to a key that stands alone;
    it is the authority itself when its key is its CA's; otherwise its credential asks the nodes.

    :raises ConfigError: what was configured can't be used.
    """
    pem, key_pem = _part(settings, "ca_cert"), _part(settings, "ca_key")
    if settings.talos_config and not pem:
        context = read_context(settings.talos_config)
        pem, key_pem = context.ca, key_pem or context.key
        if not (settings.ca_key or settings.ca_key_data) and not _is_authority(pem, key_pem):
            # Most servers sign here, and neither load nor need a gRPC library.
            from .talos_api import TalosApi  # noqa: PLC0415

            return TalosApi(settings.talos_config, settings.talos_endpoints or settings.endpoints, now)
    certificates = read_certificates(pem, "the Talos authority's certificate")
    key = read_private_key(key_pem, "the Talos authority's key")
    return Authority(_text(pem), certificates, key, now)


def _part(settings: Settings, name: str) -> bytes:
    inline: str = getattr(settings, f"{name}_data")
    if inline:
        return inline.encode() + b"\n"
    path: str = getattr(settings, name)
    if not path:
        return b""
    content = read_file(path, name)
    if name == "ca_key" and os.name == "posix" and Path(path).stat().st_mode & _OTHERS:
        logger.warning("ca_key %s can be read by other users of this machine; chmod 600 it", path)
    return content


def _is_authority(certificate: bytes, key: bytes) -> bool:
    try:
        found = matching(read_certificates(certificate, "ca"), read_private_key(key, "key"))
    except ConfigError:
        return False
    return found is not None and may_sign(found)


def _text(pem: bytes) -> str:
    try:
        return pem.decode("ascii")
    except UnicodeDecodeError:
        raise ConfigError("the Talos authority's certificate file holds more than PEM text") from None
