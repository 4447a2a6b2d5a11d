"""``talos-cred import`` with a real gnome-keyring: entries as a library of Go keeps them, read and left alone."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage import secret_service
from tests.storage.secret_service import Session
from tests.support import command

pytestmark = [
    pytest.mark.required("dbus-run-session", "gnome-keyring"),
    pytest.mark.xdist_group("secret-service"),
]
PROGRAM = command.BIN / "talos-cred"
ENTRY = json.dumps({"issuer": "https://id.example.test", "client_id": "talos", "refresh_token": "of-the-keyring"})


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Session]:
    with secret_service.session(tmp_path / "desktop") as session:
        session.unlock()
        yield session


def imported(desktop: Session) -> command.Result:
    words = ["import", "--server", "https://exchange.example.test"]
    return command.run(*words, home=desktop.home, env=desktop.environment, command=PROGRAM)


def kept(desktop: Session) -> str:
    return json.loads(next((desktop.home / ".kube/cache/oidc-login").glob("session-*.json")).read_text())[
        "refresh_token"
    ]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(ENTRY, id="as it is"),
        pytest.param("go-keyring-base64:" + base64.b64encode(ENTRY.encode()).decode(), id="as on macOS"),
        pytest.param("go-keyring-encoded:" + ENTRY.encode().hex(), id="as on macOS once"),
    ],
)
def test_an_entry_of_the_keyring_is_taken_over_and_left_alone(desktop: Session, entry: str) -> None:
    desktop.add("talosctl-oidc", "oidc", entry)
    done = imported(desktop)
    assert done.code == 0, done.stderr
    assert kept(desktop) == "of-the-keyring"
    assert "of-the-keyring" not in done.stderr
    assert desktop.accounts("talosctl-oidc") == ["oidc"]


def test_where_the_keyring_is_locked_the_file_serves(desktop: Session) -> None:
    """It is said why the keyring was passed over, and nobody waits for ever."""
    desktop.add("talosctl-oidc", "oidc", ENTRY)
    desktop.lock()
    theirs = desktop.home / ".config/talosctl-oidc/tokens.json"
    theirs.parent.mkdir(parents=True)
    theirs.write_text(json.dumps({"oidc": {**json.loads(ENTRY), "refresh_token": "of-the-file"}}))
    done = imported(desktop)
    assert done.code == 0, done.stderr
    assert "warning: the keyring (SecretService Keyring) is locked" in done.stderr
    assert kept(desktop) == "of-the-file"


def test_an_entry_that_is_damaged_is_an_error(desktop: Session) -> None:
    desktop.add("talosctl-oidc", "oidc", "go-keyring-base64:%%%")
    done = imported(desktop)
    assert (done.code, done.stdout) == (1, "")
    assert "encoding is damaged" in done.stderr
    assert not (desktop.home / ".kube").exists()
