"""YAML that is written for people and clusters to read: every reader finds the same text in it.

YAML's versions differ in what they take for a number, a date or a truth (``1e3``, ``on``, ``y``), so only words that
mean nothing to any of them go without quotes; everything but printable ASCII is written as an escape.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from kubelogin_py.text import printable

_WIDTH = 1 << 30
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]+")
_MEANS_SOMETHING = frozenset({"yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
# A certificate or a text in lines; anything odd in it goes into quotes instead.
_BLOCK = re.compile(r"(?:[!-~][ -~]*\n)+")


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and has no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 -- the base class's
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 -- the base class's
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _MEANS_SOMETHING
    style = None if plain else "|" if _BLOCK.fullmatch(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def document(values: Mapping[str, object] | list[object], *comments: str) -> str:
    """Return one document.

    :param values: mappings, lists, text, numbers and truths.
    :param comments: lines that stand before it.
    """
    written = yaml.dump(values, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=False)
    return "".join(f"# {printable(line)}\n" for line in comments) + written


def commented(text: str) -> str:
    """Return a document that nobody reads until the comment signs are taken away."""
    return "".join(f"# {line}\n" for line in text.splitlines())
