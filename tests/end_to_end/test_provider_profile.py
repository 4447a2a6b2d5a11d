"""What is known about a provider, by the installed command at a real one that has its shape."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import command, guide_provider
from tests.support.certificates import Certificates
from tests.support.processes import free_port
from tests.support.providers import Provider, sign_in_script


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Provider]:
    """The demo's provider under an issuer as Keycloak has it."""
    provider = guide_provider.start(tmp_path_factory.mktemp("keycloak"), certificates, path="/realms/kube", clients={})
    yield provider
    provider.stop()


def run(provider: Provider, tmp_path: Path, *more: str, **wish: object) -> command.Result:
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca, **wish)  # type: ignore[arg-type]
    words = [
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        "--oidc-client-id=kubernetes",
        f"--certificate-authority={provider.ca}",
        f"--listen-address=127.0.0.1:{free_port()}",
        f"--browser-command={browser}",
    ]
    return command.run(*words, *more, home=tmp_path / "home")


def test_the_issuer_tells_and_changes_nothing(keycloak: Provider, tmp_path: Path) -> None:
    done = run(keycloak, tmp_path, "-v1")
    assert done.code == 0, done.stderr
    assert "provider profile: Keycloak, as its issuer or its metadata tells" in done.stderr
    assert "provider profile" not in run(keycloak, tmp_path, "--force-refresh").stderr


def test_an_error_has_the_providers_own_cure(keycloak: Provider, tmp_path: Path) -> None:
    """Exit 1, one line, its hint, and nothing on stdout."""
    done = run(keycloak, tmp_path, "--oidc-client-secret=wrong")
    assert (done.code, done.stdout) == (1, "")
    assert "hint: Keycloak: switch Client authentication off, or give the secret" in done.stderr


def test_a_named_provider_counts_instead(keycloak: Provider, tmp_path: Path) -> None:
    done = run(keycloak, tmp_path, "--provider=pocket-id", cancel=True)
    assert (done.code, done.stdout) == (1, "")
    assert "hint: was it you who declined?" in done.stderr
    assert "Pocket ID: are you in one of the client's Allowed User Groups?" in done.stderr


def test_a_wrong_path_is_told_by_the_shape_of_the_issuer(keycloak: Provider, tmp_path: Path) -> None:
    """Nothing answers there, and nobody is asked to sign in."""
    wrong = keycloak.issuer.replace("/realms/kube", "/auth/realms/kube")
    keycloak.forget()
    done = run(keycloak, tmp_path, f"--oidc-issuer-url={wrong}")
    assert (done.code, done.stdout) == (1, "")
    assert "only old versions, or http-relative-path, have /auth before it" in done.stderr
    assert keycloak.count("authorization_endpoint") == 0
