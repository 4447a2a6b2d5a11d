"""Two real providers with habits of their own, through real kubectl: glewlwyd, from Debian, and Canaille, from PyPI.

Neither gives an ID token on refresh, and neither lets a public client give its refresh token back. Canaille signs with
RS512, has a list as audience and a fraction as time of the sign-in; glewlwyd has an issuer with a path, 0 as time of
the sign-in, and refuses with an empty answer.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import require
from tests.end_to_end.test_logout import kept_refresh_token, secrets_left
from tests.end_to_end.test_sign_in import claims
from tests.support import odd_providers
from tests.support.api_server import ApiServer
from tests.support.certificates import Certificates
from tests.support.command import Result
from tests.support.environment import BIN
from tests.support.kubectl import kubectl, write_kubeconfig
from tests.support.odd_providers import CANAILLE, GLEWLWYD, SECRET
from tests.support.processes import free_port
from tests.support.providers import Provider

pytestmark = [pytest.mark.required("kubectl"), pytest.mark.xdist_group("odd-providers")]


@dataclass(frozen=True)
class Place:
    """One provider with an API server behind it, and somebody's home in front of it.

    :param callback: the port that its clients' redirect URI has.
    """

    provider: Provider
    callback: int
    api_server: ApiServer
    directory: Path

    def config(self, *more: str, client: str = "kubernetes") -> Path:
        """Write a kubeconfig whose user signs in here."""
        arguments = [
            "get-token",
            f"--oidc-issuer-url={self.provider.issuer}",
            f"--oidc-client-id={client}",
            "--oidc-extra-scope=email,groups",
            f"--certificate-authority={self.provider.ca}",
            f"--listen-address=127.0.0.1:{self.callback}",
            f"--browser-command={odd_providers.browser(self.directory / 'browser', self.provider)}",
            *more,
        ]
        path, server = self.directory / f"config-{len(more)}", self.api_server
        return write_kubeconfig(path, server=server.url, ca=server.ca, arguments=arguments)

    def run(self, *words: str, config: Path) -> Result:
        """Run kubectl, which finds our plugin by its name, too."""
        env = {"PATH": f"{BIN}:/usr/bin:/bin"}
        return kubectl(*words, kubeconfig=config, home=self.directory / "home", env=env)

    def user(self, config: Path) -> dict[str, Any]:
        """Return who the API server says one is."""
        done = self.run("auth", "whoami", "-o", "json", config=config)
        assert done.code == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)["status"]["userInfo"]
        return found

    @property
    def cache(self) -> Path:
        """The token cache."""
        return self.directory / "home/.kube/cache/oidc-login"

    @property
    def session(self) -> dict[str, Any]:
        """The one session that is kept."""
        (path,) = self.cache.glob("session-*.json")
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Callable[[str], tuple[Provider, int]]]:
    """Start each provider once for all tests of this file."""
    running: dict[str, tuple[Provider, int]] = {}

    def start(kind: str) -> tuple[Provider, int]:
        require(kind)
        if kind not in running:
            callback = free_port()
            running[kind] = odd_providers.STARTS[kind](tmp_path_factory.mktemp(kind), certificates, callback), callback
        running[kind][0].forget()
        return running[kind]

    yield start
    for provider, _ in running.values():
        provider.stop()


@pytest.fixture
def place_of(
    started: Callable[[str], tuple[Provider, int]], started_api_server: Callable[..., ApiServer], tmp_path: Path
) -> Callable[..., Place]:
    def place(kind: str, **api_server: str) -> Place:
        provider, callback = started(kind)
        return Place(provider, callback, started_api_server(provider, **api_server), tmp_path)

    return place


@pytest.fixture(params=[GLEWLWYD, CANAILLE])
def place(request: pytest.FixtureRequest, place_of: Callable[..., Place]) -> Place:
    return place_of(request.param)


def check_habits(kind: str, token: dict[str, Any]) -> None:
    """Make sure that they are there; otherwise this file proves less than it says."""
    if kind == CANAILLE:
        assert token["aud"] == ["kubernetes"]
        assert isinstance(token["auth_time"], float)
    else:
        assert token["auth_time"] == 0
        assert token["iss"].endswith("/api/oidc")
        assert token["sub"] != "alice"


def test_one_sign_in_and_then_the_cache(place: Place) -> None:
    config = place.config()
    first = place.run("get", "pods", config=config)
    assert first.code == 0, first.stderr
    assert "Running" in first.stdout
    kept = place.session
    check_habits(place.provider.kind, claims(kept["id_token"]))
    user = place.user(config)
    assert user["username"] == "oidc:alice@example.test"
    assert {"oidc:developers", "oidc:admins"} <= set(user["groups"])
    again = place.run("get", "pods", config=config)
    assert (again.code, again.stderr) == (0, "")
    assert place.session == kept


def test_a_refresh_without_an_id_token_is_said_and_leads_to_one_sign_in(place: Place) -> None:
    """The refresh itself works, and what it gave is kept; the API server could not use it."""
    assert place.run("get", "pods", config=place.config()).code == 0
    place.provider.forget()
    first = kept_refresh_token(place.cache)
    again = place.run("get", "pods", "-v=0", config=place.config("--force-refresh"))
    assert again.code == 0, again.stderr
    assert f"{place.provider.issuer} gives no ID token on refresh: a new sign-in is needed each time" in again.stderr
    assert "in your browser" in again.stderr
    assert kept_refresh_token(place.cache) != first
    if place.provider.kind == CANAILLE:
        # kubectl, whose own cache is warm, calls once: asked, asked again by name, and the code of the sign-in.
        assert place.provider.count("token_endpoint") == 3


def test_an_access_token_is_refreshed_in_silence(place_of: Callable[..., Place]) -> None:
    """Access tokens of glewlwyd are signed and for its scopes; an API server may take those."""
    place = place_of(GLEWLWYD, client_id="email groups openid", username_claim="sub", groups_claim="scope")
    config = place.config("--oidc-use-access-token")
    first = place.run("get", "pods", config=config)
    assert first.code == 0, first.stderr
    before = place.session
    config = place.config("--oidc-use-access-token", "--browser-command=/nonexistent", "--force-refresh")
    again = place.run("get", "pods", config=config)
    assert (again.code, again.stderr) == (0, "")
    after = place.session
    assert after["refresh_token"] != before["refresh_token"]
    assert after["access_token"] != before["access_token"]


def test_a_used_refresh_token_is_refused_with_an_empty_answer(place_of: Callable[..., Place]) -> None:
    """glewlwyd says no more than 400; that ends the session, and does not lock anybody out."""
    place = place_of(GLEWLWYD)
    config = place.config("--force-refresh")
    assert place.run("get", "pods", config=config).code == 0
    (path,) = place.cache.glob("session-*.json")
    old = path.read_bytes()
    assert place.run("get", "pods", config=config).code == 0
    path.write_bytes(old)
    done = place.run("get", "pods", config=config)
    assert done.code == 0, done.stderr
    assert "has ended" in done.stderr
    assert "in your browser" in done.stderr


def test_signing_out_removes_what_is_here_although_the_provider_refuses_a_public_client(place: Place) -> None:
    config = place.config()
    assert place.run("get", "pods", config=config).code == 0
    out = place.run("oidc-login", "logout", config=config)
    assert out.code == 1, out.stderr
    assert out.stdout == ""
    assert "removed what was kept of alice@example.test" in out.stderr
    assert secrets_left(place.cache) == set()
    again = place.run("get", "pods", config=config)
    assert again.code == 0, again.stderr
    assert "in your browser" in again.stderr


def test_signing_out_gives_the_refresh_token_back(place_of: Callable[..., Place]) -> None:
    """Canaille takes it from a client that proves itself."""
    place = place_of(CANAILLE, client_id="kubernetes-basic")
    config = place.config(f"--oidc-client-secret={SECRET}", client="kubernetes-basic")
    first = place.run("get", "pods", config=config)
    assert first.code == 0, first.stderr
    token = kept_refresh_token(place.cache)
    place.provider.forget()
    out = place.run("oidc-login", "logout", config=config)
    assert (out.code, out.stdout) == (0, ""), out.stderr
    assert f"revoked the refresh token of alice@example.test at {place.provider.issuer}" in out.stderr
    assert place.provider.count("revocation_endpoint") == 1
    assert secrets_left(place.cache) == set()
    form = {"grant_type": "refresh_token", "refresh_token": token}
    proof = ("kubernetes-basic", SECRET)
    endpoint = place.provider.metadata["token_endpoint"]
    assert place.provider.request("POST", endpoint, data=form, auth=proof).status_code == 400
