"""docs/migrating.md names what there is, and README leads to it."""

import re
from pathlib import Path

from kubelogin_py.cli.commands import COMMANDS
from kubelogin_py.cli.help import VARIABLES
from kubelogin_py.cli.options import OPTIONS, options_of

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/migrating.md").read_text(encoding="utf-8")
THEIRS = {"x"}
"""In messages as examples."""


def test_every_option_exists() -> None:
    named = {name.partition("=")[0] for name in re.findall(r"--([a-z][\w-]*)", TEXT)} - THEIRS
    assert named
    assert named - {row.name for row in OPTIONS} == set()


def test_every_value_is_accepted() -> None:
    for name, value in re.findall(r"--([a-z][\w-]*)=([\w-]+)", TEXT):
        rows = [row for row in options_of("get-token", {}) if row.name == name and row.choices]
        assert all(value in row.choices for row in rows), f"--{name}={value}"


def test_every_command_exists() -> None:
    named = set(re.findall(r"`(?:kubelogin|kubectl oidc-login) ([a-z-]+)`", TEXT))
    assert named
    assert named - {command.name for command in COMMANDS} == set()


def test_every_old_option_is_named() -> None:
    """What is hidden from help is of old, and the way back to it is here."""
    hidden = {row.name for row in OPTIONS if row.hidden and ("old name" in row.note or row.deprecated)}
    assert hidden
    assert {name for name in hidden if f"--{name}" not in TEXT} == set()


def test_every_variable_of_the_plugin_is_known() -> None:
    assert {"KUBECACHEDIR", "KUBECONFIG", "KUBERNETES_EXEC_INFO"} <= set(VARIABLES)


def test_readme_and_the_links() -> None:
    assert "](docs/migrating.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target


TOPICS = (
    "PKCE", "ID token", "an answer without an ID token", "`-v`", "HTTP", "a refresh that fails", "waiting for the lock",
    "cache files", "a session that can't be kept", "`clean`", "`--authentication-timeout-sec`", "keyboard grant",
    "device code", "client authentication", "`setup`", "`expirationTimestamp`", "signature algorithms",
)  # fmt: skip
"""What was decided otherwise, topic by topic."""


def test_every_difference_has_its_row() -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in TEXT.splitlines() if line.startswith("| ")]
    assert {len(row) for row in rows} == {4}
    assert all(row[1] and row[2] for row in rows)
    assert set(TOPICS) - {row[0] for row in rows} == set()
