"""One JSON object, read without the liberties of ``json.loads`` (RFC 8259, RFC 8725 section 2.7).

Python keeps the last of two equal members, accepts ``NaN``, turns ``1e400`` into infinity, lets lone surrogates
through and recurses as deep as it is told. Two readers of one token must never see two meanings, so all of that
is refused here, for tokens, key sets, provider metadata and token responses alike.
"""

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

from kubelogin_py.text import printable

DEPTH = 32
"""Levels of nesting accepted; counted before any recursion."""

DIGITS = 20
"""Characters of an integer accepted: any 64-bit value fits."""

FLOAT_LENGTH = 40
"""Characters of a number with a fraction or exponent accepted."""

_NAME_LENGTH = 60

# A string is one match, so that brackets inside it do not count; the closing quote is optional to keep the scan
# linear on a string that never ends (the parser refuses it afterwards).
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]+|\\.)*"?|[\[\]{}]', re.DOTALL)


def read_object(text: bytes | str) -> dict[str, Any]:
    """Return the JSON object that is the whole of ``text``.

    :param text: the document; bytes must be UTF-8 without a byte order mark.
    :raises ValueError: it is anything else; the message is a short printable reason that quotes no value.
    """
    document = _decoded(text)
    _bound_depth(document)
    try:
        value = json.loads(
            document,
            object_pairs_hook=_members,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_refused_constant,
        )
    except json.JSONDecodeError as error:
        # The foreign exception holds the whole document, and that may be a token.
        raise ValueError(f"not JSON: {error.msg.lower().removesuffix(' at')} at character {error.pos}") from None
    if not isinstance(value, dict):
        raise ValueError(f"not a JSON object but {kind(value)}")  # noqa: TRY004 -- a bad value of a document
    _refuse_surrogates(value)
    return value


def kind(value: object) -> str:
    """Return what JSON calls this value, with its article: ``a string``, ``null``; for messages."""
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), "something else")


def _decoded(text: bytes | str) -> str:
    try:
        document = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from None
    if document.startswith("\ufeff"):
        raise ValueError("starts with a byte order mark")
    if not document.strip(" \t\r\n"):
        raise ValueError("empty")
    return document


def _bound_depth(document: str) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(document):
        piece = match[0]
        if piece in "[{":
            depth += 1
            if depth > DEPTH:
                raise ValueError(f"nested more than {DEPTH} levels deep")
        elif piece in "]}":
            depth -= 1


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f'member "{printable(name, _NAME_LENGTH)}" appears more than once')
    return members


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"an integer of {len(text)} characters")
    return int(text)


def _float(text: str) -> float:
    number = float(text) if len(text) <= FLOAT_LENGTH else math.inf
    if not math.isfinite(number):
        raise ValueError("a number out of range")
    return number


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _refuse_surrogates(value: dict[str, Any]) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate in a string") from None
