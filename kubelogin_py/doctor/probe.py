"""An authorization request that asks nobody: what a provider says to it tells whether it knows client and redirect URI.

``prompt=none`` forbids the provider to show a page (Core section 3.1.2.1). For a client and a redirect URI that it
knows it answers with a redirect back to there, and an error such as ``login_required``; with a page of its own
otherwise. Nobody signs in, and a code could not be redeemed: its verifier is known to all.
"""

from urllib.parse import parse_qs, urlsplit

from kubelogin_py.oidc import authorization
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.settings import DEFAULT_LISTEN_ADDRESSES, PkceMethod, Settings

LIMIT = 1 << 20
"""Bytes of the answer read at most: it may be a page."""

EXPECTED = frozenset({"login_required", "interaction_required", "consent_required", "account_selection_required"})
"""Errors that say that everything is right but nobody was asked (Core section 3.1.2.6)."""

_MARK = "kubelogin-doctor-asks-nobody-and-keeps-nothing-at-all"
_REDIRECTION = range(300, 400)


def redirect_uri(settings: Settings, address: str = "") -> str:
    """Return the redirect URI of a sign-in; empty when it has a port that is not known before.

    :param address: the listen address that would be used; the first one by default.
    """
    if settings.provider.redirect_url:
        return settings.provider.redirect_url
    addresses = settings.login.listen_addresses or DEFAULT_LISTEN_ADDRESSES
    port = (address or addresses[0]).rpartition(":")[2]
    scheme = "https" if settings.login.local_server_cert else "http"
    return "" if port == "0" else f"{scheme}://{settings.provider.redirect_host}:{port}"


def url(metadata: Metadata, settings: Settings) -> str:
    """Return the URL of the request.

    :raises Error: there can be none.
    """
    given = [(name, value) for name, value in settings.provider.extra_params if name != "prompt"]
    request = authorization.build_request(
        metadata,
        client_id=settings.provider.client_id,
        scope=settings.provider.scope,
        redirect_uri=redirect_uri(settings),
        state=Secret(_MARK),
        nonce=Secret(_MARK),
        code_verifier=None if settings.provider.pkce is PkceMethod.NO else Secret(_MARK),
        extra_params=[*given, ("prompt", "none")],
    )
    return request.url


def error_at(response: Response, redirect: str) -> str | None:
    """Return the error code with which a provider sends back to the redirect URI; ``None`` when it does not.

    A redirect without an error has an empty one.
    """
    target = response.headers.get("location", "")
    if response.status not in _REDIRECTION or not target:
        return None
    try:
        came, wanted = urlsplit(target), urlsplit(redirect)
    except ValueError:
        return None
    # A browser adds the slash that an empty path stands for; so do some providers.
    if (came.scheme, came.netloc, came.path or "/") != (wanted.scheme, wanted.netloc, wanted.path or "/"):
        return None
    return parse_qs(came.query).get("error", [""])[0]
