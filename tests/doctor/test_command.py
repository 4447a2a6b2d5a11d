"""The command itself: its document, its table, its exit code, the time it takes, and what it leaves alone."""

import fcntl
import json
import os
import pty
import re
import struct
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from kubelogin_py.adapters.patience import bounded
from kubelogin_py.cli.main import main
from kubelogin_py.cli.output import Stdout
from kubelogin_py.doctor.examination import CHECKS, PATIENCE, TOTAL, examine
from kubelogin_py.doctor.finding import Status
from kubelogin_py.doctor.known import Known
from kubelogin_py.doctor.subject import Subject
from kubelogin_py.errors import StorageError
from kubelogin_py.wiring.examining import ANSWER_WITHIN, SystemSurroundings, examination
from tests.adapters.servers import Server
from tests.cli.calls import Lines, raising
from tests.doctor.scene import ASKED, REVIEW, Patient, _never, run, snapshot
from tests.support import command
from tests.support.scripted_provider import METADATA, Answer, Reply
from tests.support.world import FakeClock

NAMES = [
    *("kubeconfig", "exec-section", "command", "api-version", "interactive-mode", "plugin-policy"),
    *("arguments", "secrets", "issuer-url", "proxy", "certificate-authorities"),
    *("discovery", "clock", "issuer", "endpoints", "key-set", "algorithms", "client", "scopes", "grant"),
    *("redirect-ports", "registration", "browser", "cache-directory", "cache-files", "cache-locks", "keyring"),
    *("last-sign-in", "session", "refresh", "cluster", "api-server", "token"),
]
"""Programs rely on them."""


def test_the_names_of_the_checks_are_stable() -> None:
    assert [check.name for check in CHECKS] == NAMES
    known: set[str] = set()
    for check in CHECKS:
        assert set(check.after) <= known, check.name
        known.add(check.name)


def test_the_document_has_every_check_in_order(patient: Patient) -> None:
    done = patient.examine()
    document = done.document
    assert {name: document[name] for name in ("context", "issuer", "client_id", "healthy")} == {
        "context": "dev",
        "issuer": patient.provider.issuer,
        "client_id": "kubernetes",
        "healthy": True,
    }
    found = [one["check"] for one in document["checks"]]
    assert [name for name in found if not name.startswith("token-")] == NAMES[:-1]
    assert [name for name in found if name.startswith("token-")][:3] == ["token-form", "token-algorithm", "token-key"]
    assert all(set(one) == {"check", "status", "found", "cause", "next"} for one in document["checks"])
    assert all(one["found"] for one in document["checks"])


def test_a_provider_on_the_command_line_needs_no_kubeconfig(patient: Patient) -> None:
    done = patient.examine(*patient.arguments, write=False)
    of_kubeconfig = {check.name for check in CHECKS if check.of_kubeconfig}
    assert done.named("skip") == of_kubeconfig
    assert done.troubled == set()
    assert (done.code, done.asked, done.api) == (0, ASKED, [])
    assert done.document["context"] is None


def test_an_option_counts_instead_of_the_kubeconfigs(patient: Patient) -> None:
    done = patient.examine("--context=dev", "--oidc-client-id=other")
    assert done.document["client_id"] == "other"


def test_a_mandatory_option_that_is_missing_is_a_finding(patient: Patient) -> None:
    done = patient.examine(f"--oidc-issuer-url={patient.provider.issuer}", write=False)
    assert done.finding("arguments")["found"] == "--oidc-client-id is missing"
    assert done.code == 1


def test_variables_of_the_exec_section_count(patient: Patient) -> None:
    patient.plugin["env"] = [{"name": "HTTPS_PROXY", "value": "ftp://proxy"}]
    patient.replace_argument("oidc-issuer-url", "https://id.example.com")
    patient.sign_in()
    assert patient.examine().finding("proxy")["status"] == "fail"


def test_the_table_says_the_same_to_a_person(patient: Patient) -> None:
    patient.provider.callback_error = "invalid_scope"
    done = patient.examine(output="table")
    assert done.code == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"pass  {'kubeconfig':<25}context")
    row = next(number for number, line in enumerate(lines) if line.startswith("FAIL"))
    assert lines[row].split()[1] == "registration"
    assert lines[row + 1].strip().startswith("why: a scope is requested")
    assert lines[row + 2].strip().startswith("do:  compare scopes")
    assert re.fullmatch(r"1 failed, \d+ passed", lines[-1])
    assert re.fullmatch(r"error: doctor: 1 of \d+ checks failed: registration\n", done.stderr)
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(("columns", "no_colour"), [(40, ""), (72, ""), (100, ""), (100, "1")])
def test_a_terminal_gets_colours_and_lines_that_fit(patient: Patient, columns: int, no_colour: str) -> None:
    patient.provider.callback_error = "invalid_scope"
    patient.write_kubeconfig()
    shown = on_terminal({**patient.environment, "NO_COLOR": no_colour}, columns)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert ("\x1b[31mFAIL" in shown) is not bool(no_colour)
    assert ("\x1b" in shown) is not bool(no_colour)
    assert max(map(len, plain.splitlines())) <= columns
    assert "why: a scope is requested" in " ".join(plain.split())


def on_terminal(environment: dict[str, str], columns: int) -> str:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    received: list[bytes] = []

    def read() -> None:
        while True:
            try:
                received.append(os.read(master, 65536))
            except OSError:
                return

    reader = threading.Thread(target=read)
    reader.start()
    main(("doctor",), environment, stdout=Stdout(slave), stderr=Lines(), sign_in=_never, examine=examination)
    reader.join(10)
    os.close(master)
    return b"".join(received).decode()


def test_text_of_others_reaches_no_terminal_raw(patient: Patient) -> None:
    patient.sign_in(
        answer=Answer(claims={"email": "a\x1b[31m\u202e@x", "email_verified": True, "groups": ["g\n\x07who"]})
    )
    body = json.dumps({**patient.provider.metadata, "issuer": "https://x\x1b]0;owned\x07"}).encode()
    patient.provider.replies[METADATA] = Reply(200, body, {"Content-Type": "application/json"})
    patient.provider.callback_error = "\x1b[2Jinvalid"
    for output in ("json", "table"):
        done = patient.examine(output=output)
        assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout + done.stderr)


def test_what_hangs_takes_its_seconds_and_no_more(patient: Patient) -> None:
    """Two answers never come; each is waited for as long as one request may take."""
    patient.provider.replies["/certs"] = Reply(200, delay=ANSWER_WITHIN + 2)
    with Server(lambda conversation: conversation.wait()) as server:
        patient.cluster["server"] = f"https://127.0.0.1:{server.port}"
        begin = time.monotonic()
        done = patient.examine()
        assert time.monotonic() - begin < 2 * ANSWER_WITHIN + 8
    assert done.named("fail") == {"key-set", "cluster"}
    assert "i/o timeout" in done.finding("key-set")["found"]


def test_all_together_is_over_within_twenty_seconds(patient: Patient) -> None:
    """Each check takes all the time it is given, on a clock of the test's own."""
    clock, given = FakeClock(), []

    def slow(work: Callable[[], Any], seconds: float) -> Any:
        given.append(seconds)
        clock.sleep(seconds)
        return work()

    known = Known(Subject(settings=patient.settings), SystemSurroundings(patient.environment, clock))
    found = examine(known, slow, clock)
    assert sum(given) == TOTAL < 20
    assert max(given) <= PATIENCE
    assert len(found) == len(CHECKS)
    assert {one.found for one in found if one.check in ("discovery", "cache-directory")} == {"no time was left for it"}


def test_a_check_that_does_not_end_is_a_finding(patient: Patient) -> None:
    def overdue(_: object, seconds: float) -> NoReturn:
        raise TimeoutError

    clock = FakeClock()
    found = examine(Known(Subject(settings=patient.settings), SystemSurroundings({}, clock)), overdue, clock)
    (late,) = [one for one in found if one.status is Status.FAIL]
    assert (late.check, late.found) == ("arguments", "it did not end within 6 seconds")
    assert late.cause
    assert late.next


def test_work_that_does_not_end_is_left_behind() -> None:
    waiting = threading.Event()
    begin = time.monotonic()
    with pytest.raises(TimeoutError):
        bounded(lambda: waiting.wait(30), 0.3)
    assert time.monotonic() - begin < 5
    waiting.set()
    assert bounded(lambda: 7, 5.0) == 7
    with pytest.raises(StorageError, match="broken"):
        bounded(raising(StorageError("broken")), 5.0)


def test_a_file_that_never_answers_is_left_behind(patient: Patient) -> None:
    """A pipe in the place of the policy is not waited for."""
    os.mkfifo(patient.home / ".kube/kuberc")
    done = patient.examine()
    assert done.finding("plugin-policy")["status"] == "fail"
    assert "is not a plain file" in done.finding("plugin-policy")["found"]


@pytest.mark.required("strace")
def test_the_installed_command_starts_no_program_and_writes_no_file(
    patient: Patient, tmp_path: Path, required: Callable[[str], Path]
) -> None:
    """As a process of its own, seen by the kernel."""
    import sys

    strace = required("strace")
    patient.write_kubeconfig()
    before = snapshot(patient.home)
    trace = tmp_path / "trace"
    wrapper = ("strace", "-f", "-qq", "-o", str(trace), "-e", "trace=execve,openat,creat,unlink,rename,mkdir,chmod")
    done = command.run(
        *wrapper[1:],
        sys.executable,
        "-B",
        "-m",
        "kubelogin_py",
        "doctor",
        home=patient.home,
        command=strace,
    )
    assert done.code == 0, done.stdout + done.stderr
    assert snapshot(patient.home) == before
    calls = [line for line in trace.read_text().splitlines() if "ENOENT" not in line]
    assert sum("execve(" in line for line in calls) == 1
    changing = [line for line in calls if re.search(r"O_WRONLY|O_CREAT|creat\(|unlink|rename|mkdir|chmod", line)]
    assert [line for line in changing if "/dev/null" not in line] == []


def test_nothing_is_kept_of_a_run(patient: Patient) -> None:
    patient.examine()
    done = patient.examine()
    assert (done.asked, done.api) == (ASKED, [f"{REVIEW} 201"])


def test_help_names_the_exit_code(patient: Patient) -> None:
    code, text, _ = run(patient.environment, "doctor", "--help")
    assert code == 0
    assert "exit code is 0 when nothing failed" in " ".join(text.split())


def test_an_output_that_nobody_knows_is_refused_before_anything_is_asked(patient: Patient) -> None:
    done = patient.examine(output="yaml")
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == "error: doctor: output must be one of (table|json)\n"
    assert (done.asked, done.api) == ([], [])


def test_advice_without_a_kubeconfig_means_the_same_session(patient: Patient) -> None:
    """Another scope or authority would be another session."""
    words = [*patient.arguments, "--oidc-client-secret=secret-canary"]
    patient.session_file.unlink()
    done = patient.examine(*words, write=False)
    advice = done.finding("session")["next"]
    assert advice.startswith("kubelogin login --oidc-issuer-url=")
    assert all(one in advice for one in patient.arguments)
    assert "canary" not in done.stdout


def test_requests_are_shown_at_verbosity_two(patient: Patient, capsys: pytest.CaptureFixture[str]) -> None:
    patient.examine("-v2")
    lines = [line.split()[0] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["GET", "GET", "GET", "POST"]
    patient.examine("-v1")
    assert capsys.readouterr().err == ""


def test_what_is_left_out_does_not_hide_what_failed(patient: Patient) -> None:
    patient.document = {"users": []}
    lines = patient.examine(output="table").stdout.splitlines()
    assert [line.split()[0] for line in lines if line and not line.startswith(" ")] == ["FAIL", "skip", "1"]
    assert "needs kubeconfig; and with it command, api-version," in "\n".join(lines)
