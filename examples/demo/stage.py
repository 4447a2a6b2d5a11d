"""The demo's stage: a provider, an API server and a home directory, all of them gone when the demo ends."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
CLIENT = "kubernetes"
READY_WITHIN = 20.0
COMMAND_WITHIN = 60.0
ID_TOKEN_TTL = 7
"""Seconds an ID token lives here: short, so that its expiry can be shown."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended, and how long it took in seconds."""

    code: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Stage:
    """What is there to show.

    :param directory: holds the home directory, the kubeconfig and every log.
    :param issuer: the provider's issuer.
    :param server: address of the API server.
    :param browser: the program that takes the browser's place.
    """

    directory: Path
    issuer: str
    server: str
    browser: str

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig in use."""
        return self.directory / "kubeconfig"

    def provider_requests(self) -> list[str]:
        """Return a line ``METHOD path status`` for each request the provider has seen."""
        return (self.directory / "provider.log").read_text(encoding="utf-8").splitlines()

    def environment(self, **more: str) -> dict[str, str]:
        """Return a clean environment with a home of its own and our commands first on the path."""
        path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
        return {"PATH": path, "HOME": str(self.directory / "home"), "KUBECONFIG": str(self.kubeconfig), **more}

    def run(self, *command: str, on_line: Callable[[str], None] | None = None, **environment: str) -> Result:
        """Run a command to its end.

        :param on_line: told each line of its standard error as it comes.
        """
        return _run(command, self.environment(**environment), on_line or (lambda _: None))

    def exec_arguments(self, *more: str) -> list[str]:
        """Return the plugin's arguments as they stand in the kubeconfig."""
        return [
            f"--oidc-issuer-url={self.issuer}",
            f"--oidc-client-id={CLIENT}",
            "--oidc-extra-scope=email,profile,groups",
            *more,
        ]

    def write_kubeconfig(self, authority: Path) -> None:
        """Write a kubeconfig with the users ``oidc`` (browser) and ``device`` (device code)."""
        browser = [f"--browser-command={self.browser}"] if self.browser else []
        device = [
            "--grant-type=device-code",
            "--skip-open-browser",
            f"--token-cache-dir={self.directory / 'another-machine'}",
        ]
        users = {"oidc": self.exec_arguments(*browser), "device": self.exec_arguments(*device)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "demo", "cluster": {"server": self.server, "certificate-authority": str(authority)}}],
            "users": [{"name": name, "user": {"exec": _stanza(arguments)}} for name, arguments in users.items()],
            "contexts": [{"name": name, "context": {"cluster": "demo", "user": name}} for name in users],
            "current-context": "oidc",
        }
        # JSON is YAML.
        self.kubeconfig.write_text(json.dumps(config, indent=1), encoding="utf-8")


@contextmanager
def stage(browser: str | None) -> Iterator[Stage]:
    """Set the stage, and clear it afterwards.

    :param browser: program to sign in with, ``system`` for the system's browser, or ``None`` for the automatic one.
    """
    room = HERE.parents[1] / ".cache"
    room.mkdir(exist_ok=True)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-", dir=room)))
        (directory / "home").mkdir()
        authority = directory / "api-ca.pem"
        provider = ["provider.py", "--log", directory / "provider.log", "--id-token-ttl", ID_TOKEN_TTL]
        issuer = stack.enter_context(_component(directory, *provider, "--device-interval", 1))
        api_server = ["api_server.py", "--issuer", issuer, "--client-id", CLIENT, "--ca-out", authority]
        server = stack.enter_context(_component(directory, *api_server, "--log", directory / "api-server.log"))
        chosen = {None: str(_automatic(directory)), "system": ""}.get(browser, browser or "")
        made = Stage(directory, issuer, server, chosen)
        made.write_kubeconfig(authority)
        yield made


def _stanza(arguments: Sequence[str]) -> dict[str, object]:
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": False,
        "command": "kubectl",
        "args": ["oidc-login", "get-token", *arguments],
    }


def _automatic(directory: Path) -> Path:
    script = directory / "automatic-browser"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "sign_in.py"}" "$@"\n', encoding="utf-8")
    script.chmod(0o700)
    return script


@contextmanager
def _component(directory: Path, program: str, *arguments: object) -> Iterator[str]:
    """Start a part of the stage and yield the address it is ready at."""
    with start(directory, program, HERE / program, *arguments) as process:
        yield ready(process, program)


@contextmanager
def start(directory: Path, name: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Begin to start a Python program; end it afterwards.

    :param directory: for what it says on standard error.
    :param arguments: Python's.
    """
    with (directory / f"{name}.stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=HERE.parents[1],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def ready(process: "subprocess.Popen[str]", name: str) -> str:
    """Wait until a program says where it is ready, and return that.

    :raises SystemExit: it takes too long, or ended.
    """
    assert process.stdout
    if not select.select([process.stdout], [], [], READY_WITHIN)[0]:
        raise SystemExit(f"{name} did not start within {READY_WITHIN:.0f} seconds")
    line = process.stdout.readline()
    if not line.startswith("READY "):
        raise SystemExit(f"{name} did not start: {line or 'it ended'}")
    return line.removeprefix("READY ").strip()


def _run(command: Sequence[str], environment: Mapping[str, str], on_line: Callable[[str], None]) -> Result:
    started = time.monotonic()
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as stdout,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stderr
        lines = []
        for line in process.stderr:
            lines.append(line)
            on_line(line.rstrip("\n"))
        code = process.wait(COMMAND_WITHIN)
        seconds = time.monotonic() - started
        stdout.seek(0)
        return Result(code, stdout.read(), "".join(lines), seconds)
