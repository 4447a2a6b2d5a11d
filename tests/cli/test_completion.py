"""Completion scripts: each is the whole table, and real shells make of them what people expect."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kubelogin_py.cli.commands import COMMANDS
from kubelogin_py.cli.completion import PROGRAMS, SHELLS, entries
from kubelogin_py.cli.option import Option
from kubelogin_py.cli.options import OPTIONS, options_of
from tests.cli.calls import Outcome, call
from tests.support.command import Terminal
from tests.support.environment import clean

NAMES = {command.name for command in COMMANDS if command.name}
ROOT_FLAGS = {f"--{row.name}" for row in options_of("", {}) if not row.hidden}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_goes_to_standard_output(shell: str) -> None:
    outcome = call("completion", shell)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith("\n")
    assert outcome.out.isascii()
    for name in (*NAMES, *PROGRAMS, "device-code", "S256"):
        assert name in outcome.out
    assert not re.search("@[A-Z_]+@", outcome.out)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_visible_flag_of_every_command_is_in_it_and_no_other(shell: str) -> None:
    script = call("completion", shell).out
    for command in COMMANDS:
        for row in options_of(command.name, {}):
            known = re.search(rf"(?:--|-l ){re.escape(row.name)}(?![\w-])", script)
            assert bool(known) or row.hidden, row.name
    assert "oidc-use-pkce" not in script


@pytest.mark.parametrize("shell", SHELLS)
def test_descriptions_can_be_left_out(shell: str) -> None:
    described, bare = call("completion", shell), call("completion", shell, "--no-descriptions")
    assert bare.code == 0
    assert ("Delete the token cache" in described.out) == (shell != "bash")
    assert "Delete the token cache" not in bare.out
    assert call("completion", "--no-descriptions", shell) == bare


FAULTS = {
    "unknown-shell": (["tcsh"], 'error: unknown command "tcsh" for "kubelogin completion"'),
    "case": (["Bash"], 'error: unknown command "Bash" for "kubelogin completion"'),
    "too-many": (["bash", "x"], 'error: unknown command "x" for "kubelogin completion bash"'),
    "unknown-flag": (["bash", "--x"], "error: unknown flag: --x"),
    "flag-of-get-token": (["bash", "--force-refresh"], "error: unknown flag: --force-refresh"),
}


@pytest.mark.parametrize(("arguments", "message"), FAULTS.values(), ids=FAULTS)
def test_a_bad_call(arguments: list[str], message: str) -> None:
    outcome = call("completion", *arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines()[0] == message


def test_without_a_shell_it_shows_its_help() -> None:
    outcome = call("completion")
    assert outcome == Outcome(0, call("help", "completion").out, "")
    for shell in SHELLS:
        assert shell in outcome.out


def test_hidden_options_are_not_offered() -> None:
    (clean_entry,) = [entry for entry in entries() if entry.name == "clean"]
    assert "--token-cache-storage" not in {flag.name for flag in clean_entry.flags}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("scripts")
    for shell in SHELLS:
        (directory / shell).write_text(call("completion", shell).out, encoding="utf-8")
    return directory


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest, required: Callable[[str], Path]) -> Path:
    """A shell that reads a script without running it."""
    return required(request.param)


def test_the_shell_can_read_it(shell: Path, scripts: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [shell, "-n", scripts / shell.name], env=clean(tmp_path / "h"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# What is typed, and what is offered; bash splits words at "=".
OFFERED: dict[str, tuple[list[str], set[str]]] = {
    "commands": ([""], NAMES),
    "command-prefix": (["c"], {"clean", "completion"}),
    "root-flags": (["--kube"], {"--kubeconfig"}),
    "flags": (["clean", "--token"], {"--token-cache-dir"}),
    "flags-after-others": (
        ["get-token", "--skip-open-browser", "--oidc-cl"],
        {"--oidc-client-id", "--oidc-client-secret", "--oidc-client-secret-file"},
    ),
    "choices-apart": (["get-token", "--grant-type", "authcode-"], {"authcode-keyboard"}),
    "choices-after-equals": (["get-token", "--grant-type", "=", "d"], {"device-code"}),
    "choices-at-equals": (["setup", "--oidc-pkce-method", "="], {"auto", "no", "S256"}),
    "choices-of-the-root": (["--grant-type", "=", "auto"], {"auto"}),
    "no-choices": (["get-token", "--oidc-issuer-url", ""], set()),
    "shells": (["completion", ""], set(SHELLS)),
    "help-of-commands": (["help", "get"], {"get-token"}),
    "value-like-a-command": (["--user", "clean", "get"], {"get-token"}),
    "value-after-equals-like-a-command": (["--user", "=", "clean", "--force"], set()),
    "switch-before-the-command": (["--skip-open-browser", "cl"], {"clean"}),
    "after-the-command": (["get-token", ""], set()),
    "unknown-command": (["foo", "--"], set()),
}


def in_zsh(scripts: Path, home: Path) -> Terminal:
    """Return a zsh at its prompt that has read the script."""
    command, source = SOURCED["zsh"]
    terminal = Terminal(*command, home=home, stdout_too=True)
    terminal.send(source.format(scripts / "zsh") + "echo 'go''ing'\n")
    terminal.read_until(r"going\s")
    return terminal


def completed_by_fish(scripts: Path, directory: Path, line: str) -> list[str]:
    """Return what fish has to offer for a line, each with its description after a tab."""
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {scripts}/fish; complete -C '{line}'"],
        env=clean(directory / "h"),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def completed_by_bash(scripts: Path, directory: Path, *words: str) -> list[str]:
    """Return what bash has to offer after these words, without a terminal."""
    program = (
        'source "$1"; shift; COMP_WORDS=(kubelogin "$@"); COMP_CWORD=$#; _kubelogin; '
        '[ "${#COMPREPLY[@]}" = 0 ] || printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", program, "bash", scripts / "bash", *words],
        env=clean(directory / "h"),
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(("words", "offered"), OFFERED.values(), ids=OFFERED)
def test_bash_offers(words: list[str], offered: set[str], scripts: Path, tmp_path: Path) -> None:
    assert set(completed_by_bash(scripts, tmp_path, *words)) == offered


def test_bash_offers_files_with_blanks_in_their_names(scripts: Path, tmp_path: Path) -> None:
    (tmp_path / "my ca.crt").touch()
    (tmp_path / "other").touch()
    assert completed_by_bash(scripts, tmp_path, "get-token", "--certificate-authority", "m") == ["my ca.crt"]


CONTEXTS = {
    "apiVersion": "v1",
    "kind": "Config",
    "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("development", "production")],
}


@pytest.fixture
def with_contexts(tmp_path: Path) -> Path:
    """A directory with a home whose kubeconfig has two contexts."""
    kubeconfig = tmp_path / "h/.kube/config"
    kubeconfig.parent.mkdir(parents=True)
    kubeconfig.write_text(json.dumps(CONTEXTS), encoding="utf-8")
    return tmp_path


@pytest.mark.required("kubectl")
@pytest.mark.parametrize("name", ["login", "logout", "status", "token", ""])
def test_bash_offers_the_contexts_of_the_kubeconfig(name: str, scripts: Path, with_contexts: Path) -> None:
    words = (name, "--context", "") if name else ("--context", "")
    assert completed_by_bash(scripts, with_contexts, *words) == ["development", "production"]


@pytest.mark.required("fish", "kubectl")
def test_fish_offers_the_contexts_of_the_kubeconfig(scripts: Path, with_contexts: Path) -> None:
    offered = completed_by_fish(scripts, with_contexts, "kubelogin logout --context ")
    assert [row.partition("\t")[0] for row in offered] == ["development", "production"]


@pytest.mark.required("fish")
def test_fish_says_what_a_value_means(scripts: Path, tmp_path: Path) -> None:
    offered = completed_by_fish(scripts, tmp_path, "kubelogin status --output ")
    assert offered == ["json\tfor a program", "table\tfor a person"]


@pytest.mark.required("zsh", "kubectl")
def test_zsh_offers_the_contexts_of_the_kubeconfig(scripts: Path, with_contexts: Path) -> None:
    with in_zsh(scripts, with_contexts / "h") as terminal:
        terminal.send("kubelogin logout --context prod\t")
        terminal.read_until("production", deadline=15)


@pytest.mark.required("zsh")
def test_zsh_says_what_a_value_means(scripts: Path, tmp_path: Path) -> None:
    with in_zsh(scripts, tmp_path / "h") as terminal:
        terminal.send("kubelogin status --output=\t")
        terminal.read_until("json +-- for a program", deadline=15)
        terminal.read_until("table +-- for a person", deadline=15)


def test_powershell_is_told_what_a_value_means_and_whom_to_ask_for_contexts(scripts: Path) -> None:
    script = (scripts / "powershell").read_text(encoding="utf-8")
    assert "'status --output' = @('table\tfor a person', 'json\tfor a program')" in script
    assert "'logout --context' = { kubectl config get-contexts -o name 2>$null }" in script


@pytest.mark.parametrize("row", [row for row in OPTIONS if row.meanings], ids=lambda row: row.name)
def test_every_choice_has_a_meaning_that_any_shell_can_quote(row: Option) -> None:
    assert len(row.meanings) == len(row.choices)
    assert not re.search(r"""['"`$\\:()\[\]]""", "".join(row.meanings))


def test_bash_completes_a_value_where_an_equals_sign_ends_no_word(scripts: Path, tmp_path: Path) -> None:
    offered = completed_by_bash(scripts, tmp_path, "get-token", "--grant-type=dev")
    assert offered == ["--grant-type=device-code"]


FISH = {
    "commands": ("kubelogin ", NAMES),
    "commands-of-the-plugin": ("kubectl-oidc_login c", {"clean", "completion"}),
    "root-flags": ("kubelogin --kube", {"--kubeconfig"}),
    "flags": ("kubelogin clean --token", {"--token-cache-dir"}),
    "flags-of-one-command-only": ("kubelogin clean --oidc", set()),
    "choices": ("kubelogin get-token --grant-type d", {"device-code"}),
    "choices-after-equals": ("kubelogin get-token --grant-type=d", {"--grant-type=device-code"}),
    "shells": ("kubelogin completion ", set(SHELLS)),
}


@pytest.mark.required("fish")
@pytest.mark.parametrize(("line", "offered"), FISH.values(), ids=FISH)
def test_fish_offers(line: str, offered: set[str], scripts: Path, tmp_path: Path) -> None:
    assert {row.partition("\t")[0] for row in completed_by_fish(scripts, tmp_path, line)} == offered


TYPED = {
    "command": ("kubelogin cl\t", "kubelogin clean "),
    "flag": ("kubelogin clean --token\t", "kubelogin clean --token-cache-dir"),
    "choice": ("kubelogin get-token --grant-type=dev\t", "kubelogin get-token --grant-type=device-code"),
    "choice-apart": ("kubelogin get-token --grant-type dev\t", "kubelogin get-token --grant-type device-code"),
    "plugin": ("kubectl-oidc_login setup --insec\t", "kubectl-oidc_login setup --insecure-skip-tls-verify"),
    "shell": ("kubelogin completion pow\t", "kubelogin completion powershell"),
}
SOURCED = {
    "bash": (["bash", "--norc", "-i"], "PS1='ready> '; source {}\n"),
    "zsh": (["zsh", "-f", "-i"], "PS1='ready> '; autoload -U compinit; compinit -u -d $HOME/dump; source {}\n"),
}


@pytest.mark.parametrize(("typed", "completed"), TYPED.values(), ids=TYPED)
@pytest.mark.parametrize("shell", SOURCED)
@pytest.mark.required("bash", "zsh")
def test_a_person_presses_tab(shell: str, typed: str, completed: str, scripts: Path, tmp_path: Path) -> None:
    command, source = SOURCED[shell]
    with Terminal(*command, home=tmp_path / "home", stdout_too=True) as terminal:
        terminal.send(source.format(scripts / shell) + "echo 'go''ing'\n")
        terminal.read_until(r"going\s")
        terminal.send(typed)
        # Escape sequences of the line editor may stand between the characters.
        between = r"(?:\x1b\[[0-9;?]*[a-zA-Z]|\r|\x08|\s)*"
        terminal.read_until(between.join(map(re.escape, completed.rstrip())), deadline=15)


@pytest.mark.required("zsh")
def test_zsh_finds_it_as_a_file_of_fpath(scripts: Path, tmp_path: Path) -> None:
    """As packagers install it: ``_kubelogin``, loaded at the first use."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "_kubelogin").write_text((scripts / "zsh").read_text(encoding="utf-8"), encoding="utf-8")
    with Terminal("zsh", "-f", "-i", home=tmp_path / "home", stdout_too=True) as terminal:
        terminal.send(f"fpath=({tmp_path}/site $fpath); autoload -U compinit; compinit -u -d $HOME/d; echo 'go''ing'\n")
        terminal.read_until(r"going\s")
        terminal.send("kubelogin setup --oidc-iss\t")
        terminal.read_until("--oidc-issuer-url", deadline=15)
