"""``setup --write-kubeconfig`` and ``--convert`` against real providers, a real API server and real kubectl."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support import command
from tests.support.api_server import ApiServer
from tests.support.environment import BIN, clean
from tests.support.kubectl import kubectl
from tests.support.processes import free_port
from tests.support.providers import SECRET, Provider, sign_in_script

pytestmark = pytest.mark.required("kubectl")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def provider(started_provider: Callable[..., Provider]) -> Provider:
    return started_provider("embedded")


@pytest.fixture
def server(provider: Provider, started_api_server: Callable[..., ApiServer]) -> ApiServer:
    return started_api_server(provider)


def words(provider: Provider, tmp_path: Path, *, client: str = "kubernetes") -> list[str]:
    return [
        f"--oidc-issuer-url={provider.issuer}",
        f"--oidc-client-id={client}",
        "--oidc-extra-scope=groups,email,profile",
        f"--certificate-authority={provider.ca}",
        f"--listen-address=127.0.0.1:{free_port()}",
        f"--browser-command={sign_in_script(tmp_path / 'browser', ca=provider.ca)}",
    ]


def setup(*arguments: str, home: Path, **env: str) -> command.Result:
    return command.run("setup", *arguments, home=home, env=env)


def fingerprint(file: Path) -> str:
    shown = subprocess.run(
        ["openssl", "x509", "-in", file, "-noout", "-fingerprint", "-sha256"],
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout.strip().partition("=")[2]


def config(home: Path) -> Path:
    return home / ".kube" / "config"


def test_from_nothing_to_pods(provider: Provider, server: ApiServer, tmp_path: Path, home: Path) -> None:
    """One command, one sign-in; kubectl goes on with its session."""
    done = setup("--write-kubeconfig", f"--server={server.url}", *words(provider, tmp_path), home=home)
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert f"wrote {config(home)}" in done.stderr
    assert '"email": "alice@example.test"' in done.stderr
    provider.forget()
    pods = kubectl("get", "pods", kubeconfig=config(home), home=home)
    assert pods.code == 0, pods.stderr
    assert "Running" in pods.stdout
    assert (provider.count("token_endpoint"), provider.count("authorization_endpoint")) == (0, 0)
    document = yaml.safe_load(config(home).read_text())
    (user,) = document["users"]
    plugin = user["user"]["exec"]
    assert plugin["command"] == str(BIN / "kubelogin")
    assert os.access(plugin["command"], os.X_OK)
    assert (plugin["interactiveMode"], plugin["apiVersion"]) == ("IfAvailable", "client.authentication.k8s.io/v1")
    assert "pipx install" in plugin["installHint"]
    assert document["current-context"] == "oidc@localhost"
    assert f"--allowlist-entry command={plugin['command']}" in done.stderr
    assert oct(config(home).stat().st_mode & 0o777) == "0o600"


OTHERS = """\
# Everything of mine.
apiVersion: v1
kind: Config
clusters:
- cluster: {server: "https://old.example.com"}   # the old one
  name: old
contexts:
- name: old
  context: {cluster: old, user: admin, namespace: web}
current-context: old
users:
- name: admin # break glass
  user:
    token: hunter2
"""


def test_another_command_may_be_named(provider: Provider, tmp_path: Path, home: Path) -> None:
    flags = ["--no-sign-in", "--exec-command=kubelogin", *words(provider, tmp_path)]
    assert setup("--write-kubeconfig", *flags, home=home).code == 0
    (user,) = yaml.safe_load(config(home).read_text())["users"]
    assert user["user"]["exec"]["command"] == "kubelogin"


def test_what_others_have_stays(provider: Provider, server: ApiServer, tmp_path: Path, home: Path) -> None:
    config(home).parent.mkdir(parents=True)
    config(home).write_text(OTHERS)
    arguments = ["--write-kubeconfig", f"--server={server.url}", "--cluster=new", *words(provider, tmp_path)]
    shown = setup(*arguments, "--dry-run", home=home)
    assert (shown.code, shown.stdout) == (0, "")
    assert "+- name: oidc" in shown.stderr
    assert "(--dry-run)" in shown.stderr
    assert config(home).read_text() == OTHERS
    assert provider.count() == 0

    done = setup(*arguments, home=home)
    assert done.code == 0, done.stderr
    assert "hunter2" not in done.stderr + shown.stderr
    text = config(home).read_text()
    assert [line for line in OTHERS.splitlines() if line not in text.splitlines()] == []
    assert yaml.safe_load(text)["current-context"] == "old"
    assert kubectl("--context=oidc@new", "get", "pods", kubeconfig=config(home), home=home).code == 0
    (backup,) = config(home).parent.glob("config.kubelogin-*.bak")
    assert backup.read_text() == OTHERS

    again = setup(*arguments, home=home)
    assert again.code == 0
    assert "is already so; nothing was written" in again.stderr

    back = setup("--undo", home=home)
    assert back.code == 0, back.stderr
    assert config(home).read_text() == OTHERS


def test_the_client_secret_is_in_a_file(provider: Provider, server: ApiServer, tmp_path: Path, home: Path) -> None:
    flags = words(provider, tmp_path, client="kubernetes-basic")
    done = setup("--write-kubeconfig", f"--server={server.url}", f"--oidc-client-secret={SECRET}", *flags, home=home)
    assert done.code == 0, done.stderr
    assert SECRET not in done.stderr + config(home).read_text()
    (argument,) = re.findall(r"--oidc-client-secret-file=(\S+)", config(home).read_text())
    assert Path(argument).read_text() == f"{SECRET}\n"
    # Its token is for another client than the API server's, so only the plugin itself is asked.
    provider.forget()
    (user,) = yaml.safe_load(config(home).read_text())["users"]
    answer = command.run(*user["user"]["exec"]["args"], "--force-refresh", home=home)
    assert answer.code == 0, answer.stderr
    assert provider.count("token_endpoint") >= 1


@pytest.mark.parametrize("known", ["authority", "none", "wrong", "malformed"])
def test_the_authority_is_fetched_and_compared(
    provider: Provider, server: ApiServer, tmp_path: Path, home: Path, known: str
) -> None:
    """The stand-in shows its own certificate alone, as many API servers do."""
    leaf = subprocess.run(
        f"openssl s_client -connect {server.url.removeprefix('https://')} </dev/null 2>/dev/null | openssl x509",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (tmp_path / "leaf.pem").write_text(leaf)
    given = {"authority": fingerprint(tmp_path / "leaf.pem"), "wrong": "0" * 64, "malformed": "12:34"}.get(known)
    arguments = ["--write-kubeconfig", f"--server={server.url}", "--fetch-ca", *words(provider, tmp_path)]
    done = setup(*arguments, *([f"--ca-fingerprint={given}"] if given else []), home=home)
    if known == "authority":
        assert done.code == 0, done.stderr
        assert "warning: it is the server's own certificate" in done.stderr
        assert kubectl("get", "pods", kubeconfig=config(home), home=home).code == 0
        return
    message = {"none": "there is nobody to confirm", "wrong": "does not have the fingerprint", "malformed": "64 digits"}
    assert (done.code, done.stdout) == (1, "")
    assert message[known] in done.stderr
    assert fingerprint(tmp_path / "leaf.pem") in done.stderr
    assert not config(home).exists()
    assert provider.count() == 0


@pytest.mark.parametrize("answer", ["yes", "no", ""])
def test_a_person_confirms_the_authority(
    provider: Provider, server: ApiServer, tmp_path: Path, home: Path, answer: str
) -> None:
    code = 0 if answer == "yes" else 1
    arguments = ["--write-kubeconfig", f"--server={server.url}", "--fetch-ca", "--no-sign-in"]
    words_ = ["setup", *arguments, *words(provider, tmp_path)]
    with command.Terminal(command.KUBELOGIN, *words_, home=home) as terminal:
        terminal.read_until("is that the fingerprint of your cluster's authority")
        terminal.send(f"{answer}\n")
        done = terminal.wait()
    assert done.code == code, done.stderr
    assert config(home).exists() == (code == 0)
    assert provider.count() == 0


WRONG = {
    "http": (["--server=http://x"], "--server must be an https URL"),
    "fetch-without-server": (["--fetch-ca"], "--fetch-ca needs --server"),
    "fingerprint-alone": (["--server=https://x", "--ca-fingerprint=00"], "--ca-fingerprint needs --fetch-ca"),
    "authority-missing": (["--server=https://x", "--cluster-certificate-authority=/nowhere"], "can't read /nowhere"),
    "unreachable": (["--server=https://127.0.0.1:1", "--fetch-ca"], "can't reach 127.0.0.1:1"),
}


@pytest.mark.parametrize(("more", "message"), WRONG.values(), ids=WRONG)
def test_what_can_not_be_written(provider: Provider, tmp_path: Path, home: Path, more: list[str], message: str) -> None:
    done = setup("--write-kubeconfig", *words(provider, tmp_path), *more, home=home)
    assert (done.code, done.stdout) == (1, "")
    assert message in done.stderr
    assert not config(home).exists()
    assert provider.count() == 0


def test_another_s_user_is_not_overwritten(provider: Provider, tmp_path: Path, home: Path) -> None:
    config(home).parent.mkdir(parents=True)
    config(home).write_text("users:\n- name: oidc\n  user: {token: hunter2}\n")
    before = config(home).read_text()
    done = setup("--write-kubeconfig", "--no-sign-in", *words(provider, tmp_path), home=home)
    assert done.code == 1
    assert 'user "oidc" is there already and signs in elsewhere' in done.stderr
    assert config(home).read_text() == before
    done = setup("--write-kubeconfig", "--no-sign-in", "--user=oidc", *words(provider, tmp_path), home=home)
    assert done.code == 0, done.stderr


def test_several_kubeconfigs_are_one(provider: Provider, tmp_path: Path, home: Path) -> None:
    """The current context, its cluster and a namesake may be in any of them; only the first is written."""
    first, second = home / "first", home / "second"
    home.mkdir(exist_ok=True)
    first.write_text("apiVersion: v1\nkind: Config\n")
    second.write_text(OTHERS)
    taken = OTHERS.replace("admin", "oidc")
    listed = {"KUBECONFIG": f"{first}:{second}:{home / 'none'}"}

    second.write_text(taken)
    flags = ["--write-kubeconfig", "--no-sign-in", *words(provider, tmp_path)]
    refused = setup(*flags, home=home, **listed)
    assert (refused.code, refused.stdout) == (1, "")
    assert f'user "oidc" is in {second} already and signs in elsewhere' in refused.stderr
    assert first.read_text() == "apiVersion: v1\nkind: Config\n"

    second.write_text(OTHERS)
    done = setup(*flags, home=home, **listed)
    assert done.code == 0, done.stderr
    assert second.read_text() == OTHERS
    env = clean(home, **listed)
    shown = subprocess.run(
        [BIN / "kubectl", "config", "view", "-o", "yaml"], env=env, check=True, capture_output=True, timeout=60
    )
    seen, before = yaml.safe_load(shown.stdout), yaml.safe_load(OTHERS)
    assert seen["current-context"] == before["current-context"]
    cluster = next(one for one in before["contexts"] if one["name"] == before["current-context"])["context"]["cluster"]
    context = next(one for one in seen["contexts"] if one["name"] == f"oidc@{cluster}")
    assert context["context"] == {"cluster": cluster, "user": "oidc"}
    assert f"kubelogin setup --undo --kubeconfig={first} puts it back" in done.stderr

    assert setup("--undo", home=home, KUBECONFIG=f"{second}:{first}").code == 0
    assert first.read_text() == "apiVersion: v1\nkind: Config\n"


def test_kubectl_s_lock_is_respected(provider: Provider, tmp_path: Path, home: Path) -> None:
    config(home).parent.mkdir(parents=True)
    config(home).write_text(OTHERS)
    config(home).with_name("config.lock").touch()
    done = setup("--write-kubeconfig", "--no-sign-in", *words(provider, tmp_path), home=home)
    assert (done.code, done.stdout) == (1, "")
    assert "is locked" in done.stderr
    assert config(home).read_text() == OTHERS


def test_converted_users_sign_in_through_kubectl(
    provider: Provider, server: ApiServer, tmp_path: Path, home: Path
) -> None:
    """An int128 stanza and an auth-provider with a live session become ours; nobody signs in for the latter."""
    flags = words(provider, tmp_path)
    standalone = home / "standalone"
    standalone.parent.mkdir(parents=True, exist_ok=True)
    client = {
        "idp-issuer-url": provider.issuer,
        "client-id": "kubernetes",
        "idp-certificate-authority": str(provider.ca),
        "extra-scopes": "groups,email,profile",
    }
    cluster = {"server": server.url, "certificate-authority": str(server.ca)}
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "kubectl", "interactiveMode": "Never"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [
            {"name": "plugin", "user": {"exec": plugin | {"args": ["oidc-login", "get-token", *flags]}}},
            {"name": "legacy", "user": {"auth-provider": {"name": "oidc", "config": client}}},
        ],
        "contexts": [{"name": one, "context": {"cluster": "c", "user": one}} for one in ("plugin", "legacy")],
        "current-context": "legacy",
    }
    config(home).parent.mkdir(parents=True)
    config(home).write_text(yaml.safe_dump(document))
    browser = next(flag for flag in flags if flag.startswith("--browser-command"))
    signed_in = command.run(browser, f"--listen-address=127.0.0.1:{free_port()}", home=home)
    assert signed_in.code == 0, signed_in.stderr
    token = yaml.safe_load(config(home).read_text())["users"][1]["user"]["auth-provider"]["config"]["id-token"]

    before = config(home).read_text()
    assert setup("--convert", "--dry-run", home=home).code == 0
    assert config(home).read_text() == before
    done = setup("--convert", home=home)
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert token not in done.stderr
    assert "goes on without a new sign-in" in done.stderr

    provider.forget()
    pods = kubectl("get", "pods", kubeconfig=config(home), home=home)
    assert pods.code == 0, pods.stderr
    assert provider.count("authorization_endpoint") == 0
    assert kubectl("--context=plugin", "get", "pods", kubeconfig=config(home), home=home).code == 0

    again = setup("--convert", home=home)
    assert "nothing was written" in again.stderr
    nobody = setup("--convert", "--user=nobody", home=home)
    assert (nobody.code, nobody.stdout) == (1, "")
    assert 'user "nobody" does not exist' in nobody.stderr
    assert setup("--undo", home=home).code == 0
    assert config(home).read_text() == before
    env = clean(home, KUBECONFIG=str(config(home)))
    subprocess.run([BIN / "kubectl", "config", "view"], env=env, check=True, capture_output=True, timeout=60)


def test_f29_edits_at_once_lose_nothing(provider: Provider, tmp_path: Path, home: Path) -> None:
    """Ours wait for one another and for kubectl, which itself gives up where somebody has its lock."""
    config(home).parent.mkdir(parents=True)
    config(home).write_text(OTHERS)
    flags = words(provider, tmp_path)
    ours = [
        command.start("setup", "--write-kubeconfig", "--no-sign-in", f"--user=u{number}", *flags, home=home)
        for number in range(5)
    ]
    env = clean(home, KUBECONFIG=str(config(home)))
    theirs = []
    while any(one.process.poll() is None for one in ours):
        name = f"k{len(theirs)}"
        done = subprocess.run(
            [BIN / "kubectl", "config", "set-cluster", name, "--server=https://x"],
            env=env,
            capture_output=True,
            timeout=60,
            check=False,
        )
        theirs += [name] if done.returncode == 0 else []
    results = command.together(ours)
    assert [one.code for one in results] == [0] * 5, [one.stderr for one in results]
    document = yaml.safe_load(config(home).read_text())
    assert {one["name"] for one in document["users"]} == {"admin", *(f"u{number}" for number in range(5))}
    assert {one["name"] for one in document["clusters"]} == {"old", *theirs}
    assert theirs
    assert not config(home).with_name("config.lock").exists()
