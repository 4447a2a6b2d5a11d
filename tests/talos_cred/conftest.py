"""A provider and exchange servers of these tests, each started once per worker."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Certificates
from tests.support.exchange import ExchangeServer, start_exchange
from tests.support.providers import EMBEDDED, Provider, sign_in_script

CLIENT = "kubernetes-es256"


@pytest.fixture
def idp(started_provider: Callable[..., Provider]) -> Provider:
    """The embedded provider over https; an ID token lives ten minutes."""
    return started_provider(EMBEDDED, id_token_ttl=600)


@pytest.fixture(scope="session")
def started_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., ExchangeServer]]:
    """Start exchange servers that live as long as the worker: ``started_exchange(provider, **settings)``."""
    running: dict[object, ExchangeServer] = {}

    def start(provider: Provider, **settings: object) -> ExchangeServer:
        key = (provider.issuer, repr(sorted(settings.items())))
        if key not in running:
            directory = tmp_path_factory.mktemp("exchange")
            options = {"client_id": CLIENT, "issuer_ca": provider.ca, **settings}
            running[key] = start_exchange(directory, issuer=provider.issuer, **options)  # type: ignore[arg-type]
        return running[key]

    yield start
    for server in running.values():
        server.stop()


@pytest.fixture
def exchange(idp: Provider, started_exchange: Callable[..., ExchangeServer]) -> ExchangeServer:
    """The reference exchange server: TLS with its own authority, a token is good once, certificates for 5 minutes."""
    return started_exchange(idp)


@pytest.fixture
def browser(tmp_path: Path, idp: Provider, certificates: Certificates) -> Path:
    """A browser that signs alice in and notes each time it is opened in ``browser.opened`` beside it."""
    script = sign_in_script(tmp_path / "signer", ca=certificates.ca)
    path = tmp_path / "browser"
    path.write_text(f'#!/bin/sh\necho opened >> "{path}.opened"\nexec "{script}" "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def home() -> Path:
    """The test's own home directory."""
    return Path(os.environ["HOME"])
