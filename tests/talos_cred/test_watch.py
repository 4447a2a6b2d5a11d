"""Keeping a certificate fresh: twenty minutes on a scaled clock with every fault, and half a minute on real parts."""

import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from cryptography import x509

from kubelogin_py import Secret, TransientError
from kubelogin_py.response import Response
from talos_cred import exchange, watch
from talos_cred.errors import (
    ChangedError,
    ExchangeBusyError,
    PolicyError,
    SignInNeededError,
    TalosconfigError,
)
from talos_cred.exchange import Request
from talos_cred.login import Wish, log_in, validity_of
from talos_cred.ports import Token, World
from talos_cred.settings import Place, Policy
from talos_cred.talosconfig import Talosconfig
from tests.support import command, processes
from tests.support.exchange import ExchangeServer
from tests.support.providers import Provider
from tests.support.talos_pki import TalosCa
from tests.talos_cred.conftest import CLIENT

BEGIN = 1_800_000_000.0
COMMAND = "talos-cred login"


class Simulation:
    """A world in memory: a provider, an exchange server and a file, each of which can be told to fail.

    :param lifetime: seconds that a certificate lives.
    """

    def __init__(self, lifetime: float = 30.0) -> None:
        self.time = BEGIN
        self.end = BEGIN + 1200
        self.lifetime = lifetime
        self.ca = TalosCa.make(now=BEGIN)
        self.text = ""
        self.kept: dict[tuple[str, str], bytes] = {}
        self.told: list[str] = []
        self.asked: list[float] = []
        self.down: dict[str, Callable[[float], Exception | None]] = {}
        self.on_tick: Callable[[], None] = lambda: None
        self.roles = ("os:reader",)
        self.exchanged: list[str] = []
        self._seen = ("", validity_of(Talosconfig("", "config"), "oidc"))
        self._token = Token(Secret(""), "")
        self.obtained = 0
        self.world = World(self, self, self, self, self, random.Random(5).random)  # type: ignore[arg-type]
        self.wish = Wish(Place(Path("config")), Policy(), "https://exchange", {})

    @property
    def seconds(self) -> float:
        return self.time - BEGIN

    def _fail(self, part: str) -> None:
        error = self.down[part](self.seconds) if part in self.down else None
        if error:
            raise error

    # The clock.

    def now(self) -> float:
        return self.time

    monotonic = now

    def sleep(self, seconds: float) -> None:
        left = seconds
        while left > 0:
            step = min(left, 0.5)
            self.time += step
            left -= step
            self.on_tick()
            if self.time >= self.end:
                raise KeyboardInterrupt

    # The provider.

    def obtain(self, *, used: str) -> Token:
        if self._token.digest == used:
            self._fail("provider")
            self.obtained += 1
            self._seen = ("", validity_of(Talosconfig("", "config"), "oidc"))
        self._token = Token(Secret(f"token {self.obtained}"), str(self.obtained), "alice")
        return self._token

    def renew(self, refused: Token) -> Token | None:
        return self.obtain(used=refused.digest)

    # The exchange server.

    def ready(self, *, timeout: float) -> None:
        self.asked.append(self.seconds)
        self._fail("server")

    def exchange(self, request: Request, *, timeout: float) -> Response:
        self.exchanged.append(request.id_token.reveal())
        public = x509.load_pem_x509_csr((request.csr or "").encode()).public_key()
        # Dated back by a minute, as servers do for nodes whose clock is behind.
        certificate = self.ca.issue(public, now=self.time - 60, seconds=60 + self.lifetime, roles=self.roles)
        members = {"ca": self.ca.pem, "cert": certificate, "endpoints": ["10.0.0.1"], "ttl_seconds": 3600}
        return Response("https://exchange", 200, {}, json.dumps(members).encode())

    # The files.

    shown = "config"

    def read(self) -> str:
        return self.text

    def change(self, edit: Callable[[str], str]) -> None:
        self._fail("file")
        self.text = edit(self.text)

    def lock(self, _name: str, _doing: str, *, patience: float) -> AbstractContextManager[None]:
        return nullcontext()

    def recall(self, prefix: str, name: str) -> bytes | None:
        return self.kept.get((prefix, name))

    def remember(self, prefix: str, name: str, contents: bytes) -> None:
        self.kept[prefix, name] = contents

    def forget(self, prefix: str, name: str) -> None:
        self.kept.pop((prefix, name), None)

    # The person.

    def tell(self, line: str) -> None:
        self.told.append(line)

    def detail(self, _level: int, _line: str) -> None:
        pass

    def agrees(self, _change: ChangedError) -> bool:
        return False

    def valid(self) -> bool:
        # Looked at thousands of times, and rarely another text.
        if self.text != self._seen[0]:
            self._seen = (self.text, validity_of(Talosconfig(self.text, "config"), "oidc"))
        validity = self._seen[1]
        return validity is not None and validity.not_before <= self.time < validity.not_after

    def watch(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            watch.watch(self.wish, self.world, command=COMMAND, first=lambda: log_in(self.wish, self.world))


def between(error: Callable[[], Exception], *windows: tuple[float, float]) -> Callable[[float], Exception | None]:
    return lambda now: error() if any(begin <= now < end for begin, end in windows) else None


def noted(simulation: Simulation) -> list[float]:
    """Return what grows by every moment at which the certificate is there and expired."""
    expired: list[float] = []

    def look() -> None:
        if simulation.text and not simulation.valid():
            expired.append(simulation.seconds)

    simulation.on_tick = look
    return expired


def busy() -> Exception:
    return ExchangeBusyError("the exchange server answered 503")


def test_twenty_minutes_with_faults_never_leave_an_expired_certificate() -> None:
    """Server, provider and file fail for seconds at a time; nobody who runs talosctl notices any of it."""
    simulation = Simulation()
    simulation.down = {
        "server": between(busy, (15, 22), (118, 125), (400, 406), (900, 907)),
        "provider": between(lambda: TransientError("the provider is down"), (200, 206), (600, 607)),
        "file": between(lambda: TalosconfigError("no space left on device"), (300, 306), (750, 757)),
    }
    expired = noted(simulation)
    simulation.watch()
    assert expired == []
    # Two thirds of thirty seconds: about sixty times, not every ten seconds and not twice as often.
    assert 55 <= len(simulation.asked) <= 110


def test_an_outage_of_the_provider_is_bridged_by_the_token_at_hand() -> None:
    """The provider is away for longer than what was left of any certificate; no token is exchanged twice for it."""
    simulation = Simulation()
    away = between(lambda: TransientError("the provider is down"), *[(at, at + 25) for at in range(50, 1100, 97)])
    simulation.down = {"provider": away}
    expired = noted(simulation)
    simulation.watch()
    assert expired == []
    assert len(set(simulation.exchanged)) == len(simulation.exchanged)


def test_no_token_is_kept_at_hand_for_longer_than_servers_take_it() -> None:
    """A certificate of an hour is renewed after forty minutes, when a token that was had before is too old."""
    simulation = Simulation(3600.0)
    simulation.watch()
    assert simulation.exchanged == ["token 1"]
    assert simulation.obtained == 1


def test_after_a_long_outage_the_server_is_found_again_within_seconds() -> None:
    simulation = Simulation()
    simulation.down = {"server": between(busy, (100, 400))}
    good_again: list[float] = []

    def look() -> None:
        if simulation.seconds > 400 and simulation.valid():
            good_again.append(simulation.seconds)

    simulation.on_tick = look
    simulation.watch()
    assert good_again[0] < 403
    # One line when it begins, one when it is over.
    assert len([line for line in simulation.told if "503" in line]) == 1
    assert len([line for line in simulation.told if "fresh again" in line]) == 1
    assert len([at for at in simulation.asked if 100 <= at < 400]) < 160


def test_five_minutes_are_renewed_six_times_in_twenty() -> None:
    simulation = Simulation(300.0)
    simulation.watch()
    assert len(simulation.asked) == 7


def test_retry_after_is_waited_for() -> None:
    simulation = Simulation(300.0)
    limited = ExchangeBusyError("429", retry_after=60.0)
    simulation.down = {"server": between(lambda: limited, (100, 1000))}
    simulation.watch()
    gaps = [later - sooner for sooner, later in zip(simulation.asked[1:], simulation.asked[2:], strict=False)]
    assert min(gaps) >= 59.5


def test_a_refusal_by_policy_ends_the_watch() -> None:
    simulation = Simulation()
    simulation.down = {"server": between(lambda: PolicyError("no roles assigned", status=403), (100, 9999))}
    with pytest.raises(PolicyError):
        watch.watch(simulation.wish, simulation.world, command=COMMAND)
    assert simulation.seconds < 130


def test_a_needed_sign_in_is_said_once_and_nobody_is_asked_again() -> None:
    simulation = Simulation()
    simulation.down = {"provider": between(lambda: SignInNeededError("the session has ended"), (100, 9999))}
    simulation.watch()
    said = [line for line in simulation.told if "sign-in needed" in line]
    assert said == [f"sign-in needed: run `{COMMAND}`"]
    assert max(simulation.asked) < 130


def test_a_sign_in_by_a_person_is_noticed_and_continued() -> None:
    simulation = Simulation()
    simulation.down = {"provider": between(lambda: SignInNeededError("the session has ended"), (100, 500))}

    signed_in: list[float] = []

    def person() -> None:
        if not signed_in and simulation.seconds >= 500:
            signed_in.append(simulation.seconds)
            log_in(simulation.wish, simulation.world)

    simulation.on_tick = person
    simulation.watch()
    assert simulation.valid()
    assert max(simulation.asked) > 1150
    assert len([line for line in simulation.told if "sign-in needed" in line]) == 1


def test_a_change_waits_for_a_person_and_is_not_asked_for_again_and_again() -> None:
    simulation = Simulation()

    def more() -> None:
        if simulation.seconds >= 100:
            simulation.roles = ("os:reader", "os:admin")

    simulation.on_tick = more
    simulation.watch()
    assert len([at for at in simulation.asked if at >= 100]) == 1
    assert any("--max-role" in line for line in simulation.told)


def test_a_machine_that_slept_renews_at_once() -> None:
    """The clock jumps by an hour in a wait of five seconds, as after a suspend."""
    simulation = Simulation(300.0)
    simulation.end = BEGIN + 4500
    slept: list[float] = []

    def suspend() -> None:
        if not slept and simulation.seconds >= 60:
            slept.append(simulation.seconds)
            simulation.time += 3600

    simulation.on_tick = suspend
    simulation.watch()
    assert min(at for at in simulation.asked if at > 3000) < 3670


def test_a_clock_that_is_set_back_does_not_stop_renewal() -> None:
    simulation = Simulation(300.0)
    back: list[float] = []

    def set_back() -> None:
        if not back and simulation.seconds >= 60:
            back.append(simulation.seconds)
            simulation.time -= 40000
            simulation.end = simulation.time + 1200

    simulation.on_tick = set_back
    with pytest.raises(KeyboardInterrupt):
        watch.watch(
            simulation.wish, simulation.world, command=COMMAND, first=lambda: log_in(simulation.wish, simulation.world)
        )
    assert min(simulation.asked) < 0


def test_a_watch_that_begins_without_a_person_goes_on_when_the_network_comes() -> None:
    simulation = Simulation()
    simulation.down = {"server": between(busy, (0, 50))}
    with pytest.raises(KeyboardInterrupt):
        watch.watch(simulation.wish, simulation.world, command=COMMAND)
    assert simulation.valid()


@pytest.fixture
def watching(
    home: Path, idp: Provider, browser: Path, started_exchange: Callable[..., ExchangeServer]
) -> Iterator[command.Running]:
    """``login --watch`` as a process, with certificates of nine seconds."""
    server = started_exchange(idp, cert_ttl="9s", roles=["os:operator"])
    words = ["--provider", idp.issuer, "--client-id", CLIENT, "--server", server.url, "--server-ca", str(server.ca)]
    words += ["--provider-ca", str(idp.ca), "--browser-command", str(browser)]
    words += ["--callback-port", str(processes.free_port())]
    running = command.start("login", "--watch", *words, home=home, command=command.BIN / "talos-cred")
    yield running
    if running.process.poll() is None:
        running.signal(signal.SIGKILL)
        command.finish(running)


@pytest.mark.long
def test_a_real_watch_keeps_the_certificate_fresh_and_ends_cleanly(
    watching: command.Running, home: Path, browser: Path
) -> None:
    path = home / ".talos/config"
    seen: set[str] = set()
    until = time.monotonic() + 30
    while time.monotonic() < until and not path.exists():
        time.sleep(0.1)
    until = time.monotonic() + 25
    while time.monotonic() < until:
        config = Talosconfig(path.read_text(), "config")
        validity = validity_of(config, "oidc")
        assert validity
        assert time.time() < validity.not_after
        seen.add(config.contexts["oidc"]["crt"])
        time.sleep(0.2)
    watching.signal(signal.SIGTERM)
    done = command.finish(watching)
    assert done.code == 0
    assert 4 <= len(seen) <= 7
    assert len(Path(f"{browser}.opened").read_text().splitlines()) == 1
    assert done.stderr.count("\n") <= 6


def test_the_wire_format_is_what_the_simulation_speaks() -> None:
    """The fake server above answers what the real reader reads."""
    simulation = Simulation()
    log_in(simulation.wish, simulation.world)
    assert simulation.valid()
    assert exchange.PATH == "/exchange"
