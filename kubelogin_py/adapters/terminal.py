"""The person at the terminal: told things on stderr, asked on standard input."""

import contextlib
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import TextIO

from kubelogin_py import colour
from kubelogin_py.adapters import keyboard
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.line_editor import LIMIT, LineEditor, decoded
from kubelogin_py.adapters.spinner import Spinner
from kubelogin_py.errors import SignInError, UnaskedError
from kubelogin_py.ports import Clock
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

_SLICE = 0.2
"""Seconds at most until a signal or the deadline is noticed."""
_QUIET = 0.15
"""Seconds without input after Enter that make it the last line of a paste."""
_ADVICE = "run the same command by hand in a terminal, or set interactiveMode: IfAvailable in the kubeconfig"


class Terminal:
    """Standard error and standard input.

    :param verbosity: details up to this level are shown.
    :param stderr: where lines go; ``None`` when the process has none.
    :param interactive: whether the caller lends us its terminal (``spec.interactive`` of the exec info).
    :param clock: for deadlines; the system's by default.
    :param stdin: descriptor of the standard input.
    :param environment: for what the terminal can show; the process's own unless given.
    """

    def __init__(
        self,
        verbosity: int,
        stderr: TextIO | None,
        *,
        interactive: bool,
        clock: Clock | None = None,
        stdin: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._verbosity = verbosity
        self._stderr = stderr
        self._interactive = interactive
        self._clock = clock or SystemClock()
        self._stdin = stdin
        settled = os.environ if environment is None else environment
        self._coloured = colour.is_wanted(settled, is_terminal=_is_terminal(stderr))
        self._spinner = Spinner(stderr, environment=settled, clock=self._clock)
        # What a pipe gave beyond the line asked for: the next answer.
        self._unread = b""
        self._pipe: keyboard.Read | None = None

    def tell(self, line: str) -> None:
        """Show a line; never fails, also when nobody can read it."""
        shown = printable(line, len(line))
        self._write((colour.message(shown) if self._coloured else shown) + "\n")

    def detail(self, level: int, line: str | Callable[[], str]) -> None:
        """Show a line when the verbosity is at least ``level``."""
        if self._verbosity >= level:
            self.tell(line if isinstance(line, str) else line())

    def waiting(self, what: str, *, deadline: float) -> AbstractContextManager[None]:
        """Show a moving line with the time that is left, on a terminal that is lent to us; elsewhere nothing more.

        :param deadline: on the monotonic clock.
        """
        return self._spinner.turning(what, deadline=deadline) if self._interactive else contextlib.nullcontext()

    def ask(self, prompt: str, *, deadline: float, visible: bool = False) -> Secret:
        """Return one line typed or pasted on the terminal without echo, or the next line of a pipe.

        :param prompt: shown before, without a line end.
        :param deadline: on the monotonic clock.
        :param visible: with echo, for what is no secret.
        :raises SignInError: no terminal is lent to us, end of input, too long, or the deadline passed.
        :raises KeyboardInterrupt: Ctrl-C.
        """
        if not keyboard.is_terminal(self._stdin):
            self._write(printable(prompt, len(prompt)))
            return self._piped(deadline)
        if not self._interactive:
            raise _nobody_there()
        if visible:
            return self._typed_visibly(prompt, deadline)
        with keyboard.keys(self._stdin) as read:
            # Only now, with the echo off: whoever answers quickly is not shown either.
            self._write(printable(prompt, len(prompt)))
            try:
                return self._typed(read, deadline)
            finally:
                self._write("\n")

    def _typed(self, read: keyboard.Read, deadline: float) -> Secret:
        editor = LineEditor()
        while True:
            typed = read(_QUIET if editor.entered else self._patience(deadline))
            if typed:
                editor.feed(typed)
            if editor.entered and not typed:
                return Secret(editor.text())
            if editor.ended or typed == b"":
                if text := editor.text():
                    return Secret(text)
                raise SignInError("the input ended before an answer", hint="run the command again")

    def _typed_visibly(self, prompt: str, deadline: float) -> Secret:
        with keyboard.visible_keys(self._stdin) as read:
            self._write(printable(prompt, len(prompt)))
            editor = LineEditor()
            while not editor.entered:
                typed = read(self._patience(deadline))
                if typed:
                    editor.feed(typed)
                if editor.ended or typed == b"":
                    self._write("\n")
                    raise SignInError("the input ended before an answer", hint="run the command again")
            return Secret(editor.text())

    def _piped(self, deadline: float) -> Secret:
        self._pipe = self._pipe or keyboard.pipe(self._stdin)
        line, newline, rest = self._unread.partition(b"\n")
        while not newline and len(line) <= LIMIT:
            chunk = self._pipe(self._patience(deadline))
            if chunk == b"":
                break
            line, newline, rest = (line + (chunk or b"")).partition(b"\n")
        self._unread = rest
        if len(line) > LIMIT:
            raise SignInError(f"the input is longer than {LIMIT // 1024} KiB")
        if not line and not newline:
            raise _nobody_there()
        return Secret(decoded(line.removesuffix(b"\r")))

    def _patience(self, deadline: float) -> float:
        remaining = deadline - self._clock.monotonic()
        if remaining <= 0:
            raise SignInError(
                "nobody answered in time", hint="run the command again; --authentication-timeout-sec gives more time"
            )
        return min(remaining, _SLICE)

    def _write(self, text: str) -> None:
        if self._stderr is None:
            return
        self._spinner.beside(partial(self._write_now, self._stderr, text))

    def _write_now(self, stderr: TextIO, text: str) -> None:
        encoding = getattr(stderr, "encoding", None) or "utf-8"
        try:
            stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
            stderr.flush()
        except (OSError, ValueError):
            self._fall_silent(stderr)
            self._stderr = None

    @staticmethod
    def _fall_silent(stderr: TextIO) -> None:
        """Let what the stream still holds go nowhere; at its exit Python would fail to write it once more."""
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stderr.fileno())
            os.close(nowhere)


def _is_terminal(stderr: TextIO | None) -> bool:
    try:
        return stderr is not None and stderr.isatty()
    except ValueError:
        return False


def _nobody_there() -> UnaskedError:
    return UnaskedError("input is needed, and the caller lends no terminal to ask on", hint=_ADVICE)
