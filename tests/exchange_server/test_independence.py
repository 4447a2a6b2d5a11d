"""The server is a stranger to the packages, as a client's other end should be."""

import ast
from pathlib import Path

import pytest

from tests.support.components import ROOT

SERVER = ROOT / "examples/exchange_server"


def imported(path: Path) -> set[str]:
    """Return the names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", sorted(SERVER.glob("*.py")), ids=lambda path: path.stem)
def test_the_server_imports_neither_package(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imported(path)}
    assert roots.isdisjoint({"kubelogin_py", "talos_cred", "tests", "examples"})


@pytest.mark.parametrize("package", ["kubelogin_py", "talos_cred"])
def test_neither_package_imports_the_server(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert not [name for name in imported(path) if name.startswith("examples")], path
