"""Counts that no other work on the machine can move: processes, system calls, instructions; and peak memory."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.timing import Command

GNU_TIME, STRACE, VALGRIND = "time", "strace", "valgrind"


@dataclass(frozen=True, slots=True)
class Counts:
    """What one run of a command costs; ``None`` where the tool is missing.

    :param processes: started, its own among them.
    :param programs: executed.
    :param calls: of the system.
    :param instructions: in user space, in millions.
    :param memory: at its peak, in MiB.
    """

    processes: int | None
    programs: int | None
    calls: int | None
    instructions: float | None
    memory: float | None


def missing() -> list[str]:
    """Return which of the tools are not on this machine."""
    return [name for name in (GNU_TIME, STRACE, VALGRIND) if not shutil.which(name)]


def count(command: Command, *, instructions: bool = True) -> Counts:
    """Run a command under each tool that is there and return what was counted."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        trace = _traced(command, directory / "trace")
        lines = trace.splitlines() if trace is not None else None
        starts = None if lines is None else [re.split(r" +", line, maxsplit=1) for line in lines]
        return Counts(
            processes=None if starts is None else len({process for process, *_ in starts}),
            programs=None if starts is None else sum(rest[0].startswith("execve(") for _, *rest in starts),
            calls=None
            if starts is None
            else sum(not rest[0].startswith(("+++", "---", "<...")) for _, *rest in starts),
            instructions=_instructions(command) if instructions else None,
            memory=_memory(command, directory / "memory"),
        )


def _traced(command: Command, log: Path) -> str | None:
    if not shutil.which(STRACE):
        return None
    _under(command, STRACE, "-f", "-qq", "-s", "1", "-o", str(log))
    return log.read_text(errors="replace")


def _instructions(command: Command) -> float | None:
    if not shutil.which(VALGRIND):
        return None
    told = _under(command, VALGRIND, "--tool=callgrind", "--callgrind-out-file=/dev/null")
    # Of a program that another one takes the place of, valgrind tells nothing.
    found = re.findall(r"Collected : (\d+)", told)
    return int(found[-1]) / 1e6 if found else None


def _memory(command: Command, log: Path) -> float | None:
    # A child of this Python is born with this Python's size, so it has to be another program's child.
    if not shutil.which(GNU_TIME):
        return None
    _under(command, GNU_TIME, "-f", "%M", "-o", str(log))
    return int(log.read_text().split()[-1]) / 1024


def _under(command: Command, tool: str, *options: str) -> str:
    """Run a command under a tool and return what was said on standard error."""
    command.prepare()
    found = shutil.which(tool)
    words = [str(found), *options, command.program, *command.words[1:]]
    done = subprocess.run(
        words, env=dict(command.environ), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode or not done.stdout.startswith(command.expected.decode()):
        raise RuntimeError(f"{command.name} under {tool}: {done.stdout[:200]}{done.stderr[-500:]}")
    return done.stderr
