"""The grants without a browser, access tokens and the https callback, through the installed command."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import command
from tests.support.certificates import Certificates
from tests.support.processes import free_port
from tests.support.providers import EMBEDDED, SECRET, Provider, sign_in_script

StartProvider = Callable[..., Provider]
ISSUED = {"sub": "alice", "email": "alice@example.test"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def embedded(started_provider: StartProvider) -> Provider:
    return started_provider(EMBEDDED)


def words(provider: Provider, *more: str | Path, client: str = "kubernetes") -> list[str]:
    return [
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        f"--oidc-client-id={client}",
        "--oidc-extra-scope=email",
        f"--certificate-authority={provider.ca}",
        *map(str, more),
    ]


def status(done: command.Result) -> dict[str, Any]:
    assert done.code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["status"]
    return found


def claims(token: str) -> dict[str, Any]:
    from base64 import urlsafe_b64decode

    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def kept(home: Path) -> str:
    """Everything in the cache directory, as text."""
    files = (home / ".kube/cache/oidc-login").iterdir()
    return "".join(path.read_text() for path in files if path.is_file())


def test_password_asked_on_the_terminal(embedded: Provider, home: Path) -> None:
    """The name is shown, the password is not; the next call needs neither."""
    asked = words(embedded, "--grant-type=password")
    with command.Terminal(command.KUBELOGIN, *asked, home=home) as terminal:
        terminal.read_until("Username: ")
        terminal.send("alice\n")
        terminal.read_until("Password: ")
        terminal.send("wonderland\n")
        done = terminal.wait()
    token = status(done)["token"]
    assert ISSUED.items() <= claims(token).items()
    assert "Username: alice" in done.stderr
    assert "wonderland" not in done.stderr + kept(home)
    assert done.stderr.count("deprecated") == 1
    embedded.forget()
    again = command.run(*asked, home=home)
    assert (status(again)["token"], embedded.count(), again.stderr) == (token, 0, "")


def test_password_given(embedded: Provider, home: Path) -> None:
    """Auto with a username is the password grant."""
    done = command.run(*words(embedded, "--username=bob", "--password=builder"), home=home)
    assert claims(status(done)["token"])["sub"] == "bob"
    assert "builder" not in done.stderr + kept(home)


def test_a_wrong_password_is_a_line(embedded: Provider, home: Path) -> None:
    done = command.run(*words(embedded, "--username=bob", "--password=canary"), home=home)
    assert (done.code, done.stdout) == (1, "")
    assert "error: get-token: sign-in was denied at localhost" in done.stderr
    assert "canary" not in done.stderr


def test_a_password_can_not_be_asked_for_without_a_terminal(embedded: Provider, home: Path) -> None:
    """B-109."""
    done = command.run(*words(embedded, "--grant-type=password", "--username=bob"), home=home)
    assert (done.code, done.stdout) == (1, "")
    assert "interactiveMode" in done.stderr
    assert embedded.count("token_endpoint") == 0


@pytest.mark.parametrize("method", ["basic", "post"])
def test_client_credentials(provider: Provider, home: Path, method: str) -> None:
    """An opaque access token, cached until it expires, and no person anywhere."""
    asked = words(
        provider,
        "--grant-type=client-credentials",
        f"--oidc-client-secret={SECRET}",
        "--oidc-use-access-token",
        "--oidc-auth-request-extra-params=audience=api",
        client=f"kubernetes-{method}",
    )
    first = status(command.run(*asked, home=home))
    assert first["expirationTimestamp"]
    provider.forget()
    assert status(command.run(*asked, home=home)) == first
    assert provider.count() == 0


def test_client_credentials_without_an_id_token_name_the_option(embedded: Provider, home: Path) -> None:
    done = command.run(
        *words(
            embedded,
            "--grant-type=client-credentials",
            f"--oidc-client-secret={SECRET}",
            client="kubernetes-basic",
        ),
        home=home,
    )
    assert (done.code, done.stdout) == (1, "")
    assert "--oidc-use-access-token" in done.stderr


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "opaque"])
def test_access_tokens_are_handed_out_and_refreshed(
    started_provider: StartProvider, tmp_path: Path, home: Path, signed: bool
) -> None:
    provider = started_provider(EMBEDDED, access_token_jwt=signed)
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    asked = words(
        provider, "--oidc-use-access-token", f"--browser-command={browser}", f"--listen-address=127.0.0.1:{free_port()}"
    )
    first = status(command.run(*asked, home=home))["token"]
    assert (claims(first)["aud"] == "kubernetes-api") if signed else "." not in first
    provider.forget()
    assert status(command.run(*asked, home=home))["token"] == first
    assert provider.count() == 0
    refreshed = status(command.run(*asked, "--force-refresh", "--skip-open-browser", home=home))["token"]
    assert refreshed != first
    assert provider.count("token_endpoint") == 1
    assert status(command.run(*asked, home=home))["token"] == refreshed


def test_an_https_callback_and_the_page_after_it(
    embedded: Provider, certificates: Certificates, tmp_path: Path, home: Path
) -> None:
    page = tmp_path / "page"
    browser = tmp_path / "browser"
    walk = sign_in_script(tmp_path / "walk", ca=embedded.ca)
    browser.write_text(f'#!/bin/sh\n{walk} "$1" > {page}\n')
    browser.chmod(0o755)
    done = command.run(
        *words(
            embedded,
            f"--local-server-cert={certificates.server.certificate}",
            f"--local-server-key={certificates.server.key}",
            "--open-url-after-authentication=https://app.example.com/",
            f"--browser-command={browser}",
            f"--listen-port={free_port()}",
            "-v1",
        ),
        home=home,
    )
    assert claims(status(done)["token"])["sub"] == "alice"
    assert "waiting for the answer at https://localhost:" in done.stderr


def test_one_of_certificate_and_key_is_not_enough(embedded: Provider, certificates: Certificates, home: Path) -> None:
    done = command.run(*words(embedded, f"--local-server-cert={certificates.server.certificate}"), home=home)
    assert (done.code, done.stdout) == (1, "")
    assert "--local-server-key is missing" in done.stderr
