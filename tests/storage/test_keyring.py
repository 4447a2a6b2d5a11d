"""The store whose key is in the keyring: nothing readable on disk, and what every fault costs."""

import json
import os
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.secret import Secret
from kubelogin_py.storage import housekeeping, lock, names, sealed
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.keyring import KeyringStore
from kubelogin_py.storage.sealed import SealingKey
from kubelogin_py.storage.sealing_key import ACCOUNT, SERVICE
from tests.storage.keyrings import MemoryKeyring
from tests.storage.surroundings import KEY, LOGIN_KEY, OTHER_KEY, RememberingConsole, session, text_of

ITEM = (SERVICE, ACCOUNT)
LOCKED = StorageError("the keyring (that of the test) is locked and was not unlocked", hint="unlock it")


class Place:
    """A cache directory, a runtime directory and a keyring, used by one process after the other."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "cache"
        self.runtime = root / "run"
        self.runtime.mkdir(mode=0o700)
        self.keyring = MemoryKeyring()
        self.console = RememberingConsole()

    def store(self, keyring: MemoryKeyring | None = None) -> KeyringStore:
        """Return the store of another process."""
        return KeyringStore(
            self.directory,
            console=self.console,
            clock=SystemClock(),
            environment={"XDG_RUNTIME_DIR": str(self.runtime)},
            keyring=keyring or self.keyring,
        )

    def file(self, key: str = KEY) -> Path:
        return self.directory / names.sealed_file(key)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_nothing_can_be_read_on_disk(place: Place) -> None:
    """No token, no name of the provider, and not the key itself."""
    kept = replace(session(), access_token=Secret("access-token"))
    place.store().save(KEY, kept)
    everything = text_of(place.directory)
    for secret in ("id-token-1", "refresh-of", "access-token", "id.example.com", place.keyring.items[ITEM]):
        assert secret.encode() not in everything
    assert place.store().load(KEY) == kept
    assert place.console.lines == []


def test_one_short_item_whatever_is_kept(place: Place) -> None:
    """As Windows has it: 1,280 characters at most, and here far less, for tokens of any size."""
    for key in (KEY, OTHER_KEY):
        kept = session("t" * 300_000)
        place.store().save(key, kept)
        assert place.store().load(key) == kept
    assert list(place.keyring.items) == [ITEM]
    assert len(place.keyring.items[ITEM]) == 43


def test_the_keyring_is_asked_once_by_a_process(place: Place) -> None:
    """Not at all where there is nothing to be opened; to make the key: look, look again alone, keep."""
    assert place.store().load(KEY) is None
    assert place.keyring.calls == []
    store = place.store()
    store.save(KEY, session())
    assert place.keyring.calls == ["get", "get", "set"]
    place.keyring.calls.clear()
    store.save(KEY, session("another"))
    store.load(KEY)
    assert place.keyring.calls == []
    store = place.store()
    assert store.load(KEY)
    store.save(OTHER_KEY, session())
    assert store.load(OTHER_KEY)
    assert place.keyring.calls == ["get"]


def test_the_file_is_the_new_one_or_the_old_one(place: Place) -> None:
    """It is replaced as a whole, as on disk: another name, another inode."""
    place.store().save(KEY, session())
    before = place.file().stat().st_ino
    place.store().save(KEY, session("another"))
    assert place.file().stat().st_ino != before
    assert place.file().stat().st_mode & 0o777 == 0o600
    assert not list(place.directory.glob("temp-*"))


def test_f_18_a_lost_key_is_a_miss_and_one_line(place: Place) -> None:
    """Somebody emptied the keyring. The next session is kept with a new key."""
    place.store().save(KEY, session())
    place.keyring.items.clear()
    store = place.store()
    assert store.load(KEY) is None
    assert store.load(KEY) is None
    reason = "can't be read: the key it was sealed with is no longer in the keyring"
    assert place.console.lines == [f"the session in {place.file()} {reason}"]
    store.save(KEY, session("new"))
    found = place.store().load(KEY)
    assert found is not None
    assert found.id_token == Secret("new")


def test_another_key_in_its_place_is_a_lost_key(place: Place) -> None:
    place.store().save(KEY, session())
    place.keyring.items[ITEM] = SealingKey.new().text.reveal()
    assert place.store().load(KEY) is None
    assert place.file().exists()
    assert "no longer in the keyring" in place.console.lines[0]


def test_a_new_key_is_noticed_by_a_process_that_knew_the_old_one(place: Place) -> None:
    store = place.store()
    store.save(KEY, session())
    place.keyring.items.clear()
    place.store().save(OTHER_KEY, session("other"))
    found = store.load(OTHER_KEY)
    assert found is not None
    assert found.id_token == Secret("other")


def test_an_item_that_is_no_key_is_replaced(place: Place) -> None:
    place.keyring.items[ITEM] = "scribble"
    place.store().save(KEY, session())
    assert place.store().load(KEY) is not None
    assert SealingKey.read(place.keyring.items[ITEM])


def test_a_keyring_that_keeps_nothing_is_told_before_anything_is_written(place: Place) -> None:
    place.keyring.after_set = place.keyring.items.clear
    with pytest.raises(StorageError, match=r"\(keyring of the test\) does not keep what it is given") as caught:
        place.store().save(KEY, session())
    assert caught.value.hint == "pass --token-cache-storage=disk"
    assert not place.file().exists()


UNUSABLE = {
    "locked": LOCKED,
    "absent": NoKeyringError("there is no keyring here: no D-Bus", hint="pass --token-cache-storage=disk"),
    "hanging": StorageError("the keyring did not answer within 5 seconds", hint="unlock it"),
}


@pytest.mark.parametrize("error", UNUSABLE.values(), ids=UNUSABLE)
def test_b_101_without_a_keyring_nothing_is_kept_and_the_fix_is_told(place: Place, error: StorageError) -> None:
    """Above all not in plain text. What was kept before is unharmed."""
    place.store().save(KEY, session())
    before = place.file().read_bytes()
    place.keyring.fails = lambda: error
    store = place.store()
    assert store.load(KEY) is None
    with pytest.raises(StorageError) as caught:
        store.save(KEY, session("new"))
    assert caught.value.message == error.message
    # Once: here it was told when the session was looked for.
    assert caught.value.hint is None
    assert place.console.lines == [
        f"the session in {place.file()} can't be read: {error.message}",
        f"hint: {error.hint}",
    ]
    with pytest.raises(StorageError) as caught:
        place.store().save(OTHER_KEY, session("new"))
    assert caught.value.hint == error.hint
    assert b"new" not in text_of(place.directory)
    assert not place.file(OTHER_KEY).exists()
    place.keyring.fails = lambda: None
    assert place.file().read_bytes() == before
    assert place.store().load(KEY) is not None


def test_forgetting_needs_no_keyring(place: Place) -> None:
    place.store().save(KEY, session())
    place.file().with_suffix(".json.bad").write_bytes(b"x")
    place.keyring.fails = lambda: LOCKED
    place.store().delete(KEY)
    assert not list(place.directory.glob("sealed-*"))
    KeyringStore(None, console=place.console, clock=SystemClock(), environment={}, keyring=place.keyring).delete(KEY)


def test_without_a_home_directory_nothing_is_kept(place: Place) -> None:
    store = KeyringStore(None, console=place.console, clock=SystemClock(), environment={}, keyring=place.keyring)
    assert store.load(KEY) is None
    with pytest.raises(StorageError, match="no home directory is known"):
        store.save(KEY, session())
    assert place.keyring.calls == []


def damaged(contents: bytes) -> bytes:
    members = json.loads(contents)
    return json.dumps(members | {"sealed": members["nonce"] * 4}).encode()


@pytest.mark.parametrize("damage", [damaged, lambda _: b"{", lambda contents: contents[:40]], ids=["seal", "{", "cut"])
def test_f_08_a_damaged_file_is_moved_aside_and_its_copy_used(place: Place, damage) -> None:
    place.store().save(KEY, session())
    place.file().write_bytes(damage(place.file().read_bytes()))
    assert place.store().load(KEY) is not None
    (line,) = place.console.lines
    assert line.startswith(f"warning: a damaged session was moved to {place.file()}.bad (")
    assert line.endswith("); its copy is used")
    assert place.store().load(KEY) is not None
    assert len(place.console.lines) == 1


def test_a_damaged_file_without_a_copy_is_a_miss(place: Place) -> None:
    """A session whose refresh token is on its way has none: the copy could be the older of two."""
    place.store().save(KEY, session())
    place.store().save(KEY, replace(session(), refresh_sent_at=1_700_000_000.0))
    assert not list(place.directory.glob("*.twin"))
    place.file().write_bytes(b"x")
    assert place.store().load(KEY) is None
    assert place.console.lines[0].endswith("; it can't be used any more")
    assert [path.name for path in place.directory.glob("sealed-*")] == [names.bad_sealed_file(KEY)]


def test_a_damaged_copy_is_none(place: Place) -> None:
    place.store().save(KEY, session())
    for path in place.directory.glob("sealed-*"):
        path.write_bytes(b"x")
    assert place.store().load(KEY) is None


def test_f_09_an_empty_file_is_a_miss_without_a_word(place: Place) -> None:
    place.store().save(KEY, session())
    place.file().write_bytes(b"")
    (place.directory / names.sealed_twin_file(KEY)).unlink()
    assert place.store().load(KEY) is None
    assert place.console.lines == []


def test_a_file_of_another_session_is_damage(place: Place) -> None:
    """Whoever can write into the directory still can't hand one cluster's token to another."""
    place.store().save(KEY, session())
    place.file().rename(place.file(OTHER_KEY))
    assert place.store().load(OTHER_KEY) is None
    assert "its seal is broken" in place.console.lines[0]


@pytest.mark.parametrize("member", ["format", "record"])
def test_f_10_a_newer_version_s_file_is_left_alone(place: Place, member: str) -> None:
    place.store().save(KEY, session())
    newer = json.dumps(json.loads(place.file().read_bytes()) | {member: 2}).encode()
    place.file().write_bytes(newer)
    place.keyring.calls.clear()
    assert place.store().load(KEY) is None
    with pytest.raises(StorageError, match="is left alone: written by a newer version") as caught:
        place.store().save(KEY, session("new"))
    assert caught.value.hint == "use the newer version"
    assert place.file().read_bytes() == newer
    assert place.keyring.calls == []


@pytest.fixture
def race(place: Place) -> tuple[MemoryKeyring, MemoryKeyring]:
    """Two processes that see one keyring."""
    return MemoryKeyring(items=place.keyring.items), MemoryKeyring(items=place.keyring.items)


def test_f_18d_two_processes_at_first_use_make_one_key(place: Place, race) -> None:
    """The first is held up between looking and keeping; the second waits for it and takes its key."""
    slow, quick = race
    others: list[threading.Thread] = []

    def meanwhile() -> None:
        others.append(threading.Thread(target=lambda: place.store(quick).save(OTHER_KEY, session("other"))))
        others[0].start()
        others[0].join(0.5)
        assert others[0].is_alive()

    slow.before_set = meanwhile
    place.store(slow).save(KEY, session("first"))
    others[0].join(10)
    assert "set" not in quick.calls
    assert [found and found.id_token for found in map(place.store().load, (KEY, OTHER_KEY))] == [
        Secret("first"),
        Secret("other"),
    ]


def test_without_a_lock_the_key_that_stays_is_used(place: Place) -> None:
    """The runtime directory is of no use; another process keeps its key right after we kept ours."""
    (place.runtime / "kubelogin").touch()
    other = MemoryKeyring()

    def overwrite() -> None:
        place.store(other).save(OTHER_KEY, session("other"))
        place.keyring.items.update(other.items)

    place.keyring.after_set = overwrite
    place.store().save(KEY, session("first"))
    found = [place.store().load(key) for key in (KEY, OTHER_KEY)]
    assert [one and one.id_token for one in found] == [Secret("first"), Secret("other")]
    assert "kubelogin" in place.console.details[0]


def test_one_who_takes_too_long_over_the_key_is_named(place: Place) -> None:
    class Impatient(SystemClock):
        def monotonic(self) -> float:
            return super().monotonic() * 1000

    store = KeyringStore(
        place.directory,
        console=place.console,
        clock=Impatient(),
        environment={"XDG_RUNTIME_DIR": str(place.runtime)},
        keyring=place.keyring,
    )
    with ExitStack() as stack:
        folder = stack.enter_context(opened(place.runtime / "kubelogin", warn=print, create=True))
        clock = SystemClock()
        held = lock.held(
            folder, names.KEY_LOCK, deadline=clock.monotonic(), doing="x", clock=clock, console=place.console
        )
        stack.enter_context(held)
        with pytest.raises(StorageError, match=f"gave up waiting for process {os.getpid()}"):
            store.save(KEY, session())
    assert place.keyring.items == {}


def test_clean_knows_its_files(place: Place) -> None:
    """All of them, and their lock; a name that is only like theirs stays."""
    place.store().save(KEY, session())
    with place.store().lock(KEY, deadline=SystemClock().monotonic(), doing="testing"):
        pass
    for name in (names.bad_sealed_file(KEY), "sealed.json", f"sealed-{KEY}.json.old", f"sealed-{KEY[:-1]}.json"):
        (place.directory / name).write_bytes(b"x")
    removed = housekeeping.clean(place.directory, clock=SystemClock(), console=place.console)
    assert {f"sealed-{KEY}.json", f"sealed-{KEY}.json.twin", f"sealed-{KEY}.json.bad"} < set(removed)
    assert sorted(path.name for path in place.directory.iterdir()) == [
        f"sealed-{KEY[:-1]}.json",
        f"sealed-{KEY}.json.old",
        "sealed.json",
    ]


def test_the_locks_are_those_of_the_disk(place: Place) -> None:
    """A sign-in with one storage and one with the other exclude each other."""
    for key, name in ((KEY, f"session-{KEY}.lock"), (LOGIN_KEY, f"{LOGIN_KEY}.lock")):
        with place.store().lock(key, deadline=SystemClock().monotonic(), doing="testing"):
            assert (place.directory / name).exists()


def test_the_session_on_disk_is_another_one(place: Place) -> None:
    """What the other storage keeps for the same options is neither used nor touched."""
    place.directory.mkdir(mode=0o700)
    plain = place.directory / names.session_file(KEY)
    plain.write_bytes(b"plain")
    plain.chmod(0o600)
    store = place.store()
    assert store.load(KEY) is None
    store.save(KEY, session())
    store.delete(KEY)
    assert plain.read_bytes() == b"plain"


def test_the_key_s_own_name_is_in_the_file(place: Place) -> None:
    place.store().save(KEY, session())
    key = SealingKey.read(place.keyring.items[ITEM])
    assert key is not None
    assert sealed.key_name(place.file().read_bytes()) == key.name
