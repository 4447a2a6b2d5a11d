"""How long a kept token serves."""

from dataclasses import replace

import pytest

from kubelogin_py.secret import Secret
from kubelogin_py.session import Session, margin

SESSION = Session(
    issuer="https://id.example.com",
    client_id="kubernetes",
    id_token=Secret("id-canary"),
    access_token=Secret("access-canary"),
    refresh_token=Secret("refresh-canary"),
)


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [
        (None, 30.0),
        (-60.0, 5.0),
        (0.0, 5.0),
        (10.0, 5.0),
        (50.0, 5.0),
        (60.0, 6.0),
        (120.0, 12.0),
        (299.0, 29.9),
        (300.0, 30.0),
        (3600.0, 30.0),
        (315_360_000.0, 30.0),
    ],
)
def test_the_margin_is_a_tenth_of_the_lifetime_from_5_to_30_seconds(lifetime: float | None, seconds: float) -> None:
    assert margin(lifetime) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("expires_at", "lifetime", "until"),
    [(1000.0, 3600.0, 970.0), (1000.0, 120.0, 988.0), (1000.0, 20.0, 995.0), (1000.0, None, 970.0), (None, 60.0, None)],
)
def test_a_token_serves_until_its_expiry_less_the_margin(
    expires_at: float | None, lifetime: float | None, until: float | None
) -> None:
    assert replace(SESSION, expires_at=expires_at, lifetime=lifetime).usable_until == until


def test_a_session_shows_no_token() -> None:
    assert "canary" not in repr(SESSION)
