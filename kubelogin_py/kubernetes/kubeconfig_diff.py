"""What a change does to a kubeconfig, as a person reads it: a unified diff in which no secret is shown."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from kubelogin_py.kubernetes import kubeconfig_yaml
from kubelogin_py.kubernetes.kubeconfig_yaml import Items, Members, Node, Scalar
from kubelogin_py.text import printable

_KEYS = frozenset(
    {
        "token",
        "password",
        "client-key-data",
        "client-secret",
        "id-token",
        "refresh-token",
        "access-token",
        "accessToken",
    }
)
_SECRETIVE = re.compile(r"authorization|cookie|secret|passw|assertion|token|api.?key", re.IGNORECASE)
# Names of files and of places are none.
_HARMLESS = re.compile(r"-(file|dir|storage)$|^--oidc-use-access-token$")
_CONTEXT = 3
_LONGEST = 200

_Span = tuple[int, int, str]
"""Where a secret starts and ends, and what is shown before its number."""


def difference(path: Path, before: str, after: str) -> list[str]:
    """Return the changed lines, those around them, and where they are; nothing when nothing changes.

    Secrets are numbered in place of shown, so that one that changes is seen to change.

    :param before: the text of the kubeconfig; empty for a new one.
    :param after: its new text.
    """
    numbers: dict[str, int] = {}
    old, new = (_masked(text, numbers).splitlines() for text in (before, after))
    name = printable(str(path))
    lines = difflib.unified_diff(old, new, f"{name} (now)", f"{name} (then)", lineterm="", n=_CONTEXT)
    return [printable(line, _LONGEST) for line in lines]


def _masked(text: str, numbers: dict[str, int]) -> str:
    document = kubeconfig_yaml.parse(text)
    for start, end, shown in sorted(set(_secrets(document)), reverse=True):
        number = numbers.setdefault(text[start:end].strip(), len(numbers) + 1)
        # A block in several lines ends with a line end.
        text = f"{text[:start]}{shown}(secret {number}){chr(10) if text[:end].endswith(chr(10)) else ''}{text[end:]}"
    return text


def _secrets(node: Node | None, *, hidden: bool = False) -> Iterator[_Span]:
    """Yield where the secrets of a document are."""
    if isinstance(node, Scalar):
        if hidden and not node.null:
            yield node.start, node.end, ""
    elif isinstance(node, Items):
        yield from _arguments(node)
        for value in node.values:
            yield from _secrets(value, hidden=hidden)
    elif isinstance(node, Members):
        name = node.get("name")
        is_variable = node.get("value") is not None and isinstance(name, Scalar) and _is_secretive(name.text)
        for key, value in node.pairs:
            below = hidden or key.text in _KEYS or (is_variable and key.text == "value")
            yield from _secrets(value, hidden=below)


def _arguments(items: Items) -> Iterator[_Span]:
    """Yield the values of secretive options among the arguments of a command."""
    follows = False
    for value in items.values:
        if not isinstance(value, Scalar):
            return
        option, separator, _ = value.text.partition("=")
        if follows:
            yield value.start, value.end, ""
        follows = not separator and _is_option(option)
        if separator and _is_option(option):
            yield value.start, value.end, f"{option}="


def _is_option(word: str) -> bool:
    return word.startswith("--") and (_is_secretive(word) or word == "--oidc-request-header")


def _is_secretive(name: str) -> bool:
    return bool(_SECRETIVE.search(name)) and not _HARMLESS.search(name)
