"""When a token is refreshed ahead: before a command must wait for it, and not right after an attempt that failed."""

from dataclasses import dataclass

from kubelogin_py.oidc import tokens
from kubelogin_py.session import Session

FIRST_REST = 30.0
"""Seconds without another attempt after the first one that failed; each further one doubles them."""

LONGEST_REST = 900.0
"""Seconds at most."""

_SHARE = 0.20
_LONGEST_LEAD = 300.0
_REMEMBERED = 7200.0


@dataclass(frozen=True, slots=True)
class Setback:
    """The last refresh ahead of a session, which failed.

    :param at: UTC seconds when it did.
    :param reason: why, printable.
    :param failures: how many there were one after the other, this one included.
    """

    at: float
    reason: str
    failures: int = 1

    @property
    def over_at(self) -> float:
        """UTC seconds from which the next attempt may be made."""
        return self.at + min(FIRST_REST * 2.0 ** min(self.failures - 1, 10), LONGEST_REST)

    def following(self, now: float, reason: str) -> "Setback":
        """Return the one that comes after this one; after some hours an earlier one counts for nothing."""
        return Setback(now, reason, self.failures + 1 if 0 <= now - self.at < _REMEMBERED else 1)


def due_at(session: Session, setback: Setback | None = None) -> float | None:
    """Return the UTC seconds from which a session is to be refreshed ahead; ``None`` when it must not be.

    That is the last fifth of the lifetime, at most five minutes, before the token stops being handed out. A refresh
    token that says when it may be used first is left alone until then: some providers end all of a user's sessions
    otherwise. One whose last answer was lost is left for the time it is really needed: a second use may end the
    session (RFC 9700 section 4.14.2).
    """
    token, until = session.refresh_token, session.usable_until
    if token is None or until is None or session.lifetime is None or session.refresh_sent_at is not None:
        return None
    lead = min(session.lifetime * _SHARE, _LONGEST_LEAD)
    due = max(until - lead, tokens.refresh_not_before(token) or 0.0, setback.over_at if setback else 0.0)
    return due if due < until else None
