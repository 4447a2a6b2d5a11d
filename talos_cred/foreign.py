"""What talosctl-oidc keeps of a sign-in, read once and never written.

It is one JSON object per context, in the keyring (service ``talosctl-oidc``, user the context) or, where that fails,
in a file of all contexts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc import id_token
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session

SERVICE = "talosctl-oidc"


@dataclass(frozen=True, slots=True)
class ForeignSession:
    """A sign-in of talosctl-oidc."""

    issuer: str
    client_id: str
    id_token: Secret | None
    refresh_token: Secret | None

    def session(self) -> Session:
        """Return it as a session of ours; an ID token that can't be read is left out."""
        token, expires, lifetime = self.id_token, None, None
        try:
            if token is not None:
                claims = id_token.read_unverified(token)
                expires, lifetime = claims.expires_at, claims.lifetime
        except VerificationError:
            token = None
        return Session(
            self.issuer,
            self.client_id,
            id_token=token,
            refresh_token=self.refresh_token,
            expires_at=expires,
            lifetime=lifetime,
            scope="openid profile email offline_access",
        )


def read_entry(text: str) -> ForeignSession:
    """Return the sign-in of a keyring entry.

    :raises ValueError: it is none; the text says why, quoting nothing.
    """
    return _read(read_object(text))


def read_file(contents: bytes, context: str) -> ForeignSession | None:
    """Return the sign-in of a context in the tokens file, or ``None`` when it has none.

    :raises ValueError: it is no such file.
    """
    entry = read_object(contents).get(context)
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise ValueError("its entry is not an object")  # noqa: TRY004 -- a bad value of a document
    return _read(entry)


def _read(members: Mapping[str, Any]) -> ForeignSession:
    issuer, client_id = members.get("issuer"), members.get("client_id")
    if not isinstance(issuer, str) or not isinstance(client_id, str) or not issuer or not client_id:
        raise ValueError("it names no issuer or client")
    texts = [members.get(name) for name in ("id_token", "refresh_token")]
    tokens = [Secret(text) if isinstance(text, str) and text else None for text in texts]
    return ForeignSession(issuer, client_id, *tokens)
