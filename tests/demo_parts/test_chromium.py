"""A real Chromium signs in at both providers, and asks nobody else for anything."""

import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.environment import clean
from tests.support.providers import CERTIFIED, Provider, browser_script
from tests.support.relying_party import RelyingParty

pytestmark = pytest.mark.required("chromium")


@pytest.fixture
def callback() -> Iterator[tuple[int, list[str]]]:
    """A listener that shows a page for whatever comes, and keeps the paths."""
    arrived: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrived.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Signed in</title>You may close this window.")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, arrived
        server.shutdown()


@pytest.mark.timeout(120)
def test_chromium_signs_in_after_a_wrong_password(
    provider: Provider, callback: tuple[int, list[str]], tmp_path: Path
) -> None:
    port, arrived = callback
    party = RelyingParty(provider, redirect_uri=f"http://localhost:{port}/callback")
    script = browser_script(tmp_path / "browser", wrong_password_first=True)
    subprocess.run([script, party.authorization_url()], env=clean(tmp_path / "home"), check=True, timeout=90)
    assert any(path.startswith("/callback?") and f"state={party.state}" in path for path in arrived)
    assert "You may close this window." in (tmp_path / "browser.txt").read_text()
    assert (tmp_path / "browser.png").stat().st_size > 1000
    assert not any("favicon" in line for line in provider.request_lines())
    hosts = {line.split()[1].split("/")[2] for line in (tmp_path / "browser.requests").read_text().splitlines()}
    assert hosts == {provider.issuer.split("/")[2], f"localhost:{port}"}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("complete", [False, True], ids=["typed-code", "complete-uri"])
def test_chromium_approves_a_device(started_provider: Callable[..., Provider], tmp_path: Path, complete: bool) -> None:
    """At the certified provider, whose device pages come in a row and one of which submits itself."""
    party = RelyingParty(started_provider(CERTIFIED))
    device = party.device_authorization()
    script = browser_script(tmp_path / "browser", user_code=device["user_code"])
    url = device["verification_uri_complete" if complete else "verification_uri"]
    subprocess.run([script, url], env=clean(tmp_path / "home"), check=True, timeout=90)
    assert party.poll(device["device_code"]).status_code == 200
