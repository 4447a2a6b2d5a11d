"""A kubeconfig is changed under kubectl's lock, keeps a copy, and can be had back."""

import stat
from pathlib import Path

import pytest

from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.kubernetes.kubeconfig_edit import Edited
from kubelogin_py.kubernetes.kubeconfig_revision import Revision, last_written, revise, undo
from tests.support.world import FakeClock, FakeConsole

OLD = "# Mine.\na: 1\n"
NEW = "# Mine.\na: 2\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    config = tmp_path / "config"
    config.write_text(OLD)
    config.chmod(0o640)
    return config


def change(path: Path, text: str = NEW, *, dry_run: bool = False) -> Revision:
    return revise(path, lambda _: Edited(text), clock=FakeClock(), console=FakeConsole(), dry_run=dry_run)


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir() if entry != path and entry.is_file())


def test_a_copy_of_what_was_stays(path: Path) -> None:
    revision = change(path)
    assert path.read_text() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert revision.backup is not None
    assert revision.backup.read_text() == OLD
    assert stat.S_IMODE(revision.backup.stat().st_mode) == 0o600
    assert names(path) == [revision.backup.name]


def test_a_new_one_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / ".kube" / "config"
    assert change(path).backup is None
    assert path.read_text() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert names(path) == []


def test_nothing_to_change_writes_nothing(path: Path) -> None:
    before = path.stat()
    revision = change(path, OLD)
    assert not revision.changed
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert names(path) == []


def test_a_dry_run_writes_nothing(path: Path, tmp_path: Path) -> None:
    revision = change(path, dry_run=True)
    assert (revision.before, revision.after) == (OLD, NEW)
    assert path.read_text() == OLD
    assert names(path) == []
    assert change(tmp_path / "no" / "config", dry_run=True).changed
    assert not (tmp_path / "no").exists()


def test_kubectl_s_lock_is_respected(path: Path) -> None:
    lock = path.with_name("config.lock")
    lock.touch(mode=0)
    with pytest.raises(StorageError, match="locked"):
        change(path)
    assert path.read_text() == OLD
    assert names(path) == ["config.lock"]


def test_the_text_is_read_under_the_lock(path: Path) -> None:
    def changed(text: str) -> Edited:
        assert path.with_name("config.lock").exists()
        return Edited(text.replace("1", "2"))

    revise(path, changed, clock=FakeClock(), console=FakeConsole())
    assert path.read_text() == NEW


def test_a_link_stays_one(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    revision = change(link)
    assert link.is_symlink()
    assert path.read_text() == NEW
    assert revision.backup is not None
    assert revision.backup.name.startswith("link.kubelogin-")


def test_each_undo_goes_one_step_back(path: Path) -> None:
    """Also where all of it happens within one second."""
    for text in (NEW, "a: 3\n", "a: 4\n"):
        change(path, text)
    for text in ("a: 3\n", NEW, OLD):
        undo(path, clock=FakeClock(), console=FakeConsole())
        assert path.read_text() == text
    assert [name for name in names(path) if name.endswith(".bak")] == []
    assert len([name for name in names(path) if name.endswith(".undone")]) == 3
    with pytest.raises(SettingsError, match="no copy"):
        undo(path, clock=FakeClock(), console=FakeConsole())


def test_of_several_the_one_written_last_is_meant(path: Path) -> None:
    first, last = path.with_name("first"), path.with_name("last.config")
    assert last_written([first, path, last]) == first
    change(path)
    assert last_written([first, path, last]) == path
    clock = FakeClock()
    clock.sleep(1)
    last.write_text(OLD)
    revise(last, lambda _: Edited(NEW), clock=clock, console=FakeConsole())
    assert last_written([first, path, last]) == last
    undo(last, clock=clock, console=FakeConsole())
    assert last_written([first, path, last]) == path


def test_copies_of_others_are_not_ours(path: Path) -> None:
    for name in ("config.bak", "config2.kubelogin-20260101T000000Z.bak", "config.kubelogin-x.bak"):
        path.with_name(name).write_text("a: 9\n")
    with pytest.raises(SettingsError, match="no copy"):
        undo(path, clock=FakeClock(), console=FakeConsole())


def test_a_dry_undo_changes_nothing(path: Path) -> None:
    change(path)
    before = names(path)
    assert undo(path, clock=FakeClock(), console=FakeConsole(), dry_run=True).after == OLD
    assert path.read_text() == NEW
    assert names(path) == before
