"""YAML as it is written into kubeconfigs: from values, without anchors, no line folded, JSON where it was JSON."""

import json
import re
from collections.abc import Mapping, Sequence

import yaml

from kubelogin_py.kubernetes.kubeconfig_yaml import Items, Members, Node, Scalar

_CORE = "tag:yaml.org,2002:"
# A token is one word, and JSON has no way to write a string in several lines.
_WIDTH = 1 << 30


# Text for us, and for other readers a number, a time or a truth.
_NUMBER = re.compile(r"[-+.\d][\w.:+-]*|[yYnN]")


def node_of(value: object) -> Node:
    """Return a value of ours as a document has it.

    :param value: text, a number, true or false, nothing, or lists and mappings of them.
    """
    if value is None:
        return Scalar("", _CORE + "null", 0, 0)
    if isinstance(value, Mapping):
        return Members(tuple((_string(str(key)), node_of(member)) for key, member in value.items()))
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Sequence):
        return Items(tuple(node_of(item) for item in value))
    kind = "bool" if isinstance(value, bool) else "int"
    return Scalar(json.dumps(value), _CORE + kind, 0, 0)


def value_of(node: Node) -> object:
    """Return what a part of a document is, as values that ``node_of`` takes."""
    if isinstance(node, Members):
        return {key.text: value_of(value) for key, value in node.pairs}
    if isinstance(node, Items):
        return [value_of(value) for value in node.values]
    return yaml.SafeLoader("").construct_object(yaml.ScalarNode(node.tag, node.text or ("null" if node.null else "")))


def text_of(node: Node) -> str:
    """Return a document, or a part of one as a document of its own; what was in braces and brackets stays there."""
    return str(yaml.serialize(_written(node), Dumper=yaml.SafeDumper, width=_WIDTH, allow_unicode=True))


def _string(text: str) -> Scalar:
    return Scalar(text, _CORE + "str", 0, 0)


def _written(node: Node, *, flow: bool = False) -> yaml.Node:
    """Return the library's node."""
    if isinstance(node, Scalar):
        text = node.tag == _CORE + "str"
        # In braces it may be JSON, which needs quotes, and has one word for nothing.
        style = '"' if text and (flow or _NUMBER.fullmatch(node.text)) else None
        if text and not flow and "\n" in node.text.rstrip("\n"):
            style = "|"
        return yaml.ScalarNode(node.tag, "null" if node.null else node.text, style=style)
    flow = flow or node.flow
    if isinstance(node, Items):
        return yaml.SequenceNode(_CORE + "seq", [_written(one, flow=flow) for one in node.values], flow_style=flow)
    pairs = [(_written(key, flow=flow), _written(value, flow=flow)) for key, value in node.pairs]
    return yaml.MappingNode(_CORE + "map", pairs, flow_style=flow)
