"""Drives the stand-in Kubernetes API server."""

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support import processes
from tests.support.certificates import Certificates
from tests.support.environment import clean
from tests.support.providers import DEMO, Provider


@dataclass
class ApiServer:
    """A running API server.

    :param ca: PEM file to trust it by.
    :param log: one line per request, and ``refused: <reason>``.
    """

    component: processes.Component
    ca: Path
    log: Path

    @property
    def url(self) -> str:
        """Its address."""
        return self.component.address

    def refusals(self) -> list[str]:
        """Return why tokens were refused, oldest first."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [line.removeprefix("refused: ") for line in lines if line.startswith("refused: ")]

    def stop(self) -> None:
        """End it."""
        self.component.stop()


def start_api_server(
    directory: Path, provider: Provider, certificates: Certificates, *, client_id: str = "kubernetes", **options: object
) -> ApiServer:
    """Start an API server that trusts this provider, and return it once it answers.

    :param options: its flags, such as ``username_claim``, ``groups_prefix``, ``signing_algs``.
    """
    trusted = {"issuer": provider.issuer, "client_id": client_id}
    return _started(
        directory, certificates, **trusted, **({"issuer_ca": provider.ca} if provider.ca else {}), **options
    )


def start_configured_api_server(
    directory: Path,
    certificates: Certificates,
    configuration: Path,
    *,
    role_bindings: Path | None = None,
    port: int = 0,
) -> ApiServer:
    """Start an API server that is told everything by an ``AuthenticationConfiguration``.

    :param role_bindings: cluster role bindings; without them everybody may see pods.
    :param port: to listen on; 0 for any.
    """
    bound = {"role_bindings": role_bindings} if role_bindings else {}
    return _started(directory, certificates, authentication_config=configuration, port=port, **bound)


def _started(directory: Path, certificates: Certificates, **options: object) -> ApiServer:
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "api-server.log"
    own: dict[str, object] = {
        "tls_cert": certificates.server.certificate,
        "tls_key": certificates.server.key,
        "log": log,
    }
    flags = {**own, **options}
    command: list[str | Path] = [sys.executable, DEMO / "api_server.py"]
    for name, value in flags.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    component = processes.start(command, log=directory / "api-server.stderr", env=clean(directory / "home"))
    return ApiServer(component, certificates.ca, log)
