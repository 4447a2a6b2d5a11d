"""Whose clock is wrong is told by the field ``Date``, and nothing else depends on it."""

from email.utils import formatdate

import pytest

from kubelogin_py.clock_difference import explained
from kubelogin_py.errors import TransientError, UnknownKeyError, VerificationError
from tests.support.fake_provider import ISSUER, METADATA, answer
from tests.support.world import Scene

HINT = "look at the clocks"


def hint(scene: Scene, told: object, step: str = "expiry") -> str | None:
    error = VerificationError("the ID token expired", step=step, hint=HINT)
    scene.provider.scripted_documents[METADATA] = [told if isinstance(told, Exception) else answer({}, date=str(told))]
    found = explained(error, issuer=ISSUER, world=scene.world)
    assert (found.message, found.step) == (error.message, error.step)
    return found.hint


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (600.0, "10 minutes behind the provider's"),
        (-600.0, "10 minutes ahead of the provider's"),
        (-90.0, "90 seconds ahead of"),
        (7200.0, "2 hours behind"),
        (-3 * 86400.0, "3 days ahead of"),
        (0.0, "agrees with the provider's web server"),
        (29.0, "agrees with"),
    ],
)
@pytest.mark.parametrize("step", ["expiry", "issued_at", "not_before"])
def test_the_difference_is_told(ahead: float, said: str, step: str) -> None:
    scene = Scene()
    assert said in (hint(scene, formatdate(scene.clock.now() + ahead, usegmt=True), step) or "")


@pytest.mark.parametrize(
    "told", ["", "yesterday", "Sun, 99 Nov 2026 99:99:99 GMT", TransientError("no route")], ids=str
)
def test_without_a_date_the_hint_stays(told: object) -> None:
    assert hint(Scene(), told) == HINT


@pytest.mark.parametrize("step", ["nonce", "issuer", "signature"])
def test_other_errors_are_none_of_its_business(step: str) -> None:
    scene = Scene()
    assert hint(scene, formatdate(0), step) == HINT
    assert scene.provider.requests == []


def test_an_error_of_another_kind_stays_what_it_is() -> None:
    error = UnknownKeyError("no key fits", step="key")
    assert explained(error, issuer=ISSUER, world=Scene().world) is error
