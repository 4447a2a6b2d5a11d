"""YAML as kubeconfigs have it, read strictly, with the place of every value in the text.

kubectl's reader knows one document of plain mappings, lists and scalars. What two readers could understand
differently (repeated keys, tags, merge keys) and what only makes a reader slow (deep nesting, aliases that multiply)
is refused. JSON is YAML, too.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from kubelogin_py.errors import SettingsError
from kubelogin_py.text import printable

DEPTH = 32
"""Levels of nesting accepted."""

NODES = 30_000
"""Values of a document accepted, as written."""

EXPANDED = 200_000
"""Values of a document accepted when every alias counts as what it stands for."""

_CORE = "tag:yaml.org,2002:"
_TAGS = frozenset(_CORE + name for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_PROBLEM_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value.

    :param text: as the document means it, without quotes; empty where nothing is there.
    :param tag: its type in YAML.
    :param start: character where it starts; the end is the character after it.
    """

    text: str
    tag: str
    start: int = field(compare=False)
    end: int = field(compare=False)

    @property
    def null(self) -> bool:
        """Whether nothing is there."""
        return self.tag == _CORE + "null"


@dataclass(frozen=True, slots=True)
class Items:
    """A list.

    :param start: character where it starts; the end is the character after its last value, or its bracket.
    :param flow: whether it is written in brackets.
    """

    values: "tuple[Node, ...]"
    start: int = field(compare=False, default=0)
    end: int = field(compare=False, default=0)
    flow: bool = field(compare=False, default=False)


@dataclass(frozen=True, slots=True)
class Members:
    """A mapping; the order of its members means nothing.

    :param pairs: keys and values in the order of the document.
    :param start: character where it starts; the end is the character after its last value, or its brace.
    :param flow: whether it is written in braces.
    """

    pairs: "tuple[tuple[Scalar, Node], ...]" = field(compare=False)
    start: int = field(compare=False, default=0)
    end: int = field(compare=False, default=0)
    flow: bool = field(compare=False, default=False)
    _sorted: "tuple[tuple[str, Node], ...]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pairs = sorted(((key.text, value) for key, value in self.pairs), key=lambda pair: pair[0])
        object.__setattr__(self, "_sorted", tuple(pairs))

    def get(self, name: str) -> "Node | None":
        """Return the value of a key, or ``None``."""
        return next((value for key, value in self.pairs if key.text == name), None)


Node: TypeAlias = Scalar | Items | Members


def parse(text: str) -> Node | None:
    """Return the document; ``None`` when it is empty.

    :raises SettingsError: it is not one document of the kind that kubectl reads; the message is one printable line.
    """
    root = _composed(text)
    return None if root is None else _Conversion().converted(root)


class _Loader(yaml.SafeLoader):
    """Stops at the first thing that is not accepted, before it is composed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._count = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        tag = getattr(event, "tag", None)
        if tag not in (None, "!") and tag not in _TAGS:
            raise SettingsError(f"{_at(event.start_mark)}the tag {printable(tag, _PROBLEM_LENGTH)} is not accepted")
        self._count += 1
        self._depth += 1
        if self._depth > DEPTH:
            raise SettingsError(f"{_at(event.start_mark)}nested more than {DEPTH} levels deep")
        if self._count > NODES:
            raise SettingsError(f"{_at(event.start_mark)}more than {NODES} values")
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self._depth -= 1
        if node is not None and isinstance(event, yaml.AliasEvent):
            return _Alias(node.tag, node, event.start_mark, event.end_mark)  # type: ignore[arg-type]
        return node


class _Alias(yaml.Node):
    """Where an alias is; its value is what it stands for."""


def _composed(text: str) -> yaml.Node | None:
    loader = None
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        # Its own text quotes the document, and that may be a token.
        where = _at(error.problem_mark) if error.problem_mark else ""
        what = ", ".join(part for part in (error.context, error.problem) if part) or "not YAML"
        raise SettingsError(f"{where}{printable(what, _PROBLEM_LENGTH)}") from None
    except yaml.YAMLError:
        raise SettingsError("it has characters that YAML does not allow") from None
    finally:
        if loader is not None:
            loader.dispose()


def _at(mark: yaml.Mark | None) -> str:
    return f"line {mark.line + 1}: " if mark else ""


@dataclass(frozen=True, slots=True)
class _Converted:
    """One of our values, of how many values it consists and how deep they nest, aliases replaced."""

    node: Node
    count: int
    depth: int


class _Conversion:
    """From the library's values to ours; what an alias stands for is converted once and counted every time."""

    def __init__(self) -> None:
        self._done: dict[int, _Converted] = {}
        self._open: set[int] = set()

    def converted(self, node: yaml.Node) -> Node:
        return self._one(node).node

    def _one(self, node: yaml.Node) -> _Converted:
        if isinstance(node, _Alias):
            return self._one(node.value)
        if id(node) in self._open:
            raise SettingsError(f"{_at(node.start_mark)}an alias stands for something that contains it")
        if id(node) not in self._done:
            self._open.add(id(node))
            new = self._new(node)
            self._open.discard(id(node))
            if new.count > EXPANDED or new.depth > DEPTH:
                raise SettingsError(f"{_at(node.start_mark)}its aliases stand for too many values")
            self._done[id(node)] = new
        return self._done[id(node)]

    def _new(self, node: yaml.Node) -> _Converted:
        if isinstance(node, yaml.SequenceNode):
            values = [self._one(item) for item in node.value]
            items = tuple(value.node for value in values)
            span = _span(node, map(_end, node.value, items))
            return _whole(Items(items, *span, flow=bool(node.flow_style)), values)
        if isinstance(node, yaml.MappingNode):
            keys = [_key(key) for key, _ in node.value]
            _refuse_repeated(keys, node)
            values = [self._one(value) for _, value in node.value]
            pairs = tuple(zip(keys, (value.node for value in values), strict=True))
            ends = (_end(value, one.node) for (_, value), one in zip(node.value, values, strict=True))
            span = _span(node, (*ends, *(key.end for key in keys)))
            return _whole(Members(pairs, *span, flow=bool(node.flow_style)), values)
        return _Converted(_scalar(node), 1, 1)


def _whole(node: Node, values: Sequence[_Converted]) -> _Converted:
    return _Converted(node, 1 + sum(value.count for value in values), 1 + max((v.depth for v in values), default=0))


def _span(node: yaml.CollectionNode, ends: Iterable[int]) -> tuple[int, int]:
    """Return where a list or mapping starts and ends; the library sees a block end only where the next thing starts.

    :param ends: of its parts.
    """
    start = _index(node.start_mark)
    end = _index(node.end_mark) if node.flow_style else max(ends, default=start)
    return start, end


def _end(node: yaml.Node, converted: Node) -> int:
    """Return where a part ends: what an alias stands for is elsewhere."""
    return _index(node.end_mark) if isinstance(node, _Alias) else converted.end


def _scalar(node: yaml.Node) -> Scalar:
    # `null`, `~` and nothing at all mean the same.
    text = "" if node.tag == _CORE + "null" else node.value
    return Scalar(text, node.tag, _index(node.start_mark), _index(node.end_mark))


def _index(mark: yaml.Mark | None) -> int:
    return mark.index if mark else 0


def _key(node: yaml.Node) -> Scalar:
    if isinstance(node, _Alias):
        node = node.value
    if not isinstance(node, yaml.ScalarNode):
        raise SettingsError(f"{_at(node.start_mark)}a key is not text")
    if node.tag == _CORE + "merge":
        raise SettingsError(f"{_at(node.start_mark)}the merge key << is not accepted")
    return _scalar(node)


def _refuse_repeated(keys: Sequence[Scalar], node: yaml.Node) -> None:
    name, times = Counter(key.text for key in keys).most_common(1)[0] if keys else ("", 0)
    if times > 1:
        shown = printable(name, _PROBLEM_LENGTH)
        raise SettingsError(f'{_at(node.start_mark)}the key "{shown}" appears more than once')
