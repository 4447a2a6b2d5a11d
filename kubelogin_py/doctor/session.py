"""The cached session: who it is, until when, and how it goes on."""

from kubelogin_py.doctor.finding import Finding, failed, passed, warned
from kubelogin_py.doctor.known import Known
from kubelogin_py.doctor.network import words
from kubelogin_py.errors import Error
from kubelogin_py.oidc.claims import utc
from kubelogin_py.session import Session
from kubelogin_py.settings import GrantType

_SIGN_IN = {
    GrantType.AUTHCODE: "open the browser",
    GrantType.AUTHCODE_KEYBOARD: "show an address and ask for what comes back",
    GrantType.DEVICE_CODE: "show a code to be confirmed",
    GrantType.PASSWORD: "ask for the password",
    GrantType.CLIENT_CREDENTIALS: "get a token without asking anybody",
}


def session(known: Known) -> Finding:
    """Somebody is signed in, or will be without being asked."""
    found, again = known.session, known.subject.command("login")
    if isinstance(found, Error):
        return warned("session", found.message, "it can't be used: the next command signs in anew", found.hint or again)
    if found is None:
        return warned("session", "nobody is signed in here", _anew(known), again)
    if found.presented_token is None:
        return warned("session", "a session without a token", "the next command signs in anew", again)
    finding, damage = _of_session(known, found), known.surroundings.damage(known.settings)
    if not damage:
        return finding
    return warned(
        "session",
        f"{finding.found}; {damage}",
        "a full disk or a crash may have done it; its copy, which is whole, takes its place",
        f"any command of kubectl puts it right, or: {again}",
    )


def _of_session(known: Known, found: Session) -> Finding:
    who = _who(known, found)
    if found.expires_at is None:
        return passed("session", f"{who}; nobody said how long the token lives")
    left = found.expires_at - known.now
    if left > 0:
        refresh = "with" if found.refresh_token else "without"
        return passed("session", f"{who}, for {words(left)} (until {utc(found.expires_at)}), {refresh} a refresh token")
    over = f"{who}; the token expired {words(-left)} ago ({utc(found.expires_at)})"
    if found.refresh_token:
        return passed("session", f"{over}, and the next command refreshes it")
    return warned(
        "session",
        f"{over}, and there is no refresh token",
        _anew(known),
        known.subject.command("login"),
    )


def refresh(known: Known) -> Finding:
    """The refresh token's fate is known, and refreshing in the background works."""
    found, again = known.session, known.subject.command("login")
    if not isinstance(found, Session) or found.refresh_token is None:
        return passed("refresh", "there is nothing to be refreshed")
    if found.refresh_sent_at is not None:
        return warned(
            "refresh",
            f"the refresh token was sent at {utc(found.refresh_sent_at)}, and no answer came back",
            "the provider may have used it up: the next command tries it once, and else signs in anew",
            again,
        )
    setback = known.surroundings.setback(known.settings)
    if setback is not None:
        ago = words(max(0.0, known.now - setback.at))
        return failed(
            "refresh",
            f"the last refresh in the background failed {ago} ago: {setback.reason}",
            "the next command refreshes in the foreground, and may fail as well",
            again,
        )
    return passed("refresh", "the refresh token has not been used yet")


def _anew(known: Known) -> str:
    return f"kubectl will {_SIGN_IN[known.settings.login.chosen_grant]}"


def _who(known: Known, found: Session) -> str:
    claims = known.claims
    if claims is None:
        return f"client {found.client_id}"
    return claims.subject if claims.person == claims.subject else f"{claims.person} ({claims.subject})"
