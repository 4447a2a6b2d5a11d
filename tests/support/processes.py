"""Components as child processes: started, waited for until ready, and stopped by their own process id."""

import os
import select
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

READY = "READY "
STARTED_WITHIN = 30.0
"""Seconds a component may take to say that it listens; a loaded machine needs some."""

BUSY = 2.0
"""Seconds that a machine with much else to do may add to what happens at once."""


class NotReadyError(Exception):
    """A component ended or stayed silent instead of saying READY."""


@dataclass
class Component:
    """A running component.

    :param address: what followed READY.
    :param log: the file with its standard error.
    """

    process: "subprocess.Popen[bytes]"
    address: str
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def stop(self) -> None:
        """End it, kindly first; a component that has ended already is fine."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None) -> Component:
    """Start a component and return it once it printed ``READY <address>``.

    :raises NotReadyError: with the end of its log.
    """
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=env,
        )
    try:
        return Component(process, _address(process), log)
    except BaseException as error:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
        if isinstance(error, NotReadyError):
            tail = log.read_text(errors="replace")[-2000:]
            raise NotReadyError(f"{command[0]} {command[1:2]}: {error}\n{tail}") from None
        raise


def _address(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout
    deadline, seen = time.monotonic() + STARTED_WITHIN, b""
    while b"\n" not in seen:
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            raise NotReadyError(f"not ready within {STARTED_WITHIN:.0f} seconds")
        chunk = os.read(process.stdout.fileno(), 4096)
        if not chunk:
            raise NotReadyError("ended before it was ready")
        seen += chunk
    line = seen.decode().splitlines()[0]
    if not line.startswith(READY):
        raise NotReadyError(f"said {line!r}")
    return line.removeprefix(READY)


def free_port() -> int:
    """Return a port that was free on both loopback addresses a moment ago."""
    for _ in range(50):
        with socket.socket() as four:
            four.bind(("127.0.0.1", 0))
            port = int(four.getsockname()[1])
            if not socket.has_ipv6:
                return port
            try:
                with socket.socket(socket.AF_INET6) as six:
                    six.bind(("::1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free on both loopback addresses")
