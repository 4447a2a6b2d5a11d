"""The items of int128/kubelogin on Windows and macOS, whose keyrings can only be imitated here."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from keyring.backend import KeyringBackend

from kubelogin_py.adapters.keyring_backend import Items
from kubelogin_py.errors import StorageError

KEY = "a" * 64
NOT_FOUND = 1168


class WindowsError(Exception):
    """What pywin32 raises."""

    def __init__(self, winerror: int) -> None:
        super().__init__(winerror, "CredEnumerate", "Element not found.")
        self.winerror = winerror


@dataclass
class Credentials:
    """Windows' Credential Manager as pywin32 shows it: targets with a blob of bytes."""

    CRED_TYPE_GENERIC = 1
    targets: dict[str, bytes] = field(default_factory=dict)
    error: int = NOT_FOUND

    def CredEnumerate(self, _filter: None, _flags: int) -> list[dict[str, Any]]:  # noqa: N802 -- Windows' name
        if not self.targets:
            raise WindowsError(self.error)
        return [{"TargetName": target, "Type": 1, "CredentialBlob": blob} for target, blob in self.targets.items()]

    def CredDelete(self, target: str, kind: int) -> None:  # noqa: N802 -- Windows' name
        assert kind == self.CRED_TYPE_GENERIC
        del self.targets[target]


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Credentials:
    """Stand in for the library's backend for Windows, under its name."""
    found = Credentials()
    module: Any = ModuleType("keyring.backends.Windows")
    module.win32cred, module.pywintypes = found, ModuleType("pywintypes")
    module.pywintypes.error = WindowsError
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return found


def windows(credentials: Credentials) -> Items:
    class WinVaultKeyring(KeyringBackend):
        """Reads what the library itself wrote, in UTF-16, under other targets."""

        def get_password(self, service: str, username: str) -> str | None:
            raise AssertionError("Go programs name and encode their items in another way")

        def set_password(self, service: str, username: str, password: str) -> None:
            raise AssertionError("nothing is written here")

        def _read_credential(self, target: str) -> dict[str, Any] | None:
            blob = credentials.targets.get(target)
            return None if blob is None else {"CredentialBlob": blob}

    # Not to be found by a search of the library, from now on or by another test.
    KeyringBackend._classes.discard(WinVaultKeyring)  # type: ignore[attr-defined]
    WinVaultKeyring.__module__ = "keyring.backends.Windows"
    return Items(WinVaultKeyring())


def test_an_item_on_windows_is_utf_8_under_a_target_of_its_own(credentials: Credentials) -> None:
    """An even number of bytes would pass for UTF-16, too."""
    text = '{"id_token":"a.b.cd"}'
    assert len(text) % 2 == 1
    for secret in (text, text + "\n"):
        credentials.targets[f"kubelogin:kubelogin/tokencache/{KEY}"] = secret.encode()
        assert windows(credentials).get_upstream("kubelogin", f"kubelogin/tokencache/{KEY}") == secret
    assert windows(credentials).get_upstream("kubelogin", "kubelogin/tokencache/other") is None


def test_items_on_windows_are_removed_by_their_target(credentials: Credentials) -> None:
    credentials.targets = {
        f"kubelogin:kubelogin/tokencache/{KEY}": b"1",
        "kubelogin:kubelogin/tokencache/x": b"2",
        "kubelogin": b"somebody else's",
        "kubelogin:other": b"somebody else's",
        "kubelogin-py": b"ours",
    }
    windows(credentials).remove_upstream("kubelogin", "kubelogin/tokencache/")
    assert set(credentials.targets) == {"kubelogin", "kubelogin:other", "kubelogin-py"}


def test_no_credentials_at_all_are_none_to_remove(credentials: Credentials) -> None:
    windows(credentials).remove_upstream("kubelogin", "kubelogin/tokencache/")
    credentials.error = 5
    with pytest.raises(WindowsError):
        windows(credentials).remove_upstream("kubelogin", "kubelogin/tokencache/")


class Keychain(KeyringBackend):
    """Stands in for the library's backend for macOS, under its name."""

    def get_password(self, service: str, username: str) -> str | None:
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("nothing is written here")


KeyringBackend._classes.discard(Keychain)  # type: ignore[attr-defined]
Keychain.__module__ = "keyring.backends.macOS"


@pytest.mark.skipif(sys.platform == "win32", reason="the tool's stand-in is a shell script")
@pytest.mark.parametrize("status", [44, 1])
def test_items_on_macos_are_removed_one_by_one(tmp_path: Path, status: int) -> None:
    """By the system's tool, which removes one item of the service and says with 44 that there is none left."""
    (tmp_path / "items").write_text("one\ntwo\n")
    tool = tmp_path / "security"
    tool.write_text(
        f'#!/bin/sh\ncd "{tmp_path}"\necho "$@" >>calls\necho chatter\n[ -s items ] || exit {status}\nsed -i 1d items\n'
    )
    tool.chmod(0o755)
    items = Items(Keychain(), security=str(tool))
    if status == 44:
        items.remove_upstream("kubelogin", "kubelogin/tokencache/")
    else:
        with pytest.raises(StorageError, match="failed with status 1"):
            items.remove_upstream("kubelogin", "kubelogin/tokencache/")
    assert (tmp_path / "calls").read_text().splitlines() == ["delete-generic-password -s kubelogin"] * 3
