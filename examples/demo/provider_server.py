"""The demo provider's authorization server on Authlib: what is issued, and the ID token above all."""

import base64
import secrets
import time
from typing import Any
from urllib.parse import unquote_plus

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import OAuth2Request, grants
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core.grants import OpenIDToken
from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from provider_grants import (
    ClientCredentials,
    Code,
    Device,
    DeviceAuthorization,
    Password,
    Refresh,
    Revocation,
    S256Only,
)
from provider_model import Client, Settings, SignIn, Store, claims_of


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's authorization server with every grant and endpoint below, on this store."""

    def __init__(self, app: flask.Flask, store: Store, settings: Settings) -> None:
        super().__init__(app, store.clients.get, self._keep)
        self.store = store
        self.settings = settings
        self.register_token_generator("default", self._bearer_token)
        self.register_client_auth_method("client_secret_basic", _client_secret_basic)
        self.register_grant(Code, [S256Only(required=True), IdToken()])
        self.register_grant(Refresh, [IdToken()])
        self.register_grant(Device, [IdToken()])
        self.register_grant(Password, [IdToken()])
        self.register_grant(ClientCredentials)
        self.register_endpoint(DeviceAuthorization)
        self.register_endpoint(Revocation)
        self.register_extension(ResponseIssuer(settings.issuer))

    def _bearer_token(
        self, client: Client, scope: str, user: str | None = None, *, include_refresh_token: bool = True, **_: object
    ) -> dict[str, Any]:
        access_token = self._signed(user or client.client_id) if self.settings.access_token_jwt else _random()
        token = {"access_token": access_token, "token_type": "Bearer", "scope": scope}
        if include_refresh_token and (self.settings.refresh_always or "offline_access" in scope.split()):
            token["refresh_token"] = _random()
        return token | {"expires_in": self.settings.access_token_ttl}

    def _signed(self, subject: str) -> str:
        """Return an access token that can be read (RFC 9068); nobody here does."""
        algorithm, now = self.settings.algorithm, int(time.time())
        key = self.store.key(algorithm)
        claims = {"iss": self.settings.issuer, "aud": "kubernetes-api", "sub": subject, "jti": _random()}
        times = {"iat": now, "exp": now + self.settings.access_token_ttl}
        return jwt.encode({"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}, claims | times, key, [algorithm])

    def _keep(self, token: dict[str, Any], request: OAuth2Request) -> None:
        sign_in = _sign_in(request)
        self.store.access_tokens[token["access_token"]] = (sign_in, time.time() + token["expires_in"])
        if "refresh_token" in token:
            sign_in.superseded.setdefault(sign_in.refresh_token, time.time())
            sign_in.refresh_token = token["refresh_token"]
            self.store.refresh_tokens[sign_in.refresh_token] = sign_in


class IdToken(OpenIDToken):  # type: ignore[misc]
    """Adds an ID token to every grant's answer, with the claims that Kubernetes reads."""

    def process_token(self, grant: grants.BaseGrant, response: tuple[int, dict[str, Any], object]) -> dict[str, Any]:
        """Add the ID token if ``openid`` was asked for."""
        token = response[1]
        if "openid" in token["scope"].split():
            token["id_token"] = self._encoded(token, grant.request, grant.server)
        return token

    def _encoded(self, token: dict[str, Any], request: OAuth2Request, server: "Server") -> str:
        algorithm = request.client.id_token_signed_response_alg or server.settings.algorithm
        key, now, sign_in = server.store.key(algorithm), int(time.time()), _sign_in(request)
        claims = {
            "iss": server.settings.issuer,
            "aud": request.client.client_id,
            "iat": now,
            "exp": now + server.settings.id_token_ttl,
            "auth_time": sign_in.auth_time,
            "at_hash": create_half_hash(token["access_token"], algorithm).decode(),
            **claims_of(request.user, token["scope"]),
        }
        if request.authorization_code and sign_in.nonce:
            claims["nonce"] = sign_in.nonce
        return jwt.encode({"alg": algorithm, "kid": key.kid, "typ": "JWT"}, claims, key, [algorithm])


class ResponseIssuer(IssuerParameter):  # type: ignore[misc]
    """Adds ``iss`` to the authorization response (RFC 9207)."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        """Return our issuer."""
        return self._issuer


def _client_secret_basic(query_client: Any, request: OAuth2Request) -> Client | None:
    # RFC 6749 section 2.3.1: both halves are form-encoded; Authlib's own method leaves "+" for a space as it is.
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        identifier, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    client: Client | None = query_client(unquote_plus(identifier))
    return client if client and secret and client.check_client_secret(unquote_plus(secret)) else None


def _random() -> str:
    return secrets.token_urlsafe(32)


def _sign_in(request: OAuth2Request) -> SignIn:
    found: SignIn = request.authorization_code or request.refresh_token or request.credential
    return found
