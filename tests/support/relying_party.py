"""A client of the tests' own, in plain requests: every step of a sign-in by hand, for wrong ones too."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import KeySet
from requests.adapters import BaseAdapter

from examples.demo.sign_in import Person, Wish
from tests.support.providers import ACCOUNTS, Provider

SCOPE = "openid email profile groups"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class _Callback(BaseAdapter):
    """Takes the place of the loopback listener: keeps what came and shows an empty page."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[dict[str, str]] = []

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:  # type: ignore[override]
        self.received.append(dict(parse_qsl(urlsplit(request.url or "").query)))
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url or "", request
        response._content = b""
        return response

    def close(self) -> None:
        """Hold nothing."""


@dataclass
class RelyingParty:
    """A client with one authorization request in progress."""

    provider: Provider
    client_id: str = "kubernetes"
    redirect_uri: str = "http://localhost:8000"
    scope: str = SCOPE
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    def authorization_url(self, **changes: str | None) -> str:
        """Return the authorization request; ``None`` leaves a parameter out."""
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        return f"{self.provider.metadata['authorization_endpoint']}?{urlencode(given)}"

    def authorize(self, wish: Wish | None = None, **changes: str | None) -> dict[str, str]:
        """Let a person sign in, and return the parameters that arrive at the redirect URI."""
        callback = _Callback()
        person = self._person(wish)
        person.http.mount(f"http://{urlsplit(self.redirect_uri).netloc}", callback)
        person.sign_in(self.authorization_url(**changes))
        (arrived,) = callback.received
        return arrived

    def visit(self, url: str, wish: Wish | None = None) -> str:
        """Let a person walk through the provider's pages from here, and return the last one's status and title."""
        return self._person(wish).sign_in(url)

    def exchange(self, code: str, **changes: str) -> requests.Response:
        """Trade an authorization code."""
        form = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": self.verifier, **changes}
        return self.token("authorization_code", **form)

    def sign_in(self, wish: Wish | None = None) -> dict[str, Any]:
        """Return the token response of a whole sign-in."""
        response = self.exchange(self.authorize(wish)["code"])
        assert response.status_code == 200, response.text
        return dict(response.json())

    def refresh(self, refresh_token: str) -> requests.Response:
        """Trade a refresh token."""
        return self.token("refresh_token", refresh_token=refresh_token)

    def device_authorization(self, **more: str) -> dict[str, Any]:
        """Return the answer to a device authorization request."""
        response = self.post(self.provider.metadata["device_authorization_endpoint"], scope=self.scope, **more)
        assert response.status_code == 200, response.text
        return dict(response.json())

    def poll(self, device_code: str, **more: str) -> requests.Response:
        """Ask for a device's tokens once."""
        return self.token(DEVICE_GRANT, device_code=device_code, **more)

    def token(self, grant_type: str, **form: str) -> requests.Response:
        """Send a token request."""
        return self.post(self.provider.metadata["token_endpoint"], grant_type=grant_type, **form)

    def post(self, url: str, **form: str) -> requests.Response:
        """Send a form as this client, with its secret where it has one."""
        row = next(row for row in ACCOUNTS["clients"] if row["client_id"] == self.client_id)
        method, headers = row.get("token_endpoint_auth_method", "none"), {}
        if method == "client_secret_basic":
            pair = f"{quote_plus(self.client_id)}:{quote_plus(row['client_secret'])}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form = {"client_id": self.client_id, **form}
        if method == "client_secret_post":
            form.setdefault("client_secret", row["client_secret"])
        return self.provider.request("POST", url, data=form, headers=headers)

    def claims(self, id_token: str) -> dict[str, Any]:
        """Return the claims of an ID token whose signature the provider's key set verifies."""
        keys = KeySet.import_key_set(self.provider.fetch(self.provider.metadata["jwks_uri"]))
        return dict(jwt.decode(id_token, keys, self.provider.metadata["id_token_signing_alg_values_supported"]).claims)

    def _person(self, wish: Wish | None) -> Person:
        return Person(wish or Wish(), str(self.provider.ca) if self.provider.ca else None)
