"""The program as a process: what reaches which stream, and how it ends.

Each test starts ``python -m kubelogin_py``, or the same process with a sign-in of our own.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubelogin_py import __version__
from tests.support.environment import clean
from tests.support.processes import BUSY

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses a POSIX shell and POSIX signals")

ROOT = Path(__file__).parents[2]
MODULE = [sys.executable, "-m", "kubelogin_py"]
GET_TOKEN = ["get-token", "--oidc-issuer-url=https://issuer.example.com", "--oidc-client-id=a"]
ANSWER = (
    '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false},'
    '"status":{"expirationTimestamp":"2100-01-01T00:00:00Z","token":"a.b.c"}}\n'
)
PROGRAM = """
import os, subprocess, sys, threading, time, warnings
from kubelogin_py.cli.process import run
from kubelogin_py.secret import Secret
class Credential:
    token, usable_until, session_key = Secret("a.b.c"), 4102444800.0, "key"
def sign_in_with(on_detach):
    def sign_in(settings, verbosity):
        {body}
        return Credential()
    return sign_in
run(sign_in_with)
"""
WAITING = "os.write(2, b'waiting\\n'); time.sleep(30)"


def own(body: str = "pass") -> list[str]:
    """Return a command with a sign-in that runs these statements."""
    return [sys.executable, "-c", PROGRAM.format(body=body), *GET_TOKEN]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


def run(command: Sequence[str], home: Path, shell: str = '"$@"', **environment: str) -> Outcome:
    """Run a command, maybe with the redirections of a piece of shell."""
    done = subprocess.run(
        ["/bin/sh", "-c", shell, "sh", *command],
        env=clean(home, **environment),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_a_credential_is_one_document(tmp_path: Path) -> None:
    assert run(own(), tmp_path) == Outcome(0, ANSWER, "")


CHATTER = {
    "print": "print('chatter')",
    "raw-write": "os.write(1, b'chatter\\n')",
    "child": "subprocess.run(['echo', 'chatter'])",
    "unflushed": "sys.stdout.write('chatter\\n')",
    "original-stream": "print('chatter', file=sys.__stdout__)",
}


@pytest.mark.parametrize("body", CHATTER.values(), ids=CHATTER)
def test_b_75_nothing_but_the_answer_reaches_standard_output(body: str, tmp_path: Path) -> None:
    assert run(own(body), tmp_path) == Outcome(0, ANSWER, "chatter\n")


def test_the_answer_is_complete_although_a_child_of_ours_lives_on(tmp_path: Path) -> None:
    """kubectl waits for the end of standard output: a child that holds it would hold kubectl."""
    started = time.monotonic()
    outcome = run(
        own("subprocess.Popen(['sleep', '5'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)"), tmp_path
    )
    assert outcome == Outcome(0, ANSWER, "")
    assert time.monotonic() - started < 4


STREAMS = {
    "B-76-stdout-closed": ('"$@" >&-', 1, "", "error: get-token: standard output is closed\n"),
    "B-76-stdout-full": (
        '"$@" >/dev/full',
        1,
        "",
        "error: get-token: can't write to standard output: No space left on device\nchatter\n",
    ),
    "B-76-stderr-closed": ('"$@" 2>&-', 0, ANSWER, ""),
    "B-76-stderr-full": ('"$@" 2>/dev/full', 0, ANSWER, ""),
    "B-76-stdin-closed": ('"$@" <&-', 0, ANSWER, "chatter\n"),
    "B-76-stdin-and-stderr-closed": ('"$@" <&- 2>&-', 0, ANSWER, ""),
    "B-76-all-closed": ('"$@" <&- >&- 2>&-', 1, "", ""),
}


@pytest.mark.parametrize(("shell", "code", "out", "err"), STREAMS.values(), ids=STREAMS)
def test_streams_may_be_closed_or_full(shell: str, code: int, out: str, err: str, tmp_path: Path) -> None:
    if "/dev/full" in shell and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    assert run(own("print('chatter')"), tmp_path, shell) == Outcome(code, out, err)


def test_b_76_a_reader_that_is_gone_is_an_error(tmp_path: Path) -> None:
    shell = '{ "$@"; echo "$?" >&2; } | true'
    outcome = run(own("time.sleep(0.3)"), tmp_path, shell)
    assert outcome.err == "error: get-token: can't write to standard output: Broken pipe\n1\n"


LEFT_BEHIND = {
    "thread-that-waits": "threading.Thread(target=time.sleep, args=(30,)).start()",
    "daemon-that-fails": "threading.Thread(target=lambda: 1 / 0, daemon=True).start(); time.sleep(0.1)",
    "warning": "warnings.warn('chatter')",
    "unraisable": "type('X', (), {'__del__': lambda self: 1 / 0})()",
    "exit-handler": "__import__('atexit').register(print, 'chatter')",
}


@pytest.mark.parametrize("body", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
def test_what_is_left_behind_neither_delays_the_end_nor_prints(body: str, tmp_path: Path) -> None:
    started = time.monotonic()
    assert run(own(body), tmp_path) == Outcome(0, ANSWER, "")
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("body", ["raise RuntimeError('canary')", "sys.exit('canary')", "os.environ['canary']"])
def test_b_78_a_fault_of_ours_is_one_line_and_exit_code_1(body: str, tmp_path: Path) -> None:
    outcome = run(own(body), tmp_path)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: internal error ")
    assert outcome.err.count("\n") == 1
    assert "canary" not in outcome.err


def waiting(command: list[str], home: Path, shell: str) -> "subprocess.Popen[str]":
    """Start a command and return when its sign-in waits."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", shell, "sh", *command],
        env=clean(home),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "waiting\n"
    return process


def ended(process: "subprocess.Popen[str]") -> Outcome:
    try:
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
    return Outcome(process.returncode, out, err)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_request_to_end_is_obeyed_at_once_with_exit_code_130(name: str, tmp_path: Path) -> None:
    process = waiting(own(WAITING), tmp_path, 'exec "$@"')
    asked = time.monotonic()
    process.send_signal(getattr(signal, name))
    assert ended(process) == Outcome(130, "", "error: interrupted\n")
    assert time.monotonic() - asked < 0.5 + BUSY


def test_a_second_request_ends_it_whatever_it_is_doing(tmp_path: Path) -> None:
    body = "exec('try:\\n {}\\nfinally:\\n {}')".format(
        WAITING.replace("'", '"').replace("\\", "\\\\"), "time.sleep(30)"
    )
    process = waiting(own(body), tmp_path, 'exec "$@"')
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == -signal.SIGTERM


def test_a_signal_ignored_at_the_start_stays_ignored(tmp_path: Path) -> None:
    """As under ``nohup``."""
    process = waiting(own(WAITING), tmp_path, 'trap "" HUP; exec "$@"')
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 130


MODULE_CASES = {
    "version": (["--version"], 0, f"kubelogin version {__version__}\n", ""),
    "unknown-flag": (["--x"], 1, "", "error: unknown flag: --x\n"),
    "unknown-command": (["foo"], 1, "", 'error: unknown command "foo" for "kubelogin"\n'),
    "issuer-missing": (["get-token"], 1, "", "error: --oidc-issuer-url is missing\n"),
    "choice": (
        [*GET_TOKEN, "--token-cache-storage=x"],
        1,
        "",
        "error: get-token: token-cache-storage must be one of (auto|disk|keyring|none)\n",
    ),
    "not-utf-8": (
        [*GET_TOKEN, "--oidc-client-secret=\udcff"],
        1,
        "",
        "error: get-token: --oidc-client-secret: the value is not UTF-8\n",
    ),
}


@pytest.mark.parametrize(("arguments", "code", "out", "err"), MODULE_CASES.values(), ids=MODULE_CASES)
def test_the_module_is_the_program(arguments: list[str], code: int, out: str, err: str, tmp_path: Path) -> None:
    assert run([*MODULE, *arguments], tmp_path) == Outcome(code, out, err)


@pytest.mark.parametrize("arguments", [["setup"], ["--help"], ["get-token", "-h"], ["help", "get-token"]])
def test_help_is_on_standard_output(arguments: list[str], tmp_path: Path) -> None:
    outcome = run([*MODULE, *arguments], tmp_path)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count("Usage:") == 1


def test_help_imports_nothing_slow() -> None:
    """A mistyped command line and a question for help are answered without the parts that talk to a provider."""
    code = (
        "import sys\nfrom kubelogin_py.cli import process\n"
        "from kubelogin_py.cli.commands import COMMANDS\n[command.load() for command in COMMANDS]\n"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
    )
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint(
        {"requests", "urllib3", "jwt", "cryptography", "ssl", "http.client", "kubelogin_py.wiring"}
    )
    assert "kubelogin_py.cli.main" in loaded
