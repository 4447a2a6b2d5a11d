"""What every test starts from: an environment of its own, and real components that are started once per worker."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import components
from tests.support.api_server import ApiServer, start_api_server
from tests.support.certificates import Certificates, make_certificates
from tests.support.environment import cleared
from tests.support.providers import CERTIFIED, KINDS, Provider, start_provider

HERE = Path(__file__).parent
IN_PROCESS = ("adapters", "storage", "architecture", "contracts", "grants", "kubernetes", "oidc", "providers")
"""Folders whose tests start hardly a process, those that take longer first. So do the tests in no folder."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and signals what they are to a program that a person started.

    A run in the background, or under nohup, inherits them as ignored, and so would every process a test starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    config.addinivalue_line("markers", "required(*names): skips, or under CI fails, where a component is missing")
    config.addinivalue_line("markers", "long: takes a quarter of a minute or more, so that it is among the first")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long come first, so that no worker is still at it when the others have done.

    Tests in one process come last. A worker is given a whole file of them, for handing out each costs more than it.
    """

    def rank(item: pytest.Item) -> int:
        if item.get_closest_marker("long"):
            return 0
        if item.get_closest_marker("xdist_group"):
            return 1
        folder = item.path.relative_to(HERE).parts[0]
        if folder in IN_PROCESS:
            return 3 + IN_PROCESS.index(folder)
        return 2 if (HERE / folder).is_dir() else 3 + len(IN_PROCESS)

    items.sort(key=rank)
    for item in items:
        if rank(item) > 2:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(HERE).with_suffix("").as_posix()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep what failed under ids without pytest-xdist's groups: ``make test`` runs it once more without them."""
    cache: pytest.Cache | None = getattr(session.config, "cache", None)
    if cache and not hasattr(session.config, "workerinput"):
        failed = cache.get("cache/lastfailed", {})
        cache.set("cache/lastfailed", {re.sub(r"@[^\]]*$", "", test): value for test, value in failed.items()})


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test a home of its own and nothing of the developer's environment."""
    for name in cleared(os.environ):
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))


@pytest.fixture(autouse=True)
def required_components(request: pytest.FixtureRequest) -> None:
    """Skip a test marked ``required("name", …)`` where that is missing; under ``CI=true`` it fails instead."""
    for marker in request.node.iter_markers("required"):
        for name in marker.args:
            require(name)


def require(name: str) -> Path:
    """Return where a component is; without it the test is skipped by name, or fails when ``CI=true``."""
    found = components.find(name)
    if found is None:
        message = f"{name} is missing: run python tests/support/components.py install"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return found


@pytest.fixture
def required() -> Callable[[str], Path]:
    """Return ``require``, for a test that learns while it runs what it needs."""
    return require


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of a private authority."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def started_provider(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Callable[..., Provider]]:
    """Start providers that live as long as the worker: ``started_provider(kind, https=True, **options)``.

    The same kind and options give the same provider again, so that a suite starts each once.
    """
    running: dict[object, Provider] = {}

    def start(kind: str, *, https: bool = True, **options: object) -> Provider:
        if kind == CERTIFIED:
            require(CERTIFIED)
        key = (kind, https, *sorted(options.items()))
        if key not in running:
            leaf, ca = (certificates.server, certificates.ca) if https else (None, None)
            running[key] = start_provider(kind, tmp_path_factory.mktemp("provider"), leaf=leaf, ca=ca, **options)
        running[key].forget()
        return running[key]

    yield start
    for provider in running.values():
        provider.stop()


@pytest.fixture(params=KINDS)
def provider(request: pytest.FixtureRequest, started_provider: Callable[..., Provider]) -> Provider:
    """Each of the two providers over https, shared by the tests of a worker; requests are counted from here on."""
    return started_provider(request.param)


@pytest.fixture(scope="session")
def started_api_server(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Callable[..., ApiServer]]:
    """Start API servers that live as long as the worker: ``started_api_server(provider, client_id=…, **options)``."""
    running: dict[object, ApiServer] = {}

    def start(provider: Provider, **options: object) -> ApiServer:
        key = (provider.issuer, *sorted(options.items()))
        if key not in running:
            directory = tmp_path_factory.mktemp("api-server")
            running[key] = start_api_server(directory, provider, certificates, **options)  # type: ignore[arg-type]
        return running[key]

    yield start
    for server in running.values():
        server.stop()


@pytest.fixture
def api_server(provider: Provider, started_api_server: Callable[..., ApiServer]) -> ApiServer:
    """An API server that trusts ``provider`` and takes tokens for the client ``kubernetes``."""
    return started_api_server(provider)
