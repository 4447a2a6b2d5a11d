"""Where the home directory is, and what a tilde becomes."""

from pathlib import Path

import pytest

from kubelogin_py.cli.home import expanded, home_directory


@pytest.mark.parametrize(
    ("environment", "home"),
    [({"HOME": "/home/me"}, "/home/me"), ({"HOME": ""}, None), ({}, None), ({"USERPROFILE": "/home/me"}, None)],
    ids=["set", "empty", "unset", "of-another-system"],
)
def test_on_posix_it_is_the_variable_home(environment: dict[str, str], home: str | None) -> None:
    assert home_directory(environment, windows=False) == home


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    made = {name: tmp_path / "folders" / name for name in ("home", "drive", "profile")}
    for path in made.values():
        path.mkdir(parents=True)
    return made


def variables(folders: dict[str, Path]) -> dict[str, str]:
    drive = folders["drive"]
    return {
        "HOME": str(folders["home"]),
        "HOMEDRIVE": str(drive.parent),
        "HOMEPATH": "/" + drive.name,
        "USERPROFILE": str(folders["profile"]),
    }


@pytest.mark.parametrize("holder", ["home", "drive", "profile"])
def test_on_windows_a_kubeconfig_decides(folders: dict[str, Path], holder: str) -> None:
    (folders[holder] / ".kube").mkdir()
    (folders[holder] / ".kube" / "config").touch()
    assert home_directory(variables(folders), windows=True) == str(folders[holder])


def test_on_windows_a_kubeconfig_beside_the_drive_wins_over_the_profile(folders: dict[str, Path]) -> None:
    for name in ("drive", "profile"):
        (folders[name] / ".kube").mkdir()
        (folders[name] / ".kube" / "config").touch()
    assert home_directory(variables(folders), windows=True) == str(folders["drive"])


@pytest.mark.parametrize(
    ("missing", "chosen"),
    [((), "home"), (("home",), "profile"), (("home", "profile"), "drive")],
    ids=["home", "then-profile", "then-drive"],
)
def test_on_windows_without_a_kubeconfig_the_first_usable_one_is_taken(
    folders: dict[str, Path], missing: tuple[str, ...], chosen: str
) -> None:
    for name in missing:
        folders[name].rmdir()
    assert home_directory(variables(folders), windows=True) == str(folders[chosen])


def test_on_windows_when_none_exists_the_first_named_is_taken(folders: dict[str, Path]) -> None:
    named = variables(folders)
    for path in folders.values():
        path.rmdir()
    assert home_directory(named, windows=True) == named["HOME"]
    assert home_directory({**named, "HOME": ""}, windows=True) == named["USERPROFILE"]
    assert home_directory({"HOMEDRIVE": "C:"}, windows=True) is None
    assert home_directory({}, windows=True) is None


PATHS = {
    "none": ("/etc/ca.crt", "/etc/ca.crt"),
    "relative": ("ca.crt", "ca.crt"),
    "inside": ("a~b", "a~b"),
    "home-itself": ("~", "/home/me"),
    "below": ("~/.kube/ca.crt", "/home/me/.kube/ca.crt"),
    "name-after-tilde": ("~bob/x", "/home/me/bob/x"),
    "cleaned": ("~//a/./b/../c/", "/home/me/a/c"),
    "not-cleaned-without-tilde": ("/a/../b", "/a/../b"),
    "no-variables": ("~/$HOME", "/home/me/$HOME"),
}


@pytest.mark.parametrize(("path", "result"), PATHS.values(), ids=PATHS)
def test_a_leading_tilde_is_the_home_directory(path: str, result: str) -> None:
    assert expanded(path, "/home/me") == result


def test_without_a_home_directory_the_tilde_stays() -> None:
    assert expanded("~/x", None) == "~/x"


def test_two_slashes_at_the_start_become_one() -> None:
    assert expanded("~/x", "//home") == "/home/x"
    assert expanded("~/x", "/") == "/x"
