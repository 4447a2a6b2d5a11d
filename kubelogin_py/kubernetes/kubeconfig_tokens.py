"""New tokens in the text of a kubeconfig, every other character left where it is.

The places of the two values come from the parser, so the text is changed there and nowhere else; comments, order
and style survive. The result is parsed again and compared with what was meant. Where it is not that (an alias, a
value in several lines, JSON that loses a member), the document is written anew, which costs its comments.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.kubernetes import kubeconfig_yaml, yaml_writing
from kubelogin_py.kubernetes.kubeconfig import ID_TOKEN, REFRESH_TOKEN, config_of
from kubelogin_py.kubernetes.kubeconfig_yaml import Items, Members, Node, Scalar
from kubelogin_py.secret import Secret

_STRING = "tag:yaml.org,2002:str"
# What needs no quotes in any YAML, apart from the words below.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})

_Edit = tuple[int, int, str]


def with_tokens(text: str, user: str, id_token: Secret | None, refresh_token: Secret | None) -> tuple[str, bool]:
    """Return the text of a kubeconfig with a user's tokens changed, and whether its comments are still there.

    :param text: of a kubeconfig that has this user.
    :param id_token: ``None`` removes it.
    :param refresh_token: ``None`` removes it.
    :raises StorageError: it can't be done; never seen, and better than a kubeconfig that means something else.
    """
    changes = {
        name: token.reveal() if token else None
        for name, token in ((ID_TOKEN, id_token), (REFRESH_TOKEN, refresh_token))
    }
    document = kubeconfig_yaml.parse(text)
    found = config_of(document, user)
    if document is None or found is None:
        raise StorageError("the user is not in the kubeconfig any more")
    path, config = found
    wanted = _meant(document, path, changes)
    edited = _edited(text, config, changes)
    if _means(edited, wanted):
        return edited, True
    dumped = yaml_writing.text_of(wanted)
    if _means(dumped, wanted):
        return dumped, False
    raise StorageError("the tokens could not be put into the kubeconfig")


def _means(text: str, wanted: Node) -> bool:
    try:
        return kubeconfig_yaml.parse(text) == wanted
    except SettingsError:
        return False


def _meant(node: Node, path: Sequence[str | int], changes: Mapping[str, str | None]) -> Node:
    """Return what the document is to mean."""
    if isinstance(node, Items):
        values = (_meant(v, path[1:], changes) if n == path[0] else v for n, v in enumerate(node.values))
        return replace(node, values=tuple(values))
    if not isinstance(node, Members):
        raise TypeError("the path leads to a scalar")
    if path:
        pairs = tuple((k, _meant(v, path[1:], changes) if k.text == path[0] else v) for k, v in node.pairs)
    else:
        kept = [(key, value) for key, value in node.pairs if key.text not in changes]
        pairs = (*kept, *((_scalar(name), _scalar(value)) for name, value in changes.items() if value is not None))
    return replace(node, pairs=pairs)


def _scalar(text: str) -> Scalar:
    return Scalar(text, _STRING, 0, 0)


def _edited(text: str, config: Members, changes: Mapping[str, str | None]) -> str:
    for start, end, new in sorted(_edits(text, config, changes), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _edits(text: str, config: Members, changes: Mapping[str, str | None]) -> Iterator[_Edit]:
    present = {key.text: (key, value) for key, value in config.pairs}
    for name, new in changes.items():
        if name not in present:
            continue
        key, value = present[name]
        if not isinstance(value, Scalar):
            continue
        if new is not None:
            yield _replacement(text, value, new, flow=config.flow)
        elif not config.flow:
            yield _removal(text, key, value)
    added = [(name, new) for name, new in changes.items() if new is not None and name not in present]
    # Before a member that stays: the end of a block mapping is nowhere in particular.
    first = next((key for key, _ in config.pairs if changes.get(key.text, "") is not None), None)
    if added and first is not None:
        yield (
            first.start,
            first.start,
            "".join(_insertion(text, first, name, new, flow=config.flow) for name, new in added),
        )


def _replacement(text: str, value: Scalar, new: str, *, flow: bool) -> _Edit:
    rendered = _rendered(new, flow=flow)
    old = text[value.start : value.end]
    # Nothing stands directly after the colon; a value in several lines ends with a line end.
    return value.start, value.end, f"{'' if old else ' '}{rendered}{_line_end(text) if old.endswith(chr(10)) else ''}"


def _removal(text: str, key: Scalar, value: Scalar) -> _Edit:
    """Remove whole lines, from the key's to the value's."""
    start = text.rfind("\n", 0, key.start) + 1
    ends_line = value.end > 0 and text[value.end - 1] == "\n"
    end = value.end if ends_line else text.find("\n", value.end) + 1
    return start, end or len(text), ""


def _insertion(text: str, first: Scalar, name: str, value: str, *, flow: bool) -> str:
    if flow:
        return f"{json.dumps(name)}: {_rendered(value, flow=True)}, "
    column = first.start - (text.rfind("\n", 0, first.start) + 1)
    return f"{name}: {_rendered(value, flow=False)}{_line_end(text)}{' ' * column}"


def _rendered(value: str, *, flow: bool) -> str:
    """Return a value as YAML; in braces as JSON, which the document may be."""
    if not flow and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value)


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
