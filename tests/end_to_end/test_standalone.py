"""Standalone mode by the installed executable: the rows of int128/kubelogin's own suite, and what it does not test."""

import base64
import json
import os
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

import pytest
import yaml

from kubelogin_py.cli.option import ROOT
from kubelogin_py.cli.options import options_of
from tests.oidc.minting import Signer, new_signer
from tests.support import command
from tests.support.certificates import Certificates, Leaf
from tests.support.command import Result
from tests.support.processes import free_port
from tests.support.providers import Provider, sign_in_script

SCHEMES = pytest.mark.parametrize("https", [False, True], ids=["NoTLS", "TLS"])


class Desk:
    """A kubeconfig with one user, and how this person runs the program."""

    def __init__(self, directory: Path, issuer: str, browser: Path | None, **keys: str) -> None:
        self.path = directory / "config"
        self.home = directory / "home"
        self.browser = browser
        config = {"client-id": "kubernetes", "idp-issuer-url": issuer, **keys}
        lines = "".join(f"        {key}: {value}\n" for key, value in config.items())
        self.path.write_text(
            "# mine\napiVersion: v1\nkind: Config\ncurrent-context: test\ncontexts:\n- name: test\n"
            "  context: {cluster: test, user: alice}  # me\nusers:\n- name: alice\n  user:\n    auth-provider:\n"
            f"      name: oidc\n      config:\n{lines}- name: other\n  user: {{token: keep}}\n",
            encoding="utf-8",
        )
        self.path.chmod(0o640)

    @property
    def words(self) -> list[str]:
        browser = f"--browser-command={self.browser or '/bin/false'}"
        return ["--kubeconfig", str(self.path), browser, f"--listen-address=127.0.0.1:{free_port()}"]

    def run(self, *more: str, env: dict[str, str] | None = None) -> Result:
        words = self.words if env is None else self.words[2:]
        return command.run(*words, *more, home=self.home, env=env)

    @property
    def document(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self.path.read_text(encoding="utf-8")))

    @property
    def config(self) -> dict[str, str]:
        return dict(self.document["users"][0]["user"]["auth-provider"]["config"])

    def age(self) -> None:
        """Let the stored ID token have expired an hour ago; nobody verifies the signature of a stored one."""
        token = self.config["id-token"]
        header, payload, signature = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        past = {**claims, "exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}
        aged = base64.urlsafe_b64encode(json.dumps(past).encode()).rstrip(b"=").decode()
        text = self.path.read_text(encoding="utf-8")
        self.path.write_text(text.replace(token, f"{header}.{aged}.{signature}"), encoding="utf-8")


def issued(done: Result) -> None:
    """Make sure that a new token was announced, on standard error alone."""
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert "\nYou got a valid token until 2" in f"\n{done.stderr}"


@pytest.fixture
def desk_for(tmp_path: Path) -> Callable[..., Desk]:
    def make(provider: Provider, **keys: str) -> Desk:
        trust = {"idp-certificate-authority": str(provider.ca)} if provider.ca else {}
        return Desk(tmp_path, provider.issuer, sign_in_script(tmp_path / "browser", ca=provider.ca), **trust, **keys)

    return make


@SCHEMES
def test_AuthCode(https: bool, started_provider: Callable[..., Provider], desk_for: Callable[..., Desk]) -> None:  # noqa: N802 -- the row's name
    """Tokens are written; comments, other users and the file's mode stay."""
    provider = started_provider("embedded", https=https)
    desk = desk_for(provider)
    issued(desk.run())
    assert desk.config["id-token"].count(".") == 2
    assert desk.config["refresh-token"]
    assert provider.count("authorization_endpoint") >= 1
    text = desk.path.read_text(encoding="utf-8")
    assert text.startswith("# mine\n")
    assert "# me\n" in text
    assert desk.document["users"][1] == {"name": "other", "user": {"token": "keep"}}
    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o640
    assert sorted(path.name for path in desk.path.parent.iterdir() if path.is_file()) == ["browser", "config"]


@SCHEMES
@pytest.mark.skipif(
    "username" not in {row.name for row in options_of(ROOT, {})}, reason="there is no password grant yet"
)
def test_ROPC(https: bool, certificates: Certificates, tmp_path: Path) -> None:  # noqa: N802 -- the row's name
    """Username and password reach the token endpoint; no browser is opened."""
    with OwnProvider(certificates.server if https else None) as provider:
        trust = {"idp-certificate-authority": str(certificates.ca)} if https else {}
        desk = Desk(tmp_path, provider.issuer, None, **trust)
        provider.answers = [("REFRESH_TOKEN_1", 3600)]
        issued(desk.run("--username", "USER1", "--password", "PASS1"))
        assert (provider.forms[0]["username"], provider.forms[0]["password"]) == ("USER1", "PASS1")
        assert desk.config["refresh-token"] == "REFRESH_TOKEN_1"


@SCHEMES
def test_TokenLifecycle(https: bool, started_provider: Callable[..., Provider], desk_for: Callable[..., Desk]) -> None:  # noqa: N802 -- the row's name
    """NoToken, Valid, Refresh, RefreshAgain."""
    provider = started_provider("embedded", https=https)
    desk = desk_for(provider)
    issued(desk.run())
    first = desk.config
    provider.forget()

    before = desk.path.stat()
    done = desk.run()
    assert (done.code, done.stdout, done.stderr) == (0, "", "")
    assert provider.count() == 0
    assert (desk.path.stat().st_mtime_ns, desk.path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)

    seen = {first["refresh-token"]}
    for _ in range(2):
        desk.age()
        provider.forget()
        issued(desk.run())
        assert provider.count("authorization_endpoint") == 0
        assert provider.count("token_endpoint") == 1
        assert desk.config["id-token"] != first["id-token"]
        assert desk.config["refresh-token"] not in seen
        seen.add(desk.config["refresh-token"])


class OwnProvider:
    """A provider that answers the token endpoint as it is told: refresh token and lifetime."""

    def __init__(self, leaf: Leaf | None = None) -> None:
        self.key: Signer = new_signer()
        self.answers: list[tuple[str | None, int]] = []
        self.forms: list[dict[str, str]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(provider.key_set if self.path == "/certs" else provider.metadata)

            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                provider.forms.append(form)
                self._send(provider.issue())

            def _send(self, document: object) -> None:
                body = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._scheme = "https" if leaf else "http"
        if leaf:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(leaf.certificate, leaf.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def issuer(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def metadata(self) -> dict[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/certs",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    @property
    def key_set(self) -> dict[str, object]:
        return {"keys": [self.key.jwk()]}

    def id_token(self, lifetime: int = 3600) -> str:
        now = int(time.time())
        return self.key.mint(
            {"iss": self.issuer, "aud": "kubernetes", "sub": "SUBJECT", "iat": now, "exp": now + lifetime}
        )

    def issue(self) -> dict[str, object]:
        refresh_token, lifetime = self.answers.pop(0)
        answer = {
            "access_token": "YOUR_ACCESS_TOKEN",
            "token_type": "Bearer",
            "expires_in": lifetime,
            "id_token": self.id_token(lifetime),
        }
        return {**answer, **({"refresh_token": refresh_token} if refresh_token else {})}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def own() -> Iterator[OwnProvider]:
    with OwnProvider() as provider:
        yield provider


def test_TokenLifecycle_RefreshAgain(own: OwnProvider, tmp_path: Path) -> None:  # noqa: N802 -- the row's name
    """The second answer lacks a refresh token: the one before it is kept."""
    desk = Desk(tmp_path, own.issuer, None, **{"id-token": own.id_token(), "refresh-token": "REFRESH_TOKEN_1"})
    own.answers = [("REFRESH_TOKEN_2", 3600), (None, 3600)]
    for sent in ("REFRESH_TOKEN_1", "REFRESH_TOKEN_2"):
        desk.age()
        issued(desk.run())
        assert own.forms[-1]["refresh_token"] == sent
        assert desk.config["refresh-token"] == "REFRESH_TOKEN_2"


def test_TLSData(started_provider: Callable[..., Provider], tmp_path: Path) -> None:  # noqa: N802 -- the row's name
    """The authority is in the kubeconfig itself."""
    provider = started_provider("embedded")
    assert provider.ca is not None
    authority = base64.b64encode(provider.ca.read_bytes()).decode()
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    desk = Desk(tmp_path, provider.issuer, browser, **{"idp-certificate-authority-data": authority})
    issued(desk.run())
    assert desk.config["id-token"]


def test_env_KUBECONFIG(  # noqa: N802 -- the row's name
    started_provider: Callable[..., Provider], desk_for: Callable[..., Desk], tmp_path: Path
) -> None:
    """The tokens go to the file that has the user, which is not the first here."""
    desk = desk_for(started_provider("embedded", https=False))
    dummy = tmp_path / "dummy.yaml"
    dummy.write_text("apiVersion: v1\nkind: Config\n", encoding="utf-8")
    issued(desk.run(env={"KUBECONFIG": os.pathsep.join([str(dummy), "/missing", str(desk.path)])}))
    assert desk.config["id-token"]
    assert dummy.read_text(encoding="utf-8") == "apiVersion: v1\nkind: Config\n"


def test_ExtraScopes(own: OwnProvider, tmp_path: Path) -> None:  # noqa: N802 -- the row's name
    """The scopes of the kubeconfig in their order, ``openid`` last."""
    desk = Desk(tmp_path, own.issuer, None, **{"extra-scopes": "profile,groups"})
    with command.Terminal(command.KUBELOGIN, *desk.words, "--skip-open-browser", home=desk.home) as terminal:
        url = terminal.read_until(r"(http://127\S+/auth\?\S+)")[1]
        terminal.interrupt()
        done = terminal.wait(deadline=10)
    assert "scope=profile+groups+openid" in url
    assert (done.code, done.stdout) == (130, "")
    assert "id-token" not in desk.config


def test_five_at_once_refresh_once(started_provider: Callable[..., Provider], desk_for: Callable[..., Desk]) -> None:
    """A provider that revokes a session when a refresh token comes twice sees it once."""
    provider = started_provider("embedded", https=False)
    desk = desk_for(provider)
    issued(desk.run())
    desk.age()
    provider.forget()
    results = command.together([command.start(*desk.words, home=desk.home) for _ in range(5)])
    assert [result.code for result in results] == [0] * 5, [result.stderr for result in results]
    assert provider.count("token_endpoint") == 1
    assert sum("You got a valid token" in result.stderr for result in results) >= 1
    desk.age()
    provider.forget()
    issued(desk.run())
    assert provider.count("authorization_endpoint") == 0


def test_a_linked_kubeconfig_stays_a_link(
    started_provider: Callable[..., Provider], desk_for: Callable[..., Desk], tmp_path: Path
) -> None:
    desk = desk_for(started_provider("embedded", https=False))
    real = tmp_path / "dotfiles"
    desk.path.rename(real)
    desk.path.symlink_to(real)
    issued(desk.run())
    assert desk.path.is_symlink()
    assert desk.config["id-token"]


FAULTS = {
    "nothing": ("", "could not find the current authentication provider: "),
    "tag": ("users: !!python/object/apply:os.system ['touch pwned']\n", "the tag tag:yaml.org,2002:python/object"),
    "large": ("#" * ((1 << 20) + 1), "is larger than 1048576 bytes"),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS)
def test_a_bad_kubeconfig_is_refused_untouched(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    done = command.run("--kubeconfig", path, home=tmp_path / "home", cwd=tmp_path)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: login: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_text(encoding="utf-8") == text
    assert not (tmp_path / "pwned").exists()


def test_a_kubeconfig_that_stays_locked_is_explained_before_anybody_signs_in(own: OwnProvider, tmp_path: Path) -> None:
    desk = Desk(tmp_path, own.issuer, None, **{"id-token": own.id_token(), "refresh-token": "REFRESH_TOKEN_1"})
    desk.age()
    os.close(os.open(f"{desk.path}.lock", os.O_CREAT | os.O_EXCL, 0))
    before = desk.path.read_text(encoding="utf-8")
    done = desk.run()
    assert (done.code, done.stdout) == (1, "")
    assert f"{desk.path} is locked" in done.stderr
    assert f"rm {desk.path}.lock" in done.stderr
    assert own.forms == []
    assert desk.path.read_text(encoding="utf-8") == before


def test_without_a_kubeconfig(tmp_path: Path) -> None:
    done = command.run(home=tmp_path / "home")
    assert (done.code, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: login: could not find the current authentication provider: there is no kubeconfig")
    assert "kubelogin setup" in hint
