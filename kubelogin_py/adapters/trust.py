"""Whom TLS trusts: contexts for https. The home of ``ssl``.

``ssl.create_default_context`` is not used: it writes session keys to the file that ``SSLKEYLOGFILE`` names, and a
kubeconfig can set that variable.
"""

import base64
import binascii
import importlib
import importlib.util
import os
import re
import ssl
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from kubelogin_py.errors import SettingsError
from kubelogin_py.ports import RootCache
from kubelogin_py.settings import Tls
from kubelogin_py.text import printable

CA_OPTION = "--certificate-authority"
"""The option that every complaint about a certificate leads to; never the one that skips the check."""

OWN_STORE = sys.platform in {"darwin", "win32"}
"""The system keeps its own store, which programs ask."""

T = TypeVar("T")

# A bundle of fewer bytes is read as fast as what was remembered of it.
_LARGE = 16384
_CERTIFICATE = rb"(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"

_WRONG_NAME_CODES = frozenset({62, 64})


def context(tls: Tls, environment: Mapping[str, str], *, names: bool = True) -> ssl.SSLContext:
    """Return a client context of TLS 1.2 or later.

    :param tls: authorities given here replace the system's.
    :param environment: ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace the system's, as in Go, on systems other
        than macOS and Windows.
    :param names: check that the certificate is the server's. Only a look at a certificate that was refused for
        its names may leave this out; nothing may be sent over such a connection.
    :raises SettingsError: an authority that can't be read or is no PEM certificate.
    """
    made, bundles = _begun(tls, environment)
    bundles.read(made)
    if not names:
        made.check_hostname = False
    return made


def trusted(tls: Tls, environment: Mapping[str, str], roots: RootCache, now: float) -> "Trusted":
    """Return whom a client trusts; see ``context``. Of a large bundle those that vouched before come first.

    :param roots: keeps those between two starts.
    :param now: UTC seconds.
    """
    begin = partial(_begun, tls, environment)
    made, bundles = begin()
    if not tls.insecure_skip_tls_verify and bundles.size() >= _LARGE:
        from kubelogin_py.adapters.remembered_roots import Remembered  # noqa: PLC0415 -- most have no such bundle

        return Remembered(made, bundles, begin, roots, now)
    bundles.read(made)
    return Trusted(made)


class Bundles:
    """Files of authorities that a context is still to trust.

    :param paths: all that may be read; what is in them decides which of them are.
    :param read: adds what they hold to a context, and returns the paths it came from.
    """

    def __init__(self, paths: Sequence[str], read: Callable[[ssl.SSLContext], Sequence[str]]) -> None:
        self.paths = paths
        self.read = read

    def size(self) -> int:
        """Return how many bytes they have together; what is no plain file counts nothing."""
        found = [status for path in self.paths if (status := status_of(path))]
        return sum(status.st_size for status in found if stat.S_ISREG(status.st_mode))


class Trusted:
    """Whom one client trusts.

    :param context: for each of its connections.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def connected(self, connect: Callable[[], T]) -> T:
        """Return the connection that ``connect`` makes, with the context; it may be asked for a second one."""
        return connect()


def description(tls: Tls, environment: Mapping[str, str]) -> str:
    """Return one line on who is trusted, for verbose output and diagnosis."""
    if tls.insecure_skip_tls_verify:
        return "any certificate is accepted"
    if tls.certificate_authorities or tls.certificate_authority_data:
        files = [printable(path) for path in tls.certificate_authorities]
        data = ["the given data"] if tls.certificate_authority_data else []
        return f"only the certificate authorities of {', '.join(files + data)} are trusted"
    named = [f"{name}={printable(environment[name])}" for name in variables(environment)]
    return f"the certificate authorities of {', '.join(named) or 'the system'} are trusted"


def is_wrong_name(error: BaseException) -> bool:
    """Return whether a handshake failed only because the certificate is another server's."""
    return getattr(error, "verify_code", None) in _WRONG_NAME_CODES


def names_in(connection: object) -> tuple[str, ...]:
    """Return the host names and addresses in the verified certificate at the other end of a TLS connection."""
    certificate = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    names = cast("Iterable[tuple[str, str]]", (certificate or {}).get("subjectAltName", ()))
    return tuple(printable(name) for kind, name in names if kind in {"DNS", "IP Address"})


def verified_chain(connection: object) -> Sequence[bytes]:
    """Return the certificates (DER) that led from a server's own to one that is trusted, as far as Python tells.

    Before 3.13 it tells by a private name only. A wrong answer would do no harm: it is looked for among the
    certificates that are trusted anyway.
    """
    if not isinstance(connection, ssl.SSLSocket):
        return ()
    try:
        if sys.version_info >= (3, 13):
            return connection.get_verified_chain()
        found = connection._sslobj.get_verified_chain()  # type: ignore[attr-defined] # noqa: SLF001 -- as said above
        return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in found]
    except (AttributeError, TypeError, ValueError):
        return ()


def status_of(path: str) -> os.stat_result | None:
    """Return the status of what a path leads to, if it is there."""
    try:
        return Path(path).stat()
    except (OSError, ValueError):
        return None


def _begun(tls: Tls, environment: Mapping[str, str]) -> tuple[ssl.SSLContext, Bundles]:
    """Return a context that trusts everybody but those in bundles, and the bundles."""
    made, bundles = _with_authorities(tls, environment)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.insecure_skip_tls_verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made, bundles


def _with_authorities(tls: Tls, environment: Mapping[str, str]) -> tuple[ssl.SSLContext, Bundles]:
    if tls.certificate_authorities or tls.certificate_authority_data:
        made = _plain_context()
        _add(made, _given_data(tls))
        return made, Bundles(tls.certificate_authorities, partial(_read_given, tls))
    nothing = Bundles((), lambda _: ())
    if tls.insecure_skip_tls_verify:
        return _plain_context(), nothing
    asking_the_system = _system_store_context()
    if asking_the_system is not None:
        return asking_the_system, nothing
    from kubelogin_py.adapters import system_authorities  # noqa: PLC0415 -- for those who give none of their own

    made = _plain_context()
    return made, system_authorities.begun(made, environment)


def _plain_context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As Go: the subject's common name is no host name, and every certificate given is an anchor, also an intermediate.
    made.hostname_checks_common_name = False
    made.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return made


def _system_store_context() -> ssl.SSLContext | None:
    """Return a context that asks the operating system's own store, where there is one."""
    if not OWN_STORE or importlib.util.find_spec("truststore") is None:
        return None
    # Imported by name: the package exists for these two systems only.
    truststore = importlib.import_module("truststore")
    return cast("ssl.SSLContext", truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def _read_given(tls: Tls, made: ssl.SSLContext) -> Sequence[str]:
    _add(made, _given_files(tls))
    return tls.certificate_authorities


def _given_files(tls: Tls) -> Iterator[tuple[str, bytes]]:
    for path in tls.certificate_authorities:
        what = f"certificate authority {printable(path)}"
        try:
            yield what, Path(path).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise SettingsError(f"{what}: {reason.lower()}", hint=f"give a PEM file with {CA_OPTION}=FILE") from error


def _given_data(tls: Tls) -> Iterator[tuple[str, bytes]]:
    for text in tls.certificate_authority_data:
        what = f"{CA_OPTION}-data"
        try:
            yield what, base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)
        except (binascii.Error, ValueError) as error:
            raise SettingsError(
                f"{what} is not base64", hint="give one line of standard base64 of a PEM file"
            ) from error


def _add(made: ssl.SSLContext, authorities: Iterable[tuple[str, bytes]]) -> None:
    for what, content in authorities:
        if not add_certificates(made, content):
            raise SettingsError(f"{what} holds no PEM certificate", hint="give the authority's certificate in PEM form")


def add_certificates(made: ssl.SSLContext, content: bytes) -> int:
    """Trust the PEM certificates in a file, and return how many there were; damaged ones are passed over, as in Go."""
    added = 0
    for block in re.findall(_CERTIFICATE, content):
        try:
            made.load_verify_locations(cadata=block.decode("ascii"))
        except (ssl.SSLError, ValueError):
            continue
        added += 1
    return added


def variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the variables that replace the system's authorities, as far as they are set."""
    # Go reads them on Unix other than macOS only.
    names = () if OWN_STORE else ("SSL_CERT_FILE", "SSL_CERT_DIR")
    return tuple(name for name in names if environment.get(name))
