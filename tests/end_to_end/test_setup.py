"""``setup`` against a real provider, and its command pasted into a real shell for a real kubectl."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support import command
from tests.support.api_server import ApiServer
from tests.support.environment import clean
from tests.support.kubectl import kubectl
from tests.support.processes import free_port
from tests.support.providers import SECRET, Provider, sign_in_script


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def flags(provider: Provider, browser: Path, *, client: str = "kubernetes") -> list[str]:
    """Return flags as in the guide for Pocket-ID."""
    return [
        f"--oidc-issuer-url={provider.issuer}",
        f"--oidc-client-id={client}",
        "--oidc-extra-scope=groups,email,profile",
        f"--certificate-authority={provider.ca}",
        f"--listen-address=127.0.0.1:{free_port()}",
        f"--browser-command={browser}",
    ]


def shown_command(stderr: str) -> str:
    return stderr.rpartition("the kubeconfig:\n\n```\n")[2].partition("\n```")[0]


def test_claims_are_shown_and_nothing_is_kept(provider: Provider, tmp_path: Path, home: Path) -> None:
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    for _ in range(2):
        provider.forget()
        done = command.run("setup", *flags(provider, browser), home=home)
        assert (done.code, done.stdout) == (0, ""), done.stderr
        # The cache is never asked, so each time somebody signs in.
        assert provider.count("authorization_endpoint") >= 1
    claims = json.loads(done.stderr.partition("claims:\n\n```\n")[2].partition("\n```")[0])
    assert (claims["iss"], claims["email"]) == (provider.issuer, "alice@example.test")
    assert claims["groups"] == ["developers", "admins"]
    assert done.stderr.startswith("Authentication in progress...\n")
    assert not list(home.rglob("*.json"))
    assert not list(home.rglob("answer*"))


def test_b_79_the_secret_is_not_shown(started_provider: Callable[..., Provider], tmp_path: Path, home: Path) -> None:
    provider = started_provider("embedded")
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    words = flags(provider, browser, client="kubernetes-basic")
    done = command.run("setup", *words, f"--oidc-client-secret={SECRET}", "-v2", home=home)
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert SECRET not in done.stderr
    assert "--exec-arg=--oidc-client-secret=YOUR_CLIENT_SECRET" in done.stderr


@pytest.mark.required("kubectl")
def test_the_command_works_as_it_is_pasted(
    started_provider: Callable[..., Provider],
    started_api_server: Callable[..., ApiServer],
    tmp_path: Path,
    home: Path,
) -> None:
    """From setup to pods, by copying one command."""
    provider = started_provider("embedded")
    server = started_api_server(provider)
    browser = sign_in_script(tmp_path / "it's a browser", ca=provider.ca)
    done = command.run("setup", *flags(provider, browser), home=home)
    assert done.code == 0, done.stderr
    config = tmp_path / "config"
    script = shown_command(done.stderr) + (
        f"\nkubectl config set-cluster test --server={server.url} --certificate-authority='{server.ca}'"
        "\nkubectl config set-context test --cluster=test --user=oidc\nkubectl config use-context test\n"
    )
    env = clean(home, KUBECONFIG=str(config))
    subprocess.run(["/bin/sh", "-ec", script], env=env, check=True, timeout=60, capture_output=True)
    (user,) = yaml.safe_load(config.read_text(encoding="utf-8"))["users"]
    assert user["user"]["exec"]["command"] == "kubectl"
    pods = kubectl("get", "pods", kubeconfig=config, home=home)
    assert pods.code == 0, pods.stderr
    assert "Running" in pods.stdout


def test_a_sign_in_that_is_refused(started_provider: Callable[..., Provider], tmp_path: Path, home: Path) -> None:
    provider = started_provider("embedded")
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca, cancel=True)
    done = command.run("setup", *flags(provider, browser), home=home)
    assert (done.code, done.stdout) == (1, "")
    assert "error: setup: " in done.stderr
    assert "kubectl config" not in done.stderr


@pytest.mark.parametrize("words", [["setup"], ["setup", "--oidc-issuer-url=https://x"], ["help", "setup"]])
def test_without_a_provider_it_is_help(words: list[str], home: Path) -> None:
    done = command.run(*words, home=home)
    assert (done.code, done.stderr) == (0, "")
    assert "Usage:\n  kubelogin setup [options]" in done.stdout


def test_the_provider_is_unknown(home: Path) -> None:
    """The message that tools match: the command, the discovery URL and ``no such host``."""
    done = command.run("setup", "--oidc-issuer-url=https://test.invalid", "--oidc-client-id=x", home=home)
    assert (done.code, done.stdout) == (1, "")
    assert "error: setup: " in done.stderr
    assert "https://test.invalid/.well-known/openid-configuration" in done.stderr
    assert "no such host" in done.stderr
