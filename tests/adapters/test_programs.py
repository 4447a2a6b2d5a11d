"""Programs, found as kubectl finds them, and whose they are."""

import os
from pathlib import Path

import pytest

from kubelogin_py.adapters.programs import found, is_ours
from tests.support.environment import BIN


def program(path: Path, contents: bytes = b"#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)
    path.chmod(0o755)
    return path


def test_a_name_is_looked_for_on_the_path_and_a_path_is_taken(tmp_path: Path) -> None:
    first, second = program(tmp_path / "1/tool"), program(tmp_path / "2/tool")
    environment = {"PATH": f"{first.parent}{os.pathsep}{second.parent}"}
    assert found("tool", environment) == first
    assert found(str(second), environment) == second
    assert found("other", environment) is None
    assert found("tool\0", environment) is None


def test_what_can_not_be_started_is_no_program(tmp_path: Path) -> None:
    path = program(tmp_path / "tool")
    path.chmod(0o644)
    assert found(str(path), {}) is None


@pytest.mark.parametrize("name", ["kubelogin", "kubectl-oidc_login"])
def test_the_installed_commands_are_ours(name: str) -> None:
    assert is_ours(BIN / name) is True


@pytest.mark.parametrize(
    ("contents", "ours"),
    [
        (b"\x7fELF\x02" + bytes(100), False),
        (b"MZ" + bytes(100), False),
        (b"MZ" + bytes(100) + b"from kubelogin_py.__main__ import main", True),
        (b"#!/bin/sh\nexec asdf exec kubelogin\n", None),
    ],
)
def test_machine_code_without_our_name_is_another_program(tmp_path: Path, contents: bytes, ours: bool | None) -> None:
    """A script may lead anywhere."""
    assert is_ours(program(tmp_path / "kubelogin", contents)) is ours


def test_what_can_not_be_read_is_not_known(tmp_path: Path) -> None:
    assert is_ours(tmp_path) is None
    assert is_ours(tmp_path / "missing") is None
