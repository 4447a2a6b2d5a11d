"""A session as a document on disk, and back.

This is the only place where a session's secrets leave their type.
"""

import json
from typing import Any

from kubelogin_py import __version__
from kubelogin_py.errors import StorageError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session

FORMAT = 1
"""Raised whenever an older program would misread the document."""

# The year 5138: nothing beyond is a time, and all before it fits every system's file times.
_LAST_SECOND = 1e11


class BrokenRecordError(StorageError):
    """The document can't be read; the message is the reason and quotes nothing of it."""


class NewerRecordError(StorageError):
    """A newer version of this program wrote the document: it must be left alone."""


def render(session: Session) -> bytes:
    """Return the document of a session, one line."""
    members = {
        "format": FORMAT,
        "written_by": f"kubelogin-py {__version__}",
        "issuer": session.issuer,
        "client_id": session.client_id,
        "scope": session.scope,
        "nonce_sha256": session.nonce_sha256,
        "expires_at": session.expires_at,
        "lifetime": session.lifetime,
        "refresh_sent_at": session.refresh_sent_at,
        "id_token": _revealed(session.id_token),
        "access_token": _revealed(session.access_token),
        "refresh_token": _revealed(session.refresh_token),
        **({"account": session.account} if session.account else {}),
    }
    return json.dumps(members, separators=(",", ":")).encode("ascii") + b"\n"


def parse(document: bytes) -> Session:
    """Return the session of a document.

    :raises NewerRecordError: a newer version wrote it.
    :raises BrokenRecordError: it is damaged or not ours.
    """
    try:
        members = read_object(document)
    except ValueError as error:
        raise BrokenRecordError(str(error)) from None
    version = members.get("format")
    if type(version) is not int or version < 1:
        raise BrokenRecordError("no format number")
    if version > FORMAT:
        raise NewerRecordError(f"written by a newer version, in format {version}; this one reads {FORMAT}")
    return Session(
        issuer=_text(members, "issuer"),
        client_id=_text(members, "client_id"),
        scope=_text(members, "scope"),
        nonce_sha256=None if members.get("nonce_sha256") is None else _text(members, "nonce_sha256"),
        id_token=_secret(members, "id_token"),
        access_token=_secret(members, "access_token"),
        refresh_token=_secret(members, "refresh_token"),
        expires_at=_time(members, "expires_at"),
        lifetime=_time(members, "lifetime"),
        refresh_sent_at=_time(members, "refresh_sent_at"),
        account=None if members.get("account") is None else _text(members, "account"),
    )


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise BrokenRecordError(f"{name} is not a string")
    return value


def _secret(members: dict[str, Any], name: str) -> Secret | None:
    if members.get(name) is None:
        return None
    text = _text(members, name)
    if not text:
        raise BrokenRecordError(f"{name} is empty")
    return Secret(text)


def _time(members: dict[str, Any], name: str) -> float | None:
    value = members.get(name)
    if value is None:
        return None
    # A boolean is a number to Python.
    if type(value) not in (int, float) or not 0 <= value <= _LAST_SECOND:
        raise BrokenRecordError(f"{name} is not a time")
    return float(value)
