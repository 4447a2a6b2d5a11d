"""What goes wrong in five guides that people follow, each failure planted once: the doctor names it.

Sections "Possible errors" (Pocket-ID on Talos) and troubleshooting (certificates for Talos), and what the guides on
Zitadel, Kanidm and Authentik say must not be forgotten.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.doctor.conftest import Hospital
from tests.doctor.scene import CLAIMS, Patient
from tests.doctor.test_sign_in import CALLBACK_PAGE, held, remember
from tests.oidc.minting import new_signer
from tests.support.certificates import Certificates
from tests.support.environment import BIN
from tests.support.processes import free_port
from tests.support.scripted_provider import Answer, Reply, signing_key


@dataclass
class Ward:
    """Where a fault is planted."""

    patient: Patient
    hospital: Hospital
    certificates: Certificates
    monkeypatch: pytest.MonkeyPatch
    holding: list[int] = field(default_factory=list)


def callback_url(ward: Ward) -> None:
    ward.patient.provider.replies["/auth"] = Reply(400, CALLBACK_PAGE)


def port_in_use(ward: Ward) -> None:
    ward.holding.append(ward.patient.port)


def token_of_before_a_change(ward: Ward) -> None:
    ward.patient.sign_in(answer=Answer(claims=CLAIMS, key=new_signer("RS256", "former")))


def email_not_verified(ward: Ward) -> None:
    ward.patient.sign_in(answer=Answer(claims={**CLAIMS, "email_verified": False}))


def issuer_for_client(ward: Ward) -> None:
    ward.patient.replace_argument("oidc-client-id", ward.patient.provider.issuer)


def no_command(ward: Ward) -> None:
    del ward.patient.plugin["command"]


def no_plugin_on_path(ward: Ward) -> None:
    programs = ward.patient.home / "bin"
    programs.mkdir()
    (programs / "kubectl").symlink_to(BIN / "kubectl")
    ward.monkeypatch.setenv("PATH", str(programs))
    ward.patient.plugin["command"], ward.patient.before = "kubectl", ["oidc-login"]


def no_kubectl_on_path(ward: Ward) -> None:
    ward.monkeypatch.setenv("PATH", str(ward.patient.home))
    ward.patient.plugin["command"] = "kubectl"


def provider_out_of_reach(ward: Ward) -> None:
    ward.patient.replace_argument("oidc-issuer-url", f"https://localhost:{free_port()}")


def api_server_out_of_reach(ward: Ward) -> None:
    ward.patient.cluster["server"] = f"https://localhost:{free_port()}"


def resource_id(ward: Ward) -> None:
    server = ward.hospital[1](client_id="resource-id")
    ward.patient.api_server, ward.patient.cluster["server"] = server, server.url


def no_email(ward: Ward) -> None:
    ward.patient.sign_in(answer=Answer(claims={"groups": ["admins"]}))


def no_groups(ward: Ward) -> None:
    ward.patient.sign_in(answer=Answer(claims={**CLAIMS, "groups": None}))


def roles_as_an_object(ward: Ward) -> None:
    ward.patient.sign_in(answer=Answer(claims={**CLAIMS, "groups": {"admin": {"1": "x"}}}))


def another_certificate_for_the_authority(ward: Ward) -> None:
    ward.patient.cluster["certificate-authority"] = str(ward.certificates.wrong_host.certificate)
    del ward.patient.cluster["certificate-authority-data"]


def confidential_client(ward: Ward) -> None:
    remember(ward.patient, "token request was refused by id.example.com: invalid_client")


def wrong_client_id(ward: Ward) -> None:
    ward.patient.provider.replies["/auth"] = Reply(400, b"unknown client")


def proxy_in_the_way(ward: Ward) -> None:
    ward.patient.environment["HTTPS_PROXY"] = f"http://127.0.0.1:{free_port()}"
    ward.patient.replace_argument("oidc-issuer-url", "https://id.example.com")


def stale_tab(ward: Ward) -> None:
    remember(ward.patient, "the sign-in in the browser was not finished in time")


def unreadable_authority(ward: Ward) -> None:
    ward.patient.replace_argument("certificate-authority", "/no/such/talos-ca.crt")


def no_secret_service(ward: Ward) -> None:
    ward.patient.arguments.append("--token-cache-storage=keyring")


def unmapped_scope(ward: Ward) -> None:
    ward.patient.provider.callback_error = "access_denied"


def es256(ward: Ward) -> None:
    signer = new_signer("ES256", "es")
    keys = json.dumps({"keys": [signing_key().jwk(), signer.jwk()]}).encode()
    ward.patient.provider.replies["/certs"] = Reply(200, keys)
    server = ward.hospital[1](signing_algs="RS256")
    ward.patient.api_server, ward.patient.cluster["server"] = server, server.url
    ward.patient.sign_in(answer=Answer(claims=CLAIMS, key=signer))


def missing_slash(ward: Ward) -> None:
    ward.patient.provider.metadata_changes = {"issuer": ward.patient.provider.issuer + "/"}


@pytest.fixture
def ward(patient: Patient, hospital: Hospital, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """A healthy patient, and what is needed to break something."""
    return Ward(patient, hospital, certificates, monkeypatch)


POCKET_ID, ZITADEL, TALOS, KANIDM, AUTHENTIK = "Pocket-ID", "Zitadel", "talosctl-oidc", "Kanidm", "Authentik"

FAILURES: list[tuple[str, str, Callable[[Ward], None], str, str]] = [
    (POCKET_ID, "Invalid callback URL", callback_url, "registration", "callback URL"),
    (POCKET_ID, "something running on that port", port_in_use, "redirect-ports", "in use by"),
    (POCKET_ID, "You must be logged in to the server", token_of_before_a_change, "api-server", "sign in again"),
    (POCKET_ID, "oidc: email not verified", email_not_verified, "token-email-verified", "not verified"),
    (POCKET_ID, "--oidc-client-id=<pocket ID url>", issuer_for_client, "arguments", "not an address"),
    (POCKET_ID, "no command in the stanza", no_command, "command", "no command"),
    (ZITADEL, "'kubectl oidc-login' plugin not found", no_plugin_on_path, "command", "kubectl-oidc_login"),
    (ZITADEL, "kubectl not found in PATH", no_kubectl_on_path, "command", "kubectl is not on PATH"),
    (ZITADEL, "users must be able to reach Zitadel", provider_out_of_reach, "discovery", "connection refused"),
    (ZITADEL, "users must be able to reach the API server", api_server_out_of_reach, "cluster", "connection refused"),
    (ZITADEL, "enable Development Mode", callback_url, "registration", "http://localhost:"),
    (ZITADEL, "Resource ID instead of Client ID", resource_id, "api-server", "client ID kubernetes"),
    (ZITADEL, "ensure the email claim is present", no_email, "api-server", "no email"),
    (ZITADEL, "configure the groups claim", no_groups, "token-groups", "groups"),
    (ZITADEL, "verify correct mapping of user attributes", roles_as_an_object, "token-groups", "refuses"),
    (ZITADEL, "ca.crt of openssl s_client", another_certificate_for_the_authority, "cluster", "authority"),
    (TALOS, "rejecting the token request: confidential client", confidential_client, "last-sign-in", "secret"),
    (TALOS, "the Client ID is incorrect", wrong_client_id, "registration", "client ID kubernetes"),
    (TALOS, "another process is using port 8900", port_in_use, "redirect-ports", "in use by"),
    (TALOS, "could not reach the discovery endpoint", proxy_in_the_way, "discovery", "HTTPS_PROXY"),
    (TALOS, "state parameter does not match", stale_tab, "last-sign-in", "old tab (state)"),
    (TALOS, "the login flow has a timeout", stale_tab, "last-sign-in", "not finished in time"),
    (TALOS, "CA certificate could not be loaded", unreadable_authority, "certificate-authorities", "no such file"),
    (TALOS, "go-keyring requires a secret service", no_secret_service, "keyring", "there is no keyring here"),
    (KANIDM, "map the scopes we need", unmapped_scope, "registration", "access_denied"),
    (KANIDM, "the API server must take ES256", es256, "api-server", "ES256"),
    (AUTHENTIK, "make sure you see a groups claim", no_groups, "token-groups", "scope"),
    (AUTHENTIK, "the issuer ends with a slash", missing_slash, "issuer", "trailing slash"),
]


@pytest.mark.parametrize(
    ("plant", "check", "words"),
    [row[2:] for row in FAILURES],
    ids=[f"{guide}: {failure}" for guide, failure, *_ in FAILURES],
)
def test_the_doctor_names_it(ward: Ward, plant: Callable[[Ward], None], check: str, words: str) -> None:
    plant(ward)
    with held(ward.holding[0] if ward.holding else free_port()):
        done = ward.patient.examine()
    found = done.finding(check)
    assert found["status"] in ("fail", "warn")
    assert words in " ".join((found["found"], found["cause"], found["next"]))
    assert done.code == (1 if done.named("fail") else 0)


def test_whoever_may_do_nothing_yet_learns_the_name_to_bind(patient: Patient) -> None:
    """Authentik: User "oidc:…" cannot list resource: the token is right, and a role binding is missing."""
    found = patient.examine().finding("api-server")
    assert found["status"] == "pass"
    assert '"oidc:alice@example.test", groups: oidc:developers, oidc:admins' in found["found"]
