"""What the commands are timed with: a finished answer, a provider at a distance, sessions that were signed in to."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import certifi

from kubelogin_py import fastpath
from tests.bench.installation import Installation
from tests.support.certificates import Certificates, make_certificates
from tests.support.components import ROOT
from tests.support.processes import free_port
from tests.support.providers import EMBEDDED, Provider, sign_in_script, start_provider

TOKEN_BYTES = 1219
TYPICAL = [
    "get-token",
    "--oidc-issuer-url=https://id.example.com/realms/infrastructure",
    "--oidc-client-id=kubernetes",
    "--oidc-extra-scope=email",
    "--oidc-extra-scope=groups",
]
LONG = [
    "get-token",
    "--oidc-issuer-url=https://pocket-id.apps.cluster.example.com",
    "--oidc-client-id=0d9d6b5e-6a55-4c8c-8f0a-9f3c1f2a7b11",
    "--oidc-client-secret=Zr4u7xADGKaPdSgUkXp2s5v8yB",
    *(f"--oidc-extra-scope={scope}" for scope in ("groups", "email", "name", "profile", "offline_access")),
    "--listen-address=127.0.0.1:9090",
    "--certificate-authority-data=" + "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI" * 8 + "Cg==",
]


def plant_answer(arguments: list[str], environ: Mapping[str, str]) -> Path:
    """Write a finished answer to a command line, as the product does, and return its file."""
    place = fastpath.key_for(arguments, environ)
    assert place, arguments
    directory, name, key = place
    token = ("eyJhbGciOiJSUzI1NiJ9.x-_" * TOKEN_BYTES)[:TOKEN_BYTES]
    contents = f"{key}\n2099-01-01T00:00:00Z {token}\nsession {'a' * 64}\n"
    Path(directory).mkdir(0o700, parents=True, exist_ok=True)
    Path(directory, f"session-{'a' * 64}.json").touch()
    file = Path(directory, name)
    file.write_text(contents, encoding="ascii")
    file.chmod(0o600)
    os.utime(file, (time.time() + 86400,) * 2)
    assert fastpath.answer(arguments, environ)
    return file


class Relay:
    """Lengthens the way to a port of this machine.

    :param target: the port.
    """

    def __init__(self, target: int) -> None:
        command = [sys.executable, "-m", "tests.bench.relay", str(target)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.port = int(self._line().removeprefix("READY "))

    def round_trip(self, milliseconds: float) -> Callable[[], object]:
        """Return a function that sets the round-trip time."""

        def change() -> None:
            assert self._process.stdin
            self._process.stdin.write(f"{milliseconds / 2000}\n")
            self._line()

        return change

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


class Distant:
    """The embedded provider over https behind a relay, and people who sign in there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.certificates: Certificates = make_certificates(directory / "certificates")
        # What a system trusts whose store is one file, with a private authority in it.
        self.bundle = directory / "bundle.pem"
        self.bundle.write_bytes(Path(certifi.where()).read_bytes() + self.certificates.ca.read_bytes())
        port = free_port()
        self.relay = Relay(port)
        self.provider: Provider = start_provider(
            EMBEDDED,
            directory / "provider",
            leaf=self.certificates.server,
            ca=self.certificates.ca,
            port=self.relay.port,
            listen_port=port,
            device_interval=1,
        )
        self.provider.load_metadata()

    def arguments(self, cache: str, *more: str, ca: Path | None = None) -> list[str]:
        """Return the command line of a session that is kept in a directory of its own.

        :param ca: authorities in place of the provider's own.
        """
        return [
            "get-token",
            f"--oidc-issuer-url={self.provider.issuer}",
            "--oidc-client-id=kubernetes",
            "--oidc-extra-scope=email",
            "--oidc-extra-scope=groups",
            f"--certificate-authority={ca or self.certificates.ca}",
            f"--token-cache-dir={self.directory / cache}",
            *more,
        ]

    def sign_in(self, program: str, arguments: list[str], environ: Mapping[str, str]) -> None:
        """Let a person sign in once, so that there is a session."""
        browser = sign_in_script(self.directory / "browser", ca=self.certificates.ca)
        words = [program, *arguments, f"--browser-command={browser}", f"--listen-address=127.0.0.1:{free_port()}"]
        subprocess.run(words, env=dict(environ), check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.provider.stop()
        self.relay.close()


def installed_cache(installation: Installation) -> Path:
    """Return the default cache directory of the installation's user."""
    return Path(installation.environ["HOME"], ".kube/cache/oidc-login")
