"""A provider far away: it can be reached through a proxy only, on which faults are put."""

from collections.abc import Iterator

import pytest

from tests.support.processes import free_port
from tests.support.providers import Provider, start_provider
from tests.support.tcp_proxy import Fault, TcpProxy


@pytest.fixture(scope="module")
def way() -> Iterator[TcpProxy]:
    with TcpProxy() as made:
        made.target = free_port()
        yield made


@pytest.fixture
def proxy(way: TcpProxy) -> TcpProxy:
    """Give the way to the provider, without the last test's fault."""
    way.fault = Fault()
    return way


@pytest.fixture(scope="module")
def far_provider(way: TcpProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    directory = tmp_path_factory.mktemp("provider")
    provider = start_provider("embedded", directory, port=way.port, listen_port=way.target)
    provider.load_metadata()
    yield provider
    provider.stop()
