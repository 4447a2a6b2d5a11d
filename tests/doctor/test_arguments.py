"""Faults of what the plugin is told."""

import pytest

from tests.doctor.scene import Patient
from tests.doctor.test_entry import FROM_THE_ARGUMENTS

OF_THE_PROVIDER = {
    *("proxy", "discovery", "issuer", "endpoints", "key-set", "algorithms", "client", "scopes", "grant", "clock"),
    "registration",
}


@pytest.mark.parametrize(
    ("more", "words", "advice"),
    [
        (["--oidc-issuer=https://id.example.com"], "unknown flag: --oidc-issuer", ""),
        (["--grant-type=implicit"], "grant-type must be one of", ""),
        (["--oidc-client-id="], "--oidc-client-id is missing", ""),
        (["--oidc-issuer-url=<pocket ID url>"], "a guide's placeholder", "--oidc-issuer-url"),
        (["--oidc-client-id=YOUR_CLIENT_ID"], "a guide's placeholder", "--oidc-client-id"),
        (["--oidc-auth-request-extra-params=state=x"], "state", "leave it out"),
    ],
)
def test_options_that_can_not_be_used(patient: Patient, more: list[str], words: str, advice: str) -> None:
    patient.arguments += more
    done = patient.examine()
    found = done.finding("arguments")
    assert found["status"] == "fail"
    assert words in f"{found['found']} {found['cause']}"
    assert advice in (found["next"] or "")
    assert done.troubled == {"arguments"}
    assert done.named("skip") == FROM_THE_ARGUMENTS
    assert (done.code, done.asked) == (1, [])


def test_the_issuer_in_the_place_of_the_client_as_in_the_guide(patient: Patient) -> None:
    """The stanza of the Talos and Pocket-ID guide has the provider's URL for the client ID."""
    patient.replace_argument("oidc-client-id", patient.provider.issuer)
    patient.examine().blames(
        "arguments", "is the URL", "not an address", without=FROM_THE_ARGUMENTS, advice="copy the client ID"
    )


def test_an_exec_section_of_another_command(patient: Patient) -> None:
    patient.write_kubeconfig()
    patient.kubeconfig.write_text(patient.kubeconfig.read_text().replace('"get-token"', '"get-tokens"'))
    done = patient.examine(write=False)
    assert done.statuses["arguments"] == "fail"
    assert "get-token is not among the arguments" in done.finding("arguments")["found"]


def test_a_secret_among_the_arguments(patient: Patient) -> None:
    patient.arguments.append("--oidc-client-secret=secret-canary")
    done = patient.examine()
    done.blames("secrets", "client secret", "list of processes", status="warn", advice="--oidc-client-secret-file")
    assert "secret-canary" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ("http://id.example.com", "it is http, not https"),
        ("https://id.example.com/.well-known/openid-configuration", "address of the provider metadata"),
        ("id.example.com", "does not begin with https://"),
    ],
)
def test_an_issuer_that_is_no_issuer(patient: Patient, issuer: str, words: str) -> None:
    patient.replace_argument("oidc-issuer-url", issuer)
    done = patient.examine()
    done.blames("issuer-url", words, status="fail", also={"session"}, without={*OF_THE_PROVIDER, "api-server", "token"})
    assert done.asked == []
