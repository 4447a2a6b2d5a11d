"""Completion scripts by the installed executables, as packagers generate them."""

from pathlib import Path

import pytest

from tests.support import command
from tests.support.environment import BIN

SHELLS = ("bash", "zsh", "fish", "powershell")


@pytest.mark.parametrize("shell", SHELLS)
def test_homebrew_generates_it(shell: str, tmp_path: Path) -> None:
    """The formula runs each with SHELL set, wants exit code 0 and keeps standard output."""
    done = command.run("completion", shell, home=tmp_path / "home", env={"SHELL": shell})
    assert (done.code, done.stderr) == (0, "")
    assert "kubectl-oidc_login" in done.stdout


def test_both_names_write_the_same(tmp_path: Path) -> None:
    """The program's name is kubelogin, whatever the executable is called."""
    texts = [
        command.run("completion", "bash", home=tmp_path / "home", command=BIN / name).stdout
        for name in ("kubelogin", "kubectl-oidc_login")
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("words", [["completion"], ["completion", "--help"], ["help", "completion"]])
def test_help_is_exit_code_0(words: list[str], tmp_path: Path) -> None:
    done = command.run(*words, home=tmp_path / "home")
    assert (done.code, done.stderr) == (0, "")
    assert "source <(kubelogin completion bash)" in done.stdout
