"""``clean``: which directory, what is said where, and what is refused."""

from pathlib import Path

import pytest

from kubelogin_py.errors import StorageError
from tests.cli.calls import Application, Outcome, call, raising

DELETED = "Deleted the token cache at {}\n"
KEYRING = "Deleted the token cache from the keyring\n"

DIRECTORIES = {
    "default": ([], {}, "/home/me/.kube/cache/oidc-login"),
    "flag": (["--token-cache-dir=/var/c"], {}, "/var/c"),
    "flag-apart": (["--token-cache-dir", "/var/c"], {}, "/var/c"),
    "flag-with-tilde": (["--token-cache-dir=~/c"], {}, "/home/me/c"),
    "flag-empty": (["--token-cache-dir="], {}, "/home/me/.kube/cache/oidc-login"),
    "KUBECACHEDIR": ([], {"KUBECACHEDIR": "/var/kube"}, "/var/kube/oidc-login"),
    "KUBECACHEDIR-empty": ([], {"KUBECACHEDIR": ""}, "oidc-login"),
    "flag-over-KUBECACHEDIR": (["--token-cache-dir=/var/c"], {"KUBECACHEDIR": "/var/kube"}, "/var/c"),
    "no-home-but-a-flag": (["--token-cache-dir=/var/c"], {"HOME": ""}, "/var/c"),
    "below-home": (["--token-cache-dir=/home/me/.kube"], {}, "/home/me/.kube"),
    "sibling-of-home": (["--token-cache-dir=/home/mean"], {}, "/home/mean"),
}


@pytest.mark.parametrize(("arguments", "environment", "directory"), DIRECTORIES.values(), ids=DIRECTORIES)
def test_the_directory(arguments: list[str], environment: dict[str, str], directory: str) -> None:
    application = Application()
    outcome = call("clean", *arguments, application=application, environment=environment)
    assert outcome == Outcome(0, "", DELETED.format(directory) + KEYRING)
    assert application.asked == [(Path(directory), 0), ("keyring",)]


REFUSED = {
    "home-by-tilde": (["--token-cache-dir=~"], "/home/me is the home directory"),
    "home-by-tilde-and-slash": (["--token-cache-dir=~/"], "/home/me is the home directory"),
    "home": (["--token-cache-dir=/home/me"], "/home/me is the home directory"),
    "home-by-detour": (["--token-cache-dir=/home/me/x/.."], "/home/me is the home directory"),
    "home-of-all": (["--token-cache-dir=/home"], "/home contains the home directory"),
    "root": (["--token-cache-dir=/"], "/ contains the home directory"),
    "root-twice": (["--token-cache-dir=//"], "contains the home directory"),
}


@pytest.mark.parametrize(("arguments", "reason"), REFUSED.values(), ids=REFUSED)
def test_b_88_a_directory_that_can_t_be_meant_is_refused(arguments: list[str], reason: str) -> None:
    application = Application()
    outcome = call("clean", *arguments, application=application)
    error, hint = outcome.err.splitlines()
    assert (outcome.code, outcome.out, application.asked) == (1, "", [])
    assert error.startswith("error: clean: ")
    assert reason in error
    assert error.endswith("not a token cache: nothing was deleted")
    assert hint.startswith("hint: ")


def test_b_88_the_root_is_refused_without_a_home_too() -> None:
    outcome = call("clean", "--token-cache-dir=/", environment={"HOME": ""})
    assert (outcome.code, outcome.out) == (1, "")
    assert "is the whole file system" in outcome.err


def test_b_88_a_link_to_the_home_directory_is_the_home_directory(tmp_path: Path) -> None:
    (tmp_path / "me").mkdir()
    (tmp_path / "link").symlink_to("me")
    for home, named in (("me", "link"), ("link", "me")):
        outcome = call("clean", f"--token-cache-dir={tmp_path / named}", environment={"HOME": str(tmp_path / home)})
        assert outcome.code == 1
        assert "is the home directory" in outcome.err


def test_without_a_home_there_is_no_default() -> None:
    outcome = call("clean", environment={"HOME": ""})
    assert outcome == Outcome(
        1, "", "error: clean: no home directory is known\nhint: set HOME, or pass --token-cache-dir\n"
    )


STORAGES = {"auto": True, "keyring": True, "disk": False}


@pytest.mark.parametrize(("storage", "keyring"), STORAGES.items(), ids=STORAGES)
def test_the_old_storage_flag_has_its_meaning(storage: str, keyring: bool) -> None:
    """int128/kubelogin v1.32: the directory always, the keyring as well unless the storage is the disk."""
    outcome = call("clean", "--token-cache-dir=/c", f"--token-cache-storage={storage}")
    assert outcome == Outcome(0, "", DELETED.format("/c") + (KEYRING if keyring else ""))


def test_an_unknown_storage_is_refused() -> None:
    application = Application()
    outcome = call("clean", "--token-cache-storage=x", application=application)
    assert outcome == Outcome(1, "", "error: clean: token-cache-storage must be one of (auto|disk|keyring)\n")
    assert application.asked == []


def test_a_keyring_that_fails_is_only_a_message() -> None:
    application = Application(keyring_fails=raising(StorageError("no keyring here")))
    outcome = call("clean", "--token-cache-dir=/c", application=application)
    expected = DELETED.format("/c") + "Could not delete the token cache from the keyring: no keyring here\n"
    assert outcome == Outcome(0, "", expected)


def test_a_directory_that_fails_is_exit_code_1() -> None:
    application = Application(fails=raising(StorageError("can't remove /c/x: busy", hint="wait")))
    outcome = call("clean", "--token-cache-dir=/c", application=application)
    assert outcome == Outcome(1, "", "error: clean: can't remove /c/x: busy\nhint: wait\n")


def test_what_is_left_in_the_directory_is_said() -> None:
    outcome = call("clean", "--token-cache-dir=/c", application=Application(others=2))
    note = "note: not part of the token cache and left alone in /c: 2\n"
    assert outcome == Outcome(0, "", DELETED.format("/c") + KEYRING + note)


def test_a_name_with_escapes_does_not_reach_the_terminal() -> None:
    assert "\x1b" not in call("clean", "--token-cache-dir=/c\x1b[2J").err


def test_logging_flags_are_accepted_and_noted_at_level_1() -> None:
    application = Application()
    assert call("clean", "--logtostderr", "-v1", application=application).err.startswith("note: --logtostderr ")
    assert application.asked[0][1] == 1


UNKNOWN = ["--force-refresh", "--oidc-issuer-url=x", "--grant-type=auto", "--token-cache", "--keyring"]


@pytest.mark.parametrize("flag", UNKNOWN)
def test_flags_of_other_commands_are_unknown(flag: str) -> None:
    assert call("clean", flag) == Outcome(1, "", f"error: unknown flag: {flag.partition('=')[0]}\n")
