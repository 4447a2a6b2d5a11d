"""Ending the person's session in the browser (OpenID Connect RP-Initiated Logout 1.0)."""

from urllib.parse import unquote_plus, urlencode

from kubelogin_py.oidc.urls import LIMIT, check_browser_url
from kubelogin_py.secret import Secret

_ENCODED = 2 * 1024


def end_session_url(endpoint: str, *, client_id: str, id_token: Secret | None) -> str:
    """Return where the browser signs the person out (section 2); the endpoint's own query stays.

    No address to come back to is sent: it would have to be registered, and nothing is waiting for it.

    :param endpoint: ``end_session_endpoint``, checked.
    :param id_token: names the session to be ended, expired or not; left out where it would make the URL too long,
        so that the provider asks the person instead.
    :raises ProviderError: it is no URL for a browser.
    """
    pairs = [("client_id", client_id)]
    if id_token is not None and len(endpoint) + len(id_token.reveal()) + _ENCODED <= LIMIT:
        pairs.append(("id_token_hint", id_token.reveal()))
    base, _, own = endpoint.partition("?")
    names = {"client_id", "id_token_hint"}
    kept = [part for part in own.split("&") if part and unquote_plus(part.partition("=")[0]) not in names]
    return check_browser_url(f"{base}?{'&'.join([*kept, urlencode(pairs)])}", "sign-out address")
