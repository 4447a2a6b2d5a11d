"""The keyring asked through a process of its own: what it says, and that it can't hold anybody."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.system_keyring import (
    PATIENCE,
    PATIENCE_WITH_PERSON,
    SystemKeyring,
    UpstreamItems,
    system_keyring,
)
from kubelogin_py.errors import NoKeyringError, StorageError
from tests.storage.surroundings import finished, forked

BACKENDS = "tests.adapters.keyring_backends"
SECRET = "secret-canary"

Made = Callable[..., SystemKeyring]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(backend: str, *, patience: float = 5.0, tell: Callable[[str], None] = print) -> SystemKeyring:
        name = backend if "." in backend else f"{BACKENDS}.{backend}"
        environment = {
            "HOME": str(tmp_path),
            "PATH": os.defpath,
            "PYTHON_KEYRING_BACKEND": name,
            "KEYRING_TEST_DIRECTORY": str(tmp_path),
        }
        return SystemKeyring(environment, clock=SystemClock(), tell=tell, patience=patience)

    return make


def is_running(pid: int) -> bool:
    """A zombie that nobody has reaped yet runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(happened: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def hanging_pid(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Return the process that hangs, once it does."""

    def pid() -> int:
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        return int((tmp_path / "pid").read_text())

    return pid


def test_an_item_s_life(made: Made) -> None:
    """What a backend prints, itself or through a child, is not taken for an answer."""
    keyring = made("File")
    assert keyring.get("service", "account") is None
    assert keyring.set("service", "account", SECRET) == SECRET
    assert made("File").get("service", "account") == SECRET
    keyring.delete("service", "account")
    assert keyring.get("service", "account") is None
    assert keyring.name == "keyring backends File"


def test_any_text_is_a_secret(made: Made) -> None:
    text = 'ü\n\0"\\ \U0001f511' * 5000
    assert made("File").set("s\n", "a ü", text) == text


def test_a_hanging_keyring_costs_its_patience_once(made: Made, hanging_pid: Callable[[], int]) -> None:
    keyring = made("Hanging", patience=1.0)
    for least, most in ((0.9, 20.0), (0.0, 0.2)):
        began = time.monotonic()
        with pytest.raises(
            StorageError, match=r"\(keyring backends Hanging\) did not answer within 1 seconds"
        ) as caught:
            keyring.get("service", "account")
        assert least <= time.monotonic() - began < most
        assert "unlock it, or pass --token-cache-storage=disk" in (caught.value.hint or "")
        assert not isinstance(caught.value, NoKeyringError)
    assert not is_running(hanging_pid())


def test_ctrl_c_ends_the_wait_at_once(made: Made, hanging_pid: Callable[[], int]) -> None:
    keyring = made("Hanging", patience=60.0)
    pressed: list[float] = []

    def press() -> None:
        hanging_pid()
        pressed.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        keyring.get("service", "account")
    assert time.monotonic() - pressed[0] < 0.5
    assert not is_running(hanging_pid())


def test_the_helper_does_not_outlive_a_parent_that_was_killed(made: Made, hanging_pid: Callable[[], int]) -> None:
    child = forked(lambda: made("Hanging", patience=60.0).get("service", "account"))
    helper = hanging_pid()
    os.kill(child, signal.SIGKILL)
    assert finished(child) == -signal.SIGKILL
    wait_for(lambda: not is_running(helper), 5)


def test_while_it_is_waited_for(made: Made, hanging_pid: Callable[[], int]) -> None:
    """The person is told why, once; the secret is neither among the arguments nor in the environment."""
    told: list[str] = []
    keyring = made("Hanging", patience=3.0, tell=told.append)
    seen: list[str] = []

    def look() -> None:
        process = Path(f"/proc/{hanging_pid()}")
        seen.extend((process / name).read_text() for name in ("cmdline", "environ"))

    watcher = threading.Thread(target=look)
    watcher.start()
    with pytest.raises(StorageError):
        keyring.set("service", "account", SECRET)
    watcher.join()
    assert "keyring_process" in seen[0]
    assert not [text for text in seen if SECRET in text]
    assert told == ["waiting for the keyring, which may be asking for its password in a window of its own"]


FAULTS = {
    "Locked": ("(keyring backends Locked) is locked and was not unlocked", False),
    "Crashing": ("(keyring backends Crashing) ended its helper process without an answer", False),
    "Absent": ("there is no keyring here: no such service", True),
    "keyring.backends.null.Keyring": ("backend keyring.backends.null.Keyring keeps nothing, so it is not used", True),
    "keyring.backends.fail.Keyring": ("backend keyring.backends.fail.Keyring keeps nothing", True),
    "PlaintextKeyring": (f"{BACKENDS}.PlaintextKeyring keeps secrets in plain text, so it is not used", True),
    "Disguised": (f"{BACKENDS}.Disguised keeps secrets in plain text", True),
    "Chain": (f"{BACKENDS}.Chain leads to {BACKENDS}.PlaintextKeyring keeps secrets in plain text", True),
    "no.such.Backend": ("the keyring backend configured can't be loaded: No module named 'no'", False),
}


@pytest.mark.parametrize(("backend", "expected"), FAULTS.items(), ids=FAULTS)
def test_b_101_what_can_t_be_used_is_named(made: Made, backend: str, expected: tuple[str, bool]) -> None:
    """Nothing but the absence of a keyring is told as such: only then may tokens go to the disk instead."""
    reason, absent = expected
    with pytest.raises(StorageError) as caught:
        made(backend).get("service", "account")
    assert reason in caught.value.message
    assert isinstance(caught.value, NoKeyringError) is absent
    assert caught.value.hint or backend == "Crashing"


def test_a_chain_of_good_ones_is_good(made: Made) -> None:
    assert made("GoodChain").get("service", "account") is None


@pytest.mark.parametrize("backend", ["Indiscreet", "Windows"])
def test_a_secret_that_is_not_taken_is_not_told(made: Made, backend: str) -> None:
    with pytest.raises(StorageError, match=rf"^the keyring \(keyring backends {backend}\) failed: ") as caught:
        made(backend).set("service", "account", SECRET * 200)
    assert SECRET not in caught.value.message


def test_what_is_kept_is_read_back(made: Made) -> None:
    assert made("Forgetful").set("service", "account", SECRET) is None


def test_a_probe_leaves_nothing_behind(made: Made, tmp_path: Path) -> None:
    made("File").probe()
    assert (tmp_path / "items.json").read_text() == "{}"
    with pytest.raises(StorageError, match="does not keep what it is given"):
        made("Forgetful").probe()


def test_int128_s_items_are_read(made: Made) -> None:
    keyring = made("File")
    keyring.set("kubelogin", "kubelogin/tokencache/x", SECRET)
    assert UpstreamItems(keyring).get("kubelogin", "kubelogin/tokencache/x") == SECRET
    # Where items can't be listed, nothing is removed, and nothing fails.
    keyring.remove_upstream("kubelogin", "kubelogin/tokencache/")
    assert UpstreamItems(keyring).get("kubelogin", "kubelogin/tokencache/x") == SECRET


def test_a_configuration_file_is_honoured(tmp_path: Path) -> None:
    """The one of the keyring library, with the path it names."""
    configuration = tmp_path / ".config/python_keyring/keyringrc.cfg"
    configuration.parent.mkdir(parents=True)
    here = Path(__file__).parent
    configuration.write_text(f"[backend]\ndefault-keyring=keyring_backends.File\nkeyring-path={here}\n")
    environment = {"HOME": str(tmp_path), "KEYRING_TEST_DIRECTORY": str(tmp_path)}
    keyring = SystemKeyring(environment, clock=SystemClock(), tell=print, patience=5)
    assert keyring.set("service", "account", SECRET) == SECRET


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no D-Bus to be missing")
def test_without_d_bus_no_process_is_started(tmp_path: Path) -> None:
    keyring = SystemKeyring({"HOME": str(tmp_path)}, clock=SystemClock(), tell=print, patience=5)
    began = time.monotonic()
    with pytest.raises(NoKeyringError, match="DBUS_SESSION_BUS_ADDRESS is not set") as caught:
        keyring.get("service", "account")
    assert time.monotonic() - began < 1
    assert "--token-cache-storage=disk" in (caught.value.hint or "")


@pytest.mark.skipif(sys.platform != "linux", reason="D-Bus is Linux's")
@pytest.mark.parametrize("kind", ["socket", "file"])
def test_the_user_s_bus_is_found_where_systemd_puts_it(tmp_path: Path, kind: str) -> None:
    """As the D-Bus library of Go programs does; nobody answers there, but somebody was asked."""
    path = tmp_path / "bus"
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "socket":
            listening.bind(str(path))
        else:
            path.touch()
        environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
        keyring = SystemKeyring(environment, clock=SystemClock(), tell=print, patience=5)
        reason = "Unable to initialize SecretService" if kind == "socket" else "DBUS_SESSION_BUS_ADDRESS is not set"
        with pytest.raises(NoKeyringError, match=reason):
            keyring.get("service", "account")


PLACES = {
    "person at a display": ({"DISPLAY": ":0"}, True, "linux", PATIENCE_WITH_PERSON),
    "person at a Wayland display": ({"WAYLAND_DISPLAY": "wayland-0"}, True, "linux", PATIENCE_WITH_PERSON),
    "person on a Mac": ({}, True, "darwin", PATIENCE_WITH_PERSON),
    "person on Windows": ({}, True, "win32", PATIENCE_WITH_PERSON),
    "person without a display": ({}, True, "linux", PATIENCE),
    "nobody at a display": ({"DISPLAY": ":0"}, False, "linux", PATIENCE),
    "nobody on a Mac": ({}, False, "darwin", PATIENCE),
}


@pytest.mark.parametrize(("environment", "interactive", "platform", "expected"), PLACES.values(), ids=PLACES)
def test_only_a_person_who_can_see_the_prompt_has_time(
    environment: dict[str, str], interactive: bool, platform: str, expected: float
) -> None:
    keyring = system_keyring(environment, clock=SystemClock(), tell=print, interactive=interactive, platform=platform)
    assert keyring._patience == expected


def test_an_interpreter_that_can_t_be_started_is_told(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(StorageError, match=r"helper process can't be started: .*No such file"):
        made("File").get("service", "account")
    monkeypatch.setattr(sys, "executable", None)
    with pytest.raises(StorageError, match="interpreter is not known"):
        made("File").get("service", "account")
