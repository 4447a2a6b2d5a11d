"""``token`` by the installed command: the very token that kubectl gets, without a request while it is good."""

import json
from pathlib import Path

from tests.end_to_end.test_sign_in import claims, get_token
from tests.support import command
from tests.support.providers import Provider, sign_in_script


def test_it_is_the_token_of_the_cache(provider: Provider, tmp_path: Path) -> None:
    """One sign-in for both commands, and nothing is fetched afterwards; its claims are those of the provider."""
    words = get_token(provider, f"--browser-command={sign_in_script(tmp_path / 'browser', ca=provider.ca)}")
    first = command.run("token", *words[1:], home=tmp_path / "home")
    assert first.code == 0, first.stderr
    provider.forget()
    plugin = command.run(*words, home=tmp_path / "home")
    assert json.loads(plugin.stdout)["status"]["token"] == first.stdout.removesuffix("\n")
    again = command.run("token", *words[1:], home=tmp_path / "home")
    assert (again.code, again.stdout, again.stderr) == (0, first.stdout, "")
    said = command.run("token", "--claims", *words[1:], home=tmp_path / "home")
    assert json.loads(said.stdout) == claims(first.stdout)
    assert provider.count() == 0
