"""``kubelogin status``: who is signed in, until when, and where that is kept."""

import json
import textwrap
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kubelogin_py.cli.binding import notes, values_of
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.times import local_time, relative, utc
from kubelogin_py.errors import SettingsError, VerificationError
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.session import Session
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from kubelogin_py.storage.overview import Kept

_LABEL = 10
_NARROWEST = 30


def run(invocation: Invocation) -> None:
    """Write every session of the token cache directory to standard output, without any token; nothing is fetched.

    :raises SettingsError: a value can't be used, or no home directory is known.
    """
    parsed = invocation.parsed
    if parsed.number("v") >= 1:
        for note in notes(invocation.rows, parsed):
            invocation.stderr.line(note)
    directory = values_of(invocation.rows, parsed, invocation.environment)["cache"]["directory"]
    if directory is None:
        raise SettingsError("no home directory is known", hint="set HOME, or pass --token-cache-dir")
    found = invocation.kept_sessions(directory)
    now = time.time()
    if parsed.text("output") == "json":
        text = json.dumps([_document(kept, now) for kept in found], indent=2)
    elif found:
        width = invocation.stdout.width()
        text = "\n\n".join(_table(kept, now, width) for kept in found)
    else:
        text = f"nobody is signed in: there is no session in {printable(str(directory))}"
    invocation.stdout.write(f"{text}\n".encode())


def _claims(session: Session) -> Claims | None:
    from kubelogin_py.oidc import id_token  # noqa: PLC0415 -- with it comes a library

    try:
        return id_token.read_unverified(session.id_token) if session.id_token else None
    except VerificationError:
        return None


def _document(kept: "Kept", now: float) -> dict[str, object]:
    session, setback = kept.session, kept.setback
    claims = _claims(session) if session else None
    expires_at = session.expires_at if session else None
    return {
        "subject": claims.subject if claims else None,
        "email": claims.email if claims else None,
        "groups": list(claims.groups) if claims else [],
        "issuer": session.issuer if session else None,
        "client_id": session.client_id if session else None,
        "account": session.account if session else None,
        "expires_at": None if expires_at is None else utc(expires_at),
        "expires_in": None if expires_at is None else int(expires_at - now),
        "refresh_token": bool(session and session.refresh_token),
        "storage": "keyring" if kept.sealed else "disk",
        "file": str(kept.file),
        "fault": kept.fault or None,
        "refresh_ahead_failure": setback
        and {"at": utc(setback.at), "reason": setback.reason, "failures": setback.failures},
    }


def _table(kept: "Kept", now: float, width: int | None) -> str:
    lines = []
    for label, value in _rows(kept, now):
        text = printable(value, len(value))
        room = max(_NARROWEST, width or 10**6) - _LABEL
        first, *rest = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
        lines += [f"{label:<{_LABEL}}{first}".rstrip(), *(" " * _LABEL + line for line in rest)]
    return "\n".join(lines)


def _rows(kept: "Kept", now: float) -> Sequence[tuple[str, str]]:
    session, setback = kept.session, kept.setback
    if session is None:
        return [("who", "unknown"), ("fault", kept.fault), ("stored", _place(kept))]
    claims = _claims(session)
    rows = [
        ("who", _who(claims) if claims else "unknown: there is no ID token"),
        ("issuer", session.issuer),
        ("client", session.client_id),
        *([("account", session.account)] if session.account else ()),
        ("expires", _expiry(session.expires_at, now)),
        ("groups", ", ".join(claims.groups) if claims and claims.groups else "none"),
        ("refresh", "there is a refresh token" if session.refresh_token else "no: the next time is a new sign-in"),
        ("stored", _place(kept)),
    ]
    if setback is not None:
        when = f"{relative(setback.at - now)} ({local_time(setback.at)})"
        rows.append(("warning", f"the last refresh ahead failed {when}: {setback.reason}"))
    return rows


def _who(claims: Claims) -> str:
    return claims.person if claims.person == claims.subject else f"{claims.person} ({claims.subject})"


def _expiry(expires_at: float | None, now: float) -> str:
    if expires_at is None:
        return "nobody said when"
    text = f"{relative(expires_at - now)} ({local_time(expires_at)})"
    return text if expires_at > now else f"{text}, so the next command refreshes it or signs in"


def _place(kept: "Kept") -> str:
    return f"{kept.file}{', sealed with a key in the keyring' if kept.sealed else ''}"
