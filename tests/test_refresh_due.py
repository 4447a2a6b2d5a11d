"""When a refresh ahead is due, and how long one that failed keeps the next away."""

import base64
import json
from dataclasses import replace

import pytest

from kubelogin_py.refresh_due import Setback, due_at
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session

NOW = 1_800_000_000.0


def session(lifetime: float | None = 3600.0, **changes) -> Session:
    made = Session(
        issuer="https://id.example.com",
        client_id="kubernetes",
        id_token=Secret("id"),
        refresh_token=Secret("refresh"),
        expires_at=NOW + (lifetime or 0.0),
        lifetime=lifetime,
    )
    return replace(made, **changes)


def not_before(second: float) -> Secret:
    parts = ({"alg": "none"}, {"nbf": second})
    return Secret(
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".x"
    )


@pytest.mark.parametrize(
    ("lifetime", "due"),
    [(20.0, 11.0), (120.0, 84.0), (300.0, 210.0), (1500.0, 1170.0), (3600.0, 3270.0), (86400.0, 86070.0)],
    ids=str,
)
def test_it_is_due_in_the_last_fifth_at_most_five_minutes_before_the_margin(lifetime: float, due: float) -> None:
    assert due_at(session(lifetime)) == NOW + due


NEVER = {
    "no-refresh-token": session(refresh_token=None),
    "no-expiry": session(expires_at=None),
    "no-lifetime": session(lifetime=None),
    "answer-lost": session(refresh_sent_at=NOW),
    "not-before-the-token-is-over": session(refresh_token=not_before(NOW + 3570)),
    "not-before-next-year": session(refresh_token=not_before(NOW + 3e7)),
}


@pytest.mark.parametrize("kept", NEVER.values(), ids=NEVER)
def test_it_is_never_due(kept: Session) -> None:
    assert due_at(kept) is None


def test_a_refresh_token_is_not_sent_before_it_may_be() -> None:
    """The provider that says so ends all of a user's sessions when it is."""
    assert due_at(session(refresh_token=not_before(NOW + 3540))) == NOW + 3540
    assert due_at(session(refresh_token=not_before(NOW + 10))) == NOW + 3270


def test_failures_double_the_rest_up_to_a_quarter_of_an_hour() -> None:
    setback = Setback(NOW, "down")
    rests = []
    for _ in range(8):
        rests.append(setback.over_at - setback.at)
        setback = setback.following(setback.over_at, "still down")
    assert rests == [30, 60, 120, 240, 480, 900, 900, 900]
    assert setback.reason == "still down"


def test_after_hours_an_earlier_failure_counts_for_nothing() -> None:
    assert Setback(NOW, "down", 9).following(NOW + 7200, "down").failures == 1
    assert Setback(NOW, "down", 9).following(NOW - 1, "down").failures == 1


def test_a_setback_puts_it_off_or_makes_it_pointless() -> None:
    assert due_at(session(), Setback(NOW + 3260, "down")) == NOW + 3290
    assert due_at(session(), Setback(NOW, "down")) == NOW + 3270
    assert due_at(session(), Setback(NOW + 3260, "down", 5)) is None
