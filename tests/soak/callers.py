"""The callers of a soak run: what each of them calls, and what became of it."""

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import faketime
from tests.support.environment import clean

DEADLINE = 150.0
"""Seconds after which a call hangs: two waits of 45 seconds, a sign-in of 15, and requests of at most 45."""

SIGN_IN_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Context:
    """One entry of somebody's kubeconfig.

    :param name: for the verdict.
    :param user: who signs in.
    :param directory: the token cache.
    :param words: the plugin's arguments after the command's name.
    """

    name: str
    user: str
    directory: Path
    words: tuple[str, ...]


@dataclass(slots=True)
class Call:
    """One call and its outcome.

    :param at: UTC seconds when it began.
    :param fault: what was done to it on purpose; empty for nothing.
    """

    context: Context
    at: float
    fault: str = ""
    code: int = 0
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    hung: bool = False
    killed: bool = False
    pid: int = 0

    @property
    def ended(self) -> float:
        """UTC seconds of its end."""
        return self.at + self.seconds

    @property
    def token(self) -> str:
        """The token it printed; empty without one."""
        if not self.stdout:
            return ""
        return str(json.loads(self.stdout)["status"]["token"])


@dataclass
class Program:
    """The program under test.

    :param command: how to start it.
    :param home: of everybody.
    """

    command: Sequence[str]
    home: Path
    running: "dict[int, tuple[subprocess.Popen[str], Context]]" = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    killed: set[int] = field(default_factory=set)

    def call(self, context: Context, *, name: str = "get-token", extra: Sequence[str] = (), shift: str = "") -> Call:
        """Call it once, to the end or to its deadline.

        :param shift: what the clock of this call is wrong by, such as ``+2h``; empty for nothing.
        """
        call = Call(context, time.time(), fault=f"clock {shift}" if shift else "")
        command = [*self.command, name, *context.words, *extra]
        if shift:
            faketime.forget_the_dead()
            command = ["faketime", "-f", shift, *command]
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            # Only the wall clock is wrong: a real jump leaves the monotonic one alone.
            env=clean(self.home, FAKETIME_DONT_FAKE_MONOTONIC="1", KUBELOGIN_DEBUG="1"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        call.pid = process.pid
        with self.lock:
            self.running[process.pid] = (process, context)
        try:
            call.stdout, call.stderr = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            call.hung = True
            # With all its children: faketime is one process, the program another.
            os.killpg(process.pid, signal.SIGKILL)
            call.stdout, call.stderr = process.communicate()
        finally:
            with self.lock:
                del self.running[process.pid]
                call.killed = process.pid in self.killed
                self.killed.discard(process.pid)
        call.code, call.seconds = process.returncode, time.monotonic() - started
        return call


CAUSES = (
    ("killed", r"error: interrupted"),
    ("cool-down", r"nobody is asked again"),
    ("waited too long", r"gave up waiting"),
    ("no port", r"no available port"),
    ("network", r"temporary|malformed HTTP|did not answer|timed? ?out|connection|reset|refused|closed|EOF"),
    ("sign-in", r"sign-in|signing in"),
)


def cause(call: Call) -> str:
    """Return in a word why a call failed."""
    if call.hung:
        return "hang"
    if call.killed:
        return "killed"
    if call.fault:
        return call.fault.split()[0]
    last = "\n".join(line for line in call.stderr.splitlines() if line.startswith("error:"))
    return next((name for name, pattern in CAUSES if re.search(pattern, last)), "other")


def claims(token: str) -> dict[str, object]:
    """Return what a token says, without believing it."""
    payload = token.split(".")[1]
    read: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return read


def digest(token: str) -> str:
    """Return how the ledger names a token."""
    return hashlib.sha256(token.encode()).hexdigest()
