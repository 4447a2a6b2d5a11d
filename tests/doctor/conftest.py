"""One provider and one API server for all of them; both are as new before each test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from tests.doctor.scene import CLAIMS, Patient
from tests.support.api_server import ApiServer, start_api_server
from tests.support.certificates import Certificates
from tests.support.scripted_provider import Answer, ScriptedProvider

Hospital = tuple[ScriptedProvider, Callable[..., ApiServer]]


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Hospital]:
    """A provider whose documents can be changed, and API servers that trust it."""
    running: dict[object, ApiServer] = {}
    with ScriptedProvider(certificates.server) as provider:

        def api_server(**options: object) -> ApiServer:
            key = tuple(sorted(options.items()))
            if key not in running:
                trusted = SimpleNamespace(issuer=provider.issuer, ca=certificates.ca)
                directory = tmp_path_factory.mktemp("api-server")
                running[key] = start_api_server(directory, trusted, certificates, **options)  # type: ignore[arg-type]
                # It reads the provider's documents for its first token, when they are still in order.
                header = {"Authorization": f"Bearer {provider.id_token(Answer(claims=CLAIMS))}"}
                requests.get(f"{running[key].url}/version", headers=header, verify=certificates.ca, timeout=30)
            return running[key]

        yield provider, api_server
        for server in running.values():
            server.stop()


@pytest.fixture
def patient(hospital: Hospital, certificates: Certificates, tmp_path: Path) -> Patient:
    """A person who is signed in, and for whom everything works."""
    provider, api_server = hospital
    provider.recover()
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    healthy = Patient(provider, api_server(), home, certificates.ca)
    healthy.sign_in()
    return healthy
