"""One person with the embedded provider, which revokes a session when a refresh token comes twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.support.providers import EMBEDDED, Provider, sign_in_script


@pytest.fixture
def scene(started_provider: Callable[..., Provider], tmp_path: Path) -> Scene:
    """A person who has not signed in yet, with a browser that does so by itself."""
    return Scene(started_provider(EMBEDDED, https=False), tmp_path / "home", sign_in_script(tmp_path / "browser"))


@pytest.fixture
def slow_scene(started_provider: Callable[..., Provider], tmp_path: Path) -> Scene:
    """The same, at a provider that takes a second for a refresh."""
    provider = started_provider(EMBEDDED, https=False, refresh_latency=1)
    return Scene(provider, tmp_path / "home", sign_in_script(tmp_path / "browser"))
