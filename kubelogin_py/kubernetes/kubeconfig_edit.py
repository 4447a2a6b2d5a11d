"""Changes to a kubeconfig's text that leave everything else in it as it is: other entries, their order, comments.

An entry is put in place line by line, or in brackets as JSON. Where the text can't be changed in place (a document in
braces, an alias to what goes), it is written anew, which costs its comments; either way it is read back, and must then
mean exactly what was wanted.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.kubernetes import kubeconfig_yaml
from kubelogin_py.kubernetes.kubeconfig_yaml import Items, Members, Node, Scalar
from kubelogin_py.kubernetes.yaml_writing import node_of, text_of

_CURRENT = "current-context"
_EMPTY = "apiVersion: v1\nkind: Config\n"
_COMMENT = re.compile(r"[ \t]+#[^\r\n]*")
_DOCUMENT_END = re.compile(r"^\.\.\.(?=\s|$)", re.MULTILINE)


class Kind(StrEnum):
    """The lists of a kubeconfig; the value is the name of the list."""

    CLUSTER = "clusters"
    USER = "users"
    CONTEXT = "contexts"

    @property
    def member(self) -> str:
        """The name of what an entry has beside its name."""
        return self.value.removesuffix("s")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is to be.

    :param kind: the list it is in.
    :param name: its name there.
    :param body: its cluster, user or context, whole.
    """

    kind: Kind
    name: str
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Edited:
    """A changed text.

    :param text: the whole kubeconfig.
    :param whole: whether its comments are still there.
    """

    text: str
    whole: bool = True


def edited(text: str, entries: Iterable[Entry], *, current_context: str = "") -> Edited:
    """Return a kubeconfig with entries put in place of those of their names, or behind the others.

    :param text: of the kubeconfig; empty for a new one.
    :param current_context: to be set; empty leaves what is there.
    :raises SettingsError: it is not a kubeconfig.
    :raises StorageError: it can't be done; better than a kubeconfig that means something else.
    """
    result = Edited(text if _top(text).pairs else _begun(text))
    for entry in entries:
        result = _changed(result, entry.kind, _meant(_top(result.text), entry), _spliced(result.text, entry))
    if current_context and _word(_top(result.text).get(_CURRENT)) != current_context:
        wanted = _with_member(_top(result.text), _CURRENT, node_of(current_context))
        result = _changed(result, _CURRENT, wanted, _with_current_context(result.text, current_context))
    return result


def _begun(text: str) -> str:
    """Return an empty kubeconfig with the comments of one that has nothing else."""
    with_comments = text + _line_before_end(text) + _EMPTY
    return with_comments if _means(with_comments, _top(_EMPTY)) else _EMPTY


def _changed(before: Edited, what: str, wanted: Members, attempt: str | None) -> Edited:
    """Return the first of the texts that means what is wanted."""
    if attempt is not None and _means(attempt, wanted):
        return replace(before, text=attempt)
    anew = text_of(wanted)
    if _means(anew, wanted):
        return Edited(anew, whole=before.whole and "#" not in before.text)
    raise StorageError(f"{what} of the kubeconfig could not be changed")


def _means(text: str, wanted: Node) -> bool:
    try:
        return kubeconfig_yaml.parse(text) == wanted
    except SettingsError:
        return False


def _top(text: str) -> Members:
    document = kubeconfig_yaml.parse(text)
    if document is None or (isinstance(document, Scalar) and document.null):
        return Members(())
    if not isinstance(document, Members):
        raise SettingsError("it is not a mapping")
    return document


def _meant(document: Members, entry: Entry) -> Members:
    """Return what the document is to mean."""
    new = _node(entry)
    listed = document.get(entry.kind)
    values = listed.values if isinstance(listed, Items) else ()
    place = _place(values, entry.name)
    changed = (*values, new) if place is None else (*values[:place], new, *values[place + 1 :])
    kept = listed if isinstance(listed, Items) else Items(())
    return _with_member(document, entry.kind, replace(kept, values=changed))


def _with_member(document: Members, name: str, value: Node) -> Members:
    if document.get(name) is None:
        return replace(document, pairs=(*document.pairs, (Scalar(name, "tag:yaml.org,2002:str", 0, 0), value)))
    return replace(document, pairs=tuple((key, value if key.text == name else old) for key, old in document.pairs))


def _place(values: tuple[Node, ...], name: str) -> int | None:
    found = (n for n, one in enumerate(values) if isinstance(one, Members) and _word(one.get("name")) == name)
    return next(found, None)


def _spliced(text: str, entry: Entry) -> str | None:
    """Return the text with the entry in place; ``None`` where it is not made of lines, nor of brackets in lines."""
    document = _top(text)
    listed = document.get(entry.kind)
    if document.flow:
        return None
    if not isinstance(listed, Items) or not listed.values:
        return _first_entry(text, document, entry)
    return _in_brackets(text, listed, entry) if listed.flow else _in_lines(text, listed, entry)


def _in_lines(text: str, listed: Items, entry: Entry) -> str | None:
    column = _column(text, listed)
    if column is None:
        return None
    place = _place(listed.values, entry.name)
    lines = _lines(text, entry, column)
    if place is None:
        end = _line_end_after(text, listed.end)
        return text[:end] + _line_before_end(text[:end]) + lines + text[end:]
    old = listed.values[place]
    if _dash(text, old) != column:
        return None
    return text[: text.rfind("\n", 0, old.start) + 1] + lines + text[_line_end_after(text, old.end) :]


def _in_brackets(text: str, listed: Items, entry: Entry) -> str:
    """Return the text with the entry among those of a list in brackets."""
    place, last = _place(listed.values, entry.name), listed.values[-1].end
    start, end = (last, last) if place is None else (listed.values[place].start, listed.values[place].end)
    # The brackets go with what is in them.
    new = text_of(Items((_node(entry),), flow=True)).strip()[1:-1]
    return f"{text[:start]}{', ' if place is None else ''}{new}{text[end:]}"


def _first_entry(text: str, document: Members, entry: Entry) -> str:
    """Return the text with the list of this entry alone: in place of an empty one, or at the end."""
    lines = f"{_newline(text)}{_lines(text, entry, 0)}"
    for key, _ in document.pairs:
        if key.text == entry.kind:
            # What stands for nothing fits into one line.
            end = _line_end_after(text, key.end)
            comment = _COMMENT.search(text, key.end, end)
            return f"{text[: key.end]}:{comment[0] if comment else ''}{lines}{text[end:]}"
    return _appended(text, f"{entry.kind}:{lines}")


def _with_current_context(text: str, name: str) -> str | None:
    document = _top(text)
    line = f"{_CURRENT}: {text_of(node_of(name)).removesuffix('...' + chr(10)).strip()}"
    if document.flow:
        return None
    for key, value in document.pairs:
        if key.text == _CURRENT and isinstance(value, Scalar):
            return text[: key.start] + line + text[max(value.end, key.end + 1) :]
    return _appended(text, line + _newline(text))


def _appended(text: str, lines: str) -> str:
    """Return the text with lines at the end of the document, which three dots may mark."""
    dots = _DOCUMENT_END.search(text)
    end = dots.start() if dots else len(text)
    return text[:end] + _line_before_end(text[:end]) + lines + text[end:]


def _node(entry: Entry) -> Node:
    return node_of({"name": entry.name, entry.kind.member: entry.body})


def _lines(text: str, entry: Entry, column: int) -> str:
    document = text_of(Items((_node(entry),)))
    return "".join(" " * column + line + _newline(text) for line in document.splitlines())


def _column(text: str, listed: Items) -> int | None:
    """Return the column of the dashes of a list; ``None`` where the first of them is not alone on its line."""
    # A list starts with its first dash, or with an anchor.
    before = text[text.rfind("\n", 0, listed.start) + 1 : listed.start]
    starts_line = text[listed.start] == "-" and not before.strip(" ")
    return len(before) if starts_line else _dash(text, listed.values[0])


def _dash(text: str, value: Node) -> int | None:
    """Return the column of the dash before a list's value; ``None`` where the dash is not alone on its line."""
    before = text[text.rfind("\n", 0, value.start) + 1 : value.start]
    return before.index("-") if before.strip(" ") == "-" else None


def _line_end_after(text: str, end: int) -> int:
    """Return where the next line starts."""
    if end > 0 and text[end - 1] == "\n":
        return end
    return text.find("\n", end) + 1 or len(text)


def _line_before_end(text: str) -> str:
    """Return the line end that a text lacks before more can follow."""
    return "" if not text or text.endswith("\n") else _newline(text)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _word(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and not node.null else ""
