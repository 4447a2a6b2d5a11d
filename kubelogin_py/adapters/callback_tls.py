"""TLS for the callback listener, for redirect URIs that are registered with https."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from kubelogin_py.errors import SettingsError
from kubelogin_py.text import printable

_NEVER_ASKED = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the listener proves itself with.

    :param certificate: PEM file, the certificate first and those it needs after it; ``None`` for none.
    :param key: PEM file with its private key, not encrypted; ``None`` for none.
    """

    certificate: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext | None:
        """Return what serves https; ``None`` when neither file is given, and http it is.

        :raises SettingsError: one file only is given, or they are no certificate and key that belong together.
        """
        if self.certificate is None and self.key is None:
            return None
        if self.certificate is None or self.key is None:
            missing = "--local-server-cert" if self.certificate is None else "--local-server-key"
            raise SettingsError(f"{missing} is missing: an https callback needs a certificate and its key")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for path in (self.certificate, self.key):
            _check_readable(path)
        try:
            # Without a password of ours OpenSSL would ask for one on the terminal.
            context.load_cert_chain(self.certificate, self.key, password=lambda: _NEVER_ASKED)
        except (OSError, ValueError):
            raise SettingsError(
                f"{printable(self.certificate)} and {printable(self.key)} are no certificate and private key "
                "that belong together",
                hint="both must be PEM, and the key not encrypted",
            ) from None
        return context


def _check_readable(path: str) -> None:
    try:
        with Path(path).open("rb"):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise SettingsError(f"could not read {printable(path)}: {printable(reason.lower())}") from None
