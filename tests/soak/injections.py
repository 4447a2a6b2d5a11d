"""What a soak run does to the callers: kills, damage, a full disk, a bad network, new keys, sessions that end."""

import contextlib
import itertools
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.soak.callers import Context, Program
from tests.support.tcp_proxy import Fault, TcpProxy

NETWORK = {
    "refused": Fault(refuse=True),
    "reset before the request is whole": Fault(reset_up=40),
    "reset after the request": Fault(reset_down=1),
    "cut": Fault(cut_down=200),
    "slow": Fault(latency=0.4),
    "silent": Fault(blackhole=True),
    "garbage": Fault(garbage=b"SSH-2.0-OpenSSH_9.2\r\n"),
}


KINDS = (
    *("kill", "kill of a child", "damage", "damage beyond repair", "damaged answer", "damaged memory"),
    *("network", "full disk", "new key", "sessions revoked"),
)
"""What every run must have done, besides calls whose clock is wrong."""


@dataclass(frozen=True, slots=True)
class Injection:
    """One thing that was done.

    :param began_at: UTC seconds.
    :param ended_at: UTC seconds.
    :param kind: what.
    :param context: to whom; empty for all.
    """

    began_at: float
    ended_at: float
    kind: str
    context: str = ""


class Injector:
    """Does one thing after another until told to stop, and remembers what.

    :param control: address of the provider, past the proxy.
    :param full: a directory on a file system of its own that may be filled up; ``None`` without one.
    """

    def __init__(
        self,
        program: Program,
        contexts: list[Context],
        proxy: TcpProxy,
        *,
        control: str,
        full: Path | None,
        chance: random.Random,
    ) -> None:
        self.done: list[Injection] = []
        self.spoilt: set[bytes] = set()
        """What was written into sessions on purpose."""
        self.spoiling = threading.Lock()
        """Held while a file is half written on purpose."""
        self._program = program
        self._contexts = contexts
        self._proxy = proxy
        self._control = control
        self._full = full
        self._chance = chance
        # In turn, so that a short run has them all.
        self._patterns = itertools.cycle(["session-*.json", "answer*.txt", "session-*.json", "[da][ot]*-*.json"])
        self._is_lost = itertools.cycle([False, True, False])
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin."""
        for every, act in (
            (1.5, self._kill),
            (9.0, self._damage),
            (20.0, self._network),
            (45.0, self._rotate),
            (70.0, self._revoke),
            *([(30.0, self._fill)] if self._full else []),
        ):
            thread = threading.Thread(target=self._repeat, args=(every, act), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End, with everything in order again."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        self._proxy.fault = Fault()

    def _repeat(self, every: float, act: Callable[[], None]) -> None:
        while not self._stop.wait(self._chance.uniform(0.5, 1.5) * every):
            act()

    def _note(self, kind: str, began_at: float, context: str = "") -> None:
        self.done.append(Injection(began_at, time.time(), kind, context))

    def _kill(self) -> None:
        """Kill a call, or the child in which it refreshes."""
        with self._program.lock:
            running = list(self._program.running.values())
        if not running:
            return
        process, context = self._chance.choice(running)
        number = self._chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        children = _children(process.pid)
        now = time.time()
        with self._program.lock:
            self._program.killed.add(process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if children and self._chance.random() < 0.5:
                os.kill(self._chance.choice(children), signal.SIGKILL)
                self._note("kill of a child", now, context.name)
            else:
                process.send_signal(number)
                self._note("kill", now, context.name)

    def _damage(self) -> None:
        """Damage a session's file, with its copy at times, or an answer, or what is remembered of the provider."""
        context = self._chance.choice(self._contexts)
        pattern = next(self._patterns)
        found = sorted(context.directory.glob(pattern))
        if not found:
            return
        path, now = self._chance.choice(found), time.time()
        with contextlib.suppress(OSError), self.spoiling:
            if not pattern.startswith("session"):
                self._spoil(path)
                self._note("damaged answer" if pattern.startswith("answer") else "damaged memory", now, context.name)
                return
            copy = path.with_name(f"{path.name}.twin")
            # There is none while a refresh token is on its way, or where it was needed already.
            is_lost = not copy.exists() or next(self._is_lost)
            # Before it is done: what it costs may come at once.
            self._note("damage beyond repair" if is_lost else "damage", now, context.name)
            if is_lost and copy.exists():
                self._spoil(copy)
            self._spoil(path)

    def _spoil(self, path: Path) -> None:
        """Write over a file in place, as a bad disk or another program does."""
        whole, chance = path.read_bytes(), self._chance
        spoilt = chance.choice([whole[: len(whole) // 2], bytes(len(whole)), chance.randbytes(300), b""])
        self.spoilt.add(spoilt)
        path.write_bytes(spoilt)

    def _network(self) -> None:
        name, fault = self._chance.choice(list(NETWORK.items()))
        began = time.time()
        self._proxy.fault = fault
        self._stop.wait(self._chance.uniform(1, 5))
        self._proxy.fault = Fault()
        self._note(f"network: {name}", began)

    def _rotate(self) -> None:
        self._turn("rotate", "new key")

    def _revoke(self) -> None:
        self._turn("revoke", "sessions revoked")

    def _turn(self, wheel: str, kind: str) -> None:
        """Turn one of the provider's wheels; with forty callers it may take its time."""
        now = time.time()
        with contextlib.suppress(requests.RequestException):
            requests.post(f"{self._control}/soak/{wheel}", timeout=60)
            self._note(kind, now)

    def _fill(self) -> None:
        assert self._full
        began = time.time()
        ballast = self._full / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
        self._stop.wait(self._chance.uniform(3, 8))
        ballast.unlink(missing_ok=True)
        for context in self._contexts:
            if self._full in context.directory.parents:
                self._note("full disk", began, context.name)


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in found.split()]
