"""``kubelogin status``: who is signed in, until when, and where that is kept."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kubelogin_py import colour
from kubelogin_py.cli import plugin_call
from kubelogin_py.cli.binding import values_of
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.table import Row, table
from kubelogin_py.cli.times import local_time, relative, utc
from kubelogin_py.colour import Colour
from kubelogin_py.errors import SettingsError, VerificationError
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.session import Session
from kubelogin_py.storage.keys import session_key
from kubelogin_py.text import printable

if TYPE_CHECKING:
    from kubelogin_py.storage.overview import Kept

_ONE = frozenset({"context", "kubeconfig"})


def run(invocation: Invocation) -> None:
    """Write every session of the token cache, or that of one context, to standard output, without any token.

    Nothing is fetched, and nobody is asked.

    :raises SettingsError: a value can't be used, no home directory is known, or there is no such context.
    """
    parsed = invocation.parsed
    directory = values_of(invocation.rows, parsed, invocation.environment)["cache"]["directory"]
    what = "there is no session in"
    key = None
    if _ONE & set(parsed.given):
        directory, key = _place(invocation)
        what = f"there is no session of {_context_shown(parsed.text('context'))} in"
    if directory is None:
        raise SettingsError("no home directory is known", hint="set HOME, or pass --token-cache-dir")
    found = [kept for kept in invocation.kept_sessions(directory) if key in (None, kept.key)]
    contexts = _contexts(invocation, directory)
    now = time.time()
    if parsed.text("output") == "json":
        text = json.dumps([_document(kept, contexts.get(kept.key, ()), now) for kept in found], indent=2)
    elif found:
        text = _tables(invocation, [_rows(kept, contexts.get(kept.key, ()), now) for kept in found])
    else:
        text = f"nobody is signed in: {what} {printable(str(directory))}"
    invocation.stdout.write(f"{text}\n".encode())


def _place(invocation: Invocation) -> tuple[Path | None, str]:
    """Return the cache directory and the session's key of the context that is meant."""
    parsed = invocation.parsed
    paths = plugin_call.locations(invocation)
    settings = plugin_call.of_context(paths, parsed.text("context"), invocation.environment).settings()
    named = values_of(invocation.rows, parsed, invocation.environment)["cache"]["directory"]
    return named if "token-cache-dir" in parsed.given else settings.cache.directory, session_key(settings)


def _context_shown(name: str) -> str:
    return f'context "{printable(name)}"' if name else "the current context"


def _contexts(invocation: Invocation, directory: Path) -> Mapping[str, Sequence[str]]:
    """Return the names of the contexts that use a session, by its key."""
    found: dict[str, list[str]] = {}
    for call in plugin_call.of_all_contexts(invocation):
        try:
            settings = call.settings()
        except SettingsError:
            continue
        if settings.cache.directory == directory:
            found.setdefault(session_key(settings), []).append(call.context)
    return found


def _claims(session: Session) -> Claims | None:
    from kubelogin_py.oidc import id_token  # noqa: PLC0415 -- with it comes a library

    try:
        return id_token.read_unverified(session.id_token) if session.id_token else None
    except VerificationError:
        return None


def _document(kept: "Kept", contexts: Sequence[str], now: float) -> dict[str, object]:
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
        "contexts": list(contexts),
        "expires_at": None if expires_at is None else utc(expires_at),
        "expires_in": None if expires_at is None else int(expires_at - now),
        "refresh_token": bool(session and session.refresh_token),
        "storage": "keyring" if kept.sealed else "disk",
        "file": str(kept.file),
        "answers": kept.answers,
        "fault": kept.fault or None,
        "refresh_ahead_failure": setback
        and {"at": utc(setback.at), "reason": setback.reason, "failures": setback.failures},
    }


def _tables(invocation: Invocation, sessions: Sequence[Sequence[Row]]) -> str:
    stdout = invocation.stdout
    coloured = colour.is_wanted(invocation.environment, is_terminal=stdout.is_terminal())
    width = stdout.width()
    return "\n\n".join(table(rows, width=width, coloured=coloured) for rows in sessions)


def _rows(kept: "Kept", contexts: Sequence[str], now: float) -> Sequence[Row]:
    session, setback = kept.session, kept.setback
    users = [Row("contexts", ", ".join(contexts))] if contexts else []
    if session is None:
        return [Row("who", "unknown"), Row("fault", kept.fault, Colour.RED), *users, Row("stored", _stored(kept))]
    claims = _claims(session)
    groups = ", ".join(claims.groups) if claims and claims.groups else "none"
    rows = [
        Row("who", _who(claims) if claims else "unknown: there is no ID token", Colour.BOLD),
        *([Row("account", session.account)] if session.account else ()),
        Row("issuer", session.issuer),
        Row("client", session.client_id),
        *users,
        _expiry(session.expires_at, now),
        Row("groups", groups),
        Row("refresh", "there is a refresh token" if session.refresh_token else "no: the next time is a new sign-in"),
        Row("stored", _stored(kept)),
    ]
    if setback is not None:
        when = f"{relative(setback.at - now)} ({local_time(setback.at)})"
        rows.append(Row("warning", f"the last refresh ahead failed {when}: {setback.reason}", Colour.YELLOW))
    return rows


def _who(claims: Claims) -> str:
    return claims.person if claims.person == claims.subject else f"{claims.person} ({claims.subject})"


def _expiry(expires_at: float | None, now: float) -> Row:
    if expires_at is None:
        return Row("expires", "nobody said when", Colour.YELLOW)
    text = f"{relative(expires_at - now)} ({local_time(expires_at)})"
    if expires_at > now:
        return Row("expires", text, Colour.GREEN)
    return Row("expires", f"{text}, so the next command refreshes it or signs in", Colour.YELLOW)


def _stored(kept: "Kept") -> str:
    sealed = ", sealed with a key in the keyring" if kept.sealed else ""
    beside = f", with {kept.answers} finished answer{'' if kept.answers == 1 else 's'}" if kept.answers else ""
    return f"{kept.file}{sealed}{beside}"
