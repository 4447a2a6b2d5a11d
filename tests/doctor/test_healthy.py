"""Where nothing is wrong the doctor finds nothing, asks each server once, and leaves everything as it is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doctor.scene import ASKED, REVIEW, Patient
from tests.support import command
from tests.support.api_server import ApiServer
from tests.support.certificates import Certificates
from tests.support.processes import free_port
from tests.support.providers import CERTIFIED, KINDS, Provider, sign_in_script


def test_everything_passes(patient: Patient) -> None:
    done = patient.examine()
    assert done.named("fail", "warn", "skip") == set(), [done.finding(one) for one in done.named("fail", "warn")]
    assert (done.code, done.stderr) == (0, "")
    assert done.asked == ASKED
    assert done.api == [f"{REVIEW} 201"]
    assert 'oidc:alice@example.test", groups: oidc:developers, oidc:admins' in done.finding("api-server")["found"]


def test_real_providers_pass_through_the_installed_command(
    provider: Provider,
    api_server: ApiServer,
    tmp_path: Path,
    certificates: Certificates,
    required: Callable[[str], Path],
) -> None:
    """Both providers, a sign-in through kubectl, and then the doctor, in processes of their own."""
    home, kubectl = tmp_path / "home", required("kubectl")
    browser = sign_in_script(tmp_path / "browser", ca=certificates.ca)
    port = free_port()
    words = [
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        "--oidc-client-id=kubernetes",
        "--oidc-extra-scope=email,profile,groups,offline_access",
        f"--certificate-authority={certificates.ca}",
        f"--listen-address=127.0.0.1:{port}",
        f"--browser-command={browser}",
    ]
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "IfAvailable", "args": words}
    user = {"exec": {**plugin, "command": str(command.KUBELOGIN)}}
    cluster = {"server": api_server.url, "certificate-authority": str(api_server.ca)}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "dev",
        "contexts": [{"name": "dev", "context": {"cluster": "home", "user": "alice"}}],
        "clusters": [{"name": "home", "cluster": cluster}],
        "users": [{"name": "alice", "user": user}],
    }
    (home / ".kube").mkdir(parents=True)
    (home / ".kube/config").write_text(json.dumps(kubeconfig))
    pods = command.run("get", "pods", home=home, command=kubectl)
    assert pods.code == 0, pods.stderr
    provider.forget()
    done = command.run("doctor", "--output=json", home=home)
    checks = {one["check"]: one for one in json.loads(done.stdout)["checks"]}
    troubled = [one for one in checks.values() if one["status"] != "pass"]
    assert troubled == []
    assert (done.code, done.stderr) == (0, "")
    assert [provider.count(one) for one in ("discovery", "jwks_uri", "authorization_endpoint")] == [1, 1, 1]
    assert provider.count() == 3
    known = "the provider knows client" if provider.kind == CERTIFIED else "only in the browser"
    assert known in checks["registration"]["found"]
    assert "oidc:alice@example.test" in checks["api-server"]["found"]


@pytest.mark.parametrize("kind", KINDS)
def test_real_providers_tell_a_redirect_uri_that_is_not_registered(
    kind: str, started_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    """Without anybody in a browser: the guide's first error, and the one after it."""
    provider = started_provider(kind)
    words = [
        f"--oidc-issuer-url={provider.issuer}",
        "--oidc-client-id=kubernetes",
        f"--certificate-authority={provider.ca}",
    ]
    wrong = command.run(
        "doctor", "--output=json", *words, "--oidc-redirect-url=http://localhost:8000/elsewhere", home=tmp_path
    )
    found = next(one for one in json.loads(wrong.stdout)["checks"] if one["check"] == "registration")
    assert (found["status"], wrong.code) == ("fail", 1), found
    assert "http://localhost:8000/elsewhere" in found["found"]
    other = command.run("doctor", "--output=json", words[0], "--oidc-client-id=nobody", words[2], home=tmp_path)
    found = next(one for one in json.loads(other.stdout)["checks"] if one["check"] == "registration")
    assert found["status"] == "fail", found
    assert "client" in found["found"]
