"""From an empty home directory and a running provider to ``kubectl get pods``, and nothing typed but ``setup``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support import command
from tests.support.api_server import ApiServer, start_configured_api_server
from tests.support.certificates import Certificates
from tests.support.kubectl import kubectl
from tests.support.processes import free_port
from tests.support.providers import Provider, browser_script, sign_in_script

pytestmark = pytest.mark.required("kubectl")


@dataclass
class Cluster:
    """An API server that is to be, and where its files are written."""

    directory: Path
    certificates: Certificates
    port: int
    running: ApiServer | None = None

    @property
    def flags(self) -> list[str]:
        return [
            f"--server=https://localhost:{self.port}",
            f"--cluster-certificate-authority={self.certificates.ca}",
            f"--write={self.directory}",
        ]

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    def start(self) -> ApiServer:
        """Start the API server as the written files say."""
        self.running = start_configured_api_server(
            self.directory.parent / "api",
            self.certificates,
            self.directory / "authentication.yaml",
            role_bindings=self.directory / "role-bindings.yaml",
            port=self.port,
        )
        return self.running


@pytest.fixture
def cluster(certificates: Certificates, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "cluster files", certificates, free_port())
    yield made
    if made.running:
        made.running.stop()


def setup(provider: Provider, browser: Path, *more: str, home: Path, client: str = "kubernetes") -> command.Result:
    return command.run(
        "setup",
        f"--oidc-issuer-url={provider.issuer}",
        f"--oidc-client-id={client}",
        f"--certificate-authority={provider.ca}",
        f"--listen-address=127.0.0.1:{free_port()}",
        f"--browser-command={browser}",
        *more,
        home=home,
    )


def rows(stderr: str) -> dict[str, str]:
    """Return the states of the verdict by row."""
    table = stderr.partition("## Would the API server take this token?\n\n")[2]
    words = [line.split() for line in table.splitlines() if line.startswith(("pass", "warn", "fail"))]
    return {word[1]: word[0] for word in words}


def test_the_walk(provider: Provider, cluster: Cluster, tmp_path: Path) -> None:
    """One command, one sign-in: then pods, for who set it up, and for the next person with the same kubeconfig."""
    home = tmp_path / "home"
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    done = setup(provider, browser, "--platform=generic", "--platform-version=1.34", *cluster.flags, home=home)
    assert (done.code, done.stdout) == (0, ""), done.stderr
    server = cluster.start()

    provider.forget()
    pods = kubectl("get", "pods", kubeconfig=cluster.kubeconfig, home=home)
    assert pods.code == 0, (pods.stderr, server.refusals())
    assert "Running" in pods.stdout
    # The session that setup made is kubectl's; the API server alone had something to ask.
    assert provider.count("authorization_endpoint") == provider.count("token_endpoint") == 0

    other = kubectl("auth", "whoami", kubeconfig=cluster.kubeconfig, home=tmp_path / "another home")
    assert other.code == 0, (other.stderr, server.refusals())
    assert "oidc:" in other.stdout
    assert provider.count("authorization_endpoint") >= 1
    assert server.refusals() == []


def test_the_walk_with_groups(started_provider: Callable[..., Provider], cluster: Cluster, tmp_path: Path) -> None:
    """Claims, prefixes and roles as chosen: what the verdict says is what the API server says."""
    provider, home = started_provider("embedded"), tmp_path / "home"
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    done = setup(
        provider,
        browser,
        "--oidc-extra-scope=groups,email,profile",
        "--platform=generic",
        "--platform-version=1.33.2",
        "--username-claim=email",
        "--groups-prefix=sso:",
        "--admin-group=admins",
        *cluster.flags,
        home=home,
    )
    assert done.code == 0, done.stderr
    assert 'you are "oidc:alice@example.test"' in done.stderr
    assert 'groups: "sso:developers", "sso:admins"' in done.stderr
    assert set(rows(done.stderr).values()) == {"pass", "warn"}
    assert rows(done.stderr)["reach"] == "warn"
    cluster.start()
    whoami = kubectl("auth", "whoami", "-o", "yaml", kubeconfig=cluster.kubeconfig, home=home)
    about = yaml.safe_load(whoami.stdout)["status"]["userInfo"]
    assert about["username"] == "oidc:alice@example.test"
    assert about["groups"] == ["sso:developers", "sso:admins", "system:authenticated"]
    assert kubectl("get", "pods", kubeconfig=cluster.kubeconfig, home=home).code == 0


@pytest.mark.required("chromium")
def test_the_walk_in_a_real_browser(
    started_provider: Callable[..., Provider], cluster: Cluster, tmp_path: Path
) -> None:
    provider, home = started_provider("embedded"), tmp_path / "home"
    browser = browser_script(tmp_path / "browser")
    done = setup(provider, browser, "--platform=generic", *cluster.flags, home=home)
    assert done.code == 0, done.stderr
    cluster.start()
    pods = kubectl("get", "pods", kubeconfig=cluster.kubeconfig, home=home)
    assert pods.code == 0, pods.stderr


def test_who_is_not_bound_sees_nothing(
    started_provider: Callable[..., Provider], cluster: Cluster, tmp_path: Path
) -> None:
    provider, home = started_provider("embedded"), tmp_path / "home"
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    flags = ["--oidc-extra-scope=groups", "--platform=generic", "--admin-group=others", *cluster.flags]
    assert setup(provider, browser, *flags, home=home).code == 0
    cluster.start()
    pods = kubectl("get", "pods", kubeconfig=cluster.kubeconfig, home=home)
    assert pods.code == 1
    assert "forbidden" in pods.stderr.lower()


def test_a_token_that_would_be_refused_is_named(
    started_provider: Callable[..., Provider], cluster: Cluster, tmp_path: Path
) -> None:
    """The verdict comes last, the files are there, and the exit code says that something is left to do."""
    provider, home = started_provider("embedded"), tmp_path / "home"
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    flags = ["--platform=generic", "--username-claim=email", "--required-claim=hd=example.com", *cluster.flags]
    done = setup(provider, browser, *flags, home=home)
    assert (done.code, done.stdout) == (1, "")
    assert rows(done.stderr)["username"] == "fail"
    assert rows(done.stderr)["required-claims"] == "fail"
    assert done.stderr.endswith("error: setup: the API server would not take this token; the table says what to do\n")
    assert cluster.kubeconfig.exists()
    # And it is right.
    server = cluster.start()
    assert kubectl("get", "pods", kubeconfig=cluster.kubeconfig, home=home).code == 1
    assert any("email" in reason or "hd" in reason for reason in server.refusals())
