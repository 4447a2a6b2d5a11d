"""One sign-in at a time at a provider, and none right after one that failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from kubelogin_py.attempt import COOL_DOWN, LONGEST_COOL_DOWN, Attempt
from kubelogin_py.errors import CoolDownError, SettingsError, SignInError, TransientError, UnaskedError
from kubelogin_py.ports import World
from kubelogin_py.settings import GrantType
from kubelogin_py.turn import Turn
from tests.support.world import Scene


@dataclass
class MemoryAttempts:
    """Keeps the last attempt in memory; ``on_hold`` is what happens while we wait."""

    attempt: Attempt | None = None
    held: int = 0
    kept: list[Attempt] = field(default_factory=list)

    def admit(self) -> None:
        pass

    @contextmanager
    def hold(self, *, deadline: float, doing: str) -> Iterator[None]:
        self.held += 1
        yield

    def last(self) -> Attempt | None:
        return self.attempt

    def keep(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.kept.append(attempt)

    def forget(self) -> None:
        self.attempt = None

    def put_off(self, until: float) -> None:
        pass

    def put_off_until(self) -> None:
        pass


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def attempts() -> MemoryAttempts:
    return MemoryAttempts()


def world(scene: Scene, attempts: MemoryAttempts, caller: str = "one") -> World:
    return replace(scene.world, attempts=attempts, caller=caller)


def take(scene: Scene, attempts: MemoryAttempts, error: BaseException | None = None, **changed: object) -> str:
    """Take a turn that succeeds, or raises."""
    caller = str(changed.pop("caller", "one"))

    def work() -> str:
        if error:
            raise error
        return "signed in"

    turn = Turn(scene.settings(**changed), world(scene, attempts, caller))
    turn.check()
    return turn.take(work, deadline=2000.0)


def fail(scene: Scene, attempts: MemoryAttempts, **changed: object) -> None:
    with pytest.raises(SignInError, match="denied"):
        take(scene, attempts, SignInError("denied"), **changed)


def test_success_leaves_nothing_behind(scene: Scene, attempts: MemoryAttempts) -> None:
    assert take(scene, attempts) == "signed in"
    assert attempts.attempt is None


def test_b108_a_failure_is_remembered_and_told(scene: Scene, attempts: MemoryAttempts) -> None:
    fail(scene, attempts)
    scene.clock.passed += 12
    with pytest.raises(CoolDownError) as caught:
        take(scene, attempts)
    assert "failed 12 seconds ago (denied)" in caught.value.message
    assert caught.value.rest == COOL_DOWN - 12
    scene.clock.passed += COOL_DOWN
    assert take(scene, attempts) == "signed in"


def test_b108_an_interruption_is_remembered(scene: Scene, attempts: MemoryAttempts) -> None:
    with pytest.raises(KeyboardInterrupt):
        take(scene, attempts, KeyboardInterrupt())
    with pytest.raises(CoolDownError, match="interrupted"):
        take(scene, attempts)


def test_a_killed_process_is_remembered_once_the_turn_is_free(scene: Scene, attempts: MemoryAttempts) -> None:
    """While it lives, others wait for it; hence no word before the turn is ours."""
    attempts.attempt = Attempt(scene.clock.now(), caller="one")
    Turn(scene.settings(), world(scene, attempts)).check()
    with pytest.raises(CoolDownError, match="killed"):
        take(scene, attempts)
    assert attempts.held == 1


def test_the_cool_down_grows_to_an_end(scene: Scene, attempts: MemoryAttempts) -> None:
    lengths = []
    for _ in range(6):
        fail(scene, attempts)
        assert attempts.attempt
        lengths.append(attempts.attempt.rest(scene.clock.now()))
        scene.clock.passed += LONGEST_COOL_DOWN
    assert lengths == [60, 120, 240, 480, 600, 600]
    scene.clock.passed += 7200
    fail(scene, attempts)
    assert attempts.attempt
    assert attempts.attempt.failures == 1


def test_a_person_s_new_command_clears_it_and_the_same_command_does_not(scene: Scene, attempts: MemoryAttempts) -> None:
    """kubectl calls a failing plugin five times for one command."""
    fail(scene, attempts, interactive=True, caller="kubectl get pods")
    for _ in range(4):
        with pytest.raises(CoolDownError):
            take(scene, attempts, interactive=True, caller="kubectl get pods")
    assert take(scene, attempts, interactive=True, caller="kubectl get nodes") == "signed in"


def test_a_person_may_go_on_where_the_same_command_had_no_terminal(scene: Scene, attempts: MemoryAttempts) -> None:
    fail(scene, attempts, caller="a script")
    assert take(scene, attempts, interactive=True, caller="a script") == "signed in"


def test_login_clears_it(scene: Scene, attempts: MemoryAttempts) -> None:
    fail(scene, attempts)
    assert take(scene, attempts, asked_for=True) == "signed in"


@pytest.mark.parametrize(
    "error", [UnaskedError("no available port"), SettingsError("bad")], ids=["no port", "settings"]
)
def test_nobody_is_spared_who_was_not_asked(scene: Scene, attempts: MemoryAttempts, error: Exception) -> None:
    with pytest.raises(type(error)):
        take(scene, attempts, error)
    assert attempts.attempt is None


def test_a_network_fault_in_the_middle_of_a_sign_in_counts(scene: Scene, attempts: MemoryAttempts) -> None:
    """The browser was open by then; each further call would open another one."""
    with pytest.raises(TransientError):
        take(scene, attempts, TransientError("connection reset"))
    with pytest.raises(CoolDownError, match="connection reset"):
        take(scene, attempts)


def test_a_clock_that_was_set_back_ends_the_cool_down(scene: Scene, attempts: MemoryAttempts) -> None:
    fail(scene, attempts)
    scene.clock.jump(-86400)
    assert take(scene, attempts) == "signed in"


def test_a_client_that_signs_in_as_itself_needs_no_turn(scene: Scene, attempts: MemoryAttempts) -> None:
    with pytest.raises(SignInError):
        take(scene, attempts, SignInError("denied"), grant_type=GrantType.CLIENT_CREDENTIALS)
    assert attempts.kept == []
    assert attempts.held == 0
