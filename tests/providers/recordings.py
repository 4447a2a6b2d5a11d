"""What is known of each provider's own words: metadata and the shape of an ID token, in ``recorded/``.

Each file says where it is from, what in it is recorded and what is reconstructed, and of what date it is. No file has
anybody's name, host or key; tokens are minted from the shape, with keys of the test.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kubelogin_py.oidc.discovery import Metadata, metadata_url, read_metadata
from kubelogin_py.oidc.id_token import Claims, Expected, verify
from kubelogin_py.oidc.jose import ALGORITHMS
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from tests.oidc.minting import NONCE, NOW, Signer, changed, key_set, new_signer

PLACE = Path(__file__).parent / "recorded"


@cache
def signer(algorithm: str) -> Signer:
    """Return a key for an algorithm; one for all tests, as RSA keys are slow to make."""
    return new_signer(algorithm, f"key of {algorithm}")


@dataclass(frozen=True)
class Recording:
    """One provider's words.

    :param about: the whole file.
    """

    name: str
    about: Mapping[str, Any]

    @property
    def issuer(self) -> str:
        """Its issuer."""
        return str(self.about["issuer"])

    @property
    def client_id(self) -> str:
        """The client that the token is for."""
        return str(self.about["client_id"])

    def metadata(self, **changes: Any) -> Metadata:
        """Return its metadata as our discovery reads them, changed."""
        return self.read(self.issuer, **changes)

    def read(self, issuer: str, /, **changes: Any) -> Metadata:
        """Return its metadata as they are read by somebody who was told this issuer."""
        body = json.dumps(changed(self.about["metadata"], changes)).encode()
        headers = {"content-type": "application/json"}
        return read_metadata(Response(metadata_url(issuer), 200, headers, body), issuer)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a token issued a second ago, changed."""
        issued = int(NOW) - 1
        timely = {name: issued if value == "@iat" else value for name, value in self.about["claims"].items()}
        whole = {"iss": self.issuer, **timely, "iat": issued, "exp": issued + self.about["lifetime"], "nonce": NONCE}
        return changed(whole, changes)

    def token(self, *, algorithm: str = "", **changes: Any) -> Secret:
        """Return a token of that shape, signed with a key of the test.

        :param algorithm: in place of the recorded one.
        """
        used = algorithm or self.about["header"]["alg"]
        return Secret(signer(used).mint(self.claims(**changes)))

    def verified(self, token: Secret, *, nonce: str | None = NONCE) -> Claims:
        """Return the claims of a token after every check of ours."""
        algorithms = self.metadata().algorithms(ALGORITHMS)
        expected = Expected(self.issuer, self.client_id, NOW, algorithms, Secret(nonce) if nonce else None)
        keys = key_set(*(signer(name).jwk() for name in ("RS256", "ES256", "EdDSA")))
        return verify(token, keys, expected)


@cache
def recording(name: str) -> Recording:
    """Return the recording of a provider."""
    return Recording(name, json.loads((PLACE / f"{name}.json").read_text(encoding="utf-8")))
