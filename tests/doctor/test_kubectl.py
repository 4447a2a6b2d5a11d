"""What the doctor says of an entry is what the real kubectl does with it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.scene import Patient
from tests.doctor.test_entry import kuberc
from tests.support import command
from tests.support.environment import BIN

pytestmark = pytest.mark.required("kubectl")

ALLOWLIST = ("credentialPluginPolicy: Allowlist", "credentialPluginAllowlist:")
HERE = str(command.KUBELOGIN)


def kubectl(patient: Patient, required: Callable[[str], Path]) -> command.Result:
    """Let kubectl ask for pods, with the session that is cached."""
    patient.write_kubeconfig()
    return command.run("get", "pods", home=patient.home, command=required("kubectl"), env=dict(os.environ))


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        ({}, "", ""),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "api-version", "v1alpha1"),
        ({"apiVersion": None}, "api-version", "apiVersion"),
        ({"interactiveMode": None}, "interactive-mode", "interactiveMode must be specified"),
        ({"interactiveMode": "Sometimes"}, "interactive-mode", "invalid interactiveMode"),
        ({"interactiveMode": "Always"}, "interactive-mode", "standard input"),
        ({"command": None}, "command", "command must be specified"),
        ({"command": "kubelogin-of-old"}, "command", "executable kubelogin-of-old not found"),
        ({"command": "./kubelogin"}, "command", "no such file"),
        ({"apiVersion": "client.authentication.k8s.io/v1beta1", "interactiveMode": None}, "", ""),
    ],
)
def test_an_entry(
    patient: Patient, required: Callable[[str], Path], change: dict[str, Any], check: str, words: str
) -> None:
    patient.plugin |= change
    done = kubectl(patient, required)
    diagnosis = patient.examine()
    assert diagnosis.troubled == ({check} if check else set())
    assert (done.code == 0) is (not check), done.stderr
    assert words in done.stderr


@pytest.mark.parametrize(
    ("plugin", "lines", "allowed"),
    [
        (HERE, ("credentialPluginPolicy: AllowAll",), True),
        (HERE, ("credentialPluginPolicy: DenyAll",), False),
        (HERE, (*ALLOWLIST, f"- command: {HERE}"), True),
        (HERE, (*ALLOWLIST, f"- command: {BIN}/../bin/kubelogin"), False),
        (HERE, (*ALLOWLIST, "- command: kubelogin"), True),
        (HERE, (*ALLOWLIST, "- command: kubectl-oidc_login"), False),
        ("kubelogin", (*ALLOWLIST, "- command: kubelogin"), True),
        ("kubelogin", (*ALLOWLIST, f"- command: {HERE}"), True),
        ("kubelogin", (*ALLOWLIST, "- command: /usr/bin/kubelogin"), False),
        (HERE, ("credentialPluginPolicy: Allowlist",), False),
        (HERE, (*ALLOWLIST, "- {}"), False),
        (HERE, ("credentialPluginPolicy: Sometimes",), False),
    ],
)
def test_a_policy(
    patient: Patient,
    required: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    plugin: str,
    lines: tuple[str, ...],
    *,
    allowed: bool,
) -> None:
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    patient.plugin["command"] = plugin
    patient.write_kubeconfig()
    kuberc(patient, *lines)
    done = kubectl(patient, required)
    assert (done.code == 0) is allowed, done.stderr
    assert patient.examine().troubled == (set() if allowed else {"plugin-policy"})
