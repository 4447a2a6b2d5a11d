"""Faults of the kubeconfig's entry, and of the policy on what it may start."""

import os
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.doctor.scene import ASKED, REVIEW, Patient
from tests.support.environment import BIN

LOCAL = {"redirect-ports", "browser", "cache-directory", "cache-files", "cache-locks", "keyring", "last-sign-in"}
OF_THE_ENTRY = {"command", "api-version", "interactive-mode", "plugin-policy"}
FROM_THE_ARGUMENTS = {
    *("secrets", "issuer-url", "proxy", "certificate-authorities", "discovery", "issuer", "endpoints", "key-set"),
    *("algorithms", "client", "scopes", "grant", "clock", "registration", "session", "refresh", "api-server", "token"),
    *LOCAL,
}


def test_no_kubeconfig(patient: Patient) -> None:
    done = patient.examine(write=False)
    everything = set(done.statuses) - {"kubeconfig"}
    done.blames("kubeconfig", "does not exist", without=everything, advice="--kubeconfig=FILE")
    assert (done.asked, done.api) == ([], [])


def test_a_kubeconfig_that_is_no_yaml(patient: Patient) -> None:
    patient.write_kubeconfig()
    patient.kubeconfig.write_text("apiVersion: [v1\n")
    done = patient.examine(write=False)
    assert done.statuses["kubeconfig"] == "fail"
    assert "is not a kubeconfig: line" in done.finding("kubeconfig")["found"]
    assert (done.code, done.asked, done.api) == (1, [], [])


@pytest.mark.parametrize(
    ("more", "document", "words", "advice"),
    [
        (("--context=prod",), {}, 'context "prod" does not exist', "kubectl config get-contexts"),
        ((), {"current-context": ""}, "no current context", "kubectl config use-context"),
        ((), {"users": []}, 'user "alice" of context "dev" does not exist', "kubectl config set-context dev --user"),
    ],
)
def test_an_entry_that_is_not_there(
    patient: Patient, more: tuple[str, ...], document: dict[str, Any], words: str, advice: str
) -> None:
    patient.document = document
    done = patient.examine(*more)
    done.blames("kubeconfig", words, without=set(done.statuses) - {"kubeconfig"}, advice=advice)


def test_an_auth_provider_that_kubectl_no_longer_knows(patient: Patient) -> None:
    config = {"idp-issuer-url": patient.provider.issuer, "client-id": "kubernetes"}
    user = {"auth-provider": {"name": "oidc", "config": config}}
    patient.document = {"users": [{"name": "alice", "user": user}]}
    done = patient.examine()
    done.blames(
        "exec-section",
        "auth-provider",
        "1.26",
        without={*OF_THE_ENTRY, "arguments", *FROM_THE_ARGUMENTS},
        advice="setup",
    )


def test_a_token_beside_the_plugin(patient: Patient) -> None:
    patient.write_kubeconfig()
    document = patient.kubeconfig.read_text().replace('"exec": {', '"token": "static-canary", "exec": {')
    patient.kubeconfig.write_text(document)
    done = patient.examine(write=False)
    done.blames("exec-section", "token", status="warn", advice="kubectl config unset users.alice.token")
    assert "static-canary" not in done.stdout


def test_a_plugin_without_command_as_in_the_guide(patient: Patient) -> None:
    """The stanza of the Talos and Pocket-ID guide has no command."""
    del patient.plugin["command"]
    patient.examine().blames("command", "no command", advice="--exec-command=kubelogin")
    patient.before = ["oidc-login"]
    patient.examine().blames("command", "no command", advice="--exec-command=kubectl")


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("kubelogin-of-old", [], "kubelogin-of-old is not on PATH"),
        ("./bin/kubelogin", [], "bin/kubelogin does not exist"),
        ("/opt/kubelogin", [], "/opt/kubelogin does not exist"),
        ("kubectl", ["oidc-login"], "kubectl is not on PATH"),
    ],
)
def test_a_command_that_is_not_there(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, command: str, arguments: list[str], words: str
) -> None:
    monkeypatch.setenv("PATH", str(patient.home))
    patient.plugin["command"], patient.before = command, arguments
    patient.examine().blames("command", words, "kubectl ends with", advice="install")


def test_a_kubectl_that_finds_no_oidc_login(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = patient.home / "bin"
    programs.mkdir()
    (programs / "kubectl").symlink_to(BIN / "kubectl")
    monkeypatch.setenv("PATH", str(programs))
    patient.plugin["command"], patient.before = "kubectl", ["oidc-login"]
    patient.examine().blames("command", "oidc-login", "kubectl-oidc_login", advice="pipx install")


def test_another_program_of_the_same_name(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """int128/kubelogin and Azure's have the same name, and are machine code."""
    programs = patient.home / "bin"
    programs.mkdir()
    (programs / "kubelogin").write_bytes(b"\x7fELF" + bytes(1000))
    (programs / "kubelogin").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{BIN}")
    patient.plugin["command"] = "kubelogin"
    patient.examine().blames("command", "is another program", status="warn", advice="PATH")


@pytest.mark.parametrize("version", ["client.authentication.k8s.io/v1alpha1", "v1", None])
def test_a_version_that_kubectl_refuses(patient: Patient, version: str | None) -> None:
    patient.plugin["apiVersion"] = version
    done = patient.examine()
    done.blames("api-version", version or "missing", advice="--exec-api-version=client.authentication.k8s.io/v1")
    assert (done.asked, done.api) == (ASKED, [f"{REVIEW} 201"])


def test_the_older_version_still_serves(patient: Patient) -> None:
    patient.plugin["apiVersion"] = "client.authentication.k8s.io/v1beta1"
    del patient.plugin["interactiveMode"]
    assert patient.examine().named("fail", "warn", "skip") == set()


@pytest.mark.parametrize(
    ("mode", "more", "words", "status"),
    [
        (None, [], "missing", "fail"),
        ("Sometimes", [], "Sometimes", "fail"),
        ("Never", ["--grant-type=authcode-keyboard", "--oidc-redirect-url=http://localhost:8000"], "lends", "fail"),
        ("Always", [], "never get a token", "warn"),
    ],
)
def test_an_interactive_mode_that_does_not_serve(
    patient: Patient, mode: str | None, more: list[str], words: str, status: str
) -> None:
    patient.plugin["interactiveMode"] = mode
    patient.arguments += more
    patient.sign_in()
    patient.examine().blames("interactive-mode", words, status=status, advice="IfAvailable")


def kuberc(patient: Patient, *lines: str) -> Path:
    path = patient.home / ".kube/kuberc"
    head = ("apiVersion: kubectl.config.k8s.io/v1beta1", "kind: Preference")
    path.write_text("\n".join([*head, *lines]) + "\n")
    return path


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("credentialPluginPolicy: DenyAll",), 'policy set to "DenyAll"'),
        (
            (
                "credentialPluginPolicy: Allowlist",
                "credentialPluginAllowlist:",
                "- command: aws",
                "- command: gke-gcloud-auth-plugin",
            ),
            "is not permitted by the credential plugin allowlist",
        ),
        (("credentialPluginPolicy: Allowlist",), "empty"),
        (("credentialPluginPolicy: Allowlist", "credentialPluginAllowlist:", "- {}"), "names no command"),
        (("credentialPluginPolicy: Sometimes",), "Sometimes"),
        (("credentialPluginPolicy: [",), "refuses to run"),
    ],
)
def test_a_policy_that_forbids_us(patient: Patient, lines: tuple[str, ...], words: str) -> None:
    path = kuberc(patient, *lines)
    done = patient.examine()
    done.blames("plugin-policy", words, str(path))
    if "refuses to run" not in words:
        assert f"command={patient.plugin['command']}" in done.finding("plugin-policy")["next"]


def test_a_policy_that_names_us_or_is_not_read(patient: Patient) -> None:
    allowed = ("credentialPluginPolicy: Allowlist", "credentialPluginAllowlist:")
    kuberc(patient, *allowed, f"- command: {patient.plugin['command']}")
    assert patient.examine().statuses["plugin-policy"] == "pass"
    kuberc(patient, "credentialPluginPolicy: DenyAll")
    patient.environment["KUBECTL_KUBERC"] = "false"
    assert patient.examine().statuses["plugin-policy"] == "pass"
    patient.environment = {**patient.environment, "KUBECTL_KUBERC": "true", "KUBERC": str(patient.home / "other")}
    assert patient.examine().statuses["plugin-policy"] == "pass"


def test_a_bare_command_is_allowed_by_its_path(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(BIN))
    patient.plugin["command"] = "kubelogin"
    for entry in ("kubelogin", str(BIN / "kubelogin")):
        kuberc(patient, "credentialPluginPolicy: Allowlist", "credentialPluginAllowlist:", f"- command: {entry}")
        assert patient.examine().statuses["plugin-policy"] == "pass"


def test_commands_can_be_pasted_whatever_the_names_are(patient: Patient) -> None:
    patient.cluster["insecure-skip-tls-verify"] = True
    del patient.cluster["certificate-authority-data"]
    patient.write_kubeconfig()
    document = yaml.safe_load(patient.kubeconfig.read_text())
    user, cluster = document["users"][0], document["clusters"][0]
    user["name"], cluster["name"] = "o'hara; id", "my home"
    document["contexts"][0]["context"] |= {"user": user["name"], "cluster": cluster["name"]}
    user["user"]["token"] = "t"
    patient.kubeconfig.write_text(yaml.safe_dump(document))
    done = patient.examine(write=False)
    for check, word in (("exec-section", "users.o'hara; id.token"), ("cluster", "my home")):
        assert word in shlex.split(done.finding(check)["next"])
