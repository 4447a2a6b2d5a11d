"""The claims of an ID token with the types they must have (Core section 2)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Self

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc.strict_json import kind

SUBJECT_LIMIT = 255
"""Characters of a subject accepted (Core section 2)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Claims:
    """What an ID token says.

    :param issuer: ``iss``.
    :param subject: ``sub``: who signed in, unique at this issuer.
    :param audience: ``aud``, always as a tuple.
    :param expires_at: ``exp``, UTC seconds.
    :param issued_at: ``iat``, UTC seconds.
    :param raw: all claims, read-only.
    :param warnings: what the person should know about a token that is accepted.
    """

    issuer: str
    subject: str
    audience: tuple[str, ...]
    expires_at: float
    issued_at: float
    raw: Mapping[str, Any] = field(repr=False)
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(cls, payload: Mapping[str, Any], *, warnings: tuple[str, ...] = ()) -> Self:
        """Return the claims of a payload whose mandatory claims are all there and of the right type.

        :raises VerificationError: steps ``issuer``, ``subject``, ``audience``, ``expiry`` and ``issued_at``.
        """
        return cls(
            issuer=_issuer(payload),
            subject=_subject(payload),
            audience=_audience(payload),
            expires_at=_mandatory_time(payload, "exp", step="expiry"),
            issued_at=_mandatory_time(payload, "iat", step="issued_at"),
            raw=MappingProxyType(dict(payload)),
            warnings=warnings,
        )

    @property
    def lifetime(self) -> float:
        """Seconds from issue to expiry, never negative."""
        return max(0.0, self.expires_at - self.issued_at)

    @property
    def email(self) -> str | None:
        """The ``email`` claim, if it is text."""
        return self._text("email")

    @property
    def groups(self) -> tuple[str, ...]:
        """The ``groups`` claim: one string or a list of strings; anything else is no group."""
        value = self.raw.get("groups")
        found = [value] if isinstance(value, str) else value
        return tuple(group for group in found if isinstance(group, str)) if isinstance(found, list) else ()

    @property
    def person(self) -> str:
        """What to call the person on screen: email, preferred username, name or subject; not yet sanitised."""
        return self.email or self._text("preferred_username") or self._text("name") or self.subject

    def _text(self, name: str) -> str | None:
        value = self.raw.get(name)
        return value if isinstance(value, str) and value else None


def time_claim(payload: Mapping[str, Any], name: str, *, step: str, what: str = "ID token") -> float | None:
    """Return a NumericDate in UTC seconds, ``None`` when absent (RFC 7519 section 2); fractions are fine.

    :param what: what to call the token in messages.
    :raises VerificationError: it is not a finite number.
    """
    if name not in payload:
        return None
    value = payload[name]
    # A bool is an int in Python, and ``True`` would be the first second of 1970.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise VerificationError(f"the {name} claim of the {what} is {kind(value)}, not a number", step=step)
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise VerificationError(f"the {name} claim of the {what} is not a finite number", step=step)
    return seconds


def utc(seconds: float) -> str:
    """Return UTC seconds as people read them: ``2026-08-22 10:00:00 UTC``."""
    try:
        return f"{_EPOCH + timedelta(seconds=round(seconds)):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:
        return f"{seconds:.0f} seconds after 1970"


def _mandatory_time(payload: Mapping[str, Any], name: str, *, step: str) -> float:
    seconds = time_claim(payload, name, step=step)
    if seconds is None:
        raise VerificationError(f"the ID token has no {name} claim", step=step)
    return seconds


def _text(payload: Mapping[str, Any], name: str, *, step: str) -> str:
    if name not in payload:
        raise VerificationError(f"the ID token has no {name} claim", step=step)
    value = payload[name]
    if not isinstance(value, str):
        raise VerificationError(f"the {name} claim of the ID token is {kind(value)}, not a string", step=step)
    if not value:
        raise VerificationError(f"the {name} claim of the ID token is empty", step=step)
    return value


def _issuer(payload: Mapping[str, Any]) -> str:
    return _text(payload, "iss", step="issuer")


def _subject(payload: Mapping[str, Any]) -> str:
    subject = _text(payload, "sub", step="subject")
    if len(subject) > SUBJECT_LIMIT:
        raise VerificationError(
            f"the sub claim of the ID token has {len(subject)} characters, more than {SUBJECT_LIMIT}", step="subject"
        )
    if not (subject.isascii() and subject.isprintable()):
        raise VerificationError(
            "the sub claim of the ID token has characters other than printable ASCII",
            step="subject",
            hint="let the provider use an identifier as subject, not a name (OpenID Connect Core section 2)",
        )
    return subject


def _audience(payload: Mapping[str, Any]) -> tuple[str, ...]:
    if "aud" not in payload:
        raise VerificationError("the ID token has no aud claim", step="audience")
    value = payload["aud"]
    audience = [value] if isinstance(value, str) else value
    if not isinstance(audience, list) or not all(isinstance(name, str) for name in audience):
        found = "a list with something else than strings" if isinstance(value, list) else kind(value)
        raise VerificationError(f"the aud claim of the ID token is {found}", step="audience")
    if not audience:
        raise VerificationError("the aud claim of the ID token is an empty list", step="audience")
    return tuple(audience)
