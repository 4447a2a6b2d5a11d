"""The copy of a session's file stands in for a damaged one, and never brings back a spent refresh token."""

from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py.secret import Secret
from kubelogin_py.storage import record
from tests.storage.surroundings import KEY, RememberingConsole, disk_store, session

FILE = f"session-{KEY}.json"
TWIN = f"{FILE}.twin"
BAD = f"{FILE}.bad"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    directory = tmp_path / "cache"
    disk_store(directory).save(KEY, session())
    return directory


@pytest.mark.parametrize("damage", [b"damaged", b"null\n", bytes(100)], ids=["text", "null", "zeros"])
def test_f08_the_copy_of_a_damaged_file_is_used(cache: Path, damage: bytes) -> None:
    """The damaged one is moved aside, one line says so, and everything is as before."""
    (cache / FILE).write_bytes(damage)
    console = RememberingConsole()
    store = disk_store(cache, console=console)
    found = store.load(KEY)
    assert found is not None
    assert found.refresh_token == Secret("refresh-of-id-token-1")
    assert (cache / BAD).read_bytes() == damage
    assert len(console.lines) == 1
    assert "its copy is used" in console.lines[0]
    assert disk_store(cache, console=console).load(KEY) == found
    assert len(console.lines) == 1


def test_f09_the_copy_of_an_empty_file_is_used_without_a_word(cache: Path) -> None:
    (cache / FILE).write_bytes(b"")
    console = RememberingConsole()
    found = disk_store(cache, console=console).load(KEY)
    assert found
    assert console.lines == []
    # It is the session again, so that the copy is not all there is of it.
    assert record.parse((cache / FILE).read_bytes()) == found
    assert not (cache / TWIN).exists()


def test_a_file_that_was_removed_stays_removed(cache: Path) -> None:
    """Whoever removed it by hand has signed out."""
    (cache / FILE).unlink()
    assert disk_store(cache).load(KEY) is None


def test_while_a_refresh_token_is_on_its_way_there_is_no_copy(cache: Path) -> None:
    """Nobody knows whether it was spent, so no copy may bring it back without that mark."""
    disk_store(cache).save(KEY, replace(session(), refresh_sent_at=1.0))
    assert not (cache / TWIN).exists()
    (cache / FILE).write_bytes(b"damaged")
    assert disk_store(cache).load(KEY) is None


def test_the_copy_is_always_the_file_itself(cache: Path) -> None:
    for token in ("id-token-2", "id-token-3"):
        disk_store(cache).save(KEY, session(token))
        assert (cache / TWIN).read_bytes() == (cache / FILE).read_bytes()


def test_signing_out_removes_both(cache: Path) -> None:
    disk_store(cache).delete(KEY)
    assert list(cache.glob("session-*.json*")) == []
