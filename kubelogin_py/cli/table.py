"""Labels and values, one below the other, within the width of a terminal."""

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kubelogin_py.colour import Colour, painted
from kubelogin_py.text import printable

_GAP = 2
_NARROWEST = 8
_WIDE = frozenset("WF")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, or more where the value is long.

    :param label: in front of it.
    :param value: any text; what a terminal must not see is escaped.
    :param colour: of the value, where there are colours.
    """

    label: str
    value: str
    colour: Colour | None = None


def table(rows: Sequence[Row], *, width: int | None, coloured: bool) -> str:
    """Return the rows as text, values below each other.

    :param width: columns there are; ``None`` for no limit.
    :param coloured: whether the terminal shows colours.
    """
    label = max((len(row.label) for row in rows), default=0) + _GAP
    room = 10**6 if width is None else max(_NARROWEST, width - label)
    return "\n".join(line for row in rows for line in _lines(row, label, room, coloured=coloured))


def _lines(row: Row, label: int, room: int, *, coloured: bool) -> Iterator[str]:
    first = painted(f"{row.label:<{label}}", Colour.FAINT) if coloured else f"{row.label:<{label}}"
    for line in wrapped(printable(row.value, len(row.value)), room):
        shown = painted(line, row.colour) if coloured and row.colour and line else line
        yield f"{first}{shown}".rstrip()
        first = " " * label


def wrapped(text: str, room: int) -> list[str]:
    """Return a text in lines of so many columns, broken between words where that is possible.

    Characters of East Asian scripts take two columns (Unicode Standard Annex 11).
    """
    if columns(text) <= room:
        return [text]
    if columns(text) == len(text):
        return textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    return list(_broken(text.split(), room))


def columns(text: str) -> int:
    """Return the columns that a text takes on a terminal."""
    return sum(1 + (unicodedata.east_asian_width(character) in _WIDE) for character in text)


def _broken(words: Iterable[str], room: int) -> Iterator[str]:
    line = ""
    for word in words:
        if line and columns(line) + 1 + columns(word) > room:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
        while columns(line) > room:
            head = _head(line, room)
            yield head
            line = line[len(head) :]
    if line:
        yield line


def _head(text: str, room: int) -> str:
    taken = 0
    for position, character in enumerate(text):
        taken += columns(character)
        if taken > room:
            return text[:position]
    return text
