"""The stand-in API server reads files as Kubernetes does: strictly, or it does not start."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.kubernetes import golden
from tests.support import processes
from tests.support.api_server import ApiServer, start_configured_api_server
from tests.support.certificates import Certificates
from tests.support.providers import DEMO

GOOD = (golden.FOLDER / "generic-1.33/authentication.yaml").read_text(encoding="utf-8")


def get(server: ApiServer, path: str, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{server.url}{path}", headers=headers, verify=str(server.ca), timeout=10).status_code


def test_health_needs_no_token_and_nothing_else_does_without(certificates: Certificates, tmp_path: Path) -> None:
    file = tmp_path / "authentication.yaml"
    file.write_text(GOOD, encoding="utf-8")
    server = start_configured_api_server(tmp_path / "api", certificates, file)
    try:
        assert [get(server, path) for path in ("/livez", "/readyz", "/healthz")] == [200, 200, 200]
        assert [get(server, path) for path in ("/version", "/api", "/api/v1/pods")] == [401, 401, 401]
        # Who shows a token is not anonymous, and a bad one is refused.
        assert get(server, "/livez", "x.y.z") == 401
    finally:
        server.stop()


def without(document: dict[str, Any]) -> None:
    del document["jwt"][0]["claimMappings"]["username"]["prefix"]


FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "unknown-member": lambda document: document.update(oidc={}),
    "unknown-version": lambda document: document.update(apiVersion="apiserver.config.k8s.io/v1alpha1"),
    "no-prefix": without,
    "http": lambda document: document["jwt"][0]["issuer"].update(url="http://id.example.com"),
    "two-audiences": lambda document: document["jwt"][0]["issuer"].update(audiences=["a", "b"]),
    "bad-expression": lambda document: document["jwt"][0]["userValidationRules"].append({"expression": "a b"}),
}


@pytest.mark.parametrize("change", FAULTS.values(), ids=FAULTS)
def test_a_faulty_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], object]
) -> None:
    monkeypatch.syspath_prepend(str(DEMO))
    api_configuration = importlib.import_module("api_configuration")
    file = written(tmp_path, change)
    with pytest.raises(api_configuration.Faulty):
        api_configuration.read_configuration(file)


def test_with_a_faulty_file_it_does_not_start(certificates: Certificates, tmp_path: Path) -> None:
    with pytest.raises(processes.NotReadyError, match="unknown"):
        start_configured_api_server(tmp_path / "api", certificates, written(tmp_path, FAULTS["unknown-member"]))


def written(directory: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    document = yaml.safe_load(GOOD)
    change(document)
    file = directory / "authentication.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file
