"""A kubeconfig is replaced whole, and is otherwise the file it was."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kubelogin_py.errors import StorageError
from kubelogin_py.kubernetes import kubeconfig_file
from tests.support.components import find

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners of POSIX")
ROOT = pytest.mark.skipif(find("root") is None, reason="takes other users' files")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text("old\n", encoding="utf-8")
    return path


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name != "home")


@pytest.mark.parametrize(
    "text", ["new\n", "a\r\nb\r\n", "ä", "", "x" * 500_000], ids=["lf", "crlf", "wide", "no", "long"]
)
def test_the_text_is_replaced_byte_for_byte(config: Path, text: str) -> None:
    kubeconfig_file.replace(config, text)
    assert config.read_bytes() == text.encode()
    assert kubeconfig_file.read(config) == text
    assert names(config.parent) == ["config"]


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o660, 0o400], ids=oct)
def test_the_mode_stays_whatever_the_umask(config: Path, mode: int) -> None:
    config.chmod(mode)
    before = os.umask(0o077)
    try:
        kubeconfig_file.replace(config, "new\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE(config.stat().st_mode) == mode


@POSIX
def test_a_link_stays_a_link(config: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link"
    link.symlink_to("../config")
    kubeconfig_file.replace(link, "new\n")
    assert link.is_symlink()
    assert link.readlink() == Path("../config")
    assert config.read_text(encoding="utf-8") == "new\n"
    assert names(link.parent) == ["link"]


@POSIX
@ROOT
def test_another_users_file_stays_that_users(config: Path) -> None:
    """With sudo and a person's KUBECONFIG: the person must not be locked out."""
    os.chown(config, 12345, 54321)
    kubeconfig_file.replace(config, "new\n")
    assert (config.stat().st_uid, config.stat().st_gid) == (12345, 54321)
    assert config.read_text(encoding="utf-8") == "new\n"


@POSIX
@ROOT
def test_an_ordinary_user_does_not_take_over_somebodys_file() -> None:
    """Not below pytest's own directory, which is root's alone."""
    with tempfile.TemporaryDirectory() as name:
        config = Path(name, "config")
        config.write_text("old\n", encoding="utf-8")
        config.parent.chmod(0o777)
        config.chmod(0o666)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setgid(65534)
                os.setuid(65534)
                kubeconfig_file.replace(config, "new\n")
            except StorageError as error:
                code = 0 if "can't write" in error.message else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert config.read_text(encoding="utf-8") == "old\n"
        assert names(config.parent) == ["config"]


@ROOT
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a file")
def test_a_file_mounted_into_a_container_is_written_in_place(config: Path, tmp_path: Path) -> None:
    """It can't be replaced by another file; no half of a text can be left, since the space was there."""
    target = tmp_path / "mounted"
    target.touch()
    mounted = subprocess.run(["mount", "--bind", config, target], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        kubeconfig_file.replace(target, "n\n")
        assert target.read_text(encoding="utf-8") == "n\n"
    finally:
        subprocess.run(["umount", target], check=True)
    assert config.read_text(encoding="utf-8") == "n\n"
    assert names(tmp_path) == ["config", "mounted"]


def test_a_fault_leaves_the_old_text_and_no_litter(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when the text is brought to it."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"can't write .*config: no space left on device"):
        kubeconfig_file.replace(config, "new\n")
    assert config.read_text(encoding="utf-8") == "old\n"
    assert names(config.parent) == ["config"]


def test_a_missing_file_is_none_and_is_not_made(tmp_path: Path) -> None:
    assert kubeconfig_file.read(tmp_path / "missing") is None
    assert kubeconfig_file.read(tmp_path / "missing" / "config") is None
    with pytest.raises(StorageError):
        kubeconfig_file.replace(tmp_path / "missing", "new\n")
    assert names(tmp_path) == []


def test_writable_or_not(config: Path) -> None:
    kubeconfig_file.check_writable(config)
    with pytest.raises(StorageError, match="can't be written"):
        kubeconfig_file.check_writable(config.with_name("missing"))


@pytest.mark.parametrize("size", [kubeconfig_file.LIMIT, kubeconfig_file.LIMIT + 1])
def test_a_large_file_is_read_up_to_the_limit(config: Path, size: int) -> None:
    config.write_bytes(b"x" * size)
    if size > kubeconfig_file.LIMIT:
        with pytest.raises(StorageError, match="is larger than"):
            kubeconfig_file.read(config)
    else:
        assert kubeconfig_file.read(config) == "x" * size
