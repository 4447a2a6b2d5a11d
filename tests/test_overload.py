"""A provider that asks to be left alone is left alone by every process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from kubelogin_py.errors import TransientError
from kubelogin_py.overload import LONGEST, heeded
from kubelogin_py.ports import NoAttempts
from tests.support.world import Scene


@dataclass
class Waiting(NoAttempts):
    """Remembers until when."""

    until: float | None = None

    def put_off(self, until: float) -> None:
        self.until = until

    def put_off_until(self) -> float | None:  # type: ignore[override]
        return self.until


@pytest.fixture
def scene() -> Scene:
    return Scene()


def ask(scene: Scene, waiting: Waiting, error: Exception | None = None, **changed: object) -> str:
    with heeded(scene.settings(**changed), replace(scene.world, attempts=waiting)):
        if error:
            raise error
    return "asked"


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(TransientError, match="without requests"):
        yield


@pytest.mark.parametrize(("wish", "granted"), [(30.0, 30.0), (1e9, LONGEST)])
def test_its_wish_counts_for_so_long_and_no_longer_than_is_sane(scene: Scene, wish: float, granted: float) -> None:
    waiting = Waiting()
    with pytest.raises(TransientError):
        ask(scene, waiting, TransientError("429", retry_after=wish))
    scene.clock.passed += granted - 1
    with refused():
        ask(scene, waiting)
    scene.clock.passed += 1
    assert ask(scene, waiting) == "asked"


@pytest.mark.parametrize("retry_after", [None, 0.0, -5.0])
def test_a_fault_without_a_wish_puts_nothing_off(scene: Scene, retry_after: float | None) -> None:
    waiting = Waiting()
    with pytest.raises(TransientError, match="reset"):
        ask(scene, waiting, TransientError("reset", retry_after=retry_after))
    assert waiting.until is None


def test_a_person_may_try_all_the_same(scene: Scene) -> None:
    waiting = Waiting(scene.clock.now() + 60)
    with refused():
        ask(scene, waiting, interactive=True)
    assert ask(scene, waiting, asked_for=True) == "asked"


def test_a_clock_that_was_set_back_does_not_make_it_longer(scene: Scene) -> None:
    waiting = Waiting(scene.clock.now() + 60)
    scene.clock.jump(-86400)
    assert ask(scene, waiting) == "asked"
