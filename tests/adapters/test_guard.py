"""A refresh comes to its end although the command was told to stop.

What forks is tried in processes of its own: the parent is killed there, and no thread of the test runner is around.
"""

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubelogin_py.adapters.guard import DeferringGuard, DetachingGuard, system_guard
from tests.support.processes import BUSY

ROOT = Path(__file__).parents[2]
FORKS = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks")

PRELUDE = """
import fcntl, os, signal, sys, threading, time
from pathlib import Path
from kubelogin_py.adapters.guard import DetachingGuard
from kubelogin_py.errors import *
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session

def touch(name):
    Path(f"{name}.new").write_text(str(os.getpid()))
    os.rename(f"{name}.new", name)

def wait_for(name):
    end = time.monotonic() + 20
    while not Path(name).exists() and time.monotonic() < end:
        time.sleep(0.005)

def run(work, on_detach=lambda: None):
    return DetachingGuard(on_detach).run(work)
"""


@dataclass
class Command:
    """A process that guards some work.

    :param directory: its working directory.
    :param process: itself, in a process group of its own as a shell would put it.
    """

    directory: Path
    process: subprocess.Popen[str]

    def wait_for(self, name: str, seconds: float = 10.0) -> None:
        """Return when it has touched a file."""
        end = time.monotonic() + seconds
        while not (self.directory / name).exists():
            if time.monotonic() > end:
                self.process.kill()
                pytest.fail(f"no {name} after {seconds} s: {self.ended()}")
            time.sleep(0.005)

    def ended(self) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Command]]:
    """Start a script; warnings are errors there, too."""
    started: list[subprocess.Popen[str]] = []

    def script(body: str) -> Command:
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", "-c", PRELUDE + textwrap.dedent(body)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return Command(tmp_path, process)

    yield script
    # Whatever a failed test has left must end.
    for name in ("read", "go-on"):
        (tmp_path / name).touch()
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


@pytest.fixture
def succeed(start: Callable[[str], Command]) -> Callable[[str], str]:
    """Run a script that must succeed without a word on stderr, and return its stdout."""

    def run(body: str) -> str:
        code, out, err = start(body).ended()
        assert (code, err) == (0, ""), err
        return out

    return run


@FORKS
def test_the_work_runs_in_another_process_and_its_value_comes_back(succeed: Callable[[str], str]) -> None:
    """Sessions cross with all their secrets, and so do large ones that no pipe holds at once."""
    succeed("""
        session = Session("https://id.example.com", "kubernetes", id_token=Secret("i" * 1_000_000), expires_at=7.5)
        assert run(lambda: session) == session
        assert run(lambda: None) is None
        assert run(os.getpid) != os.getpid()
    """)


@FORKS
def test_a_caller_that_leaves_a_thousand_files_open_to_us_costs_nothing(succeed: Callable[[str], str]) -> None:
    """Descriptors are beyond what ``select`` takes then."""
    succeed("""
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (2048, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        left_open = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
        assert run(lambda: left_open[-1]) == left_open[-1] > 1024
    """)


@FORKS
def test_our_errors_come_back_with_everything_they_carry(succeed: Callable[[str], str]) -> None:
    succeed("""
        def fail(error):
            raise error

        for error in [
            Error("plain", hint="next"),
            OAuthError("refused", error="invalid_client"),
            RefusedRefreshError("refused", error="invalid_grant", hint="sign in again"),
            VerificationError("wrong", step="issuer", hint="check"),
            UnknownKeyError("no key", step="key"),
            TransientError("later", retry_after=7.5),
            NotSentError("never left"),
            StorageError("full"),
        ]:
            try:
                run(lambda: fail(error))
            except Error as raised:
                assert type(raised) is type(error), raised
                assert str(raised) == str(error)
                assert vars(raised) == vars(error), vars(raised)
            else:
                raise AssertionError(f"{error!r} was lost")
    """)


@FORKS
def test_a_fault_of_ours_comes_back_with_its_place_and_without_its_words(succeed: Callable[[str], str]) -> None:
    """It must not look like a network fault; and nobody checked its message for secrets."""
    succeed("""
        def divide():
            raise ValueError("canary")

        try:
            run(divide)
        except ValueError as error:
            assert "in divide" in error.__notes__[0], error.__notes__
            assert "canary" not in f"{error!r} {error.args}"
        else:
            raise AssertionError("it was lost")
    """)


@FORKS
@pytest.mark.parametrize(
    "death",
    ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(0)", "os._exit(3)", "sys.exit(0)", "raise KeyboardInterrupt"],
)
def test_a_child_that_dies_is_a_passing_fault(succeed: Callable[[str], str], death: str) -> None:
    """The token is marked as sent, so the next command knows what to do."""
    succeed(f"""
        def die():
            {death}

        try:
            run(die)
        except TransientError as error:
            assert error.hint
        else:
            raise AssertionError("no error")
    """)


@FORKS
def test_a_child_that_dies_while_it_answers_is_a_passing_fault(start: Callable[[str], Command]) -> None:
    """Half an answer is none."""
    command = start("""
        def die_soon():
            # Only so much fits into a pipe that nobody reads.
            os.kill(os.getppid(), signal.SIGSTOP)
            touch("stopped")
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGKILL)

        def work():
            threading.Thread(target=die_soon, daemon=True).start()
            time.sleep(0.1)
            return "x" * 1_000_000

        try:
            run(work)
        except TransientError:
            print("known")
    """)
    command.wait_for("stopped")
    child = int((command.directory / "stopped").read_text())
    while Path(f"/proc/{child}/stat").exists() and " Z " not in Path(f"/proc/{child}/stat").read_text():
        time.sleep(0.01)
    command.process.send_signal(signal.SIGCONT)
    code, out, err = command.ended()
    assert (code, out) == (0, "known\n"), err


@FORKS
def test_nothing_is_left_behind(succeed: Callable[[str], str]) -> None:
    """No zombie, no open descriptor, no changed signal."""
    succeed("""
        def state():
            return sorted(os.listdir("/proc/self/fd")), signal.pthread_sigmask(signal.SIG_BLOCK, []), [
                signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            ]

        before = state()
        run(lambda: 1)
        assert state() == before, (before, state())
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pass
        else:
            raise AssertionError("a child was not reaped")
    """)


@FORKS
def test_whoever_ignores_dead_children_gets_the_answer_too(succeed: Callable[[str], str]) -> None:
    """The disposition is inherited from the program that started us; the system then reaps by itself."""
    succeed("""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        assert run(lambda: 7) == 7
    """)


@FORKS
def test_the_child_is_alone(succeed: Callable[[str], str]) -> None:
    """Of a session of its own, without our terminal and its input, and deaf to requests to end."""
    succeed("""
        def work():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(os.getpid(), number)
            return os.getsid(0) == os.getpid() and os.read(0, 1) == b""

        keyboard, _ = os.pipe()
        os.set_blocking(keyboard, False)
        os.dup2(keyboard, 0)
        assert run(work)
    """)


@FORKS
def test_a_signal_at_the_very_beginning_does_not_end_the_child(succeed: Callable[[str], str]) -> None:
    """Between the fork and its own handlers it has those of the parent."""
    succeed("""
        os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGINT))
        assert run(lambda: 7) == 7
    """)


@FORKS
def test_what_the_child_says_is_passed_on_as_it_comes(start: Callable[[str], Command]) -> None:
    command = start("""
        def work():
            print("the first line", file=sys.stderr)
            os.write(1, b"never on standard output")
            wait_for("read")
            os.write(2, b"the last line")

        run(work)
        print("the answer")
    """)
    assert command.process.stderr is not None
    assert command.process.stderr.readline() == "the first line\n"
    (command.directory / "read").touch()
    assert command.ended() == (0, "the answer\n", "the last line")


@FORKS
def test_a_child_that_can_not_be_detached_does_not_go_on_as_a_second_program(start: Callable[[str], Command]) -> None:
    command = start("""
        def refuse():
            raise StorageError("it stays open")

        try:
            run(lambda: touch("worked"), on_detach=refuse)
        except Error as error:
            print(type(error).__name__)
        touch(f"end-{os.getpid()}")
    """)
    code, out, _ = command.ended()
    assert (code, out) == (0, "TransientError\n")
    assert len(list(command.directory.glob("end-*"))) == 1
    assert not (command.directory / "worked").exists()


@FORKS
@pytest.mark.parametrize("fault", ["os.fork", "os.pipe"])
def test_where_no_child_can_be_started_signals_wait(succeed: Callable[[str], str], fault: str) -> None:
    """Forty plugins at once may be as many processes as a user may have."""
    done = succeed(f"""
        import errno, threading
        def refuse():
            raise OSError(errno.EAGAIN, "no more")

        before = set(os.listdir("/proc/self/fd"))
        {fault} = refuse

        def work():
            os.kill(os.getpid(), signal.SIGTERM)
            return "worked"

        signal.signal(signal.SIGTERM, lambda *_: print("told afterwards"))
        print(run(work))
        assert set(os.listdir("/proc/self/fd")) == before
    """)
    assert done == "told afterwards\nworked\n"


@FORKS
def test_an_error_in_closing_never_makes_the_work_run_twice(succeed: Callable[[str], str]) -> None:
    """What was sent must not be sent again because a pipe made trouble afterwards."""
    done = succeed("""
        real = os.close
        def refuse(descriptor):
            real(descriptor)
            raise OSError(5, "input/output error")

        def work():
            with open("times", "a") as file:
                file.write("once ")
            return "worked"

        os.close = refuse
        print(run(work))
        print(Path("times").read_text())
    """)
    assert done == "worked\nonce \n"


# The command as it is: standard output put aside, a lock held, Ctrl-C an exception.
GUARDED = """
    from kubelogin_py.adapters.terminal import Terminal

    lock = os.open("lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    real = os.dup(1)
    os.dup2(2, 1)

    def work():
        touch("begun")
        console = Terminal(0, sys.stderr, interactive=False)
        console.tell("somebody may read this")
        wait_for("go-on")
        console.tell("or not")
        console.tell("the parent is gone")
        Path("saved.new").write_text("refresh-1")
        os.rename("saved.new", "saved")

    try:
        run(work, on_detach=lambda: os.close(real))
    except KeyboardInterrupt:
        os._exit(130)
"""


def locked(directory: Path) -> bool:
    with (directory / "lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@FORKS
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP), (signal.SIGKILL, -9)],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP", "SIGKILL"],
)
def test_the_command_ends_at_once_and_the_work_goes_on(
    start: Callable[[str], Command], number: signal.Signals, code: int
) -> None:
    """The whole group is told, as by a terminal. Nobody who reads our output need wait; the lock is held to the end."""
    command = start(GUARDED)
    assert command.process.stderr is not None
    assert command.process.stderr.readline() == "somebody may read this\n"
    begin = time.monotonic()
    os.killpg(command.process.pid, number)
    assert command.ended() == (code, "", "")
    assert time.monotonic() - begin < 0.5 + BUSY
    assert locked(command.directory)
    assert not (command.directory / "saved").exists()
    (command.directory / "go-on").touch()
    command.wait_for("saved")
    assert (command.directory / "saved").read_text() == "refresh-1"
    end = time.monotonic() + 5
    while locked(command.directory):
        assert time.monotonic() < end, "the lock is never given back"
        time.sleep(0.005)


@FORKS
def test_ctrl_c_twice_changes_nothing_for_the_work(start: Callable[[str], Command]) -> None:
    command = start(GUARDED)
    command.wait_for("begun")
    child = int((command.directory / "begun").read_text())
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(child, number)
    os.killpg(command.process.pid, signal.SIGINT)
    command.process.wait(timeout=5)
    (command.directory / "go-on").touch()
    command.wait_for("saved")


REFRESH = """
    import dataclasses
    from kubelogin_py.login import sign_in
    from kubelogin_py.storage.disk import DiskStore
    from tests.support.world import KEY, Scene

    scene = Scene()
    store = DiskStore(Path.cwd() / "cache", console=scene.console, clock=scene.clock, environment={})
    scene.keep_expired_session()
    store.save(KEY, scene.kept)

    def slow():
        touch("begun")
        wait_for("go-on")

    scene.provider.on_token_request = slow
    world = dataclasses.replace(scene.world, store=store, guard=DetachingGuard(lambda: None))
"""


@FORKS
def test_a_killed_command_s_refresh_is_on_disk(start: Callable[[str], Command], succeed: Callable[[str], str]) -> None:
    """The real use: whoever comes next waits for the child, and finds what the provider gave it."""
    command = start(REFRESH + "    sign_in(scene.settings(), world, key=KEY)\n")
    command.wait_for("begun")
    command.process.kill()
    command.process.wait()
    (command.directory / "go-on").touch()
    out = succeed("""
        from kubelogin_py.storage.disk import DiskStore
        from kubelogin_py.adapters.clock import SystemClock
        from tests.support.world import KEY, Scene

        clock = SystemClock()
        store = DiskStore(Path.cwd() / "cache", console=Scene().console, clock=clock, environment={})
        with store.lock(KEY, deadline=clock.monotonic() + 5, doing="looking"):
            session = store.load(KEY)
            print(session.refresh_token.reveal(), session.refresh_sent_at)
    """)
    assert out == "refresh-1 None\n"


@pytest.fixture
def deferring() -> DeferringGuard:
    return DeferringGuard()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_waits_for_the_end_of_the_work(deferring: DeferringGuard, name: str) -> None:
    """Where nothing is forked, it is delivered afterwards."""
    number, told = getattr(signal, name), []
    before = signal.signal(number, lambda *_: told.append("told"))
    try:

        def work() -> str:
            signal.raise_signal(number)
            told.append("done")
            return "value"

        assert deferring.run(work) == "value"
    finally:
        signal.signal(number, before)
    assert told == ["done", "told"]


def test_ctrl_c_ends_the_program_once_the_work_is_done(deferring: DeferringGuard) -> None:
    done: list[bool] = []

    def work() -> None:
        signal.raise_signal(signal.SIGINT)
        done.append(True)

    with pytest.raises(KeyboardInterrupt):
        deferring.run(work)
    assert done == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_not_lost_when_the_work_fails(deferring: DeferringGuard) -> None:
    def work() -> None:
        signal.raise_signal(signal.SIGINT)
        raise ValueError

    with pytest.raises(KeyboardInterrupt):
        deferring.run(work)


def test_signals_are_as_before_after_the_work(deferring: DeferringGuard) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    with pytest.raises(ValueError, match="of the work"):
        deferring.run(lambda: int("of the work"))
    assert [signal.getsignal(number) for number in numbers] == before


def test_a_signal_that_is_ignored_stays_ignored(deferring: DeferringGuard) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert deferring.run(lambda: signal.raise_signal(signal.SIGTERM) or 7) == 7
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_off_the_main_thread_the_work_just_runs(deferring: DeferringGuard) -> None:
    """An embedding program's signals are its own, and no thread but the first may touch them."""
    results: list[object] = []
    handler = signal.getsignal(signal.SIGINT)

    def work() -> object:
        return signal.getsignal(signal.SIGINT) is handler

    thread = threading.Thread(target=lambda: results.append(deferring.run(work)))
    thread.start()
    thread.join()
    assert results == [True]


def test_only_linux_forks() -> None:
    kind = DetachingGuard if sys.platform == "linux" else DeferringGuard
    assert isinstance(system_guard(lambda: None), kind)
