"""The keyring of the desktop: absent, locked, hanging, too small, and asked by many at once: F18, F30, B-101."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.system_keyring import PATIENCE, SystemKeyring
from kubelogin_py.storage.sealing_key import ACCOUNT, SERVICE
from tests.faults.scene import AT_ONCE, Scene, token, warnings
from tests.storage import secret_service
from tests.storage.secret_service import Session
from tests.support import command

WINDOWS_LIMIT = 1280
"""Characters of one secret in the Windows Credential Manager."""

pytestmark = [
    pytest.mark.required("dbus-run-session", "gnome-keyring"),
    pytest.mark.xdist_group("secret-service"),
]


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Session]:
    with secret_service.session(tmp_path / "desktop") as session:
        session.unlock()
        yield session


def in_keyring(scene: Scene, session: Session, storage: str = "keyring") -> Scene:
    """Return the person in this desktop session."""
    scene.home = session.home
    scene.more = (f"--token-cache-storage={storage}",)
    return scene


@pytest.mark.parametrize("storage", ["keyring", "auto"])
def test_f18_b101_no_keyring(scene: Scene, tmp_path: Path, storage: str) -> None:
    """Asked for by name it is a warning and nothing on disk; ``auto`` keeps the tokens there. Exit 0 in both."""
    in_keyring(scene, Session(tmp_path / "home", {}), storage)
    done = scene.call()
    assert token(done)
    on_disk = [path for path in scene.cache.glob("session-*.json*") if path.suffix != ".lock"]
    assert bool(on_disk) == (storage == "auto")
    if storage == "keyring":
        assert len([line for line in warnings(done) if "there is no keyring here" in line]) == 1
        assert "--token-cache-storage=disk" in done.stderr
    else:
        assert "tokens are kept on disk: there is no keyring here" in done.stderr
        again = scene.call()
        assert (token(again), again.stderr) == (token(done), "")


@pytest.mark.required("xvfb")
def test_f18_b101_a_prompt_that_nobody_answers(scene: Scene, tmp_path: Path) -> None:
    """It would wait for ever; the credential is printed within a bounded time, and nothing is in plain text."""
    with (
        secret_service.virtual_display() as display,
        secret_service.session(tmp_path / "desktop", DISPLAY=display) as session,
    ):
        in_keyring(scene, session)
        done = scene.call(env=session.environment)
    assert token(done)
    assert "did not answer within" in done.stderr
    assert done.seconds < 3 * PATIENCE + 15
    assert token(done).encode() not in b"".join(path.read_bytes() for path in scene.cache.iterdir())


@pytest.mark.parametrize("how", ["locked", "wrong password", "never unlocked"])
def test_f18_b101_a_keyring_that_stays_locked(scene: Scene, tmp_path: Path, how: str) -> None:
    """Without a display its prompt fails at once: the credential is printed, one warning, nothing in plain text."""
    with secret_service.session(tmp_path / "desktop") as session:
        in_keyring(scene, session, "auto")
        if how != "never unlocked":
            session.unlock()
            assert token(scene.call(env=session.environment))
        if how == "locked":
            session.lock()
            _stays_locked(scene, session)
    if how == "locked":
        return
    with secret_service.session(tmp_path / "desktop") as session:
        if how == "wrong password":
            session.unlock("wrong")
        _stays_locked(scene, session)


def _stays_locked(scene: Scene, session: Session) -> None:
    before = {path.name: path.read_bytes() for path in scene.cache.glob("*.json*")} if scene.cache.exists() else {}
    done = scene.call(env=session.environment)
    assert token(done)
    assert done.seconds < PATIENCE + 2 * AT_ONCE
    (warning,) = warnings(done)
    assert "is locked and was not unlocked; the next command may have to sign in again" in warning
    assert "hint: unlock it" in done.stderr
    after = {path.name: path.read_bytes() for path in scene.cache.glob("*.json*")}
    # What was sealed is as it was, and nothing else holds a token.
    assert {name: after[name] for name in before if not name.startswith("documents-")}.items() <= before.items()
    assert not [name for name in after.keys() - before.keys() if name.startswith(("session-", "sealed-"))]


@pytest.mark.parametrize(
    ("backend", "reason"),
    [
        ("keyring.backends.null.Keyring", "keyring.backends.null.Keyring keeps nothing"),
        ("bad.PlaintextKeyring", "bad.PlaintextKeyring keeps secrets in plain text"),
    ],
)
def test_b101_a_backend_that_is_refused(scene: Scene, tmp_path: Path, backend: str, reason: str) -> None:
    """By its name and with the reason; nothing is kept, least of all by it."""
    (tmp_path / "bad.py").write_text(
        "from pathlib import Path\n"
        "from keyring.backend import KeyringBackend\n"
        "class PlaintextKeyring(KeyringBackend):\n"
        "    priority = 9\n"
        "    def set_password(self, service, username, password):\n"
        f"        Path({str(tmp_path / 'leaked')!r}).write_text(password)\n"
        "    def get_password(self, service, username):\n"
        "        return None\n"
    )
    config = scene.home / ".config/python_keyring/keyringrc.cfg"
    config.parent.mkdir(parents=True)
    config.write_text(f"[backend]\ndefault-keyring={backend}\nkeyring-path={tmp_path}\n")
    scene.more = ("--token-cache-storage=keyring",)
    done = scene.call()
    assert token(done)
    (warning,) = warnings(done)
    assert f"the keyring backend {reason}, so it is not used" in warning
    assert not (tmp_path / "leaked").exists()
    assert not list(scene.cache.glob("se*.json*"))


def test_f18_any_size(scene: Scene, desktop: Session) -> None:
    """The keyring holds one short key whatever the tokens' size; the tokens are sealed with it."""
    in_keyring(scene, desktop)
    done = scene.call(env=desktop.environment)
    assert token(done)
    found = SystemKeyring(desktop.whole_environment, clock=SystemClock(), tell=lambda _: None, patience=60.0).get(
        SERVICE, ACCOUNT
    )
    assert found
    assert len(found) < WINDOWS_LIMIT
    assert desktop.accounts(SERVICE) == [ACCOUNT]
    again = scene.call(env=desktop.environment)
    assert (token(again), again.stderr) == (token(done), "")


def test_f18_two_processes_at_first_use(scene: Scene, desktop: Session) -> None:
    """Both print a credential, one key is made, and what was kept can be read."""
    in_keyring(scene, desktop)
    running = []
    for scopes in ("", "email"):
        scene.more = ("--token-cache-storage=keyring", f"--oidc-extra-scope={scopes}")
        running.append((scene.more, scene.start(env=desktop.environment)))
    done = command.together([one for _, one in running])
    assert desktop.accounts(SERVICE) == [ACCOUNT]
    scene.provider.forget()
    for (more, _), first in zip(running, done, strict=True):
        scene.more = more
        assert token(scene.call(env=desktop.environment)) == token(first)
    assert scene.provider.count() == 0


def test_f30_thirty_probes_at_once(desktop: Session) -> None:
    """Each with an item of its own: none meets another's, and nothing is left behind."""

    def probe(_: int) -> None:
        SystemKeyring(desktop.whole_environment, clock=SystemClock(), tell=lambda _: None, patience=60.0).probe()

    with ThreadPoolExecutor(30) as pool:
        assert len(list(pool.map(probe, range(30)))) == 30
    assert desktop.labels() == []
