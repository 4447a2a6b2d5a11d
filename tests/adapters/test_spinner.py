"""The moving line, on real pseudo-terminals: where it is drawn, what it says, and that nothing of it stays."""

import fcntl
import io
import os
import pty
import re
import struct
import termios
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.spinner import INTERVAL, Spinner
from kubelogin_py.adapters.terminal import Terminal

XTERM = {"TERM": "xterm-256color"}
PICTURE = re.compile(r"(.) waiting for the browser: (\d+):(\d\d) left, Ctrl-C gives up")


class Screen:
    """A pseudo-terminal, what writes to it, and what it has shown."""

    def __init__(self, *, columns: int = 80, encoding: str = "utf-8") -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream = os.fdopen(self.slave, "w", encoding=encoding)
        self.shown = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self.master, 65536)
            except OSError:
                return
            self.shown += chunk.decode(errors="replace")

    def until(self, pattern: str, seconds: float = 10.0) -> "re.Match[str]":
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.shown)):
            assert time.monotonic() < end, repr(self.shown)
            time.sleep(0.01)
        return found

    def settled(self) -> str:
        """What stands on the screen in the end: each line as it was drawn last, wiped ones left out."""
        time.sleep(0.1)
        lines = [
            line.rpartition("\r")[2].removeprefix("\x1b[K") for line in self.shown.replace("\r\n", "\n").split("\n")
        ]
        return "\n".join(lines)

    def close(self) -> None:
        with suppress(OSError):
            self.stream.close()
        with suppress(OSError):
            os.close(self.master)


@pytest.fixture
def screen() -> Iterator[Screen]:
    made = Screen()
    yield made
    made.close()


def spinner(screen: Screen, environment: dict[str, str] | None = None) -> Spinner:
    return Spinner(screen.stream, environment=XTERM if environment is None else environment, clock=SystemClock())


def soon(seconds: float) -> float:
    return time.monotonic() + seconds


def test_it_turns_and_counts_down_and_nothing_of_it_stays(screen: Screen) -> None:
    with spinner(screen).turning("the browser", deadline=soon(125)):
        screen.until(r"(\d:\d\d) left.*(?!\1)\d:\d\d left")
    pictures = [match.groups() for match in PICTURE.finditer(screen.shown)]
    assert len({frame for frame, _, _ in pictures}) > 1
    left = [60 * int(minutes) + int(seconds) for _, minutes, seconds in pictures]
    assert left == sorted(left, reverse=True)
    assert 100 < left[0] <= 125
    assert screen.settled() == ""
    assert "\n" not in screen.shown
    # The cursor was not hidden, so there is nothing to be shown again.
    assert "\x1b[?25" not in screen.shown


def test_what_ends_at_once_draws_nothing(screen: Screen) -> None:
    with spinner(screen).turning("the browser", deadline=soon(100)):
        pass
    time.sleep(2 * INTERVAL)
    assert "waiting" not in screen.shown


def test_lines_stand_above_it_whole(screen: Screen) -> None:
    terminal = Terminal(0, screen.stream, interactive=True, environment=XTERM)
    with terminal.waiting("the browser", deadline=soon(100)):
        screen.until("waiting")
        terminal.tell("the first")
        terminal.tell("the second")
        seen = len(screen.shown)
        screen.until(r"the second\r\n\r?(?:\x1b\[K)?.*waiting")
    assert seen
    assert screen.settled() == "the first\nthe second\n"


def test_ctrl_c_wipes_it_away(screen: Screen) -> None:
    def wait() -> None:
        with spinner(screen).turning("the browser", deadline=soon(100)):
            screen.until("waiting")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait()
    assert screen.settled() == ""
    assert not [thread for thread in threading.enumerate() if thread.name == "spinner"]


@pytest.mark.parametrize("columns", [1, 12, 40, 200])
def test_it_never_fills_a_line(columns: int) -> None:
    screen = Screen(columns=columns)
    with spinner(screen).turning("the browser", deadline=soon(100)):
        time.sleep(3 * INTERVAL)
    pictures = [part.removeprefix("\x1b[K") for part in screen.shown.split("\r")]
    assert max(map(len, pictures)) <= columns - 1
    screen.close()


def test_a_terminal_without_these_characters_has_plain_ones() -> None:
    screen = Screen(encoding="ascii")
    with spinner(screen).turning("the browser", deadline=soon(100)):
        screen.until(r"[|/\\-] waiting")
    assert screen.shown.isascii()
    screen.close()


@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}, {"TERM": ""}], ids=["unset", "dumb", "empty"])
def test_a_terminal_that_can_not_wipe_has_none(screen: Screen, environment: dict[str, str]) -> None:
    with spinner(screen, environment).turning("the browser", deadline=soon(100)):
        time.sleep(3 * INTERVAL)
    assert screen.shown == ""


def test_a_program_that_draws_on_the_whole_screen_is_not_disturbed(screen: Screen) -> None:
    """k9s and its like lend their terminal, and read single keys from it."""
    tty.setraw(screen.slave)
    with spinner(screen).turning("the browser", deadline=soon(100)):
        time.sleep(3 * INTERVAL)
    assert screen.shown == ""


def test_who_lends_no_terminal_sees_none(screen: Screen) -> None:
    terminal = Terminal(0, screen.stream, interactive=False, environment=XTERM)
    with terminal.waiting("the browser", deadline=soon(100)):
        time.sleep(3 * INTERVAL)
    assert screen.shown == ""


@pytest.mark.parametrize("kind", ["file", "memory", "none"])
def test_no_terminal_has_none(kind: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w+") as file:
        stream = {"file": file, "memory": io.StringIO(), "none": None}[kind]
        terminal = Terminal(0, stream, interactive=True, environment=XTERM)
        with terminal.waiting("the browser", deadline=soon(100)):
            time.sleep(2 * INTERVAL)
            terminal.tell("warning: plain")
        if stream is not None:
            stream.seek(0)
            assert stream.read() == "warning: plain\n"


def test_a_terminal_that_goes_away_is_no_failure() -> None:
    screen = Screen()
    with spinner(screen).turning("the browser", deadline=soon(100)):
        screen.until("waiting")
        os.close(screen.master)
        time.sleep(2 * INTERVAL)
    screen.close()


COLOURED = {
    "error: no": "\x1b[31merror: no\x1b[0m",
    "warning: no": "\x1b[33mwarning: no\x1b[0m",
    "hint: no": "\x1b[36mhint: no\x1b[0m",
    "signed in": "signed in",
    "an error: no": "an error: no",
}


@pytest.mark.parametrize(("line", "shown"), COLOURED.items())
def test_kinds_of_messages_have_colours_on_a_terminal(screen: Screen, line: str, shown: str) -> None:
    Terminal(0, screen.stream, interactive=False, environment=XTERM).tell(line)
    screen.until("no|signed in")
    assert screen.shown.replace("\r\n", "\n") == shown + "\n"


@pytest.mark.parametrize("environment", [{**XTERM, "NO_COLOR": "1"}, {"TERM": "dumb"}, {}], ids=["no", "dumb", "unset"])
def test_and_none_where_nobody_wants_them(screen: Screen, environment: dict[str, str]) -> None:
    Terminal(0, screen.stream, interactive=False, environment=environment).tell("error: no\x1b[31m")
    screen.until("no")
    assert "\x1b" not in screen.shown


def test_no_colour_does_not_mean_no_countdown(screen: Screen) -> None:
    with spinner(screen, {**XTERM, "NO_COLOR": "1"}).turning("the browser", deadline=soon(100)):
        screen.until("waiting")
    assert "m" not in re.findall(r"\x1b\[[0-9;]*(.)", screen.shown)
