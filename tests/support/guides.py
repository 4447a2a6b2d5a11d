"""Somebody who follows a guide: a home directory, a desktop whose browser signs in, and a shell."""

import errno
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support import command
from tests.support.api_server import ApiServer
from tests.support.environment import BIN
from tests.support.providers import Provider, sign_in_script

_PATIENCE = 15.0
"""Seconds for somebody else's sign-in to end."""

SEEDS = Path(__file__).parents[1] / "end_to_end/seeds"

_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: {ca}
    server: {server}
  name: testing
contexts:
- context:
    cluster: testing
    namespace: default
    user: {user}
  name: testing
current-context: testing
users:
"""


def seed(name: str, **put: str) -> str:
    """Return a passage with values in the places named; every place must be there.

    :param put: by a name for people, ``old -> new`` joined by that arrow.
    """
    text = (SEEDS / name).read_text(encoding="utf-8")
    if name.endswith(".diff"):
        text = "".join(line[1:] for line in text.splitlines(keepends=True) if not line.startswith("-"))
    for arrow in put.values():
        old, _, new = arrow.partition(" -> ")
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    return text


def require_ports(*ports: int) -> None:
    """Skip the test by name, or under CI fail it, when a port that a guide fixes stays taken."""
    until = time.monotonic() + _PATIENCE
    for port in ports:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            while (fault := _fault(family, host, port)) and time.monotonic() < until:
                time.sleep(0.2)
            if fault:
                message = f"port {port} of {host}, which the guide fixes, can't be had: {fault}"
                if os.environ.get("CI") == "true":
                    pytest.fail(message, pytrace=False)
                pytest.skip(message)


def _fault(family: socket.AddressFamily, host: str, port: int) -> str:
    """Return why a port can't be had; empty when it can, or when there is no such family here."""
    try:
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as error:
        return "" if error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL) else f"{error.strerror}"
    return ""


@dataclass
class Follower:
    """Who follows the guide.

    :param directory: for everything of theirs.
    """

    directory: Path
    provider: Provider
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        desktop = self.directory / "desktop"
        desktop.mkdir(parents=True)
        browser = sign_in_script(desktop / "browser", ca=self.provider.ca)
        opener = desktop / "xdg-open"
        opener.write_text(f'#!/bin/sh\necho "$1" >>"{self._opened}"\nexec "{browser}" "$1"\n', encoding="utf-8")
        opener.chmod(0o755)
        path = f"{desktop}{os.pathsep}{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self.env = {"SSL_CERT_FILE": str(self.provider.ca), "DISPLAY": ":0", "PATH": path}

    @property
    def home(self) -> Path:
        """The home directory."""
        return self.directory / "home"

    @property
    def _opened(self) -> Path:
        return self.directory / "opened"

    @property
    def opened(self) -> list[dict[str, str]]:
        """The parameters of each URL that the browser was sent to."""
        lines = self._opened.read_text(encoding="utf-8").splitlines() if self._opened.exists() else []
        return [{name: values[0] for name, values in parse_qs(urlsplit(line).query).items()} for line in lines]

    def kubeconfig(self, server: ApiServer, stanza: str, *, user: str) -> None:
        """Write ``~/.kube/config`` with a cluster, and the guide's user at its bottom."""
        path = self.home / ".kube/config"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_KUBECONFIG.format(ca=server.ca, server=server.url, user=user) + stanza, encoding="utf-8")

    def types(self, line: str, *, cwd: Path | None = None) -> command.Result:
        """Run a line, or several, in a shell."""
        return command.run("-ec", line, home=self.home, env=self.env, command=Path("/bin/sh"), cwd=cwd)

    def terminal(self, line: str, *, cwd: Path | None = None) -> command.Terminal:
        """Run a line in a shell on a terminal."""
        return command.Terminal("/bin/sh", "-ec", line, home=self.home, env=self.env, cwd=cwd)
