"""Faults of the token cache and of the keyring. Everything stays as it was found."""

import errno
import os
import shutil
import stat
from pathlib import Path

import pytest

from kubelogin_py.storage import inspection
from tests.doctor.scene import Patient, snapshot
from tests.faults.scene import fill, read_only, tmpfs
from tests.storage import secret_service
from tests.storage.surroundings import NOBODY

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
WITHOUT_CACHE = {"cache-files", "cache-locks", "session", "refresh", "api-server", "token"}


def test_a_file_in_the_place_of_the_directory(patient: Patient) -> None:
    shutil.rmtree(patient.cache)
    patient.cache.write_text("")
    done = patient.examine()
    done.blames("cache-directory", "is no directory", "signs in anew", without=WITHOUT_CACHE, advice="move")
    assert done.api == ["GET /version 401"]


@root
def test_a_directory_of_another_user(patient: Patient) -> None:
    os.chown(patient.cache, NOBODY, NOBODY)
    patient.examine().blames("cache-directory", f"belongs to user {NOBODY}", without=WITHOUT_CACHE, advice="chown")


def test_a_directory_that_others_may_write_to(patient: Patient) -> None:
    patient.cache.chmod(0o777)
    patient.examine().blames("cache-directory", "other users may write", without=WITHOUT_CACHE, advice="chmod 700")


def test_a_directory_that_others_may_look_into(patient: Patient) -> None:
    patient.cache.chmod(0o755)
    patient.examine().blames("cache-directory", "its mode is 0755", status="warn", advice="chmod 700")


@pytest.mark.required("mount")
def test_a_directory_that_can_not_be_written(patient: Patient) -> None:
    with read_only(patient.cache):
        done = patient.examine()
    done.blames("cache-directory", "can't be written", without=WITHOUT_CACHE, advice="chmod 700")


@pytest.mark.required("mount")
def test_a_file_system_that_is_full(patient: Patient) -> None:
    shutil.rmtree(patient.cache)
    with tmpfs(patient.cache):
        patient.sign_in()
        fill(patient.cache)
        done = patient.examine()
    done.blames("cache-directory", "has no room", without=WITHOUT_CACHE, advice="free some space")


def test_a_directory_that_can_not_be_made(patient: Patient) -> None:
    shutil.rmtree(patient.cache)
    patient.cache.parent.rmdir()
    patient.cache.parent.write_text("")
    done = patient.examine()
    done.blames("cache-directory", "can't be made", without=WITHOUT_CACHE, advice="--token-cache-dir")


def test_a_session_that_others_may_read(patient: Patient) -> None:
    patient.session_file.chmod(0o644)
    done = patient.examine()
    done.blames("cache-files", patient.session_file.name, status="warn", advice="chmod 600")
    assert patient.session_file.stat().st_mode & 0o777 == 0o644


def test_an_old_session_of_int128_that_others_may_read(patient: Patient) -> None:
    old = patient.cache / ("0" * 64)
    old.write_text("{}")
    old.chmod(0o644)
    patient.examine().blames("cache-files", old.name, status="warn", advice="chmod 600")
    old.chmod(0o600)
    assert "1 of int128/kubelogin, which are gone on with" in patient.examine().finding("cache-files")["found"]


def test_a_link_in_the_place_of_a_session(patient: Patient) -> None:
    real = patient.home / "session.json"
    patient.session_file.rename(real)
    patient.session_file.symlink_to(real)
    done = patient.examine()
    done.blames(
        "cache-files",
        "not plain files of this user",
        also={"session"},
        without={"api-server", "token"},
        advice="links are to be removed",
    )


def test_a_session_that_was_put_aside(patient: Patient) -> None:
    patient.session_file.with_name(patient.session_file.name + ".bad").write_bytes(b"{")
    patient.session_file.with_name(patient.session_file.name + ".bad").chmod(0o600)
    patient.examine().blames("cache-files", ".bad", status="warn", advice="kubelogin clean")


def test_a_file_system_without_locks(patient: Patient, tmp_path: Path) -> None:
    """Some network file systems have none; this one stands in for them."""

    def refuse(_: int) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    assert inspection.inspect(patient.cache, try_lock=refuse).no_locks == "no locks available"

    def not_on_directories(descriptor: int) -> bool:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EBADF, "Bad file descriptor")
        return True

    before = snapshot(patient.cache)
    assert inspection.inspect(patient.cache, try_lock=not_on_directories).no_locks in ("", None)
    assert snapshot(patient.cache) == before


def test_locks_that_are_missing_are_said(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own call fails as on such a file system."""
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    patient.examine().blames("cache-locks", "no locks available", status="warn", advice="--token-cache-dir")


def test_no_home_directory(patient: Patient) -> None:
    patient.write_kubeconfig()
    del patient.environment["HOME"]
    done = patient.examine(f"--kubeconfig={patient.kubeconfig}", write=False)
    done.blames("cache-directory", "no home directory is known", without=WITHOUT_CACHE, advice="set HOME")


def test_no_keyring_where_one_is_wanted(patient: Patient) -> None:
    """Seeds: on Linux go-keyring requires a running secret service."""
    patient.arguments.append("--token-cache-storage=keyring")
    done = patient.examine()
    done.blames(
        "keyring",
        "there is no keyring here",
        without={"session", "refresh", "api-server", "token"},
        advice="apt install gnome-keyring",
    )


def test_no_keyring_is_no_fault_where_the_disk_will_do(patient: Patient) -> None:
    patient.arguments.append("--token-cache-storage=auto")
    found = patient.examine().finding("keyring")
    assert found["status"] == "pass"
    assert "tokens are kept on disk: there is no keyring here" in found["found"]


@pytest.mark.required("dbus-run-session", "gnome-keyring")
@pytest.mark.xdist_group("keyring")
def test_a_keyring_that_is_locked(patient: Patient, tmp_path: Path) -> None:
    """It is not asked for anything, so that no prompt comes up."""
    with secret_service.session(tmp_path / "session") as desktop:
        desktop.unlock()
        patient.environment |= desktop.environment
        patient.arguments.append("--token-cache-storage=keyring")
        healthy = patient.examine()
        assert "answers" in healthy.finding("keyring")["found"]
        assert healthy.named("fail") == set()
        desktop.lock()
        done = patient.examine()
    done.blames(
        "keyring", "is locked", without={"session", "refresh", "api-server", "token"}, advice="unlock it by signing in"
    )


def test_a_keyring_that_never_answers(patient: Patient, tmp_path: Path) -> None:
    patient.environment |= {
        "PYTHON_KEYRING_BACKEND": "tests.adapters.keyring_backends.Hanging",
        "KEYRING_TEST_DIRECTORY": str(tmp_path),
    }
    patient.arguments.append("--token-cache-storage=keyring")
    done = patient.examine()
    done.blames("keyring", "did not", without={"session", "refresh", "api-server", "token"})
