"""A refresh at real providers."""

from pathlib import Path

from tests.end_to_end.test_concurrency import get_token
from tests.support import command
from tests.support.providers import Provider, sign_in_script


def test_a_refresh_is_one_request(provider: Provider, tmp_path: Path) -> None:
    """Metadata and key set were kept by the sign-in."""
    home = tmp_path / "home"
    words = get_token(provider, sign_in_script(tmp_path / "browser", ca=provider.ca))
    first = command.run(*words, home=home)
    assert first.code == 0, first.stderr
    provider.forget()
    second = command.run(*words, "--force-refresh", home=home)
    assert second.code == 0, second.stderr
    assert provider.count("token_endpoint") == provider.count() == 1
