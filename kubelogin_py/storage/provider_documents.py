"""A provider's two documents, kept beside the sessions so that a refresh is one request.

They are public, yet kept with the same care: whoever could exchange the key set could sign tokens.
"""

import hashlib
import json
from pathlib import Path

from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.ports import Console, KeptDocuments
from kubelogin_py.response import Response
from kubelogin_py.settings import Settings
from kubelogin_py.storage import names
from kubelogin_py.storage.kept_file import KeptFile

_FORMAT = 1
_OK = 200
_JSON = {"content-type": "application/json"}


def documents_key(settings: Settings) -> str:
    """Return the hex SHA-256 of all that decides whose documents these are and why they are believed."""
    fields = {
        "issuer": settings.provider.issuer,
        "request_headers": sorted(settings.provider.request_headers),
        "certificate_authorities": settings.tls.certificate_authorities,
        "certificate_authority_data": settings.tls.certificate_authority_data,
        "insecure_skip_tls_verify": settings.tls.insecure_skip_tls_verify,
    }
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


class DiskDocuments:
    """Keeps one provider's documents in a file of the cache directory; trouble with it costs nothing but time.

    :param directory: the cache directory.
    :param key: from ``documents_key``.
    :param console: told at verbosity 1 what could not be kept.
    """

    def __init__(self, directory: Path, key: str, *, console: Console) -> None:
        self._file = KeptFile(directory, names.documents_file(key), console=console)

    def load(self) -> KeptDocuments | None:
        """Return what is kept, or ``None``; what can't be read or trusted is as if absent."""
        contents = self._file.read(even_if_exposed=True)
        try:
            return _parsed(contents) if contents else None
        except ValueError:
            return None

    def save(self, kept: KeptDocuments) -> None:
        """Keep the documents, or not."""
        self._file.write(_rendered(kept))

    def forget(self) -> None:
        """Remove what is kept."""
        self._file.remove()


class NoDocuments:
    """Keeps nothing."""

    def load(self) -> KeptDocuments | None:
        """Return ``None``."""

    def save(self, kept: KeptDocuments) -> None:
        """Forget it at once."""

    def forget(self) -> None:
        """Return: it is not there."""


def _rendered(kept: KeptDocuments) -> bytes:
    documents = {"metadata": kept.metadata, "key_set": kept.key_set}
    fields = {name: {"url": one.url, "body": one.body.decode()} for name, one in documents.items()}
    return json.dumps({"format": _FORMAT, "fetched_at": kept.fetched_at, **fields}).encode() + b"\n"


def _parsed(contents: bytes) -> KeptDocuments:
    found = read_object(contents)
    fetched_at = found.get("fetched_at")
    if found.get("format") != _FORMAT or isinstance(fetched_at, bool) or not isinstance(fetched_at, int | float):
        raise ValueError("not documents of this version")
    return KeptDocuments(float(fetched_at), _response(found.get("metadata")), _response(found.get("key_set")))


def _response(found: object) -> Response:
    if not isinstance(found, dict) or not isinstance(found.get("url"), str) or not isinstance(found.get("body"), str):
        raise ValueError("not a document")  # noqa: TRY004 -- a bad value of a file
    return Response(found["url"], _OK, _JSON, found["body"].encode())
