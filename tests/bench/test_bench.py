"""That the benchmark measures what it says; no test here depends on how long anything takes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.bench import counting, report, rows
from tests.bench.derived import Theirs
from tests.bench.installation import upstream
from tests.bench.scene import LONG, TYPICAL, plant_answer
from tests.bench.timing import Command, FailedError, Sample, Timed, at_once, batches, interleaved, ratio, run
from tests.exchange_server.throughput import Throughput

SH = str(shutil.which("sh"))


def shell(name: str, script: str, **options) -> Command:
    return Command(name, SH, ["sh", "-c", script], {"PATH": "/usr/bin:/bin"}, **options)


def timed(name: str, *walls: float) -> Timed:
    return Timed(shell(name, ":"), [Sample(wall, wall) for wall in walls])


def test_every_command_runs_once_a_round_in_changing_orders(tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = [shell(name, f"echo {name} >>{log}") for name in "abc"]
    found = interleaved(commands, 10)
    assert {name: len(one.samples) for name, one in found.items()} == dict.fromkeys("abc", 10)
    order = log.read_text().split()
    rounds = [tuple(order[first : first + 3]) for first in range(0, len(order), 3)]
    # Some to warm up come first.
    assert len(rounds) > 10
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len(set(rounds)) > 2


def test_what_goes_before_a_run_is_not_part_of_it(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    command = shell("a", f"test ! -e {gone} && : >{gone}", prepare=lambda: gone.unlink(missing_ok=True))
    run(command)
    run(command)


@pytest.mark.parametrize("script", ["exit 3", "echo something else", "kill -9 $$"])
def test_a_command_that_does_something_else_is_not_timed(script: str) -> None:
    """Otherwise a failure would be the quickest answer of all."""
    with pytest.raises(FailedError, match=r"^a ended with"):
        run(shell("a", script, expected=b"{"))


def test_many_at_once_are_all_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    at_once(shell("a", f"echo x >>{log}"), 5)
    assert log.read_text() == "x\n" * 5
    with pytest.raises(FailedError):
        at_once(shell("a", "exit 1"), 2)
    assert {name: len(walls) for name, walls in batches([shell("a", ":"), shell("b", ":")], 2, 3).items()} == {
        "a": 3,
        "b": 3,
    }


def test_a_ratio_is_taken_round_by_round() -> None:
    """A machine that slows down halfway moves both alike."""
    base = [1.0] * 20 + [7.0] * 20
    found = ratio([value * 0.5 for value in base], base)
    assert (found.median, found.low, found.high) == (0.5, 0.5, 0.5)
    spread = ratio([0.1, 0.2, 0.3, 0.4, 0.5], [1.0] * 5)
    assert spread.low <= spread.median <= spread.high
    assert spread.low < spread.high


@pytest.mark.required("strace")
def test_processes_and_programs_are_counted() -> None:
    one = counting.count(shell("a", ":"), instructions=False)
    assert (one.processes, one.programs) == (1, 1)
    three = counting.count(shell("a", "(:) & /bin/true; wait"), instructions=False)
    assert (three.processes, three.programs) == (3, 2)
    assert three.calls
    assert one.calls
    assert three.calls > one.calls


def test_a_planted_answer_is_one(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    assert plant_answer(TYPICAL, environ) != plant_answer(LONG, environ)


def test_the_one_in_go_is_told_from_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, line in (("ours", "kubelogin version 0.1.0"), ("theirs", "kubelogin version v1 (go1.24 linux/amd64)")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kubelogin").write_text(f"#!/bin/sh\necho '{line}'\n", encoding="utf-8")
        (tmp_path / name / "kubelogin").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'ours'}:/usr/bin:/bin")
    assert upstream() is None
    monkeypatch.setenv("PATH", f"{tmp_path / 'ours'}:{tmp_path / 'theirs'}:/usr/bin:/bin")
    assert upstream() == str(tmp_path / "theirs/kubelogin")


def results(hit: float, *, theirs: bool) -> report.Results:
    """Return results in which a hit takes a part of bare Python's time, and int128's twice as long as a hit."""
    made = report.Results(["a machine"], 2, "/usr/bin/kubelogin" if theirs else None)
    names = {rows.BASE: 1.0, rows.CAT: 0.1, rows.INSTALLED: hit, rows.PYTHON_HIT: 1.1}
    refresh = rows.REFRESH.format(25)
    made.sessions = {name: timed(name, 10.0, 20.0) for name in (rows.BASE, refresh)}
    if theirs:
        names[rows.UPSTREAM] = 2 * hit
        theirs_far = f"{refresh} ({rows.UPSTREAM})"
        made.sessions[theirs_far] = timed(theirs_far, 5.0, 10.0)
    made.hits = {name: timed(name, value, 2 * value) for name, value in names.items()}
    made.batches = {name: [value, 2 * value] for name, value in names.items()}
    others = {rows.BASE: 1.0, rows.VENV: 1.5, rows.RUN: 0.3, rows.RUN_PYTHON: 1.8}
    made.others = {name: timed(name, value, 2 * value) for name, value in others.items()}
    made.exchanges = [Throughput("https", 16, 512.34, 30.0, 60.0, 5130)]
    return made


def aim(text: str, figure: str) -> list[str]:
    """Return what a row of the figures aimed at says was measured, and whether that is enough."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {figure}")]
    return [cell.strip() for cell in line.split("|")[3:5]]


def test_the_report_says_what_is_met_and_what_is_not() -> None:
    good = report.render(results(0.15, theirs=True))
    assert aim(good, "hit, `/bin/sh`, x bare Python") == ["0.150 (0.150-0.150)", "yes"]
    assert aim(good, "hit, `/bin/sh`, x int128") == ["0.500 (0.500-0.500)", "**no**"]
    assert aim(good, "50 hits at once") == ["2.000 (2.000-2.000)", "**no**"]
    assert aim(good, "refresh, 25 ms round trip, x") == ["2.000 (2.000-2.000)", "**no**"]
    assert aim(good, "peak memory of a hit") == ["not measured", "-"]
    assert aim(good, "`talos-cred run -- true`, x bare Python") == ["0.300 (0.300-0.300)", "yes"]
    assert aim(good, "`talos-cred run -- true`, left to Python, x `python -I") == ["1.200 (1.200-1.200)", "yes"]
    assert "| https | 16 | 512.3 | 30.0 | 60.0 | 5130 |" in good
    bad = report.render(results(0.25, theirs=False))
    assert aim(bad, "hit, `/bin/sh`, x bare Python") == ["0.250 (0.250-0.250)", "**no**"]
    # Bare Python takes 1.5 ms here, of which int128 would take 0.6; a hit takes 0.375.
    assert aim(bad, "hit, `/bin/sh`, x int128") == ["derived: 0.42", "-"]
    assert aim(bad, "50 hits at once") == ["derived: 2.2", "-"]
    assert "**What is called derived above was not\nmeasured.**" in bad
    assert "derived" not in good
    assert "int128/kubelogin was not on `PATH`" in bad
    assert "int128/kubelogin was not on `PATH`" not in good


def test_what_the_network_does_is_not_scaled_to_the_processor() -> None:
    """A refresh of int128 on a machine half as fast, next to the provider and far from it."""
    assert Theirs(8.0).refresh(25) == pytest.approx(144.0)
    assert Theirs(16.0).refresh(25) == pytest.approx(154.5)
    assert Theirs(16.0).refresh(0) == pytest.approx(21.0)
    assert (Theirs(16.0).hit, Theirs(16.0).added) == pytest.approx((9.6, 12.2))


def test_make_offers_it() -> None:
    # The tests themselves may be run by make, whose variables are none of this one's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "--dry-run", "bench", "ROUNDS=7"],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1].endswith("python -m tests.bench.bench 7")
