"""Drives both real providers: the certified npm ``oidc-provider`` and the demo's own on Authlib."""

import json
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support import components, processes
from tests.support.certificates import Leaf
from tests.support.environment import clean

EMBEDDED, CERTIFIED = "embedded", "oidc-provider"
KINDS = (EMBEDDED, CERTIFIED)
DEMO = components.ROOT / "examples/demo"
ACCOUNTS: dict[str, Any] = json.loads((DEMO / "accounts.json").read_text(encoding="utf-8"))
"""The users and clients of both providers."""

SECRET = next(row["client_secret"] for row in ACCOUNTS["clients"] if "client_secret" in row)
"""The secret of the confidential clients, full of characters that must be encoded."""


@dataclass
class Provider:
    """A running provider.

    :param ca: PEM file to trust it by; ``None`` over http.
    :param log: one line per request: method, path, status.
    """

    kind: str
    component: processes.Component
    log: Path
    ca: Path | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    _counted_from: int = 0

    @property
    def issuer(self) -> str:
        """Its issuer."""
        return self.component.address

    def load_metadata(self) -> None:
        """Read its metadata; for a provider behind a proxy, to be called once the proxy leads to it."""
        self.metadata = self.fetch(f"{self.issuer}/.well-known/openid-configuration")
        self.forget()

    def fetch(self, url: str) -> Any:
        """Return a JSON document of the provider."""
        return self.request("GET", url).json()

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send one request over a connection of its own, trusting this provider and nobody's environment."""
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(self.ca) if self.ca else True
            return session.request(method, url, timeout=30, **options)

    def request_lines(self) -> list[str]:
        """Return a line ``METHOD path status`` for each request since the last ``forget``."""
        return self.log.read_text(encoding="utf-8").splitlines()[self._counted_from :]

    def forget(self) -> None:
        """Count requests from here on."""
        self._counted_from = len(self.log.read_text(encoding="utf-8").splitlines())

    def count(self, endpoint: str | None = None) -> int:
        """Return how many requests came to an endpoint (``token_endpoint``, ``jwks_uri``, …), or to any."""
        if endpoint is None:
            return len(self.request_lines())
        url = self.issuer + "/.well-known/openid-configuration" if endpoint == "discovery" else self.metadata[endpoint]
        path = url.removeprefix(self.issuer)
        return sum(line.split()[1] == path for line in self.request_lines())

    def stop(self) -> None:
        """End it."""
        self.component.stop()


def start_provider(
    kind: str, directory: Path, *, leaf: Leaf | None = None, ca: Path | None = None, **options: object
) -> Provider:
    """Start a provider and return it once it answers.

    :param kind: ``embedded`` or ``oidc-provider``.
    :param directory: for its logs.
    :param leaf: certificate and key for https; http without.
    :param ca: what the certificate is trusted by.
    :param options: flags both know, such as ``port=0``, ``listen_port``, ``issuer_host``, ``algorithm``,
        ``id_token_ttl``, ``access_token_ttl``, ``device_ttl`` (seconds), ``refresh_latency`` (seconds);
        ``refresh_always=False`` and ``refresh_grace`` (seconds) for the embedded one only.
    """
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / f"{kind}-requests.log"
    log.touch()
    command: list[str | Path] = [sys.executable, DEMO / "provider.py"]
    if kind == CERTIFIED:
        command = [components.node() or "node", components.NODE_DIRECTORY / "provider.mjs"]
    flags = {"log": log, **options}
    if leaf:
        flags |= {"tls_cert": leaf.certificate, "tls_key": leaf.key}
    for name, value in flags.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            command.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            command += [f"--{flag}", str(value)]
    component = processes.start(command, log=directory / f"{kind}.log", env=clean(directory / "home"))
    provider = Provider(kind, component, log, ca if leaf else None)
    if "listen_port" not in options:
        provider.load_metadata()
    return provider


def sign_in_script(
    path: Path,
    *,
    ca: Path | None = None,
    user: str = "alice",
    program: Path = DEMO / "sign_in.py",
    **options: object,
) -> Path:
    """Write an executable that takes a URL and signs in there, for ``--browser-command``, and return its path.

    :param program: what signs in.
    :param options: ``password``, ``cancel``, ``wrong_password_first``, ``user_code``.
    """
    return _script(path, program, ca=ca, user=user, **options)


def browser_script(path: Path, *, user: str = "alice", **options: object) -> Path:
    """Write an executable that takes a URL and signs in there with a real Chromium, and return its path.

    It leaves a picture and the text of the last page beside itself.

    :param options: as for ``sign_in_script``, without ``ca``: Chromium trusts nothing private.
    """
    script = Path(__file__).with_name("chromium.py")
    return _script(path, script, user=user, page=path.with_suffix(".page"), **options)


def _script(path: Path, program: Path, **options: object) -> Path:
    user = str(options["user"])
    options.setdefault("password", ACCOUNTS["users"][user]["password"])
    settings = {
        f"SIGN_IN_{name.upper()}": str(int(value) if isinstance(value, bool) else value)
        for name, value in options.items()
        if value not in (None, False)
    }
    assignments = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    run = f"exec env {assignments} {shlex.quote(sys.executable)} -I {shlex.quote(str(program))}"
    path.write_text(f'#!/bin/sh\n{run} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path
