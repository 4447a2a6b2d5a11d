"""Signing in: the ports the browser returns to, what the provider thinks of them, the browser, and the last attempt."""

import re
from urllib.parse import urlsplit

from kubelogin_py.doctor import probe
from kubelogin_py.doctor.finding import Finding, failed, failed_by, passed, skipped, warned
from kubelogin_py.doctor.known import Known
from kubelogin_py.doctor.network import words
from kubelogin_py.doctor.provider import cause_of
from kubelogin_py.errors import Error
from kubelogin_py.oidc.error_response import error_code
from kubelogin_py.oidc.urls import host_of, is_loopback
from kubelogin_py.response import Response
from kubelogin_py.settings import GrantType, Settings
from kubelogin_py.text import printable

_IN_BROWSER = (GrantType.AUTHCODE,)
_WITH_REDIRECT = (GrantType.AUTHCODE, GrantType.AUTHCODE_KEYBOARD)
_SHOWS_A_PAGE = (GrantType.AUTHCODE, GrantType.DEVICE_CODE)
_REFUSED = frozenset({400, 404, 422})
_ERRORS = 400
_IN_A_BROWSER = "sign in once and see what the provider's page says: kubelogin login"
_CODE = re.compile(r"was refused by [^:]*: (?P<code>[a-z_]+)")
# What a sign-in that failed says, and what stands behind it at any provider.
_REASONS = (
    ("invalid_client", "the client ID is unknown, or the provider wants a secret: the client is confidential there"),
    ("unauthorized_client", "this client may not use this grant"),
    ("invalid_scope", "a scope is requested that this client may not have"),
    ("access_denied", "the person refused, is in no group that may use this client, or a scope is not allowed"),
    ("invalid_grant", "the code was not taken: it was used twice, or too late"),
    ("invalid_request", "the provider takes the request for malformed"),
    ("redirect_uri", "the redirect URI is not registered"),
    (
        "not finished in time",
        "the browser never came back: an error page there (redirect URI not registered), or an old tab (state)",
    ),
    ("interrupted", "somebody ended it"),
    ("nonce", "the answer belongs to another sign-in: an old tab, or somebody between you and the provider"),
)


def redirect_ports(known: Known) -> Finding:
    """A port for the browser's return is free, at 127.0.0.1 and at ::1 (RFC 8252 section 7.3)."""
    if known.settings.login.chosen_grant not in _IN_BROWSER:
        return _not_needed("redirect-ports", known.settings)
    states = known.ports
    if isinstance(states, Error):
        return failed_by("redirect-ports", states, "the browser could not return", "correct --listen-address")
    taken = [f"{state.address} ({state.reason})" for state in states if state.reason]
    free = next((state for state in states if not state.reason), None)
    cure = "see who holds it: ss -ltnp; or choose another with --listen-address=127.0.0.1:PORT and register "
    cure += "http://localhost:PORT at the provider"
    astray = _astray(known.settings)
    if astray:
        return warned(
            "redirect-ports",
            astray,
            "the browser's return is received only where another program passes it on",
            "give --oidc-redirect-url and --listen-address the same port, or leave --oidc-redirect-url out",
        )
    if free is None:
        return failed("redirect-ports", f"none is free: {', '.join(taken)}", "the browser could not return", cure)
    if taken:
        return warned(
            "redirect-ports",
            f"{', '.join(taken)}; {free.address} is free",
            f"the browser returns to {probe.redirect_uri(known.settings, free.address)}, which must be registered, too",
            cure,
        )
    return passed("redirect-ports", f"{', '.join(state.address for state in states)} free on both families")


def _astray(settings: Settings) -> str:
    """Return that the redirect URL leads to no listen address, if it is so; in a container that may be meant."""
    url = settings.provider.redirect_url
    ports = {address.rpartition(":")[2] for address in settings.login.listen_addresses}
    if url is None or settings.login.remote_callback or not is_loopback(host_of(url)) or "0" in ports:
        return ""
    port = str(urlsplit(url).port or {"https": 443}.get(urlsplit(url).scheme, 80))
    return "" if port in ports else f"{url} leads to port {port}, and we listen on {', '.join(sorted(ports))}"


def registration(known: Known) -> Finding:
    """The provider knows the client and the redirect URI, as far as it tells without asking anybody."""
    settings, redirect = known.settings, probe.redirect_uri(known.settings)
    if settings.login.chosen_grant not in _WITH_REDIRECT:
        return _not_needed("registration", settings)
    if not redirect:
        return skipped("registration", "the port of the redirect URI is chosen anew each time")
    response = known.authorization_response
    if isinstance(response, Error):
        return warned("registration", response.message, cause_of(response.message), response.hint or _IN_A_BROWSER)
    return _answered(known, response, redirect)


def _answered(known: Known, response: Response, redirect: str) -> Finding:
    settings, code = known.settings, probe.error_at(response, redirect)
    client = f"client {settings.provider.client_id}, redirect URI {redirect}"
    if code is None and response.status in _REFUSED and error_code(response) not in probe.EXPECTED:
        return _refused(known, response, redirect)
    if code is None and response.status >= _ERRORS and response.status not in _REFUSED:
        found = f"the authorization endpoint answers with status {response.status}"
        return warned("registration", found, "what the browser will be shown is not known", _IN_A_BROWSER)
    if code is None:
        return passed("registration", f"{client}: the provider tells only in the browser whether it knows them")
    if code and code not in probe.EXPECTED:
        shown = printable(code, 60)
        return failed(
            "registration",
            f"the provider sends the browser back with {shown}",
            _reason(shown) or "it knows client and redirect URI, and refuses the request",
            known.hint(code, "compare scopes and extra parameters with what the client may have at the provider"),
        )
    return passed("registration", f"the provider knows {client}")


def browser(known: Known) -> Finding:
    """A browser comes up, and where somebody sees it."""
    settings = known.settings
    if settings.login.chosen_grant not in _SHOWS_A_PAGE or settings.login.skip_open_browser:
        return passed("browser", "none is opened")
    desktop = known.surroundings.desktop(settings)
    device = settings.login.chosen_grant is GrantType.DEVICE_CODE
    if device:
        return passed("browser", f"{desktop.browser or 'none here'}; any other device will do")
    cure = "add --grant-type=device-code, and confirm the code on any device"
    if not desktop.browser and settings.login.browser_command:
        return warned(
            "browser",
            f"{settings.login.browser_command} does not exist, or is no program",
            "the address to be opened is shown instead",
            "correct --browser-command, or leave it out",
        )
    if not desktop.browser:
        why = f" ({desktop.remote})" if desktop.remote else ""
        return warned("browser", f"no browser is found here{why}", "the address to be opened is shown instead", cure)
    if desktop.remote and settings.login.browser_command is None:
        return warned(
            "browser",
            f"{desktop.browser}, but this runs {desktop.remote}",
            "the browser comes up where nobody sees it, or can't return to this machine",
            cure,
        )
    return passed("browser", desktop.browser)


def last_sign_in(known: Known) -> Finding:
    """The last sign-in succeeded, as far as is remembered."""
    attempt, now = known.surroundings.attempt(known.settings), known.now
    again = known.subject.command("login")
    if attempt is None:
        return passed("last-sign-in", "none that failed is remembered")
    since = max(0.0, now - (attempt.began_at if attempt.ended_at is None else attempt.ended_at))
    if attempt.ended_at is None:
        return warned(
            "last-sign-in",
            f"one was begun {words(since)} ago and has not ended",
            "it waits in a browser, or its process was killed",
            f"finish it in the browser, or begin anew: {again}",
        )
    rest = attempt.rest(now)
    wait = f"; kubectl asks nobody again for {rest:.0f} seconds" if rest > 0 else ""
    code = _CODE.search(attempt.reason)
    symptom = code["code"] if code else "redirect_uri" if "not finished in time" in attempt.reason else ""
    cure = known.hint(symptom, _register(known, symptom)) if symptom else "see what the checks above say"
    return failed(
        "last-sign-in",
        f"it failed {words(since)} ago: {attempt.reason or 'nobody knows why'}",
        f"{_reason(attempt.reason) or 'the message is all that is known'}{wait}",
        f"{cure}; then: {again}",
    )


def _register(known: Known, symptom: str) -> str:
    if symptom == "redirect_uri":
        return f"register {' and '.join(_uris(known.settings))} for this client at the provider"
    if symptom == "invalid_client":
        return "check --oidc-client-id, and make the client public at the provider or pass --oidc-client-secret"
    return "compare the client at the provider with the options here"


def _refused(known: Known, response: Response, redirect: str) -> Finding:
    said = error_code(response)
    text = response.body[: probe.LIMIT].decode("utf-8", "replace").lower()
    about_client = said == "invalid_client" or (not re.search(r"redirect|callback", text) and "client" in text)
    what = f"client ID {known.settings.provider.client_id}" if about_client else f"redirect URI {redirect}"
    other = "a redirect URI that is not registered" if about_client else "a client ID that it does not know"
    advice = f"register {' and '.join(_uris(known.settings))} for this client, byte for byte, and check the client ID"
    return failed(
        "registration",
        f"the provider refuses the {what} (status {response.status}{f', {printable(said, 60)}' if said else ''})",
        f"it shows an error page (invalid callback URL, unknown client) in the browser; or it is {other}",
        known.hint("invalid_client" if about_client else "redirect_uri", advice),
    )


def _uris(settings: Settings) -> tuple[str, ...]:
    addresses = settings.login.listen_addresses
    found = (probe.redirect_uri(settings, address) for address in addresses)
    return tuple(dict.fromkeys(uri for uri in found if uri)) or ("the redirect URI",)


def _reason(text: str) -> str:
    return next((reason for words_, reason in _REASONS if words_ in text), "")


def _not_needed(check: str, settings: Settings) -> Finding:
    return passed(check, f"not needed for {settings.login.chosen_grant}")
