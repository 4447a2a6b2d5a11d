"""The reference in docs is the program's own."""

from pathlib import Path

from kubelogin_py.cli.commands import COMMANDS
from kubelogin_py.cli.options import options_of
from kubelogin_py.cli.reference import reference

USAGE = Path(__file__).parents[2] / "docs" / "usage.md"


def test_the_document_is_up_to_date() -> None:
    """``make docs`` writes it again."""
    assert USAGE.read_text(encoding="utf-8") == reference()


def test_every_option_of_every_command_is_in_it() -> None:
    for command in COMMANDS:
        for row in options_of(command.name, {"HOME": "~"}):
            assert f"`--{row.name}`" in reference(), row.name
