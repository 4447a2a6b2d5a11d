"""The claims of an ID token, checked one by one (OpenID Connect Core sections 2 and 3.1.3.7)."""

from collections.abc import Mapping
from typing import Any

SKEW = 60.0
"""Seconds that the provider's clock may be ahead; the end of a token is not forgiven."""

SUBJECT_LIMIT = 255
"""Characters of ``sub`` (OpenID Connect Core section 2)."""

LONGEST = 10 * 366 * 86400.0
"""Seconds ahead that the end of a token may lie."""

_NEVER = 1e12
"""Seconds since 1970 that are no time any more; not a number and infinity are not below it either."""

Claims = Mapping[str, Any]


class TokenError(Exception):
    """The token is refused.

    :param reason: why, for the audit log.
    :param claims: its claims, if its signature was good; only then the bearer is told the reason, too.
    """

    def __init__(self, reason: str, claims: Claims | None = None) -> None:
        super().__init__(reason)
        self.reason, self.claims = reason, claims


class AudienceError(TokenError):
    """A good token, but of another client: no newer one will be better."""


def check_subject(claims: Claims) -> None:
    """Return if the token says who signed in."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LIMIT or not subject.isprintable():
        raise TokenError("sub is missing or malformed", claims)


def check_kind(claims: Claims) -> None:
    """Return if the claims are not those of an access or logout token, as Keycloak, Cognito and others mark them."""
    for name in ("typ", "token_use"):
        kind = claims.get(name)
        if isinstance(kind, str) and kind.lower() not in {"id", "jwt"}:
            raise TokenError(f"{name} {ascii(kind)[:40]} is not an ID token's", claims)
    if "events" in claims:
        raise TokenError("it is a logout token", claims)


def check_audience(claims: Claims, client_id: str) -> None:
    """Return if the token was issued to this client, and to no other one.

    :raises AudienceError: it was issued to another.
    """
    audience, party = claims.get("aud"), claims.get("azp")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not audiences or not all(isinstance(one, str) for one in audiences):
        raise TokenError("aud is missing or malformed", claims)
    if client_id not in audiences:
        raise AudienceError(f"aud {ascii(audiences)[:200]} does not have {client_id}", claims)
    if party is None and len(audiences) > 1:
        raise AudienceError("several audiences, and no azp says to whom it was issued", claims)
    if party is not None and party != client_id:
        raise AudienceError(f"azp {ascii(party)[:200]} is not {client_id}", claims)


def check_times(claims: Claims, now: float, max_age: float) -> float:
    """Return until when the token is good, in seconds since 1970.

    :param max_age: how long ago it may have been issued, in seconds; 0 for any time.
    """
    end, issued, begin = (_time(claims, name) for name in ("exp", "iat", "nbf"))
    if end is None or issued is None:
        raise TokenError("exp or iat is missing", claims)
    clocks = "; are the clocks of the provider and this server right?"
    if end > now + LONGEST:
        raise TokenError("exp is more than ten years ahead", claims)
    if end <= now:
        raise TokenError(f"expired {now - end:.0f} s ago", claims)
    if issued > now + SKEW:
        raise TokenError(f"issued {issued - now:.0f} s in the future{clocks}", claims)
    if begin is not None and begin > now + SKEW:
        raise TokenError(f"not valid for another {begin - now:.0f} s{clocks}", claims)
    if not max_age:
        return end
    if issued + max_age < now:
        raise TokenError(f"issued {now - issued:.0f} s ago, more than {max_age:.0f} s{clocks}", claims)
    return min(end, issued + max_age)


def _time(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _NEVER:
        raise TokenError(f"{name} is not a time", claims)
    return float(value)
