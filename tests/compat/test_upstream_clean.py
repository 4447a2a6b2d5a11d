"""``clean`` knows int128/kubelogin's files by their exact names and takes nothing else."""

import fcntl
import os
from pathlib import Path

import pytest

from kubelogin_py.compat.upstream_clean import clean
from kubelogin_py.errors import StorageError

KEY = "b777b49f502e5fbd70ef10adc8d0e426c528df5c078a254a3db1a4a5d823cf75"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    directory = tmp_path / "cache"
    directory.mkdir(mode=0o700)
    return directory


def test_sessions_and_locks_go(cache: Path) -> None:
    for name in (KEY, f"{KEY}.lock", "0" * 64):
        (cache / name).touch()
    assert clean(cache) == sorted([KEY, f"{KEY}.lock", "0" * 64])
    assert list(cache.iterdir()) == []


OTHERS = {
    "short": KEY[:-1],
    "long": KEY + "0",
    "upper": KEY.upper(),
    "no-hex": "g" * 64,
    "line-end": KEY + "\n",
    "other-suffix": KEY + ".json",
    "lock-of-nothing": ".lock",
    "hidden": "." + KEY,
    "locked-twice": KEY + ".lock.lock",
    "config": "config",
}


@pytest.mark.parametrize("name", OTHERS.values(), ids=OTHERS)
def test_every_other_name_stays(name: str, cache: Path) -> None:
    (cache / name).touch()
    assert clean(cache) == []
    assert (cache / name).exists()


def test_a_directory_of_that_name_stays(cache: Path) -> None:
    for name in (KEY, f"{KEY}.lock"):
        (cache / name).mkdir()
        (cache / name / "file").touch()
    assert clean(cache) == []
    assert (cache / KEY / "file").exists()


def test_a_link_of_that_name_goes_and_its_target_stays(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("precious", encoding="utf-8")
    for name in (KEY, f"{KEY}.lock"):
        (cache / name).symlink_to(tmp_path / "target")
    assert clean(cache) == [KEY, f"{KEY}.lock"]
    assert (tmp_path / "target").read_text(encoding="utf-8") == "precious"


def test_a_lock_that_is_held_stays_and_its_session_goes(cache: Path) -> None:
    (cache / KEY).touch()
    with (cache / f"{KEY}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert clean(cache) == [KEY]
    assert clean(cache) == [f"{KEY}.lock"]


def test_a_missing_directory_is_clean(tmp_path: Path) -> None:
    assert clean(tmp_path / "missing") == []


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious", encoding="utf-8")
    with pytest.raises(StorageError):
        clean(tmp_path / "file")
    assert (tmp_path / "file").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="takes another user's directory")
def test_somebody_elses_directory_is_left_alone(cache: Path) -> None:
    (cache / KEY).touch()
    os.chown(cache, 12345, 12345)
    with pytest.raises(StorageError, match="belongs to user 12345"):
        clean(cache)
    assert (cache / KEY).exists()
