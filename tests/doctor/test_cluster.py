"""Faults of the cluster, and tokens that its API server refuses."""

import time
from typing import Any

import pytest

from tests.adapters.servers import Server, response
from tests.doctor.conftest import Hospital
from tests.doctor.scene import ASKED, CLAIMS, Patient
from tests.oidc.minting import new_signer
from tests.support.certificates import Certificates
from tests.support.processes import free_port
from tests.support.scripted_provider import Answer

REFUSED = "POST /apis/authentication.k8s.io/v1/selfsubjectreviews 401"


def test_a_cluster_that_can_not_be_reached(patient: Patient) -> None:
    patient.cluster["server"] = f"https://127.0.0.1:{free_port()}"
    done = patient.examine()
    done.blames("cluster", "connection refused", without={"api-server"}, advice="kubectl cluster-info")
    assert done.asked == ASKED


def test_a_cluster_that_hangs(patient: Patient) -> None:
    with Server(lambda conversation: conversation.wait()) as server:
        patient.cluster["server"] = f"https://127.0.0.1:{server.port}"
        begin = time.monotonic()
        done = patient.examine()
        assert time.monotonic() - begin < 15
        assert server.connections == 1
    done.blames("cluster", "i/o timeout", without={"api-server"})


def test_an_authority_that_did_not_sign_the_cluster(patient: Patient, certificates: Certificates) -> None:
    """As when the certificate was taken from the connection, which the guide's script does."""
    del patient.cluster["certificate-authority-data"]
    patient.cluster["certificate-authority"] = str(certificates.other_ca)
    done = patient.examine()
    done.blames("cluster", "certificate", without={"api-server"}, advice="certificate-authority-data")
    assert done.api == []


def test_an_authority_in_a_file_beside_the_kubeconfig(patient: Patient) -> None:
    del patient.cluster["certificate-authority-data"]
    (patient.home / ".kube/ca.pem").write_bytes(patient.ca.read_bytes())
    patient.cluster["certificate-authority"] = "ca.pem"
    assert patient.examine().code == 0


def test_a_certificate_for_another_name(patient: Patient) -> None:
    patient.cluster["tls-server-name"] = "kubernetes.default"
    done = patient.examine()
    done.blames("cluster", "certificate", "not for kubernetes.default", without={"api-server"})
    patient.cluster["tls-server-name"] = "localhost"
    assert patient.examine().code == 0


def test_a_cluster_whose_certificate_is_not_verified(patient: Patient) -> None:
    del patient.cluster["certificate-authority-data"]
    patient.cluster["insecure-skip-tls-verify"] = True
    patient.examine().blames("cluster", "is not verified", status="warn", advice="--certificate-authority=FILE")


@pytest.mark.parametrize("server", ["https://api.example.com", ""])
def test_a_proxy_of_the_clusters_own(patient: Patient, server: str) -> None:
    """kubectl goes through it to this machine, too, and whatever NO_PROXY says."""
    patient.cluster["proxy-url"] = f"http://127.0.0.1:{free_port()}"
    patient.cluster["server"] = server or patient.cluster["server"]
    patient.environment["NO_PROXY"] = "*"
    done = patient.examine()
    done.blames("cluster", patient.cluster["proxy-url"].partition("//")[2], "refused", without={"api-server"})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"certificate-authority-data": "!"}, "certificate-authority-data is not base64"),
        ({"certificate-authority-data": "", "certificate-authority": "/nowhere.pem"}, "/nowhere.pem: no such file"),
        ({"proxy-url": "gopher://x"}, "proxy-url: a proxy is reached by"),
    ],
    ids=["data", "file", "proxy"],
)
def test_an_entry_of_the_cluster_that_can_not_be_used(patient: Patient, changed: dict[str, str], words: str) -> None:
    patient.cluster |= changed
    done = patient.examine()
    done.blames("cluster", words, 'the kubeconfig says of cluster "', without={"api-server"}, advice="config view")
    assert not done.finding("cluster")["found"].startswith("--")


@pytest.mark.parametrize(
    ("document", "words"),
    [({"clusters": []}, 'cluster "home" of context "dev" does not exist'), ({}, "has no server")],
)
def test_a_cluster_that_is_not_there(patient: Patient, document: dict[str, Any], words: str) -> None:
    patient.document, patient.cluster = document, {}
    patient.examine().blames("cluster", words, without={"api-server"}, advice="kubectl config set-cluster home")


def test_an_address_that_nobody_verified(patient: Patient) -> None:
    """Seeds: error: You must be logged in to the server (Unauthorized); oidc: email not verified."""
    patient.sign_in(answer=Answer(claims={**CLAIMS, "email_verified": False}))
    done = patient.examine()
    done.blames("api-server", "401 Unauthorized", "not verified", also={"token-email-verified"}, advice="verif")
    assert done.api == [REFUSED]
    assert done.asked == ASKED


def test_an_api_server_that_expects_another_audience(patient: Patient, hospital: Hospital) -> None:
    """Seeds: the Zitadel guide gives the API server the project's resource ID, which is no client."""
    server = hospital[1](client_id="project-id")
    patient.api_server = server
    patient.cluster["server"] = server.url
    done = patient.examine()
    done.blames("api-server", "401", "no rule of the API server trusts it", advice="the client ID kubernetes")
    assert "log of kube-apiserver" in done.finding("api-server")["next"]


def test_an_api_server_that_knows_rs256_alone(patient: Patient, hospital: Hospital) -> None:
    """Seeds: Kanidm signs with ES256, and an API server with flags does not take that by itself."""
    import json

    from tests.support.scripted_provider import Reply, signing_key

    signer = new_signer("ES256", "es")
    keys = {"keys": [signing_key().jwk(), signer.jwk()]}
    patient.provider.replies["/certs"] = Reply(200, json.dumps(keys).encode())
    patient.provider.metadata_changes = {"id_token_signing_alg_values_supported": ["ES256"]}
    server = hospital[1](signing_algs="RS256")
    patient.api_server = server
    patient.cluster["server"] = server.url
    patient.sign_in(answer=Answer(claims=CLAIMS, key=signer))
    patient.examine().blames("api-server", "signed with ES256", "RS256 alone")


def test_groups_that_are_an_object(patient: Patient) -> None:
    """Zitadel's roles, without its action: the API server refuses the whole token."""
    patient.sign_in(answer=Answer(claims={**CLAIMS, "groups": {"admin": {"1": "x"}}}))
    patient.examine().blames("api-server", "401", '"groups"', also={"token-groups"}, advice="names")


def test_no_groups_claim(patient: Patient) -> None:
    """Seeds: make sure you see a groups claim, and if you don't revisit your scope mapper."""
    patient.sign_in(answer=Answer(claims={**CLAIMS, "groups": None}))
    done = patient.examine()
    done.blames("token-groups", 'there is no claim "groups"', status="warn", advice="scope")


def test_a_token_that_kubernetes_can_not_verify(patient: Patient) -> None:
    patient.sign_in(answer=Answer(claims=CLAIMS, key=new_signer("EdDSA", "ed")))
    done = patient.examine()
    done.blames("api-server", "401", "EdDSA", also={"token-algorithm"}, advice="RS256")


def test_a_token_signed_with_a_key_that_is_gone(patient: Patient) -> None:
    patient.sign_in(answer=Answer(claims=CLAIMS, key=new_signer("RS256", "gone")))
    patient.examine().blames("api-server", '"gone"', also={"token-key"}, advice="sign in again")


def test_what_is_only_likely_is_a_warning_without_an_api_server_to_ask(patient: Patient) -> None:
    patient.sign_in(answer=Answer(claims={**CLAIMS, "email_verified": False}))
    patient.cluster["server"] = f"https://127.0.0.1:{free_port()}"
    done = patient.examine()
    done.blames("cluster", "refused", also={"token-email-verified"}, without={"api-server"})
    assert done.statuses["token-email-verified"] == "warn"


@pytest.mark.parametrize(
    ("status", "body", "outcome", "words"),
    [
        (403, b'{"message": "selfsubjectreviews is forbidden"}', "warn", "selfsubjectreviews is forbidden"),
        (404, b"{}", "pass", "before Kubernetes 1.28"),
        (500, b"oops", "warn", "status 500"),
        (201, b"not json", "pass", "does not say for whom"),
    ],
)
def test_other_answers_of_an_api_server(
    patient: Patient, certificates: Certificates, *, status: int, body: bytes, outcome: str, words: str
) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server.certificate, certificates.server.key)

    def answer(conversation: Any) -> None:
        assert (
            b"Authorization: Bearer " in conversation.read_request()
            or b"authorization: Bearer " in conversation.received
        )
        conversation.send(response(status, body))

    with Server(answer, tls=context) as server:
        patient.cluster["server"] = f"https://127.0.0.1:{server.port}"
        found = patient.examine().finding("api-server")
        assert server.connections == 1
    assert found["status"] == outcome
    assert words in found["found"]
