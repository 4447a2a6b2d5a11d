"""Bytes from standard input: from a terminal without echo and without its line limit, or from a pipe.

A terminal in canonical mode cuts a line at 4096 bytes (Linux) or 1024 (macOS); codes and redirect URLs are longer.
"""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, TypeAlias

from kubelogin_py.errors import SignInError

_CHUNK = 4096

Read: TypeAlias = Callable[[float], bytes | None]
"""Waits at most these seconds; returns what came, nothing (``b""``) at the end of input, ``None`` when all is quiet."""


def is_terminal(descriptor: int) -> bool:
    """Return whether somebody may sit there; a closed descriptor is none."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    _KEY_SLICE = 0.02
    _FUNCTION_KEYS = ("\x00", "\xe0")

    @contextlib.contextmanager
    def keys(descriptor: int) -> Iterator[Read]:
        """Yield a way to read keys from the console, which does not show them."""
        del descriptor
        yield _read_console

    @contextlib.contextmanager
    def visible_keys(descriptor: int) -> Iterator[Read]:
        """Yield a way to read keys from the console, which shows them."""
        del descriptor
        yield lambda seconds: _read_console(seconds, shown=True)

    def _read_console(seconds: float, *, shown: bool = False) -> bytes | None:
        until = time.monotonic() + seconds
        while not msvcrt.kbhit():
            if time.monotonic() >= until:
                return None
            time.sleep(_KEY_SLICE)
        typed = ""
        while msvcrt.kbhit():
            key = msvcrt.getwche() if shown else msvcrt.getwch()
            if key in _FUNCTION_KEYS and msvcrt.kbhit():
                # The second half says which function key; none of them is text.
                msvcrt.getwch()
            else:
                typed += key
        return typed.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()

    def pipe(descriptor: int) -> Read:
        """Return a way to read from a pipe or file; waiting for one with a limit takes a thread here."""
        chunks: SimpleQueue[bytes] = SimpleQueue()

        def copy() -> None:
            chunk = b"-"
            while chunk:
                try:
                    chunk = os.read(descriptor, _CHUNK)
                except OSError:
                    chunk = b""
                chunks.put(chunk)

        threading.Thread(target=copy, name="standard input", daemon=True).start()

        def read(seconds: float) -> bytes | None:
            try:
                return chunks.get(timeout=seconds)
            except Empty:
                return None

        return read

else:
    import termios

    _ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    _Settings: TypeAlias = list[Any]

    @contextlib.contextmanager
    def keys(descriptor: int) -> Iterator[Read]:
        """Yield a way to read keys from a terminal, whose settings are changed meanwhile: nothing is shown.

        They are restored on every way out, by signals too. What is left unread after a failure is thrown away: a
        shell would take the rest of a pasted code for a command, and keep it in its history.

        :raises SignInError: it is another process group's turn to read from this terminal, or it is gone.
        """
        _check_foreground(descriptor)
        before = _settings(descriptor)
        with _restored_by_signals(descriptor, before):
            try:
                _set(descriptor, _raw(before))
                yield pipe(descriptor)
            except BaseException:
                with contextlib.suppress(termios.error):
                    termios.tcflush(descriptor, termios.TCIFLUSH)
                raise
            finally:
                _set(descriptor, before)

    @contextlib.contextmanager
    def visible_keys(descriptor: int) -> Iterator[Read]:
        """Yield a way to read lines from a terminal, which shows them and lets them be edited.

        :raises SignInError: it is another process group's turn to read from this terminal.
        """
        _check_foreground(descriptor)
        yield pipe(descriptor)

    def pipe(descriptor: int) -> Read:
        """Return a way to read from a pipe, file or terminal."""

        def read(seconds: float) -> bytes | None:
            try:
                ready, _, _ = select.select([descriptor], [], [], max(seconds, 0.0))
                return os.read(descriptor, _CHUNK) if ready else None
            except BlockingIOError:
                return None
            except (OSError, ValueError):
                # Closed, hung up, or no descriptor at all.
                return b""

        return read

    def _settings(descriptor: int) -> _Settings:
        try:
            return termios.tcgetattr(descriptor)
        except termios.error as error:
            raise SignInError("the terminal can't be set to read without echo") from error

    def _set(descriptor: int, settings: _Settings) -> None:
        # Now, not when all output is out: that may wait for a terminal that was told to stop.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, settings)

    def _raw(settings: _Settings) -> _Settings:
        """Return settings without echo, without lines, and without keys that send signals.

        Ctrl-Z would stop us, and a shell that lets us go on has turned the echo on again.
        """
        raw = list(settings)
        raw[3] = raw[3] & ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
        raw[6] = list(raw[6])
        raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
        return raw

    def _check_foreground(descriptor: int) -> None:
        # A background job that touches the terminal's settings is stopped by the system, with our lock held.
        try:
            foreground = os.tcgetpgrp(descriptor)
        except OSError:
            # Not our controlling terminal: nobody stops us.
            return
        if foreground != os.getpgrp():
            raise SignInError(
                "input is asked for, but this process runs in the background", hint="run it in the foreground"
            )

    @contextlib.contextmanager
    def _restored_by_signals(descriptor: int, settings: _Settings) -> Iterator[None]:
        """Restore the terminal before a signal that nobody handles ends this process."""

        def restore(number: int, _frame: FrameType | None) -> None:
            _set(descriptor, settings)
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

        # Only the main thread may do this; elsewhere the embedding program handles its signals.
        ours = threading.current_thread() is threading.main_thread()
        taken = [number for number in _ENDING if ours and signal.getsignal(number) is signal.SIG_DFL]
        for number in taken:
            signal.signal(number, restore)
        try:
            yield
        finally:
            for number in taken:
                signal.signal(number, signal.SIG_DFL)
