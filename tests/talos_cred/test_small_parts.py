"""Profiles, kubeconfigs, imported sessions and unit files: small readers and writers, by table."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import talos_cred
from kubelogin_py import SettingsError
from talos_cred import foreign, profiles, separation
from talos_cred.adapters.service import UserService
from talos_cred.cli.login import attended
from talos_cred.cli.option import Kind, Option, kept, resolved
from talos_cred.cli.options import LOGIN
from tests.support import components, processes
from tests.support.exchange import ExchangeServer
from tests.support.providers import Provider

NAMES = {"server", "provider", "context-name"}


def test_profiles_have_the_defaults_and_their_own_name() -> None:
    read = profiles.read("defaults: {provider: p}\nprofiles: {a: {server: s}, b: {context-name: c}, d:}\n", "f", NAMES)
    assert dict(read.values) == {
        "a": {"provider": "p", "server": "s", "context-name": "a"},
        "b": {"provider": "p", "context-name": "c"},
        "d": {"provider": "p", "context-name": "d"},
    }


@pytest.mark.parametrize(
    "text",
    ["[", "- a", "other: {}", "profiles: [a]", "profiles: {a: [b]}", "profiles: {a: {sever: x}}", "defaults: {1: 2}"],
)
def test_anything_else_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(SettingsError, match="my-file"):
        profiles.read(text, "my-file", NAMES)


ROWS = (
    Option(name="server", kind=Kind.TEXT, help="", default="built-in"),
    Option(name="max-role", kind=Kind.LIST, help=""),
    Option(name="max-lifetime", kind=Kind.SECONDS, help="", default=60.0),
    Option(name="use", kind=Kind.FLAG, help="", once=True),
    Option(name="client-secret", kind=Kind.TEXT, help="", secret=True),
    Option(name="server-ca", kind=Kind.TEXT, help="", path=True),
)


@pytest.mark.parametrize(
    ("given", "environment", "further", "expected"),
    [
        ({}, {}, {}, "built-in"),
        ({}, {}, {"server": "profile"}, "profile"),
        ({}, {"TALOS_CRED_SERVER": "env"}, {"server": "profile"}, "env"),
        ({"server": "flag"}, {"TALOS_CRED_SERVER": "env"}, {"server": "profile"}, "flag"),
    ],
)
def test_the_nearest_word_counts(
    given: dict[str, str], environment: dict[str, str], further: dict[str, str], expected: str
) -> None:
    values, _ = resolved(ROWS, given, environment, ("profile", further))
    assert values["server"] == expected


def test_values_are_read_by_their_kind_wherever_they_stand() -> None:
    environment = {"TALOS_CRED_MAX_ROLE": "os:reader,os:admin", "TALOS_CRED_MAX_LIFETIME": "1h30m", "HOME": "/h"}
    values, chosen = resolved(ROWS, {"server_ca": "~/ca.pem"}, environment, ("profile", {"use": True}))
    assert values["max-role"] == ("os:reader", "os:admin")
    assert values["max-lifetime"] == 5400.0
    assert values["server-ca"] == "/h/ca.pem"
    assert "use" not in chosen


@pytest.mark.parametrize("place", ["flag", "variable", "profile"])
def test_zero_is_a_number_that_was_chosen(place: str) -> None:
    given = {"max_lifetime": "0"} if place == "flag" else {}
    environment = {"TALOS_CRED_MAX_LIFETIME": "0"} if place == "variable" else {}
    profile = {"max-lifetime": 0} if place == "profile" else {}
    values, chosen = resolved(ROWS, given, environment, ("profile", profile))
    assert values["max-lifetime"] == chosen["max-lifetime"] == 0


def test_a_no_in_the_environment_wins_over_a_yes_in_a_profile() -> None:
    rows = (Option(name="skip-open-browser", kind=Kind.FLAG, help=""),)
    yes = ("profile", {"skip-open-browser": True})
    assert resolved(rows, {}, {"TALOS_CRED_SKIP_OPEN_BROWSER": "false"}, yes)[0] == {"skip-open-browser": False}
    assert resolved(rows, {}, {"TALOS_CRED_SKIP_OPEN_BROWSER": ""}, yes)[0] == {"skip-open-browser": True}


@pytest.mark.parametrize(
    ("text", "is_there"), [("", True), ("no", True), ("False", True), ("1", False), ("true", False), ("YES", False)]
)
def test_a_person_is_there_unless_somebody_says_otherwise(text: str, is_there: bool) -> None:
    assert attended({}, {"TALOS_CRED_UNATTENDED": text}) is is_there
    assert not attended({"unattended": True}, {"TALOS_CRED_UNATTENDED": text})


SAMPLES = {Kind.TEXT: "a-b", Kind.LIST: "a,b", Kind.NUMBER: "7", Kind.SECONDS: "1m30s", Kind.FLAG: "true"}


@pytest.mark.parametrize("row", LOGIN, ids=lambda row: row.name)
def test_every_flag_has_a_variable_that_means_the_same(row: Option) -> None:
    text = SAMPLES[row.kind]
    given = {Kind.FLAG: True, Kind.LIST: [text]}.get(row.kind, text)
    by_flag = resolved(LOGIN, {row.parameter: given}, {"HOME": "/h"})
    assert by_flag == resolved(LOGIN, {}, {"HOME": "/h", row.variable: text})
    assert row.name in by_flag[1]


def test_nothing_secret_and_nothing_of_one_call_is_kept() -> None:
    _, chosen = resolved(ROWS, {"client_secret": "hush", "use": True, "server": "s", "max_role": ["a"]}, {})
    assert kept(ROWS, chosen) == {"server": "s", "max-role": ["a"]}


KUBECONFIG = """
users:
- name: me
  user:
    exec:
      args: [get-token, --oidc-issuer-url=https://id, --oidc-client-id, kube]
- name: other
  user: {token: x}
"""


@pytest.mark.parametrize(
    ("text", "issuer", "client", "shared"),
    [
        (KUBECONFIG, "https://id", "kube", True),
        (KUBECONFIG, "https://id", "talos", False),
        (KUBECONFIG, "https://other", "kube", False),
        ("users: 5", "https://id", "kube", False),
        ("[", "https://id", "kube", False),
    ],
)
def test_a_client_shared_with_kubectl_is_found(text: str, issuer: str, client: str, shared: bool) -> None:
    assert separation.is_shared(text, issuer=issuer, client_id=client) is shared


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"issuer": "https://a"}', '{"issuer": 5, "client_id": "a"}', "\x00"])
def test_what_is_no_entry_of_talosctl_oidc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"names|JSON|empty|list"):
        foreign.read_entry(text)


def test_an_entry_without_tokens_is_a_session_without_tokens() -> None:
    found = foreign.read_entry('{"issuer": "https://a", "client_id": "b", "id_token": "broken", "refresh_token": ""}')
    assert (found.session().id_token, found.session().refresh_token) == (None, None)
    assert foreign.read_file(b'{"x": {}}', "y") is None


def test_a_unit_quotes_what_systemd_would_read() -> None:
    service = UserService('50% $x "y"\n', ["/bin/talos-cred", "login", 'a "b" $HOME 5%'], {"HOME": "/h"})
    unit = service.unit()
    assert r'ExecStart="/bin/talos-cred" "login" "a \"b\" $$HOME 5%%"' in unit
    assert "Description=Talos certificate of context 50%% $x" in unit
    assert len([line for line in unit.splitlines() if line.startswith("Exec")]) == 1
    assert "/" not in service.name
    assert "<string>a &quot;b&quot;" in service.plist() or '<string>a "b"' in service.plist()


def test_a_variable_of_a_unit_is_what_it_is_here() -> None:
    """A dollar stands for itself there, other than in a command (systemd.exec, "Environment=")."""
    unit = UserService("x", ["a"], {"HOME": "/h", "HTTPS_PROXY": 'http://u:$p$$"%@proxy'}).unit()
    assert 'Environment="HTTPS_PROXY=http://u:$p$$\\"%%@proxy"\n' in unit


def test_every_flag_is_documented() -> None:
    text = (components.ROOT / "docs/talos.md").read_text(encoding="utf-8")
    for row in LOGIN:
        for name in (row.name, *row.also):
            assert f"`--{name}`" in text or f"`-{name}`" in text, name
        assert f"`{row.variable}`" in text
        assert row.help in text, row.name


def test_every_public_name_resolves_and_says_what_it_is() -> None:
    for name in set(talos_cred.__all__) - {"__version__"}:
        assert getattr(talos_cred, name).__doc__, name
    assert set(talos_cred._HOMES) | {"__version__"} == set(talos_cred.__all__)
    assert dir(talos_cred) == sorted(talos_cred.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        talos_cred.no_such_name  # noqa: B018 -- looking is the test


PACKAGE = Path(talos_cred.__file__).parent
HOMES = {
    "cryptography": {"certificate.py"},
    "yaml": {"yaml_document.py"},
    "typer": {"cli/app.py"},
    "subprocess": {"adapters/children.py"},
    "ssl": {"adapters/exchange_client.py"},
    "keyring": set(),
    "requests": set(),
    "examples": set(),
}
LAYERS = [{"adapters"}, {"wiring"}, {"cli"}]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_inward_and_each_library_has_one_home(path: Path) -> None:
    where = path.relative_to(PACKAGE).as_posix()
    room = where.partition("/")[0].removesuffix(".py")
    rank = next((number + 1 for number, names in enumerate(LAYERS) if room in names), 0)
    if room in {"__init__", "__main__"}:
        rank = len(LAYERS) + 1
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            first, _, rest = name.partition(".")
            assert first not in HOMES or where in HOMES[first], name
            there = rest.partition(".")[0]
            outer = next((number + 1 for number, rooms in enumerate(LAYERS) if there in rooms), 0)
            if first == "talos_cred":
                assert outer <= rank, name
            if first == "kubelogin_py" and there in {"adapters", "storage"}:
                assert rank, name
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_the_example_obtains_a_certificate_in_ten_lines(
    idp: Provider, exchange: ExchangeServer, browser: Path, home: Path
) -> None:
    """The program is run as it stands; the browser is found by the environment, as on a desktop."""
    program = components.ROOT / "examples/talos_login.py"
    code = [
        line for line in program.read_text(encoding="utf-8").splitlines() if line and not line.startswith(("#", '"'))
    ]
    assert len(code) <= 10
    words = [idp.issuer, "kubernetes-es256", exchange.url, str(exchange.ca)]
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "BROWSER": str(browser), "SSL_CERT_FILE": str(idp.ca)}
    done = subprocess.run(
        [sys.executable, str(program), *words], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "os:reader" in done.stdout


def test_at_full_verbosity_nothing_secret_is_said(
    idp: Provider, exchange: ExchangeServer, browser: Path, home: Path
) -> None:
    words = ["--provider", idp.issuer, "--client-id", "kubernetes-es256", "--server", exchange.url, "-v", "2"]
    words += ["--server-ca", str(exchange.ca), "--provider-ca", str(idp.ca), "--browser-command", str(browser)]
    start = [sys.executable, "-m", "talos_cred", "login", *words, "--callback-port", str(processes.free_port())]
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    words_of = []
    for more in ([], ["--force"]):
        done = subprocess.run([*start, *more], env=environment, capture_output=True, text=True, check=False, timeout=60)
        words_of.append(done.stdout + done.stderr)
        assert done.returncode == 0, done.stderr
    session = json.loads(next((home / ".kube/cache/oidc-login").glob("session-*.json")).read_text())
    said = "".join(words_of)
    assert "POST" in said
    for secret in (session["id_token"], session["refresh_token"], "PRIVATE KEY", "code_verifier="):
        assert secret not in said
