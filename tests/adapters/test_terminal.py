"""The person at the terminal, on real pseudo-terminals and pipes."""

import contextlib
import io
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubelogin_py.adapters import keyboard
from kubelogin_py.adapters.line_editor import LIMIT, LineEditor
from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.errors import SignInError
from tests.support.processes import BUSY

LONG = "https://localhost:8000/?code=" + "x" * 20_000 + "&state=y"

pytestmark = pytest.mark.timeout(30)


def soon(seconds: float = 10) -> float:
    return time.monotonic() + seconds


# ---- telling


def test_a_line_is_told_on_stderr() -> None:
    stderr = io.StringIO()
    Terminal(0, stderr, interactive=False).tell("signing in")
    assert stderr.getvalue() == "signing in\n"


@pytest.mark.parametrize(("verbosity", "expected"), [(0, ""), (1, "one\n"), (2, "one\ntwo\n"), (9, "one\ntwo\n")])
def test_details_are_told_up_to_the_verbosity(verbosity: int, expected: str) -> None:
    stderr = io.StringIO()
    terminal = Terminal(verbosity, stderr, interactive=False)
    terminal.detail(1, "one")
    terminal.detail(2, "two")
    assert stderr.getvalue() == expected


def test_a_line_stays_one_line() -> None:
    """B-71, B-72: a second net under whoever forgot the first one; long lines such as URLs are not cut."""
    stderr = io.StringIO()
    Terminal(0, stderr, interactive=False).tell("a\nb\x1b[2J\x9b\u202e" + "x" * 3000)
    assert stderr.getvalue() == "a\\x0ab\\x1b[2J\\x9b\\u{202e}" + "x" * 3000 + "\n"


def test_a_stderr_of_few_characters_shows_the_rest_escaped() -> None:
    raw = io.BytesIO()
    terminal = Terminal(0, io.TextIOWrapper(raw, encoding="ascii"), interactive=False)
    terminal.tell("müller…")
    terminal.tell("more")
    assert raw.getvalue() == b"m\\xfcller\\u2026\nmore\n"


class Broken(io.StringIO):
    """A stream nobody reads any more."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("stderr", [None, Broken()], ids=["absent", "broken"])
def test_telling_never_fails(stderr: io.StringIO | None) -> None:
    terminal = Terminal(9, stderr, interactive=False)
    terminal.tell("one")
    terminal.detail(1, "two")


def test_telling_a_closed_stream_never_fails() -> None:
    stderr = io.StringIO()
    stderr.close()
    Terminal(0, stderr, interactive=False).tell("one")


TELLING = """
import sys
from kubelogin_py.adapters.terminal import Terminal
terminal = Terminal(9, sys.stderr, interactive=False)
for number in range(3):
    terminal.tell("x" * 100)
print("the answer")
"""


@pytest.mark.parametrize(
    "redirection",
    ["2>&-", "2>/dev/full", "2> >(exec true)"],
    ids=["B-76 closed", "B-76 full", "B-76 no reader"],
)
def test_a_lost_stderr_costs_nothing(redirection: str) -> None:
    """Not the answer, and not the exit status: Python would fail once more to write what it still held."""
    command = ["/bin/bash", "-c", f'exec "$@" {redirection}', "bash", sys.executable, "-c", TELLING]
    # Unbuffered, Python would hold nothing.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False, timeout=10)
    assert (done.returncode, done.stdout) == (0, "the answer\n")


# ---- asking on a terminal


class Desk:
    """A pseudo-terminal with a person at its other end."""

    def __init__(self) -> None:
        self.person, self.descriptor = pty.openpty()
        self.stderr = io.StringIO()
        self.terminal = Terminal(0, self.stderr, interactive=True, stdin=self.descriptor)
        self.before = termios.tcgetattr(self.descriptor)
        self.answer: str | BaseException | None = None
        self._thread: threading.Thread | None = None

    def ask(self, seconds: float = 10) -> None:
        """Ask in a thread, and return when the prompt is shown."""

        def run() -> None:
            try:
                self.answer = self.terminal.ask("Enter code: ", deadline=soon(seconds)).reveal()
            except BaseException as error:  # noqa: BLE001 -- handed to the test
                self.answer = error

        self.stderr.seek(0)
        self.stderr.truncate()
        self._thread = threading.Thread(target=run)
        self._thread.start()
        until = soon(5)
        while "Enter code: " not in self.stderr.getvalue() and time.monotonic() < until:
            time.sleep(0.005)

    def type(self, keys: bytes) -> None:
        view = memoryview(keys)
        while view:
            view = view[os.write(self.person, view) :]

    def answered(self) -> str | BaseException | None:
        assert self._thread is not None
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.answer

    def shown(self) -> bytes:
        """What came back on the screen."""
        shown = b""
        while select.select([self.person], [], [], 0.05)[0]:
            shown += os.read(self.person, 65536)
        return shown

    def close(self) -> None:
        for one in (self.person, self.descriptor):
            with contextlib.suppress(OSError):
                os.close(one)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        pytest.param(b"the-code\r", "the-code", id="Enter"),
        pytest.param(b"the-code\n", "the-code", id="line feed"),
        pytest.param(b"\r", "", id="nothing"),
        pytest.param(b" a b \r", " a b ", id="blanks are the caller's matter"),
        pytest.param(b"abx\x7fc\r", "abc", id="backspace"),
        pytest.param(b"abx\x08c\r", "abc", id="Ctrl-H"),
        pytest.param(b"\x7f\x7fa\r", "a", id="backspace on nothing"),
        pytest.param("aü€😀".encode() + b"\x7f\x7f\r", "aü", id="backspace over wide characters"),
        pytest.param(b"wrong\x15right\r", "right", id="Ctrl-U"),
        pytest.param(b"one two \x17\x17three\r", "three", id="Ctrl-W"),
        pytest.param(b"ab\x04", "ab", id="Ctrl-D after text"),
        pytest.param("pässwörd\r".encode(), "pässwörd", id="UTF-8"),
        pytest.param(b"a\x1b[Db\x1b[3~c\x1bOPd\x1b[1;5Ce\r", "abcde", id="arrow and function keys"),
        pytest.param(b"a\x00\x01\x1a\x1c\tb\r", "ab", id="keys that mean nothing here"),
        pytest.param(b"\x1b[200~pasted\x1b[201~\r", "pasted", id="bracketed paste"),
        pytest.param(b"\x1b[200~one\rtwo\n\x1b[201~\r", "onetwo", id="bracketed paste of lines"),
        pytest.param(b"https://h/?co\nde=abc&sta\r\nte=x\n", "https://h/?code=abc&state=x", id="wrapped paste"),
    ],
)  # fmt: skip
def test_a_line_is_typed(desk: Desk, keys: bytes, answer: str) -> None:
    desk.ask()
    desk.type(keys)
    assert desk.answered() == answer


def test_the_line_is_asked_for_and_ended_on_the_screen(desk: Desk) -> None:
    desk.ask()
    desk.type(b"x\r")
    desk.answered()
    assert desk.stderr.getvalue() == "Enter code: \n"


def test_nothing_typed_is_shown(desk: Desk) -> None:
    """B-109: neither while typing nor afterwards."""
    desk.ask()
    desk.type(b"secret\x7f\r")
    desk.answered()
    assert desk.shown() == b""


def test_a_line_longer_than_the_terminals_own_limit_arrives(desk: Desk) -> None:
    """B-70: in canonical mode Linux would cut it at 4096 bytes."""
    desk.ask()
    desk.type(LONG.encode() + b"\r")
    assert desk.answered() == LONG


def test_a_line_of_128_kib_arrives_and_a_longer_one_does_not(desk: Desk) -> None:
    desk.ask()
    desk.type(b"x" * LIMIT + b"\r")
    assert desk.answered() == "x" * LIMIT
    desk.ask()
    desk.type(b"x" * (LIMIT + 1))
    answer = desk.answered()
    assert isinstance(answer, SignInError)
    assert "128 KiB" in answer.message


def test_slow_typing_is_waited_for(desk: Desk) -> None:
    """Only after Enter does quiet mean anything."""
    desk.ask()
    for key in b"ab":
        desk.type(bytes([key]))
        time.sleep(0.3)
    desk.type(b"\r")
    assert desk.answered() == "ab"


def test_ctrl_c_interrupts(desk: Desk) -> None:
    desk.ask()
    desk.type(b"abc\x03")
    assert isinstance(desk.answered(), KeyboardInterrupt)


def test_the_end_of_input_is_no_answer(desk: Desk) -> None:
    desk.ask()
    desk.type(b"\x04")
    answer = desk.answered()
    assert isinstance(answer, SignInError)
    assert "ended before an answer" in answer.message


def test_a_terminal_that_goes_away_is_no_answer(desk: Desk) -> None:
    desk.ask()
    os.close(desk.person)
    assert isinstance(desk.answered(), SignInError)


def test_text_in_another_encoding_is_refused(desk: Desk) -> None:
    """A wrong guess at it would be a wrong password without a word."""
    desk.ask()
    desk.type(b"p\xe4ss\r")
    answer = desk.answered()
    assert isinstance(answer, SignInError)
    assert "UTF-8" in answer.message


@pytest.mark.parametrize("seconds", [0.3, 0, -1])
def test_the_deadline_ends_the_question(desk: Desk, seconds: float) -> None:
    started = time.monotonic()
    desk.ask(seconds)
    answer = desk.answered()
    assert isinstance(answer, SignInError)
    assert "in time" in answer.message
    assert time.monotonic() - started < max(seconds, 0) + 0.5


@pytest.mark.parametrize("keys", [b"x\r", b"\x03", b"\x04", b"\xe4\r", b"x" * (LIMIT + 1)], ids=range(5))
def test_the_terminal_is_left_as_it_was(desk: Desk, keys: bytes) -> None:
    desk.ask()
    assert not termios.tcgetattr(desk.descriptor)[3] & (termios.ECHO | termios.ICANON)
    desk.type(keys)
    desk.answered()
    assert termios.tcgetattr(desk.descriptor) == desk.before


def test_the_rest_of_a_paste_never_reaches_the_shell(desk: Desk) -> None:
    """B-70: after a failure the shell would run it, and keep it in its history."""
    with pytest.raises(ZeroDivisionError), keyboard.keys(desk.descriptor):  # noqa: PT012 -- what is typed must be there
        desk.type(b"the rest of the code\r")
        assert select.select([desk.descriptor], [], [], 5)[0]
        raise ZeroDivisionError
    assert not select.select([desk.descriptor], [], [], 0.1)[0]


def test_what_is_typed_ahead_is_kept_for_the_next_question(desk: Desk) -> None:
    with keyboard.keys(desk.descriptor):
        desk.type(b"next\r")
        assert select.select([desk.descriptor], [], [], 5)[0]
    with keyboard.keys(desk.descriptor) as read:
        assert read(5) == b"next\n"


def test_two_questions_are_answered_one_after_the_other(desk: Desk) -> None:
    desk.ask()
    desk.type(b"user\r")
    assert desk.answered() == "user"
    desk.ask()
    desk.type(b"pass\r")
    assert desk.answered() == "pass"


def test_a_terminal_that_is_not_lent_is_not_read(desk: Desk) -> None:
    """The caller's word counts, not what standard input happens to be."""
    terminal = Terminal(0, desk.stderr, interactive=False, stdin=desk.descriptor)
    desk.type(b"x\r")
    with pytest.raises(SignInError, match="lends no terminal") as caught:
        terminal.ask("Enter code: ", deadline=soon())
    assert "interactiveMode: IfAvailable" in (caught.value.hint or "")
    assert desk.stderr.getvalue() == ""


# ---- asking a pipe


@contextlib.contextmanager
def piped(content: bytes, *, close: bool = True) -> Iterator[Terminal]:
    reading, writing = os.pipe()

    def write() -> None:
        view = memoryview(content)
        with contextlib.suppress(BrokenPipeError):
            while view:
                view = view[os.write(writing, view) :]
        if close:
            os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield Terminal(0, io.StringIO(), interactive=False, stdin=reading)
    finally:
        os.close(reading)
        writer.join()
        if not close:
            os.close(writing)


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"the-code\n", "the-code"),
        (b"the-code\r\n", "the-code"),
        (b"the-code", "the-code"),
        (b"\n", ""),
        (b"one\ntwo\n", "one"),
        (LONG.encode() + b"\n", LONG),
        (b"x" * LIMIT + b"\n", "x" * LIMIT),
        ("pässwörd\n".encode(), "pässwörd"),
    ],
    ids=["line", "line of Windows", "no line end", "empty", "two", "long", "128 KiB", "UTF-8"],
)
def test_a_script_answers_with_a_line(content: bytes, answer: str) -> None:
    with piped(content) as terminal:
        assert terminal.ask("Enter code: ", deadline=soon()).reveal() == answer


def test_a_script_answers_two_questions_with_two_lines() -> None:
    with piped(b"user\npass\n") as terminal:
        assert [terminal.ask("? ", deadline=soon()).reveal() for _ in range(2)] == ["user", "pass"]
        with pytest.raises(SignInError):
            terminal.ask("? ", deadline=soon())


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "lends no terminal"), (b"x" * (LIMIT + 2) + b"\n", "128 KiB"), (b"\xff\n", "UTF-8")],
)
def test_a_script_that_gives_no_answer_is_an_error(content: bytes, message: str) -> None:
    with piped(content) as terminal, pytest.raises(SignInError, match=message):
        terminal.ask("Enter code: ", deadline=soon())


def test_a_silent_pipe_ends_at_the_deadline() -> None:
    with piped(b"half", close=False) as terminal, pytest.raises(SignInError, match="in time"):
        terminal.ask("Enter code: ", deadline=soon(0.2))


def test_without_input_it_says_what_to_do() -> None:
    """What kubectl gives with ``interactiveMode: Never``."""
    with Path(os.devnull).open("rb") as nothing, pytest.raises(SignInError, match="lends no terminal") as caught:
        Terminal(0, io.StringIO(), interactive=False, stdin=nothing.fileno()).ask("Enter code: ", deadline=soon())
    assert "by hand in a terminal" in (caught.value.hint or "")


def test_a_closed_standard_input_is_no_terminal() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    with pytest.raises(SignInError, match="lends no terminal"):
        Terminal(0, io.StringIO(), interactive=True, stdin=reading).ask("Enter code: ", deadline=soon())


# ---- in a process of its own, which a signal may hit

ASKING = """
import sys, time
from kubelogin_py.adapters.terminal import Terminal
try:
    answer = Terminal(0, sys.stderr, interactive=True).ask("Enter code: ", deadline=time.monotonic() + 20)
except KeyboardInterrupt:
    sys.exit(130)
print("got", len(answer.reveal()))
"""


# What a shell does for a job: the terminal becomes the session's own.
ON_A_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"


class Process:
    """A Python program on a terminal of its own, in the foreground."""

    def __init__(self, program: str) -> None:
        self.screen, its_screen = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", ON_A_TERMINAL + program],
            stdin=its_screen,
            stdout=its_screen,
            stderr=its_screen,
            start_new_session=True,
        )
        os.close(its_screen)
        self.pid = self._process.pid
        self.seen = b""

    def read(self) -> None:
        # Without anybody left on it, a terminal can't be read.
        with contextlib.suppress(OSError):
            if select.select([self.screen], [], [], 0.01)[0]:
                self.seen += os.read(self.screen, 65536)

    def wait_for(self, text: bytes) -> None:
        until = soon(10)
        while text not in self.seen:
            assert time.monotonic() < until, self.seen
            self.read()

    def status(self) -> int:
        until = soon(10)
        while self._process.poll() is None:
            assert time.monotonic() < until, self.seen
            self.read()
        self.read()
        return self._process.returncode

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self.screen)


@pytest.fixture
def process() -> Iterator[Process]:
    started = Process(ASKING)
    started.wait_for(b"Enter code: ")
    yield started
    started.close()


def echoes(process: Process) -> bool:
    return bool(termios.tcgetattr(process.screen)[3] & termios.ECHO)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, -signal.SIGTERM),
        (signal.SIGHUP, -signal.SIGHUP),
        (signal.SIGQUIT, -signal.SIGQUIT),
    ],
)
def test_a_signal_leaves_the_terminal_as_it_was(process: Process, number: int, expected: int) -> None:
    assert not echoes(process)
    started = time.monotonic()
    os.kill(process.pid, number)
    assert process.status() == expected
    assert time.monotonic() - started < 0.5 + BUSY
    assert echoes(process)


def test_ctrl_c_on_the_keyboard_ends_it_within_half_a_second(process: Process) -> None:
    started = time.monotonic()
    os.write(process.screen, b"\x03")
    assert process.status() == 130
    assert time.monotonic() - started < 0.5 + BUSY
    assert echoes(process)


def test_ctrl_z_does_not_leave_it_stopped(process: Process) -> None:
    """Stopped, it would keep others from signing in, and go on with the echo on."""
    os.write(process.screen, b"\x1aabc\r")
    assert process.status() == 0
    assert b"got 3" in process.seen
    assert b"abc" not in process.seen


BACKGROUND = f"""
import os, subprocess, sys
sys.exit(subprocess.run([sys.executable, "-c", {ASKING!r}], process_group=0, timeout=5).returncode)
"""


def test_a_background_job_does_not_ask() -> None:
    """The system would stop it at the first touch of the terminal, with its lock held."""
    process = Process(BACKGROUND)
    assert process.status() == 1
    assert b"runs in the background" in process.seen
    process.close()


# ---- the editor alone


def test_pieces_may_be_cut_anywhere() -> None:
    """Escape sequences and characters arrive in as many reads as the system likes."""
    keys = "a\x1b[Dü\x1b[200~b\nc\x1b[201~d\x7fe\r".encode()
    for size in range(1, len(keys)):
        editor = LineEditor()
        for start in range(0, len(keys), size):
            editor.feed(keys[start : start + size])
        assert (editor.text(), editor.entered) == ("aübce", True)


def test_an_endless_escape_sequence_ends() -> None:
    editor = LineEditor()
    editor.feed(b"\x1b[" + b"1" * 1000 + b"a\r")
    assert editor.entered
