"""The stand-in API server takes and refuses what Kubernetes does, and real kubectls work with it."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from tests.support.api_server import ApiServer, start_api_server
from tests.support.certificates import Certificates
from tests.support.kubectl import KUBECTL, kubectl, write_kubeconfig
from tests.support.providers import EMBEDDED, Provider
from tests.support.relying_party import RelyingParty


class Issuer:
    """A provider of metadata and keys only, whose tokens can say anything."""

    def __init__(self) -> None:
        self.keys = KeySet(
            [
                RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
                ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}),
                OKPKey.generate_key("Ed25519", {"kid": "okp", "use": "sig"}),
            ],
        )
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                metadata = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/jwks"}
                document = issuer.keys.as_dict(private=False) if self.path == "/jwks" else metadata
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, algorithm: str = "RS256", kid: str = "rsa", key: Any = None, **changes: Any) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": "kubernetes",
            "sub": "alice",
            "exp": now + 60,
            "email": "alice@example.test",
            "email_verified": True,
            "groups": ["developers"],
        } | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": algorithm, "kid": kid}, kept, key or self.keys.get_by_kid(kid), [algorithm])


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def server(issuer: Issuer, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    directory = tmp_path_factory.mktemp("api")
    provider = Provider("stand-in", component=type("At", (), {"address": issuer.url})(), log=directory / "log")
    started = start_api_server(directory, provider, certificates)
    yield started
    started.stop()


def review(server: ApiServer, token: str | None) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{server.url}/apis/authentication.k8s.io/v1/selfsubjectreviews"
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, json={}, headers=headers, verify=str(server.ca), timeout=10)


@pytest.mark.parametrize(
    ("changes", "groups"),
    [
        ({}, ["oidc:developers"]),
        ({"aud": ["other", "kubernetes"]}, ["oidc:developers"]),
        ({"groups": "developers"}, ["oidc:developers"]),
        ({"groups": None}, []),
        ({"email_verified": None}, ["oidc:developers"]),
        ({"algorithm": "PS256"}, ["oidc:developers"]),
        ({"algorithm": "ES256", "kid": "ec"}, ["oidc:developers"]),
        ({"nbf": int(time.time()) + 40}, ["oidc:developers"]),
    ],
    ids=[
        "plain",
        "audience-list",
        "groups-string",
        "no-groups",
        "email-verified-absent",
        "PS256",
        "ES256",
        "nbf-leeway",
    ],
)
def test_good_tokens_become_a_user_with_prefixes(
    server: ApiServer, issuer: Issuer, changes: dict[str, Any], groups: list[str]
) -> None:
    response = review(server, issuer.token(**changes))
    assert response.status_code == 201, server.refusals()[-1:]
    about = response.json()["status"]["userInfo"]
    assert about == {"username": "oidc:alice@example.test", "groups": [*groups, "system:authenticated"]}


FOREIGN = RSAKey.generate_key(2048)
REFUSED = {
    "wrong-issuer": ({"iss": "https://other.example.test"}, "iss is"),
    "issuer-with-slash": ({"iss": "http://127.0.0.1/"}, "iss is"),
    "wrong-audience": ({"aud": "other"}, "does not contain 'kubernetes'"),
    "audience-list-without": ({"aud": ["other", "kubernetes2"]}, "does not contain 'kubernetes'"),
    "no-audience": ({"aud": None}, "does not contain 'kubernetes'"),
    "expired": ({"exp": int(time.time()) - 1}, "expired"),
    "no-expiry": ({"exp": None}, "no exp"),
    "not-yet": ({"nbf": int(time.time()) + 1000}, "nbf"),
    "email-not-verified": ({"email_verified": False}, "email_verified"),
    "email-verified-as-text": ({"email_verified": "true"}, "email_verified"),
    "no-email": ({"email": None}, "no email claim"),
    "groups-as-number": ({"groups": 7}, "groups is neither"),
    "groups-with-number": ({"groups": ["developers", 7]}, "groups is neither"),
    "eddsa": ({"algorithm": "EdDSA", "kid": "okp"}, "alg 'EdDSA'"),
    "foreign-key": ({"key": FOREIGN}, "signature does not verify"),
    "unknown-key": ({"kid": "gone", "key": FOREIGN}, "signature does not verify"),
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_refusals_are_401_and_say_why_in_the_log(
    server: ApiServer, issuer: Issuer, changes: dict[str, Any], reason: str
) -> None:
    before = len(server.refusals())
    response = review(server, issuer.token(**changes))
    assert (response.status_code, response.json()["kind"], response.json()["reason"]) == (401, "Status", "Unauthorized")
    (why,) = server.refusals()[before:]
    assert reason in why


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (None, "no bearer token"),
        ("abc", "not a JWT"),
        ("e30.e30.", "alg None"),
        ("eyJhbGciOiJub25lIn0.e30.", "alg 'none'"),
    ],
    ids=["none-sent", "opaque", "no-alg", "alg-none"],
)
def test_what_is_no_signed_token_is_refused(server: ApiServer, token: str | None, reason: str) -> None:
    before = len(server.refusals())
    assert review(server, token).status_code == 401
    assert [reason in why for why in server.refusals()[before:]] == [True]


def plugin(path: Path, token: str, version: str = "v1") -> Path:
    document = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "status": {"token": token},
    }
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(document)}\nEND\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("which", ["kubectl", "old-kubectl"])
def test_real_kubectls_list_pods(
    server: ApiServer, issuer: Issuer, tmp_path: Path, required: Callable[[str], Path], which: str
) -> None:
    executable = required(which)
    version = "v1" if which == "kubectl" else "v1beta1"
    script = plugin(tmp_path / "plugin", issuer.token(), version)
    config = write_kubeconfig(
        tmp_path / "config", server=server.url, ca=server.ca, arguments=[], plugin=script, api_version=version
    )
    pods = kubectl("get", "pods", kubeconfig=config, home=tmp_path / "kube", executable=executable)
    assert (pods.code, pods.stdout.split()[:3]) == (0, ["NAME", "READY", "STATUS"]), pods.stderr
    names = kubectl("get", "pods", "-o", "name", kubeconfig=config, home=tmp_path / "kube", executable=executable)
    assert names.stdout.splitlines() == ["pod/hello-6d5f7c9b8-2xk4p", "pod/hello-6d5f7c9b8-9wq7z"], names.stderr
    one = kubectl(
        "get", "po", "hello-6d5f7c9b8-2xk4p", kubeconfig=config, home=tmp_path / "kube", executable=executable
    )
    assert "hello-6d5f7c9b8-2xk4p" in one.stdout, one.stderr


def test_kubectl_knows_who_it_is_and_says_unauthorized(server: ApiServer, issuer: Issuer, tmp_path: Path) -> None:
    def config(token: str) -> Path:
        script = plugin(tmp_path / "plugin", token)
        return write_kubeconfig(tmp_path / "config", server=server.url, ca=server.ca, arguments=[], plugin=script)

    who = kubectl("auth", "whoami", kubeconfig=config(issuer.token()), home=tmp_path / "kube")
    assert "oidc:alice@example.test" in who.stdout, who.stderr
    assert "[oidc:developers system:authenticated]" in who.stdout
    expired = kubectl("get", "pods", kubeconfig=config(issuer.token(exp=1)), home=tmp_path / "kube", executable=KUBECTL)
    assert expired.code != 0
    assert "logged in" in expired.stderr or "Unauthorized" in expired.stderr


def test_tokens_of_a_real_provider_over_https_are_taken(
    started_provider: Callable[..., Provider], started_api_server: Callable[..., ApiServer]
) -> None:
    provider = started_provider(EMBEDDED)
    response = review(started_api_server(provider), RelyingParty(provider).sign_in()["id_token"])
    assert response.json()["status"]["userInfo"]["groups"] == ["oidc:developers", "oidc:admins", "system:authenticated"]


def test_a_certificate_is_made_when_none_is_given(tmp_path: Path) -> None:
    import sys

    from tests.support import processes
    from tests.support.environment import clean
    from tests.support.providers import DEMO

    authority = tmp_path / "ca.crt"
    command = [sys.executable, DEMO / "api_server.py", "--issuer", "https://id.example.test", "--ca-out", authority]
    with processes.start(command, log=tmp_path / "log", env=clean(tmp_path / "home")) as component:
        answer = requests.get(f"{component.address}/version", verify=str(authority), timeout=10)
    assert answer.status_code == 401
