"""Which flags the other commands have and have not, and klog's flags of every command, row by row."""

from pathlib import Path
from typing import Any

import pytest

from kubelogin_py.cli.commands import COMMANDS, Command
from tests.cli.calls import Application, Outcome, call
from tests.compat.test_contract_get_token import PARAMS, ROWS, TYPES, of
from tests.compat.test_contract_parsing import ISSUER, MANDATORY, V1

KUBECONFIG = """\
current-context: first
contexts:
- {name: first, context: {user: alice}}
- {name: second, context: {user: bob}}
users:
- name: alice
  user: {auth-provider: {name: oidc, config: {idp-issuer-url: https://alice.example.com, client-id: kubernetes}}}
- name: bob
  user: {auth-provider: {name: oidc, config: {idp-issuer-url: https://bob.example.com, client-id: kubernetes}}}
"""

TLS = {
    "certificate-authority",
    "certificate-authority-data",
    "insecure-skip-tls-verify",
    "tls-renegotiation-once",
    "tls-renegotiation-freely",
}
AUTHENTICATION = {
    "grant-type",
    "listen-address",
    "skip-open-browser",
    "browser-command",
    "authentication-timeout-sec",
    "local-server-cert",
    "local-server-key",
    "open-url-after-authentication",
    PARAMS,
    "username",
    "password",
}
PROVIDER = {
    "oidc-issuer-url",
    "oidc-client-id",
    "oidc-client-secret",
    "oidc-redirect-url",
    "oidc-extra-scope",
    "oidc-use-access-token",
    "oidc-request-header",
    "oidc-use-pkce",
    "oidc-pkce-method",
}
CACHE = {"force-refresh", "token-cache-dir", "token-cache-storage"}
OF = {"": TLS | AUTHENTICATION, "setup": TLS | AUTHENTICATION | PROVIDER, "clean": {"token-cache-dir"}}
"""The flags of get-token that each other command has, too."""

LATER = {("clean", "token-cache-storage"), ("setup", "token-cache-dir"), ("setup", "token-cache-storage")}
"""Of a version before 1.36, and accepted again; setup hands on what kubectl needs, a gap there (section 4)."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG, encoding="utf-8")
    return path


def run(name: str, words: list[str], kubeconfig: Path) -> tuple[Outcome, Application]:
    application = Application()
    first = {"": ["--kubeconfig", str(kubeconfig)], "setup": ["setup", *MANDATORY[1:]], "clean": ["clean"]}[name]
    return call(*first, *words, application=application, environment=V1), application


def test_every_flag_of_get_token_is_sorted() -> None:
    assert set(TYPES) == TLS | AUTHENTICATION | PROVIDER | CACHE


HAVING = [
    (name, row, entry)
    for name in ("", "setup")
    for row, entry in ROWS.items()
    if entry[0] in OF[name] and not any("~" in text for text in entry[1])
]


@pytest.mark.parametrize(
    ("name", "entry"),
    [(name, entry) for name, _, entry in HAVING],
    ids=[f"1.4 {name or 'root'} --{entry[0]}: {row}" for name, row, entry in HAVING],
)
def test_the_flag_means_the_same(name: str, entry: tuple[str, list[str], str, object], kubeconfig: Path) -> None:
    flag, given, field, value = entry
    outcome, application = run(name, [f"--{flag}={text}" for text in given], kubeconfig)
    assert outcome.code == 0, outcome.err
    assert of(field)(application.asked[0][0]) == value


TILDES: dict[str, tuple[str, Any]] = {
    "certificate-authority": ("tls.certificate_authorities", ("~/x",)),
    "local-server-cert": ("login.local_server_cert", "~/x"),
    "local-server-key": ("login.local_server_key", "~/x"),
}


@pytest.mark.parametrize("name", ["", "setup"], ids=["root", "setup"])
@pytest.mark.parametrize(("flag", "expected"), TILDES.items(), ids=[f"1.4 no ~ in --{flag}" for flag in TILDES])
def test_no_expansion(name: str, flag: str, expected: tuple[str, Any], kubeconfig: Path) -> None:
    outcome, application = run(name, [f"--{flag}=~/x"], kubeconfig)
    assert outcome.code == 0, outcome.err
    assert of(expected[0])(application.asked[0][0]) == expected[1]


NOT_HAVING = [
    (name, flag) for name, flags in OF.items() for flag in sorted(set(TYPES) - flags) if (name, flag) not in LATER
]


@pytest.mark.parametrize(
    ("name", "flag"), NOT_HAVING, ids=[f"1.4 {name or 'root'} has no --{flag}" for name, flag in NOT_HAVING]
)
def test_an_unknown_flag(name: str, flag: str, kubeconfig: Path) -> None:
    outcome, application = run(name, [f"--{flag}=1"], kubeconfig)
    assert (outcome.code, outcome.out, application.asked) == (1, "", [])
    assert outcome.err.splitlines()[0] == f"error: unknown flag: --{flag}"


CHOSEN = {
    "1.4 root --kubeconfig": ([], "https://alice.example.com"),
    "1.4 root --context": (["--context=second"], "https://bob.example.com"),
    "1.4 root --user": (["--user=bob"], "https://bob.example.com"),
    "1.4 root --user wins over --context": (["--user=alice", "--context=second"], "https://alice.example.com"),
}


@pytest.mark.parametrize(("words", "issuer"), CHOSEN.values(), ids=CHOSEN)
def test_root(words: list[str], issuer: str, kubeconfig: Path) -> None:
    outcome, application = run("", words, kubeconfig)
    assert outcome.code == 0, outcome.err
    assert application.asked[0][0].provider.issuer == issuer


DIRECTORIES = {
    "1.4 clean --token-cache-dir": (["--token-cache-dir=/x"], Path("/x")),
    "1.4 clean --token-cache-dir: ~": (["--token-cache-dir=~/x"], Path("/home/me/x")),
    "1.4 clean --token-cache-dir: default": ([], Path("/home/me/.kube/cache/oidc-login")),
}


@pytest.mark.parametrize(("words", "directory"), DIRECTORIES.values(), ids=DIRECTORIES)
def test_clean(words: list[str], directory: Path, kubeconfig: Path) -> None:
    outcome, application = run("clean", words, kubeconfig)
    assert outcome.code == 0, outcome.err
    assert application.asked[0][0] == directory


# klog's flags, with underscores as written; a value of each, and the verbosity that it leads to.
KLOG: dict[str, tuple[list[str], int]] = {
    "-v": (["-v", "1"], 1),
    "--v": (["--v=2"], 2),
    "--vmodule": (["--vmodule=a=1"], 0),
    "--logtostderr": (["--logtostderr=false"], 0),
    "--alsologtostderr": (["--alsologtostderr"], 0),
    "--stderrthreshold": (["--stderrthreshold=WARNING"], 0),
    "--log_dir": (["--log_dir=/x"], 0),
    "--log_file": (["--log_file=/x"], 0),
    "--log_file_max_size": (["--log_file_max_size=1"], 0),
    "--add_dir_header": (["--add_dir_header"], 0),
    "--skip_headers": (["--skip_headers"], 0),
    "--skip_log_headers": (["--skip_log_headers"], 0),
    "--one_output": (["--one_output"], 0),
    "--log_backtrace_at": (["--log_backtrace_at=a.go:1"], 0),
    "--legacy_stderr_threshold_behavior": (["--legacy_stderr_threshold_behavior=false"], 0),
    "--alsologtostderrthreshold": (["--alsologtostderrthreshold=ERROR"], 0),
}
NAMES = {"": "root", "get-token": "get-token", "setup": "setup", "clean": "clean"}


@pytest.mark.parametrize("name", NAMES, ids=NAMES.values())
@pytest.mark.parametrize("flag", KLOG, ids=[f"1.4 {flag}" for flag in KLOG])
def test_klog(name: str, flag: str, kubeconfig: Path) -> None:
    """Accepted by every command; what can't mean anything here says so at -v1, once, and is silent otherwise."""
    words, verbosity = KLOG[flag]
    application = Application()
    first = {"": ["--kubeconfig", str(kubeconfig)], "clean": ["clean"]}.get(name, [name, *MANDATORY[1:]])
    outcome = call(*first, *words, application=application, environment=V1)
    assert outcome.code == 0, outcome.err
    assert application.asked[0][1] == verbosity
    if verbosity == 0:
        assert "note:" not in outcome.err
        loud = call(*first, *words, "-v1", environment=V1)
        assert loud.err.count(f"note: {flag} has no effect here\n") == 1


@pytest.mark.parametrize("command", COMMANDS, ids=[command.path for command in COMMANDS])
def test_1_4_klog_of_any_command(command: Command) -> None:
    """Whatever becomes of the call."""
    words = [command.name] if command.name else []
    assert call(*words, "--log_file=/x", "-v1").err.count("note: --log_file has no effect here\n") == 1


def test_the_issuer_of_these_tests_is_never_asked() -> None:
    """``.example.com`` names nobody."""
    assert ISSUER.endswith(".example.com")
