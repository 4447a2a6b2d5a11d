"""The authorization response as a person pastes it: the whole address of the last page, or the code alone."""

import re
from urllib.parse import unquote, urlsplit

from kubelogin_py.errors import SignInError, StrayCallbackError
from kubelogin_py.oidc.authorization import QUERY_LIMIT, AuthorizationRequest, checked_code, read_callback
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

_QUOTES = "\"'`<>\u2018\u2019\u201c\u201d"
_PARAMETER = re.compile(r"(?:^|[?&])(?:code|state|error|iss)=")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_PORTS = {"http": 80, "https": 443}
_SHOWN = 200
_AGAIN = "paste the whole address of the page that was shown after signing in"


def read_pasted(text: Secret, request: AuthorizationRequest, metadata: Metadata) -> tuple[Secret, bool]:
    """Return the authorization code, and whether the state that came with it was checked.

    Quotes around it and white space anywhere in it, as from wrapped lines, are dropped; neither a code nor a URL
    has any. ``code#state``, as some pages show it, has its state checked too. A bare code copied out of an
    address bar is percent-decoded.

    :param text: what was pasted.
    :raises SignInError: nothing or too much was pasted, it belongs to another sign-in or address, or the person
        declined.
    :raises ProviderError: as ``read_callback``.
    """
    pasted = text.reveal()
    if len(pasted) > QUERY_LIMIT:
        raise SignInError(f"more than {QUERY_LIMIT} characters were pasted", hint=_AGAIN)
    pasted = "".join(pasted.split()).strip(_QUOTES)
    if not pasted:
        raise SignInError("nothing was pasted", hint=_AGAIN)
    if "://" in pasted or _PARAMETER.search(pasted):
        return _from_address(pasted, request, metadata), True
    code, mark, state = pasted.partition("#")
    if mark and Secret(state) != request.state:
        raise _foreign_state()
    return checked_code(unquote(code) if _ESCAPE.search(code) else code, metadata), bool(mark)


def _from_address(pasted: str, request: AuthorizationRequest, metadata: Metadata) -> Secret:
    # What follows ``#`` never reaches a server and is no part of a code response.
    address = pasted.partition("#")[0]
    location, mark, query = address.partition("?")
    if not mark and "://" not in address:
        location, query = "", address
    # A redirect URI that is no address, such as the out-of-band one, lets the provider choose the page.
    redirect_uri = request.redirect_uri or ""
    if location and "://" in redirect_uri and not _same_place(location, redirect_uri):
        raise SignInError(
            "the pasted address is not that of this sign-in",
            hint=f"{_AGAIN}; it begins with {printable(redirect_uri, _SHOWN)}",
        )
    try:
        return read_callback(query, request, metadata)
    except StrayCallbackError:
        raise _foreign_state() from None


def _foreign_state() -> SignInError:
    return SignInError(
        "what was pasted does not carry the state of this sign-in: it is incomplete, or from another sign-in",
        hint=f"{_AGAIN}, of this sign-in",
    )


def _same_place(location: str, redirect_uri: str) -> bool:
    """Compare scheme, host, port and path; browsers hide ``http://`` and add a lone slash."""
    if "://" not in location:
        location = f"{redirect_uri.partition('://')[0]}://{location}"
    try:
        return _place(location) == _place(redirect_uri)
    except ValueError:
        return False


def _place(url: str) -> tuple[str, str | None, int | None, str, bool]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme), parts.path or "/", "@" in parts.netloc
