"""A refreshed ID token continues the same sign-in, or it is refused."""

import hashlib
from typing import Any

import pytest

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.oidc.id_token import check_continuity
from tests.oidc.minting import ABSENT, CLIENT_ID, ISSUER, NONCE, NOW, claims

NONCE_SHA256 = hashlib.sha256(NONCE.encode()).hexdigest()
SIGNED_IN = int(NOW) - 100
BEFORE = {"auth_time": SIGNED_IN, "azp": CLIENT_ID}


def check(
    new: dict[str, Any], old: dict[str, Any] | None = None, nonce_sha256: str | None = NONCE_SHA256
) -> tuple[str, ...]:
    after = Claims.read(claims(**{**BEFORE, "iat": int(NOW) + 300, "exp": int(NOW) + 3900, **new}))
    return check_continuity(after, Claims.read(claims(**{**BEFORE, **(old or {})})), nonce_sha256=nonce_sha256)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        pytest.param({}, {}, id="the same sign-in"),
        pytest.param({"nonce": ABSENT}, {}, id="nonce dropped"),
        pytest.param({"nonce": ABSENT}, {"nonce": ABSENT}, id="never a nonce"),
        pytest.param({"aud": [CLIENT_ID]}, {}, id="audience as a list"),
        pytest.param({"aud": [CLIENT_ID, "api"]}, {}, id="audience grown"),
        pytest.param({"aud": ["api", CLIENT_ID]}, {"aud": [CLIENT_ID, "api"]}, id="audience in another order"),
        pytest.param({"auth_time": ABSENT}, {}, id="auth_time dropped"),
        pytest.param({}, {"auth_time": ABSENT}, id="auth_time new"),
        pytest.param({"auth_time": float(SIGNED_IN)}, {}, id="auth_time as a fraction"),
        pytest.param({"azp": ABSENT}, {"azp": ABSENT}, id="never an azp"),
        pytest.param({"iat": NOW - 1}, {}, id="issued in the same second"),
        pytest.param({"iat": NOW - 61}, {}, id="issued by a host whose clock is behind"),
        pytest.param({"groups": ["others"]}, {}, id="other groups"),
        pytest.param({}, {"groups": ABSENT, "email": ABSENT}, id="groups and email gained"),
        pytest.param({"groups": ABSENT}, {"groups": ABSENT}, id="never groups"),
        pytest.param({"groups": []}, {"groups": []}, id="no groups before and after"),
    ],
)
def test_the_same_sign_in_goes_on(new: dict[str, Any], old: dict[str, Any]) -> None:
    assert check(new, old) == ()


@pytest.mark.parametrize(
    ("new", "step"),
    [
        pytest.param({"iss": ISSUER + "1"}, "issuer", id="issuer with one more character"),
        pytest.param({"iss": ISSUER + "/"}, "issuer", id="issuer with a slash"),
        pytest.param({"sub": claims()["sub"] + "1"}, "subject", id="subject with one more character"),
        pytest.param({"sub": claims()["sub"][:-1]}, "subject", id="subject with one less"),
        pytest.param({"aud": CLIENT_ID + "1"}, "audience", id="audience with one more character"),
        pytest.param({"azp": CLIENT_ID + "1"}, "authorized_party", id="azp with one more character"),
        pytest.param({"azp": ABSENT}, "authorized_party", id="azp dropped"),
        pytest.param({"auth_time": SIGNED_IN + 1}, "auth_time", id="auth_time later"),
        pytest.param({"auth_time": str(SIGNED_IN)}, "auth_time", id="auth_time as a string"),
        pytest.param({"iat": NOW - 62}, "issued_at", id="older than the one before"),
        pytest.param({"nonce": NONCE + "1"}, "nonce", id="nonce with one more character"),
        pytest.param({"nonce": ""}, "nonce", id="nonce empty"),
        pytest.param({"nonce": None}, "nonce", id="nonce null"),
        pytest.param({"nonce": [NONCE]}, "nonce", id="nonce a list"),
    ],
)
def test_another_sign_in_is_refused(new: dict[str, Any], step: str) -> None:
    with pytest.raises(VerificationError) as caught:
        check(new)
    assert caught.value.step == step
    assert "refreshed ID token" in caught.value.message
    assert "sign in again" in str(caught.value.hint)
    assert NONCE not in caught.value.message


def test_an_audience_that_was_lost_is_refused() -> None:
    with pytest.raises(VerificationError, match="api"):
        check({"aud": [CLIENT_ID]}, {"aud": [CLIENT_ID, "api"]})


def test_an_authorized_party_that_is_new_is_refused() -> None:
    """Core section 12.2: where there was none, there is none."""
    with pytest.raises(VerificationError, match="azp"):
        check({}, {"azp": ABSENT})


def test_the_nonce_of_the_sign_in_counts_not_that_of_the_last_token() -> None:
    """The last token may have had none."""
    assert check({}, {"nonce": ABSENT}) == ()
    with pytest.raises(VerificationError, match="nonce"):
        check({"nonce": "other"}, {"nonce": ABSENT})


def test_without_a_remembered_nonce_that_of_the_last_token_counts() -> None:
    assert check({}, {}, None) == ()
    with pytest.raises(VerificationError, match="nonce"):
        check({"nonce": NONCE + "1"}, {}, None)


def test_a_nonce_is_fine_where_none_is_known() -> None:
    """A device sign-in sends none, and what the provider then repeats can't be compared."""
    assert check({"nonce": "any"}, {"nonce": ABSENT}, None) == ()


@pytest.mark.parametrize("lost", [ABSENT, [], None, 5])
def test_lost_groups_are_warned_about(lost: object) -> None:
    """The token is used: access may be denied, and then the person knows why."""
    (warning,) = check({"groups": lost})
    assert "groups" in warning


@pytest.mark.parametrize("lost", [ABSENT, "", None])
def test_a_lost_email_is_warned_about(lost: object) -> None:
    (warning,) = check({"email": lost})
    assert "email" in warning


def test_hostile_values_are_shown_harmless() -> None:
    with pytest.raises(VerificationError) as caught:
        check({"iss": "https://evil.example/\x1b[2J\u202e" + "x" * 5000})
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 600
