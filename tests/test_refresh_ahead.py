"""A refresh before it is needed: silent, at most one, never a sign-in; and an hour in which nobody waits."""

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from kubelogin_py import fastpath, login
from kubelogin_py.errors import Error, NotSentError, StorageError
from kubelogin_py.kubernetes.exec_credential import V1BETA1, render
from kubelogin_py.logout import sign_out
from kubelogin_py.refresh_ahead import refresh_ahead
from kubelogin_py.refresh_due import FIRST_REST, Setback, due_at
from kubelogin_py.session import Session
from kubelogin_py.storage.ahead import DiskAhead
from kubelogin_py.storage.copies import DiskCopies
from kubelogin_py.storage.disk import DiskStore
from kubelogin_py.storage.housekeeping import clean
from tests.oidc.minting import new_signer
from tests.support.fake_provider import CLIENT, ISSUER, Lost, refusal
from tests.support.world import KEY, NOW, FakeConsole, Scene


@dataclass
class MemorySetbacks:
    """Keeps the last setback, and which notes left the answers in place."""

    scene: Scene
    kept: Setback | None = None
    notes: list[Session] = field(default_factory=list)

    def last(self, key: str) -> Setback | None:
        return self.kept

    def keep(self, key: str, setback: Setback) -> None:
        self.kept = setback

    def note(self, key: str, session: Session) -> None:
        self.notes.append(session)
        self.scene.store.sessions[key] = session


@pytest.fixture
def scene() -> Scene:
    """A session whose token is due to be refreshed ahead, and still serves."""
    made = Scene()
    made.keep_session()
    made.clock.passed += 3400
    return made


@pytest.fixture
def setbacks(scene: Scene) -> MemorySetbacks:
    return MemorySetbacks(scene)


def run(scene: Scene, setbacks: MemorySetbacks) -> Session | None:
    return refresh_ahead(scene.settings(), scene.world, setbacks, key=KEY)


def test_a_due_token_is_refreshed_in_silence(scene: Scene, setbacks: MemorySetbacks) -> None:
    """The note that the refresh token is on its way leaves the answers where they are: hits go on meanwhile."""
    before = scene.kept
    renewed = run(scene, setbacks)
    assert renewed == scene.kept != before
    assert scene.provider.count("/token") == 1
    assert [note.refresh_sent_at is not None for note in setbacks.notes] == [True]
    assert [event for event in scene.events if event.startswith("save")] == ["save refresh-1"]
    assert (setbacks.kept, scene.console.lines, scene.console.details) == (None, [], [])


NOT_DUE = {
    "fresh": {"expires_at": NOW + 7200, "lifetime": 7200.0},
    "no-refresh-token": {"refresh_token": None},
    "answer-lost": {"refresh_sent_at": NOW},
    "another-issuer": {"issuer": "https://other.example.com"},
    "another-client": {"client_id": "other"},
}


@pytest.mark.parametrize("changes", NOT_DUE.values(), ids=NOT_DUE)
def test_nothing_is_sent_that_is_not_due_or_not_ours(scene: Scene, setbacks: MemorySetbacks, changes: dict) -> None:
    assert scene.kept
    scene.store.sessions[KEY] = replace(scene.kept, **changes)
    run(scene, setbacks)
    assert scene.provider.requests == []
    assert setbacks.kept is None


def test_without_a_session_nothing_is_sent(scene: Scene, setbacks: MemorySetbacks) -> None:
    scene.store.sessions.clear()
    assert run(scene, setbacks) is None
    assert scene.provider.requests == []


def test_a_lock_that_is_held_is_not_waited_for(scene: Scene, setbacks: MemorySetbacks) -> None:
    def held() -> None:
        raise StorageError("somebody has it")

    scene.store.on_lock = held
    with pytest.raises(StorageError):
        run(scene, setbacks)
    assert scene.store.deadlines == [scene.clock.monotonic()]
    assert scene.provider.requests == []


def test_a_provider_that_is_down_is_left_alone_longer_and_longer(scene: Scene, setbacks: MemorySetbacks) -> None:
    """The session stays, nothing is asked of anybody, and no request leaves before its time."""
    before = scene.kept
    sent = []
    for _ in range(190):
        scene.provider.scripted = [NotSentError("down"), NotSentError("down")]
        count = scene.provider.count("/token")
        assert run(scene, setbacks) == before
        if scene.provider.count("/token") > count:
            sent.append(scene.clock.passed)
        scene.clock.passed += 1
    assert [later - earlier for earlier, later in itertools.pairwise(sent)] == [FIRST_REST, 2 * FIRST_REST]
    assert setbacks.kept
    assert (setbacks.kept.reason, setbacks.kept.failures) == ("down", 3)
    assert scene.console.lines == scene.browser.opened == []


def test_a_refused_refresh_token_is_no_sign_in(scene: Scene, setbacks: MemorySetbacks) -> None:
    scene.provider.scripted = [refusal("invalid_grant")]
    assert run(scene, setbacks) is None
    assert setbacks.kept
    assert "invalid_grant" in setbacks.kept.reason
    assert scene.kept
    assert scene.kept.refresh_token is None
    assert scene.browser.opened == []
    assert due_at(scene.kept, setbacks.kept) is None


def test_a_token_that_fails_verification_takes_every_answer_with_it(scene: Scene, setbacks: MemorySetbacks) -> None:
    """Saving removes them; what is served from then on is decided anew."""
    scene.provider.key = new_signer(key_id="one")
    scene.provider.published = [new_signer(key_id="one")]
    assert run(scene, setbacks) is None
    assert setbacks.kept
    assert "signature" in setbacks.kept.reason
    assert scene.events.count("save refresh-1") >= 1


# An hour

LIFETIME = 300
ARGUMENTS = ("get-token", f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT}")


class Hour:
    """A person's commands, the doors they come through, and the provider; time passes between commands only."""

    def __init__(self, directory: Path) -> None:
        self.scene = scene = Scene()
        self.environ = {"HOME": str(directory), "KUBECACHEDIR": str(directory)}
        self.cache = cache = directory / "oidc-login"
        self.store = DiskStore(cache, console=FakeConsole(), clock=scene.clock, environment=self.environ)
        self.ahead = DiskAhead(cache, clock=scene.clock, environment=self.environ)
        self.world = replace(scene.world, store=self.store)
        scene.provider.on_token_request = self._issue
        self._issue()
        self.waited: list[float] = []

    def _issue(self) -> None:
        self.scene.provider.claims["exp"] = int(self.scene.clock.now()) + LIFETIME

    def command(self, *more: str) -> bytes:
        """Run one and return what it is answered; what a hit starts is over before the next."""
        arguments = (*ARGUMENTS, *more)
        place, answer = fastpath.found(arguments, self.environ, self.scene.clock.now())
        if place is None or answer is None:
            self.waited.append(self.scene.clock.passed)
            credential = login.sign_in(self.scene.settings(), self.world, key=KEY)
            answer = render(V1BETA1, credential.token, credential.usable_until)
            assert self.store.keep_answer(arguments, KEY, answer)
        elif self._takes_turn(Path(place[0], place[1].replace("answer", "ahead", 1))):
            self._refresh_ahead(arguments)
        return answer

    def _takes_turn(self, file: Path) -> bool:
        """As both doors do, with this clock."""
        with suppress(OSError):
            if file.stat().st_mtime <= self.scene.clock.now():
                os.close(os.open(f"{file}.taken", os.O_CREAT | os.O_EXCL, 0o600))
                return True
        return False

    def _refresh_ahead(self, arguments: tuple[str, ...]) -> None:
        if not self.ahead.begin(arguments):
            return
        session = refresh_ahead(self.scene.settings(), self.world, self.ahead, key=KEY)
        if session is not None and session.presented_token is not None:
            self.store.keep_answer(arguments, KEY, render(V1BETA1, session.presented_token, session.usable_until))

    def seconds(self, step: int) -> Iterator[int]:
        """Let an hour pass."""
        for second in range(0, 3600, step):
            yield second
            self.scene.clock.passed += step


def test_with_tokens_of_five_minutes_no_command_of_an_hour_waits_after_the_first(tmp_path: Path) -> None:
    """Every 10 seconds one; each answer's token is good for a while, and each refresh is one request."""
    hour = Hour(tmp_path)
    for _ in hour.seconds(10):
        answer = hour.command()
        [session] = [hour.store.load(KEY)]
        assert session
        assert session.expires_at
        assert session.expires_at - hour.scene.clock.now() > 30
        assert answer
    assert hour.waited == [0.0]
    refreshes = hour.scene.provider.count("/token") - 1
    # The last fifth begins 90 seconds before the end: every 210 seconds.
    assert refreshes == (3600 - 1) // 210
    assert hour.scene.provider.count("/keys") == 1
    assert len(hour.scene.browser.opened) == 1


def test_a_provider_that_is_down_for_a_while_costs_nobody_a_wait(tmp_path: Path) -> None:
    """Half a minute of the last fifth is enough to come back in."""
    hour = Hour(tmp_path)
    for second in hour.seconds(10):
        hour.scene.provider.scripted = [NotSentError("down")] * 2 if second % 210 < 20 and second else []
        hour.command()
    assert hour.waited == [0.0]


def test_switched_off_every_lifetime_costs_a_wait(tmp_path: Path) -> None:
    """What the tests above rest on: that it is the refresh ahead that they see."""
    hour = Hour(tmp_path)
    for _ in hour.seconds(10):
        hour.command("--no-refresh-ahead")
    assert len(hour.waited) == 3600 // 270 + 1


# Any hour


class Mishaps(Hour):
    """What may happen to a session, one method each; whether a command fails is not the question here."""

    def renewed_by_force(self) -> None:
        login.sign_in(self.scene.settings(force_refresh=True), self.world, key=KEY)

    def signed_by_another_key(self) -> None:
        key, self.scene.provider.published = self.scene.provider.key, [self.scene.provider.key]
        self.scene.provider.key = new_signer(key_id="one")
        try:
            self.renewed_by_force()
        finally:
            self.scene.provider.key = key

    def of_another_person(self) -> None:
        self.scene.provider.claims["sub"] = f"somebody-{self.scene.clock.passed}"
        try:
            self.renewed_by_force()
        finally:
            del self.scene.provider.claims["sub"]

    def refused(self) -> None:
        self.scene.provider.scripted = [refusal("invalid_grant")]
        self.renewed_by_force()

    def answer_lost(self) -> None:
        self.scene.provider.scripted = [Lost()]
        self.renewed_by_force()

    def provider_down(self) -> None:
        self.scene.provider.scripted = [NotSentError("down")] * 2
        self.renewed_by_force()

    def signed_out(self) -> None:
        copies = DiskCopies(self.cache, self.store.load, tell=FakeConsole().tell)
        sign_out(self.scene.settings(), self.world, copies, key=KEY)

    def cleaned(self) -> None:
        clean(self.cache, clock=self.scene.clock, console=FakeConsole())

    def time_passed(self) -> None:
        self.scene.clock.passed += 45


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_no_answer_outlives_the_session_it_came_from(tmp_path: Path, seed: int) -> None:
    """An answer that a door finds has the very token that is kept, and one that may still be handed out."""
    hour, chance = Mishaps(tmp_path), random.Random(seed)
    mishaps = [method for name, method in vars(Mishaps).items() if not name.startswith("_")]
    lines = [(), ("--skip-open-browser",), ("--oidc-extra-scope=email",)]
    found = 0
    for _ in range(80):
        with suppress(Error):
            if chance.random() < 0.5:
                chance.choice(mishaps)(hour)
            else:
                hour.command(*chance.choice(lines))
        session, now = hour.store.load(KEY), hour.scene.clock.now()
        for line in lines:
            _, answer = fastpath.found((*ARGUMENTS, *line), hour.environ, now)
            if answer is None:
                continue
            found += 1
            assert session
            assert session.presented_token
            assert session.usable_until
            assert now < session.usable_until
            assert answer == render(V1BETA1, session.presented_token, session.usable_until)
    assert found > 20
