"""How the text of a flag becomes a value: the value types of Go's ``pflag`` and ``flag``, with their words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from kubelogin_py.compat.comma_separated import read_record
from kubelogin_py.text import printable

Pairs: TypeAlias = tuple[tuple[str, str], ...]
Value: TypeAlias = bool | int | str | tuple[int, ...] | tuple[str, ...] | Pairs

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})

# Go's integer literals: prefixes 0x, 0b, 0o and 0, and single underscores between digits or after the prefix.
_LITERAL = (
    r"(?P<sign>[+-]?)(?:0[xX](?P<hexadecimal>(?:_?[0-9a-fA-F])+)|0[bB](?P<binary>(?:_?[01])+)"
    r"|0[oO]?(?P<octal>(?:_?[0-7])+)|(?P<decimal>0|[1-9](?:_?[0-9])*))"
)
_DECIMAL = r"(?P<sign>[+-]?)(?P<digits>[0-9]+)"
_BASES = {"hexadecimal": 16, "binary": 2, "octal": 8, "decimal": 10}
_ESCAPES = str.maketrans({char: f"\\{letter}" for char, letter in zip('\\"\a\b\f\n\r\t\v', '\\"abfnrtv', strict=True)})
# Python refuses to convert very long digit strings with an error of its own; no 64-bit number needs so many.
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of flag value.

    :param word: what help calls the value; empty where none is written.
    :param read: returns the value of a flag from the text given and the value that earlier uses of the flag gave
        it (``None`` at the first use, so that it replaces the default); raises ``ValueError`` in Go's words.
    :param bare: the text meant when the flag stands alone; ``None`` where a value is required.
    """

    word: str
    read: Callable[[str, Value | None], Value]
    bare: str | None = None


def quoted(text: str) -> str:
    """Return text in double quotes on one line, as Go's ``%q`` shows it."""
    return '"' + printable(text.translate(_ESCAPES)) + '"'


def _bool(text: str, _before: Value | None) -> bool:
    if text not in _TRUE | _FALSE:
        raise ValueError(f"strconv.ParseBool: parsing {quoted(text)}: invalid syntax")
    return text in _TRUE


def _go_bool(text: str, _before: Value | None) -> bool:
    if text not in _TRUE | _FALSE:
        raise ValueError("parse error")
    return text in _TRUE


def _string(text: str, _before: Value | None) -> str:
    return text


def _int(text: str, _before: Value | None) -> int:
    return _bounded(text, _literal(text), bits=64)


def _decimal_int(text: str, _before: Value | None) -> int:
    match = re.fullmatch(_DECIMAL, text)
    return _bounded(text, _number(match["sign"], match["digits"], 10) if match else None, bits=32)


def _go_uint(text: str, _before: Value | None) -> int:
    number = None if text.startswith(("+", "-")) else _literal(text)
    if number is None:
        raise ValueError("parse error")
    if number >= 1 << 64:
        raise ValueError("value out of range")
    return number


def _literal(text: str) -> int | None:
    """Return the integer of a Go literal, or ``None`` when it is none."""
    match = re.fullmatch(_LITERAL, text)
    if match is None:
        return None
    base = next(name for name in _BASES if match[name] is not None)
    return _number(match["sign"], match[base], _BASES[base])


def _number(sign: str, digits: str, base: int) -> int:
    number = int(digits.replace("_", "").lstrip("0")[:_LONGEST] or "0", base)
    return -number if sign == "-" else number


def _bounded(text: str, number: int | None, *, bits: int) -> int:
    if number is None:
        raise ValueError(f"strconv.ParseInt: parsing {quoted(text)}: invalid syntax")
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise ValueError(f"strconv.ParseInt: parsing {quoted(text)}: value out of range")
    return number


def _strings(text: str, before: Value | None) -> tuple[str, ...]:
    return (*_texts(before), *read_record(text))


def _ints(text: str, before: Value | None) -> tuple[int, ...]:
    """Return the numbers of an ``IntSlice``: separated by commas and nothing else, decimal only."""
    kept = tuple(part for part in before if isinstance(part, int)) if isinstance(before, tuple) else ()
    return (*kept, *(_decimal(piece) for piece in text.split(",")))


def _decimal(text: str) -> int:
    match = re.fullmatch(_DECIMAL, text)
    number = _number(match["sign"], match["digits"], 10) if match else None
    try:
        return _bounded(text, number, bits=64)
    except ValueError as error:
        raise ValueError(str(error).replace("ParseInt", "Atoi")) from None


def _string_array(text: str, before: Value | None) -> tuple[str, ...]:
    return (*_texts(before), text)


def _string_to_string(text: str, before: Value | None) -> Pairs:
    pairs = _pairs(before)
    for piece in _pieces(text):
        key, equals, value = piece.partition("=")
        if not equals:
            raise ValueError(f"{printable(piece)} must be formatted as key=value")
        pairs[key] = value
    return tuple(pairs.items())


def _pieces(text: str) -> tuple[str, ...]:
    """Return the pairs of a text: with one ``=`` it is one pair, commas and all; with more it is a list."""
    if text.count("=") > 1:
        return read_record(text)
    return (text.strip('"') if "=" in text else text,)


def _texts(value: Value | None) -> tuple[str, ...]:
    return tuple(part for part in value if isinstance(part, str)) if isinstance(value, tuple) else ()


def _pairs(value: Value | None) -> dict[str, str]:
    return dict(part for part in value if isinstance(part, tuple)) if isinstance(value, tuple) else {}


BOOL = Kind("", _bool, bare="true")
STRING = Kind("string", _string)
INT = Kind("int", _int)
INTS = Kind("ints", _ints)
STRINGS = Kind("strings", _strings)
STRING_ARRAY = Kind("stringArray", _string_array)
STRING_TO_STRING = Kind("stringToString", _string_to_string)

# Flags that int128/kubelogin inherits from klog are Go's own, with fewer words and no base prefix for the level.
GO_BOOL = Kind("", _go_bool, bare="true")
GO_UINT = Kind("uint", _go_uint)
LEVEL = Kind("Level", _decimal_int)
