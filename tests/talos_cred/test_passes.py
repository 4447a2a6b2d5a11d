"""When ``run`` leaves a pass for the front door, and that it is left alone afterwards."""

import os
import time
from pathlib import Path

import pytest

from talos_cred import fastrun, passes
from tests.talos_cred.door import CALL, Talos


@pytest.fixture
def talos(tmp_path: Path) -> Talos:
    return Talos(tmp_path / "me")


def test_a_pass_has_two_files_with_one_line_and_two_times(talos: Talos) -> None:
    kept, seen = talos.leave("--context=admin@prod")
    assert (kept.name, seen.name) == ("pass-admin@prod", "seen-admin@prod")
    assert kept.read_bytes() == seen.read_bytes()
    assert kept.read_text().startswith("talos-cred 1 admin@prod ")
    lines = (talos.folder / fastrun.file_name("good", "admin@prod")).read_text().splitlines()
    assert kept.stat().st_mtime_ns == int(lines[2]) * 10**9
    assert seen.stat().st_mtime_ns == talos.config.stat().st_mtime_ns
    assert {path.stat().st_mode & 0o777 for path in (kept, seen)} == {0o600}


def test_there_is_nothing_of_the_certificate_in_it(talos: Talos) -> None:
    kept, _ = talos.leave()
    assert "Q0VSVA" not in kept.read_text()


@pytest.mark.parametrize(
    ("age", "left"), [(0, False), (2, False), (4, True), (599, True), (610, False), (-60, False)], ids=str
)
def test_only_a_talosconfig_at_rest_that_is_younger_than_the_certificate(talos: Talos, age: float, left: bool) -> None:
    """A change within the second could not be told; and what is older than the certificate has a strange time."""
    talos.touch(age)
    assert talos.decide(CALL, talos.environ)
    assert bool(talos.files()) is left


@pytest.mark.parametrize("name", ["ü", "a b", "x/y"])
def test_no_pass_has_an_odd_name(talos: Talos, name: str) -> None:
    assert talos.decide(["run", "--context", name, "--", "tell"], talos.environ)
    assert talos.files() == []
    assert passes.names(name) == []


@pytest.mark.parametrize("seconds", [-10, 0])
def test_no_pass_for_a_certificate_that_is_to_be_renewed(talos: Talos, seconds: float) -> None:
    talos.note(seconds=seconds)
    assert talos.decide(CALL, talos.environ) is None
    assert talos.files() == []


def test_no_pass_for_a_certificate_that_has_not_begun_or_is_not_there(talos: Talos) -> None:
    talos.note(since=-100)
    assert talos.decide(CALL, talos.environ) is None
    talos.note()
    talos.write(certificate="T1RIRVI=")
    assert talos.decide(CALL, talos.environ) is None
    assert talos.files() == []


def test_a_pass_that_is_there_is_left_alone(talos: Talos) -> None:
    before = [(path.stat().st_ino, path.stat().st_ctime_ns) for path in talos.leave()]
    assert talos.decide(CALL, talos.environ)
    assert [
        (path.stat().st_ino, path.stat().st_ctime_ns) for path in map(talos.folder.joinpath, talos.files())
    ] == before


@pytest.mark.parametrize("spoil", ["contents", "time", "seen"])
def test_a_pass_that_was_damaged_is_left_anew(talos: Talos, spoil: str) -> None:
    kept, seen = talos.leave()
    good = kept.read_bytes()
    if spoil == "contents":
        status = kept.stat()
        kept.write_bytes(b"x" * len(good))
        os.utime(kept, ns=(0, status.st_mtime_ns))
    else:
        os.utime(kept if spoil == "time" else seen, (1, 1))
    assert talos.decide(CALL, talos.environ)
    assert kept.read_bytes() == seen.read_bytes() == good
    assert kept.stat().st_mtime > time.time()
    assert seen.stat().st_mtime_ns == talos.config.stat().st_mtime_ns


def test_a_renewed_certificate_has_a_pass_of_its_own(talos: Talos) -> None:
    kept, _ = talos.leave()
    first = kept.stat().st_mtime
    talos.note(seconds=7200)
    talos.touch(30)
    assert talos.decide(CALL, talos.environ)
    assert kept.stat().st_mtime > first + 3000


@pytest.mark.parametrize("plant", ["link", "directory", "read-only"])
def test_where_none_can_be_left_the_command_runs_all_the_same(talos: Talos, plant: str, tmp_path: Path) -> None:
    path = talos.folder / "pass-"
    if plant == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif plant == "directory":
        path.mkdir()
    elif os.geteuid() == 0:
        os.chown(talos.folder, 1234, -1)
    else:
        talos.folder.chmod(0o500)
    assert talos.decide(CALL, talos.environ)
    assert not (tmp_path / "elsewhere").exists()
    assert not (talos.folder / "seen-").exists()


def test_a_half_that_was_not_finished_is_no_pass(talos: Talos, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before a file has its time: it is of now then, which is neither later than now nor the talosconfig's."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "utime", killed)
    with pytest.raises(KeyboardInterrupt):
        talos.decide(CALL, talos.environ)
    assert talos.files() == ["pass-"]
    assert (talos.folder / "pass-").stat().st_mtime <= time.time()
