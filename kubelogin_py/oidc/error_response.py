"""OAuth error responses, turned into errors with the next step (RFC 6749 sections 4.1.2.1 and 5.2).

The code and its description are the provider's words: shown escaped and cut, never acted on beyond the codes the
specifications register.
"""

from typing import Any

from kubelogin_py.errors import OAuthError, ProviderError, TransientError
from kubelogin_py.oidc.documents import OK, read_json, refuse_transient
from kubelogin_py.oidc.urls import host_of
from kubelogin_py.response import Response
from kubelogin_py.text import printable

_CODE_LENGTH = 100
_REDIRECTS = range(300, 400)
_GONE = frozenset({404, 405, 410})

_TEMPORARY = frozenset({"server_error", "temporarily_unavailable"})

_ASKING = "the provider wants to ask something first: sign in again, without prompt=none"

_HINTS = {
    "invalid_client": "check the client ID and secret; a public client is registered without a secret, "
    "and a confidential one needs it",
    "unauthorized_client": "the provider does not allow this client to sign in this way: enable the grant for it",
    "unsupported_grant_type": "enable this grant at the provider, or choose another --grant-type",
    "unsupported_response_type": "enable the authorization code flow for this client at the provider",
    "invalid_scope": "check --oidc-extra-scope: some providers refuse offline_access or any scope not set up "
    "for the client",
    "invalid_grant": "the code or token was expired, used before, or given to another client or redirect URI: "
    "sign in again",
    "invalid_request": "check that the redirect URI and the client type are registered as they are used here",
    "redirect_uri_mismatch": "register exactly the redirect URI used here at the provider",
    "access_denied": "was it you who declined? if not, ask whether you and the scopes asked for are allowed",
    "expired_token": "sign in again, and confirm the code while it is valid",
    "invalid_target": "check the resource parameter",
    "login_required": _ASKING,
    "interaction_required": _ASKING,
    "consent_required": _ASKING,
    "account_selection_required": _ASKING,
    "server_error": "this may be temporary: try again in a moment",
    "temporarily_unavailable": "this is temporary: try again in a moment",
}


def oauth_error(code: str, description: object, *, what: str, host: str) -> OAuthError:
    """Return the error for an error code, with the sanitised description and a hint for the usual causes.

    :param code: ``error`` as received; codes nobody registered are shown all the same.
    :param description: ``error_description`` as received; anything but a string is left out.
    :param what: the request, for the message, such as ``token request``.
    :param host: host of the provider.
    """
    shown = printable(code, _CODE_LENGTH)
    return OAuthError(
        f"{what} was refused by {host}: {shown}{described(description)}", error=shown, hint=_HINTS.get(code)
    )


def described(description: object) -> str:
    """Return `` (description)`` printable, or nothing when there is none."""
    return f" ({printable(description)})" if isinstance(description, str) and description.strip() else ""


def error_code(response: Response) -> str | None:
    """Return the ``error`` of an error response of any status, for a decision; ``None`` when it has none."""
    try:
        code = read_json(response, "").get("error")
    except ProviderError:
        return None
    return code if isinstance(code, str) and code else None


def read_answer(response: Response, what: str) -> dict[str, Any]:
    """Return the JSON object of a successful answer to a form we posted.

    An error object is an error with any status; some providers send it with 200.

    :param what: the request, for messages, such as ``token request``.
    :raises TransientError: 408, 429, 5xx, or an error code that says so.
    :raises OAuthError: the provider's error.
    :raises ProviderError: a redirect, or anything else that is neither an answer nor an OAuth error.
    """
    refuse_transient(response, what)
    if response.status in _REDIRECTS:
        # Following it would carry the code, the secret or the refresh token elsewhere (RFC 9700 section 4.12).
        raise ProviderError(f"{what}: {response.url} answered with a redirect, which is never followed")
    if response.status != OK:
        raise _failure(response, what)
    document = read_json(response, what)
    if document.get("error") is not None:
        raise _refusal(document, response, what)
    return document


def _failure(response: Response, what: str) -> ProviderError | TransientError:
    try:
        document = read_json(response, what)
    except ProviderError:
        document = {}
    if document.get("error") is not None:
        return _refusal(document, response, what)
    hint = "does the provider offer this, and is the issuer URL right?" if response.status in _GONE else None
    return ProviderError(f"{what}: {response.url} answered with status {response.status} and no OAuth error", hint=hint)


def _refusal(document: dict[str, Any], response: Response, what: str) -> ProviderError | TransientError:
    code, host = document["error"], host_of(response.url)
    if not isinstance(code, str) or not code:
        return ProviderError(f"{what}: {host} answered with an error response whose error is not a name")
    error = oauth_error(code, document.get("error_description"), what=what, host=host)
    if code in _TEMPORARY:
        return TransientError(error.message, hint=error.hint)
    return error
