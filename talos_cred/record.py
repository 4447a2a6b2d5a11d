"""What is remembered of a context beside the talosconfig: who made it, what it was made with, what was seen.

It holds no secret: no token, no key and no client secret.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubelogin_py.oidc.strict_json import read_object
from talos_cred.checks import Credential, Known
from talos_cred.renewal import Validity

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """A context that this program made.

    :param context: its name.
    :param options: the options of the last login, by name, without secrets; how to do it again.
    :param profile: the profile it was made with, or empty.
    :param person: who signed in; foreign text.
    :param server: address of the exchange server.
    :param known: authority, nodes and roles seen last.
    :param validity: of the last certificate, from when it was issued, which may be later than its own date.
    :param session_key: under which the session is kept.
    :param used_token: SHA-256 of the ID token exchanged last, hexadecimal.
    :param previous: the current context before this one was made it.
    """

    context: str
    options: Mapping[str, Any] = field(default_factory=dict)
    profile: str = ""
    person: str = ""
    server: str = ""
    known: Known = field(default_factory=Known)
    validity: Validity | None = None
    session_key: str = ""
    used_token: str = ""
    previous: str = ""

    def renewed(self, credential: Credential, validity: Validity) -> "Record":
        """Return the record after a new certificate; a server that names no nodes takes none away.

        :param validity: from the issue to the end.
        """
        known = credential.known
        if not known.endpoints:
            known = replace(known, endpoints=self.known.endpoints)
        return replace(self, known=known, validity=validity)


def render(record: Record) -> bytes:
    """Return the record as it is kept."""
    validity = record.validity
    members = {
        "version": _VERSION,
        "context": record.context,
        "profile": record.profile,
        "options": dict(record.options),
        "person": record.person,
        "server": record.server,
        "authorities": record.known.authorities,
        "endpoints": record.known.endpoints,
        "roles": record.known.roles,
        "validity": [validity.not_before, validity.not_after] if validity else None,
        "session_key": record.session_key,
        "used_token": record.used_token,
        "previous": record.previous,
    }
    return json.dumps(members, indent=2).encode("ascii") + b"\n"


def read(contents: bytes) -> Record:
    """Return the record that was kept.

    :raises ValueError: it is none of this version; the text says why.
    """
    members = read_object(contents)
    if members.get("version") != _VERSION:
        raise ValueError("of another version of this program")
    options = members.get("options")
    if not isinstance(options, dict):
        raise ValueError("without options")  # noqa: TRY004 -- a bad value of a document
    return Record(
        **{name: _text(members, name) for name in _TEXTS},
        options=options,
        known=Known(*(_texts(members, name) for name in ("authorities", "endpoints", "roles"))),
        validity=_validity(members.get("validity")),
    )


_TEXTS = ("context", "profile", "person", "server", "session_key", "used_token", "previous")


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise ValueError(f"without {name}")  # noqa: TRY004 -- a bad value of a document
    return value


def _texts(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = members.get(name)
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ValueError(f"without {name}")
    return tuple(value)


def _validity(value: object) -> Validity | None:
    if value is None:
        return None
    if not isinstance(value, list) or [type(part) for part in value] not in ([float, float], [int, int]):
        raise ValueError("without validity")
    return Validity(float(value[0]), float(value[1]))
