"""talosconfig: read, one context replaced or removed, everything else left as it is.

What can be changed in the text is changed there, so that comments, order and layout stay; the result is read again
and must mean exactly what was intended. Only where that fails is the document written anew from its data.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from kubelogin_py.secret import Secret
from kubelogin_py.text import printable
from talos_cred.errors import TalosconfigError
from talos_cred.yaml_document import Document, NotPlainError, Span, dump, scalar

_INDENT = 4
_TEMPLATE_KEYS = ("endpoints", "ca", "crt", "key")


class Talosconfig:
    """What a talosconfig says.

    :param text: the file's content; empty for no file.
    :param name: of the file, for messages.
    :raises TalosconfigError: it is not a talosconfig, or one that can't be edited safely.
    """

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        try:
            self._document = Document(text)
        except NotPlainError as error:
            raise self._error(str(error)) from None
        value = self._document.value
        self.members: dict[str, Any] = {} if value is None else value
        if not isinstance(self.members, dict):
            raise self._error("it is not a mapping")
        contexts = self.members.get("contexts")
        self.contexts: dict[str, Any] = {} if contexts is None else contexts
        if not isinstance(self.contexts, dict):
            raise self._error("its contexts are not a mapping")
        odd = [key for key in self.contexts if not isinstance(key, str)]
        if odd:
            # Norway's, for one: to YAML 1.1 `no` is false, and 1 is a number.
            raise self._error(f"YAML reads the name of a context as {printable(str(odd[0]), 60)}; put it in quotes")

    @property
    def text(self) -> str:
        """The content."""
        return self._document.text

    @property
    def current(self) -> str:
        """Name of the current context; empty when none is set."""
        found = self.members.get("context")
        return found if isinstance(found, str) else ""

    def context(self, name: str) -> Mapping[str, Any] | None:
        """Return a context, or ``None``.

        :raises TalosconfigError: it is not a mapping.
        """
        found = self.contexts.get(name)
        if name in self.contexts and not isinstance(found, dict | None):
            raise self._error(f"context {printable(name, 60)} is not a mapping")
        return (found or {}) if name in self.contexts else None

    def pem(self, context: str, member: str) -> str | None:
        """Return ``ca``, ``crt`` or ``key`` of a context as PEM; ``None`` when absent or unreadable."""
        value = (self.context(context) or {}).get(member)
        try:
            return base64.b64decode(value, validate=True).decode("ascii") if isinstance(value, str) and value else None
        except (binascii.Error, ValueError):
            return None

    def with_context(self, name: str, members: Mapping[str, Any], *, use: bool) -> str:
        """Return the content with members of one context set, and the context made if it is not there.

        The current context is set when asked to, or when there was no context at all.

        :param members: ``ca``, ``crt``, ``key`` and maybe ``endpoints``; other members stay.
        """
        first = not self.contexts and not self.current
        data = deepcopy(self.members)
        contexts = dict(data.get("contexts") or {})
        contexts[name] = {**(self.context(name) or {}), **members}
        data["contexts"] = contexts
        if use or first:
            data = {"context": name, **data}
            data["context"] = name

        def edited() -> str:
            text = self._context_set(name, members)
            return _current_set(text, name) if data.get("context") != self.members.get("context") else text

        return self._verified(edited, data)

    def without_context(self, name: str, *, current: str) -> str:
        """Return the content without a context.

        :param current: name of the current context from now on.
        """
        data = deepcopy(self.members)
        data["contexts"] = {key: value for key, value in self.contexts.items() if key != name}
        if self.members.get("context") != current and "context" in self.members:
            data["context"] = current

        def edited() -> str:
            text = self._context_removed(name)
            return _current_set(text, current) if data.get("context") != self.members.get("context") else text

        return self._verified(edited, data)

    def _verified(self, edited: Callable[[], str], data: Mapping[str, Any]) -> str:
        """Return the edited text if it means what was intended, else the data written anew."""
        for attempt in (edited, lambda: dump(dict(data))):
            try:
                text = attempt()
                if Document(text).value == data:
                    return text
            except (NotPlainError, _NoPlaceError):
                continue
        raise self._error("it can't be edited safely")

    def _context_set(self, name: str, members: Mapping[str, Any]) -> str:
        text, newline = self.text, "\r\n" if "\r\n" in self.text else "\n"
        top = self._document.spans()
        if "contexts" not in top:
            if self.members:
                return _appended(text, ["contexts:", *_context_lines(name, members, _INDENT)], newline)
            # Nothing but comments, or an empty mapping, which must go.
            kept = "" if self._document.value is not None else text
            lines = [f"context: {scalar(name)}", "contexts:", *_context_lines(name, members, _INDENT)]
            return _appended(kept, lines, newline)
        contexts = self._document.spans("contexts")
        if not contexts:
            if self.contexts:
                raise _NoPlaceError
            place = top["contexts"]
            block = newline.join(["", *_context_lines(name, members, place.column + _INDENT)])
            return text[: text.rindex(":", place.key, place.start + 1) + 1] + block + text[place.end :]
        if name not in contexts:
            column = next(iter(contexts.values())).column
            end = max(span.end for span in contexts.values())
            return _inserted(text, end, _context_lines(name, members, column), newline)
        return self._members_set(name, members, contexts[name], newline)

    def _members_set(self, name: str, members: Mapping[str, Any], place: Span, newline: str) -> str:
        text = self.text
        spans = self._document.spans("contexts", name)
        if not spans:
            raise _NoPlaceError
        column = next(iter(spans.values())).column
        missing = {key: value for key, value in members.items() if key not in spans}
        if missing:
            text = _inserted(text, place.end, _member_lines(missing, column), newline)
        # From the end to the beginning, so that the places before stay right.
        for key in sorted(set(members) - set(missing), key=lambda key: spans[key].start, reverse=True):
            span = spans[key]
            if members[key] == (self.context(name) or {}).get(key):
                continue
            if isinstance(members[key], str):
                text = text[: span.start] + scalar(members[key]) + text[span.end :]
            else:
                lines = newline.join(_member_lines({key: members[key]}, column))
                text = text[: span.key] + lines.lstrip() + text[span.end :]
        return text

    def _context_removed(self, name: str) -> str:
        place = self._document.spans("contexts").get(name)
        if place is None:
            raise _NoPlaceError
        if len(self.contexts) == 1:
            top = self._document.spans()["contexts"]
            return self.text[: self.text.index(":", top.key) + 1] + " {}" + self.text[place.end :]
        start = self.text.rfind("\n", 0, place.key) + 1
        end = self.text.find("\n", place.end - 1)
        return self.text[:start] + (self.text[end + 1 :] if end >= 0 else "")

    def _error(self, reason: str) -> TalosconfigError:
        return TalosconfigError(
            f"talosconfig {self._name} is not used: {reason}",
            hint="correct it by hand, or choose another file with --talosconfig; it was left as it is",
        )


class _NoPlaceError(Exception):
    """The text is written in a way that is not edited in place."""


def encoded(ca: str, certificate: str, key: Secret) -> dict[str, Any]:
    """Return PEM texts as the members of a context: each in base64, as Talos writes them."""
    texts = {"ca": ca, "crt": certificate, "key": key.reveal()}
    return {name: base64.b64encode(text.encode("ascii")).decode("ascii") for name, text in texts.items()}


def _context_lines(name: str, members: Mapping[str, Any], column: int) -> list[str]:
    ordered = {key: members[key] for key in (*_TEMPLATE_KEYS, *members) if key in members}
    return [f"{' ' * column}{scalar(name)}:", *_member_lines(ordered, column + _INDENT)]


def _member_lines(members: Mapping[str, Any], column: int) -> list[str]:
    return [" " * column + line for key, value in members.items() for line in dump({key: value}).splitlines()]


def _inserted(text: str, end: int, lines: list[str], newline: str) -> str:
    """Return the text with lines put behind the line that ends the value at ``end``."""
    stop = text.find("\n", max(end - 1, 0))
    if stop < 0:
        return _appended(text, lines, newline)
    return text[: stop + 1] + newline.join(lines) + newline + text[stop + 1 :]


def _appended(text: str, lines: list[str], newline: str) -> str:
    gap = newline if text and not text.endswith("\n") else ""
    return text + gap + newline.join(lines) + newline


def _current_set(text: str, name: str) -> str:
    span = Document(text).spans().get("context")
    if span is None:
        newline = "\r\n" if "\r\n" in text else "\n"
        # Behind what may begin a document, before its first member.
        first = re.search(r"^[^#\s%-]", text, re.MULTILINE)
        at = first.start() if first else 0
        return f"{text[:at]}context: {scalar(name)}{newline}{text[at:]}"
    gap = "" if text[span.start - 1 : span.start].isspace() else " "
    return f"{text[: span.start]}{gap}{scalar(name)}{text[span.end :]}"
