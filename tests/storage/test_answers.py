"""Finished answers beside their sessions: made from what is kept, and gone before it changes."""

import json
import os
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py import fastpath
from kubelogin_py.errors import StorageError
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.storage.disk import DiskStore
from kubelogin_py.storage.housekeeping import clean
from tests.storage.surroundings import (
    ARGUMENTS,
    KEY,
    OTHER_KEY,
    RememberingConsole,
    ShiftedClock,
    credential,
    disk_store,
    finished,
    forked,
    session,
    text_of,
)

V1_INFO = '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}\n'


class Scene:
    """A cache directory, the environment that names it, and the two sides of an answer."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "cache/oidc-login"
        self.environment = {"HOME": str(root), "KUBECACHEDIR": str(root / "cache")}
        self.console = RememberingConsole()

    def store(self, **changes) -> DiskStore:
        return disk_store(self.directory, console=self.console, environment=self.environment, **changes)

    def keep(self, body: bytes = b"", *, key: str = KEY, arguments: tuple[str, ...] = ARGUMENTS) -> bool:
        return self.store().keep_answer(arguments, key, body or credential())

    def found(self, arguments: tuple[str, ...] = ARGUMENTS) -> bytes | None:
        return fastpath.answer(list(arguments), self.environment)

    def answers(self) -> list[str]:
        return [path.name for path in self.directory.iterdir() if path.name.startswith("answer")]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = Scene(tmp_path)
    made.store().save(KEY, session())
    return made


def test_an_answer_is_found_as_it_was_printed(scene: Scene) -> None:
    assert scene.found() is None
    assert scene.keep()
    assert scene.found() == credential()
    assert scene.console.lines == []


def test_an_answer_is_for_its_command_line_only(scene: Scene) -> None:
    assert scene.keep()
    assert scene.found((*ARGUMENTS, "--oidc-extra-scope=email")) is None
    assert scene.found(ARGUMENTS[:-1]) is None


def test_each_version_has_its_own_answer(scene: Scene) -> None:
    """A document of the wrong version is an error to client-go, so it is neither kept nor found."""
    scene.environment = {**scene.environment, "KUBERNETES_EXEC_INFO": V1_INFO}
    assert not scene.keep(credential(version="v1beta1"))
    assert scene.keep(credential(version="v1"))
    assert scene.found() == credential(version="v1")
    scene.environment = {**scene.environment, "KUBERNETES_EXEC_INFO": ""}
    assert scene.found() is None
    assert not scene.keep(credential(version="v1"))
    assert scene.keep(credential(version="v1beta1"))


def test_an_answer_may_be_served_until_the_token_is_old(scene: Scene) -> None:
    kept = scene.store().load(KEY)
    assert kept
    assert kept.usable_until
    assert scene.keep()
    [name] = scene.answers()
    assert (scene.directory / name).stat().st_mtime_ns == int(kept.usable_until) * 10**9
    assert (scene.directory / name).stat().st_mode & 0o777 == 0o600


NOT_KEPT = {
    "another-token": (session(), credential("id-token-2")),
    "no-token": (session(), b'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}'),
    "status-text": (session(), credential().replace(b'"status":{', b'"status":"","other":{')),
    "not-json": (session(), credential()[:-3]),
    "not-ascii": (session(), credential().replace(b'"spec"', '"spéc"'.encode())),
    "two-lines": (session(), credential() * 2),
    "another-kind": (session(), credential().replace(b"ExecCredential", b"SomethingElse")),
    "huge": (session(), credential().replace(b"}}", b'},"x":"' + b"x" * (1 << 20) + b'"}')),
    "no-session": (None, credential()),
    "expired": (session(lifetime=-5.0), credential()),
    "in-the-margin": (replace(session(), expires_at=time.time() + 10.0), credential()),
    "without-expiry": (replace(session(), expires_at=None), credential()),
    "id-token-beside-an-access-token": (replace(session(), access_token=Secret("access-token-1")), credential()),
}


@pytest.mark.parametrize("id_token", [None, Secret("another")], ids=["alone", "beside an ID token"])
def test_in_access_token_mode_the_access_token_becomes_an_answer(scene: Scene, id_token: Secret | None) -> None:
    scene.store().save(KEY, replace(session(), id_token=id_token, access_token=Secret("id-token-1")))
    assert scene.keep()
    assert scene.found() == credential()


@pytest.mark.parametrize(("kept", "body"), NOT_KEPT.values(), ids=NOT_KEPT)
def test_only_the_token_of_the_session_becomes_an_answer(scene: Scene, kept: Session | None, body: bytes) -> None:
    scene.store().delete(KEY)
    if kept:
        scene.store().save(KEY, kept)
    assert not scene.keep(body)
    assert scene.answers() == []


def test_an_answer_is_not_made_while_the_session_is_being_changed(scene: Scene) -> None:
    """It gives up at once; the next command makes it."""
    with scene.store().lock(KEY, deadline=time.monotonic() + 5, doing="signing in"):
        started = time.monotonic()
        assert not scene.keep()
        assert time.monotonic() - started < 5
    assert scene.keep()


def test_an_answer_is_not_made_without_a_lock(scene: Scene) -> None:
    """Without one it could be written just after its session has changed."""

    def no_locks(_descriptor: int) -> bool:
        raise OSError(95, "Operation not supported")

    scene.environment["TMPDIR"] = str(scene.directory.parent)
    assert not scene.store(try_lock=no_locks).keep_answer(ARGUMENTS, KEY, credential())
    assert scene.answers() == []
    assert scene.console.lines == []


def test_an_answer_stands_beside_its_session_or_nowhere(scene: Scene, tmp_path: Path) -> None:
    """The store knows only its own directory, and must be able to remove it again."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(0o700)
    assert not scene.keep(arguments=(*ARGUMENTS, f"--token-cache-dir={elsewhere}"))
    assert list(elsewhere.iterdir()) == []


def test_an_unusable_directory_is_no_news_any_more(scene: Scene) -> None:
    """Whoever looked for the session and locked it was told."""
    scene.directory.chmod(0o777)
    assert not scene.keep()
    assert scene.console.lines == []
    assert "other users may write" in scene.console.details[0]


def test_a_full_disk_costs_the_answer_only(scene: Scene) -> None:
    """Something stands in its place; the reason is for those who ask for details."""
    place = fastpath.key_for(ARGUMENTS, scene.environment)
    assert place
    (scene.directory / place[1]).mkdir()
    assert not scene.keep()
    assert scene.console.lines == []
    assert "can't write" in scene.console.details[0]


def test_no_secret_but_the_id_token_is_in_an_answer(scene: Scene) -> None:
    arguments = (
        *ARGUMENTS,
        "--oidc-client-secret=planted-secret-1",
        "--oidc-client-secret",
        "planted-secret-2",
        "--password=planted-secret-3",
        "--password",
        "planted-secret-4",
        "--username=bob",
    )
    assert scene.keep(arguments=arguments)
    kept = text_of(scene.directory)
    assert scene.found(arguments) == credential()
    assert b"planted-secret" not in kept
    [name] = scene.answers()
    assert b"refresh-of" not in (scene.directory / name).read_bytes()


@pytest.mark.parametrize("change", ["save-same", "save-other", "delete", "clean"])
def test_s20_an_answer_is_gone_with_the_session_it_came_from(scene: Scene, change: str) -> None:
    """Those of other sessions stay."""
    store = scene.store()
    store.save(OTHER_KEY, session("id-token-2"))
    other = (*ARGUMENTS, "--oidc-extra-scope=email")
    more = (*ARGUMENTS, "--skip-open-browser")
    assert scene.keep()
    assert scene.keep(arguments=more)
    assert scene.keep(credential("id-token-2"), key=OTHER_KEY, arguments=other)
    if change == "save-same":
        store.save(KEY, session())
    elif change == "save-other":
        store.save(KEY, session("id-token-3"))
    elif change == "delete":
        store.delete(KEY)
    else:
        clean(scene.directory, clock=ShiftedClock(), console=scene.console)
    assert scene.found() is None
    assert scene.found(more) is None
    assert scene.found(other) == (None if change == "clean" else credential("id-token-2"))


@pytest.mark.parametrize(
    "contents",
    [b"", b"x", b"a\nb\n", b"a\nb\nsession\n", b"a\nb\nsession x\nmore\n", os.urandom(500)],
    ids=["empty", "one-letter", "two-lines", "no-session", "odd-session", "random"],
)
def test_an_answer_of_nobody_knows_which_session_is_removed(scene: Scene, contents: bytes) -> None:
    path = scene.directory / "answer1-9,x.txt"
    path.write_bytes(contents)
    path.chmod(0o600)
    os.utime(path, (time.time() + 3600,) * 2)
    scene.store().save(OTHER_KEY, session())
    assert not path.exists()


def test_what_can_not_be_removed_does_not_cost_the_session(scene: Scene) -> None:
    """A new refresh token is worth more than the fear of a stale answer; the error tells of that."""
    stuck = scene.directory / "answer1-9,x.txt"
    stuck.mkdir()
    assert scene.keep()
    with pytest.raises(StorageError, match="can't remove"):
        scene.store().save(KEY, session("id-token-2"))
    loaded = scene.store().load(KEY)
    assert loaded
    assert loaded.id_token == Secret("id-token-2")
    assert scene.found() is None


def test_answers_whose_time_is_over_are_swept(scene: Scene) -> None:
    assert scene.keep()
    disk_store(scene.directory, clock=ShiftedClock(3600)).save(OTHER_KEY, session())
    assert scene.answers() == []


def token_of(answer: bytes | None) -> str | None:
    return None if answer is None else json.loads(answer)["status"]["token"]


def test_no_stale_answer_outlives_its_session(scene: Scene) -> None:
    """Whatever happens in whatever order: an answer that is found has the token that is kept."""
    chance = random.Random(11)
    lines = {key: [(*ARGUMENTS, f"--username={key[0]}{number}") for number in range(3)] for key in (KEY, OTHER_KEY)}
    found = 0
    for step in range(250):
        key = chance.choice([KEY, OTHER_KEY])
        match chance.randrange(8):
            case 0:
                scene.store().save(key, session(f"token-{step}"))
            case 1:
                scene.store().delete(key)
            case 2 if chance.random() < 0.2:
                clean(scene.directory, clock=ShiftedClock(), console=scene.console)
            case _:
                # Anybody may come with an old token, too.
                kept = scene.store().load(key)
                token = kept.id_token.reveal() if kept and kept.id_token and chance.random() < 0.8 else "token-0"
                scene.keep(credential(token), key=key, arguments=chance.choice(lines[key]))
        for owner, arguments in lines.items():
            kept = scene.store().load(owner)
            for line in arguments:
                token = token_of(scene.found(line))
                found += token is not None
                assert token is None or (kept and kept.id_token == Secret(token)), step
    assert found > 100


def test_no_stale_answer_outlives_its_session_among_processes(scene: Scene) -> None:
    """One process renews the session, others keep answers of what they have just loaded."""
    end = time.monotonic() + 1.5

    def renew() -> None:
        store = scene.store()
        number = 0
        while time.monotonic() < end:
            with store.lock(KEY, deadline=end + 5, doing="renewing"):
                number += 1
                store.save(KEY, session(f"token-{os.getpid()}-{number}"))
            time.sleep(0.05)

    def remember() -> None:
        store = scene.store()
        while time.monotonic() < end:
            kept = store.load(KEY)
            if kept and kept.id_token:
                store.keep_answer(ARGUMENTS, KEY, credential(kept.id_token.reveal()))

    children = [forked(work) for work in (renew, remember, remember, remember)]
    checks = 0
    while time.monotonic() < end:
        before = scene.store().load(KEY)
        token = token_of(scene.found())
        # Every token is new: one that is kept before and after was kept in between.
        if scene.store().load(KEY) == before and token:
            checks += 1
            assert before
            assert before.id_token == Secret(token)
        time.sleep(0.001)
    assert [finished(child) for child in children] == [0] * 4
    assert checks > 0
