"""What the tests of faults start from: a real provider, a home directory, and the installed command in it."""

import contextlib
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.cli.get_token import read_request
from kubelogin_py.cli.option import PLUGIN
from kubelogin_py.cli.options import options_of
from kubelogin_py.compat import pflag
from kubelogin_py.oidc.id_token import read_unverified
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.storage import record
from kubelogin_py.storage.keys import login_key, session_key
from tests.storage.surroundings import disk_store
from tests.support import command, faketime
from tests.support.command import KUBELOGIN, Result, Running, Terminal
from tests.support.environment import clean
from tests.support.processes import free_port
from tests.support.providers import Provider, sign_in_script
from tests.support.relying_party import RelyingParty

EXEC_INFO = json.dumps(
    {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "spec": {"interactive": False}}
)
"""What kubectl says to a plugin that gets no terminal."""

AT_ONCE = 10.0
"""Seconds in which a command ends that waits for nobody, even on a machine with much else to do."""


@dataclass
class Scene:
    """One person with one provider.

    :param browser: what the plugin opens; signs in by itself unless told otherwise.
    """

    provider: Provider
    home: Path
    browser: Path
    port: int = field(default_factory=free_port)
    more: tuple[str, ...] = ()

    @property
    def cache(self) -> Path:
        """The token cache."""
        return self.home / ".kube/cache/oidc-login"

    def words(self, *more: str, name: str = PLUGIN) -> list[str]:
        """Return a command line."""
        return [
            name,
            f"--oidc-issuer-url={self.provider.issuer}",
            "--oidc-client-id=kubernetes",
            f"--listen-address=127.0.0.1:{self.port}",
            f"--browser-command={self.browser}",
            *self.more,
            *more,
        ]

    def call(self, *more: str, name: str = PLUGIN, **options: Any) -> Result:
        """Run the command to its end, without a terminal."""
        return command.run(*self.words(*more, name=name), home=self.home, **options)

    def start(self, *more: str, **options: Any) -> Running:
        """Start the command, without a terminal."""
        return command.start(*self.words(*more), home=self.home, **options)

    def terminal(self, *more: str, name: str = PLUGIN) -> Terminal:
        """Start the command on a terminal."""
        return Terminal(KUBELOGIN, *self.words(*more, name=name), home=self.home)

    def under(self, *wrapper: str | Path, more: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Result:
        """Run the program's Python part beneath another program, such as strace."""
        words = [*wrapper, sys.executable, "-m", "kubelogin_py", *self.words(*more)]
        return command.run(*words[1:], home=self.home, env=env, command=Path(words[0]))

    def at(self, shift: str, *more: str) -> Result:
        """Run the program with a wall clock that is wrong, such as by ``+1d``; as with a real one, nothing else is."""
        faketime.forget_the_dead()
        return self.under("faketime", "-f", shift, more=more, env={"FAKETIME_DONT_FAKE_MONOTONIC": "1"})

    @property
    def key(self) -> str:
        """The key of the session that the command line means."""
        environment = clean(self.home)
        rows = options_of(PLUGIN, environment)
        return session_key(read_request(rows, pflag.parse(rows, self.words()[1:]), environment).settings)

    @property
    def login_key(self) -> str:
        """The key of the one sign-in at a time."""
        return login_key(self.provider.issuer, "kubernetes")

    @property
    def file(self) -> Path:
        """The file of the session."""
        return self.cache / f"session-{self.key}.json"

    @property
    def twin(self) -> Path:
        """Its copy."""
        return self.cache / f"session-{self.key}.json.twin"

    @property
    def kept(self) -> Session:
        """The session that is kept; fails where it can't be read."""
        return record.parse(self.file.read_bytes())

    def seed(self, *, left: float | None = None) -> Session:
        """Sign in without the program, and keep the session as the program does.

        :param left: seconds until the token expires, as far as the cache knows; ``None`` for the truth.
        """
        redirect_uri = "http://localhost:8000"
        tokens = RelyingParty(self.provider, redirect_uri=redirect_uri, scope="openid").sign_in()
        claims = read_unverified(Secret(tokens["id_token"]))
        session = Session(
            issuer=self.provider.issuer,
            client_id="kubernetes",
            id_token=Secret(tokens["id_token"]),
            refresh_token=Secret(tokens["refresh_token"]),
            expires_at=claims.expires_at if left is None else SystemClock().now() + left,
            lifetime=3600.0,
            scope="openid",
        )
        disk_store(self.cache).save(self.key, session)
        self.provider.forget()
        return session

    def expire(self) -> None:
        """Let the kept token be over."""
        disk_store(self.cache).save(self.key, replace(self.kept, expires_at=SystemClock().now() - 5))

    @property
    def refreshes(self) -> int:
        """How many requests the token endpoint has seen since the session was put there."""
        return self.provider.count("token_endpoint")

    @property
    def opened(self) -> int:
        """How many browsers came to the provider."""
        return sum(line.startswith("GET /authorize") for line in self.provider.request_lines())

    @property
    def names(self) -> set[str]:
        """What is in the token cache."""
        return {path.name for path in self.cache.iterdir()}


def token(done: Result) -> str:
    """Return the token that a command printed; fails where it did not."""
    assert done.code == 0, done.stderr
    found: str = json.loads(done.stdout)["status"]["token"]
    return found


def warnings(done: Result) -> list[str]:
    """Return the warnings that a command gave."""
    return [line for line in done.stderr.splitlines() if line.startswith("warning: ")]


def slow_browser(path: Path, seconds: float, **wish: Any) -> Path:
    """Write a browser whose user takes time."""
    script = sign_in_script(path.with_suffix(".script"), **wish)
    path.write_text(f'#!/bin/sh\nsleep {seconds}\nexec {shlex.quote(str(script))} "$@"\n')
    path.chmod(0o755)
    return path


@contextlib.contextmanager
def tmpfs(path: Path, *options: str) -> Iterator[Path]:
    """Mount a small file system."""
    path.mkdir(parents=True, mode=0o700, exist_ok=True)
    chosen = ",".join(("size=256k", "mode=0700", *options))
    subprocess.run(["mount", "-t", "tmpfs", "-o", chosen, "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Make a directory read-only for everybody, root included."""
    subprocess.run(["mount", "--bind", str(path), str(path)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(path)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(directory: Path) -> None:
    """Fill a file system to its last byte."""
    with contextlib.suppress(OSError), (directory / "filler").open("ab", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass


def strace(trace: Path, *expressions: str) -> list[str | Path]:
    """Return the beginning of a command line that runs under strace with injected faults.

    :param trace: where the trace goes, for ``injected``.
    :param expressions: such as ``fsync:error=EIO:when=1``.
    """
    calls = ",".join(expression.partition(":")[0] for expression in expressions)
    options = [word for expression in expressions for word in ("-e", f"inject={expression}")]
    # Much faster, but a signal is never sent then.
    fast = [] if any("signal=" in one for one in expressions) else ["--seccomp-bpf"]
    return ["strace", "-f", *fast, "-y", "-qq", "-o", str(trace), "-e", f"trace={calls}", *options]


def injected(trace: Path, *, at: Path | str = "") -> bool:
    """Return whether a fault has struck: a test must not pass without it.

    :param at: in a call on something in this place.
    """
    lines = trace.read_text(errors="replace").splitlines()
    return any(("INJECTED" in line and str(at) in line) or "killed by SIGKILL" in line for line in lines)


def until(condition: Any, *, seconds: float = 20.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)
