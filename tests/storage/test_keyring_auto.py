"""``auto``: the keyring where there is one, and the disk only where there is none at all."""

from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.storage.auto import AutoStore
from tests.storage.keyrings import MemoryKeyring
from tests.storage.surroundings import ARGUMENTS, KEY, LOGIN_KEY, RememberingConsole, credential, session

ABSENT = NoKeyringError("there is no keyring here: no D-Bus", hint="pass --token-cache-storage=disk")
LOCKED = StorageError("the keyring (that of the test) is locked and was not unlocked", hint="unlock it")


def store(root: Path, keyring: MemoryKeyring, console: RememberingConsole) -> AutoStore:
    environment = {"HOME": str(root), "XDG_RUNTIME_DIR": str(root)}
    return AutoStore(root / "cache", console=console, clock=SystemClock(), environment=environment, keyring=keyring)


def kinds(root: Path) -> set[str]:
    return {path.name.partition("-")[0] for path in (root / "cache").glob("se*.json")}


def test_a_keyring_is_preferred_and_said_once(tmp_path: Path) -> None:
    keyring, console = MemoryKeyring(), RememberingConsole()
    made = store(tmp_path, keyring, console)
    assert made.load(KEY) is None
    made.save(KEY, session())
    assert made.load(KEY) is not None
    assert kinds(tmp_path) == {"sealed"}
    assert console.lines == ["tokens are kept under a key in the keyring (keyring of the test)"]
    assert console.details == []


def test_what_is_known_is_not_said_again(tmp_path: Path) -> None:
    """A session that was kept before is where it was; only who asks for details hears so."""
    keyring, console = MemoryKeyring(), RememberingConsole()
    made = store(tmp_path, keyring, RememberingConsole())
    made.load(KEY)
    made.save(KEY, session())
    made = store(tmp_path, keyring, console)
    assert made.load(KEY) is not None
    made.save(KEY, session("id-token-2"))
    assert console.lines == []
    assert console.details == ["tokens are kept under a key in the keyring (keyring of the test)"]


def test_choosing_costs_no_second_question(tmp_path: Path) -> None:
    keyring = MemoryKeyring()
    made = store(tmp_path, keyring, RememberingConsole())
    assert made.load(KEY) is None
    made.save(KEY, session())
    assert keyring.calls == ["get", "get", "set"]
    keyring.calls.clear()
    made = store(tmp_path, keyring, RememberingConsole())
    assert made.load(KEY) is not None
    made.save(KEY, session())
    assert keyring.calls == ["get"]


def test_without_any_keyring_it_is_the_disk(tmp_path: Path) -> None:
    console = RememberingConsole()
    made = store(tmp_path, MemoryKeyring(fails=lambda: ABSENT), console)
    assert made.load(KEY) is None
    made.save(KEY, session())
    assert made.load(KEY) is not None
    assert kinds(tmp_path) == {"session"}
    assert console.lines == ["tokens are kept on disk: there is no keyring here: no D-Bus"]
    assert console.details == []
    made.delete(KEY)
    assert kinds(tmp_path) == set()


def test_a_locked_keyring_is_no_reason_for_plain_text(tmp_path: Path) -> None:
    console = RememberingConsole()
    made = store(tmp_path, MemoryKeyring(fails=lambda: LOCKED), console)
    assert made.load(KEY) is None
    with pytest.raises(StorageError, match="is locked and was not unlocked"):
        made.save(KEY, session())
    assert kinds(tmp_path) == set()
    # That it could not be kept, and why, is all there is to say.
    assert console.lines == console.details == []


def test_the_choice_stands_for_the_whole_command(tmp_path: Path) -> None:
    """A service that comes up between two calls must not tear a session apart."""
    keyring = MemoryKeyring(fails=lambda: ABSENT)
    made = store(tmp_path, keyring, RememberingConsole())
    made.load(KEY)
    keyring.fails = lambda: None
    made.save(KEY, session())
    assert kinds(tmp_path) == {"session"}


@pytest.mark.parametrize("fault", [None, ABSENT, LOCKED], ids=["usable", "absent", "locked"])
def test_the_locks_are_the_same(tmp_path: Path, fault: StorageError | None) -> None:
    made = store(tmp_path, MemoryKeyring(fails=lambda: fault), RememberingConsole())
    for key, name in ((KEY, f"session-{KEY}.lock"), (LOGIN_KEY, f"{LOGIN_KEY}.lock")):
        with made.lock(key, deadline=SystemClock().monotonic(), doing="testing"):
            assert (tmp_path / "cache" / name).exists()


def test_an_answer_is_not_kept_and_the_keyring_not_asked_for_it(tmp_path: Path) -> None:
    keyring = MemoryKeyring()
    assert not store(tmp_path, keyring, RememberingConsole()).keep_answer(ARGUMENTS, KEY, credential())
    assert keyring.calls == []
