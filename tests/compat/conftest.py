"""The installed plugin at providers that last as long as the test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.compat.plugin import Plugin
from tests.support.certificates import Certificates
from tests.support.scripted_provider import ScriptedProvider


@pytest.fixture
def plugin_at(certificates: Certificates, tmp_path: Path) -> Iterator[Callable[..., Plugin]]:
    """Start a scripted provider and return the plugin for it: ``plugin_at(https=True, **metadata)``."""
    with ExitStack() as running:

        def start(*, https: bool = False, **metadata: object) -> Plugin:
            provider = running.enter_context(ScriptedProvider(certificates.server if https else None, **metadata))
            return Plugin(tmp_path, provider, ca=certificates.ca)

        yield start
