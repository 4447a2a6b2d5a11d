"""A healthy person before a healthy cluster, one thing of which is then broken."""

import base64
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubelogin_py.cli.get_token import read_request
from kubelogin_py.cli.main import main
from kubelogin_py.cli.option import PLUGIN
from kubelogin_py.cli.options import options_of
from kubelogin_py.cli.output import Stdout
from kubelogin_py.compat import pflag
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings
from kubelogin_py.storage.keys import login_key, session_key
from kubelogin_py.wiring.examining import examination
from tests.cli.calls import Lines
from tests.storage.surroundings import disk_store
from tests.support.api_server import ApiServer
from tests.support.command import KUBELOGIN
from tests.support.environment import clean
from tests.support.processes import free_port
from tests.support.scripted_provider import METADATA, Answer, ScriptedProvider

ASKED = [METADATA, "/certs", "/auth"]
"""What the provider is asked when nothing is wrong, each once."""

REVIEW = "POST /apis/authentication.k8s.io/v1/selfsubjectreviews"
CLAIMS = {"email": "alice@example.test", "email_verified": True, "groups": ["developers", "admins"]}
CANARY = "refresh-token-canary"


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor said, and what was seen of it.

    :param asked: paths that the provider was asked for.
    :param api: what the API server was asked: method, path, status.
    """

    code: int
    stdout: str
    stderr: str
    asked: list[str]
    api: list[str]

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.stdout))

    @property
    def statuses(self) -> dict[str, str]:
        return {one["check"]: one["status"] for one in self.document["checks"]}

    def finding(self, check: str) -> dict[str, Any]:
        return next(one for one in self.document["checks"] if one["check"] == check)

    def named(self, *statuses: str) -> set[str]:
        return {check for check, status in self.statuses.items() if status in statuses}

    @property
    def troubled(self) -> set[str]:
        """Checks that failed or warn; that an API server may not reach a provider on this machine is known."""
        return self.named("fail", "warn") - {"token-reach"}

    def blames(
        self,
        check: str,
        *words: str,
        status: str = "fail",
        also: Iterable[str] = (),
        without: Iterable[str] = (),
        advice: str = "",
    ) -> None:
        """Assert that one check found the fault, that it names cause and cure, and that the others stayed as they were.

        :param words: what its text must have.
        :param also: other checks that the same fault concerns.
        :param without: checks that are left out for it.
        :param advice: what the next step must have.
        """
        found = self.finding(check)
        text = " ".join(str(found[name]) for name in ("found", "cause", "next"))
        assert found["status"] == status, (found, self.troubled)
        assert all(word in text for word in words), text
        assert found["cause"], found
        assert found["next"], found
        assert advice in found["next"], found["next"]
        assert self.troubled == {check, *also}
        assert self.named("skip") == set(without)
        failing = self.named("fail")
        assert self.code == (1 if failing else 0)
        assert self.document["healthy"] is not bool(failing)
        assert self.stderr == "" if not failing else all(name in self.stderr for name in failing)


@dataclass
class Patient:
    """One person, whose kubeconfig, files and environment may be broken before ``examine``.

    :param arguments: of the exec section after ``get-token``; ``before`` those before it.
    :param cluster: the cluster's entry.
    :param plugin: the exec section.
    """

    provider: ScriptedProvider
    api_server: ApiServer
    home: Path
    ca: Path
    arguments: list[str] = field(default_factory=list)
    cluster: dict[str, Any] = field(default_factory=dict)
    plugin: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = free_port()
        self.browser = self.home / "browser"
        self.browser.write_text("#!/bin/sh\nexit 1\n")
        self.browser.chmod(0o755)
        self.environment = dict(clean(self.home))
        self.arguments = [
            f"--oidc-issuer-url={self.provider.issuer}",
            "--oidc-client-id=kubernetes",
            f"--certificate-authority={self.ca}",
            f"--listen-address=127.0.0.1:{self.port}",
            f"--browser-command={self.browser}",
        ]
        self.cluster = {
            "server": self.api_server.url,
            "certificate-authority-data": base64.b64encode(self.ca.read_bytes()).decode(),
        }
        self.plugin = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "IfAvailable",
            "command": str(KUBELOGIN),
        }

    @property
    def kubeconfig(self) -> Path:
        return self.home / ".kube/config"

    @property
    def cache(self) -> Path:
        return self.home / ".kube/cache/oidc-login"

    @property
    def settings(self) -> Settings:
        rows = options_of(PLUGIN, self.environment)
        return read_request(rows, pflag.parse(rows, self.arguments), self.environment).settings

    @property
    def key(self) -> str:
        return session_key(self.settings)

    @property
    def login_key(self) -> str:
        return login_key(self.settings.provider.issuer, self.settings.provider.client_id)

    @property
    def session_file(self) -> Path:
        return self.cache / f"session-{self.key}.json"

    def replace_argument(self, name: str, value: str | None) -> None:
        """Give an option another value, or leave it out."""
        self.arguments = [one for one in self.arguments if not one.startswith(f"--{name}=")]
        if value is not None:
            self.arguments.append(f"--{name}={value}")

    def sign_in(self, *, answer: Answer | None = None, refresh: bool = True, **changed: Any) -> Session:
        """Keep a session as the program does.

        :param answer: what is in its token; a good one unless told otherwise.
        :param changed: fields of the session.
        """
        token = self.provider.id_token(answer or Answer(claims=CLAIMS))
        lifetime = (answer or Answer()).lifetime
        values: dict[str, Any] = {
            "issuer": self.settings.provider.issuer,
            "client_id": self.settings.provider.client_id,
            "id_token": Secret(token),
            "refresh_token": Secret(CANARY) if refresh else None,
            "expires_at": time.time() + lifetime,
            "lifetime": float(lifetime),
            "scope": "openid",
            **changed,
        }
        session = Session(**values)
        disk_store(self.cache).save(self.key, session)
        return session

    def write_kubeconfig(self) -> None:
        """Write the kubeconfig as it is meant now; one that a test has written stays."""
        section = {**self.plugin, "args": [*self.before, "get-token", *self.arguments]}
        user = {"exec": {name: value for name, value in section.items() if value is not None}}
        whole: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "dev",
            "contexts": [{"name": "dev", "context": {"cluster": "home", "user": "alice"}}],
            "clusters": [{"name": "home", "cluster": self.cluster}],
            "users": [{"name": "alice", "user": user}],
            **self.document,
        }
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        self.kubeconfig.write_text(json.dumps(whole, indent=1))

    def examine(self, *more: str, output: str = "json", write: bool = True) -> Diagnosis:
        """Run the doctor as wired; whatever is wrong, it changes nothing and tells no secret."""
        if write:
            self.write_kubeconfig()
        self.provider.forget()
        logged = len(self.api_server.log.read_text().splitlines())
        before = snapshot(self.home)
        done = run(self.environment, "doctor", f"--output={output}", *more)
        assert snapshot(self.home) == before
        assert CANARY not in done[1] + done[2]
        assert "eyJ" not in done[1] + done[2]
        lines = [
            line for line in self.api_server.log.read_text().splitlines()[logged:] if not line.startswith("refused")
        ]
        asked = [one.path for one in self.provider.seen if one.headers.get("user-agent", "").endswith("doctor")]
        return Diagnosis(*done, asked, lines)


def run(environment: Mapping[str, str], *words: str) -> tuple[int, str, str]:
    """Run the program in this process, as wired; return exit code, stdout and stderr."""
    reading, writing = os.pipe()
    stdout, stderr = Stdout(writing), Lines()
    code = main(words, dict(environment), stdout=stdout, stderr=stderr, sign_in=_never, examine=examination)
    stdout.close()
    with os.fdopen(reading, encoding="utf-8") as answer:
        return code, answer.read(), stderr.text


def snapshot(root: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Return everything below a directory: mode, owner, time of the last change, contents."""
    found = {}
    for path in sorted([root, *root.rglob("*")]):
        status = path.lstat()
        contents = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path)] = (status.st_mode, status.st_uid, status.st_mtime_ns, contents)
    return found


def _never(*_: object) -> Any:
    raise AssertionError("nobody signs in")
