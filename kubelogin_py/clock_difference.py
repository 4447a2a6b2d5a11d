"""Whose clock is wrong, when the times in a token make no sense: the provider tells its own with every answer."""

from contextlib import suppress

from kubelogin_py.errors import Error, VerificationError
from kubelogin_py.oidc import discovery
from kubelogin_py.ports import World

NOTABLE = 30.0
"""Seconds from which a difference explains anything."""

_STEPS = frozenset({"expiry", "issued_at", "not_before", "auth_time"})
_LIMIT = 256 << 10
_UNITS = (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0))
_FROM = 2.0


def explained(error: VerificationError, *, issuer: str, world: World) -> VerificationError:
    """Return the error with a better hint, if it is about a time; the field ``Date`` decides nothing but words.

    :param issuer: whom to ask for the time (RFC 9110 section 6.6.1).
    """
    if error.step not in _STEPS:
        return error
    ahead = _ahead(issuer, world)
    if ahead is None:
        return error
    if abs(ahead) < NOTABLE:
        hint = "this machine's clock agrees with the provider's web server: look at the one that issues tokens"
    else:
        direction = "behind" if ahead > 0 else "ahead of"
        hint = f"this machine's clock is {_words(abs(ahead))} {direction} the provider's: set it right (date -u)"
    return VerificationError(error.message, step=error.step, hint=hint)


def _ahead(issuer: str, world: World) -> float | None:
    """Return by how many seconds the provider's clock is ahead of ours; ``None`` when it does not say."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 -- for this failure alone

    with suppress(Error, ValueError, TypeError):
        told = world.http.get(discovery.metadata_url(issuer), limit=_LIMIT).headers.get("date", "")
        return parsedate_to_datetime(told).timestamp() - world.clock.now()
    return None


def _words(seconds: float) -> str:
    for name, length in _UNITS:
        if seconds >= _FROM * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.0f} seconds"
