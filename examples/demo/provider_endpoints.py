"""The demo provider's HTTP endpoints and pages, on Flask."""

import time
from typing import Any
from urllib.parse import urlencode

import flask
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE
from joserfc import jwt
from joserfc.errors import JoseError
from provider_grants import METHODS
from provider_model import ALGORITHMS, SCOPES, Settings, SignIn, Store, claims_of, loopback_redirect, password_matches
from provider_server import Server

GRANT_TYPES = ["authorization_code", "refresh_token", "password", "client_credentials"]

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ title }}</title><link rel="icon" href="data:,">
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 0 1rem }
label { display: block; margin: .75rem 0 } input { display: block; width: 100%; font: inherit; padding: .3rem }
button { font: inherit; padding: .4rem 1rem; margin-right: .5rem } .problem { color: #b00020 }</style></head>
<body><h1>{{ title }}</h1><p>{{ text }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% if buttons %}<form method="post">
{% if user_code is not none %}
<label>Code <input name="user_code" value="{{ user_code }}" autocomplete="off" required></label>{% endif %}
<label>Username <input name="username" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button name="action" value="accept">{{ buttons[0] }}</button>
<button name="action" value="refuse" formnovalidate>{{ buttons[1] }}</button>
</form>{% endif %}</body></html>"""


class Endpoints:
    """The provider's HTTP endpoints on one Flask application."""

    def __init__(self, app: flask.Flask, settings: Settings) -> None:
        self._settings = settings
        self._store = Store()
        self._server = Server(app, self._store, settings)
        for path, methods, view in (
            ("/.well-known/openid-configuration", ["GET"], self.discovery),
            ("/jwks", ["GET"], self.key_set),
            ("/authorize", ["GET", "POST"], self.authorize),
            ("/token", ["POST"], self.token),
            ("/device/authorize", ["POST"], self.device_authorization),
            ("/device", ["GET", "POST"], self.device),
            ("/revoke", ["POST"], self.revoke),
            ("/userinfo", ["GET", "POST"], self.userinfo),
            ("/logout", ["GET", "POST"], self.logout),
        ):
            app.add_url_rule(path, view_func=view, methods=methods)

    def discovery(self) -> dict[str, Any]:
        """Return the provider metadata (OpenID Connect Discovery, RFC 8414)."""
        issuer = self._settings.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "device_authorization_endpoint": f"{issuer}/device/authorize",
            "revocation_endpoint": f"{issuer}/revoke",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "end_session_endpoint": f"{issuer}/logout",
            "jwks_uri": f"{issuer}/jwks",
            "scopes_supported": list(SCOPES),
            "claims_supported": ["sub", *(name for names in SCOPES.values() for name in names)],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [*GRANT_TYPES, DEVICE_CODE_GRANT_TYPE],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
            "token_endpoint_auth_methods_supported": METHODS,
            "revocation_endpoint_auth_methods_supported": METHODS,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def key_set(self) -> dict[str, Any]:
        """Return the public keys."""
        return dict(self._store.keys.as_dict(private=False))

    def authorize(self) -> Any:
        """Ask who it is, and send the browser back with a code or an error."""
        with self._store.lock:
            try:
                grant = self._server.get_consent_grant()
            except OAuth2Error as error:
                return _refuse(error, self._settings.issuer)
            form, user = flask.request.form, None
            if form.get("action") != "refuse":
                text, buttons = f"{grant.request.client.client_id} asks who you are.", ("Sign in", "Cancel")
                if flask.request.method == "GET":
                    return _page("Sign in", text, buttons=buttons)
                if not password_matches(form.get("username", ""), form.get("password", "")):
                    return _wrong_password("Sign in", text, buttons=buttons)
                user = form["username"]
            return self._server.create_authorization_response(grant=grant, grant_user=user)

    def token(self) -> flask.Response:
        """Trade a code, a device code or a refresh token for tokens."""
        with self._store.lock:
            response: flask.Response = self._server.create_token_response()
        if flask.request.form.get("grant_type") == "refresh_token":
            time.sleep(self._settings.refresh_latency)
        response.headers["Cache-Control"] = "no-store"
        return response

    def device_authorization(self) -> Any:
        """Give a device its codes."""
        with self._store.lock:
            return self._server.create_endpoint_response("device_authorization")

    def device(self) -> Any:
        """Let a person type the user code, sign in, and approve or deny."""
        form, code, buttons = flask.request.form, flask.request.values.get("user_code", ""), ("Approve", "Deny")
        title, text = "Connect a device", "Type the code that your device shows, and sign in."
        if flask.request.method == "GET":
            return _page(title, text, user_code=code, buttons=buttons)
        with self._store.lock:
            sign_in = self._store.device(code)
            if sign_in is None:
                problem = "This code is not known or has expired."
                return _page(title, text, user_code=code, buttons=buttons, problem=problem), 400
            if form.get("action") == "refuse":
                sign_in.denied = True
                return _page("Device denied", "You may close this window.")
            if not password_matches(form.get("username", ""), form.get("password", "")):
                return _wrong_password(title, text, user_code=code, buttons=buttons)
            sign_in.approve(form["username"])
        return _page("Device connected", "You may close this window.")

    def revoke(self) -> Any:
        """Take a token back."""
        with self._store.lock:
            return self._server.create_endpoint_response("revocation")

    def userinfo(self) -> Any:
        """Return the claims about the bearer of an access token."""
        scheme, _, value = flask.request.headers.get("Authorization", "").partition(" ")
        with self._store.lock:
            sign_in = self._store.live_access(value) if scheme.lower() == "bearer" else None
        if sign_in is None or sign_in.username is None:
            return {"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return claims_of(sign_in.username, sign_in.scope)

    def logout(self) -> Any:
        """End the sign-ins that the hint names (OpenID Connect RP-Initiated Logout)."""
        asked = flask.request.values
        hint, target = asked.get("id_token_hint", ""), asked.get("post_logout_redirect_uri", "")
        with self._store.lock:
            for sign_in in self._sign_ins_of(hint):
                sign_in.revoked = True
        if hint and loopback_redirect(target):
            return flask.redirect(f"{target}?{urlencode({'state': asked['state']})}" if "state" in asked else target)
        return _page("Signed out", "You may close this window.")

    def _sign_ins_of(self, id_token: str) -> list[SignIn]:
        """Return the sign-ins of the person and client that a token of ours, even an expired one, names."""
        try:
            claims = jwt.decode(id_token, self._store.keys, list(ALGORITHMS)).claims
        except (JoseError, ValueError):
            return []
        live = self._store.refresh_tokens.values()
        return [one for one in live if (one.username, one.client_id) == (claims["sub"], claims["aud"])]


def _page(title: str, text: str, **parts: object) -> str:
    return flask.render_template_string(PAGE, **({"user_code": None} | parts), title=title, text=text)


def _wrong_password(title: str, text: str, **parts: object) -> tuple[str, int]:
    return _page(title, text, problem="The username or the password is wrong.", **parts), 401


def _refuse(error: OAuth2Error, issuer: str) -> Any:
    if not error.redirect_uri:
        return _page("Sign-in not possible", f"{error.error}: {error.description}"), 400
    answer = [*error.get_body(), ("iss", issuer)]
    return flask.redirect(f"{error.redirect_uri}?{urlencode(answer)}")
