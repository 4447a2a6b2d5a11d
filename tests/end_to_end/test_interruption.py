"""Ctrl-C ends any wait at once, with exit code 130, and leaves the cache whole."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.test_concurrency import expire, get_token
from tests.support import command
from tests.support.command import KUBELOGIN, Terminal
from tests.support.processes import BUSY
from tests.support.providers import Provider, sign_in_script
from tests.support.tcp_proxy import Fault, TcpProxy

AT_ONCE = 0.5 + BUSY
"""Seconds in which a wait must end; none of them is as short."""


def interrupted(terminal: Terminal) -> command.Result:
    """Type Ctrl-C and return the result; its ``seconds`` are those since the key."""
    pressed = time.monotonic()
    terminal.interrupt()
    done = terminal.wait(deadline=10)
    return command.Result(done.code, done.stdout, done.stderr, time.monotonic() - pressed)


WAITS = {
    "browser": (["--skip-open-browser"], r"waiting up to"),
    "device code": (["--grant-type=device-code", "--skip-open-browser"], r"Waiting up to"),
    "paste": (["--grant-type=authcode-keyboard", "--oidc-redirect-url=http://localhost:8000"], r"Enter code: "),
}


@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_ends_a_sign_in(provider: Provider, tmp_path: Path, wait: str) -> None:
    """Whatever we wait for, the person need not."""
    flags, waiting = WAITS[wait]
    home = tmp_path / "home"
    words = [word for word in get_token(provider, tmp_path / "none") if not word.startswith("--browser")]
    with Terminal(KUBELOGIN, *words, *flags, home=home) as terminal:
        terminal.read_until(waiting)
        time.sleep(0.2)
        done = interrupted(terminal)
    assert (done.code, done.stdout) == (130, "")
    assert done.seconds < AT_ONCE
    assert "Traceback" not in done.stderr
    # What a later start finds there must not stand in its way.
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    with Terminal(KUBELOGIN, *get_token(provider, browser), home=home) as person:
        after = person.wait()
    assert after.code == 0, after.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_requests_to_end_are_the_same(provider: Provider, tmp_path: Path, number: signal.Signals) -> None:
    words = [word for word in get_token(provider, tmp_path / "none") if not word.startswith("--browser")]
    with Terminal(KUBELOGIN, *words, "--skip-open-browser", home=tmp_path / "home") as terminal:
        terminal.read_until("waiting up to")
        terminal.signal(number)
        done = terminal.wait(deadline=5)
    assert (done.code, done.stdout) == (130, "")


def test_ctrl_c_during_a_refresh_ends_us_but_not_the_refresh(
    started_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    """The provider has rotated the refresh token by the time we are gone: the new one is on disk all the same."""
    provider = started_provider("embedded", refresh_latency=4)
    home = tmp_path / "home"
    words = get_token(provider, sign_in_script(tmp_path / "browser", ca=provider.ca))
    first = command.run(*words, home=home)
    assert first.code == 0, first.stderr
    expire(home)
    provider.forget()
    with Terminal(KUBELOGIN, *words, "-v1", home=home) as terminal:
        terminal.read_until("refreshing")
        time.sleep(0.7)
        done = interrupted(terminal)
    assert (done.code, done.stdout) == (130, "")
    assert done.seconds < AT_ONCE
    # The next one waits for the refresh that goes on, and uses what it brought.
    after = command.run(*words, home=home)
    assert after.code == 0, after.stderr
    assert json.loads(after.stdout)["status"]["token"] != json.loads(first.stdout)["status"]["token"]
    assert provider.count("token_endpoint") == 1
    assert provider.count("authorization_endpoint") == 0


def test_ctrl_c_while_the_provider_is_silent(tmp_path: Path) -> None:
    """A provider that accepts the connection and says nothing holds nobody."""
    with TcpProxy() as proxy:
        proxy.fault = Fault(blackhole=True)
        words = ["get-token", f"--oidc-issuer-url=http://localhost:{proxy.port}", "--oidc-client-id=kubernetes", "-v1"]
        with Terminal(KUBELOGIN, *words, home=tmp_path / "home") as terminal:
            terminal.read_until("reading the provider metadata")
            time.sleep(0.3)
            done = interrupted(terminal)
    assert (done.code, done.stdout) == (130, "")
    assert done.seconds < AT_ONCE


def test_ctrl_c_while_another_process_holds_the_lock(provider: Provider, tmp_path: Path) -> None:
    """Waiting for somebody else's sign-in is a wait like any other."""
    home = tmp_path / "home"
    words = [word for word in get_token(provider, tmp_path / "none") if not word.startswith("--browser")]
    with Terminal(KUBELOGIN, *words, "--skip-open-browser", home=home) as first:
        first.read_until("waiting up to")
        with Terminal(KUBELOGIN, *words, "--skip-open-browser", home=home) as second:
            shown = second.read_until(r"waiting for process (\d+)")
            assert int(shown[1]) == first.pid
            done = interrupted(second)
        assert (done.code, done.stdout) == (130, "")
        assert done.seconds < AT_ONCE
        first.interrupt()
        assert first.wait(deadline=5).code == 130
