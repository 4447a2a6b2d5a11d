"""The provider's two documents, fetched when first needed."""

from kubelogin_py.oidc import discovery
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.key_set import KeySet
from kubelogin_py.ports import World

_METADATA_LIMIT = 256 << 10
_KEY_SET_LIMIT = 512 << 10


class Documents:
    """Provider metadata and key set of one issuer during one run.

    :param issuer: the configured issuer.
    :param world: for its HTTP and its console.
    """

    def __init__(self, issuer: str, world: World) -> None:
        self._issuer = issuer
        self._world = world
        self._metadata: Metadata | None = None
        self._key_set: KeySet | None = None

    def metadata(self) -> Metadata:
        """Return the provider metadata, checked against the issuer (Discovery sections 4.2, 4.3)."""
        if self._metadata is None:
            url = discovery.metadata_url(self._issuer)
            self._world.console.detail(1, f"reading the provider metadata of {self._issuer}")
            self._metadata = discovery.read_metadata(self._world.http.get(url, limit=_METADATA_LIMIT), self._issuer)
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
        return self._key_set
