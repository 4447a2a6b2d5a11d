"""Somebody who follows a guide: a home directory, a desktop whose browser signs in, and a shell."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from tests.support import command, guide_provider
from tests.support.api_server import ApiServer, start_api_server
from tests.support.certificates import Certificates
from tests.support.environment import BIN
from tests.support.providers import Provider, sign_in_script, start_provider

_Started = TypeVar("_Started", Provider, ApiServer)
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


class Neighbourhood:
    """The providers and API servers of the guides, each started once.

    :param directory: returns a new directory for each.
    """

    def __init__(self, directory: Callable[[], Path], certificates: Certificates) -> None:
        self._directory = directory
        self._certificates = certificates
        self._running: dict[object, Provider | ApiServer] = {}

    def provider(self, kind: str) -> Provider:
        """Return one of both real providers, over https."""
        leaf, ca = self._certificates.server, self._certificates.ca
        return self._begin((kind,), lambda place: start_provider(kind, place, leaf=leaf, ca=ca))

    def guide(self, path: str = "", *, algorithm: str = "RS256", **clients: str) -> Provider:
        """Return a provider as a guide has it.

        :param path: of its issuer.
        :param clients: ids, with underscores for their dashes, and secrets.
        """
        named = {name.replace("_", "-"): secret for name, secret in clients.items()}

        def begin(place: Path) -> Provider:
            return guide_provider.start(place, self._certificates, path=path, clients=named, algorithm=algorithm)

        return self._begin((path, *named), begin)

    def api_server(self, provider: Provider, **options: object) -> ApiServer:
        """Return an API server that trusts the provider.

        :param options: as for ``start_api_server``; ``port`` needs the last one on it to be stopped.
        """

        def begin(place: Path) -> ApiServer:
            return start_api_server(place, provider, self._certificates, **options)  # type: ignore[arg-type]

        return self._begin((provider.issuer, *sorted(options.items())), begin)

    def _begin(self, name: tuple[object, ...], begin: Callable[[Path], _Started]) -> _Started:
        if name not in self._running:
            self._running[name] = begin(self._directory())
        started = self._running[name]
        if isinstance(started, Provider):
            started.forget()
        return cast("_Started", started)

    def stop(self) -> None:
        """End them all."""
        for one in self._running.values():
            one.stop()


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
