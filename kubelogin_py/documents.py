"""The provider's two documents: kept ones while they are young, else fetched when first needed."""

from typing import TYPE_CHECKING

from kubelogin_py.errors import ProviderError, TransientError
from kubelogin_py.oidc import discovery
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.key_set import KeySet
from kubelogin_py.oidc.urls import without_query
from kubelogin_py.ports import KeptDocuments, World

if TYPE_CHECKING:
    from kubelogin_py.response import Response

MAXIMUM_AGE = 3600.0
"""Seconds for which kept documents serve; a key that the provider withdrew is believed no longer than that."""

_METADATA_LIMIT = 256 << 10
_KEY_SET_LIMIT = 512 << 10


class Documents:
    """Provider metadata and key set of one issuer during one run.

    :param issuer: the configured issuer.
    :param world: for its HTTP, its console, its clock and its kept documents.
    """

    def __init__(self, issuer: str, world: World) -> None:
        self._issuer = issuer
        self._world = world
        self._metadata: Metadata | None = None
        self._key_set: KeySet | None = None
        self._fetched: Response | None = None

    def use_kept(self) -> None:
        """Take the documents that an earlier run kept, if they are young and still pass every check.

        For a refresh, which is then one request; before a sign-in nobody waits for two more.
        """
        kept = self._world.kept_documents.load()
        if kept is None or not 0 <= self._world.clock.now() - kept.fetched_at < MAXIMUM_AGE:
            return
        try:
            metadata = discovery.read_metadata(kept.metadata, self._issuer)
            key_set = KeySet.read(kept.key_set, kept=True)
        except (ProviderError, TransientError):
            return
        if kept.key_set.url == without_query(metadata.jwks_uri):
            self._metadata, self._key_set, self._fetched = metadata, key_set, kept.metadata

    def forget_kept(self) -> None:
        """Drop kept documents, here and on disk: something about them did not hold."""
        self._metadata = self._key_set = self._fetched = None
        self._world.kept_documents.forget()

    @property
    def read(self) -> Metadata | None:
        """The provider metadata, if this run has read it already."""
        return self._metadata

    def metadata(self) -> Metadata:
        """Return the provider metadata, checked against the issuer (Discovery sections 4.2, 4.3)."""
        if self._metadata is None:
            url = discovery.metadata_url(self._issuer)
            self._world.console.detail(1, f"reading the provider metadata of {self._issuer}")
            self._fetched = self._world.http.get(url, limit=_METADATA_LIMIT)
            self._metadata = discovery.read_metadata(self._fetched, self._issuer)
        return self._metadata

    def key_set(self) -> KeySet:
        """Return the key set, from ``jwks_uri`` and nowhere else."""
        if self._key_set is None:
            self._key_set = self.fetch_key_set()
        return self._key_set

    def fetch_key_set(self) -> KeySet:
        """Return the key set as it is now: keys rotate (Core section 10.1.1)."""
        metadata = self.metadata()
        response = self._world.http.get(metadata.jwks_uri, limit=_KEY_SET_LIMIT)
        self._key_set = KeySet.read(response)
        for warning in self._key_set.warnings:
            self._world.console.tell(f"warning: {warning}")
        if self._fetched is not None:
            # At once: this may be a child that outlives the command, and nobody else learns of its keys.
            kept = KeptDocuments(self._world.clock.now(), self._fetched, response)
            self._world.kept_documents.save(kept)
        return self._key_set
