"""A provider, a network, a clock or a browser that misbehaves: F13, F14, F19 to F27."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.scene import AT_ONCE, Scene, slow_browser, token, until
from tests.support import callback_client, command
from tests.support.processes import free_port
from tests.support.providers import EMBEDDED, sign_in_script, start_provider
from tests.support.scripted_provider import REFRESH_TOKEN, Answer, ScriptedProvider, visitor
from tests.support.tcp_proxy import Fault, TcpProxy

HTML = b"<html><body>Please sign in to the hotel's network</body></html>"


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    with TcpProxy() as made:
        yield made


@pytest.fixture
def behind(proxy: TcpProxy, tmp_path: Path) -> Iterator[Scene]:
    """A person whose provider is reached through the proxy only."""
    proxy.target = free_port()
    provider = start_provider(EMBEDDED, tmp_path / "provider", port=proxy.port, listen_port=proxy.target)
    provider.load_metadata()
    yield Scene(provider, tmp_path / "home", sign_in_script(tmp_path / "browser"))
    provider.stop()


@pytest.fixture
def scripted() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as made:
        yield made


def words(provider: ScriptedProvider, tmp_path: Path, *more: str) -> list[str]:
    browser = visitor(tmp_path / "visitor", page=tmp_path / "page")
    return [
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        "--oidc-client-id=kubernetes",
        f"--listen-address=127.0.0.1:{free_port()}",
        f"--browser-command={browser}",
        *more,
    ]


@pytest.mark.required("faketime")
@pytest.mark.parametrize(
    ("shift", "told"), [("+1d", "24 hours ahead of"), ("-10m", "10 minutes behind"), ("-1d", "24 hours behind")]
)
def test_f13_a_wrong_clock(scene: Scene, shift: str, told: str) -> None:
    """The error says by how much it is wrong, from the provider's own answer; nobody is asked a second time."""
    done = scene.at(shift)
    assert (done.code, done.stdout) == (1, "")
    assert f"this machine's clock is {told} the provider's" in done.stderr
    assert scene.opened == 1
    again = scene.at(shift)
    assert again.code == 1
    assert "run: kubelogin login" in again.stderr
    assert scene.opened == 1


@pytest.mark.required("faketime")
def test_f13_a_clock_that_is_ten_minutes_ahead_costs_nothing(scene: Scene) -> None:
    """A token that lives for an hour serves all the same."""
    assert token(scene.at("+10m"))


@pytest.mark.required("faketime")
def test_f14_a_clock_that_jumps(scene: Scene) -> None:
    """Back: what is kept still serves. Ahead: it does not. And a file's time never says what is in it."""
    session = scene.seed()
    assert token(scene.at("-1h")) == session.id_token.reveal()
    assert scene.provider.count() == 0
    ahead = scene.at("+2h")
    assert ahead.code == 1
    assert "this machine's clock is 2 hours ahead" in ahead.stderr
    assert scene.opened == 0
    # What the provider gave to the one with the wrong clock is not lost for the others.
    assert token(scene.call("--force-refresh"))
    newest = scene.kept
    os.utime(scene.file, (time.time() - 3600,) * 2)
    assert token(scene.call()) == newest.id_token.reveal()
    assert scene.opened == 0


def test_f14_a_machine_that_sleeps_during_a_sign_in(scene: Scene, tmp_path: Path) -> None:
    """Stopped for a while and woken up, the sign-in goes on."""
    scene.browser = slow_browser(tmp_path / "slow", 1)
    running = scene.start()
    lock = scene.cache / f"session-{scene.key}.lock"
    until(lock.exists)
    running.signal(signal.SIGSTOP)
    time.sleep(2.5)
    running.signal(signal.SIGCONT)
    assert token(command.finish(running))


def test_f19_a_network_that_is_down_near_the_expiry(behind: Scene, proxy: TcpProxy) -> None:
    """A token that is still good is served; an expired one is a temporary error, and never a sign-in."""
    good = behind.seed(left=60)
    proxy.fault = Fault(refuse=True)
    served = behind.call()
    assert (token(served), served.stderr) == (good.id_token.reveal(), "")
    behind.expire()
    failed = behind.call()
    assert (failed.code, failed.stdout) == (1, "")
    assert "temporary" in failed.stderr
    proxy.fault = Fault()
    assert token(behind.call())
    assert (behind.opened, behind.refreshes) == (0, 1)


def answer(status: str, body: bytes, *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


OUTAGES = {
    "503": (Fault(garbage=answer("503 Service Unavailable", HTML)), "temporary"),
    "500": (Fault(garbage=answer("500 Internal Server Error", b"{}")), "temporary"),
    "html": (Fault(garbage=answer("200 OK", HTML, "Content-Type: text/html")), "expected JSON"),
    "huge": (Fault(garbage=b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"{" * 400_000), "larger than"),
    "slow": (Fault(latency=0.4), ""),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_f20_a_provider_that_is_out_of_order(behind: Scene, proxy: TcpProxy, outage: str) -> None:
    """A bounded number of attempts, an error that says what it was, no browser, and the session is kept."""
    behind.seed(left=-5)
    proxy.fault, said = OUTAGES[outage]
    before = proxy.connections
    done = behind.call()
    if said:
        assert (done.code, done.stdout) == (1, "")
        assert said in done.stderr
        assert proxy.connections - before <= 4
    else:
        assert token(done)
    proxy.fault = Fault()
    assert token(behind.call())
    assert behind.opened == 0


def test_f20_the_wish_to_be_left_alone_counts_for_every_process(behind: Scene, proxy: TcpProxy) -> None:
    """Retry-After of one process keeps the next ones from asking; a person may try all the same."""
    behind.seed(left=-5)
    proxy.fault = Fault(garbage=answer("429 Too Many Requests", b"", "Retry-After: 30"))
    assert behind.call().code == 1
    proxy.fault, before = Fault(), proxy.connections
    for _ in range(3):
        done = behind.call()
        assert (done.code, done.stdout) == (1, "")
        assert "seconds without requests (temporary)" in done.stderr
    assert proxy.connections == before
    assert behind.call(name="login").code == 0
    assert behind.opened == 0


def test_f21_fifty_forged_callbacks_and_then_the_right_one(scene: Scene) -> None:
    """None ends the sign-in, and none chooses a word of what is shown."""
    with scene.terminal("--skip-open-browser") as terminal:
        url = terminal.read_until(r"(http\S+/authorize\?\S+)")[1]
        targets = [
            "/?code=evil&state=evil",
            "/?error=EVIL&error_description=EVIL",
            "/?error=access_denied&state=EVIL",
            "/favicon.ico",
            "/?code=a&code=b&state=c",
            "/EVIL",
            "/?" + "x" * 9000,
            "/?state=",
            "/robots.txt",
            "//EVIL/?code=x",
        ]
        for number in range(50):
            raw = callback_client.get(scene.port, targets[number % len(targets)])
            assert callback_client.status(raw) in range(400, 500)
        script = sign_in_script(scene.home.parent / "later")
        assert command.run(url, home=scene.home, command=script).code == 0
        done = terminal.wait()
    assert token(done)
    assert "EVIL" not in done.stderr


def test_f22_idle_connections_hold_up_nobody(scene: Scene) -> None:
    """A browser that connects ahead of time and says nothing: the next request is answered within 200 milliseconds."""
    with scene.terminal("--skip-open-browser") as terminal:
        url = terminal.read_until(r"(http\S+/authorize\?\S+)")[1]
        idle = [socket.create_connection(("127.0.0.1", scene.port)) for _ in range(10)]
        idle[0].sendall(b"GET /?co")
        times = []
        for _ in range(5):
            began = time.monotonic()
            assert callback_client.status(callback_client.get(scene.port, "/favicon.ico")) == 404
            times.append(time.monotonic() - began)
        # The best of them: the others may have waited for a processor.
        assert min(times) < 0.2
        script = sign_in_script(scene.home.parent / "later")
        assert command.run(url, home=scene.home, command=script).code == 0
        assert token(terminal.wait())
        for one in idle:
            one.close()


def test_f23_a_port_that_is_taken(scene: Scene) -> None:
    """The next allowed one is used; where none is left each is named with its reason, and nobody has to be spared."""
    with socket.create_server(("127.0.0.1", scene.port)):
        failed = scene.call()
        assert (failed.code, failed.stdout) == (1, "")
        assert (
            f"no available port: 127.0.0.1:{scene.port} (127.0.0.1: in use by process {os.getpid()} (" in failed.stderr
        )
        assert "hint: " in failed.stderr
        assert scene.opened == 0
        assert token(scene.call(f"--listen-address=127.0.0.1:{free_port()}"))


DEVICE_FAILURES = {
    "access_denied": (400, "access_denied", "denied"),
    "expired_token": (400, "expired_token", "expired"),
    "unknown error": (400, "who_knows", "who_knows"),
    "a page": (400, "", "400"),
}


@pytest.mark.parametrize("failure", DEVICE_FAILURES)
def test_f24_a_device_sign_in_that_fails(scripted: ScriptedProvider, tmp_path: Path, failure: str) -> None:
    """Each reason has its own words, and the polls end."""
    status, error, said = DEVICE_FAILURES[failure]
    last = Answer(error=error, status=status) if error else Answer(page=HTML.decode(), status=status)
    scripted.answers = [Answer(error="authorization_pending", status=400), last]
    line = words(scripted, tmp_path, "--grant-type=device-code", "--skip-open-browser")
    done = command.run(*line, home=tmp_path / "home")
    assert (done.code, done.stdout) == (1, "")
    assert said in done.stderr
    assert len(scripted.token_requests) == 2


def test_f24_slow_down_and_passing_errors_keep_polling(scripted: ScriptedProvider, tmp_path: Path) -> None:
    """The interval grows by five seconds; neither a server error nor a connection that breaks off ends anything."""
    scripted.answers = [Answer(status=502), Answer(hangs_up=True), Answer(error="slow_down", status=400), Answer()]
    line = words(scripted, tmp_path, "--grant-type=device-code", "--skip-open-browser")
    done = command.run(*line, home=tmp_path / "home")
    assert token(done)
    assert len(scripted.token_requests) == 4
    assert done.seconds > 1 + 1 + 1 + 5


DEVICE_ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "no interval means five": ({"interval": None}, ""),
    "another spelling": ({"verification_uri": None, "verification_url": "http://127.0.0.1/other"}, ""),
    "no device code": ({"device_code": None}, "device_code"),
    "no user code": ({"user_code": None}, "user_code"),
    "no page": ({"verification_uri": None}, "verification_uri"),
    "a page to run": ({"verification_uri": "javascript:alert(1)"}, "verification_uri"),
}


@pytest.mark.parametrize("kind", DEVICE_ANSWERS)
def test_f25_a_device_answer_with_something_missing(scripted: ScriptedProvider, tmp_path: Path, kind: str) -> None:
    """What has a default or another name is taken; what is needed is named."""
    changed, missing = DEVICE_ANSWERS[kind]
    scripted.device_response = changed
    line = words(scripted, tmp_path, "--grant-type=device-code", "--skip-open-browser")
    done = command.run(*line, home=tmp_path / "home")
    if missing:
        assert (done.code, done.stdout) == (1, "")
        assert missing in done.stderr
    else:
        assert token(done)
        assert done.seconds > (5 if "interval" in changed else 1)


def refreshed(scripted: ScriptedProvider, tmp_path: Path, *answers: Answer) -> command.Result:
    """Sign in, then refresh with these answers."""
    line = words(scripted, tmp_path)
    scripted.answers = [Answer()]
    first = command.run(*line, home=tmp_path / "home")
    assert token(first)
    scripted.forget()
    scripted.answers = list(answers)
    return command.run(*line, "--force-refresh", home=tmp_path / "home")


def sent(scripted: ScriptedProvider) -> list[str]:
    """Return the refresh tokens that were sent, in their order."""
    return [seen.form["refresh_token"] for seen in scripted.token_requests if "refresh_token" in seen.form]


@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
def test_f26_a_refresh_without_a_new_refresh_token(
    scripted: ScriptedProvider, tmp_path: Path, value: str | None
) -> None:
    """The old one stays; empty is absent."""
    done = refreshed(scripted, tmp_path, Answer(members={"refresh_token": value}))
    assert token(done)
    assert token(command.run(*words(scripted, tmp_path), "--force-refresh", home=tmp_path / "home"))
    assert sent(scripted) == [REFRESH_TOKEN] * 2
    assert scripted.sign_ins == []


@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
def test_f26_a_refresh_without_an_id_token(scripted: ScriptedProvider, tmp_path: Path, value: str | None) -> None:
    """Asked for once more by naming the scopes; then one clear line and one sign-in."""
    empty = Answer(members={"id_token": value})
    done = refreshed(scripted, tmp_path, empty, empty, Answer())
    assert token(done)
    assert "gives no ID token on refresh" in done.stderr
    assert len(sent(scripted)) == 2
    assert len(scripted.sign_ins) == 1


@pytest.mark.parametrize("expires_in", [0, None, 1e18, "3600", -5], ids=str)
def test_f27_expiry_by_the_token_and_by_nothing_else(
    scripted: ScriptedProvider, tmp_path: Path, expires_in: object
) -> None:
    """Whatever ``expires_in`` says: the next call is answered from the cache, not by another request."""
    line = words(scripted, tmp_path)
    scripted.answers = [Answer(members={"expires_in": expires_in})]
    first = command.run(*line, home=tmp_path / "home")
    assert token(first)
    scripted.forget()
    second = command.run(*line, home=tmp_path / "home")
    assert token(second) == token(first)
    assert scripted.seen == []


@pytest.mark.parametrize(
    "claims", [{"exp": 0}, {"exp": None}, {"exp": 1e18}, {"exp": "soon"}], ids=["zero", "absent", "absurd", "text"]
)
def test_f27_a_token_with_an_absurd_expiry(scripted: ScriptedProvider, tmp_path: Path, claims: dict[str, Any]) -> None:
    """Refused, and no hot loop: the next calls do not ask again."""
    line = words(scripted, tmp_path)
    scripted.answers = [Answer(claims=claims)]
    failed = command.run(*line, home=tmp_path / "home")
    assert (failed.code, failed.stdout) == (1, "")
    assert "exp" in failed.stderr
    before = len(scripted.sign_ins)
    again = command.run(*line, home=tmp_path / "home")
    assert again.code == 1
    assert again.seconds < AT_ONCE
    assert len(scripted.sign_ins) == before == 1


@pytest.mark.parametrize("moment", ["as soon as it stands", "in the request", "after the request", "in the answer"])
def test_f05_a_connection_that_is_reset(behind: Scene, proxy: TcpProxy, moment: str) -> None:
    """What may have left is never sent again by the same command; the next one tries once, and one sign-in follows."""
    behind.seed()
    # The provider's documents are known from here on: the refresh is the only connection.
    assert token(behind.call("--force-refresh"))
    behind.expire()
    behind.provider.forget()
    faults = {"as soon as it stands": Fault(refuse=True), "in the request": Fault(reset_up=40)}
    proxy.fault = faults.get(moment, Fault(reset_down=1) if moment == "after the request" else Fault(reset_down=300))
    before = proxy.connections
    failed = behind.call()
    assert (failed.code, failed.stdout) == (1, "")
    assert "(temporary)" in failed.stderr
    # Only where nothing can have left it is tried once more; whether the reset is seen before that, nobody decides.
    assert proxy.connections in {before + 1, *([before + 2] if moment == "as soon as it stands" else [])}
    proxy.fault = Fault()
    arrived = moment not in faults
    refreshed = [line for line in behind.provider.request_lines() if line == "POST /token 200"]
    assert len(refreshed) == (1 if arrived else 0)
    after = behind.call()
    assert token(after)
    assert ("the answer to its last refresh was lost" in after.stderr) == arrived
    assert behind.opened == (1 if arrived else 0)
    quiet = behind.call()
    assert (token(quiet), quiet.stderr) == (token(after), "")


def test_f05_a_provider_that_forgives_the_second_time_heals_it_silently(
    scripted: ScriptedProvider, tmp_path: Path
) -> None:
    """The answer was lost; the same token, sent once more within a grace time, is taken: nobody hears of it."""
    line = words(scripted, tmp_path)
    scripted.answers = [Answer()]
    assert token(command.run(*line, home=tmp_path / "home"))
    scripted.answers = [Answer(status=502)]
    lost = command.run(*line, "--force-refresh", home=tmp_path / "home")
    assert lost.code == 1
    assert "temporary" in lost.stderr
    healed = command.run(*line, "--force-refresh", home=tmp_path / "home")
    assert token(healed)
    assert healed.stderr == ""
    assert len(scripted.sign_ins) == 1
