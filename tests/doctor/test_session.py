"""Faults of the cached session."""

import time

import pytest

from kubelogin_py.refresh_due import Setback
from kubelogin_py.storage.ahead import DiskAhead
from tests.doctor.scene import ASKED, REVIEW, Patient
from tests.storage.surroundings import ShiftedClock


def test_nobody_is_signed_in(patient: Patient) -> None:
    patient.session_file.unlink()
    patient.session_file.with_name(patient.session_file.name + ".twin").unlink()
    done = patient.examine("--context=dev")
    done.blames(
        "session", "nobody is signed in", status="warn", without={"api-server", "token"}, advice="login --context=dev"
    )
    assert (done.asked, done.api) == (ASKED, ["GET /version 401"])


@pytest.mark.parametrize(
    ("grant", "words"),
    [("password", "ask for the password"), ("device-code", "show a code"), ("authcode-keyboard", "ask for what comes")],
)
def test_what_kubectl_will_do_instead(patient: Patient, grant: str, words: str) -> None:
    patient.arguments.append(f"--grant-type={grant}")
    patient.sign_in(expires_at=time.time() - 60, refresh=False)
    assert words in patient.examine().finding("session")["cause"]


def test_a_token_that_expired_and_will_be_refreshed(patient: Patient) -> None:
    patient.sign_in(expires_at=time.time() - 600)
    done = patient.examine()
    assert done.troubled == set()
    assert "expired 10 minutes ago" in done.finding("session")["found"]
    assert "the next command refreshes it" in done.finding("session")["found"]
    assert done.statuses["api-server"] == "skip"
    assert done.api == ["GET /version 401"]


def test_a_token_that_expired_without_a_refresh_token(patient: Patient) -> None:
    patient.sign_in(expires_at=time.time() - 7300, refresh=False)
    done = patient.examine()
    done.blames(
        "session",
        "expired 2 hours ago",
        "there is no refresh token",
        status="warn",
        also={"token-refresh-token"},
        without={"api-server"},
        advice="kubelogin login",
    )


def test_no_refresh_token(patient: Patient) -> None:
    patient.sign_in(refresh=False)
    patient.examine().blames(
        "token-refresh-token", "the browser opens each time", status="warn", advice="offline_access"
    )


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"{", "is damaged: not JSON"),
        (b'{"format": 99}', "written by a newer version"),
        (b"[]", "is damaged: not a JSON"),
    ],
)
def test_a_session_that_can_not_be_read(patient: Patient, contents: bytes, words: str) -> None:
    patient.session_file.write_bytes(contents)
    if b"99" not in contents:
        patient.session_file.with_name(patient.session_file.name + ".twin").write_bytes(contents)
    done = patient.examine()
    assert words in done.finding("session")["found"]
    assert done.finding("session")["status"] == "warn"
    assert done.finding("session")["next"] == "kubelogin login"
    assert done.troubled == {"session"}
    assert done.named("skip") == {"api-server", "token"}


def test_a_refresh_in_the_background_that_failed(patient: Patient) -> None:
    ahead = DiskAhead(patient.cache, clock=ShiftedClock(), environment={})
    ahead.keep(patient.key, Setback(time.time() - 300, "id.example.com: connection refused"))
    patient.examine().blames("refresh", "5 minutes ago: id.example.com: connection refused", advice="kubelogin login")


def test_a_refresh_token_whose_answer_was_lost(patient: Patient) -> None:
    patient.sign_in(refresh_sent_at=time.time() - 60)
    patient.examine().blames("refresh", "no answer came back", status="warn", advice="kubelogin login")


@pytest.mark.parametrize("contents", [b"", b"{", b"[]"])
def test_a_damaged_file_is_stood_in_for_by_its_copy(patient: Patient, contents: bytes) -> None:
    patient.session_file.write_bytes(contents)
    done = patient.examine()
    done.blames("session", f"{patient.session_file.name} is damaged", "its copy", status="warn", advice="puts it right")
    assert patient.session_file.read_bytes() == contents
    assert done.api == [f"{REVIEW} 201"]
