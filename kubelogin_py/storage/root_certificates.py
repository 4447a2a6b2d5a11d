"""The roots that vouched for a provider, kept beside the sessions so that a refresh reads no bundle of authorities.

They are public, yet kept with the same care: whoever could exchange them could be anybody.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.ports import Console
from kubelogin_py.settings import Tls
from kubelogin_py.storage import names
from kubelogin_py.storage.kept_file import KeptFile

_FORMAT = 1
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def roots_key(tls: Tls, environment: Mapping[str, str]) -> str:
    """Return the hex SHA-256 of all that names authorities; which files those are is the roots' own matter."""
    fields = {
        "certificate_authorities": tls.certificate_authorities,
        "certificate_authority_data": tls.certificate_authority_data,
        "variables": [environment.get(name) for name in _VARIABLES],
    }
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


class DiskRoots:
    """Keeps roots in a file of the cache directory; trouble with it costs nothing but time.

    :param directory: the cache directory.
    :param key: from ``roots_key``.
    :param console: told at verbosity 1 what could not be kept.
    """

    def __init__(self, directory: Path, key: str, *, console: Console) -> None:
        self._file = KeptFile(directory, names.roots_file(key), console=console)

    def load(self, identity: str) -> tuple[bytes, ...]:
        """Return the roots kept for these bundles; what can't be read or trusted is as if absent."""
        # A session would be kept and closed to others; here it costs little to start anew.
        contents = self._file.read(even_if_exposed=False)
        try:
            return _parsed(contents, identity) if contents else ()
        except ValueError:
            return ()

    def save(self, identity: str, roots: Sequence[bytes]) -> None:
        """Keep the roots for these bundles, or not."""
        self._file.write(_rendered(identity, roots))


def _rendered(identity: str, roots: Sequence[bytes]) -> bytes:
    texts = [base64.b64encode(root).decode("ascii") for root in roots]
    return json.dumps({"format": _FORMAT, "bundles": identity, "roots": texts}).encode() + b"\n"


def _parsed(contents: bytes, identity: str) -> tuple[bytes, ...]:
    found = read_object(contents)
    roots = found.get("roots")
    if found.get("format") != _FORMAT or not isinstance(roots, list):
        raise ValueError("not roots of this version")
    if found.get("bundles") != identity:
        return ()
    return tuple(_root(text) for text in roots)


def _root(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("not a certificate")  # noqa: TRY004 -- a bad value of a file
    return base64.b64decode(text, validate=True)
