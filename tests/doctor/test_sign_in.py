"""Faults of signing in: ports, the client's registration, the browser, and what became of the last attempt."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.attempt import Attempt
from kubelogin_py.storage.attempts import DiskAttempts
from tests.adapters.test_listen import needs_ipv6
from tests.doctor.scene import ASKED, Patient
from tests.storage.surroundings import RememberingConsole
from tests.support.processes import free_port
from tests.support.scripted_provider import Reply

CALLBACK_PAGE = b"<html>Invalid callback URL, it might be necessary for an admin to fix this."


@contextlib.contextmanager
def held(port: int, *, host: str = "127.0.0.1") -> Iterator[None]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family):
        yield


def remember(patient: Patient, reason: str, *, ago: float = 300.0, ended: bool = True) -> None:
    clock = SystemClock()
    attempts = DiskAttempts(
        patient.cache, patient.login_key, console=RememberingConsole(), clock=clock, environment=patient.environment
    )
    now = clock.now() - ago
    attempts.keep(Attempt(now, now if ended else None, reason))


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_a_port_that_somebody_holds_on_one_family(patient: Patient, host: str) -> None:
    with held(patient.port, host=host):
        done = patient.examine()
    done.blames("redirect-ports", f"{host}: in use by", advice="ss -ltnp")


def test_a_first_port_that_is_taken_and_a_second_that_is_free(patient: Patient) -> None:
    """The browser then returns to another redirect URI than usual, which must be registered as well."""
    other = free_port()
    patient.arguments.append(f"--listen-address=127.0.0.1:{other}")
    with held(patient.port):
        done = patient.examine()
    done.blames("redirect-ports", f"http://localhost:{other}, which must be registered", status="warn")


def test_a_listen_address_that_is_none(patient: Patient) -> None:
    patient.replace_argument("listen-address", "0.0.0.0:8000")
    done = patient.examine()
    assert done.finding("redirect-ports")["status"] == "fail"
    assert "not on the loopback interface" in done.finding("redirect-ports")["found"]


def test_a_redirect_uri_that_is_not_registered(patient: Patient) -> None:
    """Seeds: Invalid callback URL, it might be necessary for an admin to fix this."""
    patient.provider.replies["/auth"] = Reply(400, CALLBACK_PAGE, {"Content-Type": "text/html"})
    done = patient.examine()
    uri = f"http://localhost:{patient.port}"
    done.blames("registration", "refuses the redirect URI", uri, "invalid callback URL", advice=f"register {uri}")
    assert done.asked == ASKED
    assert patient.provider.seen[-1].query["prompt"] == "none"


def test_a_client_id_that_the_provider_does_not_know(patient: Patient) -> None:
    """Seeds: the client ID is incorrect."""
    patient.provider.replies["/auth"] = Reply(400, b"<html>Unknown client", {"Content-Type": "text/html"})
    done = patient.examine()
    done.blames("registration", "refuses the client ID kubernetes", "unknown client", advice="check the client ID")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("invalid_scope", "a scope is requested that this client may not have"),
        ("unauthorized_client", "may not use this grant"),
        ("access_denied", "in no group that may use this client"),
        ("invalid_request", "malformed"),
    ],
)
def test_a_request_that_the_provider_refuses(patient: Patient, error: str, words: str) -> None:
    patient.provider.callback_error = error
    patient.examine().blames("registration", error, words, advice="compare scopes")


def test_an_error_that_is_not_redirected_tells_nothing(patient: Patient) -> None:
    body = b'{"error": "login_required"}'
    patient.provider.replies["/auth"] = Reply(400, body, {"Content-Type": "application/json"})
    assert "only in the browser" in patient.examine().finding("registration")["found"]


@pytest.mark.parametrize("error", ["login_required", "interaction_required", "consent_required"])
def test_that_nobody_was_asked_is_no_fault(patient: Patient, error: str) -> None:
    patient.provider.callback_error = error
    done = patient.examine()
    assert "the provider knows client kubernetes" in done.finding("registration")["found"]
    assert done.code == 0


def test_a_provider_that_shows_a_page_tells_nothing(patient: Patient) -> None:
    patient.provider.replies["/auth"] = Reply(200, b"<html>Sign in", {"Content-Type": "text/html"})
    found = patient.examine().finding("registration")
    assert found["status"] == "pass"
    assert "only in the browser" in found["found"]


def test_no_browser_here(patient: Patient) -> None:
    patient.replace_argument("browser-command", None)
    done = patient.examine()
    done.blames("browser", "no browser is found", status="warn", advice="--grant-type=device-code")


def test_a_browser_command_that_is_none(patient: Patient) -> None:
    patient.replace_argument("browser-command", "/nowhere/firefox")
    done = patient.examine()
    done.blames("browser", "/nowhere/firefox does not exist", status="warn", advice="--browser-command")


def test_a_browser_on_the_other_side_of_ssh(patient: Patient) -> None:
    patient.replace_argument("browser-command", None)
    patient.environment |= {"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22", "BROWSER": str(patient.browser)}
    patient.examine().blames("browser", "over SSH", status="warn", advice="--grant-type=device-code")


@pytest.mark.parametrize(
    ("reason", "cause", "advice"),
    [
        (
            "token request was refused by id.example.com: invalid_client (bad secret)",
            "the provider wants a secret",
            "pass --oidc-client-secret",
        ),
        (
            "the sign-in in the browser was not finished in time",
            "an old tab (state)",
            "register http://localhost:",
        ),
        ("authorization was refused by id.example.com: access_denied", "the person refused", "compare the client"),
        ("it was interrupted", "somebody ended it", "see what the checks above say"),
    ],
)
def test_a_sign_in_that_failed(patient: Patient, reason: str, cause: str, advice: str) -> None:
    """Seeds: the provider rejects the token request; the state does not match."""
    remember(patient, reason)
    done = patient.examine()
    done.blames("last-sign-in", "it failed 5 minutes ago", cause, advice=advice)
    assert done.finding("last-sign-in")["next"].endswith("kubelogin login")


def test_after_a_failure_nobody_is_asked_for_a_while(patient: Patient) -> None:
    remember(patient, "it was interrupted", ago=1)
    assert "kubectl asks nobody again for" in patient.examine().finding("last-sign-in")["cause"]


def test_a_sign_in_under_way(patient: Patient) -> None:
    remember(patient, "", ago=40, ended=False)
    patient.examine().blames("last-sign-in", "40 seconds ago", status="warn", advice="finish it in the browser")


def test_what_a_device_needs_no_port_for(patient: Patient) -> None:
    patient.arguments.append("--grant-type=device-code")
    with held(patient.port):
        done = patient.examine()
    assert done.code == 0
    assert "not needed for device-code" in done.finding("redirect-ports")["found"]
    assert "/auth" not in done.asked


@pytest.mark.parametrize("status", [403, 429, 500])
def test_an_authorization_endpoint_that_answers_otherwise(patient: Patient, status: int) -> None:
    patient.provider.replies["/auth"] = Reply(status)
    patient.examine().blames("registration", f"status {status}", status="warn", advice="kubelogin login")


def test_a_redirect_url_to_a_port_that_nobody_listens_on(patient: Patient) -> None:
    patient.arguments.append("--oidc-redirect-url=http://localhost:9999")
    patient.sign_in()
    patient.examine().blames(
        "redirect-ports", "leads to port 9999", f"we listen on {patient.port}", status="warn", advice="the same port"
    )
    patient.replace_argument("oidc-redirect-url", f"http://localhost:{patient.port}")
    patient.sign_in()
    assert patient.examine().code == 0
