"""Waiting for an exchange: it can be left at any moment, and what is left behind makes no noise."""

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kubelogin_py.adapters import http_client
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.http_client import BoundedHttp
from kubelogin_py.adapters.http_exchange import AbandonedError, CrowdedError, OverdueError, Wire, bounded
from kubelogin_py.settings import Tls
from tests.adapters.servers import Behaviour, Conversation, Server, after_request, answering, response
from tests.support.processes import BUSY

ROOT = Path(__file__).parents[2]

PROGRAM = """
import socket, sys, time
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.http_client import BoundedHttp
from kubelogin_py.errors import TransientError
from kubelogin_py.settings import Tls

def hang(*arguments, **named):
    time.sleep(60)

lookup, url, total = sys.argv[1:]
if lookup == "hangs":
    socket.getaddrinfo = hang
http = BoundedHttp(Tls(), environment={}, on_request=lambda line: None, clock=SystemClock(), user_agent="test",
                    total_timeout=float(total), connect_timeout=float(total))
print("ready", flush=True)
try:
    http.post(url, [], limit=1)
except KeyboardInterrupt:
    sys.exit(130)
except TransientError as error:
    sys.exit(3)
"""


def run_program(lookup: str, url: str, *, total: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, lookup, url, str(total)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


HANGS: dict[str, tuple[str, str, Behaviour]] = {
    "lookup": ("hangs", "https", Conversation.wait),
    "handshake": ("works", "https", Conversation.wait),
    "answer": ("works", "http", after_request(Conversation.wait)),
    "drip": ("works", "http", after_request(lambda conversation: conversation.drip(b"HTTP/1.1 200 OK\r\nA: b"))),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize(("lookup", "scheme", "behaviour"), HANGS.values(), ids=list(HANGS))
def test_ctrl_c_ends_the_wait(lookup: str, scheme: str, behaviour: Behaviour) -> None:
    """Within half a second, silently, whatever the exchange hangs in."""
    with Server(behaviour) as server:
        process = run_program(lookup, f"{scheme}://127.0.0.1:{server.port}/", total=20)
        with process:
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            begin = time.monotonic()
            _, errors = process.communicate(timeout=10)
    assert time.monotonic() - begin < 0.5 + BUSY
    assert (process.returncode, errors) == (130, "")


@pytest.mark.parametrize(("lookup", "scheme", "behaviour"), HANGS.values(), ids=list(HANGS))
def test_what_was_left_does_not_keep_the_program_alive(lookup: str, scheme: str, behaviour: Behaviour) -> None:
    with Server(behaviour) as server:
        process = run_program(lookup, f"{scheme}://127.0.0.1:{server.port}/", total=0.2)
        with process:
            begin = time.monotonic()
            _, errors = process.communicate(timeout=10)
    assert time.monotonic() - begin < 5
    assert (process.returncode, errors) == (3, "")


def test_the_outcome_is_handed_over() -> None:
    assert bounded(lambda _: "answer", clock=SystemClock(), connect=1, total=1) == "answer"


def test_a_failure_is_handed_over() -> None:
    def fail(_: Wire) -> None:
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        bounded(fail, clock=SystemClock(), connect=1, total=1)


def test_the_thread_is_gone_when_the_outcome_is_there() -> None:
    """A caller that forks next must be alone."""
    threads: list[threading.Thread] = []
    bounded(lambda _: threads.append(threading.current_thread()), clock=SystemClock(), connect=1, total=1)
    assert not threads[0].is_alive()


def test_the_time_to_connect_ends_once_the_connection_stands() -> None:
    def work(wire: Wire) -> str:
        wire.stands()
        time.sleep(0.3)
        return "answer"

    assert bounded(work, clock=SystemClock(), connect=0.1, total=5) == "answer"


@pytest.mark.parametrize("stands", [True, False])
def test_an_overdue_exchange_tells_whether_it_was_sent(stands: bool) -> None:
    over = threading.Event()

    def work(wire: Wire) -> None:
        if stands:
            wire.stands()
        over.wait(5)

    with pytest.raises(OverdueError) as caught:
        bounded(work, clock=SystemClock(), connect=0.1, total=0.2)
    over.set()
    assert (caught.value.sent, caught.value.seconds) == (stands, 0.2 if stands else 0.1)


def test_what_was_cut_is_not_sent_any_more() -> None:
    """Cutting tells whether the request may have left; after a no, it must not leave."""
    wire = Wire()
    assert not wire.cut()
    with pytest.raises(AbandonedError):
        wire.stands()
    assert not wire.standing


@pytest.mark.parametrize("before", [True, False])
def test_cutting_ends_the_connection(before: bool) -> None:
    """Also one that opens when nobody waits any more."""
    wire = Wire()
    here, there = socket.socketpair()
    with here, there:
        if before:
            wire.cut()
            with pytest.raises(AbandonedError):
                wire.opened(here)
        else:
            wire.opened(here)
            wire.cut()
        there.settimeout(1)
        assert there.recv(1) == b""


def test_what_is_done_meanwhile_is_done_while_the_answer_is_waited_for() -> None:
    """Once, by whoever waits, for the first exchange only: it is what takes time to import."""
    done, times = threading.Event(), []

    def meanwhile() -> None:
        times.append(1)
        done.set()

    with Server(answering(response(200, b"{}"))) as server:
        http = BoundedHttp(
            Tls(),
            environment={},
            on_request=lambda _: None,
            clock=SystemClock(),
            user_agent="x",
            way=lambda call: (
                lambda _, wire: http_client.way(call)(call, wire) if done.wait(5) else pytest.fail("never")
            ),
            meanwhile=meanwhile,
        )
        assert http.get(server.url(), limit=9).body == b"{}"
        assert http.get(server.url(), limit=9).body == b"{}"
    assert times == [1]


def test_without_a_proxy_nothing_that_knows_proxies_is_imported() -> None:
    """It takes longer to import than a refresh takes; what takes long to import and is needed is imported meanwhile."""
    program = """
import sys
from kubelogin_py.adapters import http_client
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.http_client import BoundedHttp
from kubelogin_py.settings import Tls
BoundedHttp(Tls(), environment={}, on_request=print, clock=SystemClock(), user_agent="x").get(sys.argv[1], limit=9)
print({name.partition(".")[0] for name in sys.modules} & {"requests", "urllib3", "logging", "asyncio", "certifi"})
"""
    with Server(answering(response(200, b"{}"))) as server:
        done = subprocess.run(
            [sys.executable, "-c", program, server.url()], capture_output=True, text=True, check=True, cwd=ROOT
        )
    assert done.stdout.splitlines()[-1] == "set()"


def test_without_a_thread_nothing_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty plugins at once may be as many threads as a user may have."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(CrowdedError, match="temporarily unavailable"):
        bounded(lambda _: 1, clock=SystemClock(), connect=1.0, total=1.0)
