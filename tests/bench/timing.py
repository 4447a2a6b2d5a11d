"""Timing commands against one another: started in turn within the same minute, compared round by round.

Other work on the machine moves every absolute figure and hardly any ratio, so it is ratios that are reported: the
median over rounds of (this command's time : the base's time in the same round), with a bootstrap confidence interval.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_WARM_UP = 3
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Command:
    """A command to time.

    :param name: its row.
    :param program: path of what is executed.
    :param words: all words, the program's name first.
    :param expected: how its standard output must begin.
    :param prepare: called before each start, outside the time.
    """

    name: str
    program: str
    words: Sequence[str]
    environ: Mapping[str, str]
    expected: bytes = b""
    prepare: Callable[[], object] = lambda: None


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: milliseconds from start to end, and of the processor's time."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of ratios and its 95 % confidence interval."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Timed:
    """All runs of a command, one for each round."""

    command: Command
    samples: list[Sample] = field(default_factory=list)

    @property
    def walls(self) -> list[float]:
        """Milliseconds from start to end."""
        return [sample.wall for sample in self.samples]

    @property
    def cpu(self) -> float:
        """The median of milliseconds of the processor's time."""
        return statistics.median(sample.cpu for sample in self.samples)


class FailedError(Exception):
    """A command did not do what it is timed for."""


def interleaved(commands: Sequence[Command], rounds: int) -> dict[str, Timed]:
    """Start every command once per round, in a new order each time, and return what each took.

    :raises FailedError: a command failed, or did not print what it must.
    """
    timed = {command.name: Timed(command) for command in commands}
    chance = random.Random(1)
    for number in range(-_WARM_UP, rounds):
        for command in chance.sample(commands, len(commands)):
            sample = run(command)
            if number >= 0:
                timed[command.name].samples.append(sample)
    return timed


def run(command: Command) -> Sample:
    """Run a command to its end, with its standard output in a pipe as kubectl has it.

    :raises FailedError: it failed, or did not print what it must.
    """
    command.prepare()
    read, write = os.pipe()
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, write, 1)]
    started = time.perf_counter()
    process = os.posix_spawn(command.program, command.words, command.environ, file_actions=actions)
    os.close(write)
    printed = b""
    while chunk := os.read(read, 1 << 16):
        printed += chunk
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - started
    os.close(read)
    if status or not printed.startswith(command.expected):
        raise FailedError(f"{command.name} ended with {os.waitstatus_to_exitcode(status)} and printed {printed[:80]!r}")
    return Sample(wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000)


def at_once(command: Command, number: int) -> float:
    """Start a command many times at once and return the milliseconds until the last one has ended.

    :raises FailedError: one of them failed.
    """
    actions = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1)]
    started = time.perf_counter()
    processes = [
        os.posix_spawn(command.program, command.words, command.environ, file_actions=actions) for _ in range(number)
    ]
    codes = [os.waitpid(process, 0)[1] for process in processes]
    wall = time.perf_counter() - started
    if any(codes):
        raise FailedError(f"{command.name} failed among {number} at once")
    return wall * 1000


def batches(commands: Sequence[Command], number: int, rounds: int) -> dict[str, list[float]]:
    """Start each command many times at once, once per round in a new order, and return milliseconds of each batch."""
    walls: dict[str, list[float]] = {command.name: [] for command in commands}
    chance = random.Random(2)
    for _ in range(rounds):
        for command in chance.sample(commands, len(commands)):
            walls[command.name].append(at_once(command, number))
    return walls


def ratio(values: Sequence[float], base: Sequence[float]) -> Ratio:
    """Return the median of the ratios of each round, with its bootstrap confidence interval."""
    ratios = [value / one for value, one in zip(values, base, strict=True)]
    chance = random.Random(3)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(_RESAMPLES))
    return Ratio(statistics.median(ratios), medians[_RESAMPLES // 40], medians[-1 - _RESAMPLES // 40])
