"""Token requests as forms, and token responses as token sets (RFC 6749 sections 4 to 6, OpenID Connect Core 3.1.3).

A form holds the grant's own fields; ``client_authentication.authenticated`` adds the client. No response is ever
quoted in a message: what is wrong with it is named by its member.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kubelogin_py.errors import OAuthError, ProviderError, RefusedRefreshError, TransientError
from kubelogin_py.oidc.base64url import decode
from kubelogin_py.oidc.documents import read_json
from kubelogin_py.oidc.error_response import read_answer
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.oidc.urls import host_of
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

Form = list[tuple[str, str | Secret]]
"""Fields of a request, in order."""

_LONGEST = 10 * 365 * 86400.0
_JWT_LIMIT = 128 * 1024
_JWT_PARTS = 3
_SHOWN = 60
_NUMBER = r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?"

# After these no refresh of this token will ever work. The specification has ``invalid_grant``; some providers say
# ``invalid_request`` of a token they can't read or have claimed already, and some want the person back.
_REFUSED = frozenset({"invalid_grant", "invalid_request", "interaction_required", "login_required", "consent_required"})
_EMPTY_REFUSALS = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token endpoint issued; the ID token in it is not verified yet.

    :param access_token: printable ASCII, not empty.
    :param id_token: as received, if any.
    :param refresh_token: as received, if any.
    :param expires_in: seconds the access token is said to live; ``None`` when nothing sensible is said. It
        decides nothing about the ID token.
    :param scope: granted scopes; ``None`` means those asked for.
    """

    access_token: Secret
    id_token: Secret | None = None
    refresh_token: Secret | None = None
    expires_in: float | None = None
    scope: str | None = None


def code_form(code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None) -> Form:
    """Return the fields that redeem an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

    :param redirect_uri: byte for byte that of the authorization request; ``None`` when none was sent there.
    :param code_verifier: that of the authorization request; ``None`` without PKCE.
    """
    return _form("authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=code_verifier)


def refresh_form(refresh_token: Secret, scope: str | None = None) -> Form:
    """Return the fields that redeem a refresh token (RFC 6749 section 6).

    :param scope: best left out; if given, at most what was granted.
    """
    return _form("refresh_token", refresh_token=refresh_token, scope=scope)


def device_form(device_code: Secret, *, code_verifier: Secret | None = None) -> Form:
    """Return the fields of one poll with a device code (RFC 8628 section 3.4).

    :param code_verifier: when the device authorization request had a code challenge.
    """
    return _form("urn:ietf:params:oauth:grant-type:device_code", device_code=device_code, code_verifier=code_verifier)


def password_form(username: str, password: Secret, *, scope: str, extra_params: Sequence[tuple[str, str]] = ()) -> Form:
    """Return the fields of the password grant (RFC 6749 section 4.3.2), which RFC 9700 section 2.4 advises against.

    :param extra_params: already through ``authorization.check_extra_params``.
    """
    return [*_form("password", username=username, password=password, scope=scope), *extra_params]


def client_credentials_form(*, scope: str | None, extra_params: Sequence[tuple[str, str]] = ()) -> Form:
    """Return the fields of the client credentials grant (RFC 6749 section 4.4.2).

    :param extra_params: already through ``authorization.check_extra_params``, such as ``audience``; a
        ``grant_type`` among them replaces ours, as some providers have names of their own for this grant.
    """
    chosen = {name for name, _ in extra_params}
    fields = _form("client_credentials", scope=scope)
    return [*(field for field in fields if field[0] not in chosen), *extra_params]


def read_token_response(response: Response, *, what: str = "token request") -> TokenSet:
    """Return the token set of a successful answer (RFC 6749 section 5.1).

    :param what: the request, for messages.
    :raises TransientError: 408, 429, 5xx, or an error code that says so.
    :raises OAuthError: the provider's error (section 5.2), whatever the status.
    :raises ProviderError: anything that is neither, or a member that can't be used.
    """
    document = read_answer(response, what)
    read = _Members(document, f"{what}: answer of {host_of(response.url)}")
    read.check_token_type()
    access_token = read.token("access_token")
    if access_token is None:
        raise read.fault("has no access_token")
    scope = document.get("scope")
    return TokenSet(
        access_token=access_token,
        id_token=read.token("id_token"),
        refresh_token=read.token("refresh_token"),
        expires_in=_lifetime(document.get("expires_in")),
        scope=scope if isinstance(scope, str) and scope else None,
    )


def read_refresh_response(response: Response, *, what: str = "refresh request") -> TokenSet:
    """Return the token set of a successful refresh (RFC 6749 section 6); without a new refresh token keep the old.

    :raises RefusedRefreshError: this refresh token is dead. An empty 400, 401 or 403, as some providers send, says
        so too: taking it for a passing fault would lock the person out for good.
    :raises TransientError: nothing is known about the token: 5xx, 429, or an answer that is no JSON at all.
    :raises OAuthError: the client is not accepted; the token is unharmed.
    """
    if response.status in _EMPTY_REFUSALS and not response.body.strip():
        raise RefusedRefreshError(
            f"{what} was refused by {host_of(response.url)}: status {response.status}",
            error=f"status {response.status}",
            hint="sign in again",
        )
    try:
        return read_token_response(response, what=what)
    except OAuthError as error:
        if error.error in _REFUSED:
            raise RefusedRefreshError(error.message, error=error.error, hint=error.hint) from None
        raise
    except ProviderError as error:
        if _is_json(response):
            raise
        raise TransientError(error.message, hint="the session is kept: try again in a moment") from None


def refresh_not_before(refresh_token: Secret) -> float | None:
    """Return the UTC seconds before which a JWT-shaped refresh token must not be sent; ``None`` for any other.

    Rauthy ends all of the person's sessions when a refresh token comes early. The claim is read, not verified: the
    worst a wrong one does is to delay.
    """
    text = refresh_token.reveal()
    parts = text.split(".")
    if len(text) > _JWT_LIMIT or len(parts) != _JWT_PARTS:
        return None
    with suppress(ValueError):
        not_before = read_object(decode(parts[1])).get("nbf")
        return None if isinstance(not_before, str) else number(not_before)
    return None


def number(value: object) -> float | None:
    """Return a number, or the number that a string spells in digits, as a float; ``None`` for anything else."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(_NUMBER, value) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class _Members:
    """Members of one token response; ``where`` begins every message."""

    document: dict[str, Any]
    where: str

    def check_token_type(self) -> None:
        """Refuse what is not a bearer token: other types need a proof we can't give (RFC 6749 section 7.1)."""
        token_type = self.document.get("token_type")
        if not isinstance(token_type, str):
            raise self.fault("has no token_type")
        if token_type.lower() != "bearer":
            raise self.fault(f"has token_type {printable(token_type, _SHOWN)}, not bearer")

    def token(self, name: str) -> Secret | None:
        """Return a token of visible ASCII (RFC 6749 appendix A.12): a line end would forge a header of kubectl's."""
        value = self.document.get(name)
        if value is None or value == "":
            return None
        if not (isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value):
            raise self.fault(f"has a malformed {name}")
        return Secret(value)

    def fault(self, what: str) -> ProviderError:
        """Return the error for an answer that can't be used."""
        return ProviderError(f"{self.where} {what}")


def _form(grant_type: str, **fields: str | Secret | None) -> Form:
    return [("grant_type", grant_type), *((name, value) for name, value in fields.items() if value is not None)]


def _lifetime(value: object) -> float | None:
    seconds = number(value)
    return seconds if seconds is not None and 0 < seconds <= _LONGEST else None


def _is_json(response: Response) -> bool:
    try:
        read_json(response, "")
    except ProviderError:
        return False
    return True
