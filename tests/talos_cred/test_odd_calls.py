"""Calls that are not what a person would type at a desk: from pipes, cron jobs and containers, by the environment."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kubelogin_py.adapters.clock import SystemClock
from talos_cred.adapters.exchange_client import HttpsExchange
from talos_cred.certificate import read_der
from talos_cred.settings import Server
from tests.support import command, processes
from tests.support.certificates import Certificates
from tests.support.exchange import ExchangeServer
from tests.support.exchange_fake import FakeExchange, certificate_of, http
from tests.support.providers import Provider
from tests.talos_cred.conftest import CLIENT

PROGRAM = command.BIN / "talos-cred"


@pytest.fixture
def environment(idp: Provider, exchange: ExchangeServer, browser: Path) -> dict[str, str]:
    """Everything that a login needs, as variables."""
    return {
        "TALOS_CRED_PROVIDER": idp.issuer,
        "TALOS_CRED_CLIENT_ID": CLIENT,
        "TALOS_CRED_PROVIDER_CA": str(idp.ca),
        "TALOS_CRED_SERVER": exchange.url,
        "TALOS_CRED_SERVER_CA": str(exchange.ca),
        "TALOS_CRED_BROWSER_COMMAND": str(browser),
        "TALOS_CRED_CALLBACK_PORT": str(processes.free_port()),
    }


def contexts(home: Path) -> set[str]:
    path = home / ".talos/config"
    return set(yaml.safe_load(path.read_text())["contexts"]) if path.exists() else set()


def test_watch_by_the_environment_stays_and_ends_cleanly(home: Path, environment: dict[str, str]) -> None:
    """A container says it all in variables; SIGTERM is its way to end, and no error."""
    running = command.start("login", home=home, env={**environment, "TALOS_CRED_WATCH": "1"}, command=PROGRAM)
    until = time.monotonic() + 30
    while not contexts(home) and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(1)
    assert running.process.poll() is None
    running.signal(signal.SIGTERM)
    done = command.finish(running)
    assert done.code == 0
    assert "error" not in done.stderr


def test_all_by_the_environment_is_every_profile(home: Path, environment: dict[str, str]) -> None:
    names = ("SERVER", "PROVIDER", "CLIENT_ID")
    common = {name.lower().replace("_", "-"): environment.pop(f"TALOS_CRED_{name}") for name in names}
    config = home / "profiles.yaml"
    config.write_text(yaml.safe_dump({"defaults": common, "profiles": {"a": {}, "b": {}}}))
    environment |= {"TALOS_CRED_CONFIG": str(config), "TALOS_CRED_ALL": "1"}
    done = command.run("login", home=home, env=environment, command=PROGRAM)
    assert done.code == 0, done.stderr
    assert contexts(home) == {"a", "b"}


@pytest.mark.parametrize("words", [["prod", "--all"], ["--all", "--watch"], ["--all", "--context-name", "x"]])
def test_all_is_not_one(home: Path, words: list[str]) -> None:
    done = command.run("login", *words, home=home, command=PROGRAM)
    assert done.code == 1
    assert "--all" in done.stderr


def test_all_does_not_put_every_profile_at_one_server(home: Path, environment: dict[str, str]) -> None:
    """A variable wins over a profile: one that names a server or a context would give all profiles the same."""
    config = home / "profiles.yaml"
    config.write_text("profiles: {a: {server: https://a.test}, b: {server: https://b.test}}")
    done = command.run(
        "login", "--all", home=home, env={**environment, "TALOS_CRED_CONFIG": str(config)}, command=PROGRAM
    )
    assert done.code == 1
    assert "TALOS_CRED_SERVER" in done.stderr
    assert contexts(home) == set()


def test_a_yes_out_of_a_pipe_is_nobodys_word(
    home: Path, environment: dict[str, str], idp: Provider, started_exchange: Callable[..., ExchangeServer]
) -> None:
    """Without a terminal a changed authority, a further role and an unknown server are refused, whatever is piped."""
    assert command.run("login", home=home, env=environment, command=PROGRAM).code == 0
    before = (home / ".talos/config").read_bytes()
    other = started_exchange(idp, endpoints=["10.77.0.1"])
    stranger = {name: value for name, value in environment.items() if name != "TALOS_CRED_SERVER_CA"}
    for variables, words, said in (
        (environment, ["--server", other.url, "--server-ca", str(other.ca)], "--accept-new-ca"),
        (environment, ["--max-role", "os:etcd:backup", "--force"], "--max-role"),
        (stranger, ["--context-name", "x", "--server", other.url], "talos-cred trust"),
    ):
        done = command.run("login", *words, home=home, env=variables, command=PROGRAM, stdin="yes\nyes\nyes\n")
        assert done.code == 1, done.stderr
        assert said in done.stderr
        assert "yes to" not in done.stderr
    assert (home / ".talos/config").read_bytes() == before
    assert not (home / ".config/talos-cred/servers").exists()


@pytest.mark.parametrize("words", [["status"], ["status", "-o", "json"], ["version"]])
@pytest.mark.parametrize("stdout", [">&-", ">/dev/full"])
def test_an_answer_that_reaches_nobody_is_an_error(home: Path, words: list[str], stdout: str) -> None:
    done = command.run("-c", f'"$0" "$@" {stdout}', PROGRAM, *words, home=home, command=Path("/bin/sh"))
    assert done.code == 1
    assert done.stderr.startswith("error: standard output can't be written to")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["login"], ["status"], ["logout"], ["run", "--", "true"], ["service", "show"]])
def test_without_a_home_no_file_is_made_up(home: Path, environment: dict[str, str], words: list[str]) -> None:
    """talosctl refuses, too; the current directory is nobody's home."""
    quoted = ["-u", "HOME", PROGRAM, *words]
    done = command.run(*quoted, home=home, env=environment, command=Path("/usr/bin/env"), cwd=home)
    assert done.code == 1
    assert "--talosconfig" in done.stderr
    assert not (home / ".talos").exists()


def test_a_login_makes_the_file_that_the_environment_names(home: Path, environment: dict[str, str]) -> None:
    """talosctl, which takes the first that exists, finds it there; the usual one is left alone."""
    usual = home / ".talos/config"
    usual.parent.mkdir()
    usual.write_text("context: mine\ncontexts: {mine: {}}\n")
    environment["TALOSCONFIG"] = str(home / "new/config")
    # Until it is there, what talosctl would read is what is asked about.
    assert str(usual) in command.run("status", home=home, env=environment, command=PROGRAM).stdout
    done = command.run("login", home=home, env=environment, command=PROGRAM)
    assert done.code == 0, done.stderr
    assert usual.read_text() == "context: mine\ncontexts: {mine: {}}\n"
    assert set(yaml.safe_load((home / "new/config").read_text())["contexts"]) == {"oidc"}
    assert str(home / "new/config") in command.run("status", home=home, env=environment, command=PROGRAM).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="systemd's text")
def test_a_service_starts_the_command_by_the_name_it_was_called(home: Path, environment: dict[str, str]) -> None:
    """By the link, which stays when the installation behind it is made anew."""
    link = home / ".local/bin/talos-cred"
    link.parent.mkdir(parents=True)
    link.symlink_to(PROGRAM)
    assert command.run("login", home=home, env=environment, command=link).code == 0
    shown = command.run("service", "show", home=home, env=environment, command=link)
    assert f'ExecStart="{link}" "login" "--watch"' in shown.stdout


def test_a_service_is_removed_where_systemd_cannot_be_asked(home: Path, environment: dict[str, str]) -> None:
    """The unit file is gone all the same: with it the service would come back at the next login."""
    assert command.run("login", home=home, env=environment, command=PROGRAM).code == 0
    unit = home / ".config/systemd/user/talos-cred-oidc.service"
    wanted = unit.parent / "default.target.wants" / unit.name
    failing = home / "bin"
    failing.mkdir()
    (failing / "systemctl").write_text("#!/bin/sh\necho no bus >&2; exit 1\n")
    (failing / "systemctl").chmod(0o755)
    environment["PATH"] = f"{failing}{os.pathsep}{os.environ['PATH']}"
    secret = {"TALOS_CRED_CLIENT_SECRET": "hush-hush"}
    done = command.run("service", "install", home=home, env=environment | secret, command=PROGRAM)
    assert done.code == 1
    assert "no bus" in done.stderr
    assert "TALOS_CRED_CLIENT_SECRET" in done.stderr
    assert "hush-hush" not in unit.read_text()
    wanted.parent.mkdir()
    wanted.symlink_to(unit)
    done = command.run("service", "remove", home=home, env=environment, command=PROGRAM)
    assert done.code == 1
    assert "may still run" in done.stderr
    assert not unit.exists()
    assert not wanted.is_symlink()
    assert "not installed" in command.run("service", "status", home=home, env=environment, command=PROGRAM).stdout


def test_nobody_trusts_a_server_over_plain_http(home: Path) -> None:
    done = command.run("trust", "http://127.0.0.1:1", home=home, command=PROGRAM)
    assert done.code == 1
    assert "https" in done.stderr


@pytest.mark.parametrize("contents", ["junk", "{}", '{"fingerprint": "00"}'])
def test_a_damaged_memory_of_a_server_is_not_no_memory(home: Path, exchange: ExchangeServer, contents: str) -> None:
    """Whoever was trusted by its key is not trusted by an authority instead; --replace mends it."""

    def trust(*words: str) -> command.Result:
        return command.run("trust", exchange.url, "--fingerprint", pin, *words, home=home, command=PROGRAM)

    pin = re.findall(r"SHA-256 ([0-9a-f]{64})", command.run("trust", exchange.url, home=home, command=PROGRAM).stderr)[
        0
    ]
    assert trust().code == 0
    kept = next((home / ".config/talos-cred/servers").iterdir())
    kept.write_text(contents)
    words = ["--server", exchange.url, "--provider", "https://id.example.test", "--client-id", "x", "--unattended"]
    for done in (command.run("login", *words, home=home, command=PROGRAM), trust()):
        assert (done.code, done.stdout) == (1, "")
        assert "can't be read" in done.stderr
        assert f"talos-cred trust --replace {exchange.url}" in done.stderr
    assert kept.read_text() == contents
    assert trust("--replace").code == 0
    assert pin in kept.read_text()


def test_what_is_trusted_is_shown_with_its_dates(home: Path, exchange: ExchangeServer) -> None:
    shown = command.run("trust", exchange.url, home=home, command=PROGRAM).stderr
    assert re.search(r"valid: +from \d{4}-\d\d-\d\d .* until \d{4}-\d\d-\d\d", shown)


def test_an_expired_certificate_that_is_pinned_is_used_and_reported(certificates: Certificates) -> None:
    """The fingerprint says who it is; that nobody renewed it is said, once for a login."""
    told: list[str] = []
    with FakeExchange(lambda _: http(200, b"{}"), certificates.expired) as running:
        pin = read_der(certificate_of(certificates.expired)).public_fingerprint
        client = HttpsExchange(
            Server(running.url, fingerprint=pin),
            environment={},
            clock=SystemClock(),
            user_agent="test",
            on_request=lambda _: None,
            warn=told.append,
        )
        client.ready(timeout=5)
    assert len(told) == 1
    assert "expired" in told[0]


@pytest.mark.parametrize("where", ["file", "variable"])
def test_ci_needs_a_token_and_nothing_else(
    home: Path,
    environment: dict[str, str],
    idp: Provider,
    started_exchange: Callable[..., ExchangeServer],
    where: str,
) -> None:
    """No provider, no client, no browser, no cache: what the CI system issued is exchanged."""
    server = started_exchange(idp, one_use=False)
    assert command.run("login", home=home, env=environment, command=PROGRAM).code == 0
    cache = home / ".kube/cache/oidc-login"
    token = json.loads(next(cache.glob("session-*.json")).read_text())["id_token"]
    place = home / "token"
    place.write_text(f"{token}\n")
    runner = home / "runner"
    runner.mkdir()
    words = ["--server", server.url, "--server-ca", str(server.ca), "--context-name", "ci"]
    variables = {"TALOS_CRED_ID_TOKEN": f"{token}\n"} if where == "variable" else {}
    given = ["--id-token-file", str(place)] if where == "file" else []
    done = command.run("login", *words, *given, home=runner, env=variables, command=PROGRAM)
    assert done.code == 0, done.stderr
    assert contexts(runner) == {"ci"}
    assert not (runner / ".kube").exists()
    kept = "".join(path.read_text() for path in (runner / ".talos").rglob("*") if path.is_file())
    assert token not in kept + done.stderr
    # The next job needs the place of the token only where it changes.
    again = command.run("login", "--context-name", "ci", "--force", home=runner, env=variables, command=PROGRAM)
    assert again.code == 0, again.stderr


def test_ctrl_c_in_the_first_moment_is_no_traceback(home: Path) -> None:
    """Nearly all of a start is imports."""
    source = """
import sys

class Pressed:
    def find_spec(self, name, *_):
        if name == "talos_cred.wiring":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Pressed())
sys.argv = ["talos-cred", "status"]
from talos_cred.__main__ import main
main()
"""
    done = command.run("-c", source, home=home, command=Path(sys.executable))
    assert (done.code, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("value", ["", " \n"])
def test_a_token_that_ci_left_empty_is_none(home: Path, value: str) -> None:
    words = ["--server", "https://exchange.example.test"]
    done = command.run("login", *words, home=home, env={"TALOS_CRED_ID_TOKEN": value}, command=PROGRAM)
    assert (done.code, done.stdout) == (1, "")
    assert "--client-id is missing, and TALOS_CRED_ID_TOKEN is empty" in done.stderr


@pytest.mark.parametrize("endpoints", ["10.0.0.1", "5", "[2001-01-01, {a: 1}]", "{a: b}"])
def test_status_survives_nodes_that_are_no_list_of_texts(home: Path, endpoints: str) -> None:
    path = home / ".talos/config"
    path.parent.mkdir()
    path.write_text(f"context: oidc\ncontexts:\n    oidc:\n        endpoints: {endpoints}\n")
    done = command.run("status", "--output", "json", home=home, command=PROGRAM)
    assert done.code == 2, done.stderr
    assert all(isinstance(node, str) for node in json.loads(done.stdout)["contexts"][0]["endpoints"])


@pytest.mark.required("bash")
def test_bash_completes_commands_and_flags(home: Path) -> None:
    """The installation is no error, a new shell knows it, and what it completes is what there is."""
    environment = {"PATH": f"{command.BIN}:/usr/bin:/bin", "SHELL": "/bin/bash"}
    bash = Path("/bin/bash")
    # It asks which shell started it; that is a bash as long as there is something left for it to do.
    done = command.run("-c", "talos-cred --install-completion && exit", home=home, env=environment, command=bash)
    assert done.code == 0, done.stderr
    shown = command.run("-c", "talos-cred --show-completion && exit", home=home, env=environment, command=bash)
    assert shown.code == 0
    assert "talos-cred" in shown.stdout
    script = home / "complete.sh"
    script.write_text(
        ". ~/.bashrc\n"
        'complete_now() { COMP_WORDS=(talos-cred "$@"); COMP_CWORD=$#; '
        '_talos_cred_completion talos-cred; echo "${COMPREPLY[@]}"; }\n'
        "complete_now lo\ncomplete_now login --server-\n"
    )
    commands, flags = command.run(script, home=home, env=environment, command=bash).stdout.splitlines()
    assert set(commands.split()) == {"login", "logout"}
    assert set(flags.split()) == {"--server-ca", "--server-fingerprint", "--server-name"}


def test_a_callback_beyond_this_machine_needs_its_own_word(
    home: Path, environment: dict[str, str], certificates: Certificates
) -> None:
    """As for those who sign in through a container's port, or at a host name with a certificate."""
    port, leaf = environment["TALOS_CRED_CALLBACK_PORT"], certificates.server
    words = ["login", "--skip-open-browser", "--authentication-timeout-sec", "1", "--listen-address", "0.0.0.0"]
    words += ["--oidc-redirect-url", f"https://laptop.example.test:{port}/talos"]
    words += ["--local-server-cert", str(leaf.certificate), "--local-server-key", str(leaf.key)]
    refused = command.run(*words, home=home, env=environment, command=PROGRAM)
    assert refused.code == 1
    assert "--allow-remote-callback" in refused.stderr
    waited = command.run(*words, "--allow-remote-callback", home=home, env=environment, command=PROGRAM)
    assert waited.code == 1
    assert f"redirect_uri=https%3A%2F%2Flaptop.example.test%3A{port}%2Ftalos" in waited.stderr
    assert "not finished in time" in waited.stderr


def test_logout_of_all_ends_each_session_once(home: Path, environment: dict[str, str], idp: Provider) -> None:
    for name in ("a", "b"):
        done = command.run("login", "--context-name", name, home=home, env=environment, command=PROGRAM)
        assert done.code == 0, done.stderr
    idp.forget()
    done = command.run("logout", "--all", home=home, command=PROGRAM)
    assert done.code == 0
    assert "session is kept" not in done.stderr
    assert idp.count("revocation_endpoint") == 1
    assert contexts(home) == set()


def test_a_session_that_could_not_be_ended_is_no_success(home: Path, environment: dict[str, str]) -> None:
    """The profile it was made with is gone, and with it the provider's address: the exit code tells."""
    config = home / "profiles.yaml"
    names = ("SERVER", "PROVIDER", "CLIENT_ID")
    profile = {name.lower().replace("_", "-"): environment.pop(f"TALOS_CRED_{name}") for name in names}
    config.write_text(yaml.safe_dump({"profiles": {"a": profile}}))
    environment["TALOS_CRED_CONFIG"] = str(config)
    assert command.run("login", "a", home=home, env=environment, command=PROGRAM).code == 0
    [record] = (home / ".talos/config.talos-cred").glob("record-*")
    kept = json.loads(record.read_text())
    del kept["options"]["provider"]
    record.write_text(json.dumps(kept))
    config.write_text("profiles: {}")
    done = command.run("logout", "--context-name", "a", home=home, env=environment, command=PROGRAM)
    assert done.code == 1
    assert "was not ended" in done.stderr
    assert contexts(home) == set()


def test_the_callback_needs_a_port_that_can_be_registered(home: Path, environment: dict[str, str]) -> None:
    for port in ("0", "65536"):
        done = command.run("login", "--callback-port", port, home=home, env=environment, command=PROGRAM)
        assert done.code == 1
        assert "--callback-port" in done.stderr


def test_a_secret_on_the_command_line_is_not_kept_and_that_is_said(home: Path, environment: dict[str, str]) -> None:
    done = command.run("login", "--client-secret", "hush-hush", home=home, env=environment, command=PROGRAM)
    assert "TALOS_CRED_CLIENT_SECRET" in done.stderr
    assert "hush-hush" not in done.stderr
    kept = "".join(path.read_text() for path in (home / ".talos").rglob("*") if path.is_file())
    assert "hush-hush" not in kept
