"""All copies of one session, whichever store made them, are found and go together; nothing else does."""

from pathlib import Path

import pytest

from kubelogin_py import fastpath
from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.refresh_due import Setback
from kubelogin_py.storage import names
from kubelogin_py.storage.ahead import DiskAhead
from kubelogin_py.storage.copies import DiskCopies
from kubelogin_py.storage.keyring import KeyringStore
from tests.storage.keyrings import MemoryKeyring
from tests.storage.surroundings import (
    ARGUMENTS,
    KEY,
    OTHER_KEY,
    RememberingConsole,
    ShiftedClock,
    credential,
    disk_store,
    session,
)


class Place:
    """A cache directory that several stores have kept the same session in."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "cache/oidc-login"
        self.environment = {"HOME": str(root), "KUBECACHEDIR": str(root / "cache"), "XDG_RUNTIME_DIR": str(root)}
        self.console = RememberingConsole()
        self.keyring = MemoryKeyring()
        clock = ShiftedClock()
        self.disk = disk_store(self.directory, console=self.console, environment=self.environment)
        self.sealed = KeyringStore(
            self.directory, console=self.console, clock=clock, environment=self.environment, keyring=self.keyring
        )
        self.ahead = DiskAhead(self.directory, clock=clock, environment=self.environment)
        self.copies = DiskCopies(self.directory, self.sealed.load, tell=self.console.tell)

    def names(self) -> set[str]:
        return {path.name for path in self.directory.iterdir()}

    def fill(self, key: str) -> None:
        """Keep everything that there can be of a session."""
        self.disk.save(key, session())
        self.sealed.save(key, session("id-token-2"))
        self.ahead.keep(key, Setback(1.0, "down"))
        for name in (names.bad_file(key), names.bad_sealed_file(key)):
            (self.directory / name).write_text("{")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_every_form_is_found(place: Place) -> None:
    place.fill(KEY)
    found = place.copies.sessions(KEY)
    assert [one.id_token.reveal() for one in found if one and one.id_token] == ["id-token-1", "id-token-2"]
    assert place.copies.sessions(OTHER_KEY) == []


def test_a_session_on_disk_asks_no_keyring(place: Place) -> None:
    place.disk.save(KEY, session())
    assert len(place.copies.sessions(KEY)) == 1
    assert place.keyring.calls == []


def test_everything_of_it_goes_and_nothing_of_another(place: Place) -> None:
    """Sessions in every form, damaged ones, twins, answers and what stands beside them, setbacks."""
    place.fill(OTHER_KEY)
    before = place.names()
    place.fill(KEY)
    assert place.disk.keep_answer(ARGUMENTS, KEY, credential())
    (answer,) = (name for name in place.names() if name.startswith("answer1-"))
    (place.directory / names.ahead_file(answer)).touch()
    (place.directory / names.taken_file(answer)).touch()
    assert fastpath.answer(list(ARGUMENTS), place.environment) is not None
    lock = {names.lock_file(KEY)}
    count = len(place.names() - before - lock)
    assert place.copies.remove(KEY) == count
    assert place.names() - lock == before
    assert fastpath.answer(list(ARGUMENTS), place.environment) is None
    assert place.copies.remove(KEY) == 0


def test_an_answer_of_nobody_knows_which_session_goes_too(place: Place) -> None:
    place.disk.save(KEY, session())
    (place.directory / "answer1-5,a.txt").write_text("x")
    place.copies.remove(KEY)
    assert not any(name.startswith("answer") for name in place.names())


def test_what_can_not_be_read_is_told_and_goes(place: Place) -> None:
    place.fill(KEY)
    (place.directory / names.session_file(KEY)).write_bytes(b'{"format":99}')
    (place.directory / names.twin_file(KEY)).unlink()
    place.keyring.fails = lambda: NoKeyringError("there is no keyring here")
    fresh = Place(place.directory.parents[1])
    fresh.keyring.fails = place.keyring.fails
    assert fresh.copies.sessions(KEY) == [None, None]
    said = "\n".join(fresh.console.lines)
    assert f"session-{KEY}.json can't be read: written by a newer version" in said
    assert "there is no keyring here" in said
    assert fresh.copies.remove(KEY) > 0
    assert not any(KEY in name for name in fresh.names())


def test_a_damaged_file_gives_way_to_its_copy(place: Place) -> None:
    place.disk.save(KEY, session())
    (place.directory / names.session_file(KEY)).write_bytes(b"{")
    assert len(place.copies.sessions(KEY)) == 1


def test_one_that_stays_keeps_no_other(place: Place) -> None:
    """A directory of that name can't be removed as a file: everything else is gone all the same."""
    place.fill(KEY)
    (place.directory / names.setback_file(KEY)).unlink()
    (place.directory / names.setback_file(KEY)).mkdir()
    with pytest.raises(StorageError):
        place.copies.remove(KEY)
    assert {name for name in place.names() if KEY in name} == {names.setback_file(KEY)}


@pytest.mark.parametrize("made", [True, False])
def test_without_a_directory_there_is_nothing(tmp_path: Path, made: bool) -> None:
    directory = tmp_path / "none" if made else None
    copies = DiskCopies(directory, lambda _: None, tell=lambda _: None)
    assert copies.sessions(KEY) == []
    assert copies.remove(KEY) == 0
    assert not (tmp_path / "none").exists()
