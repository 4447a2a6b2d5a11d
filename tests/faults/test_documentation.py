"""``docs/reliability.md`` names every fault's test, and every test there is."""

import ast
import re
from pathlib import Path

import pytest

FAULTS = Path(__file__).parent
DOCUMENT = FAULTS.parents[1] / "docs/reliability.md"

# The one that is missing is about kubeconfig edits; its tests are elsewhere.
ROWS = {f"f{number:02}" for number in range(1, 35)} - {"f29"} | {"b53"} | {f"b{number}" for number in range(91, 111)}


def fault_tests() -> set[str]:
    """Return the names of the tests of faults."""
    return {
        node.name
        for path in [*FAULTS.glob("test_*.py"), FAULTS.parent / "talos_cred/test_half_way.py"]
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and re.match(r"test_[fb]\d", node.name)
    }


def named() -> set[str]:
    """Return the tests that the document names."""
    return set(re.findall(r"`(test_\w+)`", DOCUMENT.read_text(encoding="utf-8")))


def rows(names: set[str]) -> set[str]:
    """Return the rows in the names of tests, such as ``f10`` and ``b104`` in ``test_f10_b104_…``."""
    return {row for name in names for row in re.findall(r"(?:(?<=_)|(?<=^test_))([fb]\d+)(?=_)", name)}


def test_the_document_names_the_tests_there_are() -> None:
    assert named() == fault_tests()


def test_every_fault_has_a_test() -> None:
    assert rows(fault_tests()) == ROWS


def test_every_line_of_a_table_has_a_test() -> None:
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    bare = [line for line in lines if "`test_" not in line and not line.startswith("| fault")]
    assert bare == []


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_document_is_found(page: str) -> None:
    assert "reliability.md" in (DOCUMENT.parents[1] / page).read_text(encoding="utf-8")
