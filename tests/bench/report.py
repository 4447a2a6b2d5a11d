"""The report: tables, and which of the figures aimed at are met."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench import words
from tests.bench.cluster import OURS, STATIC, added
from tests.bench.counting import Counts
from tests.bench.derived import Theirs
from tests.bench.rows import BASE, CAT, INSTALLED, PYTHON_HIT, REFRESH, RUN, RUN_PYTHON, UPSTREAM, VENV
from tests.bench.timing import Ratio, Sample, Timed, ratio
from tests.exchange_server.throughput import Throughput

AT_ONCE = 50


@dataclass(slots=True)
class Results:
    """Everything that was measured; a table that could not be is empty."""

    machine: list[str]
    rounds: int
    upstream: str | None
    hits: dict[str, Timed] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    batches: dict[str, list[float]] = field(default_factory=dict)
    sessions: dict[str, Timed] = field(default_factory=dict)
    devices: dict[str, list[Sample]] = field(default_factory=dict)
    kubectl: dict[str, Timed] = field(default_factory=dict)
    others: dict[str, Timed] = field(default_factory=dict)
    exchanges: list[Throughput] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def render(results: Results) -> str:
    """Return the report as Markdown."""
    sections = [
        words.INTRODUCTION,
        "\n".join(f"- {line}" for line in results.machine) + f"\n- {results.rounds} rounds",
        "## Figures aimed at\n\n" + _aims(results) + "\n\n" + _shortfall(results),
        "## A cached answer\n\n" + words.HIT + "\n\n" + _times(results.hits),
        "## Counts\n\n" + words.COUNTS + "\n\n" + _counts(results.counts),
        f"## {AT_ONCE} at once\n\n" + _batches(results.batches),
        "## Added to a kubectl command\n\n" + words.KUBECTL + "\n\n" + _kubectl(results.kubectl),
        "## Without a finished answer\n\n" + words.SESSIONS + "\n\n" + _times(results.sessions),
        "## Device code\n\n" + words.DEVICE + "\n\n" + _devices(results.devices),
        "## Other commands\n\n" + (_times(results.others) if len(results.others) > 2 else "None could be measured."),
        "## The reference exchange server\n\n" + words.EXCHANGES + "\n\n" + _exchanges(results.exchanges),
        "## Not measured\n\n" + "\n".join(f"- {note}" for note in [*results.notes, *words.NEVER]),
    ]
    return "\n\n".join(sections) + "\n"


def _times(timed: Mapping[str, Timed]) -> str:
    bases = [name for name in (BASE, CAT, UPSTREAM) if name in timed]
    rows = [
        [
            name,
            *(f"{value:.2f}" for value in (min(one.walls), statistics.median(one.walls), one.cpu)),
            *(_interval(_compared(timed, name, base)) for base in bases),
        ]
        for name, one in timed.items()
    ]
    return _table(["command", "min ms", "median ms", "processor ms", *(f"x {name} (95 %)" for name in bases)], rows)


def _counts(counts: Mapping[str, Counts]) -> str:
    rows = [
        [
            name,
            _number(one.processes),
            _number(one.programs),
            _number(one.calls),
            _number(one.instructions, ".2f"),
            _number(one.memory, ".1f"),
        ]
        for name, one in counts.items()
    ]
    return _table(["command", "processes", "programs", "system calls", "million instructions", "peak MiB"], rows)


def _batches(batches: Mapping[str, Sequence[float]]) -> str:
    rows = []
    for name, walls in batches.items():
        median = statistics.median(walls)
        compared = _interval(ratio(walls, batches[BASE]))
        rows.append([name, f"{median:.0f}", f"{AT_ONCE / median * 1000:.0f}", compared])
    return _table(["command", "median ms for all", "per second", f"x {BASE} (95 %)"], rows)


def _kubectl(timed: Mapping[str, Timed]) -> str:
    if not timed:
        return "There is no kubectl here."
    base = timed[STATIC].walls
    rows = []
    for name, one in timed.items():
        more = "" if name == STATIC else f"{added(timed, name):+.1f}"
        rows.append([name, f"{statistics.median(one.walls):.1f}", more, _interval(ratio(one.walls, base))])
    return _table(["command", "median ms", "added ms", "x static token (95 %)"], rows)


def _devices(devices: Mapping[str, Sequence[Sample]]) -> str:
    rows = [
        [
            name,
            f"{statistics.median(sample.wall for sample in samples):.0f}",
            f"{statistics.median(sample.cpu for sample in samples):.0f}",
        ]
        for name, samples in devices.items()
    ]
    return _table(["command", "median ms", "processor ms"], rows)


def _exchanges(found: Sequence[Throughput]) -> str:
    rows = [
        [
            one.scheme,
            str(one.connections),
            *(f"{value:.1f}" for value in (one.rate, one.median, one.slowest)),
            str(one.certificates),
        ]
        for one in found
    ]
    head = ["over", "connections", "exchanges per second", "median ms", "99 % ms", "certificates on record"]
    return _table(head, rows) if rows else "wrk is not installed here."


def _aims(results: Results) -> str:
    """Return the table of the figures aimed at, each with what was measured."""
    hit, python = _compared(results.hits, INSTALLED, BASE), _compared(results.hits, PYTHON_HIT, BASE)
    rows = [
        ["hit, `/bin/sh`, x bare Python", "<= 0.20", *_verdict(hit, 0.20)],
        ["hit, Python fast path, x bare Python", "<= 1.2", *_verdict(python, 1.2)],
    ]
    if RUN in results.others:
        rows += [
            [f"{row}, x {name}", "< 1.3", *_verdict(_compared(results.others, row, base), 1.3)]
            for row, name, base in ((RUN, "bare Python", BASE), (RUN_PYTHON, VENV, VENV))
        ]
    for name, row, limit in (("hit", INSTALLED, 2.0), ("refresh", REFRESH.format(0), 40.0)):
        memory = results.counts[row].memory if row in results.counts else None
        verdict = ["not measured", "-"] if memory is None else [f"{memory:.1f}", _met(memory <= limit)]
        rows.append([f"peak memory of a {name}, MiB", f"<= {limit:.0f}", *verdict])
    return _table(
        ["figure", "aim", "measured", "met"], [*rows, *(_measured if results.upstream else _derived)(results)]
    )


_HIT, _RATE, _REFRESH, _ADDED = (
    ["hit, `/bin/sh`, x int128", "<= 0.33"],
    [f"{AT_ONCE} hits at once, x int128's rate", ">= 2.5"],
    ["refresh, 25 ms round trip, x int128", "<= 1.3"],
    ["added to kubectl, ms", "less than int128"],
)


def _measured(results: Results) -> list[list[str]]:
    """Return the figures beside int128's."""
    rate = ratio(results.batches[UPSTREAM], results.batches[INSTALLED])
    far = REFRESH.format(25)
    rows = [
        [*_HIT, *_verdict(_compared(results.hits, INSTALLED, UPSTREAM), 0.33)],
        [*_RATE, _interval(rate), _met(rate.median >= 2.5)],
        [*_REFRESH, *_verdict(_compared(results.sessions, far, f"{far} ({UPSTREAM})"), 1.3)],
    ]
    if results.kubectl:
        ours, theirs = added(results.kubectl, OURS), added(results.kubectl, f"kubectl with {UPSTREAM}")
        rows.append([*_ADDED, f"{ours:+.1f} against {theirs:+.1f}", _met(ours < theirs)])
    return rows


def _derived(results: Results) -> list[list[str]]:
    """Return the figures beside what int128's would be; none of them counts as met."""
    theirs = Theirs(statistics.median(results.hits[BASE].walls))
    hit = statistics.median(results.hits[INSTALLED].walls) / theirs.hit
    ours, bare = (AT_ONCE / statistics.median(results.batches[name]) * 1000 for name in (INSTALLED, BASE))
    refresh = statistics.median(results.sessions[REFRESH.format(25)].walls) / Theirs(
        statistics.median(results.sessions[BASE].walls)
    ).refresh(25)
    rows = [
        [*_HIT, f"derived: {hit:.2f}", "-"],
        [*_RATE, f"derived: {ours / Theirs.rate(bare):.1f}", "-"],
        [*_REFRESH, f"derived: {refresh:.2f}", "-"],
    ]
    if results.kubectl:
        rows.append([*_ADDED, f"{added(results.kubectl, OURS):+.1f}; derived for int128: {theirs.added:+.1f}", "-"])
    return rows


def _met(is_met: bool) -> str:
    return "yes" if is_met else "**no**"


def _compared(timed: Mapping[str, Timed], name: str, base: str) -> Ratio:
    return ratio(timed[name].walls, timed[base].walls)


def _verdict(found: Ratio, limit: float) -> list[str]:
    return [_interval(found), _met(found.median <= limit)]


def _shortfall(results: Results) -> str:
    return words.MEETING + ("" if results.upstream else f"\n\n{words.THEIRS}")


def _interval(found: Ratio) -> str:
    return f"{found.median:.3f} ({found.low:.3f}-{found.high:.3f})"


def _number(value: float | None, form: str = "d") -> str:
    return "-" if value is None else format(value, form)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
