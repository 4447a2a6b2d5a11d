"""Two users of one provider side by side, through real kubectl: nobody is ever given the other's token."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubelogin_py.compat.upstream_keys import UpstreamOptions, cache_keys
from tests.end_to_end.test_sign_in import claims, get_token
from tests.support import command
from tests.support.kubectl import kubectl, write_kubeconfig
from tests.support.providers import EMBEDDED, Provider, sign_in_script
from tests.support.relying_party import RelyingParty
from tests.support.scripted_provider import ScriptedProvider, visitor

PEOPLE = ("alice", "carol")


@pytest.mark.required("kubectl")
def test_two_people_side_by_side(
    started_provider: Callable[..., Provider], started_api_server: Callable[..., Any], tmp_path: Path
) -> None:
    """Each signs in once; from then on the front door answers each with their own, and one can sign out alone."""
    provider, home = started_provider(EMBEDDED), tmp_path / "home"
    server = started_api_server(provider)
    calls, configs = {}, {}
    for name in PEOPLE:
        browser = sign_in_script(tmp_path / f"browser-{name}", ca=provider.ca, user=name)
        calls[name] = get_token(provider, f"--account={name}@example.test", f"--browser-command={browser}")
        configs[name] = write_kubeconfig(
            tmp_path / f"config-{name}", server=server.url, ca=server.ca, arguments=calls[name]
        )

    def who(name: str) -> str:
        done = kubectl("auth", "whoami", "--output=json", kubeconfig=configs[name], home=home)
        assert done.code == 0, done.stderr
        found: str = json.loads(done.stdout)["status"]["userInfo"]["username"]
        return found

    for name in (*PEOPLE, *PEOPLE):
        assert f"{name}@example.test" in who(name)
    assert sum(line.startswith("GET /authorize") for line in provider.request_lines()) == 2
    shown = command.run("status", "--output=json", home=home)
    assert {one["account"] for one in json.loads(shown.stdout)} == {f"{name}@example.test" for name in PEOPLE}
    for name in PEOPLE:
        token = command.run("token", *calls[name][1:], home=home)
        assert claims(token.stdout)["preferred_username"] == name
    provider.forget()
    ended = command.run("logout", home=home, env={"KUBECONFIG": str(configs["alice"])})
    assert ended.code == 0, ended.stderr
    assert "alice@example.test" in ended.stderr
    assert "carol@example.test" in who("carol")
    assert provider.count("revocation_endpoint") == 1
    assert provider.count() == 1


def test_the_wrong_person_in_the_browser_is_turned_away(
    started_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    provider = started_provider(EMBEDDED)
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca, user="carol")
    words = get_token(provider, "--account=alice@example.test", f"--browser-command={browser}")
    done = command.run(*words, home=tmp_path / "home")
    assert (done.code, done.stdout) == (1, "")
    assert "error: get-token: carol@example.test signed in, not alice@example.test\n" in done.stderr
    assert not list((tmp_path / "home/.kube/cache/oidc-login").glob("session-*.json"))


def test_the_provider_is_given_the_hint(tmp_path: Path) -> None:
    with ScriptedProvider() as provider:
        words = (f"--oidc-issuer-url={provider.issuer}", "--oidc-client-id=kubernetes", "--listen-address=127.0.0.1:0")
        browser = visitor(tmp_path / "browser", page=tmp_path / "page")
        done = command.run("login", *words, f"--browser-command={browser}", "--account=work", home=tmp_path / "home")
        assert done.code == 0, done.stderr
        (asked,) = provider.sign_ins
        assert asked["login_hint"] == "work"
        assert "as SUBJECT (account work)" in done.stderr


def test_nobody_is_given_what_int128_kubelogin_left(started_provider: Callable[..., Provider], tmp_path: Path) -> None:
    """It knows no accounts, so whose its session is, nobody can say; without an account it is gone on with."""
    provider, home = started_provider(EMBEDDED, https=False), tmp_path / "home"
    tokens = RelyingParty(provider).sign_in()
    (name,) = cache_keys(UpstreamOptions(provider.issuer, "kubernetes"))
    cache = home / ".kube/cache/oidc-login"
    cache.mkdir(parents=True, mode=0o700)
    (cache / name).write_text(json.dumps({member: tokens[member] for member in ("id_token", "refresh_token")}))
    (cache / name).chmod(0o600)
    words = ("get-token", f"--oidc-issuer-url={provider.issuer}", "--oidc-client-id=kubernetes")
    blind = ("--browser-command=/nonexistent", "--authentication-timeout-sec=1")
    refused = command.run(*words, *blind, "--account=carol@example.test", home=home)
    assert (refused.code, refused.stdout) == (1, "")
    assert "int128" not in refused.stderr
    taken = command.run(*words, *blind, home=home)
    assert taken.code == 0, taken.stderr
    assert "int128" in taken.stderr
