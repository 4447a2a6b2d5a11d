"""Renewal as a state machine: when, how long to wait, and when to stop."""

import random

import pytest

from talos_cred import renewal
from talos_cred.renewal import Outcome, Phase, State, Validity

NOW = 1_800_000_000.0
FIVE_MINUTES = Validity(NOW, NOW + 300)


@pytest.mark.parametrize("lifetime", [9, 20, 30])
@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_very_short_certificate_leaves_time_for_a_provider_that_never_answers(lifetime: float, jitter: float) -> None:
    """A third of thirty seconds is just what a silent provider takes until it is given up."""
    at = renewal.renew_at(Validity(NOW, NOW + lifetime), jitter)
    assert 0.43 * lifetime <= at - NOW <= lifetime / 2


@pytest.mark.parametrize("lifetime", [45, 300, 3600, 86400])
@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_certificate_is_renewed_at_two_thirds_of_its_life(lifetime: float, jitter: float) -> None:
    at = renewal.renew_at(Validity(NOW, NOW + lifetime), jitter)
    assert 0.60 * lifetime <= at - NOW <= 0.667 * lifetime


def test_the_default_of_five_minutes_is_renewed_every_three_not_every_ten_seconds() -> None:
    state = renewal.start(FIVE_MINUTES, NOW, 0.5)
    assert state.phase is Phase.GOOD
    assert 180 <= state.next_at - NOW <= 200


@pytest.mark.parametrize(
    ("validity", "now", "good"),
    [
        (None, NOW, False),
        (FIVE_MINUTES, NOW, True),
        (FIVE_MINUTES, NOW + 199, True),
        (FIVE_MINUTES, NOW + 201, False),
        (FIVE_MINUTES, NOW - 1, False),
        (FIVE_MINUTES, NOW + 9999, False),
    ],
)
def test_good_means_valid_and_not_yet_due(validity: Validity | None, now: float, good: bool) -> None:
    assert renewal.is_good(validity, now) is good
    assert (renewal.start(validity, now, 0).next_at > now) is good


def test_failures_wait_from_one_second_to_five_minutes() -> None:
    state, waits = State(NOW), []
    for _ in range(14):
        state = renewal.after(state, Outcome.FAILED, NOW, jitter=0)
        waits.append(state.next_at - NOW)
    assert waits[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert set(waits[9:]) == {300}
    assert state.phase is Phase.RETRYING


def test_a_short_life_is_waited_for_shortly() -> None:
    """A server that comes back is found within a twelfth of a life, so that little of it is lost."""
    state = State(NOW, validity=Validity(NOW, NOW + 30))
    for _ in range(10):
        state = renewal.after(state, Outcome.FAILED, NOW, jitter=0)
    assert state.next_at - NOW == 2.5


@pytest.mark.parametrize(("asked", "wait"), [(60, 60), (0, 1), (10**9, 3600)])
def test_retry_after_is_obeyed_within_reason(asked: float, wait: float) -> None:
    state = renewal.after(State(NOW, validity=FIVE_MINUTES), Outcome.FAILED, NOW, jitter=0, retry_after=asked)
    assert state.next_at - NOW == wait


def test_success_forgets_failures() -> None:
    failed = renewal.after(State(NOW), Outcome.FAILED, NOW, jitter=0)
    state = renewal.after(failed, Outcome.RENEWED, NOW, jitter=0, validity=FIVE_MINUTES)
    assert (state.phase, state.failures, state.validity) == (Phase.GOOD, 0, FIVE_MINUTES)


def test_a_certificate_that_is_due_at_once_is_no_loop() -> None:
    state = renewal.after(State(NOW), Outcome.RENEWED, NOW, jitter=0, validity=Validity(NOW - 500, NOW + 1))
    assert state.next_at == NOW + 1


def test_a_refusal_by_policy_ends_it() -> None:
    assert renewal.after(State(NOW), Outcome.REFUSED, NOW, jitter=0).phase is Phase.STOPPED


def test_a_needed_sign_in_waits_for_a_person_and_asks_nobody() -> None:
    state = renewal.after(State(NOW), Outcome.SIGN_IN_NEEDED, NOW, jitter=0)
    for step in range(1, 50):
        now = NOW + 60 * step
        state = renewal.looked(state, None, now, jitter=0)
        assert (state.phase, state.next_at) == (Phase.SIGN_IN_NEEDED, now + 60)


def test_a_person_who_signed_in_elsewhere_is_noticed() -> None:
    state = renewal.after(State(NOW, validity=FIVE_MINUTES), Outcome.SIGN_IN_NEEDED, NOW + 310, jitter=0)
    new = Validity(NOW + 320, NOW + 620)
    state = renewal.looked(state, new, NOW + 330, jitter=0)
    assert (state.phase, state.validity) == (Phase.GOOD, new)


def test_a_look_at_the_same_certificate_changes_nothing() -> None:
    state = renewal.start(FIVE_MINUTES, NOW, 0)
    assert renewal.looked(state, FIVE_MINUTES, NOW + 10, jitter=0) == state


def test_sleeping_over_the_expiry_renews_at_once() -> None:
    """The wall clock decides: after a suspend the time has simply come."""
    state = renewal.start(FIVE_MINUTES, NOW, 0)
    assert state.next_at < NOW + 4000
    assert renewal.is_expired(state, NOW + 4000)


@pytest.mark.parametrize(("left", "seconds"), [(None, 30), (3, 3), (10, 10 / 3), (100, 30)])
def test_a_hanging_request_leaves_time_for_another(left: float | None, seconds: float) -> None:
    validity = None if left is None else Validity(NOW - 100, NOW + left)
    assert renewal.patience(validity, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(("life", "seconds"), [(9, 3), (30, 5), (300, 30), (86400, 30)])
def test_a_hanging_request_does_not_hide_that_the_server_is_back(life: float, seconds: float) -> None:
    """After the end, too: whoever waits half a minute for a dead connection misses the server for that long."""
    assert renewal.patience(Validity(NOW - life - 60, NOW - 60), NOW) == seconds


def test_no_sequence_of_events_hammers_or_sleeps_for_ever() -> None:
    """Whatever happens, the next step is at least three quarters of a second and at most an hour and a life away."""
    chance = random.Random(7)
    now, state = NOW, State(NOW)
    for _ in range(2000):
        outcome = chance.choice([Outcome.RENEWED, Outcome.FAILED, Outcome.FAILED, Outcome.SIGN_IN_NEEDED])
        validity = Validity(now, now + chance.choice([10, 30, 300]))
        asked = chance.choice([None, 0, 5, 10**6])
        state = renewal.after(state, outcome, now, jitter=chance.random(), validity=validity, retry_after=asked)
        assert 0.75 <= state.next_at - now <= 3600
        now = state.next_at
