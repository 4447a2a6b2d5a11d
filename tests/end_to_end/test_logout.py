"""``logout`` by the installed command at real providers: what they are told, and that nothing is left here."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubelogin_py.compat.upstream_keys import UpstreamOptions, cache_keys
from tests.end_to_end.test_sign_in import get_token
from tests.faults.scene import Scene, token, until
from tests.support import command
from tests.support.command import Result
from tests.support.kubectl import kubectl, write_kubeconfig
from tests.support.processes import free_port
from tests.support.providers import (
    CERTIFIED,
    EMBEDDED,
    SECRET,
    Provider,
    browser_script,
    sign_in_script,
)
from tests.support.relying_party import RelyingParty
from tests.support.tcp_proxy import Fault, TcpProxy

HARMLESS = {"CACHEDIR.TAG"}


def secrets_left(directory: Path) -> set[str]:
    """Return what is left of a session: anything but locks, public documents and the tag."""
    names = {path.name for path in directory.iterdir()} if directory.exists() else set[str]()
    return {name for name in names - HARMLESS if not name.endswith(".lock") and not name.startswith("documents-")}


def is_alive(provider: Provider, refresh_token: str) -> bool:
    """Return whether the provider still takes a refresh token; asking uses it up."""
    party = RelyingParty(provider)
    answer = party.post(provider.metadata["token_endpoint"], grant_type="refresh_token", refresh_token=refresh_token)
    return answer.status_code == 200


def kept_refresh_token(directory: Path) -> str:
    (path,) = directory.glob("session-*.json")
    found: str = json.loads(path.read_bytes())["refresh_token"]
    return found


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "home/.kube/cache/oidc-login"


def test_the_session_is_revoked_and_nothing_is_left(provider: Provider, tmp_path: Path, cache: Path) -> None:
    """One request, to the revocation endpoint; each step is said; the next command has to sign in."""
    home = tmp_path / "home"
    words = get_token(provider, f"--browser-command={sign_in_script(tmp_path / 'browser', ca=provider.ca)}")
    first = command.run(*words, home=home)
    assert first.code == 0, first.stderr
    refresh_token = kept_refresh_token(cache)
    assert any(name.startswith("answer1-") for name in secrets_left(cache))
    provider.forget()
    done = command.run("logout", *words[1:], home=home)
    assert (done.code, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert lines[0] == f"revoked the refresh token of alice@example.test at {provider.issuer}"
    assert lines[1].startswith("removed what was kept of alice@example.test (")
    assert lines[2].startswith("note: a token that was handed out serves until ")
    assert len(lines) == 3
    assert secrets_left(cache) == set()
    assert provider.count("revocation_endpoint") == 1
    assert provider.count() == 1
    assert not is_alive(provider, refresh_token)
    nobody = command.run(*words[:-1], "--browser-command=/nonexistent", "--authentication-timeout-sec=1", home=home)
    assert (nobody.code, nobody.stdout) == (1, "")


@pytest.mark.parametrize("client", ["kubernetes-basic", "kubernetes-post"])
def test_a_confidential_client_proves_itself(provider: Provider, tmp_path: Path, cache: Path, client: str) -> None:
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    secret = f"--oidc-client-secret={SECRET}"
    words = get_token(provider, secret, f"--browser-command={browser}", client=client)
    assert command.run(*words, home=tmp_path / "home").code == 0
    refresh_token = kept_refresh_token(cache)
    done = command.run("logout", *words[1:], home=tmp_path / "home")
    assert done.code == 0, done.stderr
    assert "revoked the refresh token" in done.stderr
    assert SECRET not in done.stderr
    assert secrets_left(cache) == set()
    assert refresh_token not in done.stderr


def test_a_context_is_signed_out_and_no_other(
    started_provider: Callable[..., Provider], tmp_path: Path, cache: Path
) -> None:
    """The kubeconfig says how the provider is reached, its private authority included."""
    provider, home = started_provider(EMBEDDED), tmp_path / "home"
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    calls = {name: get_token(provider, f"--browser-command={browser}", client=name) for name in ("kubernetes", "talos")}
    for words in calls.values():
        assert command.run(*words, home=home).code == 0
    config = kubeconfig(tmp_path / "config", calls)
    done = command.run("logout", f"--kubeconfig={config}", "--context=talos", home=home)
    assert done.code == 0, done.stderr
    assert "revoked" in done.stderr
    provider.forget()
    again = command.run(*calls["kubernetes"], home=home)
    assert again.code == 0
    assert provider.count() == 0
    (kept,) = cache.glob("session-*.json")
    assert json.loads(kept.read_bytes())["client_id"] == "kubernetes"
    # The current context is the first one.
    last = command.run("logout", home=home, env={"KUBECONFIG": str(config)})
    assert last.code == 0, last.stderr
    assert secrets_left(cache) == set()
    nothing = command.run("logout", home=home, env={"KUBECONFIG": str(config)})
    assert (nothing.code, nothing.stdout) == (0, "")
    assert nothing.stderr == "nobody was signed in: there was nothing to remove\n"


def kubeconfig(path: Path, calls: dict[str, list[str]]) -> Path:
    """Write a kubeconfig with a context for each call; the first one is the current."""
    stanza = {"apiVersion": "client.authentication.k8s.io/v1", "command": "kubelogin", "interactiveMode": "Never"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(calls)),
        "contexts": [{"name": name, "context": {"user": name, "cluster": "c"}} for name in calls],
        "users": [{"name": name, "user": {"exec": {**stanza, "args": words}}} for name, words in calls.items()],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    }
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def test_all_sessions_end(started_provider: Callable[..., Provider], tmp_path: Path, cache: Path) -> None:
    """Those of contexts with their secret, those that only the cache knows of, and what can't be read."""
    provider, home = started_provider(EMBEDDED, https=False), tmp_path / "home"
    browser = f"--browser-command={sign_in_script(tmp_path / 'browser')}"

    def call(client: str, *more: str) -> list[str]:
        words = get_token(provider, browser, *more, client=client)
        return [word for word in words if not word.startswith("--certificate-authority")]

    calls = {"one": call("kubernetes-basic", f"--oidc-client-secret={SECRET}"), "two": call("kubernetes")}
    for words in calls.values():
        assert command.run(*words, home=home).code == 0
    config = kubeconfig(tmp_path / "config", {"one": calls["one"]})
    (cache / f"session-{'0' * 64}.json").write_bytes(b"{")
    (cache / "notes.txt").write_text("mine")
    provider.forget()
    done = command.run("logout", "--all", home=home, env={"KUBECONFIG": str(config)})
    assert (done.code, done.stdout) == (1, ""), done.stderr
    assert done.stderr.count("revoked the refresh token of alice@example.test") == 2
    *_, swept, error, _hint = done.stderr.splitlines()
    assert swept == f"nothing is kept in {cache} any more"
    assert f"session-{'0' * 64}.json could not be read, nor revoked: " in error
    assert provider.count("revocation_endpoint") == 2
    assert {path.name for path in cache.iterdir()} - HARMLESS == {"notes.txt"}


def test_all_excludes_naming_one(tmp_path: Path) -> None:
    done = command.run("logout", "--all", "--context=x", home=tmp_path / "home")
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == "error: --all means every session: leave out what names one\n"


def test_a_provider_is_signed_out_of_with_all_its_sessions(
    started_provider: Callable[..., Provider], tmp_path: Path, cache: Path
) -> None:
    """By the issuer alone, whatever the scopes were; another provider's stays."""
    provider, other = (started_provider(kind, https=False) for kind in ("embedded", "oidc-provider"))
    browser = f"--browser-command={sign_in_script(tmp_path / 'browser')}"
    for at, scope in ((provider, "email"), (provider, "email,groups"), (other, "email")):
        words = [f"--oidc-issuer-url={at.issuer}", "--oidc-client-id=kubernetes", f"--oidc-extra-scope={scope}"]
        port = f"--listen-address=127.0.0.1:{free_port()}"
        assert command.run("get-token", *words, browser, port, home=tmp_path / "home").code == 0
    done = command.run("logout", f"--oidc-issuer-url={provider.issuer}", home=tmp_path / "home")
    assert done.code == 0, done.stderr
    assert done.stderr.count("revoked") == 2
    (kept,) = cache.glob("session-*.json")
    assert json.loads(kept.read_bytes())["issuer"] == other.issuer


@pytest.fixture
def far_scene(far_provider: Provider, proxy: TcpProxy, tmp_path: Path) -> Scene:
    """A person signed in there."""
    scene = Scene(far_provider, tmp_path / "home", sign_in_script(tmp_path / "browser"))
    assert scene.call().code == 0
    far_provider.forget()
    return scene


DOWN = {
    "refused": Fault(refuse=True),
    "reset": Fault(reset_up=1),
    "status 500": Fault(garbage=b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
    "error": Fault(
        garbage=b"HTTP/1.1 400 No\r\ncontent-type: application/json\r\ncontent-length: 35\r\nconnection: close\r\n\r\n"
        b'{"error": "unsupported_token_type"}'
    ),
    "hangs": Fault(blackhole=True),
}


@pytest.mark.parametrize("fault", DOWN)
def test_what_is_kept_goes_although_the_provider_is_not_told(far_scene: Scene, proxy: TcpProxy, fault: str) -> None:
    """Exit 1, a warning and the way out, in bounded time; no answer of old is served to the next command."""
    proxy.fault = DOWN[fault]
    done = far_scene.call(name="logout")
    assert (done.code, done.stdout) == (1, "")
    warning, removed, _note, error, hint = done.stderr.splitlines()
    assert warning.startswith("warning: the refresh token of alice could not be revoked: ")
    assert removed.startswith("removed what was kept of alice (")
    assert error.startswith("error: logout: signed out here, but not at the provider: ")
    assert hint.startswith("hint: what was kept here is gone; ")
    assert done.seconds < 25
    assert secrets_left(far_scene.cache) == set()
    proxy.fault = Fault()
    far_scene.provider.forget()
    assert token(far_scene.call())
    assert far_scene.opened == 1


def test_ctrl_c_while_the_provider_is_told_removes_what_is_kept(far_scene: Scene, proxy: TcpProxy) -> None:
    proxy.fault = Fault(blackhole=True)
    before = proxy.connections
    with far_scene.terminal("-v1", name="logout") as terminal:
        terminal.read_until("revoking the refresh token")
        until(lambda: proxy.connections > before)
        terminal.interrupt()
        done = terminal.wait(deadline=10)
    assert done.code == 130
    assert secrets_left(far_scene.cache) == set()


def test_a_refresh_under_way_is_waited_for(started_provider: Callable[..., Provider], tmp_path: Path) -> None:
    """Its rotated token is the one that is revoked: none is left behind, here or there."""
    provider = started_provider(EMBEDDED, https=False, refresh_latency=1)
    scene = Scene(provider, tmp_path / "home", sign_in_script(tmp_path / "browser"))
    scene.seed(left=-5)
    refreshing = scene.start()
    # The note that the refresh token left, or already the answer.
    until(lambda: scene.kept.refresh_sent_at is not None or provider.request_lines())
    done = scene.call(name="logout")
    first = command.finish(refreshing)
    assert first.code == 0, first.stderr
    assert done.code == 0, done.stderr
    assert provider.count("revocation_endpoint") == 1
    assert secrets_left(scene.cache) == set()


def test_the_session_in_the_browser_ends_too(provider: Provider, tmp_path: Path, cache: Path) -> None:
    """The browser is led to the end-session endpoint; the ID token is not among its arguments, nor shown."""
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    words = get_token(provider, f"--browser-command={browser}")
    first = command.run(*words, home=tmp_path / "home")
    assert first.code == 0, first.stderr
    log = tmp_path / "arguments"
    follower = tmp_path / "follower"
    follower.write_text(f'#!/bin/sh\necho "$@" >{log}\nexec {_follow(tmp_path, provider)} "$@"\n')
    follower.chmod(0o755)
    provider.forget()
    done = command.run("logout", "--sso", *words[1:], f"--browser-command={follower}", home=tmp_path / "home")
    assert done.code == 0, done.stderr
    assert f"the browser was led to {provider.issuer} to sign out there" in done.stderr
    path = provider.metadata["end_session_endpoint"].removeprefix(provider.issuer)
    until(lambda: any(f"GET {path} 200" in line for line in provider.request_lines()))
    told = json.loads(first.stdout)["status"]["token"]
    assert told not in log.read_text() + done.stderr
    # The browser goes on by itself when the command has ended.
    hint = tmp_path / "hint"
    until(lambda: hint.exists() and hint.read_text())
    assert hint.read_text() == told
    assert secrets_left(cache) == set()


def _follow(tmp_path: Path, provider: Provider) -> Path:
    """Write a browser that follows a page that leads on by itself, and leaves the hint it was given."""
    script = tmp_path / "follow.py"
    script.write_text(
        f"""#!{sys.executable} -I
import html, re, sys, requests
from urllib.parse import parse_qs, urlsplit
page = requests.get(sys.argv[1], timeout=30)
url = html.unescape(re.search('0;URL=([^"]+)"', page.text)[1])
query = parse_qs(urlsplit(url).query)
assert query["client_id"] == ["kubernetes"], query
assert requests.get(url, verify={str(provider.ca)!r}, timeout=30).status_code == 200
open({str(tmp_path / "hint")!r}, "w").write(query["id_token_hint"][0])
"""
    )
    script.chmod(0o755)
    return script


@pytest.mark.long
@pytest.mark.required("chromium", "oidc-provider")
def test_a_real_browser_has_to_ask_again_after_it(
    started_provider: Callable[..., Provider], tmp_path: Path, cache: Path
) -> None:
    """Its cookie lets everybody in who sits there, until the provider ended that session."""
    provider = started_provider(CERTIFIED)
    browser = browser_script(tmp_path / "browser", profile=tmp_path / "profile")
    words = get_token(provider, f"--browser-command={browser}")

    def forms_of(*arguments: str) -> int:
        """Return how many forms the person had to send."""
        provider.forget()
        done = command.run(*arguments, home=tmp_path / "home")
        assert done.code == 0, done.stderr
        # Nobody waits for the browser: it may still be on its way, and has its profile for itself until it closes.
        until_closed(tmp_path / "profile")
        return sum(line.startswith("POST /") and "/token" not in line for line in provider.request_lines())

    # This provider has every sign-in of a native client confirmed; the other form is for the password.
    assert forms_of(*words) == 2
    for kept in (*cache.glob("answer1-*"), *cache.glob("session-*.json")):
        kept.unlink()
    assert forms_of(*words) == 1
    assert forms_of("logout", "--sso", *words[1:]) == 1
    assert forms_of(*words) == 2


def until_closed(profile: Path) -> None:
    """Wait until a Chromium has given its profile back."""
    until(lambda: not (profile / "SingletonLock").is_symlink(), seconds=30.0)


def test_without_a_browser_the_address_is_shown_without_the_token(far_scene: Scene) -> None:
    done = far_scene.call("--sso", "--skip-open-browser", name="logout")
    assert done.code == 0, done.stderr
    shown = f"{far_scene.provider.metadata['end_session_endpoint']}?client_id=kubernetes\n"
    assert f"Please visit the following URL in your browser to sign out there: {shown}" in done.stderr
    assert "id_token_hint" not in done.stderr


def test_what_int128_kubelogin_left_is_not_gone_on_with(
    started_provider: Callable[..., Provider], tmp_path: Path, cache: Path
) -> None:
    """Its session would otherwise sign the person in again, without asking."""
    provider, home = started_provider(EMBEDDED, https=False), tmp_path / "home"
    tokens = RelyingParty(provider).sign_in()
    (name,) = cache_keys(UpstreamOptions(provider.issuer, "kubernetes", scopes=("email",)))
    cache.mkdir(parents=True, mode=0o700)
    left = {member: tokens[member] for member in ("id_token", "refresh_token")}
    for file, content in ((name, json.dumps(left)), (f"{name}.lock", ""), ("f" * 64, "{}")):
        (cache / file).write_text(content)
        (cache / file).chmod(0o600)
    words = (f"--oidc-issuer-url={provider.issuer}", "--oidc-client-id=kubernetes", "--oidc-extra-scope=email")
    provider.forget()
    done = command.run("logout", *words, home=home)
    assert done.code == 0, done.stderr
    assert "revoked the refresh token of alice@example.test" in done.stderr
    assert not (cache / name).exists()
    assert (cache / ("f" * 64)).exists()
    assert not is_alive(provider, tokens["refresh_token"])
    later = command.run(
        "get-token", *words, "--browser-command=/nonexistent", "--authentication-timeout-sec=1", home=home
    )
    assert (later.code, later.stdout) == (1, "")


@pytest.mark.required("kubectl")
def test_kubectl_asks_again_after_it(
    started_provider: Callable[..., Provider], started_api_server: Callable[..., Any], tmp_path: Path
) -> None:
    """Front door included: the answer that kubectl was given a moment ago is not found any more."""
    provider = started_provider(EMBEDDED)
    server = started_api_server(provider)
    config = write_kubeconfig(
        tmp_path / "config",
        server=server.url,
        ca=server.ca,
        arguments=get_token(provider, f"--browser-command={sign_in_script(tmp_path / 'browser', ca=provider.ca)}"),
    )

    def pods() -> Result:
        return kubectl("get", "pods", kubeconfig=config, home=tmp_path / "home")

    assert pods().code == 0
    provider.forget()
    assert pods().code == 0
    assert provider.count() == 0
    done = command.run("logout", home=tmp_path / "home", env={"KUBECONFIG": str(config)})
    assert done.code == 0, done.stderr
    assert pods().code == 0
    assert sum(line.startswith("GET /authorize") for line in provider.request_lines()) == 1
