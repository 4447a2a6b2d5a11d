"""The installed plugin at a scripted provider, as int128/kubelogin's own tests call theirs."""

import base64
import json
import time
from pathlib import Path
from typing import Any

from tests.support import command
from tests.support.command import Result, Terminal
from tests.support.scripted_provider import CLIENT, ScriptedProvider, visitor

V1 = "client.authentication.k8s.io/v1"
EXEC_INFO = {"KUBERNETES_EXEC_INFO": json.dumps({"kind": "ExecCredential", "apiVersion": V1, "spec": {}})}
PASSWORD_GRANT = ("--username=USER1", "--password=PASS1")
"""Flags of a sign-in for which nothing has to be opened."""


class Plugin:
    """The plugin with a home directory, a browser and a terminal of its own.

    :param ca: whom the browser trusts.
    """

    def __init__(self, directory: Path, provider: ScriptedProvider, *, ca: Path | None = None) -> None:
        self.provider = provider
        self.home = directory / "home"
        self.cache = self.home / ".kube/cache/oidc-login"
        self._page = directory / "page"
        self.browser = visitor(directory / "browser", page=self._page, ca=ca)

    def words(self, *more: str, listen: bool = True, browser: bool = True) -> list[str]:
        """Return a command line with what is mandatory, and more."""
        words = ["get-token", f"--oidc-issuer-url={self.provider.issuer}", f"--oidc-client-id={CLIENT}"]
        words += ["--listen-address=127.0.0.1:0"] * listen + [f"--browser-command={self.browser}"] * browser
        return [*words, *more]

    def run(self, *more: str, stdin: str | None = None, env: dict[str, str] | None = None, **parts: bool) -> Result:
        """Run it to its end, without a terminal."""
        words = self.words(*more, **parts)
        return command.run(*words, home=self.home, env={**EXEC_INFO, **(env or {})}, stdin=stdin)

    def terminal(self, *more: str, **parts: bool) -> Terminal:
        """Start it on a terminal."""
        return Terminal(command.KUBELOGIN, *self.words(*more, **parts), home=self.home)

    @property
    def page(self) -> str:
        """Status and text of the page that the browser saw at last."""
        until = time.monotonic() + 10
        while not (self._page.exists() and self._page.stat().st_size) and time.monotonic() < until:
            time.sleep(0.02)
        return self._page.read_text(encoding="utf-8")

    @property
    def was_opened(self) -> bool:
        """Whether the browser was started."""
        return self._page.exists()


def credential(done: Result) -> dict[str, Any]:
    """Return the one document that it wrote."""
    assert done.code == 0, done.stderr
    assert done.stdout.count("\n") == 1
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["kind"] == "ExecCredential"
    return document


def token(done: Result) -> str:
    """Return the token that it handed out."""
    return str(credential(done)["status"]["token"])


def claims(done: Result) -> dict[str, Any]:
    """Return the claims of the token that it handed out."""
    payload = token(done).split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return found


def expiry(done: Result) -> float:
    """Return until when the token serves, in UTC seconds."""
    stamp = credential(done)["status"]["expirationTimestamp"]
    return time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


def failed(done: Result, *words: str) -> None:
    """Make sure it failed as it should: exit code 1, nothing on standard output, one error that has the words."""
    assert (done.code, done.stdout) == (1, ""), done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in lines[0]
