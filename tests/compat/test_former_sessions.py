"""Which session of int128/kubelogin is found, and what is said about it."""

import fcntl
import json
import os
from pathlib import Path

import pytest

from kubelogin_py.compat.former_sessions import FormerDiskSessions
from kubelogin_py.compat.upstream_keys import UpstreamOptions, cache_keys
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from tests.oidc.minting import new_signer
from tests.support.world import NOW, FakeClock, FakeConsole

ISSUER, CLIENT = "https://issuer.example.com", "YOUR_CLIENT_ID"
# The first vector: these options and nothing else.
KEY = "b777b49f502e5fbd70ef10adc8d0e426c528df5c078a254a3db1a4a5d823cf75"
SIGNER = new_signer()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "oidc-login"
    made.mkdir(mode=0o700)
    return made


def id_token(seconds: int = 3600, **claims: object) -> str:
    now = int(NOW)
    right = {"iss": ISSUER, "aud": CLIENT, "sub": "alice", "iat": now - 60, "exp": now + seconds}
    return SIGNER.mint({**right, **claims})


def leave(directory: Path, key: str = KEY, **members: str) -> Path:
    path = directory / key
    path.write_text(json.dumps(members))
    path.chmod(0o600)
    return path


def look(directory: Path, console: FakeConsole, **options: object) -> Session | None:
    clock = FakeClock()
    former = FormerDiskSessions(
        directory, UpstreamOptions(ISSUER, CLIENT, **options), scope="email openid", clock=clock, console=console
    )
    return former.find(deadline=clock.monotonic() + 1)


@pytest.fixture
def console() -> FakeConsole:
    return FakeConsole()


def test_a_fresh_session_is_found_and_said_once(directory: Path, console: FakeConsole) -> None:
    token = id_token()
    leave(directory, id_token=token, refresh_token="refresh-canary")
    assert look(directory, console) == Session(
        ISSUER,
        CLIENT,
        id_token=Secret(token),
        refresh_token=Secret("refresh-canary"),
        expires_at=NOW + 3600,
        lifetime=3660.0,
        scope="email openid",
    )
    assert len(console.lines) == 1
    assert str(directory) in console.lines[0]
    assert "canary" not in console.text


def test_it_is_read_and_nothing_else(directory: Path, console: FakeConsole) -> None:
    path = leave(directory, id_token=id_token(), refresh_token="R")
    os.utime(path, (1, 1))
    before = (path.read_bytes(), path.stat())
    look(directory, console)
    assert (path.read_bytes(), path.stat().st_mtime, path.stat().st_ino) == (before[0], 1, before[1].st_ino)
    assert [entry.name for entry in directory.iterdir()] == [KEY]


MISSES = {
    "expired without a refresh token": {"id_token": id_token(-1)},
    "about to expire without a refresh token": {"id_token": id_token(4)},
    "of another issuer": {"id_token": id_token(iss="https://evil.example")},
    "for another client": {"id_token": id_token(aud="other")},
    "no token": {},
    "a word": {"id_token": "word"},
}


@pytest.mark.parametrize("members", MISSES.values(), ids=MISSES)
def test_what_is_of_no_use_is_a_miss_without_a_word(
    directory: Path, console: FakeConsole, members: dict[str, str]
) -> None:
    leave(directory, **members)
    assert look(directory, console) is None
    assert console.lines == []


@pytest.mark.parametrize("members", list(MISSES.values())[:4], ids=list(MISSES)[:4])
def test_with_a_refresh_token_it_is_of_use(directory: Path, console: FakeConsole, members: dict[str, str]) -> None:
    leave(directory, **members, refresh_token="R")
    found = look(directory, console)
    assert found is not None
    assert found.refresh_token == Secret("R")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id_token":1}', "\0" * 100])
def test_what_is_damaged_is_a_miss_with_a_note_for_those_who_ask(
    directory: Path, console: FakeConsole, content: str
) -> None:
    leave(directory).write_text(content)
    assert look(directory, console) is None
    assert console.lines == []
    assert console.details


def test_other_options_are_another_session(directory: Path, console: FakeConsole) -> None:
    leave(directory, id_token=id_token(), refresh_token="R")
    assert look(directory, console, scopes=("email",)) is None


@pytest.mark.parametrize("place", ["absent", "of others"])
def test_a_directory_that_is_not_ours_alone_is_a_miss(directory: Path, console: FakeConsole, place: str) -> None:
    leave(directory, id_token=id_token(), refresh_token="R")
    directory.chmod(0o777)
    assert look(directory / "nowhere" if place == "absent" else directory, console) is None
    assert console.lines == []


def test_while_the_other_program_signs_in_it_is_waited_for_and_then_given_up(
    directory: Path, console: FakeConsole
) -> None:
    leave(directory, id_token=id_token(), refresh_token="R")
    lock = directory / f"{KEY}.lock"
    with lock.open("w") as held:
        lock.chmod(0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
        assert look(directory, console) is None
    assert look(directory, console) is not None


def test_with_several_parameters_every_order_is_looked_for(directory: Path, console: FakeConsole) -> None:
    params = (("a", "1"), ("b", "2"), ("c", "3"))
    keys = cache_keys(UpstreamOptions(ISSUER, CLIENT, extra_params=params))
    leave(directory, keys[-1], id_token=id_token())
    assert look(directory, console, extra_params=params) is not None


def test_in_access_token_mode_the_access_token_is_where_the_id_token_was(directory: Path, console: FakeConsole) -> None:
    (key,) = cache_keys(UpstreamOptions(ISSUER, CLIENT, use_access_token=True))
    token = id_token(aud="api")
    leave(directory, key, id_token=token)
    found = look(directory, console, use_access_token=True)
    assert found is not None
    assert (found.id_token, found.presented_token) == (None, Secret(token))
