"""Faults on the way to the provider, and of its documents."""

import json
import time
from typing import Any

import pytest

from tests.adapters.servers import Server
from tests.doctor.scene import ASKED, CLAIMS, REVIEW, Patient
from tests.oidc.minting import new_signer
from tests.support.certificates import Certificates
from tests.support.processes import free_port
from tests.support.scripted_provider import METADATA, Answer, Reply, ScriptedProvider, signing_key

AFTER_ISSUER = {"endpoints", "key-set", "algorithms", "client", "scopes", "grant", "registration"}
AFTER_DISCOVERY = {"issuer", "clock", *AFTER_ISSUER}
AFTER_ENDPOINTS = {"key-set", "algorithms", "grant", "registration"}


def elsewhere(patient: Patient, issuer: str) -> None:
    """Let the kubeconfig name another issuer; the session stays the one of before."""
    patient.replace_argument("oidc-issuer-url", issuer)
    patient.sign_in(issuer=issuer)


def test_a_proxy_variable_that_is_none(patient: Patient) -> None:
    patient.environment["HTTPS_PROXY"] = "ftp://someone:proxy-canary@proxy.example.com"
    elsewhere(patient, "https://id.example.com")
    done = patient.examine()
    done.blames("proxy", "HTTPS_PROXY", "not by ftp", without={"discovery", *AFTER_DISCOVERY}, advice="set HTTPS_PROXY")
    assert "proxy-canary" not in done.stdout
    assert done.asked == []


def test_a_proxy_that_is_not_there(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another name of this machine, since a loopback address is never proxied."""
    proxy = f"127.0.0.1:{free_port()}"
    patient.environment["HTTPS_PROXY"] = f"http://{proxy}"
    elsewhere(patient, "https://id.example.com")
    done = patient.examine()
    assert done.named("fail") == {"discovery"}
    found = done.finding("discovery")
    assert proxy in found["found"]
    assert f"through the proxy {proxy} (HTTPS_PROXY)" in found["cause"]
    assert f"through {proxy} (HTTPS_PROXY)" in done.finding("proxy")["found"]


def test_what_is_exempt_from_the_proxy_is_said(patient: Patient) -> None:
    patient.environment |= {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "10.0.0.0/8,.example.com"}
    assert "this machine is exempt from HTTPS_PROXY" in patient.examine().finding("proxy")["found"]
    elsewhere(patient, "https://id.example.com")
    assert ".example.com is exempt from HTTPS_PROXY" in patient.examine().finding("proxy")["found"]


def test_an_authority_that_can_not_be_read(patient: Patient) -> None:
    """Seeds: the CA certificate could not be loaded."""
    patient.replace_argument("certificate-authority", "/no/such/ca.pem")
    patient.sign_in()
    done = patient.examine()
    done.blames(
        "certificate-authorities",
        "/no/such/ca.pem: no such file",
        without={"discovery", *AFTER_DISCOVERY},
        advice="--certificate-authority=FILE",
    )


@pytest.mark.parametrize("kind", ["unknown", "damaged"])
def test_a_provider_that_this_machine_does_not_trust(patient: Patient, certificates: Certificates, kind: str) -> None:
    if kind == "unknown":
        patient.replace_argument("certificate-authority", str(certificates.other_ca))
    else:
        broken = patient.home / "ca.pem"
        broken.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
        patient.replace_argument("certificate-authority", str(broken))
    patient.sign_in()
    done = patient.examine()
    check = "discovery" if kind == "unknown" else "certificate-authorities"
    skipped = AFTER_DISCOVERY if kind == "unknown" else {"discovery", *AFTER_DISCOVERY}
    done.blames(check, "certificate", without=skipped, advice="")
    assert done.asked == []


def test_a_certificate_that_is_not_verified(patient: Patient) -> None:
    patient.arguments.append("--insecure-skip-tls-verify")
    patient.sign_in()
    patient.examine().blames(
        "certificate-authorities", "any certificate", status="warn", advice="--certificate-authority=FILE"
    )


def test_a_provider_that_is_down(patient: Patient) -> None:
    elsewhere(patient, f"https://127.0.0.1:{free_port()}")
    done = patient.examine()
    done.blames(
        "discovery", "connection refused", "nothing listens there", without=AFTER_DISCOVERY, advice="check the URL"
    )
    assert done.api == [f"{REVIEW} 201"]


def test_a_provider_whose_name_nobody_knows(patient: Patient) -> None:
    elsewhere(patient, "https://id.invalid")
    patient.examine().blames("discovery", "no such host", "VPN", without=AFTER_DISCOVERY, advice="check the URL")


def test_a_provider_that_hangs(patient: Patient) -> None:
    """One request, of bounded time, and nothing more of the provider."""
    with Server(lambda conversation: conversation.wait()) as server:
        elsewhere(patient, f"https://127.0.0.1:{server.port}")
        begin = time.monotonic()
        done = patient.examine()
        assert time.monotonic() - begin < 15
        assert server.connections == 1
    done.blames("discovery", "i/o timeout", "firewall", without=AFTER_DISCOVERY)


def test_a_trailing_slash_too_many(patient: Patient) -> None:
    elsewhere(patient, patient.provider.issuer + "/")
    done = patient.examine()
    done.blames(
        "issuer",
        "is of another issuer",
        "tokens of another issuer are refused",
        also={"token-issuer"} & done.named("fail", "warn"),
        without=AFTER_ISSUER,
        advice=f"the trailing slash differs: use --oidc-issuer-url={patient.provider.issuer}",
    )
    assert done.asked == [METADATA]


def test_the_wrong_path(patient: Patient) -> None:
    elsewhere(patient, patient.provider.issuer + "/auth/realms/home")
    done = patient.examine()
    done.blames("discovery", "status 404", "no provider at this path", without=AFTER_DISCOVERY, advice="Keycloak")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(302, headers={"Location": "https://login.example.com/"}), "redirect to https://login.example.com/"),
        (Reply(200, b"<html>Sign in", {"Content-Type": "text/html"}), "got text/html"),
        (Reply(503), "answered 503"),
        (Reply(200, b"{", {"Content-Type": "application/json"}), "malformed JSON"),
    ],
)
def test_something_else_in_the_place_of_the_metadata(patient: Patient, reply: Reply, words: str) -> None:
    patient.provider.replies[METADATA] = reply
    done = patient.examine()
    done.blames("discovery", words, without=AFTER_DISCOVERY)
    assert done.asked == [METADATA]


def test_metadata_that_is_found_by_a_redirect(patient: Patient) -> None:
    patient.provider.moved = True
    done = patient.examine()
    done.blames("discovery", "redirects to", status="warn", advice="issuer")
    assert done.asked == [METADATA, "/moved", "/certs", "/auth"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token_endpoint": None}, "names no token_endpoint"),
        ({"jwks_uri": None}, "names no jwks_uri"),
        ({"token_endpoint": "http://id.example.com/token"}, "it is http, not https"),
    ],
)
def test_metadata_without_a_safe_endpoint(patient: Patient, change: dict[str, Any], words: str) -> None:
    patient.provider.metadata_changes = change
    done = patient.examine()
    assert done.asked == [METADATA]
    found = done.finding("endpoints")
    assert found["status"] == "fail"
    assert words in found["found"]
    assert done.troubled == {"endpoints"}
    assert done.named("skip") == AFTER_ENDPOINTS


def test_a_key_set_without_keys(patient: Patient) -> None:
    patient.provider.replies["/certs"] = Reply(200, b'{"keys": []}')
    done = patient.examine()
    done.blames(
        "key-set", "no usable key", "no ID token can be verified", without={"algorithms"}, advice="RS256 or ES256"
    )


def test_a_key_set_on_a_host_that_can_not_be_reached(patient: Patient) -> None:
    """As with Pocket-ID behind an internal URL: the message names the host that failed."""
    patient.provider.metadata_changes = {"jwks_uri": "https://internal.invalid/keys"}
    done = patient.examine()
    done.blames("key-set", "internal.invalid", "no such host", without={"algorithms"})


def test_a_provider_that_signs_with_what_kubernetes_does_not_take(patient: Patient) -> None:
    signer = new_signer("EdDSA", "ed")
    patient.provider.metadata_changes = {"id_token_signing_alg_values_supported": ["EdDSA"]}
    patient.provider.replies["/certs"] = Reply(200, json.dumps({"keys": [signing_key().jwk(), signer.jwk()]}).encode())
    patient.examine().blames("algorithms", "EdDSA", "RS, ES and PS", advice="RS256")


def test_an_algorithm_without_a_key(patient: Patient) -> None:
    patient.provider.metadata_changes = {"id_token_signing_alg_values_supported": ["ES256"]}
    patient.examine().blames("algorithms", "publishes no key", advice="RS256")


def test_a_device_flow_that_is_not_offered(patient: Patient) -> None:
    patient.provider.metadata_changes = {"device_authorization_endpoint": None}
    patient.arguments.append("--grant-type=device-code")
    patient.examine().blames("grant", "device_authorization_endpoint", without={"registration"}, advice="enable it")


def test_a_provider_that_wants_pushed_requests(patient: Patient) -> None:
    patient.provider.metadata_changes = {"require_pushed_authorization_requests": True}
    patient.examine().blames("grant", "pushed", without={"registration"}, advice="device-code")


def test_a_scope_that_is_not_listed(patient: Patient) -> None:
    patient.provider.metadata_changes = {"scopes_supported": ["openid", "email"]}
    patient.arguments.append("--oidc-extra-scope=groups")
    patient.sign_in()
    patient.examine().blames("scopes", "groups", "invalid_scope", status="warn", advice="leave it out")


@pytest.mark.parametrize(
    ("path", "scope", "status", "words"),
    [
        ("/oauth2/openid/kubernetes", "offline_access", "fail", "access_denied"),
        ("/application/o/kubernetes/", "email", "warn", "no refresh token"),
    ],
)
def test_the_rules_of_a_provider_that_is_known(
    patient: Patient, path: str, scope: str, status: str, words: str
) -> None:
    """Kanidm ends the sign-in for it; Authentik gives no refresh token without it."""
    issuer = patient.provider.issuer + path
    patient.provider.metadata_changes = {"issuer": issuer}
    metadata = json.dumps({**patient.provider.metadata, "issuer": issuer}).encode()
    patient.provider.replies[path.rstrip("/") + METADATA] = Reply(200, metadata)
    patient.arguments.append(f"--oidc-extra-scope={scope}")
    patient.replace_argument("oidc-issuer-url", issuer)
    patient.sign_in(issuer=issuer, refresh=False)
    found = patient.examine().finding("scopes")
    assert found["status"] == status
    assert words in f"{found['found']} {found['cause']}"
    assert found["next"]


@pytest.mark.parametrize(("ahead", "status"), [(-45, "warn"), (45, "warn"), (-400, "fail"), (7200, "fail")])
def test_a_clock_that_is_wrong(patient: Patient, ahead: float, status: str) -> None:
    patient.provider.clock_ahead = ahead
    direction = "behind" if ahead > 0 else "ahead of"
    done = patient.examine()
    done.blames("clock", f"{direction} the provider's", status=status, advice="set the clock right")
    assert done.asked == ASKED


def test_an_answer_from_a_cache_is_as_old_as_it_says(patient: Patient) -> None:
    patient.provider.clock_ahead = -300
    body = json.dumps(patient.provider.metadata).encode()
    patient.provider.replies[METADATA] = Reply(200, body, {"Age": "300", "Content-Type": "application/json"})
    assert patient.examine().statuses["clock"] == "pass"


def test_every_answer_is_bounded(patient: Patient) -> None:
    patient.provider.replies[METADATA] = Reply(200, b'{"issuer": "' + b"x" * (300 << 10) + b'"}')
    found = patient.examine().finding("discovery")
    assert "larger than" in found["found"]


def test_a_scripted_provider_is_as_at_the_start_again() -> None:
    with ScriptedProvider() as provider:
        provider.metadata_changes = {"issuer": "x"}
        provider.recover()
        assert provider.metadata["issuer"] == provider.issuer


def at_authentik(patient: Patient, **metadata: Any) -> str:
    """Let the provider look like authentik, and return its issuer."""
    issuer = f"{patient.provider.issuer}/application/o/kubernetes/"
    document = {**patient.provider.metadata, "issuer": issuer, **metadata}
    place = f"/application/o/kubernetes{METADATA}"
    patient.provider.replies[place] = Reply(200, json.dumps(document).encode(), {"Content-Type": "application/json"})
    return issuer


@pytest.mark.parametrize(
    ("slash", "claims", "check", "words"),
    [
        (False, {}, "issuer", "authentik: "),
        (True, {"email_verified": False}, "token-email-verified", "scope mapping"),
        (True, {"groups": None}, "token-groups", "profile"),
    ],
)
def test_the_cure_is_that_providers_own(
    patient: Patient, *, slash: bool, claims: dict[str, Any], check: str, words: str
) -> None:
    issuer = at_authentik(patient)
    patient.replace_argument("oidc-issuer-url", issuer if slash else issuer.rstrip("/"))
    answer = Answer(claims={**CLAIMS, "iss": issuer, **claims})
    patient.sign_in(answer=answer, issuer=issuer)
    found = patient.examine(*patient.arguments).finding(check)
    assert found["status"] in ("warn", "fail")
    assert words in found["next"], found
