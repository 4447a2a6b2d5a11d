"""Claims as people and other modules ask for them."""

from typing import Any

import pytest

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc.claims import Claims, time_claim, utc
from tests.oidc.minting import ABSENT, claims


@pytest.mark.parametrize(
    ("value", "groups"),
    [
        (ABSENT, ()),
        ("admins", ("admins",)),
        (["a", "b"], ("a", "b")),
        ([], ()),
        (["a", 5, None, ["b"]], ("a",)),
        ({"admins": 1}, ()),
        (5, ()),
        (None, ()),
    ],
)
def test_groups_are_the_strings_among_them(value: object, groups: tuple[str, ...]) -> None:
    assert Claims.read(claims(groups=value)).groups == groups


@pytest.mark.parametrize(("value", "email"), [("a@b", "a@b"), ("", None), (None, None), (5, None), (["a@b"], None)])
def test_an_email_is_text(value: object, email: str | None) -> None:
    assert Claims.read(claims(email=value)).email == email


@pytest.mark.parametrize(
    ("changes", "person"),
    [
        ({"preferred_username": "kim", "name": "Kim"}, "kim@example.com"),
        ({"email": ABSENT, "preferred_username": "kim", "name": "Kim"}, "kim"),
        ({"email": 5, "preferred_username": "", "name": "Kim"}, "Kim"),
        ({"email": ABSENT}, "f81d4fae-7dec"),
    ],
)
def test_a_person_is_called_by_the_best_known_name(changes: dict[str, Any], person: str) -> None:
    assert Claims.read(claims(**changes)).person == person


def test_a_lifetime_is_never_negative() -> None:
    assert Claims.read(claims(iat=100, exp=40)).lifetime == 0
    assert Claims.read(claims(iat=100, exp=160.5)).lifetime == 60.5


@pytest.mark.parametrize(
    ("value", "found"),
    [([], "an empty list"), (["a", 5], "a list with something else"), ({"a": 1}, "an object"), (None, "null")],
)
def test_an_audience_is_a_string_or_a_list_of_strings(value: object, found: str) -> None:
    with pytest.raises(VerificationError, match=f"is {found}") as caught:
        Claims.read(claims(aud=value))
    assert caught.value.step == "audience"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, -(10**400)])
def test_a_time_must_be_finite_whoever_read_it(value: float) -> None:
    with pytest.raises(VerificationError, match="finite"):
        time_claim({"exp": value}, "exp", step="expiry")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (1_787_000_000.6, "2026-08-17 20:53:21 UTC"),
        (-1, "1969-12-31 23:59:59 UTC"),
        (1e15, "1000000000000000 seconds after 1970"),
    ],
)
def test_times_are_shown_in_utc(seconds: float, text: str) -> None:
    assert utc(seconds) == text
