"""Runs the installed ``kubelogin`` as people and kubectl do: a process of its own, with or without a terminal."""

import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support.environment import BIN, clean

KUBELOGIN = BIN / "kubelogin"
DEADLINE = 60.0
"""Seconds a command may take; nothing here waits longer without being told."""

_CONTROLLING = "import fcntl,os,sys,termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended: exit code (negative for a signal), both streams as text, and how long it took."""

    code: int
    stdout: str
    stderr: str
    seconds: float


def run(
    *arguments: str | Path,
    home: Path,
    env: Mapping[str, str] | None = None,
    command: Path = KUBELOGIN,
    stdin: str | None = None,
    cwd: Path | None = None,
    deadline: float = DEADLINE,
) -> Result:
    """Run a command to its end, without a terminal.

    :param home: its home directory.
    :param env: variables beside the clean ones.
    :param stdin: text to read; nothing by default.
    :raises subprocess.TimeoutExpired: it did not end before the deadline, and was killed.
    """
    return finish(start(*arguments, home=home, env=env, command=command, cwd=cwd), stdin=stdin, deadline=deadline)


def start(
    *arguments: str | Path,
    home: Path,
    env: Mapping[str, str] | None = None,
    command: Path = KUBELOGIN,
    cwd: Path | None = None,
) -> "Running":
    """Start a command in a session of its own, for several at once or for signals."""
    started = time.monotonic()
    process = subprocess.Popen(
        [str(command), *map(str, arguments)],
        env=clean(home, **(env or {})),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        text=True,
        start_new_session=True,
    )
    return Running(process, started)


@dataclass(frozen=True, slots=True)
class Running:
    """A command that runs, and when it was started on the monotonic clock."""

    process: "subprocess.Popen[str]"
    started: float

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it alone."""
        self.process.send_signal(number)


def finish(running: Running, *, stdin: str | None = None, deadline: float = DEADLINE) -> Result:
    """Wait for a started command.

    :raises subprocess.TimeoutExpired: it did not end before the deadline, and was killed with its children.
    """
    try:
        stdout, stderr = running.process.communicate(stdin, timeout=deadline)
    except BaseException:
        _kill_session(running.process)
        running.process.communicate()
        raise
    return Result(running.process.returncode, stdout, stderr, time.monotonic() - running.started)


class Terminal:
    """A command on a terminal of its own. As under kubectl, standard output is not the terminal unless asked.

    :param command: program and arguments.
    :param stdout_too: whether the terminal is its standard output too, as for a person who starts it by hand.
    """

    def __init__(
        self,
        *command: str | Path,
        home: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdout_too: bool = False,
    ) -> None:
        import pty

        self._master, slave = pty.openpty()
        self._stdout = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by close()
        self._shown = b""
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _CONTROLLING, *map(str, command)],
            env=clean(home, **(env or {})),
            stdin=slave,
            stdout=slave if stdout_too else self._stdout,
            stderr=slave,
            cwd=cwd,
            start_new_session=True,
        )
        os.close(slave)

    @property
    def pid(self) -> int:
        """The process id of the command."""
        return self._process.pid

    @property
    def shown(self) -> str:
        """What the terminal has shown so far, lines ending in ``\\n``."""
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    def read_until(self, pattern: str, *, deadline: float = DEADLINE) -> "re.Match[str]":
        """Read until the terminal has shown what the regular expression finds, and return the match.

        :raises AssertionError: with all that was shown, when the time is over or the command ended first.
        """
        until = time.monotonic() + deadline
        while True:
            found = re.search(pattern, self.shown)
            if found:
                return found
            if not self._read(until):
                raise AssertionError(f"terminal never showed {pattern!r}, but:\n{self.shown}")

    def send(self, text: str) -> None:
        """Type text; ``\\n`` is the Enter key."""
        waiting = text.replace("\n", "\r").encode()
        while waiting:
            # A terminal takes little at once, and it stops taking when nobody reads what it echoes.
            readable, writable, _ = select.select([self._master], [self._master], [], DEADLINE)
            if readable:
                self._read(time.monotonic())
            if writable:
                waiting = waiting[os.write(self._master, waiting[:256]) :]

    def interrupt(self) -> None:
        """Type Ctrl-C."""
        os.write(self._master, b"\x03")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command alone."""
        self._process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal, as a closed window does."""
        os.close(self._master)
        self._master = -1

    def wait(self, *, deadline: float = DEADLINE) -> Result:
        """Wait for the end; ``stderr`` of the result is what the terminal showed.

        :raises AssertionError: it did not end before the deadline, and was killed.
        """
        until = time.monotonic() + deadline
        while self._process.poll() is None:
            if self._master == -1 or not self._read(min(until, time.monotonic() + 0.05)):
                time.sleep(0.005)
            if time.monotonic() > until:
                self.close()
                raise AssertionError(f"did not end within {deadline} seconds; terminal:\n{self.shown}")
        seconds = time.monotonic() - self._started
        while self._master != -1 and self._read(time.monotonic() + 0.05):
            pass
        self._stdout.seek(0)
        result = Result(self._process.returncode, self._stdout.read().decode(), self.shown, seconds)
        self.close()
        return result

    def close(self) -> None:
        """End everything on this terminal and give it back."""
        if self._process.poll() is None:
            _kill_session(self._process)
            self._process.wait()
        if self._master != -1:
            self.hang_up()
        self._stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, until: float) -> bool:
        readable, _, _ = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
        if not readable:
            return False
        try:
            chunk = os.read(self._master, 65536)
        except OSError:
            # EIO: the last process has left the terminal.
            return False
        self._shown += chunk
        return bool(chunk)


def _kill_session(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def together(commands: Sequence[Running], *, deadline: float = DEADLINE) -> list[Result]:
    """Wait for several started commands and return their results in order."""
    until = time.monotonic() + deadline
    return [finish(one, deadline=max(1.0, until - time.monotonic())) for one in commands]
