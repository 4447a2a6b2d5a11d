"""Which users of a kubeconfig become users of this program, how, and which are left alone."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kubelogin_py.kubernetes.kubeconfig_convert import Conversion, conversions
from kubelogin_py.secret import Secret
from tests.oidc.minting import compact

COMMAND = "/opt/kubelogin"
PATH = Path("/home/me/.kube/config")
PROVIDER = ["--oidc-issuer-url=https://id.example.com", "--oidc-client-id=kubernetes"]
EXEC = {"apiVersion": "client.authentication.k8s.io/v1beta1", "env": None, "provideClusterInfo": False}
SECRET_FILE = "/secrets/https:/id.example.com kubernetes hunter2"  # names what it was asked to keep


def unsigned(claims: dict[str, object]) -> str:
    return compact({"alg": "RS256"}, claims, b"signature")


def keep(issuer: str, client_id: str, secret: Secret) -> Path:
    return Path(f"/secrets/{issuer} {client_id} {secret.reveal()}")


def convert(user: dict[str, Any]) -> list[Conversion]:
    text = yaml.safe_dump({"users": [{"name": "other", "user": {}}, {"name": "me", "user": user}]})
    return list(conversions(PATH, text, COMMAND, keep))


def plugin(user: dict[str, Any]) -> dict[str, Any]:
    (found,) = convert(user)
    assert found.entry is not None
    return dict(found.entry.body["exec"])  # type: ignore[call-overload]


STARTS = {
    "kubectl": ("kubectl", ["oidc-login"]),
    "kubectl-path": ("/usr/local/bin/kubectl", ["oidc-login"]),
    "kubectl-windows": ("C:\\bin\\kubectl.exe", ["oidc-login"]),
    "no-command": ("", ["oidc-login"]),
    "kubelogin": ("kubelogin", []),
    "kubelogin-path": ("/home/me/.krew/store/kubelogin", []),
    "krew": ("kubectl-oidc_login", []),
    "relative": ("./bin/kubectl-oidc-login", []),
}


@pytest.mark.parametrize(("command", "before"), STARTS.values(), ids=STARTS)
def test_who_starts_int128_s_program(command: str, before: list[str]) -> None:
    words = ["get-token", *PROVIDER, "--oidc-extra-scope=email,groups", "--listen-address", "127.0.0.1:8000"]
    found = plugin({"exec": EXEC | {"command": command, "args": [*before, *words], "interactiveMode": "Never"}})
    assert (found["command"], found["args"]) == (COMMAND, words)
    assert found["interactiveMode"] == "IfAvailable"
    assert found["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert "pipx install kubelogin-py" in found["installHint"]
    assert (found["env"], found["provideClusterInfo"]) == (None, False)


def test_an_api_that_kubectl_no_longer_has_becomes_the_current_one() -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "kubelogin"}}
    user["exec"]["args"] = ["get-token", *PROVIDER]  # type: ignore[assignment]
    assert plugin(user)["apiVersion"] == "client.authentication.k8s.io/v1"


@pytest.mark.parametrize("words", [["--oidc-client-secret=hunter2"], ["--oidc-client-secret", "hunter2"]])
def test_the_client_secret_goes_into_a_file(words: list[str]) -> None:
    found = plugin({"exec": EXEC | {"command": "kubelogin", "args": ["get-token", *PROVIDER, *words, "-v1"]}})
    assert found["args"] == ["get-token", *PROVIDER, f"--oidc-client-secret-file={SECRET_FILE}", "-v1"]


def test_an_empty_client_secret_is_none() -> None:
    found = plugin({"exec": EXEC | {"command": "kubelogin", "args": ["get-token", *PROVIDER, "--oidc-client-secret="]}})
    assert found["args"] == ["get-token", *PROVIDER]


def test_once_is_enough() -> None:
    user = {"exec": EXEC | {"command": "kubelogin", "args": ["get-token", *PROVIDER]}}
    (again,) = convert({"exec": plugin(user)})
    assert (again.entry, again.told) == (None, 'user "me" uses this program already')


def test_who_has_an_auth_provider() -> None:
    config = {
        "idp-issuer-url": "https://id.example.com",
        "client-id": "kubernetes",
        "client-secret": "hunter2",
        "extra-scopes": "email,groups",
        "idp-certificate-authority": "ca.pem",
        "idp-certificate-authority-data": "QUJD",
        "id-token": "a.b.c",
        "refresh-token": "d",
    }
    (found,) = convert({"auth-provider": {"name": "oidc", "config": config}})
    assert found.entry is not None
    assert found.has_session
    assert list(found.arguments) == found.entry.body["exec"]["args"]  # type: ignore[index]
    assert list(found.arguments) == [
        "get-token",
        *PROVIDER,
        f"--oidc-client-secret-file={SECRET_FILE}",
        "--oidc-extra-scope=email",
        "--oidc-extra-scope=groups",
        "--certificate-authority=/home/me/.kube/ca.pem",
        "--certificate-authority-data=QUJD",
    ]


CLAIMS = {"iss": "https://id.example.com", "sub": "alice", "aud": "kubernetes", "exp": 1900000000, "iat": 1}


@pytest.mark.parametrize(
    "claims", [{}, {"aud": ["x", "kubernetes"], "azp": "kubernetes"}, {"aud": ["kubernetes", "x"], "azp": 5}], ids=str
)
def test_who_has_a_raw_id_token(claims: dict[str, object]) -> None:
    found = plugin({"token": unsigned(CLAIMS | claims)})
    assert found["args"] == ["get-token", *PROVIDER]


def test_what_else_a_user_has_stays() -> None:
    rest = {"as": "robot", "client-certificate-data": "QUJD", "extensions": [{"name": "x", "extension": {}}]}
    for before in (
        {"token": unsigned(CLAIMS)},
        {"token": unsigned(CLAIMS), "tokenFile": "/token"},
        {"exec": EXEC | {"command": "kubelogin", "args": ["get-token", *PROVIDER]}},
        {"auth-provider": {"name": "oidc", "config": {"idp-issuer-url": "https://x", "client-id": "y"}}},
    ):
        (found,) = convert(before | rest)
        assert found.entry is not None
        assert {key: value for key, value in found.entry.body.items() if key != "exec"} == rest


ALONE = {
    "azure": {"exec": EXEC | {"command": "kubelogin", "args": ["get-token", "--environment", "x", "--server-id", "y"]}},
    "setup": {"exec": EXEC | {"command": "kubelogin", "args": ["version"]}},
    "service-account": {"token": unsigned(CLAIMS | {"sub": "system:serviceaccount:a:b"})},
    "cluster-issuer": {"token": unsigned(CLAIMS | {"iss": "kubernetes/serviceaccount"})},
    "opaque": {"token": "abc"},
    "gcp": {"auth-provider": {"name": "gcp", "config": {}}},
    "no-client": {"auth-provider": {"name": "oidc", "config": {"idp-issuer-url": "https://x"}}},
}


@pytest.mark.parametrize("user", ALONE.values(), ids=ALONE)
def test_who_is_left_alone_with_a_reason(user: dict[str, Any]) -> None:
    (found,) = convert(user)
    assert found.entry is None
    assert 'user "me"' in found.told


NOT_MEANT = {
    "other-plugin": {"exec": EXEC | {"command": "aws", "args": ["eks", "get-token"]}},
    "other-kubectl": {"exec": EXEC | {"command": "kubectl", "args": ["oidc", "get-token"]}},
    "certificate": {"client-certificate": "x"},
    "no-arguments": {"exec": {"command": "kubectl"}},
    "odd": {"exec": "kubelogin"},
}


@pytest.mark.parametrize("user", NOT_MEANT.values(), ids=NOT_MEANT)
def test_who_is_not_meant(user: dict[str, Any]) -> None:
    assert convert(user) == []


def test_names_are_printable() -> None:
    text = yaml.safe_dump({"users": [{"name": "\x1b[31m", "user": ALONE["opaque"]}]})
    assert [one.told.isprintable() for one in conversions(PATH, text, COMMAND, keep)] == [True]
