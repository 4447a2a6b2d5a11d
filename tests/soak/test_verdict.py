"""The verdict on a soak run finds what must not have happened, and nothing else."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.soak.callers import Call, Context, digest
from tests.soak.injections import Injection
from tests.soak.verdict import Evidence

ISSUER = "http://localhost:1"
START = 1_000_000.0


def token(user: str = "alice", *, expires: float = START + 100, issuer: str = ISSUER) -> str:
    payload = json.dumps({"sub": user, "iss": issuer, "exp": expires}).encode()
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"


def printed(text: str) -> str:
    return json.dumps({"status": {"token": text}})


def given(event: str, text: str, *, at: float, family: int = 1, user: str = "alice") -> dict[str, Any]:
    return {"at": at, "event": event, "family": family, "user": user, "scope": "openid", "token": digest(text)}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context("alice", "alice", tmp_path / "cache", ("--oidc-issuer-url=x",))


@pytest.fixture
def good(context: Context) -> Evidence:
    """A run in which one call signs in, and another one has its token."""
    calls = [Call(context, START + number, stdout=printed(token()), seconds=0.5, pid=7) for number in (0, 5)]
    return Evidence(
        minutes=1,
        contexts=[context],
        calls=calls,
        injections=[],
        ledger=[given("login", token(), at=START)],
        opened=[f"{START} alice 7"],
        issuer=ISSUER,
        last=[],
        wanted=[],
        looks=10,
        corrupt=[],
        left_over=[],
    )


def violations(evidence: Evidence) -> list[str]:
    evidence.figures()
    return evidence.violations


def test_a_good_run_has_none_and_its_figures(good: Evidence) -> None:
    figures = good.figures()
    assert good.violations == []
    assert (figures["calls"], figures["sign-ins"], figures["browser opens"], figures["hangs"]) == (2, 1, 1, 0)
    assert (figures["p50 seconds"], figures["p99 seconds"]) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (token("bob"), "printed a token of bob"),
        (token(issuer="http://evil"), "at http://evil"),
        (token(expires=START - 10), "had expired"),
    ],
)
def test_a_wrong_token_is_found(good: Evidence, text: str, found: str) -> None:
    good.calls = [replace(good.calls[0], stdout=printed(text))]
    good.ledger = [*good.ledger, given("refresh", text, at=START)]
    assert any(found in line for line in violations(good))


def test_a_token_that_nobody_gave_is_found(good: Evidence) -> None:
    good.calls = [replace(good.calls[0], stdout=printed(token(expires=START + 200)))]
    assert any("never gave" in line for line in violations(good))


def test_a_process_that_never_ends_is_found(good: Evidence) -> None:
    good.left_over = ["7 kubelogin get-token"]
    assert any("goes on for ever: 7 kubelogin" in line for line in violations(good))
    assert good.figures()["hangs"] == 1


def test_a_sign_in_too_many_is_found(good: Evidence) -> None:
    good.opened = [*good.opened, f"{START + 9} alice 8"]
    assert any("asked again" in line for line in violations(good))


@pytest.mark.parametrize("kind", ["sessions revoked", "damage beyond repair", "full disk"])
def test_one_loss_explains_one_sign_in_and_not_two(good: Evidence, kind: str) -> None:
    good.injections = [Injection(START + 5, START + 5, kind, "alice")]
    if kind == "sessions revoked":
        good.ledger = [*good.ledger, {"at": START + 5, "event": "revoked"}]
    good.opened = [*good.opened, f"{START + 6} alice 8"]
    assert violations(good) == []
    good.opened = [*good.opened, f"{START + 7} alice 9"]
    assert any("asked again" in line for line in violations(good))


def test_damage_with_a_copy_left_explains_none(good: Evidence) -> None:
    good.injections = [Injection(START + 5, START + 5, "damage", "alice")]
    good.opened = [*good.opened, f"{START + 6} alice 8"]
    assert any("asked again" in line for line in violations(good))


def test_a_refresh_token_that_comes_twice_needs_a_lost_answer(good: Evidence) -> None:
    good.ledger = [*good.ledger, {"at": START + 9, "event": "reuse", "family": 1}]
    assert any("came twice" in line for line in violations(good))
    good.violations.clear()
    good.injections = [Injection(START + 5, START + 6, "network: cut")]
    assert violations(good) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"hung": True, "stderr": "waiting"}, "hung"),
        ({"stderr": "error: internal error 12 (KeyError)"}, "fault of ours"),
        ({"stderr": "error: who knows"}, "no cause"),
        ({"stderr": "error: GET x: connection refused (temporary)"}, "no cause"),
        ({"stderr": "error: nobody is asked again for 60 seconds"}, "no cause"),
        ({"stderr": "error: interrupted"}, "no cause"),
        ({"stderr": "error: no available port"}, "no cause"),
        ({"stdout": "{}", "stderr": "error: GET x: connection refused (temporary)"}, "printed something"),
    ],
    ids=lambda value: value["stderr"] if isinstance(value, dict) else None,
)
def test_a_failure_without_a_reason_is_found(good: Evidence, changed: dict[str, Any], found: str) -> None:
    good.calls = [*good.calls, replace(good.calls[1], **{"stdout": "", "code": 1, **changed})]
    assert any(found in line for line in violations(good)), good.violations


@pytest.mark.parametrize("done", ["network", "killed"])
def test_a_failure_with_a_reason_is_none(good: Evidence, done: str) -> None:
    failed = replace(good.calls[1], stdout="", code=1, stderr="error: GET x: connection refused (temporary)")
    good.calls = [*good.calls, replace(failed, killed=done == "killed")]
    good.injections = [Injection(START + 4, START + 6, "network: refused")] if done == "network" else []
    assert violations(good) == []


def test_a_session_that_can_not_be_read_is_found(good: Evidence) -> None:
    good.corrupt = ["x"]
    assert any("could not be read" in line for line in violations(good))
    good.violations.clear()
    good.corrupt = []
    directory = good.contexts[0].directory
    directory.mkdir()
    (directory / "session-0.json").write_bytes(b'{"format":')
    assert any("can't be read in the end" in line for line in violations(good))


def test_a_kind_of_fault_that_never_struck_is_found(good: Evidence) -> None:
    good.minutes, good.wanted = 5, ["network", "clock"]
    good.injections = [Injection(START, START + 1, "network: cut")]
    assert violations(good) == ["nothing was done of the kind: clock"]


def test_what_fails_after_all_was_well_again_is_found(good: Evidence) -> None:
    good.last = [replace(good.calls[0], code=1, stdout="", stderr="error: x")]
    assert any("well again" in line for line in violations(good))
