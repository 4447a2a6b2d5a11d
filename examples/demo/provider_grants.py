"""The demo provider's grants on Authlib: which codes, device codes and refresh tokens count, and how often."""

import time
from typing import Any

import flask
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, OAuth2Request, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant
from provider_model import Client, SignIn, Store, password_matches

CODE_TTL = 60
"""Seconds an authorization code lives."""

TOLERANCE = 0.05
"""Seconds by which a client may ask too early, for clocks that differ in precision."""

METHODS = ["none", "client_secret_basic", "client_secret_post"]
"""How a client may prove itself."""


class Code(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """The authorization code grant."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Begin a sign-in."""
        asked = request.payload.data
        sign_in = SignIn(request.client.client_id, request.scope, time.time() + CODE_TTL)
        sign_in.redirect_uri = asked["redirect_uri"]
        sign_in.nonce, sign_in.code_challenge = asked.get("nonce", ""), asked.get("code_challenge", "")
        sign_in.approve(request.user)
        self.server.store.codes[code] = sign_in

    def query_authorization_code(self, code: str, client: Client) -> SignIn | None:
        """Return the sign-in of a code; a code used twice takes its tokens with it (RFC 6749 section 4.1.2)."""
        sign_in: SignIn | None = self.server.store.codes.get(code)
        if sign_in is None or sign_in.redeemed or sign_in.is_expired() or not sign_in.check_client(client):
            _revoke(sign_in)
            return None
        return sign_in

    def delete_authorization_code(self, authorization_code: SignIn) -> None:
        """Keep the code, marked, to know it when it comes again."""
        authorization_code.redeemed = True

    def authenticate_user(self, authorization_code: SignIn) -> str | None:
        """Return who signed in."""
        return authorization_code.username


class Refresh(grants.RefreshTokenGrant):  # type: ignore[misc]
    """The refresh token grant with rotation: only the newest token of a sign-in counts, and others for a grace."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> SignIn | None:
        """Return the sign-in of a token; one that was rotated away kills the family (RFC 9700 section 4.14.2)."""
        sign_in: SignIn | None = self.server.store.refresh_tokens.get(refresh_token)
        if sign_in is None or sign_in.revoked:
            return None
        if refresh_token == sign_in.refresh_token:
            return sign_in
        # The answer that brought the newer one may have been lost, which a provider can't know.
        if time.time() - sign_in.superseded[refresh_token] >= self.server.settings.refresh_grace:
            _revoke(sign_in)
            return None
        return sign_in

    def authenticate_user(self, refresh_token: SignIn) -> str | None:
        """Return who signed in."""
        return refresh_token.username

    def revoke_old_credential(self, refresh_token: SignIn) -> None:
        """Do nothing: keeping the new token has rotated the old one away."""


class Device(DeviceCodeGrant):  # type: ignore[misc]
    """The device code grant (RFC 8628), with a code challenge where the client sent one."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def query_device_credential(self, device_code: str) -> SignIn:
        """Return the sign-in of a device code, if the verifier fits."""
        sign_in: SignIn | None = self.server.store.devices.get(device_code)
        if sign_in is None or sign_in.redeemed:
            raise InvalidGrantError("The device code is unknown or was used before.")
        verifier = self.request.form.get("code_verifier", "")
        if sign_in.code_challenge and not compare_s256_code_challenge(verifier, sign_in.code_challenge):
            raise InvalidGrantError("The code verifier does not match the challenge.")
        return sign_in

    def query_user_grant(self, user_code: str) -> tuple[str | None, bool] | None:
        """Return who decided and how, once."""
        sign_in = next(one for one in self.server.store.devices.values() if one.user_code == user_code)
        sign_in.redeemed = bool(sign_in.username) or sign_in.denied
        return (sign_in.username, not sign_in.denied) if sign_in.redeemed else None

    def should_slow_down(self, credential: SignIn) -> bool:
        """Return whether the client asks too early; then it must wait five seconds more (RFC 8628 section 3.5)."""
        now, before = time.monotonic(), credential.polled_at
        credential.polled_at = now
        early = before is not None and now - before < credential.interval - TOLERANCE
        credential.interval += 5 if early else 0
        return early


class Password(grants.ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc]
    """The password grant, which nobody should use and old clients do."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def authenticate_user(self, username: str, password: str) -> str:
        """Return who it is, if the password is right."""
        if not password_matches(username, password):
            raise InvalidGrantError("The username or the password is wrong.")
        return username

    def create_token_response(self) -> Any:
        """Return the tokens, remembered as a sign-in."""
        self.request.credential = SignIn(self.request.client.client_id, self.request.payload.scope or "", 0)
        self.request.credential.approve(self.request.user)
        return super().create_token_response()


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """The client credentials grant: an access token for the client itself, and nothing else."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS[1:]

    def create_token_response(self) -> Any:
        """Return the token, remembered as a sign-in of nobody."""
        self.request.credential = SignIn(self.request.client.client_id, self.request.payload.scope or "", 0)
        return super().create_token_response()


class DeviceAuthorization(DeviceAuthorizationEndpoint):  # type: ignore[misc]
    """Where a device asks for its codes."""

    CLIENT_AUTH_METHODS = METHODS

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.EXPIRES_IN, self.INTERVAL = server.settings.device_ttl, server.settings.device_interval

    def get_verification_uri(self) -> str:
        """Return where a person types the user code."""
        return f"{self.server.settings.issuer}/device"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        """Begin a sign-in."""
        asked, store = flask.request.form, self.server.store
        _check_challenge(asked.get("code_challenge"), asked.get("code_challenge_method"))
        allowed = store.clients[client_id].get_allowed_scope(scope)
        sign_in = SignIn(client_id, allowed, time.time() + self.EXPIRES_IN, user_code=data["user_code"])
        sign_in.interval, sign_in.code_challenge = self.INTERVAL, asked.get("code_challenge", "")
        store.devices[data["device_code"]] = sign_in


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Where a token is given back (RFC 7009), by public clients too."""

    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, _token_type_hint: str | None) -> SignIn | None:
        """Return the sign-in of a token."""
        store: Store = self.server.store
        return store.refresh_tokens.get(token_string) or store.live_access(token_string)

    def revoke_token(self, token: SignIn, _request: OAuth2Request) -> None:
        """End the sign-in."""
        _revoke(token)


class S256Only(CodeChallenge):  # type: ignore[misc]
    """PKCE with S256 and nothing else (RFC 7636), which public clients must use."""

    def validate_code_challenge(self, grant: grants.BaseGrant, _redirect_uri: str) -> None:
        """Refuse what is not S256."""
        asked = grant.request.payload.data
        if not asked.get("code_challenge") and grant.request.client.token_endpoint_auth_method == "none":
            raise InvalidRequestError("A public client must send a code challenge.")
        _check_challenge(asked.get("code_challenge"), asked.get("code_challenge_method"))


def _check_challenge(challenge: str | None, method: str | None) -> None:
    if (challenge or method) and (not challenge or method != "S256"):
        raise InvalidRequestError("The code challenge method must be S256.")


def _revoke(sign_in: SignIn | None) -> None:
    if sign_in:
        sign_in.revoked = True
