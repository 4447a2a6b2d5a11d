"""What a person sees on a real terminal while a sign-in is waited for, and what nobody else ever gets."""

import json
import re
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.test_sign_in import get_token
from tests.support import command
from tests.support.command import KUBELOGIN, Terminal
from tests.support.kubectl import on_terminal, write_kubeconfig
from tests.support.providers import EMBEDDED, Provider, sign_in_script

DEVICE = ("--grant-type=device-code", "--skip-open-browser")


@pytest.fixture
def provider(started_provider: Callable[..., Provider]) -> Provider:
    return started_provider(EMBEDDED)


def confirm(terminal: Terminal, provider: Provider, tmp_path: Path) -> None:
    """Confirm the code that the terminal shows, on another device."""
    page = terminal.read_until(r"(https://\S+)\n")[1]
    code = terminal.read_until(r"\n\s+([A-Z0-9]{4}-[A-Z0-9]{4})\n")[1]
    terminal.read_until(r"waiting for the code to be confirmed: \d+:\d\d left")
    script = sign_in_script(tmp_path / "phone", ca=provider.ca, user_code=code)
    assert command.run(page, home=tmp_path / "home", command=script).code == 0


def wiped(shown: str) -> str:
    """Return what stands on the terminal in the end."""
    return "\n".join(line.rpartition("\r")[2].removeprefix("\x1b[K") for line in shown.split("\n"))


@pytest.mark.required("kubectl")
def test_kubectl_counts_down_while_the_code_is_waited_for(
    provider: Provider, started_api_server: Callable[..., object], tmp_path: Path
) -> None:
    """On its standard error; its standard output has the pods and nothing else."""
    server = started_api_server(provider)
    config = write_kubeconfig(
        tmp_path / "config",
        server=server.url,  # type: ignore[attr-defined]
        ca=server.ca,  # type: ignore[attr-defined]
        arguments=get_token(provider, *DEVICE),
    )
    with on_terminal("get", "pods", kubeconfig=config, home=tmp_path / "home") as terminal:
        confirm(terminal, provider, tmp_path)
        done = terminal.wait()
    assert done.code == 0, done.stderr
    assert "Running" in done.stdout
    assert "\x1b" not in done.stdout
    assert "waiting for the code" not in wiped(done.stderr)


def test_ctrl_c_leaves_the_terminal_as_it_was(provider: Provider, tmp_path: Path) -> None:
    with Terminal(KUBELOGIN, *get_token(provider, *DEVICE), home=tmp_path / "home") as terminal:
        before = termios.tcgetattr(terminal._master)
        terminal.read_until(r"waiting for the code to be confirmed: \d+:\d\d left")
        terminal.interrupt()
        done = terminal.wait()
        assert done.code == 130
    assert before[3] & termios.ICANON
    assert done.stdout == ""
    assert wiped(done.stderr).rstrip().endswith("error: interrupted\x1b[0m")
    assert "waiting for the code" not in wiped(done.stderr)


def test_neither_colour_nor_movement_where_nobody_wants_them(provider: Provider, tmp_path: Path) -> None:
    """NO_COLOR: no colour, but the countdown; TERM=dumb: nothing but lines."""
    for environment in ({"TERM": "dumb"}, {"NO_COLOR": "1"}):
        words = get_token(provider, *DEVICE)
        with Terminal(KUBELOGIN, *words, home=tmp_path / "home", env=environment) as terminal:
            terminal.read_until("Waiting up to")
            if "NO_COLOR" in environment:
                terminal.read_until("waiting for the code")
            terminal.interrupt()
            done = terminal.wait()
        assert done.code == 130
        assert not re.search(r"\x1b\[[0-9;]*m", done.stderr)
        assert ("\x1b" in done.stderr) == ("NO_COLOR" in environment)


@pytest.mark.parametrize("interactive", [True, False])
def test_a_dashboard_gets_plain_lines(provider: Provider, tmp_path: Path, interactive: bool) -> None:
    """It reads what we say through a pipe, whatever it says about terminals."""
    info = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    env = {"KUBERNETES_EXEC_INFO": json.dumps({**info, "spec": {"interactive": interactive}})}
    words = get_token(provider, *DEVICE, "--authentication-timeout-sec=2")
    done = command.run(*words, home=tmp_path / "home", env=env)
    assert (done.code, done.stdout) == (1, "")
    assert "Waiting up to 2 seconds" in done.stderr
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr


def test_status_is_coloured_for_a_person_only(provider: Provider, tmp_path: Path) -> None:
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    signed_in = command.run(*get_token(provider, f"--browser-command={browser}"), home=tmp_path / "home")
    assert signed_in.code == 0, signed_in.stderr
    shown = {}
    for name, environment in {"colour": {}, "none": {"NO_COLOR": "1"}}.items():
        with Terminal(KUBELOGIN, "status", home=tmp_path / "home", env=environment, stdout_too=True) as terminal:
            shown[name] = terminal.wait().stderr
    piped = command.run("status", home=tmp_path / "home").stdout
    assert re.search(r"\x1b\[1m.*alice@example.test", shown["colour"])
    assert "\x1b" not in shown["none"] + piped
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown["colour"])
    assert plain.split() == shown["none"].split()
