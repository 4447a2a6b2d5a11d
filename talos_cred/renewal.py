"""When to renew a certificate, and how long to wait after which failure: a pure state machine.

Times are of the wall clock, since a certificate expires by it, also while the machine sleeps. Nothing here waits,
reads a clock or draws a random number: the time and the jitter are arguments.
"""

from dataclasses import dataclass, replace
from enum import Enum

_SHARE = 2 / 3
_SHORTEST_SHARE = 1 / 2
_REST = 15.0
"""Seconds that are left for a provider that never answers, which is given up after ten, and for another attempt."""

_JITTER = 0.06
_FIRST = 1.0
_LONGEST = 300.0
_GROWTH = 2.0
_PATIENCE_SHARE = 1 / 12
_LONGEST_RETRY_AFTER = 3600.0
_SHORTEST_REQUEST = 3.0
_LONGEST_REQUEST = 30.0
_TOKEN_SHARE = 3 / 4
_LOOK = 60.0
"""Seconds between two looks whether a person has signed in meanwhile."""


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when a certificate is valid, UTC seconds."""

    not_before: float
    not_after: float

    @property
    def lifetime(self) -> float:
        """Seconds from the one to the other."""
        return max(0.0, self.not_after - self.not_before)


class Outcome(Enum):
    """What became of an attempt to renew."""

    RENEWED = "renewed"
    FAILED = "failed"
    REFUSED = "refused"
    SIGN_IN_NEEDED = "sign-in needed"


class Phase(Enum):
    """What is going on."""

    GOOD = "good"
    RETRYING = "retrying"
    SIGN_IN_NEEDED = "sign-in needed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class State:
    """Where renewal stands.

    :param next_at: UTC seconds of the next attempt, or of the next look in phase ``SIGN_IN_NEEDED``.
    :param phase: what is going on.
    :param validity: of the certificate in place, if there is one.
    :param failures: attempts that failed in a row.
    """

    next_at: float
    phase: Phase = Phase.GOOD
    validity: Validity | None = None
    failures: int = 0


def renew_at(validity: Validity, jitter: float = 0.0) -> float:
    """Return when a certificate is to be renewed: at two thirds of its life, a little before by chance.

    One of less than 45 seconds is renewed earlier, by half of its life at the earliest: a third is too little there.

    :param jitter: 0 to 1, so that many clients do not come at once.
    """
    life = validity.lifetime
    at = min(life * _SHARE, max(life - _REST, life * _SHORTEST_SHARE))
    return validity.not_before + at - life * _JITTER * min(max(jitter, 0.0), 1.0)


def is_good(validity: Validity | None, now: float) -> bool:
    """Return whether a certificate serves without a renewal."""
    return validity is not None and validity.not_before <= now < renew_at(validity)


def is_valid(validity: Validity | None, now: float) -> bool:
    """Return whether Talos would still take a certificate."""
    return validity is not None and validity.not_before <= now < validity.not_after


def start(validity: Validity | None, now: float, jitter: float) -> State:
    """Return the first state: renew now unless the certificate is good."""
    if validity is None or not is_good(validity, now):
        return State(now, validity=validity)
    return State(renew_at(validity, jitter), validity=validity)


def after(
    state: State,
    outcome: Outcome,
    now: float,
    *,
    jitter: float,
    validity: Validity | None = None,
    retry_after: float | None = None,
) -> State:
    """Return the state after an attempt.

    :param validity: of the new certificate, when renewed.
    :param retry_after: seconds the server asked to wait, when failed.
    :param jitter: 0 to 1.
    """
    if outcome is Outcome.RENEWED and validity is not None:
        # A certificate so short that its time has come already: the server is asked once a second, not in a loop.
        return State(max(renew_at(validity, jitter), now + _FIRST), validity=validity)
    if outcome is Outcome.REFUSED:
        return replace(state, phase=Phase.STOPPED)
    if outcome is Outcome.SIGN_IN_NEEDED:
        return replace(state, phase=Phase.SIGN_IN_NEEDED, next_at=now + _LOOK, failures=0)
    failures = state.failures + 1
    wait = _pause(failures, state.validity) * (1.0 - jitter / 4)
    if retry_after is not None:
        wait = max(wait, min(retry_after, _LONGEST_RETRY_AFTER))
    return replace(state, phase=Phase.RETRYING, next_at=now + wait, failures=failures)


def looked(state: State, found: Validity | None, now: float, *, jitter: float) -> State:
    """Return the state after a look at the talosconfig, which a person may have renewed by signing in.

    A certificate that is new says that somebody signed in, also when it has expired by now.

    :param found: validity of the certificate that is there.
    """
    is_new = found is not None and found != state.validity
    if is_new and (state.phase is Phase.SIGN_IN_NEEDED or is_good(found, now)):
        return start(found, now, jitter)
    if state.phase is Phase.SIGN_IN_NEEDED:
        return replace(state, next_at=now + _LOOK)
    return state


def is_expired(state: State, now: float) -> bool:
    """Return whether the certificate in place serves nobody any more."""
    return not is_valid(state.validity, now)


def patience(validity: Validity | None, now: float) -> float:
    """Return the seconds one request may take: a server that hangs must leave time for another attempt.

    So it must when the certificate has expired: a connection that died is no reason to miss that the server is back.
    """
    if validity is None:
        return _LONGEST_REQUEST
    left = validity.not_after - now
    longest = left / 3 if left > 0 else validity.lifetime / 6
    return min(max(longest, _SHORTEST_REQUEST), _LONGEST_REQUEST)


def is_soon(state: State, now: float, max_token_age: float) -> bool:
    """Return whether a token had now is still young enough for the server at the next attempt."""
    return state.next_at - now < max_token_age * _TOKEN_SHARE


def _pause(failures: int, validity: Validity | None) -> float:
    """Return 1, 2, 4 … seconds up to five minutes, and to a twelfth of a life: a server that is back is found soon."""
    longest = _LONGEST
    if validity is not None:
        longest = min(longest, max(_FIRST, validity.lifetime * _PATIENCE_SHARE))
    return min(_FIRST * _GROWTH ** min(failures - 1, 10), longest)
