"""kubectl's own lock: waited for, never stolen from the living, given back whatever happens."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from kubelogin_py.errors import StorageError
from kubelogin_py.kubernetes.config_lock import PATIENCE, held
from tests.support.components import find
from tests.support.environment import BIN, clean
from tests.support.world import FakeClock, FakeConsole


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text("users: []\n", encoding="utf-8")
    return path


def kubectls_lock(config: Path, mode: int = 0) -> Path:
    """Make the lock as kubectl does: empty, without permission bits."""
    lock = config.with_name("config.lock")
    os.close(os.open(lock, os.O_CREAT | os.O_EXCL, mode))
    return lock


def test_it_is_there_for_kubectl_to_see_and_gone_afterwards(config: Path) -> None:
    lock = config.with_name("config.lock")
    with held(config, clock=FakeClock(), console=FakeConsole()):
        assert lock.exists()
    assert [path.name for path in config.parent.iterdir() if path.is_file()] == ["config"]


def test_it_is_given_back_after_a_fault(config: Path) -> None:
    with pytest.raises(RuntimeError), held(config, clock=FakeClock(), console=FakeConsole()):
        raise RuntimeError
    assert not config.with_name("config.lock").exists()


@pytest.mark.parametrize("mode", [0, 0o600], ids=["as-kubectl-makes-it", "as-others-do"])
def test_a_lock_that_stays_is_explained_and_left_alone(config: Path, mode: int) -> None:
    """Nobody can tell whether kubectl still runs, so the person decides."""
    lock, clock, console = kubectls_lock(config, mode), FakeClock(), FakeConsole()
    with pytest.raises(StorageError) as caught, held(config, clock=clock, console=console):
        raise AssertionError("not ours")
    assert "is locked: another program is changing it, or ended and left" in caught.value.message
    assert str(lock) in caught.value.message
    assert caught.value.hint == f"if no kubectl is running, remove it and run this again: rm {lock}"
    assert clock.passed == pytest.approx(PATIENCE, abs=0.1)
    assert console.lines == [f"waiting for the program that is changing {config}"]
    assert lock.exists()


def test_a_lock_that_goes_is_waited_for_in_silence(config: Path) -> None:
    lock, console = kubectls_lock(config), FakeConsole()

    class Clock(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.passed > 0.5:
                lock.unlink(missing_ok=True)

    clock = Clock()
    with held(config, clock=clock, console=console):
        assert lock.read_bytes()
    assert 0.5 < clock.passed < 1
    assert console.lines == []


@pytest.mark.parametrize("text", ["canary", "12\n"], ids=["words", "number"])
def test_a_lock_of_an_unknown_program_is_never_taken_over(config: Path, text: str) -> None:
    config.with_name("config.lock").write_text(text, encoding="utf-8")
    with pytest.raises(StorageError) as caught, held(config, clock=FakeClock(), console=FakeConsole()):
        raise AssertionError("not ours")
    assert "canary" not in caught.value.message
    assert config.with_name("config.lock").read_text(encoding="utf-8") == text


def test_what_we_left_behind_ourselves_is_no_obstacle(config: Path) -> None:
    """Killed while it held the lock: the process named in it is gone, so the lock is."""
    script = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from kubelogin_py.kubernetes.config_lock import held\n"
        "from kubelogin_py.adapters.clock import SystemClock\n"
        "with held(Path(sys.argv[1]), clock=SystemClock(), console=None):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(config)], check=False, timeout=20, cwd=Path(__file__).parents[2])
    assert config.with_name("config.lock").exists()
    clock = FakeClock()
    with held(config, clock=clock, console=FakeConsole()):
        pass
    assert clock.passed < 1


def test_a_link_is_locked_where_it_stands(config: Path, tmp_path: Path) -> None:
    """As kubectl does: beside the path it was given."""
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link"
    link.symlink_to(config)
    with held(link, clock=FakeClock(), console=FakeConsole()):
        assert link.with_name("link.lock").exists()


@pytest.mark.skipif(find("root") is None or sys.platform != "linux", reason="takes another user's rights")
@pytest.mark.parametrize(
    ("closed", "message"), [(True, "can't make"), (False, "is locked")], ids=["closed-directory", "lock-without-bits"]
)
def test_an_ordinary_user(closed: bool, message: str) -> None:
    """Root may do everything; for others a directory can be closed, and kubectl's lock can't be opened."""
    nobody = 65534
    # Not below pytest's own directory, which is root's alone.
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o555 if closed else 0o777)
        if not closed:
            os.chown(kubectls_lock(directory / "config"), nobody, nobody)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setgid(nobody)
                os.setuid(nobody)
                with held(directory / "config", clock=FakeClock(), console=FakeConsole()):
                    code = 2
            except StorageError as error:
                code = 0 if message in error.message else 3
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.required("kubectl")
def test_kubectl_respects_it(config: Path, tmp_path: Path) -> None:
    command = [BIN / "kubectl", "--kubeconfig", config, "config", "set-cluster", "x", "--server=https://x"]
    with held(config, clock=FakeClock(), console=FakeConsole()):
        refused = subprocess.run(command, env=clean(tmp_path / "h"), capture_output=True, text=True, check=False)
    done = subprocess.run(command, env=clean(tmp_path / "h"), capture_output=True, text=True, check=False)
    assert (refused.returncode, "config.lock: file exists" in refused.stderr) == (1, True)
    assert done.returncode == 0
