"""A line that moves at the end of a terminal while somebody is waited for, and counts the time that is left.

It is drawn over itself and wiped away: nothing of it stays, and the cursor is never hidden, so that even a process that
is killed leaves the terminal as it was. Where another program draws on the whole screen, or another job has the
terminal, nothing is drawn.
"""

import math
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TextIO

from kubelogin_py import colour
from kubelogin_py.ports import Clock

INTERVAL = 0.2
"""Seconds between two pictures; the first one comes after this time, too."""

_WIPE = "\r\x1b[K"
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES = "|/-\\"
_PATIENCE = 1.0


class Spinner:
    """The moving line of one stream.

    :param stderr: where it is drawn.
    :param environment: for ``TERM``.
    :param clock: for the time that is left.
    """

    def __init__(self, stderr: TextIO | None, *, environment: Mapping[str, str], clock: Clock) -> None:
        self._stderr = stderr
        self._clock = clock
        self._capable = colour.is_capable(environment)
        self._frames = _FRAMES if _shows(stderr, _FRAMES) else _PLAIN_FRAMES
        self._lock = threading.Lock()
        self._drawn = False

    @contextmanager
    def turning(self, what: str, *, deadline: float) -> Iterator[None]:
        """Show what is waited for until the end of the block, if this is a place for it.

        :param deadline: on the monotonic clock.
        """
        if self._stderr is None or not self._capable or not is_quiet_terminal(self._stderr):
            yield
            return
        over = threading.Event()
        thread = threading.Thread(target=self._turn, args=(what, deadline, over), name="spinner", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(_PATIENCE)
            self.beside(lambda: None)

    def beside(self, write: Callable[[], None]) -> None:
        """Write something else to the stream: the moving line is wiped away first, and comes back below it."""
        with self._lock:
            if self._drawn:
                self._drawn = False
                self._put(_WIPE)
            write()

    def _turn(self, what: str, deadline: float, over: threading.Event) -> None:
        turn = 0
        while not over.wait(INTERVAL):
            left = max(0, math.ceil(deadline - self._clock.monotonic()))
            frame = self._frames[turn % len(self._frames)]
            self._draw(f"{frame} waiting for {what}: {left // 60}:{left % 60:02} left, Ctrl-C gives up", over)
            turn += 1

    def _draw(self, picture: str, over: threading.Event) -> None:
        if self._stderr is None or not is_quiet_terminal(self._stderr):
            return
        # The last column stays free: writing there would begin a new line on some terminals.
        room = max(0, _columns(self._stderr) - 1)
        with self._lock:
            if not over.is_set():
                self._drawn = True
                self._put(_WIPE + picture[:room])

    def _put(self, text: str) -> None:
        if self._stderr is not None:
            with suppress(OSError, ValueError):
                self._stderr.write(text)
                self._stderr.flush()


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _shows(stream: TextIO | None, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


if sys.platform == "win32":

    def is_quiet_terminal(stream: TextIO) -> bool:
        """Return whether a stream is a terminal."""
        try:
            return stream.isatty()
        except ValueError:
            return False

else:
    import termios

    def is_quiet_terminal(stream: TextIO) -> bool:
        """Return whether a stream is a terminal that shows lines, one below the other, and it is our turn to write.

        A program that draws on the whole screen reads single keys; a job in the background has no terminal.
        """
        try:
            descriptor = stream.fileno()
            if not os.isatty(descriptor) or not termios.tcgetattr(descriptor)[3] & termios.ICANON:
                return False
        except (OSError, ValueError, termios.error):
            return False
        try:
            return os.tcgetpgrp(descriptor) == os.getpgrp()
        except OSError:
            # Not our controlling terminal, so nobody else's either as far as we can tell.
            return True
