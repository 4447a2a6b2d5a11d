"""Commands, streams and exit codes of the installed executables, row by row."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compat.plugin import Plugin
from tests.support import command
from tests.support.environment import BIN

EXECUTABLES = ("kubelogin", "kubectl-oidc_login")
UNKNOWN_HOST = ["--oidc-issuer-url=https://host.invalid", "--oidc-client-id=test"]
DISCOVERY = r"https://host\.invalid/\.well-known/openid-configuration"
VERSION = r"kubelogin version \S+"
SHELLS = ("bash", "zsh", "fish", "powershell")
SCRIPT = "(?s).*kubectl-oidc_login.*"
HELP = r"(?s).+\nUsage:\n  kubelogin {}.*"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


# Words, exit code, standard output, standard error; the texts as regular expressions of the whole.
ROWS: dict[str, tuple[list[str], int, str, str]] = {
    "1.1 --version is on stdout": (["--version"], 0, rf"{VERSION}\n", ""),
    "1.1 version is on stderr": (["version"], 0, "", rf"{VERSION} \(\S+ \S+_\S+\)\n"),
    "1.1 -v is no version": (["-v"], 1, "", "error: flag needs an argument: 'v' in -v\n"),
    "1.1 --help": (["--help"], 0, HELP.format(r"\[command\]"), ""),
    "1.1 -h": (["-h"], 0, HELP.format(r"\[command\]"), ""),
    "1.1 help": (["help"], 0, HELP.format(r"\[command\]"), ""),
    "1.1 help of a command": (["help", "clean"], 0, HELP.format("clean"), ""),
    "1.1 get-token --help": (["get-token", "--help"], 0, HELP.format("get-token"), ""),
    "1.1 setup --help": (["setup", "--help"], 0, HELP.format("setup"), ""),
    "1.1 clean --help": (["clean", "--help"], 0, HELP.format("clean"), ""),
    "1.1 setup without a provider is its help": (["setup"], 0, HELP.format("setup"), ""),
    "1.1 setup without a client is its help": (["setup", UNKNOWN_HOST[0]], 0, HELP.format("setup"), ""),
    "1.1 clean is two lines on stderr": (["clean"], 0, "", r"Deleted the token cache at \S+\n.*keyring.*\n"),
    "1.1 clean takes no words": (["clean", "x"], 1, "", 'error: unknown command "x" for "kubelogin clean"\n'),
    "1.1 setup takes no words": (["setup", "x"], 1, "", 'error: unknown command "x" for "kubelogin setup"\n'),
    "1.1 get-token takes no words": (
        ["get-token", "x"],
        1,
        "",
        'error: unknown command "x" for "kubelogin get-token"\n',
    ),
    "1.1 the program takes no words": (["x"], 1, "", r'(?s)error: unknown command "x" for "kubelogin"\n.*'),
    "1.1 the program needs a kubeconfig": ([], 1, "", r"error: login: .+\nhint: .+\n"),
    **{
        f"1.1 completion {shell}": (["completion", shell], 0, r"(?s).*kubectl-oidc_login.*", "")
        for shell in ("bash", "zsh", "fish", "powershell")
    },
    "1.1 there is no transform": (["transform"], 1, "", r'(?s)error: unknown command "transform" for "kubelogin"\n.*'),
    "1.6 a usage error is one line": (["get-token", "--x"], 1, "", "error: unknown flag: --x\n"),
    "1.6 a missing value is one line": (["get-token"], 1, "", "error: --oidc-issuer-url is missing\n"),
    "1.6 a choice is one line": (
        ["get-token", *UNKNOWN_HOST, "--grant-type=x"],
        1,
        "",
        r"error: get-token: grant-type must be one of \(\S+\)\n",
    ),
    "1.6 an unknown host, as Homebrew tests it": (
        ["get-token", *UNKNOWN_HOST],
        1,
        "",
        rf"(?s)error: get-token: .*{DISCOVERY}.*no such host.*\n",
    ),
    "1.6 an unknown host at setup": (
        ["setup", *UNKNOWN_HOST],
        1,
        "",
        rf"(?s).*error: setup: .*{DISCOVERY}.*no such host.*\n",
    ),
}


@pytest.mark.parametrize(("words", "code", "out", "err"), ROWS.values(), ids=ROWS)
def test_row(words: list[str], code: int, out: str, err: str, home: Path) -> None:
    done = command.run(*words, home=home)
    assert done.code == code
    assert re.fullmatch(out, done.stdout), done.stdout
    assert re.fullmatch(err, done.stderr), done.stderr


@pytest.mark.parametrize("executable", EXECUTABLES)
def test_1_1_the_name_in_messages_is_kubelogin(executable: str, home: Path) -> None:
    done = command.run("--version", home=home, command=BIN / executable)
    assert re.fullmatch(rf"{VERSION}\n", done.stdout)
    done = command.run("x", home=home, command=BIN / executable)
    assert 'for "kubelogin"' in done.stderr


def test_1_1_the_version_is_no_commit_hash(home: Path) -> None:
    done = command.run("--version", home=home)
    assert re.fullmatch(r"kubelogin version \d+\.\d+\.\d+\S*\n", done.stdout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_1_6_a_signal_ends_the_wait_with_130(number: signal.Signals, plugin_at: Callable[..., Plugin]) -> None:
    with plugin_at().terminal("--skip-open-browser", browser=False) as terminal:
        terminal.read_until("waiting up to")
        terminal.signal(number)
        done = terminal.wait(deadline=10)
    assert (done.code, done.stdout) == (130, "")


def test_1_6_what_a_browser_prints_is_on_stderr(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    talkative = plugin.home / "talkative"
    talkative.write_text(f'#!/bin/sh\necho noise\nexec "{plugin.browser}" "$@"\n', encoding="utf-8")
    talkative.chmod(0o755)
    done = plugin.run(f"--browser-command={talkative}", browser=False)
    assert (done.code, done.stdout.count("\n")) == (0, 1)
    assert "noise" not in done.stdout
    assert "noise\n" in done.stderr
