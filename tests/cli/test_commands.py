"""Which command a command line means, by cobra's rules."""

import pytest

from kubelogin_py.cli.commands import COMMANDS, Command, find

FOUND = {
    "nothing": ([], "", []),
    "command": (["get-token"], "get-token", []),
    "flags-after": (["get-token", "--x", "y"], "get-token", ["--x", "y"]),
    "verbosity-before": (["-v1", "get-token", "a"], "get-token", ["-v1", "a"]),
    "verbosity-apart-before": (["-v", "1", "get-token"], "get-token", ["-v", "1"]),
    "verbosity-long-before": (["--v", "1", "get-token"], "get-token", ["--v", "1"]),
    "verbosity-equals-before": (["--v=1", "get-token"], "get-token", ["--v=1"]),
    "global-bool-before": (["--one_output", "get-token"], "get-token", ["--one_output"]),
    "own-flag-before": (
        ["--oidc-issuer-url", "https://a", "get-token"],
        "get-token",
        ["--oidc-issuer-url", "https://a"],
    ),
    "own-flag-equals-before": (["--oidc-client-id=a", "get-token"], "get-token", ["--oidc-client-id=a"]),
    "own-bool-before-swallows": (["--force-refresh", "get-token"], "", ["--force-refresh", "get-token"]),
    "shared-bool-before": (["--skip-open-browser", "get-token"], "get-token", ["--skip-open-browser"]),
    "shared-value-before": (["--grant-type", "authcode", "setup"], "setup", ["--grant-type", "authcode"]),
    "root-value-like-a-command": (["--user", "clean"], "", ["--user", "clean"]),
    "help-before-swallows": (["--help", "get-token"], "", ["--help", "get-token"]),
    "short-help-before-swallows": (["-h", "get-token"], "", ["-h", "get-token"]),
    "help-after": (["get-token", "--help"], "get-token", ["--help"]),
    "only-the-first": (["get-token", "get-token"], "get-token", ["get-token"]),
    "value-like-the-command": (["-v", "get-token", "get-token"], "get-token", ["-v", "get-token"]),
    "unknown": (["foo", "get-token"], "", ["foo", "get-token"]),
    "case-counts": (["Get-Token"], "", ["Get-Token"]),
    "no-abbreviation": (["get"], "", ["get"]),
    "after-two-dashes": (["--", "get-token"], "", ["--", "get-token"]),
    "after-an-empty-word": (["", "get-token"], "get-token", [""]),
    "help-command": (["help", "get-token"], "help", ["get-token"]),
    "version-command": (["version"], "version", []),
    "completion-command": (["completion", "bash"], "completion", ["bash"]),
    "flag-at-the-end": (["--unknown"], "", ["--unknown"]),
}


@pytest.mark.parametrize(("arguments", "name", "rest"), FOUND.values(), ids=FOUND)
def test_the_first_word_selects_the_command(arguments: list[str], name: str, rest: list[str]) -> None:
    command, remaining = find(arguments, {})
    assert (command.name, list(remaining)) == (name, rest)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.path)
def test_every_command_has_its_code(command: Command) -> None:
    """The table holds text, so that a start imports one command only; the text must be right."""
    assert callable(command.load())


def test_the_program_is_called_kubelogin() -> None:
    assert [command.path for command in COMMANDS] == [
        "kubelogin",
        "kubelogin get-token",
        "kubelogin login",
        "kubelogin logout",
        "kubelogin status",
        "kubelogin whoami",
        "kubelogin token",
        "kubelogin doctor",
        "kubelogin setup",
        "kubelogin clean",
        "kubelogin completion",
        "kubelogin help",
        "kubelogin version",
    ]
