"""The authorities that the system trusts: one bundle and all directories, as Go does."""

import importlib
import importlib.util
import os
import re
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubelogin_py.adapters.trust import Bundles, add_certificates, status_of, variables

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


def begun(made: ssl.SSLContext, environment: Mapping[str, str]) -> Bundles:
    """Trust all directories, and return the bundles that are still to be trusted; each variable replaces its half."""
    named = variables(environment)
    paths = ssl.get_default_verify_paths()
    usual = list(dict.fromkeys(os.path.realpath(path) for path in (paths.openssl_capath, *_DIRECTORIES)))
    given = environment["SSL_CERT_DIR"].split(":") if "SSL_CERT_DIR" in named else []
    sizes = {path: _add_directory(made, path, read=bool(given)) for path in given or usual}
    known = (paths.openssl_cafile, *_BUNDLES)
    bundles: tuple[str, ...] = (environment["SSL_CERT_FILE"],) if "SSL_CERT_FILE" in named else known
    whole = any(size >= _WHOLE_STORE and os.path.realpath(path) in usual for path, size in sizes.items())
    if whole and set(bundles) <= set(known):
        # The same authorities: reading a bundle takes twenty milliseconds, a hashed directory is searched when needed.
        return Bundles((), lambda _: ())
    # Without anything else, the bundle that requests brings along.
    last_resort = not named and not any(sizes.values())
    brought = _brought_along() if last_resort and not any(map(status_of, bundles)) else ()
    return Bundles((*bundles, *brought), lambda made: _read_first(made, bundles, last_resort=last_resort))


def _read_first(made: ssl.SSLContext, bundles: Sequence[str], *, last_resort: bool) -> Sequence[str]:
    """Trust the first bundle that holds anything."""
    for path in bundles:
        if _add_bundle(made, path):
            return (path,)
    if not last_resort:
        return ()
    path = importlib.import_module("certifi").where()
    made.load_verify_locations(cafile=path)
    return (path,)


def _brought_along() -> Sequence[str]:
    """Return where that bundle is as a rule; asking certifi itself takes longer than reading it may."""
    spec = importlib.util.find_spec("certifi")
    return (str(Path(spec.origin).with_name("cacert.pem")),) if spec and spec.origin else ()


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
    return sum(add_certificates(made, _content(Path(path, name))) for name in names) if read else 0


def _add_bundle(made: ssl.SSLContext, path: str) -> bool:
    try:
        made.load_verify_locations(cafile=path)
    except OSError:
        # Missing, or one of its certificates is damaged.
        return add_certificates(made, _content(Path(path))) > 0
    return True


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
