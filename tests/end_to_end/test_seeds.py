"""The guides' own words, run as written against real providers, kubectl and API server; see ``seeds/README.md``."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import command
from tests.support.api_server import ApiServer, start_api_server
from tests.support.certificates import Certificates
from tests.support.guides import SEEDS, Follower, Neighbourhood, seed
from tests.support.network import own_network, require_ports
from tests.support.providers import CERTIFIED, EMBEDDED, Provider, sign_in_script

# The guides fix the ports 8000, 9090 and 6443: where these are the machine's, one test at a time can have them.
pytestmark = [pytest.mark.required("kubectl"), pytest.mark.xdist_group("fixed-ports")]

SECRET = "Kd8fQ2vXw7ZrT0sLbN4mYc6HjUaEgPqI"
"""As Pocket-ID makes them."""

POCKET_ID = "a60960a8-c856-43b7-add7-50d83bf7eeab"
KUBE_DNS = "/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy"


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """Make the ports free where this machine lets us."""
    with own_network():
        yield


@pytest.fixture(scope="module")
def around(
    network: None, tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Neighbourhood]:
    neighbourhood = Neighbourhood(lambda: tmp_path_factory.mktemp("guide"), certificates)
    yield neighbourhood
    neighbourhood.stop()


def asked_for_code(provider: Provider) -> int:
    """Return how many sign-ins began since the provider was told to forget."""
    return sum(line.split()[1].endswith("/authorize") and line.startswith("GET") for line in provider.request_lines())


def claims_of_setup(done: command.Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stderr.partition("claims:\n\n```\n")[2].partition("\n```")[0])
    return found


def user_of(done: command.Result) -> tuple[str, list[str]]:
    """Return who ``kubectl auth whoami -o json`` says it is."""
    assert done.code == 0, done.stderr
    user = json.loads(done.stdout)["status"]["userInfo"]
    return user["username"], [group for group in user["groups"] if group != "system:authenticated"]


# Pocket-ID


@pytest.fixture
def pocket_id(around: Neighbourhood) -> Provider:
    require_ports(8000, 9090)
    return around.guide(**{POCKET_ID: SECRET})


def pocket_id_values(provider: Provider) -> dict[str, str]:
    return {
        "client": f"--oidc-client-id=<pocket ID url> -> --oidc-client-id={POCKET_ID}",
        "secret": f"--oidc-client-secret=<pocket ID url> -> --oidc-client-secret={SECRET}",
        "issuer": f"<pocket ID url> -> {provider.issuer}",
    }


POCKET_ID_SETUPS = {
    "pocket-id-setup.sh": ("http://localhost:8000", "groups email name sub email_verified openid"),
    "pocket-id-setup-on-another-port.sh": ("http://localhost:9090", "groups email name openid"),
}


@pytest.mark.parametrize(("name", "expected"), POCKET_ID_SETUPS.items(), ids=POCKET_ID_SETUPS)
def test_pocket_id_setup(name: str, expected: tuple[str, str], pocket_id: Provider, tmp_path: Path) -> None:
    """The claims that the guide tells people to check are shown, and who compares them sees no secret."""
    person = Follower(tmp_path, pocket_id)
    values = {
        "issuer": f"--oidc-issuer-url=<pocket ID url> -> --oidc-issuer-url={pocket_id.issuer}",
        "client": f"<client ID> -> {POCKET_ID}",
        # One of the two passages has the wrong placeholder.
        "secret": f"{'<pocket ID url>' if 'port' in name else '<client secret>'} -> {SECRET}",
    }
    done = person.types(seed(name, **values))
    assert (done.code, done.stdout) == (0, ""), done.stderr
    claims = claims_of_setup(done)
    assert claims["groups"] == ["developers", "admins"]
    assert (claims["email"], claims["email_verified"]) == ("alice@example.test", True)
    assert (claims["aud"], claims["iss"]) == (POCKET_ID, pocket_id.issuer)
    assert SECRET not in done.stderr
    (opened,) = person.opened
    assert (opened["redirect_uri"], opened["scope"]) == expected


POCKET_ID_USERS = {
    "pocket-id-user.yaml": "http://localhost:8000",
    "pocket-id-user-on-another-port.yaml": "http://localhost:9090",
    "pocket-id-user-verbose.diff": "http://localhost:8000",
}


def pocket_id_person(
    directory: Path, provider: Provider, around: Neighbourhood, name: str = "pocket-id-user.yaml", **more: str
) -> Follower:
    """Return who put a stanza of the guide into the kubeconfig."""
    person = Follower(directory, provider)
    server = around.api_server(provider, client_id=POCKET_ID, username_claim="sub")
    person.kubeconfig(server, seed(name, **pocket_id_values(provider), **more), user="pass-key")
    return person


COMMAND = "args: -> command: kubectl\n      args:"
"""What the guide's stanza lacks."""


@pytest.mark.parametrize(("name", "redirect"), POCKET_ID_USERS.items(), ids=POCKET_ID_USERS)
def test_pocket_id_user(name: str, redirect: str, pocket_id: Provider, around: Neighbourhood, tmp_path: Path) -> None:
    """``kubectl get pods`` makes the person log in once; with ``-v2`` it says how, and no secret."""
    person = pocket_id_person(tmp_path, pocket_id, around, name, command=COMMAND)
    first = person.types("kubectl get pods")
    assert first.code == 0, first.stderr
    assert "Running" in first.stdout
    (opened,) = person.opened
    assert (opened["redirect_uri"], opened["scope"]) == (redirect, "groups email name openid")
    pocket_id.forget()
    second = person.types("kubectl auth whoami -o json")
    assert user_of(second) == ("oidc:alice", ["oidc:developers", "oidc:admins"])
    assert pocket_id.count() == 0
    verbose = name.endswith("verbose.diff")
    assert ("GET localhost" in first.stderr, "GET localhost" in second.stderr) == (verbose, False)
    assert SECRET not in first.stderr + second.stderr


def test_pocket_id_user_without_its_command_is_refused_by_kubectl_itself(
    pocket_id: Provider, around: Neighbourhood, tmp_path: Path
) -> None:
    """Why ``command: kubectl`` is added above."""
    done = pocket_id_person(tmp_path, pocket_id, around).types("kubectl get pods")
    assert done.code != 0
    assert "command must be specified" in done.stderr
    assert pocket_id.count() == 0


def test_pocket_id_clear_token(pocket_id: Provider, around: Neighbourhood, tmp_path: Path) -> None:
    """After the guide's ``rm`` no file of the home directory holds a token, and the next command signs in anew."""
    person = pocket_id_person(tmp_path, pocket_id, around, command=COMMAND)
    assert person.types("kubectl get pods").code == 0
    (session,) = (person.home / ".kube/cache/oidc-login").glob("session-*.json")
    kept = json.loads(session.read_bytes())
    tokens = [value.encode() for name, value in kept.items() if name.endswith("_token") and value]
    assert len(tokens) == 2
    assert holding(person.home, tokens)
    cleared = person.types(seed("pocket-id-clear-token.sh"))
    assert (cleared.code, cleared.stderr) == (0, "")
    assert holding(person.home, tokens) == []
    pocket_id.forget()
    again = person.types("kubectl get pods")
    assert again.code == 0, again.stderr
    assert asked_for_code(pocket_id) == 1


def holding(home: Path, tokens: list[bytes]) -> list[Path]:
    """Return the files with one of the tokens, or a part of it, in them."""
    parts = [part for token in tokens for part in token.split(b".") if len(part) > 20]
    files = [path for path in home.rglob("*") if path.is_file()]
    return [path for path in files if any(part in path.read_bytes() for part in parts)]


# Zitadel


@pytest.fixture
def zitadel(
    around: Neighbourhood, tmp_path: Path, certificates: Certificates
) -> Iterator[Callable[[Provider], Follower]]:
    """Return who follows the guide, with its script in the working directory and the API server on its port."""
    if shutil.which("openssl") is None and os.environ.get("CI") != "true":
        pytest.skip("openssl is missing: the guide's script needs it")
    running: list[ApiServer] = []

    def begin(provider: Provider) -> Follower:
        require_ports(8000, 6443)
        person = Follower(tmp_path, provider)
        prefixes = {"username_prefix": "zitadel:", "groups_prefix": "zitadel:"}
        running.append(start_api_server(tmp_path / "api", provider, certificates, port=6443, **prefixes))
        script = person.directory / "make_kubeconfig.sh"
        script.write_text(seed("zitadel-make-kubeconfig.sh"), encoding="utf-8")
        script.chmod(0o755)
        return person

    yield begin
    for server in running:
        server.stop()


def zitadel_lines(provider: Provider) -> list[str]:
    """Return the two lines of the guide: make the kubeconfig, and use it."""
    values = {
        "client": "<client_id> -> kubernetes",
        "issuer": f"zitadel.apps.cluster.safespring.com -> {provider.issuer.removeprefix('https://')}",
        "server": "api.demo.safespring.com -> localhost",
        "kubeconfig": "demo-kubeconfig -> localhost-kubeconfig",
    }
    return seed("zitadel-use.sh", **values).splitlines()


@pytest.mark.parametrize("kind", [EMBEDDED, CERTIFIED])
def test_zitadel_in_the_browser(
    kind: str,
    around: Neighbourhood,
    zitadel: Callable[[Provider], Follower],
    required: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    """The script finds the plugin, clears its cache and writes a kubeconfig with which cluster-info works."""
    if kind == CERTIFIED:
        required(CERTIFIED)
    provider = around.provider(kind)
    person = zitadel(provider)
    make, use = zitadel_lines(provider)
    stale = person.home / ".kube/cache/oidc-login" / ("0" * 64)
    stale.parent.mkdir(parents=True)
    stale.write_text("{}", encoding="utf-8")
    made = person.types(make, cwd=tmp_path)
    assert (made.code, made.stderr) == (0, ""), made.stderr
    assert made.stdout.startswith("Wrote kubeconfig to localhost-kubeconfig\n")
    assert not stale.exists()
    provider.forget()
    done = person.types(use, cwd=tmp_path)
    assert done.code == 0, done.stderr
    assert "Kubernetes control plane" in done.stdout
    assert "https://localhost:6443" in done.stdout
    assert KUBE_DNS in done.stdout
    assert [opened["redirect_uri"] for opened in person.opened] == ["http://localhost:8000"]
    who = person.types("kubectl --kubeconfig=localhost-kubeconfig auth whoami -o json", cwd=tmp_path)
    assert user_of(who) == ("zitadel:alice@example.test", ["zitadel:developers", "zitadel:admins"])


def test_zitadel_with_a_device_code(
    around: Neighbourhood, zitadel: Callable[[Provider], Follower], tmp_path: Path
) -> None:
    """With ``-d`` a page and a code are shown, though the kubeconfig says ``interactiveMode: Never``."""
    provider = around.provider(EMBEDDED)
    person = zitadel(provider)
    make, use = zitadel_lines(provider)
    made = person.types(f"{make} -d", cwd=tmp_path)
    assert made.code == 0, made.stderr
    with person.terminal(use, cwd=tmp_path) as terminal:
        page = terminal.read_until(r"(https://\S+)\n")[1]
        code = terminal.read_until(r"\n\s+([A-Z0-9]{4}-[A-Z0-9]{4})\n")[1]
        phone = sign_in_script(tmp_path / "phone", ca=provider.ca, user_code=code)
        assert command.run(page, home=tmp_path / "elsewhere", command=phone).code == 0
        done = terminal.wait()
    assert done.code == 0, done.stderr
    assert KUBE_DNS in done.stdout
    assert person.opened == []


# Kanidm


def test_kanidm(around: Neighbourhood, tmp_path: Path) -> None:
    """An issuer with a path, flags and values as words of their own, and scopes in one word with blanks."""
    require_ports(8000)
    provider = around.guide("/oauth2/openid/k8s", algorithm="ES256", k8s="")
    prefixes = {"username_claim": "preferred_username", "username_prefix": "", "groups_prefix": ""}
    server = around.api_server(provider, client_id="k8s", **prefixes)
    person = Follower(tmp_path, provider)
    host = provider.issuer.removeprefix("https://").partition("/")[0]
    person.kubeconfig(server, seed("kanidm-user.yaml", host=f"<MY KANIDM ADDRESS> -> {host}"), user="oauth")
    assert user_of(person.types("kubectl auth whoami -o json")) == ("alice", ["developers", "admins"])
    done = person.types("kubectl get pods")
    assert done.code == 0, done.stderr
    assert "Running" in done.stdout
    (opened,) = person.opened
    assert opened["scope"] == "profile groups email openid"


# Authentik on K3s

AUTHENTIK = "/application/o/kube-apiserver/"


@pytest.fixture
def authentik(around: Neighbourhood) -> Provider:
    """An issuer with a slash at its end."""
    require_ports(8000)
    return around.guide(AUTHENTIK, kube_apiserver=SECRET)


def authentik_host(provider: Provider) -> str:
    return f"https://authentik.example.com{AUTHENTIK} -> {provider.issuer}"


@pytest.mark.parametrize("name", ["authentik-setup.sh", "authentik-setup-with-scopes.sh"])
def test_authentik_setup(name: str, authentik: Provider, tmp_path: Path) -> None:
    person = Follower(tmp_path, authentik)
    values = {"issuer": authentik_host(authentik), "secret": f"<your secret> -> '{SECRET}'"}
    if name == "authentik-setup.sh":
        values = {
            "client": "YOUR_CLIENT_ID -> kube-apiserver",
            "secret": f"YOUR_CLIENT_SECRET -> {SECRET}",
            "issuer": f"ISSUER_URL -> {authentik.issuer}",
        }
    done = person.types(seed(name, **values))
    assert (done.code, done.stdout) == (0, ""), done.stderr
    claims = claims_of_setup(done)
    assert (claims["iss"], claims["aud"]) == (authentik.issuer, "kube-apiserver")
    assert claims.get("email") == (None if name == "authentik-setup.sh" else "alice@example.test")


def test_authentik_k3s(authentik: Provider, around: Neighbourhood, tmp_path: Path) -> None:
    """The user is set up by kubectl itself, beside the administrator of the kubeconfig of K3s, and then for good."""
    server = around.api_server(authentik, client_id="kube-apiserver", groups_prefix="")
    person = Follower(tmp_path, authentik)
    person.kubeconfig(server, "- name: default\n  user: {token: administrator}\n", user="default")
    values = {"issuer": authentik_host(authentik), "secret": f"<your client secret> -> {SECRET}"}
    made = person.types(seed("authentik-set-credentials.sh", **values))
    assert (made.code, made.stdout) == (0, 'User "oidc" set.\n'), made.stderr
    done = person.types(seed("authentik-cluster-info.sh"))
    assert done.code == 0, done.stderr
    assert KUBE_DNS in done.stdout
    (opened,) = person.opened
    assert opened["scope"] == "profile email openid"
    authentik.forget()
    assert person.types(seed("authentik-set-context.sh")).code == 0
    again = person.types("kubectl cluster-info")
    assert (again.code, again.stdout) == (0, done.stdout)
    assert authentik.count() == 0


def test_no_passage_is_left_out() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    passages = {path.name for path in SEEDS.iterdir()} - {"README.md"}
    assert passages
    assert {name for name in passages if f'"{name}"' not in text} == set()
