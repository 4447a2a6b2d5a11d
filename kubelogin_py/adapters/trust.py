"""Whom TLS trusts: contexts for https, and words for certificates that were refused. The home of ``ssl``.

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
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from kubelogin_py.errors import SettingsError
from kubelogin_py.settings import Tls
from kubelogin_py.text import printable

CA_OPTION = "--certificate-authority"
"""The option that every complaint about a certificate leads to; never the one that skips the check."""

# The system keeps its own store, which programs ask.
_OWN_STORE = sys.platform in {"darwin", "win32"}
# Where Go looks, in its order, so that both programs trust the same authorities.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
)
# The last is where Fedora keeps the same store as in its bundle, hashed.
_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted/pem/directory-hash")
# A directory with this many hashed names is the distribution's whole store, not an addition to a bundle.
_WHOLE_STORE = 40
_HASHED = r"[0-9a-f]{8}\.[0-9]+"
_CERTIFICATE = rb"(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"

_WRONG_NAME_CODES = frozenset({62, 64})
_OLD_PROTOCOL = "PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|WRONG_SSL_VERSION"
# X509_V_ERR_* of OpenSSL.
_REASONS = {
    7: "is signed by an unknown authority, which has the name of a known one",
    9: "is not valid yet",
    10: "has expired",
    18: "is self-signed and not trusted",
    19: "is signed by an unknown authority, which signed itself",
    20: "is signed by an unknown authority",
    21: "is signed by an unknown authority",
    23: "was revoked",
}
_DATES = frozenset({9, 10})


def context(tls: Tls, environment: Mapping[str, str], *, names: bool = True) -> ssl.SSLContext:
    """Return a client context of TLS 1.2 or later.

    :param tls: authorities given here replace the system's.
    :param environment: ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace the system's, as in Go, on systems other
        than macOS and Windows.
    :param names: check that the certificate is the server's. Only a look at a certificate that was refused for
        its names may leave this out; nothing may be sent over such a connection.
    :raises SettingsError: an authority that can't be read or is no PEM certificate.
    """
    given = tuple(_given_authorities(tls))
    made = None if given or tls.insecure_skip_tls_verify else _system_store_context()
    if made is None:
        made = _plain_context()
        if given:
            _add(made, given)
        elif not tls.insecure_skip_tls_verify:
            _add_system_authorities(made, environment)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.insecure_skip_tls_verify or not names:
        made.check_hostname = False
    if tls.insecure_skip_tls_verify:
        made.verify_mode = ssl.CERT_NONE
    return made


def description(tls: Tls, environment: Mapping[str, str]) -> str:
    """Return one line on who is trusted, for verbose output and diagnosis."""
    if tls.insecure_skip_tls_verify:
        return "any certificate is accepted"
    if tls.certificate_authorities or tls.certificate_authority_data:
        files = [printable(path) for path in tls.certificate_authorities]
        data = ["the given data"] if tls.certificate_authority_data else []
        return f"only the certificate authorities of {', '.join(files + data)} are trusted"
    named = [f"{name}={printable(environment[name])}" for name in _variables(environment)]
    return f"the certificate authorities of {', '.join(named) or 'the system'} are trusted"


def is_wrong_name(error: BaseException) -> bool:
    """Return whether a handshake failed only because the certificate is another server's."""
    return getattr(error, "verify_code", None) in _WRONG_NAME_CODES


def names_in(connection: object) -> tuple[str, ...]:
    """Return the host names and addresses in the verified certificate at the other end of a TLS connection."""
    certificate = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    names = cast("Iterable[tuple[str, str]]", (certificate or {}).get("subjectAltName", ()))
    return tuple(printable(name) for kind, name in names if kind in {"DNS", "IP Address"})


def refusal(error: BaseException, host: str, names: Sequence[str] = ()) -> tuple[str, str] | None:
    """Return what is wrong with a server's TLS and what to do, or ``None`` for a fault that may pass by itself.

    :param error: what ended the handshake.
    :param host: the server, for the message.
    :param names: names in its certificate, where known.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_refusal(error, host, names)
    reason = str(getattr(error, "reason", None) or "")
    if re.search(_OLD_PROTOCOL, reason):
        return f"{host} offers no TLS 1.2 or later", "the provider must be upgraded to TLS 1.2 or later"
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
        return f"{host} does not speak TLS on this port", "check the port of the URL, or whether it must be http"
    return None


def _certificate_refusal(error: ssl.SSLCertVerificationError, host: str, names: Sequence[str]) -> tuple[str, str]:
    code = getattr(error, "verify_code", 0)
    option = f"a private authority is given with {CA_OPTION}=FILE"
    if is_wrong_name(error):
        valid = f"valid for {printable(', '.join(names))}, " if names else ""
        return f"the certificate of {host} is {valid}not for {host}", f"check the host in the URL; {option}"
    if code in _DATES:
        hint = f"the provider must renew it, or the clock of this machine is wrong; {option}"
    else:
        hint = f"give the authority that signed it with {CA_OPTION}=FILE"
    reason = _REASONS.get(code) or f"is not trusted: {printable(getattr(error, 'verify_message', '') or error)}"
    return f"the certificate of {host} {reason}", hint


def _plain_context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As Go: the subject's common name is no host name, and every certificate given is an anchor, also an intermediate.
    made.hostname_checks_common_name = False
    made.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return made


def _system_store_context() -> ssl.SSLContext | None:
    """Return a context that asks the operating system's own store, where there is one."""
    if not _OWN_STORE or importlib.util.find_spec("truststore") is None:
        return None
    # Imported by name: the package exists for these two systems only.
    truststore = importlib.import_module("truststore")
    return cast("ssl.SSLContext", truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def _given_authorities(tls: Tls) -> Iterator[tuple[str, bytes]]:
    for path in tls.certificate_authorities:
        what = f"certificate authority {printable(path)}"
        try:
            yield what, Path(path).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise SettingsError(f"{what}: {reason.lower()}", hint=f"give a PEM file with {CA_OPTION}=FILE") from error
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
        if not _add_certificates(made, content):
            raise SettingsError(f"{what} holds no PEM certificate", hint="give the authority's certificate in PEM form")


def _add_certificates(made: ssl.SSLContext, content: bytes) -> int:
    """Trust the PEM certificates in a file, and return how many there were; damaged ones are passed over, as in Go."""
    added = 0
    for block in re.findall(_CERTIFICATE, content):
        try:
            made.load_verify_locations(cadata=block.decode("ascii"))
        except (ssl.SSLError, ValueError):
            continue
        added += 1
    return added


def _variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    # Go reads them on Unix other than macOS only.
    names = () if _OWN_STORE else ("SSL_CERT_FILE", "SSL_CERT_DIR")
    return tuple(name for name in names if environment.get(name))


def _add_system_authorities(made: ssl.SSLContext, environment: Mapping[str, str]) -> None:
    """Trust one bundle and all directories, as Go does; each variable replaces its half."""
    variables = _variables(environment)
    paths = ssl.get_default_verify_paths()
    usual = list(dict.fromkeys(os.path.realpath(path) for path in (paths.openssl_capath, *_DIRECTORIES)))
    named = environment["SSL_CERT_DIR"].split(":") if "SSL_CERT_DIR" in variables else []
    sizes = {path: _add_directory(made, path, read=bool(named)) for path in named or usual}
    known = (paths.openssl_cafile, *_BUNDLES)
    bundles: tuple[str, ...] = (environment["SSL_CERT_FILE"],) if "SSL_CERT_FILE" in variables else known
    whole = any(size >= _WHOLE_STORE and os.path.realpath(path) in usual for path, size in sizes.items())
    if whole and set(bundles) <= set(known):
        # The same authorities: reading a bundle takes twenty milliseconds, a hashed directory is searched when needed.
        bundles = ()
    found = any(_add_bundle(made, path) for path in bundles) or any(sizes.values())
    if not found and not variables:
        # The bundle that requests brings along.
        made.load_verify_locations(cafile=importlib.import_module("certifi").where())


def _add_directory(made: ssl.SSLContext, path: str, *, read: bool) -> int:
    """Trust a directory's certificates and return how many.

    :param read: read them one by one where the directory is not hashed for OpenSSL to search.
    """
    try:
        names = [entry.name for entry in Path(path).iterdir()]
    except OSError:
        return 0
    hashed = sum(1 for name in names if re.fullmatch(_HASHED, name))
    if hashed:
        made.load_verify_locations(capath=path)
        return hashed
    return sum(_add_certificates(made, _content(Path(path, name))) for name in names) if read else 0


def _add_bundle(made: ssl.SSLContext, path: str) -> bool:
    try:
        made.load_verify_locations(cafile=path)
    except OSError:
        # Missing, or one of its certificates is damaged.
        return _add_certificates(made, _content(Path(path))) > 0
    return True


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
