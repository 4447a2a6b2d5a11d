"""``make bench``: what the product costs, measured on its wheel, into docs/benchmarks.md.

Run ``python -m tests.bench.bench [ROUNDS]`` from the checkout.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import cluster, counting, machine, report, rows
from tests.bench.installation import Installation, install, upstream
from tests.bench.scene import TYPICAL, Distant
from tests.bench.signing_in import device_sign_in
from tests.bench.timing import Command, batches, interleaved
from tests.exchange_server import throughput
from tests.support.components import ROOT, find

ROUNDS = 200
PAGE = ROOT / "docs/benchmarks.md"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description="Measure the product and write docs/benchmarks.md.")
    parser.add_argument(
        "rounds", nargs="?", type=int, default=ROUNDS, help="of the quickest commands; others get fewer"
    )
    parser.add_argument("--output", type=Path, default=PAGE, help="the page to write")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kubelogin-bench-")))
        results = report.Results(machine.lines(), chosen.rounds, upstream())
        _say(f"int128/kubelogin: {results.upstream or 'not on PATH, left out'}")
        _say("building and installing the wheel")
        installation = install(directory)
        distant = stack.enter_context(Distant(directory))
        _measure(results, installation, distant, chosen.rounds)
    chosen.output.write_text(report.render(results), encoding="utf-8")
    _say(f"written: {chosen.output}")


def _measure(results: report.Results, installation: Installation, distant: Distant, rounds: int) -> None:
    hits = rows.hits(installation)
    theirs = results.upstream and _theirs(results.upstream, installation, distant)
    if theirs:
        hits.append(theirs)
    _say(f"cached answers: {len(hits)} commands, {rounds} rounds")
    results.hits = interleaved(hits, rounds)
    _say(f"{report.AT_ONCE} at once")
    together = [command for command in hits if command.name in _TOGETHER]
    results.batches = batches(together, report.AT_ONCE, max(5, rounds // 10))
    _say("miss and refresh")
    sessions = rows.sessions(installation, distant, results.upstream)
    results.sessions = interleaved(sessions, max(5, rounds // 8))
    _say("counts")
    counted = [*hits, *(command for command in sessions if command.name != rows.BASE)]
    results.counts = {command.name: counting.count(command, instructions=command in hits) for command in counted}
    for tool in counting.missing():
        results.notes.append(f"{tool} is not installed, so its column is empty.")
    distant.relay.round_trip(0)()
    _say("device code")
    for name, program in (("ours", installation.kubelogin), (rows.UPSTREAM, results.upstream)):
        if program:
            runs = range(max(3, rounds // 40))
            results.devices[name] = [device_sign_in(program, distant, installation.environ) for _ in runs]
    _others(results, installation, distant, rounds)
    if find("wrk"):
        _say("exchanges")
        results.exchanges = throughput.measure()


def _others(results: report.Results, installation: Installation, distant: Distant, rounds: int) -> None:
    commands, missing = rows.optional(installation, distant)
    results.notes += [f"{name}: not installed here, or it did not work." for name in missing]
    _say(f"other commands: {len(commands) - 2}")
    results.others = interleaved(commands, max(5, rounds // 8))
    if not find("kubectl"):
        return
    _say("kubectl")
    server = cluster.start(distant)
    try:
        plugged = cluster.kubectl_commands(installation, distant, server, results.upstream)
        results.kubectl = interleaved(plugged, max(5, rounds // 5))
    finally:
        server.stop()


_TOGETHER = (rows.BASE, rows.CAT, rows.INSTALLED, rows.PYTHON_HIT, rows.UPSTREAM)


def _theirs(program: str, installation: Installation, distant: Distant) -> Command:
    """Return int128/kubelogin with a cached token."""
    arguments = distant.arguments("upstream")
    distant.sign_in(program, arguments, installation.environ)
    assert TYPICAL[0] == arguments[0]
    return Command(rows.UPSTREAM, program, [program, *arguments], installation.environ, b'{"kind":"ExecCredential"')


def _say(line: str) -> None:
    sys.stderr.write(f"bench: {line}\n")


if __name__ == "__main__":
    main()
