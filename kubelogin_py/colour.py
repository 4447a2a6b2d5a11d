"""Colour for people at a terminal, and nowhere else (https://no-color.org)."""

import sys
from collections.abc import Mapping
from enum import StrEnum


class Colour(StrEnum):
    """Colours by their parameter of Select Graphic Rendition (ECMA-48 section 8.3.117)."""

    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"
    BOLD = "1"
    FAINT = "2"


_OF_PREFIX = {"error: ": Colour.RED, "warning: ": Colour.YELLOW, "hint: ": Colour.CYAN, "note: ": Colour.FAINT}


def is_wanted(environment: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Return whether what is written may be coloured.

    :param environment: for ``NO_COLOR`` and ``TERM``.
    :param is_terminal: whether it goes to a terminal.
    """
    if not is_terminal or environment.get("NO_COLOR"):
        return False
    return is_capable(environment)


def is_capable(environment: Mapping[str, str], *, platform: str = sys.platform) -> bool:
    """Return whether the terminal understands control sequences."""
    if platform == "win32" and "TERM" not in environment:
        return "WT_SESSION" in environment
    return environment.get("TERM", "dumb") not in ("", "dumb")


def painted(text: str, colour: Colour) -> str:
    """Return a text in a colour, without line ends in it."""
    return f"\x1b[{colour}m{text}\x1b[0m"


def message(line: str) -> str:
    """Return a line for a person in the colour of its kind: an error, a warning, a hint; or as it is."""
    colour = next((colour for prefix, colour in _OF_PREFIX.items() if line.startswith(prefix)), None)
    return line if colour is None else painted(line, colour)
