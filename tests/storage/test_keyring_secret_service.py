"""The keyring of a real desktop: gnome-keyring in a D-Bus session, unlocked, locked, prompting, or not there."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.system_keyring import SystemKeyring, UpstreamItems
from kubelogin_py.compat.upstream_sessions import KEYRING_ACCOUNT_PREFIX, KEYRING_SERVICE
from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.secret import Secret
from kubelogin_py.storage.auto import AutoStore
from kubelogin_py.storage.keyring import KeyringStore
from kubelogin_py.storage.sealing_key import ACCOUNT, SERVICE
from tests.storage import secret_service, surroundings
from tests.storage.secret_service import Session
from tests.storage.surroundings import KEY, RememberingConsole, in_child, text_of

ENOUGH = 60.0
"""Seconds for a keyring that does answer, on however busy a machine."""

pytestmark = [
    pytest.mark.required("dbus-run-session", "gnome-keyring"),
    # One gnome-keyring at a time is enough for a machine.
    pytest.mark.xdist_group("secret-service"),
]


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Session]:
    with secret_service.session(tmp_path / "desktop") as session:
        yield session


@pytest.fixture
def unlocked(desktop: Session) -> Session:
    desktop.unlock()
    return desktop


@pytest.fixture
def console() -> RememberingConsole:
    return RememberingConsole()


def keyring(session: Session, patience: float = ENOUGH) -> SystemKeyring:
    return SystemKeyring(session.whole_environment, clock=SystemClock(), tell=lambda _: None, patience=patience)


def store(
    session: Session,
    directory: Path,
    console: RememberingConsole,
    *,
    kind: type = KeyringStore,
    patience: float = ENOUGH,
):
    return kind(
        directory,
        console=console,
        clock=SystemClock(),
        environment=session.whole_environment,
        keyring=keyring(session, patience),
    )


def test_unlocked(tmp_path: Path, console: RememberingConsole) -> None:
    """Kept in one session of the desktop and found in the next, with one item in the keyring; locked, it is a miss."""
    kept, cache = surroundings.session("t" * 20_000), tmp_path / "cache"
    with secret_service.session(tmp_path / "desktop") as session:
        session.unlock()
        store(session, cache, console).save(KEY, kept)
        assert session.accounts(SERVICE) == [ACCOUNT]
        assert b"ttttt" not in text_of(cache)
    with secret_service.session(tmp_path / "desktop") as session:
        session.unlock()
        assert store(session, cache, console).load(KEY) == kept
        session.lock()
        assert console.lines == []
        assert store(session, cache, console).load(KEY) is None
        assert "is locked and was not unlocked" in console.lines[0]


def test_locked(unlocked: Session, tmp_path: Path, console: RememberingConsole) -> None:
    """Without a display the prompt fails at once: nothing is kept, nothing of what was there is harmed."""
    store(unlocked, tmp_path, console).save(KEY, surroundings.session())
    before = text_of(tmp_path)
    unlocked.lock()
    with pytest.raises(StorageError, match=r"\(SecretService Keyring\) is locked and was not unlocked") as caught:
        store(unlocked, tmp_path, console).save(KEY, surroundings.session("new"))
    assert not isinstance(caught.value, NoKeyringError)
    assert "unlock it" in (caught.value.hint or "")
    auto = store(unlocked, tmp_path, console, kind=AutoStore)
    with pytest.raises(StorageError, match="is locked"):
        auto.save(KEY, surroundings.session("new"))
    assert text_of(tmp_path) == before


def test_never_unlocked(desktop: Session, tmp_path: Path, console: RememberingConsole) -> None:
    """D-Bus starts the daemon, which has no keyring yet and nobody to ask for the password of a new one."""
    with pytest.raises(StorageError, match="is locked and was not unlocked"):
        store(desktop, tmp_path, console).save(KEY, surroundings.session())


def test_wrong_password(tmp_path: Path, console: RememberingConsole) -> None:
    """The keyring is another one's than the password that the session was opened with."""
    for password in (secret_service.PASSWORD, "wrong"):
        with secret_service.session(tmp_path / "desktop") as session:
            session.unlock(password)
            if password == "wrong":
                with pytest.raises(StorageError, match="is locked and was not unlocked"):
                    store(session, tmp_path / "cache", console).save(KEY, surroundings.session("new"))
            else:
                store(session, tmp_path / "cache", console).save(KEY, surroundings.session())
    assert b"new" not in text_of(tmp_path / "cache")


@pytest.mark.required("xvfb")
def test_a_prompt_that_nobody_sees(tmp_path: Path, console: RememberingConsole) -> None:
    """On a display the window waits for its password for ever; we don't."""
    with (
        secret_service.virtual_display() as display,
        secret_service.session(tmp_path / "desktop", DISPLAY=display) as session,
    ):
        hanging = store(session, tmp_path, console, patience=2.5)
        began = time.monotonic()
        with pytest.raises(StorageError, match="did not answer within 2 seconds") as caught:
            hanging.save(KEY, surroundings.session())
        assert time.monotonic() - began < 30
        assert "waiting to be unlocked" in (caught.value.hint or "")
        assert text_of(tmp_path).find(b"sealed-") == -1


@pytest.mark.parametrize("where", ["no D-Bus", "no keyring in it"])
def test_absent(tmp_path: Path, console: RememberingConsole, where: str) -> None:
    """``keyring`` says so and keeps nothing; ``auto`` is the disk."""
    with secret_service.session(tmp_path / "desktop", services=False) as session:
        if where == "no D-Bus":
            del session.environment["DBUS_SESSION_BUS_ADDRESS"]
        with pytest.raises(NoKeyringError, match="there is no keyring here: ") as caught:
            keyring(session).get(SERVICE, ACCOUNT)
        assert "--token-cache-storage=disk" in (caught.value.hint or "")
        directory = tmp_path / "cache"
        with pytest.raises(StorageError, match="there is no keyring here: "):
            store(session, directory, console).save(KEY, surroundings.session("new"))
        assert b"new" not in text_of(directory)
        auto = store(session, directory, console, kind=AutoStore)
        assert auto.load(KEY) is None
        auto.save(KEY, surroundings.session("new"))
        assert b"new" in text_of(directory)
        assert console.lines[-1].startswith("tokens are kept on disk: there is no keyring here: ")


def test_f_18d_many_processes_at_first_use(unlocked: Session, tmp_path: Path) -> None:
    """Each with a session of its own, in one directory or another: one key, and nobody loses a session."""
    sessions = [(f"{number}" * 64, tmp_path / f"cache-{number % 2}") for number in range(4)]

    def save(key: str, directory: Path) -> None:
        store(unlocked, directory, RememberingConsole()).save(key, surroundings.session(key))

    with ThreadPoolExecutor(len(sessions)) as pool:
        list(pool.map(lambda one: in_child(lambda: save(*one)), sessions))
    assert unlocked.accounts(SERVICE) == [ACCOUNT]
    console = RememberingConsole()
    with ThreadPoolExecutor(len(sessions)) as pool:
        found = list(pool.map(lambda one: store(unlocked, one[1], console).load(one[0]), sessions))
    assert [one and one.id_token for one in found] == [Secret(key) for key, _ in sessions]
    assert console.lines == []


def test_int128_s_items(unlocked: Session) -> None:
    """Read as they are; removed by the names that are surely its own."""
    session, other = KEYRING_ACCOUNT_PREFIX + KEY, KEYRING_ACCOUNT_PREFIX + "b" * 64
    for service, account in (
        (KEYRING_SERVICE, session),
        (KEYRING_SERVICE, other),
        (KEYRING_SERVICE, "somebody else's"),
        ("another", session),
        (SERVICE, ACCOUNT),
    ):
        unlocked.add(service, account, '{"id_token":"ä"}')
    items = UpstreamItems(keyring(unlocked))
    assert items.get(KEYRING_SERVICE, session) == '{"id_token":"ä"}'
    assert items.get(KEYRING_SERVICE, KEYRING_ACCOUNT_PREFIX + "c" * 64) is None
    keyring(unlocked).remove_upstream(KEYRING_SERVICE, KEYRING_ACCOUNT_PREFIX)
    assert unlocked.accounts(KEYRING_SERVICE) == ["somebody else's"]
    assert unlocked.accounts("another") == [session]
    assert unlocked.accounts(SERVICE) == [ACCOUNT]
    for _ in range(2):
        keyring(unlocked).delete(SERVICE, ACCOUNT)
    assert unlocked.accounts(SERVICE) == []
