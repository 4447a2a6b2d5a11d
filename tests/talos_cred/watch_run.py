"""A real ``login --watch`` for some minutes, with 30-second certificates, while everything around it goes wrong.

``make watch-run MINUTES=20``. It leaves with 1 when the certificate in the talosconfig was ever expired although the
exchange server had been up for some seconds, when a browser was opened after the sign-in, or when the watch did not
end cleanly. The same seed injects the same faults at the same times.
"""

import argparse
import base64
import errno
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from cryptography import x509

from talos_cred import wiring
from tests.support import command, components, processes
from tests.support.certificates import Certificates, make_certificates
from tests.support.environment import BIN
from tests.support.exchange import ExchangeServer, TalosAuthority, start_exchange
from tests.support.exchange_fake import FakeExchange, http
from tests.support.providers import EMBEDDED, Provider, sign_in_script, start_provider
from tests.support.tcp_proxy import Fault, TcpProxy

CLIENT = "talos"
LIFETIME = 30
"""Seconds a certificate lives."""
SETTLED = 5.0
"""Seconds after which a server that is up again must have been found."""
FIRST_FAULT = 15.0
BETWEEN = (6.0, 22.0)
"""Seconds from the end of one fault to the begin of the next."""
SHORT = (3.0, 7.0)
"""Seconds a fault lasts: less than the third of a lifetime that is left for it."""
LONG = {"server down for long": 50.0, "provider down for long": 20.0}
"""Seconds of an outage that outlives a certificate, and of one that only the token at hand bridges."""


@dataclass
class Stage:
    """What there is to break."""

    directory: Path
    certificates: Certificates
    provider_proxy: TcpProxy
    server_proxy: TcpProxy
    faulty: FakeExchange
    authority: TalosAuthority
    provider: Provider
    server: ExchangeServer
    is_mounted: bool

    @property
    def talosconfig(self) -> Path:
        """The file that is kept fresh."""
        return self.directory / "home/.talos/config"

    def start_server(self) -> ExchangeServer:
        """Start the exchange server (again), behind its proxy."""
        self.server = _exchange(self.directory, self.certificates, self.provider, self.authority)
        self.server_proxy.target = int(self.server.url.rpartition(":")[2])
        return self.server


class Outage:
    """When the exchange server was last not to be had."""

    def __init__(self) -> None:
        self._down = False
        self._up_since = time.time()

    @contextmanager
    def begun(self) -> Iterator[None]:
        """The server is down inside."""
        self._down = True
        try:
            yield
        finally:
            self._up_since = time.time()
            self._down = False

    def up_for(self) -> float:
        """Return the seconds since the server is up again; 0 while it is down."""
        return 0.0 if self._down else time.time() - self._up_since


@dataclass
class Evidence:
    """What was seen."""

    renewals: int = 0
    longest_between: float = 0.0
    longest_expired: float = 0.0
    expired_while_up: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    outage: Outage = field(default_factory=Outage)


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="talos-watch-")))
        stage = _staged(directory, stack)
        report = _run(stage, chosen.minutes * 60, random.Random(chosen.seed))
        stage.server.stop()
    _say(json.dumps(report))
    bad = report["expired_seconds_while_up"] or report["browsers_after_sign_in"] or report["exit_code"] != 0
    _say(f"VERDICT {'FAIL' if bad or not report['renewals'] else 'PASS'}")
    return 1 if bad else 0


def _staged(directory: Path, stack: ExitStack) -> Stage:
    certificates = make_certificates(directory / "certificates")
    provider_proxy, server_proxy = stack.enter_context(TcpProxy()), stack.enter_context(TcpProxy())
    port = processes.free_port()
    provider_proxy.target = port
    # A connection may break after the provider has rotated the refresh token. Who does not forgive that ends the
    # session, and no client can go on then.
    options = {"port": provider_proxy.port, "listen_port": port, "id_token_ttl": 600, "refresh_grace": 60}
    provider = start_provider(EMBEDDED, directory / "provider", leaf=certificates.server, ca=certificates.ca, **options)
    stack.callback(provider.stop)
    provider.load_metadata()
    faulty = stack.enter_context(FakeExchange(_busy, certificates.server))
    authority = TalosAuthority(directory / "talos")
    server = _exchange(directory, certificates, provider, authority)
    server_proxy.target = int(server.url.rpartition(":")[2])
    folder = directory / "home/.talos"
    folder.mkdir(parents=True)
    mounted = _mount(folder, stack)
    return Stage(directory, certificates, provider_proxy, server_proxy, faulty, authority, provider, server, mounted)


def _exchange(
    directory: Path, certificates: Certificates, provider: Provider, authority: TalosAuthority
) -> ExchangeServer:
    return start_exchange(
        directory / "exchange",
        issuer=provider.issuer,
        client_id=CLIENT,
        issuer_ca=provider.ca,
        talos=authority,
        server_ca=certificates.ca,
        tls_cert=str(certificates.server.certificate),
        tls_key=str(certificates.server.key),
        cert_ttl=f"{LIFETIME}s",
        roles=["os:operator"],
    )


def _mount(folder: Path, stack: ExitStack) -> bool:
    """Return whether the folder is a small file system of its own now, which root can fill and write-protect."""
    if os.geteuid() != 0 or not _ok("mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", folder):
        return False
    stack.callback(_ok, "umount", folder)
    return True


def _ok(*words: str | Path) -> bool:
    return subprocess.run([str(word) for word in words], capture_output=True, check=False).returncode == 0


def _busy(_request: bytes) -> bytes:
    return _busy_answers[0]


_busy_answers = [b""]


def _run(stage: Stage, seconds: float, chance: random.Random) -> dict[str, object]:
    browser = _browser(stage)
    running = _start(stage, browser)
    try:
        _await_first(stage, running)
        evidence = Evidence()
        end = time.time() + seconds
        over = threading.Event()
        faults = threading.Thread(target=_inject, args=(stage, evidence, chance), kwargs={"end": end, "over": over})
        faults.start()
        # Time may pass in which the certificate is good while the server is down; so it is looked at all the time.
        _look_until(end, stage, evidence, running)
        over.set()
        faults.join(max(LONG.values()) + 30)
        running.signal(signal.SIGTERM)
        done = command.finish(running)
    except BaseException:
        running.process.kill()
        running.process.wait()
        raise
    _say(done.stderr)
    return {
        "minutes": round(seconds / 60, 1),
        "looks": evidence.looks,
        "renewals": evidence.renewals,
        "faults": dict(sorted(evidence.faults.items())),
        "faults_in_all": evidence.faults.total(),
        "longest_seconds_between_renewals": round(evidence.longest_between, 1),
        "longest_expired_in_an_outage": round(evidence.longest_expired, 1),
        "expired_seconds_while_up": len(evidence.expired_while_up),
        "when": evidence.expired_while_up[:20],
        "browsers_after_sign_in": _opened(browser) - 1,
        "exit_code": done.code,
        "lines_said": done.stderr.count("\n"),
    }


def _browser(stage: Stage) -> Path:
    script = sign_in_script(stage.directory / "signer", ca=stage.certificates.ca)
    path = stage.directory / "browser"
    path.write_text(f'#!/bin/sh\necho opened >> "{path}.opened"\nexec "{script}" "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def _opened(browser: Path) -> int:
    return len(Path(f"{browser}.opened").read_text(encoding="utf-8").splitlines())


def _start(stage: Stage, browser: Path) -> command.Running:
    words = ["--provider", stage.provider.issuer, "--client-id", CLIENT, "--provider-ca", str(stage.certificates.ca)]
    words += ["--server", f"https://127.0.0.1:{stage.server_proxy.port}", "--server-ca", str(stage.certificates.ca)]
    words += ["--browser-command", str(browser), "--callback-port", str(processes.free_port())]
    home = stage.directory / "home"
    env = {"PYTHONPATH": str(components.ROOT)}
    return command.start("login", "--watch", *words, home=home, env=env, command=BIN / "talos-cred")


def _await_first(stage: Stage, running: command.Running) -> None:
    until = time.monotonic() + 40
    while not stage.talosconfig.exists():
        if time.monotonic() > until or running.process.poll() is not None:
            raise SystemExit(f"no first certificate: {command.finish(running, deadline=5)}")
        time.sleep(0.1)


def _look_until(end: float, stage: Stage, evidence: Evidence, running: command.Running) -> None:
    known, since, good_at = "", time.time(), time.time()
    while time.time() < end and running.process.poll() is None:
        text, not_after = _certificate(stage.talosconfig)
        now = time.time()
        evidence.looks += 1
        if text != known:
            evidence.renewals += bool(known)
            evidence.longest_between = max(evidence.longest_between, now - since)
            known, since = text, now
        if now < not_after:
            good_at = now
        else:
            evidence.longest_expired = max(evidence.longest_expired, now - good_at)
            if evidence.outage.up_for() > SETTLED:
                evidence.expired_while_up.append(f"{now - not_after:.1f} s after its end, at {time.ctime(now)}")
                _say(f"EXPIRED {now - not_after:.1f} s at {time.ctime(now)}")
        time.sleep(1)


def _certificate(path: Path) -> tuple[str, float]:
    """Return the certificate as the talosconfig has it, and when it ends."""
    text = yaml.safe_load(path.read_text(encoding="utf-8"))["contexts"]["oidc"]["crt"]
    leaf = x509.load_pem_x509_certificate(base64.b64decode(text))
    return text, leaf.not_valid_after_utc.timestamp()


def _inject(stage: Stage, evidence: Evidence, chance: random.Random, *, end: float, over: threading.Event) -> None:
    kinds, outage = _kinds(stage), evidence.outage
    waiting: list[str] = []
    over.wait(FIRST_FAULT)
    while not over.is_set() and time.time() < end - SHORT[1] - SETTLED:
        if not waiting:
            waiting = chance.sample(sorted(kinds), len(kinds))
        name = waiting.pop()
        seconds = LONG.get(name) or chance.uniform(*SHORT)
        _say(f"{time.ctime()} {name} for {seconds:.1f} s")
        evidence.faults[name] += 1
        with outage.begun() if name.startswith("server") else nullcontext():
            kinds[name](stage, seconds)
        over.wait(chance.uniform(*BETWEEN))


def _kinds(stage: Stage) -> dict[str, Callable[[Stage, float], None]]:
    """Return every fault by its name; those that begin with ``server`` are the ones that excuse."""
    found = {
        "server stopped": _stopped,
        "server down for long": _stopped,
        "server frozen": _frozen,
        "server refuses": _proxied("server_proxy", Fault(refuse=True)),
        "server silent": _proxied("server_proxy", Fault(blackhole=True)),
        "server breaks off": _proxied("server_proxy", Fault(reset_down=2500)),
        "server 503": _answering(http(503, b"busy")),
        "server 500": _answering(http(500, b"oops")),
        "server 429": _answering(http(429, b"slow down", Retry_After="2")),
        "provider refuses": _proxied("provider_proxy", Fault(refuse=True)),
        "provider down for long": _proxied("provider_proxy", Fault(refuse=True)),
        "provider silent": _proxied("provider_proxy", Fault(blackhole=True)),
        "provider breaks off": _proxied("provider_proxy", Fault(reset_down=2500)),
        "provider is slow": _proxied("provider_proxy", Fault(latency=0.4)),
        "file lock is held": _lock_held,
    }
    if stage.is_mounted:
        found |= {"file system is full": _full, "file system is read-only": _read_only}
    return found


def _stopped(stage: Stage, seconds: float) -> None:
    stage.server.stop()
    time.sleep(seconds)
    stage.start_server()


def _frozen(stage: Stage, seconds: float) -> None:
    os.kill(stage.server.component.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(stage.server.component.pid, signal.SIGCONT)


def _proxied(proxy: str, fault: Fault) -> Callable[[Stage, float], None]:
    def strike(stage: Stage, seconds: float) -> None:
        where: TcpProxy = getattr(stage, proxy)
        where.fault = fault
        time.sleep(seconds)
        where.fault = Fault()

    return strike


def _answering(answer: bytes) -> Callable[[Stage, float], None]:
    def strike(stage: Stage, seconds: float) -> None:
        before = stage.server_proxy.target
        _busy_answers[0] = answer
        stage.server_proxy.target = stage.faulty.port
        time.sleep(seconds)
        stage.server_proxy.target = before

    return strike


def _lock_held(stage: Stage, seconds: float) -> None:
    with wiring.files(stage.talosconfig).lock("file", "a test", patience=10):
        time.sleep(seconds)


def _full(stage: Stage, seconds: float) -> None:
    filler = stage.talosconfig.with_name("filler")
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    time.sleep(seconds)
    filler.unlink()


def _read_only(stage: Stage, seconds: float) -> None:
    folder = stage.talosconfig.parent
    # Refused while a file is just being written.
    until = time.monotonic() + 5
    while not _ok("mount", "-o", "remount,ro", folder) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(seconds)
    _ok("mount", "-o", "remount,rw", folder)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
