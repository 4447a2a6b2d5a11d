"""The program as people use it, on real parts: login, several clusters, status, logout and run."""

import base64
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.support import command, components, processes
from tests.support.certificates import Certificates
from tests.support.exchange import ExchangeServer
from tests.support.providers import Provider
from tests.talos_cred.conftest import CLIENT

APID = components.ROOT / "tests/support/talos_apid.py"


@dataclass
class Shell:
    """Somebody's shell: ``shell("login", …)`` runs the program."""

    home: Path
    program: Path
    flags: list[str | Path]
    env: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str | Path, **options: object) -> command.Result:
        return command.run(*words, home=self.home, env=self.env, command=self.program, **options)  # type: ignore[arg-type]

    def login(self, *words: str | Path) -> command.Result:
        return self("login", *self.flags, *words)

    @property
    def config(self) -> dict[str, dict[str, dict[str, str]]]:
        found: dict[str, dict[str, dict[str, str]]] = yaml.safe_load((self.home / ".talos/config").read_text())
        return found


def executable(path: Path, line: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{line}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def shell(tmp_path: Path, home: Path, idp: Provider, exchange: ExchangeServer, browser: Path) -> Shell:
    """A shell whose program is called as talosctl-oidc's users call theirs."""
    program = tmp_path / "bin" / "talosctl-oidc"
    program.parent.mkdir(exist_ok=True)
    program.symlink_to(command.BIN / "talos-cred")
    flags = ["--provider", idp.issuer, "--client-id", CLIENT, "--server", exchange.url, "--server-ca", str(exchange.ca)]
    extra = [
        "--provider-ca",
        str(idp.ca),
        "--browser-command",
        str(browser),
        "--callback-port",
        str(processes.free_port()),
    ]
    return Shell(home, program, [*flags, *extra])


@pytest.fixture
def apid(exchange: ExchangeServer, tmp_path: Path) -> Iterator[str]:
    """A node of the cluster that the exchange server makes certificates for."""
    leaf = exchange.talos.node()
    start = [sys.executable, APID, exchange.talos.file, leaf.certificate, leaf.key]
    with processes.start(start, log=tmp_path / "apid.log") as node:
        yield node.address


@pytest.fixture
def talosctl(tmp_path: Path) -> Path:
    """Something that is called talosctl and reads what talosctl reads."""
    source = components.ROOT / "tests/support/talosctl.py"
    return executable(
        tmp_path / "bin" / "talosctl", f"import runpy; runpy.run_path({str(source)!r}, run_name='__main__')"
    )


@pytest.fixture
def node(apid: str, talosctl: Path) -> tuple[str, Path]:
    """Address of the node, and what speaks to it."""
    return apid, talosctl


@pytest.fixture
def short(idp: Provider, exchange: ExchangeServer, started_exchange: Callable[..., ExchangeServer]) -> ExchangeServer:
    """An exchange server of the same cluster whose certificates live nine seconds."""
    return started_exchange(idp, cert_ttl="9s", talos=exchange.talos)


def opened(browser: Path) -> int:
    log = Path(f"{browser}.opened")
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_a_login_and_a_call_of_the_node(shell: Shell, apid: str, talosctl: Path) -> None:
    """Sign in once; then talosctl works with the certificate, by the usual search for its configuration."""
    done = shell.login("--context-name", "oidc")
    assert done.code == 0, done.stderr
    assert re.search(r"context oidc: certificate until .* UTC, roles os:reader, for alice@example.test", done.stderr)
    assert done.stdout == ""
    assert re.search(r"its Talos authority is remembered: SHA-256 [0-9a-f]{64}\n", done.stderr)
    assert "authority" not in shell.login("--context-name", "oidc", "--force").stderr
    assert shell.config["context"] == "oidc"
    answer = command.run("--context", "oidc", "-e", apid, "version", home=shell.home, command=talosctl)
    assert (answer.code, answer.stdout) == (0, "v1.6.0\n"), answer.stderr


def test_a_second_login_is_no_work(shell: Shell, browser: Path) -> None:
    shell.login()
    done = shell.login()
    assert done.code == 0
    assert "still good" in done.stderr
    assert opened(browser) == 1


def test_the_next_login_needs_no_flags(shell: Shell, browser: Path) -> None:
    shell.login("--context-name", "prod")
    done = shell("login", "--context-name", "prod", "--force")
    assert done.code == 0, done.stderr
    assert "certificate until" in done.stderr
    assert opened(browser) == 1


def test_two_clusters_at_once_keep_both_contexts(
    shell: Shell, idp: Provider, started_exchange: Callable[..., ExchangeServer]
) -> None:
    """T-09: two logins into different contexts at the same time; the current context is nobody's toy."""
    staging = started_exchange(idp, endpoints=["10.2.0.1"], roles=["os:admin"])
    shell.login("--context-name", "first")
    others = [
        ["--context-name", "prod"],
        ["--context-name", "staging", "--server", staging.url, "--server-ca", staging.ca],
    ]
    running = [
        command.start("login", *shell.flags, *words, home=shell.home, command=shell.program) for words in others * 2
    ]
    results = [command.finish(one) for one in running]
    assert [one.code for one in results] == [0] * 4, [one.stderr for one in results]
    assert set(shell.config["contexts"]) == {"first", "prod", "staging"}
    assert shell.config["context"] == "first"
    assert shell.config["contexts"]["staging"]["endpoints"] == ["10.2.0.1"]
    for name, role in [("prod", "os:reader"), ("staging", "os:admin")]:
        shown = json.loads(shell("status", "--context-name", name, "--output", "json").stdout)["contexts"][0]
        assert (shown["context"], shown["roles"], shown["state"]) == (name, [role], "good")


def test_status_says_all_and_has_an_exit_code(shell: Shell) -> None:
    before = shell("status", "--output", "json")
    assert before.code == 2
    assert json.loads(before.stdout)["contexts"][0]["state"] == "sign-in needed"
    shell.login()
    text = shell("status")
    assert text.code == 0
    for word in ("alice@example.test", "os:reader", "oidc (current)", "possible", "valid until"):
        assert word in text.stdout
    shown = json.loads(shell("status", "--output", "json").stdout)["contexts"][0]
    assert 0 < shown["seconds_left"] <= 300
    begin, end = (datetime.fromisoformat(shown["certificate"][name]) for name in ("not_before", "not_after"))
    assert begin < datetime.now(UTC) < end
    assert re.fullmatch(r"[0-9a-f]{64}", shown["authorities"][0])
    assert shown["authorities"][0] in text.stdout
    assert shown["refresh_possible"] is True
    (shell.home / ".talos/config").write_text("contexts: [")
    assert shell("status").code == 1


def test_logout_ends_the_session_and_leaves_the_rest(shell: Shell, idp: Provider, browser: Path) -> None:
    path = shell.home / ".talos/config"
    path.parent.mkdir()
    path.write_text("context: mine\ncontexts:\n    mine:\n        nodes: [a]\n    other: {}\n")
    shell.login("--use")
    assert shell.config["context"] == "oidc"
    make_old(shell, "oidc")
    os.utime(path, (time.time() - 30,) * 2)
    assert (shell("run", "--", "true").code, shell("run", "--context", "oidc", "--", "true").code) == (0, 0)
    assert len(list((shell.home / ".talos/config.talos-cred").glob("[ps]*-*"))) == 4
    idp.forget()
    done = shell("logout")
    assert done.code == 0, done.stderr
    assert shell.config == {"context": "mine", "contexts": {"mine": {"nodes": ["a"]}, "other": {}}}
    assert idp.count("revocation_endpoint") == 1
    assert shell("status").code == 2
    assert not list((shell.home / ".talos/config.talos-cred").glob("[gprs]*-*"))
    shell.login()
    assert opened(browser) == 2
    assert "not made by talos-cred" in shell("logout", "--context-name", "other").stderr


def test_logout_of_one_context_keeps_the_session_of_another(shell: Shell, idp: Provider) -> None:
    shell.login("--context-name", "a")
    shell.login("--context-name", "b")
    idp.forget()
    assert "kept for b" in shell("logout", "--context-name", "a").stderr
    assert idp.count("revocation_endpoint") == 0
    assert shell("login", "--context-name", "b", "--force", "--unattended").code == 0
    assert shell("logout", "--all").code == 0
    assert idp.count("revocation_endpoint") == 1
    assert shell.config["contexts"] == {}


def make_old(shell: Shell, context: str) -> None:
    """Let the login have been a minute ago, as far as the note on its certificate says."""
    note = shell.home / f".talos/config.talos-cred/good-{context}"
    version, since, *rest = note.read_text().split("\n")
    note.write_text("\n".join([version, str(int(since) - 60), *rest]))


def test_run_becomes_the_command_with_a_good_certificate(shell: Shell, apid: str, talosctl: Path) -> None:
    shell.login("--context-name", "prod")
    # Decided by Python, which leaves no pass, then one; then by the front door.
    now = time.time()
    make_old(shell, "prod")
    for age in (0, 30, 30):
        os.utime(shell.home / ".talos/config", (now - age,) * 2)
        done = shell("run", "--context-name", "prod", "--", talosctl, "-e", apid, "version")
        assert (done.code, done.stdout, done.stderr) == (0, "v1.6.0\n", "")
        assert (shell.home / ".talos/config.talos-cred/pass-prod").exists() == (age > 0)
    assert shell("run", "--", "sh", "-c", "exit 7").code == 7
    assert shell("run", "--", "no-such-command").code == 127
    assert shell("run").code == 1


@pytest.mark.long
def test_run_renews_first_and_is_refused_when_it_cannot(
    shell: Shell, short: ExchangeServer, browser: Path, apid: str, talosctl: Path
) -> None:
    """An expired certificate is renewed without a browser; without a session the command does not run at all."""
    words = ("--server", short.url, "--server-ca", short.ca)
    assert shell.login(*words).code == 0
    first = shell.config["contexts"]["oidc"]["crt"]
    time.sleep(10)
    refused = command.run("-e", apid, "version", home=shell.home, command=talosctl)
    assert refused.code == 1
    assert "Error" in refused.stderr
    done = shell("run", "--", talosctl, "-e", apid, "version")
    assert (done.code, done.stdout) == (0, "v1.6.0\n"), done.stderr
    assert shell.config["contexts"]["oidc"]["crt"] != first
    assert opened(browser) == 1
    for session in (shell.home / ".kube/cache/oidc-login").glob("session-*.json"):
        session.unlink()
    time.sleep(10)
    done = shell("run", "--", "echo", "ran")
    assert (done.code, done.stdout) == (2, "")
    assert opened(browser) == 1


@pytest.mark.parametrize(("roles", "code"), [((), 1), (("os:etcd:backup",), 1), (("os:operator",), 0)])
def test_the_node_itself_refuses_a_certificate_without_a_fitting_role(
    shell: Shell, exchange: ExchangeServer, node: tuple[str, Path], roles: tuple[str, ...], code: int
) -> None:
    """The stand-in for a node checks roles as Talos does, so the tests above prove what they say."""
    leaf = exchange.talos.client(*roles)
    pems = {"ca": exchange.talos.file, "crt": leaf.certificate, "key": leaf.key}
    context = {name: base64.b64encode(path.read_bytes()).decode() for name, path in pems.items()}
    (shell.home / ".talos").mkdir()
    (shell.home / ".talos/config").write_text(yaml.safe_dump({"context": "x", "contexts": {"x": context}}))
    apid, talosctl = node
    done = shell("run", "--", talosctl, "-e", apid, "version")
    assert done.code == code
    assert ("PERMISSION_DENIED" in done.stderr) is bool(code)


def test_a_changed_authority_is_asked_about_at_a_terminal(
    shell: Shell, idp: Provider, started_exchange: Callable[..., ExchangeServer]
) -> None:
    shell.login()
    other = started_exchange(idp, endpoints=["10.77.0.1"])
    words = [*shell.flags, "--server", other.url, "--server-ca", other.ca]
    assert "--accept-new-ca" in shell("login", *words).stderr
    with command.Terminal(shell.program, "login", *words, home=shell.home, stdout_too=True) as terminal:
        terminal.read_until("Type yes to go on")
        terminal.send("no\r")
        assert terminal.wait().code == 1
    with command.Terminal(shell.program, "login", *words, home=shell.home, stdout_too=True) as terminal:
        terminal.read_until("authority changed")
        terminal.read_until("Type yes to go on")
        terminal.send("yes\r")
        terminal.read_until("nodes changed")
        terminal.send("yes\r")
        assert terminal.wait().code == 0
    assert shell.login("--server", other.url, "--server-ca", other.ca, "--force").code == 0


def test_a_command_of_another_context_is_run_as_it_is(shell: Shell) -> None:
    (shell.home / ".talos").mkdir()
    (shell.home / ".talos/config").write_text("context: mine\ncontexts:\n    mine: {}\n")
    assert shell("run", "--", "echo", "ran").stdout == "ran\n"


def test_profiles_and_all_of_them(shell: Shell, idp: Provider, exchange: ExchangeServer, browser: Path) -> None:
    port = processes.free_port()
    profiles = {
        "defaults": {
            "provider": idp.issuer, "client-id": CLIENT, "provider-ca": str(idp.ca), "browser-command": str(browser),
            "callback-port": port, "server": exchange.url, "server-ca": str(exchange.ca),
        },
        "profiles": {"prod": {}, "lab": {"context-name": "laboratory", "max-role": ["os:reader"]}},
    }  # fmt: skip
    path = shell.home / ".config/talos-cred/config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(profiles))
    assert shell("login", "prod").code == 0
    done = shell("login", "--all")
    assert done.code == 0, done.stderr
    assert set(shell.config["contexts"]) == {"prod", "laboratory"}
    assert opened(browser) == 1
    assert "no profile" in shell("login", "nobody").stderr
    path.write_text(path.read_text().replace("callback-port", "calback-port"))
    assert "calback-port" in shell("login", "prod").stderr


def test_a_variable_for_each_flag(shell: Shell, idp: Provider, exchange: ExchangeServer, browser: Path) -> None:
    shell.env = {
        "TALOS_CRED_PROVIDER": idp.issuer, "TALOS_CRED_CLIENT_ID": CLIENT, "TALOS_CRED_SERVER": exchange.url,
        "TALOS_CRED_SERVER_CA": str(exchange.ca), "TALOS_CRED_PROVIDER_CA": str(idp.ca),
        "TALOS_CRED_BROWSER_COMMAND": str(browser), "TALOS_CRED_CALLBACK_PORT": str(processes.free_port()),
        "TALOS_CRED_CONTEXT_NAME": "env", "TALOS_CRED_TALOSCONFIG": str(shell.home / "talosconfig"),
    }  # fmt: skip
    done = shell("login")
    assert done.code == 0, done.stderr
    assert "env" in yaml.safe_load((shell.home / "talosconfig").read_text())["contexts"]


def test_talosctls_own_search_decides_the_file(shell: Shell) -> None:
    shell.env = {"TALOSCONFIG": str(shell.home / "mine")}
    shell.login()
    shell.env = {"TALOS_HOME": str(shell.home / "talos")}
    shell.login()
    shell.env = {"TALOS_CRED_TALOSCONFIG": str(shell.home / "ours"), "TALOSCONFIG": str(shell.home / "mine")}
    shell.login("--context-name", "there")
    assert "there" in shell("status").stdout
    assert shell("run", "--", "sh", "-c", "echo $TALOSCONFIG").stdout == f"{shell.home}/ours\n"
    assert (shell.home / "mine").exists()
    assert (shell.home / "talos/config").exists()
    assert not (shell.home / ".talos").exists()


def test_a_token_from_elsewhere_needs_no_person(
    shell: Shell, home: Path, exchange: ExchangeServer, browser: Path
) -> None:
    """CI: the token comes from a file or variable; a used one is refused by the server, in words."""
    shell.login("--context-name", "source")
    session = json.loads(next((home / ".kube/cache/oidc-login").glob("session-*.json")).read_text())
    token = home / "token"
    token.write_text(session["id_token"] + "\n")
    words = ("login", "--server", exchange.url, "--server-ca", str(exchange.ca), "--context-name", "ci")
    done = shell(*words, "--id-token-file", token)
    assert done.code == 1
    assert "401" in done.stderr
    refreshed = shell("login", "--context-name", "source", "--force")
    assert refreshed.code == 0
    assert session["id_token"] not in refreshed.stderr + done.stderr
    assert opened(browser) == 1


def test_one_session_with_kubectl_when_everything_is_the_same(
    shell: Shell, idp: Provider, exchange: ExchangeServer, browser: Path
) -> None:
    """kubelogin's flags mean what they mean there: the session of a kubectl sign-in is found, and no browser opens."""
    same = [
        f"--oidc-issuer-url={idp.issuer}", f"--oidc-client-id={CLIENT}", "--oidc-extra-scope=offline_access,email",
        f"--certificate-authority={idp.ca}", f"--browser-command={browser}", "--listen-address=127.0.0.1:0",
    ]  # fmt: skip
    assert command.run("get-token", *same, home=shell.home).code == 0
    done = shell("login", *same, "--server", exchange.url, "--server-ca", str(exchange.ca))
    assert done.code == 0, done.stderr
    assert opened(browser) == 1
    kubeconfig = {"users": [{"name": "me", "user": {"exec": {"args": ["get-token", *same]}}}]}
    (shell.home / ".kube/config").write_text(yaml.safe_dump(kubeconfig))
    assert "client of its own" in shell("login", *same, "--server", exchange.url).stderr


def test_trust_is_given_by_fingerprint_and_never_changed_silently(
    shell: Shell, exchange: ExchangeServer, idp: Provider, started_exchange: Callable[..., ExchangeServer]
) -> None:
    flags = [word for word in shell.flags if word not in ("--server-ca", str(exchange.ca))]
    unknown = shell("login", *flags)
    assert unknown.code == 1
    assert f"talos-cred trust {exchange.url}" in unknown.stderr
    assert "nobody is here" in shell("trust", exchange.url).stderr
    shown = re.findall(r"SHA-256 ([0-9a-f]{64})", shell("trust", exchange.url).stderr)
    assert len(shown) == 2
    assert shell("trust", exchange.url, "--fingerprint", "00" * 32).code == 1
    assert shell("trust", exchange.url, "--fingerprint", shown[0]).code == 0
    assert shell("login", *flags).code == 0
    kept = next((shell.home / ".config/talos-cred/servers").iterdir())
    kept.write_text(kept.read_text().replace(shown[0], "00" * 32))
    changed = shell("login", *flags, "--force")
    assert changed.code == 1
    assert shown[0] in changed.stderr
    assert "--replace" in shell("trust", exchange.url, "--fingerprint", shown[0]).stderr
    assert shell("trust", exchange.url, "--replace", "--fingerprint", shown[0]).code == 0
    assert shell("login", *flags, "--force").code == 0


def test_trust_on_first_use_at_a_terminal(shell: Shell, exchange: ExchangeServer) -> None:
    flags = [word for word in shell.flags if word not in ("--server-ca", str(exchange.ca))]
    with command.Terminal(shell.program, "login", *flags, home=shell.home, stdout_too=True) as terminal:
        found = terminal.read_until(r"key: +SHA-256 ([0-9a-f]{64})")
        terminal.read_until("trust it from now on")
        terminal.send(f"{found[1][-8:]}\r")
        assert terminal.wait().code == 0
    assert shell("login", *flags, "--force").code == 0


def test_a_service_is_described_completely(shell: Shell) -> None:
    assert shell("service", "show").code == 1
    shell.login("--context-name", "my prod")
    unit = shell("service", "show", "--context-name", "my prod").stdout
    assert '"login" "--watch" "--unattended" "--context-name" "my prod"' in unit
    assert "RestartPreventExitStatus=1 2" in unit
    assert shell("service", "status", "--context-name", "my prod").stdout.endswith("not installed\n")
    assert shell("service", "remove", "--context-name", "my prod").code == 0
    assert shell("service", "dance").code == 1


def test_service_install_uses_systemd(shell: Shell, tmp_path: Path) -> None:
    """systemctl is a stand-in that notes what it is asked: there is no user session of systemd here."""
    log = tmp_path / "systemctl.log"
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> {log}\necho active\n')
    (fake / "systemctl").chmod(0o755)
    shell.env = {"PATH": f"{fake}{os.pathsep}{os.environ['PATH']}"}
    shell.login()
    done = shell("service", "install")
    assert done.code == 0, done.stderr
    unit = shell.home / ".config/systemd/user/talos-cred-oidc.service"
    assert unit.stat().st_mode & 0o077 == 0
    assert shell("service", "status").stdout == "talos-cred-oidc.service: active\n"
    assert shell("service", "remove").code == 0
    assert not unit.exists()
    asked = log.read_text().splitlines()
    assert asked[:2] == ["--user daemon-reload", "--user enable --now talos-cred-oidc.service"]
    assert "--user disable --now talos-cred-oidc.service" in asked


def test_a_sign_in_of_talosctl_oidc_is_imported(
    shell: Shell, exchange: ExchangeServer, browser: Path, home: Path
) -> None:
    """Its file is read once and left alone; the refresh token works without a browser."""
    shell.login("--context-name", "source")
    session = json.loads(next((home / ".kube/cache/oidc-login").glob("session-*.json")).read_text())
    issuer = str(shell.flags[1])
    theirs = home / ".config/talosctl-oidc/tokens.json"
    theirs.parent.mkdir(parents=True)
    entry = {"access_token": "x", "refresh_token": session["refresh_token"], "id_token": session["id_token"]}
    theirs.write_text(json.dumps({"oidc": {**entry, "issuer": issuer, "client_id": CLIENT, "expires_at": "2026"}}))
    before = theirs.read_bytes()
    for kept in (home / ".kube/cache/oidc-login").glob("session-*.json"):
        kept.unlink()
    shell.env = {"TALOS_CRED_PROVIDER_CA": str(shell.flags[9])}
    done = shell("import", "--server", exchange.url, "--server-ca", str(exchange.ca))
    assert done.code == 0, done.stderr
    done = shell("login", "--unattended")
    assert done.code == 0, done.stderr
    assert theirs.read_bytes() == before
    assert opened(browser) == 1
    assert "keeps no sign-in" in shell("import", "--context-name", "x", "--server", exchange.url).stderr


@pytest.mark.parametrize(
    ("words", "say"),
    [
        (["login", "--nonsense"], "nonsense"),
        (["login", "--server", "https://a"], "--client-id is missing"),
        (["login", "--client-id", "a"], "--server is missing"),
        (["login", "--client-id", "a", "--server", "https://a"], "--provider is missing"),
        (["login", "--provider", "https://a", "--client-id", "a", "--server", "http://a.test"], "http"),
        (["login", "--callback-port", "x"], "callback-port"),
        (["login", "--all"], "no profiles"),
        (["dance"], "dance"),
        (["status", "--output", "yaml"], "--output"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_can_not_be_read_is_said_in_one_line_with_exit_code_one(shell: Shell, words: list[str], say: str) -> None:
    done = shell(*words)
    assert done.code == 1
    assert say in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_version(shell: Shell) -> None:
    assert shell("version").stdout.startswith("talos-cred ")
    assert "--server-fingerprint" in shell("login", "--help").stdout
    assert "login" in shell().stdout


def test_plain_http_needs_its_own_word_only_for_other_machines(
    shell: Shell, idp: Provider, started_exchange: Callable[..., ExchangeServer]
) -> None:
    """``--insecure`` of old commands means plain http, and never unverified TLS."""
    plain = started_exchange(idp, insecure=True, roles=["os:reader"])
    assert plain.url.startswith("http://")
    assert shell("login", *shell.flags[:4], *shell.flags[8:], "--server", plain.url, "--insecure").code == 0
    assert shell("login", *shell.flags[:4], "--server", "http://192.0.2.1:1").code == 1
    over_tls = [*shell.flags[:6], *shell.flags[8:], "--context-name", "tls", "--insecure"]
    done = shell("login", *over_tls)
    assert done.code == 1
    assert "--insecure allows plain http and nothing else" in done.stderr
    assert "unknown authority" in done.stderr


def test_the_browser_returns_by_https(shell: Shell, certificates: Certificates, home: Path) -> None:
    """With a certificate for the callback, the redirect URL and the listener speak https."""
    leaf = certificates.server
    done = shell.login("--local-server-cert", leaf.certificate, "--local-server-key", leaf.key, "-v1")
    assert done.code == 0, done.stderr
    assert "waiting for the answer at https://127.0.0.1:" in done.stderr
    [record] = (home / ".talos/config.talos-cred").glob("record-*")
    assert json.loads(record.read_text())["options"]["local-server-cert"] == str(leaf.certificate)


def test_a_certificate_for_the_callback_needs_its_key(shell: Shell, certificates: Certificates) -> None:
    done = shell.login("--local-server-cert", certificates.server.certificate)
    assert done.code == 1
    assert "--local-server-key is missing" in done.stderr
