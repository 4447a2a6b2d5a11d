"""Forty callers for some minutes, and everything goes wrong: ``make soak MINUTES=30``.

Writes a verdict and leaves with 1 on any corruption, any wrong or foreign token, more than one sign-in per lost
session, any hang, and any failure for which nothing was done. The same seed does the same things, as far as the
system's scheduling lets it.
"""

import argparse
import json
import os
import random
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.soak.callers import DEADLINE, SIGN_IN_SECONDS, Call, Context, Program, digest
from tests.soak.injections import KINDS, Injector
from tests.soak.verdict import Evidence
from tests.soak.witness import Witness
from tests.support import components, processes
from tests.support.environment import BIN, clean
from tests.support.providers import sign_in_script
from tests.support.tcp_proxy import TcpProxy

CALLERS = 40
TTL = 25
"""Seconds an ID token lives; it serves for 20 of them."""
WAVE = 12.0
"""Seconds between two moments at which all forty call at once."""


def main() -> int:
    """Return the exit code."""
    chosen = _arguments()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kubelogin-soak-")))
        evidence = _run(chosen, directory, stack)
        figures = evidence.figures()
        verdict = "FAIL" if evidence.violations else "PASS"
        report = {"verdict": verdict, "seed": chosen.seed, **figures, "violations": evidence.violations[:50]}
        text = json.dumps(report, indent=1)
        if chosen.records:
            _keep_records(chosen.records, evidence)
        if chosen.verdict:
            chosen.verdict.parent.mkdir(parents=True, exist_ok=True)
            chosen.verdict.write_text(text + "\n", encoding="utf-8")
        sys.stdout.write(text + "\n")
    return 1 if evidence.violations else 0


def _run(chosen: argparse.Namespace, directory: Path, stack: ExitStack) -> Evidence:
    chance = random.Random(chosen.seed)
    proxy = stack.enter_context(TcpProxy())
    proxy.target = processes.free_port()
    ledger = directory / "ledger.jsonl"
    provider = stack.enter_context(_provider(directory, proxy, ledger))
    full = stack.enter_context(_small_disk(directory))
    opened = directory / "opened.log"
    opened.touch()
    contexts = [
        _context(name, user, scratch=directory / name, issuer=provider.address, opened=opened, cache=place, extra=extra)
        for name, user, place, extra in (
            ("alice", "alice", directory / "alice", ()),
            ("alice-email", "alice", directory / "alice", ("--oidc-extra-scope=email",)),
            ("bob", "bob", directory / "bob", ()),
            ("carol-on-small-disk", "carol", (full or directory) / "carol", ()),
        )
    ]
    program = Program(shlex.split(chosen.program), directory / "home")
    control = f"http://127.0.0.1:{proxy.target}"
    tools = random.Random(chosen.seed + 1)
    injector = Injector(program, contexts, proxy, control=control, full=full, chance=tools)
    witness = Witness(contexts, injector)
    calls: list[Call] = []
    began = time.monotonic()
    until = began + chosen.minutes * 60
    with _callers(program, contexts, calls, until, chance), _person(program, contexts, calls, until):
        injector.start()
        witness.start()
        time.sleep(max(0.0, until - time.monotonic() - 1))
        injector.stop()
    witness.stop()
    last = [program.call(context, name="login") for context in contexts]
    last += [program.call(context) for context in contexts]
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    return Evidence(
        minutes=(time.monotonic() - began) / 60,
        contexts=contexts,
        calls=calls,
        injections=injector.done,
        ledger=lines,
        opened=opened.read_text().splitlines(),
        issuer=provider.address,
        last=last,
        wanted=_wanted(has_disk=full is not None),
        looks=witness.looks,
        corrupt=witness.corrupt,
        left_over=_left_over(directory),
    )


def _left_over(directory: Path) -> list[str]:
    """Return the processes of the plugin that go on long after everybody who started one has gone."""
    until = time.monotonic() + DEADLINE
    while True:
        command = ["pgrep", "--list-full", "--full", "--", f"--token-cache-dir={directory}"]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.5)


def _wanted(*, has_disk: bool) -> list[str]:
    """Return what must have been done; under CI that is everything, whatever is missing here."""
    is_ci = os.environ.get("CI") == "true"
    missing = set()
    if not has_disk and not is_ci:
        missing.add("full disk")
    if components.find("faketime") is None and not is_ci:
        missing.add("clock")
    return [kind for kind in (*KINDS, "clock") if kind not in missing]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--verdict", type=Path, help="write the verdict here, too")
    parser.add_argument("--records", type=Path, help="write every call, injection and request here, to look into")
    parser.add_argument("--program", default=str(BIN / "kubelogin"), help="the command under test")
    return parser.parse_args()


def _keep_records(path: Path, evidence: Evidence) -> None:
    lines = [
        *({"at": call.at, "call": call.context.name, **_shown(call)} for call in evidence.calls),
        *(
            {"at": one.began_at, "injection": one.kind, "to": one.context, "until": one.ended_at}
            for one in evidence.injections
        ),
        *evidence.ledger,
        *({"at": float(line.split()[0]), "browser": line.split()[1]} for line in evidence.opened),
    ]
    lines.sort(key=lambda line: line["at"])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _shown(call: Call) -> dict[str, object]:
    token = digest(call.token) if call.token else ""
    return {"code": call.code, "seconds": call.seconds, "fault": call.fault, "said": call.stderr, "token": token}


def _provider(directory: Path, proxy: TcpProxy, ledger: Path) -> processes.Component:
    options = ["--port", str(proxy.port), "--listen-port", str(proxy.target), "--id-token-ttl", str(TTL)]
    script = Path(__file__).with_name("provider.py")
    return processes.start(
        [sys.executable, script, "--ledger", ledger, *options, "--refresh-latency", "0.2"],
        log=directory / "provider.log",
        env=clean(directory / "provider-home"),
    )


@contextmanager
def _small_disk(directory: Path) -> Iterator[Path | None]:
    """Give a disk that is soon full, where this is root who may mount one."""
    place = directory / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "soak", str(place)]
    if components.find("mount") is None or subprocess.run(command, check=False).returncode:
        sys.stderr.write("soak: no small disk here, so no disk will be full\n")
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


def _context(
    name: str, user: str, *, scratch: Path, issuer: str, opened: Path, cache: Path, extra: tuple[str, ...]
) -> Context:
    """Return a context whose browser notes that it was opened, and signs in by itself."""
    scratch.mkdir(parents=True, exist_ok=True)
    script = sign_in_script(scratch / "sign-in", user=user)
    browser = scratch / "browser"
    note = f'echo "$(date +%s.%N) {name} $PPID" >>{shlex.quote(str(opened))}'
    browser.write_text(f'#!/bin/sh\n{note}\nexec {shlex.quote(str(script))} "$@" >/dev/null 2>&1\n')
    browser.chmod(0o755)
    words = (
        f"--oidc-issuer-url={issuer}",
        "--oidc-client-id=kubernetes",
        f"--token-cache-dir={cache / 'cache'}",
        f"--browser-command={browser}",
        f"--listen-address=127.0.0.1:{_quiet_port()}",
        f"--authentication-timeout-sec={SIGN_IN_SECONDS}",
        *extra,
    )
    return Context(name, user, cache / "cache", words)


def _quiet_port() -> int:
    """Return a free port that no connection to elsewhere takes by chance, as those of ``free_port``."""
    for port in random.sample(range(20_000, 30_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free between 20000 and 30000")


@contextmanager
def _callers(
    program: Program, contexts: list[Context], calls: list[Call], until: float, chance: random.Random
) -> Iterator[None]:
    """Let forty callers call, all at once every few seconds and some of them in between."""
    threads = []
    for number in range(CALLERS):
        own = random.Random(chance.randrange(1 << 30))
        more = {"until": until, "chance": own, "eager": number % 5 == 0}
        context = contexts[number % len(contexts)]
        threads.append(threading.Thread(target=_caller, args=(program, context, calls), kwargs=more))
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def _caller(
    program: Program, context: Context, calls: list[Call], *, until: float, chance: random.Random, eager: bool
) -> None:
    has_faketime = components.find("faketime") is not None
    while time.monotonic() < until:
        extra = ["--force-refresh"] if chance.random() < 0.04 else []
        shift = chance.choice(["+2h", "-2h", "+1d", "-5m"]) if has_faketime and chance.random() < 0.02 else ""
        # Whose clock is wrong must not sign in: the provider would not know that it came to nothing.
        extra += ["--skip-open-browser", "--authentication-timeout-sec=1"] if shift else []
        calls.append(program.call(context, extra=extra, shift=shift))
        rest = WAVE - time.monotonic() % WAVE
        time.sleep(max(0.0, min(chance.uniform(0.2, 3) if eager else rest, until - time.monotonic())))


@contextmanager
def _person(program: Program, contexts: list[Context], calls: list[Call], until: float) -> Iterator[None]:
    """Let somebody sign in by hand where the plugin asks for it, as its error says."""

    def watch() -> None:
        seen = 0
        while time.monotonic() < until:
            time.sleep(2)
            new, seen = calls[seen:], len(calls)
            wanting = {call.context.name for call in new if "nobody is asked again" in call.stderr}
            for context in (one for one in contexts if one.name in wanting):
                calls.append(program.call(context, name="login"))  # noqa: PERF401 -- each at once

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join()


if __name__ == "__main__":
    sys.exit(main())
