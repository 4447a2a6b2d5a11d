"""``clean`` by the installed executable: the row of int128/kubelogin's own suite, and what it does not test."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.test_concurrency import get_token
from tests.support import command
from tests.support.environment import clean as clean_environment
from tests.support.providers import Provider, sign_in_script

KEY = "65711c79ea013d7e4ea26f320b6470f4c9e91eb9b3f472562fc9563d949073ab"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("name", ["cache"], ids=["Clean"])
def test_integration(name: str, tmp_path: Path, home: Path) -> None:
    """An empty directory, no keyring."""
    directory = tmp_path / name
    directory.mkdir()
    done = command.run("clean", "--token-cache-dir", directory, home=home)
    assert (done.code, done.stdout) == (0, "")
    first, second = done.stderr.splitlines()
    assert first == f"Deleted the token cache at {directory}"
    assert second.startswith(("Could not delete the token cache from the keyring: ", "Deleted the token cache from"))
    assert not directory.exists()


def test_a_missing_directory_is_fine(home: Path) -> None:
    for _ in range(2):
        done = command.run("clean", home=home)
        assert (done.code, done.stdout) == (0, "")
        assert f"Deleted the token cache at {home}/.kube/cache/oidc-login\n" in done.stderr
    assert not (home / ".kube").exists()


def test_a_session_is_forgotten(started_provider: Callable[..., Provider], tmp_path: Path, home: Path) -> None:
    """Tokens, finished answers and locks of ours, files of int128/kubelogin, and the directory with them."""
    provider = started_provider("embedded")
    words = get_token(provider, sign_in_script(tmp_path / "browser", ca=provider.ca))
    first = command.run(*words, home=home)
    assert first.code == 0, first.stderr
    directory = home / ".kube" / "cache" / "oidc-login"
    for name in (KEY, f"{KEY}.lock"):
        (directory / name).write_text('{"refresh_token":"canary"}', encoding="utf-8")
    assert len(names(directory)) > 2
    done = command.run("clean", "-v1", home=home)
    assert (done.code, done.stdout) == (0, "")
    assert f"removed {KEY}\n" in done.stderr
    assert not directory.exists()
    assert directory.parent.exists()
    provider.forget()
    again = command.run(*words, home=home)
    assert again.code == 0, again.stderr
    assert again.stdout != first.stdout
    assert provider.count("token_endpoint") == 1


def test_a_session_removed_by_hand_is_forgotten(
    started_provider: Callable[..., Provider], tmp_path: Path, home: Path
) -> None:
    """Its finished answers and its copy, which are still there, serve nobody."""
    provider = started_provider("embedded")
    words = get_token(provider, sign_in_script(tmp_path / "browser", ca=provider.ca))
    first = command.run(*words, home=home)
    assert first.code == 0, first.stderr
    directory = home / ".kube" / "cache" / "oidc-login"
    (session,) = directory.glob("session-*.json")
    session.unlink()
    assert list(directory.glob("answer1-*"))
    assert list(directory.glob("session-*.json.twin"))
    provider.forget()
    again = command.run(*words, home=home)
    assert again.code == 0, again.stderr
    assert again.stdout != first.stdout
    assert provider.count("token_endpoint") == 1


def test_nothing_else_is_touched(tmp_path: Path, home: Path) -> None:
    """Whatever directory is named: a source tree, the directory above the cache, one full of precious names."""
    directory = tmp_path / "precious"
    (directory / "sub").mkdir(parents=True)
    kept = ["CACHEDIR.TAG", "answer.txt", "config", "session.json", f"session-{KEY}", f"{KEY}.json", KEY[:63], "sub"]
    for name in kept[:-1]:
        (directory / name).write_text("precious", encoding="utf-8")
    (directory / "sub" / KEY).write_text("precious", encoding="utf-8")
    gone = [KEY, f"{KEY}.lock", f"session-{KEY}.json", f"session-{KEY}.lock", "answer1-5,a.txt", "temp-" + "0" * 32]
    for name in gone:
        (directory / name).write_text("x", encoding="utf-8")
    done = command.run("clean", "--token-cache-dir", directory, home=home)
    assert done.code == 0, done.stderr
    assert names(directory) == sorted(kept)
    assert (directory / "sub" / KEY).read_text(encoding="utf-8") == "precious"
    assert done.stderr.splitlines()[-1].startswith(f"note: not part of the token cache and left alone in {directory}: ")


@pytest.mark.parametrize("named", ["~", "{parent}", "/"])
def test_b_88_a_home_or_a_whole_file_system_is_refused(named: str, home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / KEY).write_text("precious", encoding="utf-8")
    flag = f"--token-cache-dir={named.format(home=home, parent=home.parent)}"
    done = command.run("clean", flag, home=home)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: clean: ")
    assert "nothing was deleted" in done.stderr
    assert (home / KEY).exists()


def test_a_link_to_the_cache_stays_and_leads_to_an_empty_directory(tmp_path: Path, home: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / KEY).touch()
    (tmp_path / "link").symlink_to("real")
    done = command.run("clean", "--token-cache-dir", tmp_path / "link", home=home)
    assert done.code == 0, done.stderr
    assert names(tmp_path / "real") == []
    assert (tmp_path / "link").is_symlink()


def test_a_file_in_place_of_the_directory_is_exit_code_1(tmp_path: Path, home: Path) -> None:
    (tmp_path / "file").write_text("precious", encoding="utf-8")
    done = command.run("clean", "--token-cache-dir", tmp_path / "file", home=home)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: clean: ")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "precious"


def test_what_can_not_be_removed_keeps_nothing_else(tmp_path: Path, home: Path) -> None:
    """A name of ours that won't go is a failure, and no refresh token of the other program outlives it."""
    directory = tmp_path / "cache"
    (directory / f"session-{KEY}.json").mkdir(parents=True)
    for name in (KEY, f"{KEY}.lock", f"sealed-{KEY}.json"):
        (directory / name).write_text("canary", encoding="utf-8")
    done = command.run("clean", "--token-cache-dir", directory, home=home)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: clean: ")
    assert names(directory) == [f"session-{KEY}.json"]


@pytest.mark.required("kubectl")
def test_the_lines_of_zitadels_script(home: Path) -> None:
    """``kubectl oidc-login --help`` and ``clean``, word for word."""
    script = (
        "set -euo pipefail\nunset KUBECONFIG\n"
        "if ! kubectl oidc-login --help >/dev/null 2>&1; then exit 9; fi\n"
        "kubectl oidc-login clean >/dev/null 2>&1 || true\n"
        "kubectl oidc-login clean >/dev/null 2>&1\n"
        "kubectl oidc-login --help\n"
    )
    done = subprocess.run(
        ["bash", "-c", script], env=clean_environment(home), capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage:\n  kubelogin [command] [options]" in done.stdout
