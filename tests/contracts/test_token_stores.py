"""What every token store does, run against each by its row in the table."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.ports import TokenStore
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Storage
from kubelogin_py.storage import STORES, token_store
from tests.storage.keyrings import MemoryKeyring
from tests.storage.surroundings import ARGUMENTS, KEY, LOGIN_KEY, OTHER_KEY, RememberingConsole, credential, session

FORGETFUL = {Storage.NONE}
KEYRINGS: dict[Path, dict[tuple[str, str], str]] = {}
WHOLE = replace(
    session(), access_token=Secret("access"), refresh_sent_at=1_700_000_000.0, expires_at=1_800_000_000.25, scope=""
)
BARE = Session(issuer="https://id.example.com", client_id="kubernetes")


@pytest.fixture(params=list(STORES))
def storage(request: pytest.FixtureRequest) -> Storage:
    return request.param


@pytest.fixture
def console() -> RememberingConsole:
    return RememberingConsole()


@pytest.fixture
def store(storage: Storage, tmp_path: Path, console: RememberingConsole) -> TokenStore:
    return made(storage, tmp_path, console)


def made(storage: Storage, root: Path, console: RememberingConsole) -> TokenStore:
    # What a keyring of the system does is shown in tests/storage; here it is one in memory, the same for everybody.
    keyring = MemoryKeyring(items=KEYRINGS.setdefault(root, {}))
    environment = {"HOME": str(root), "XDG_RUNTIME_DIR": str(root)}
    directory = root / "cache"
    return token_store(
        storage, directory, console=console, clock=SystemClock(), environment=environment, keyring=keyring
    )


@pytest.fixture(autouse=True)
def nothing_to_complain(console: RememberingConsole) -> object:
    """In good order no store says anything but where it keeps what."""
    yield
    assert [line for line in console.lines if not line.startswith("tokens are kept under a key in the keyring (")] == []


def test_nothing_is_found_where_nothing_was_kept(store: TokenStore) -> None:
    assert store.load(KEY) is None


@pytest.mark.parametrize("kept", [WHOLE, BARE], ids=["whole", "bare"])
def test_what_is_kept_is_found_by_another_process(
    store: TokenStore, storage: Storage, tmp_path: Path, console: RememberingConsole, kept: Session
) -> None:
    """A store that keeps nothing finds nothing; none finds anything else."""
    store.save(KEY, kept)
    assert made(storage, tmp_path, console).load(KEY) == (None if storage in FORGETFUL else kept)


def test_the_last_one_kept_is_found(store: TokenStore, storage: Storage) -> None:
    store.save(KEY, WHOLE)
    store.save(KEY, BARE)
    assert store.load(KEY) == (None if storage in FORGETFUL else BARE)


def test_keys_are_apart(store: TokenStore, storage: Storage) -> None:
    store.save(KEY, WHOLE)
    assert store.load(OTHER_KEY) is None
    store.save(OTHER_KEY, BARE)
    store.delete(KEY)
    assert store.load(KEY) is None
    assert store.load(OTHER_KEY) == (None if storage in FORGETFUL else BARE)


def test_forgetting_is_for_good_and_may_be_repeated(store: TokenStore) -> None:
    store.delete(KEY)
    store.save(KEY, WHOLE)
    store.delete(KEY)
    store.delete(KEY)
    assert store.load(KEY) is None


@pytest.mark.parametrize("key", [KEY, LOGIN_KEY], ids=["session", "sign-in"])
def test_a_lock_is_had_again_and_again(store: TokenStore, key: str) -> None:
    for _ in range(2):
        with store.lock(key, deadline=time.monotonic(), doing="testing"):
            pass


def test_all_of_it_works_under_the_locks(store: TokenStore, storage: Storage) -> None:
    """The lock of a sign-in is held around that of a session."""
    deadline = time.monotonic() + 5
    with store.lock(LOGIN_KEY, deadline=deadline, doing="testing"), store.lock(KEY, deadline=deadline, doing="testing"):
        store.save(KEY, WHOLE)
        assert store.load(KEY) == (None if storage in FORGETFUL else WHOLE)
        store.delete(KEY)
        assert store.load(KEY) is None


def test_an_answer_is_kept_for_what_is_kept_or_not_at_all(store: TokenStore, storage: Storage, tmp_path: Path) -> None:
    """A finished answer is a convenience: whatever a store makes of it, it does not fail."""
    kept = session()
    store.save(KEY, kept)
    arguments = (*ARGUMENTS, f"--token-cache-dir={tmp_path / 'cache'}")
    assert store.keep_answer(arguments, KEY, credential()) == (storage is Storage.DISK)
    assert not store.keep_answer(arguments, OTHER_KEY, credential())
    assert not store.keep_answer(arguments, KEY, credential("another-token"))
    assert not store.keep_answer((), KEY, b"")


def test_an_exception_passes_through_the_lock(store: TokenStore) -> None:
    with pytest.raises(ZeroDivisionError), store.lock(KEY, deadline=time.monotonic() + 5, doing="testing"):
        raise ZeroDivisionError
    with store.lock(KEY, deadline=time.monotonic(), doing="testing"):
        pass
