"""kubectl, a browser, a provider and an API server, all real: the main job."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import command
from tests.support.api_server import ApiServer
from tests.support.kubectl import kubectl, on_terminal, write_kubeconfig
from tests.support.processes import free_port
from tests.support.providers import CERTIFIED, Provider, browser_script, sign_in_script

pytestmark = pytest.mark.required("kubectl")


def arguments(provider: Provider, *more: str) -> list[str]:
    """Return the plugin's arguments of a kubeconfig for this provider."""
    return [
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        "--oidc-client-id=kubernetes",
        "--oidc-extra-scope=email,profile,groups",
        f"--certificate-authority={provider.ca}",
        f"--listen-address=127.0.0.1:{free_port()}",
        *more,
    ]


def last_page(path: Path) -> str:
    """Return what the browser saw at last; nobody waits for it, so it may still be closing its window."""
    until = time.monotonic() + 10
    while not (path.exists() and path.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)
    return path.read_text(encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_chromium_signs_in_and_the_second_command_asks_nobody(
    provider: Provider, api_server: ApiServer, tmp_path: Path, home: Path, required: Callable[[str], Path]
) -> None:
    """Over https with a private authority: pods after one sign-in in a real browser, then from the cache."""
    required("chromium")
    browser = browser_script(tmp_path / "browser", user="alice")
    config = write_kubeconfig(
        tmp_path / "config",
        server=api_server.url,
        ca=api_server.ca,
        arguments=arguments(provider, f"--browser-command={browser}"),
    )
    first = kubectl("get", "pods", kubeconfig=config, home=home)
    assert first.code == 0, first.stderr
    assert "Running" in first.stdout
    page = last_page(tmp_path / "browser.txt")
    assert "Authenticated" in page
    assert "alice@example.test" in page
    assert provider.issuer in page
    provider.forget()
    second = kubectl("get", "pods", kubeconfig=config, home=home)
    assert (second.code, second.stdout) == (0, first.stdout)
    assert second.stderr == ""
    assert provider.count() == 0
    whoami = kubectl("auth", "whoami", "-o", "json", kubeconfig=config, home=home)
    user = json.loads(whoami.stdout)["status"]["userInfo"]
    assert user["username"] == "oidc:alice@example.test"
    assert "oidc:developers" in user["groups"]


def test_the_oldest_kubectl_that_debian_packages_works(
    started_provider: Callable[..., Provider],
    started_api_server: Callable[..., ApiServer],
    tmp_path: Path,
    home: Path,
    required: Callable[[str], Path],
) -> None:
    """kubectl 1.20 speaks v1beta1 and says nothing about interactivity."""
    provider = started_provider(CERTIFIED)
    server = started_api_server(provider)
    config = write_kubeconfig(
        tmp_path / "config",
        server=server.url,
        ca=server.ca,
        api_version="v1beta1",
        interactive_mode=None,
        arguments=arguments(provider, f"--browser-command={sign_in_script(tmp_path / 'browser', ca=provider.ca)}"),
    )
    done = kubectl("get", "pods", kubeconfig=config, home=home, executable=required("old-kubectl"))
    assert done.code == 0, done.stderr
    assert "Running" in done.stdout


def test_kubectl_finds_the_plugin_by_its_name(
    started_provider: Callable[..., Provider],
    started_api_server: Callable[..., ApiServer],
    tmp_path: Path,
    home: Path,
) -> None:
    """The guides' stanza, word for word: ``command: kubectl``, ``args: [oidc-login, get-token, …]``."""
    provider = started_provider("embedded")
    server = started_api_server(provider)
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    config = write_kubeconfig(
        tmp_path / "config",
        server=server.url,
        ca=server.ca,
        plugin="kubectl",
        arguments=["oidc-login", *arguments(provider, f"--browser-command={browser}")],
    )
    done = kubectl("get", "pods", kubeconfig=config, home=home)
    assert done.code == 0, done.stderr
    assert "Running" in done.stdout


@pytest.mark.parametrize("mode", ["terminal", "Never"])
def test_device_code(provider: Provider, api_server: ApiServer, tmp_path: Path, home: Path, mode: str) -> None:
    """URI and code are shown, the person confirms elsewhere, kubectl lists pods; with and without a terminal."""
    config = write_kubeconfig(
        tmp_path / "config",
        server=api_server.url,
        ca=api_server.ca,
        interactive_mode="IfAvailable" if mode == "terminal" else "Never",
        arguments=arguments(provider, "--grant-type=device-code", "--skip-open-browser"),
    )
    with on_terminal("get", "pods", kubeconfig=config, home=home) as terminal:
        page = terminal.read_until(r"(https://\S+)\n")[1]
        code = terminal.read_until(r"\n\s+([A-Z0-9]{4}-[A-Z0-9]{4})\n")[1]
        script = sign_in_script(tmp_path / "phone", ca=provider.ca, user_code=code)
        assert command.run(page, home=home, command=script).code == 0
        done = terminal.wait()
    assert done.code == 0, done.stderr
    assert "Running" in done.stdout


def test_a_refused_token_is_named_by_the_api_server(
    provider: Provider, api_server: ApiServer, tmp_path: Path, home: Path
) -> None:
    """The stand-in is honest: it refuses an unverified address as Kubernetes does."""
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca, user="bob")
    config = write_kubeconfig(
        tmp_path / "config",
        server=api_server.url,
        ca=api_server.ca,
        arguments=arguments(provider, f"--browser-command={browser}"),
    )
    done = kubectl("get", "pods", kubeconfig=config, home=home)
    assert done.code != 0
    assert "Unauthorized" in done.stderr or "must be logged in" in done.stderr
    assert any("email" in reason for reason in api_server.refusals())
