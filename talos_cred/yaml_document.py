"""YAML read without its dangers, and with the place of everything in the text. The home of ``yaml``.

A talosconfig may come from anywhere, and it is edited by many programs. So only plain data is accepted: no tags that
make objects, no aliases that unfold to gigabytes, no member twice, nothing after the end.
"""

from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kubelogin_py.text import printable

LIMIT = 1 << 20
"""Bytes of a document accepted."""

_NODES = 200_000
_DEPTH = 50
_PLAIN = frozenset(f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "null", "bool", "int", "float"))
_DATE = "tag:yaml.org,2002:timestamp"
_VALUE = "tag:yaml.org,2002:value"


class NotPlainError(ValueError):
    """A document that is not read; the text says why, quoting nothing of it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a member's value stands in the text, and where its key begins.

    :param key: offset of the key's first character.
    :param start: offset of the value's first character.
    :param end: offset behind the value's last character.
    :param block: whether the value is a mapping written over lines, by indentation.
    :param column: column of the key.
    """

    key: int
    start: int
    end: int
    block: bool
    column: int


class Document:
    """A YAML document: its data, and the places of its members.

    :param text: the whole document.
    :raises NotPlainError: it is not accepted.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._root = _composed(text)
        self.value: Any = None if self._root is None else _constructed(text)

    def spans(self, *path: str) -> dict[str, Span]:
        """Return the members of the mapping at a path, by name; nothing where there is no block mapping.

        Members whose value stands elsewhere (an alias) are left out.
        """
        node: Node | None = self._root
        for name in path:
            node = _member(node, name)
        if not isinstance(node, MappingNode) or node.flow_style:
            return {}
        return dict(_spans(node))


def dump(value: object) -> str:
    """Return data as a YAML document, in its own order."""
    return yaml.safe_dump(value, sort_keys=False, indent=4, allow_unicode=True, width=1 << 20)


def scalar(text: str) -> str:
    """Return a text as a YAML scalar on one line."""
    dumped = yaml.safe_dump(text, width=1 << 30, allow_unicode=True, default_style=None).removesuffix("\n")
    return dumped.removesuffix("\n...")


def _composed(text: str) -> Node | None:
    if len(text.encode("utf-8", "surrogatepass")) > LIMIT:
        raise NotPlainError(f"it is larger than {LIMIT} bytes")
    if text.startswith("\ufeff"):
        raise NotPlainError("it begins with a byte order mark")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise NotPlainError(_reason(error)) from None
    except (RecursionError, ValueError):
        raise NotPlainError("it is nested too deeply or malformed") from None
    if node is not None:
        _unfolded(node, {}, ())
    return node


def _constructed(text: str) -> Any:  # noqa: ANN401 -- YAML holds anything
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotPlainError(_reason(error)) from None


def _reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "malformed"
    where = f" at line {mark.line + 1}" if mark is not None else ""
    return f"it is not YAML: {printable(problem, 100)}{where}"


def _unfolded(node: Node, sizes: dict[int, int], above: tuple[int, ...]) -> int:
    """Return how many values a node has with all aliases written out."""
    if id(node) in sizes:
        return sizes[id(node)]
    if id(node) in above or len(above) > _DEPTH:
        raise NotPlainError("it is nested too deeply")
    if node.tag not in _PLAIN and not (isinstance(node, ScalarNode) and node.tag in {_DATE, _VALUE}):
        raise NotPlainError(f"it has a value of the kind {printable(node.tag, 60)}")
    here = (*above, id(node))
    size = 1
    if isinstance(node, MappingNode):
        names = [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
        if len(names) != len(node.value):
            raise NotPlainError("a name in it is no plain text")
        if len(set(names)) != len(names):
            raise NotPlainError("a name in it appears twice in the same place")
        size += sum(_unfolded(value, sizes, here) for _, value in node.value)
    elif isinstance(node, SequenceNode):
        size += sum(_unfolded(value, sizes, here) for value in node.value)
    if size > _NODES:
        raise NotPlainError("it unfolds to too many values")
    sizes[id(node)] = size
    return size


def _member(node: Node | None, name: str) -> Node | None:
    if not isinstance(node, MappingNode) or node.flow_style:
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _spans(node: MappingNode) -> list[tuple[str, Span]]:
    found = []
    for key, value in node.value:
        # An alias has the place of what it stands for, which is before its key.
        if value.start_mark.index < key.end_mark.index:
            continue
        block = isinstance(value, MappingNode) and not value.flow_style
        start, end = value.start_mark.index, _end(value)
        found.append((key.value, Span(key.start_mark.index, start, end, block, key.start_mark.column)))
    return found


def _end(node: Node) -> int:
    """Return the offset behind a node's last character; YAML's own mark is at whatever comes next."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        inner = last[1] if isinstance(last, tuple) else last
        # The last value is an alias when its place is before the collection's own end; then its key counts.
        floor = last[0].end_mark.index if isinstance(last, tuple) else node.start_mark.index
        return max(floor, _end(inner) if inner.start_mark.index >= floor else floor)
    end: int = node.end_mark.index
    return end
