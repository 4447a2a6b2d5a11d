"""What the demo's provider remembers: clients, users, and sign-ins with the tokens issued from them."""

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin
from authlib.oauth2.rfc8628 import DeviceCredentialMixin
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

ACCOUNTS: dict[str, Any] = json.loads(Path(__file__).with_name("accounts.json").read_text(encoding="utf-8"))
"""The clients and users, in a file because the tests' second provider reads the same one."""

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""What an ID token can be signed with; there is a key for each."""

SCOPES = {
    "openid": (),
    "offline_access": (),
    "profile": ("name", "preferred_username"),
    "email": ("email", "email_verified"),
    "groups": ("groups",),
}
"""Each scope and the claims it releases."""


def claims_of(username: str, scope: str) -> dict[str, Any]:
    """Return the claims about a user that the scope releases."""
    about = ACCOUNTS["users"][username]["claims"]
    released = {name for part in scope.split() for name in SCOPES.get(part, ())}
    return {"sub": username, **{name: value for name, value in about.items() if name in released}}


def password_matches(username: str, password: str) -> bool:
    """Return whether the user exists and this is the password."""
    user = ACCOUNTS["users"].get(username)
    return user is not None and secrets.compare_digest(user["password"].encode(), password.encode())


def loopback_redirect(uri: str | None) -> bool:
    """Return whether a native application may be sent here: any port, path to the letter (RFC 8252 section 7.3).

    With https it may, too: a listener with a certificate is still on this machine.
    """
    parts = urlsplit(uri or "")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    without_port = f"{'http' if parts.scheme == 'https' else parts.scheme}://{host}{parts.path}"
    plain = not (parts.query or parts.fragment or "@" in parts.netloc or "?" in (uri or ""))
    return plain and without_port in ACCOUNTS["redirect_uris"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the provider behaves; times in seconds."""

    issuer: str
    algorithm: str = "RS256"
    id_token_ttl: int = 3600
    access_token_ttl: int = 3600
    access_token_jwt: bool = False
    refresh_always: bool = True
    refresh_latency: float = 0
    refresh_grace: float = 0
    device_ttl: float = 600
    device_interval: float = 5


@dataclass
class Client(ClientMixin):  # type: ignore[misc]
    """An application that may ask for tokens; without a secret it is a public one and must use PKCE."""

    client_id: str
    client_secret: str = ""
    token_endpoint_auth_method: str = "none"
    id_token_signed_response_alg: str = ""

    def get_client_id(self) -> str:
        """Return the client's identifier."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """Return none: a request must name its own."""
        return

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return the scopes that exist among those asked for."""
        return " ".join(part for part in (scope or "").split() if part in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether the browser may be sent there."""
        return loopback_redirect(redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether this is the secret."""
        return secrets.compare_digest(self.client_secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Return whether the client proves itself this way."""
        return method == self.token_endpoint_auth_method

    def check_response_type(self, response_type: str) -> bool:
        """Return whether it is the code flow."""
        return response_type == "code"

    def check_grant_type(self, _grant_type: str) -> bool:
        """Return that every client may use every grant."""
        return True


@dataclass(eq=False)
class SignIn(AuthorizationCodeMixin, TokenMixin, DeviceCredentialMixin):  # type: ignore[misc]
    """One sign-in: the code it began with and all tokens issued since, which live and die together."""

    client_id: str
    scope: str
    expires_at: float
    username: str | None = None
    denied: bool = False
    redirect_uri: str = ""
    nonce: str = ""
    code_challenge: str = ""
    user_code: str = ""
    interval: float = 5
    polled_at: float | None = None
    auth_time: int = 0
    redeemed: bool = False
    revoked: bool = False
    refresh_token: str = ""
    superseded: dict[str, float] = field(default_factory=dict)
    code_challenge_method = "S256"

    def approve(self, username: str) -> None:
        """Record who signed in, and when."""
        self.username, self.auth_time = username, int(time.time())

    def get_client_id(self) -> str:
        """Return the client's identifier."""
        return self.client_id

    def check_client(self, client: Client) -> bool:
        """Return whether it was this client that asked."""
        return self.client_id == client.client_id

    def get_redirect_uri(self) -> str:
        """Return the redirect URI of the authorization request."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return the scope granted."""
        return self.scope

    def get_user_code(self) -> str:
        """Return what the person types."""
        return self.user_code

    def is_expired(self) -> bool:
        """Return whether the code it began with is too old."""
        return self.expires_at < time.time()


def _keys() -> KeySet:
    rsa = [RSAKey.generate_key(2048, {"kid": f"demo-{alg}", "alg": alg, "use": "sig"}) for alg in ("RS256", "PS256")]
    curves = (("P-256", "ES256"), ("P-384", "ES384"))
    ec = [ECKey.generate_key(curve, {"kid": f"demo-{alg}", "alg": alg, "use": "sig"}) for curve, alg in curves]
    okp = OKPKey.generate_key("Ed25519", {"kid": "demo-EdDSA", "alg": "EdDSA", "use": "sig"})
    return KeySet([*rsa, *ec, okp])


@dataclass
class Store:
    """Everything in memory. ``lock`` is held while a request reads and changes it, so that races have one winner."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    clients: dict[str, Client] = field(
        default_factory=lambda: {row["client_id"]: Client(**row) for row in ACCOUNTS["clients"]},
    )
    codes: dict[str, SignIn] = field(default_factory=dict)
    devices: dict[str, SignIn] = field(default_factory=dict)
    refresh_tokens: dict[str, SignIn] = field(default_factory=dict)
    access_tokens: dict[str, tuple[SignIn, float]] = field(default_factory=dict)
    keys: KeySet = field(default_factory=_keys)

    def key(self, algorithm: str) -> Any:
        """Return the private key for an algorithm."""
        return next(key for key in self.keys.keys if key.alg == algorithm)

    def device(self, user_code: str) -> SignIn | None:
        """Return the device sign-in that still waits for this user code, however it was typed."""
        typed = "".join(user_code.upper().split()).replace("-", "")
        waiting = (found for found in self.devices.values() if found.username is None and not found.denied)
        return next((one for one in waiting if one.user_code.replace("-", "") == typed and not one.is_expired()), None)

    def live_access(self, token: str) -> SignIn | None:
        """Return the sign-in of an access token that still counts."""
        sign_in, expires_at = self.access_tokens.get(token, (None, 0.0))
        return sign_in if sign_in and not sign_in.revoked and expires_at > time.time() else None
