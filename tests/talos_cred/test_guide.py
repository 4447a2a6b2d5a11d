"""The guide of talosctl-oidc, as written: its login, multi-cluster, status, logout and watch sections.

The words are the guide's own, run by bash with ``alias talosctl-oidc=talos-cred``. Put in are the addresses of the
provider and the servers and the client's id. What a desktop has anyway comes by the environment: a browser, and the
provider's private authority. It is run against the reference server and against what each version upstream answers.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import command
from tests.support.exchange import ExchangeServer
from tests.support.exchange_fake import FakeExchange
from tests.support.providers import Provider
from tests.support.talos_pki import TalosCa
from tests.support.upstream_exchange import VERSIONS, upstream
from tests.talos_cred.conftest import CLIENT

# Its callback port is the guide's.
pytestmark = [pytest.mark.required("bash"), pytest.mark.xdist_group("port-8900")]

LOGIN = """\
# With self-signed TLS (default server mode), save the CA PEM from server logs:
talosctl-oidc login \\
--provider https://idp.example.com/application/o/talos-oidc/ \\
--client-id <your-client-id> \\
--server https://localhost:8443 \\
--server-ca server-ca.pem \\
--context-name oidc \\
--callback-port 8900
"""
INSECURE = """\
# With insecure server:
talosctl-oidc login \\
--provider https://idp.example.com/application/o/talos-oidc/ \\
--client-id <your-client-id> \\
--server http://localhost:8443 \\
--insecure \\
--context-name oidc \\
--callback-port 8900
"""
CLUSTERS = """\
# Login to production cluster
talosctl-oidc login \\
--provider https://idp.example.com/realms/talos \\
--client-id talosctl \\
--server https://prod-oidc-server:8443 \\
--server-ca prod-ca.pem \\
--context-name prod
# Login to staging cluster
talosctl-oidc login \\
--provider https://idp.example.com/realms/talos \\
--client-id talosctl \\
--server https://staging-oidc-server:8443 \\
--server-ca staging-ca.pem \\
--context-name staging
"""
STATUS = """\
# Check status of each
talosctl-oidc status --context-name prod
talosctl-oidc status --context-name staging
"""
PLACES = (
    "https://idp.example.com/application/o/talos-oidc/",
    "https://idp.example.com/realms/talos",
    "<your-client-id>",
    "--client-id talosctl",
)


@dataclass
class Follower:
    """Somebody who pastes the guide's commands.

    :param servers: what is behind each of the guide's server addresses.
    """

    home: Path
    idp: Provider
    browser: Path
    servers: dict[str, str]

    def __call__(self, passage: str, *more: str) -> command.Result:
        """Paste a passage; it ends with its first command that fails."""
        return command.finish(self.start(passage, *more))

    def start(self, passage: str, *more: str) -> command.Running:
        found = dict(zip(PLACES, (self.idp.issuer, self.idp.issuer, CLIENT, f"--client-id {CLIENT}"), strict=True))
        for old, new in {**found, **self.servers}.items():
            passage = passage.replace(old, new)
        passage = passage.rstrip("\n") + "".join(f" {word}" for word in more)
        lines = "shopt -s expand_aliases\nset -e\nalias talosctl-oidc=talos-cred\n" + passage
        environment = {
            "PATH": f"{command.BIN}:/usr/bin:/bin",
            "TALOS_CRED_PROVIDER_CA": str(self.idp.ca),
            "TALOS_CRED_BROWSER_COMMAND": str(self.browser),
        }
        # As a file: bash expands aliases line by line, which -c does not.
        script = self.home / "pasted.sh"
        script.write_text(lines + "\n", encoding="utf-8")
        return command.start(script, home=self.home, env=environment, command=Path("/bin/bash"), cwd=self.home)

    @property
    def opened(self) -> int:
        """How often the browser was opened."""
        log = Path(f"{self.browser}.opened")
        return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0

    @property
    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((self.home / ".talos/config").read_text(encoding="utf-8"))
        return found


REFERENCE = "the reference server"


@pytest.fixture(params=[REFERENCE, *VERSIONS])
def follower(
    request: pytest.FixtureRequest,
    home: Path,
    idp: Provider,
    browser: Path,
    started_exchange: Callable[..., ExchangeServer],
) -> Iterator[Follower]:
    """Somebody with three clusters, whose servers are of one version, and one over plain http."""

    def reference(seconds: float, *, insecure: bool = False, name: str = "") -> tuple[str, Path | None]:
        server = started_exchange(idp, cert_ttl=f"{seconds:.0f}s", insecure=insecure, endpoints=[f"10.0.0.1{name}"])
        return server.url, server.ca

    certificates = request.getfixturevalue("certificates")
    with ExitStack() as stack:

        def fake(seconds: float, *, insecure: bool = False, name: str = "") -> tuple[str, Path | None]:
            del name
            script = upstream(TalosCa.make(now=time.time()), request.param, seconds=seconds)
            server = stack.enter_context(FakeExchange(script, None if insecure else certificates.server))
            return server.url, None if insecure else certificates.ca

        start = fake if request.param in VERSIONS else reference
        servers = {}
        for place, authority, (url, ca) in (
            ("https://localhost:8443", "server-ca.pem", start(6.0)),
            ("http://localhost:8443", "", start(300.0, insecure=True)),
            ("https://prod-oidc-server:8443", "prod-ca.pem", start(300.0, name="1")),
            ("https://staging-oidc-server:8443", "staging-ca.pem", start(300.0, name="2")),
        ):
            servers[place] = url
            if ca:
                (home / authority).write_bytes(ca.read_bytes())
        yield Follower(home, idp, browser, servers)


def test_login_several_clusters_status_and_logout(follower: Follower) -> None:
    done = follower(CLUSTERS)
    assert done.code == 0, done.stderr
    assert set(follower.config["contexts"]) == {"prod", "staging"}
    # One sign-in for both, and the first login into an empty file is the current context, for good.
    assert follower.opened == 1
    assert follower.config["context"] == "prod"
    shown = follower(STATUS)
    assert shown.code == 0
    assert shown.stdout.count("good") == 2
    for member in ("ca", "crt", "key"):
        assert len({context[member] for context in follower.config["contexts"].values()}) == 2
    gone = follower("talosctl-oidc logout --context-name prod")
    assert gone.code == 0, gone.stderr
    assert set(follower.config["contexts"]) == {"staging"}
    assert follower("talosctl-oidc status --context-name prod").code == 2
    assert follower("talosctl-oidc logout --context-name staging").code == 0
    assert not list((follower.home / ".kube/cache/oidc-login").glob("session-*.json"))


@pytest.mark.parametrize("follower", [REFERENCE], indirect=True)
def test_login_over_plain_http_on_this_machine(follower: Follower) -> None:
    done = follower(INSECURE)
    assert done.code == 0, done.stderr
    assert follower.config["context"] == "oidc"


def test_watch_renews_by_the_refresh_token(follower: Follower) -> None:
    """A certificate of six seconds is replaced in time, no browser is opened again, and SIGTERM is no error."""
    running = follower.start(LOGIN, "--watch")
    seen: set[str] = set()
    until = time.monotonic() + 60
    while len(seen) < 3 and time.monotonic() < until and running.process.poll() is None:
        time.sleep(0.1)
        if (follower.home / ".talos/config").exists():
            seen.add(follower.config["contexts"]["oidc"]["crt"])
    # The shell is told, and the command that it waits for.
    os.killpg(running.process.pid, signal.SIGTERM)
    done = command.finish(running)
    assert len(seen) == 3, done.stderr
    assert follower.opened == 1
    assert "error" not in done.stderr
