"""The authorization request as a URL, and the authorization response as a code.

OpenID Connect Core section 3.1.2, RFC 6749 section 4.1, RFC 9207. Anybody can send a browser to our callback, so
the state decides first whether a response is ours at all, and only then is anything in it believed or shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote_plus, urlencode

from kubelogin_py.errors import (
    DeniedError,
    MetadataError,
    OAuthError,
    ProviderError,
    SettingsError,
    StrayCallbackError,
)
from kubelogin_py.oidc import pkce
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.error_response import described, oauth_error
from kubelogin_py.oidc.urls import check_browser_url, host_of
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

QUERY_LIMIT = 128 * 1024
"""Characters of a callback's query read at all."""

CODE_LIMIT = 8 * 1024
"""Characters of an authorization code accepted."""

_FIELDS = 64
_SHOWN = 200

# What binds the request to this client, this listener and this moment. A parameter from the command line that
# replaced one of these would switch a check off, and one that named a secret would put it into a URL.
PROTECTED_PARAMS = frozenset(
    {
        "client_id", "client_secret", "client_assertion", "client_assertion_type", "grant_type",
        "response_type", "response_mode", "redirect_uri", "scope", "state", "nonce", "request", "request_uri",
        "code", "code_verifier", "code_challenge", "code_challenge_method", "device_code", "refresh_token",
    }
)  # fmt: skip
"""Names, in lower case, that no extra parameter of a sign-in may have."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """One authorization request, and what its response and token request are held against.

    :param url: where the browser goes; it contains the state and nonce, so it is shown to the person only.
    :param redirect_uri: sent here, and again byte for byte with the code; ``None`` when none is sent.
    :param state: of 256 bits, for one response.
    :param nonce: of 256 bits, to come back in the ID token.
    :param code_verifier: to be sent with the code; ``None`` without PKCE.
    """

    url: str = field(repr=False)
    redirect_uri: str | None
    state: Secret
    nonce: Secret
    code_verifier: Secret | None


def build_request(
    metadata: Metadata,
    *,
    client_id: str,
    scope: str,
    redirect_uri: str | None,
    state: Secret,
    nonce: Secret,
    code_verifier: Secret | None,
    extra_params: Sequence[tuple[str, str]] = (),
) -> AuthorizationRequest:
    """Return the request for a code (Core section 3.1.2.1), its parameters sorted by name.

    ``access_type=offline`` is always sent: Google gives no refresh token without it, others ignore it.

    :param redirect_uri: sent as it is, without being normalised.
    :param code_verifier: ``None`` leaves PKCE out; the metadata has no say in it (RFC 9700 section 2.1.1).
    :param extra_params: added as they are, such as ``prompt`` or ``login_hint``.
    :raises MetadataError: no authorization endpoint, or one whose own query would contradict the request.
    :raises SettingsError: an extra parameter that would replace one the sign-in depends on.
    """
    endpoint = metadata.endpoint("authorization_endpoint")
    if metadata.require_pushed_authorization_requests:
        raise MetadataError(
            f"{host_of(metadata.issuer)} takes pushed authorization requests only, which are not supported here",
            hint="relax that requirement for this client, or use --grant-type=device-code",
        )
    check_extra_params(extra_params)
    parameters = {
        "access_type": "offline",
        "client_id": client_id,
        "nonce": nonce.reveal(),
        "response_type": "code",
        "scope": scope,
        "state": state.reveal(),
    }
    if redirect_uri is not None:
        parameters["redirect_uri"] = redirect_uri
    if code_verifier is not None:
        parameters["code_challenge"] = pkce.challenge(code_verifier)
        parameters["code_challenge_method"] = pkce.METHOD
    chosen = {name for name, _ in extra_params}
    pairs = [(name, value) for name, value in parameters.items() if name not in chosen]
    url = _merged(endpoint, sorted([*pairs, *extra_params], key=lambda pair: pair[0]), metadata)
    return AuthorizationRequest(
        check_browser_url(url, "authorization request"), redirect_uri, state, nonce, code_verifier
    )


def check_extra_params(
    extra_params: Sequence[tuple[str, str]], *, protected: frozenset[str] = PROTECTED_PARAMS
) -> None:
    """Let parameters of the user's own pass, except those the sign-in itself depends on.

    :param protected: their names, in lower case.
    :raises SettingsError: one is protected, nameless or not text.
    """
    for name, value in extra_params:
        # Some providers ignore the case of parameter names.
        if name.strip().lower() in protected:
            raise SettingsError(f"extra parameter {printable(name, _SHOWN)} is refused: the sign-in sets it itself")
        if not name or not _is_text(name + value):
            raise SettingsError(f"extra parameter {printable(name, _SHOWN)!r} is refused: not a name and text")


def read_callback(query: str, request: AuthorizationRequest, metadata: Metadata) -> Secret:
    """Return the authorization code of the response to this request (Core section 3.1.2.7, RFC 9207 section 2.4).

    :param query: raw query of the callback, without the question mark.
    :raises StrayCallbackError: without our state this is not our response, whatever else it says.
    :raises DeniedError: the person, or the provider for them, said no.
    :raises OAuthError: any other error response.
    :raises ProviderError: another issuer, a doubled or missing parameter, or tokens where a code belongs.
    """
    fields = _fields(query)
    states = fields.get("state", [])
    if len(states) != 1 or Secret(states[0]) != request.state:
        raise StrayCallbackError("callback without the state of this sign-in")
    issuer, error, code = (_single(fields, name, metadata) for name in ("iss", "error", "code"))
    _check_issuer(issuer, metadata, promised=metadata.iss_parameter_supported and not error)
    if {"access_token", "id_token"} & fields.keys() or (error and code):
        raise _contradiction("carries more than a code", metadata)
    if error:
        raise _refusal(error, _single(fields, "error_description", metadata), metadata)
    return checked_code(code, metadata)


def checked_code(code: str, metadata: Metadata) -> Secret:
    """Return an authorization code fit to be sent on: printable ASCII, of bearable length (RFC 6749 appendix A.11).

    :raises ProviderError: it is not.
    """
    if not code:
        raise _contradiction("has no code", metadata)
    if len(code) > CODE_LIMIT or not (code.isascii() and code.isprintable()):
        raise _contradiction("has a malformed code", metadata)
    return Secret(code)


def _is_text(text: str) -> bool:
    # Arguments that were not UTF-8 hold lone surrogates.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _merged(endpoint: str, pairs: Sequence[tuple[str, str]], metadata: Metadata) -> str:
    """Return the endpoint with the parameters added to its own (RFC 6749 section 3.1: none appears twice)."""
    base, _, own = endpoint.partition("?")
    names = {name for name, _ in pairs}
    kept = []
    for parameter in filter(None, own.split("&")):
        name = unquote_plus(parameter.partition("=")[0])
        if name.strip().lower() in PROTECTED_PARAMS:
            shown = printable(name, _SHOWN)
            raise MetadataError(f"authorization_endpoint of {host_of(metadata.issuer)} is refused: it sets {shown}")
        if name not in names:
            kept.append(parameter)
    try:
        return f"{base}?{'&'.join([*kept, urlencode(pairs)])}"
    except UnicodeEncodeError:
        raise SettingsError("client ID, scope or redirect URL is not valid UTF-8 text") from None


def _fields(query: str) -> dict[str, list[str]]:
    if len(query) > QUERY_LIMIT:
        raise StrayCallbackError(f"callback with more than {QUERY_LIMIT} characters")
    try:
        return parse_qs(query, keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise StrayCallbackError(f"callback with more than {_FIELDS} parameters") from None


def _single(fields: dict[str, list[str]], name: str, metadata: Metadata) -> str:
    """Return a parameter that comes once at most; empty is as if absent (RFC 6749 section 3.1)."""
    values = fields.get(name, [""])
    if len(values) != 1:
        raise _contradiction(f"has {name} more than once", metadata)
    return values[0]


def _check_issuer(issuer: str, metadata: Metadata, *, promised: bool) -> None:
    if not issuer and promised:
        raise _contradiction("does not name its issuer, though the provider's metadata promises it", metadata)
    if issuer and issuer != metadata.issuer:
        raise ProviderError(
            f"authorization response is of another issuer: {printable(issuer, _SHOWN)}, "
            f"not {printable(metadata.issuer, _SHOWN)}",
            hint="the code was not sent anywhere; sign in again, and tell the provider's administrator if it stays",
        )


def _contradiction(what: str, metadata: Metadata) -> ProviderError:
    return ProviderError(f"authorization response of {host_of(metadata.issuer)} {what}", hint="sign in again")


def _refusal(error: str, description: str, metadata: Metadata) -> OAuthError | DeniedError:
    host = host_of(metadata.issuer)
    refusal = oauth_error(error, description, what="sign-in", host=host)
    if error != "access_denied":
        return refusal
    return DeniedError(f"sign-in was denied or cancelled at {host}{described(description)}", hint=refusal.hint)
