"""The pages a person sees after the browser's part, as pure functions that return HTML.

Every word from outside is cut, made printable and escaped. There is no script and nothing is loaded: the policy
below allows the one style sheet by its hash and nothing else (Content Security Policy Level 3).
"""

import base64
import hashlib
import html
import re

from kubelogin_py.errors import SettingsError
from kubelogin_py.text import printable

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:0;font:1.0625rem/1.6 system-ui,sans-serif;background:Canvas;color:CanvasText}"
    "main{max-width:34rem;margin:12vh auto;padding:0 1.5rem}"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}"
    "dl{margin:0 0 1rem}dt{opacity:.75}dd{margin:0 0 .5rem;font-weight:600;overflow-wrap:anywhere}"
    "p{margin:0 0 1rem;overflow-wrap:anywhere}"
)

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The header that belongs to every page here."""

# A meta refresh ends its URL at a quote or a blank, so neither may be in it.
_NEXT_URL = re.compile(r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://[A-Za-z0-9\[][!#-&(-;=?-\[\]-~]*")
_QUOTED = {"'": "%27", '"': "%22"}


def signed_in(who: str, issuer: str, *, next_url: str | None = None) -> str:
    """Return the page after a verified sign-in.

    :param who: name of the person as the token gives it; may be empty.
    :param issuer: issuer of the token.
    :param next_url: https page to go on to at once, chosen by the user beforehand.
    :raises SettingsError: ``next_url`` is not a plain https URL.
    """
    name = f"<dt>Signed in as</dt><dd>{_shown(who)}</dd>" if who else ""
    facts = f"<dl>{name}<dt>At</dt><dd>{_shown(issuer)}</dd></dl>"
    if next_url is None:
        return _page("Authenticated", f"{facts}<p>You can close this window and go back to the terminal.</p>")
    address = html.escape(check_next_url(next_url))
    return _page(
        "Authenticated",
        f'{facts}<p>Go on to <a href="{address}" rel="noreferrer">{address}</a>.</p>',
        head=f'<meta http-equiv="refresh" content="0;URL={address}">',
    )


def check_next_url(next_url: str, *, http: bool = False) -> str:
    """Return the page to go on to, if nothing in it could lead elsewhere.

    :param http: accept http, too.
    :raises SettingsError: it is not a plain https URL.
    """
    match = _NEXT_URL.fullmatch(next_url)
    if match is None or not (http or match["scheme"].lower() == "https"):
        raise SettingsError(
            f"page to open after the sign-in is refused: {printable(next_url, 200)}", hint="give a plain https:// URL"
        )
    return next_url


def signing_out(issuer: str, url: str) -> str:
    """Return the page that leads on to the provider, where the person's session in this browser is ended.

    The address names the session by its ID token, so it is not shown.

    :param issuer: whose session it is.
    :param url: through ``urls.check_browser_url``.
    """
    address = html.escape("".join(_QUOTED.get(character, character) for character in url))
    return _page(
        "Signing out",
        f'<p>Go on to <a href="{address}" rel="noreferrer">{_shown(issuer)}</a> to sign out there, too.</p>',
        head=f'<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;URL={address}">',
    )


def failed(reason: str, advice: str) -> str:
    """Return the page after a sign-in that did not succeed.

    :param reason: what went wrong.
    :param advice: what to do next; may be empty.
    """
    what_next = f"<p>{_shown(advice)}</p>" if advice else ""
    return _page(
        "Sign-in failed",
        f"<p>{_shown(reason)}</p>{what_next}<p>The terminal says more. You can close this window.</p>",
    )


def already_finished() -> str:
    """Return the page for a second answer: the first one was taken."""
    return _page(
        "Already finished",
        "<p>This sign-in has had its answer. Look at the terminal, or at the window that was first.</p>"
        "<p>You can close this window.</p>",
    )


def stray() -> str:
    """Return the page for a request that does not belong to the sign-in under way."""
    return _page(
        "Not this sign-in",
        "<p>This page was opened by something other than the sign-in that is waiting here; it was ignored.</p>"
        "<p>Go on in the window where you sign in, or start the command again.</p>",
    )


def _shown(foreign: str) -> str:
    return html.escape(printable(foreign))


def _page(title: str, body: str, *, head: str = "") -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n{head}<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
