"""Hostile and odd YAML: refused with a line number and without quoting values, or read as kubectl reads it."""

import time

import pytest

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes import kubeconfig_yaml
from kubelogin_py.kubernetes.kubeconfig_yaml import DEPTH, NODES, Items, Members, Scalar

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

REFUSED = {
    "not-yaml": ("a: b: canary", "line 1: mapping values are not allowed here"),
    "unclosed": ("a: [canary", "line 1: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'"),
    "tab": ("a:\n\tb: canary", "line 2: while scanning for the next token, found character"),
    "control-character": ("a: canary\x1b[2J", "it has characters that YAML does not allow"),
    "nul": ("a: canary\x00", "it has characters that YAML does not allow"),
    "two-documents": (
        "a: canary\n---\nb: c\n",
        "line 2: expected a single document in the stream, but found another document",
    ),
    "unknown-alias": ("a: *canary", "line 1: found undefined alias 'canary'"),
    "python-tag": ("a: !!python/object/apply:os.system [canary]", "line 1: the tag tag:yaml.org,2002:python/object"),
    "own-tag": ("a: !mine canary", "line 1: the tag !mine is not accepted"),
    "binary-tag": ("a: !!binary Y2FuYXJ5", "line 1: the tag"),
    "duplicate-key": ("a: canary\nb: 1\na: 2\n", 'line 1: the key "a" appears more than once'),
    "duplicate-key-quoted": ('a: canary\n"a": 2\n', 'line 1: the key "a" appears more than once'),
    "duplicate-key-in-braces": ('{"a": 1, "a": 2}', "appears more than once"),
    "merge-key": ("a: &a {x: canary}\nb:\n  <<: *a\n", "line 3: the merge key << is not accepted"),
    "complex-key": ("? [a, b]\n: canary\n", "line 1: a key is not text"),
    "alias-of-itself": ("a: &a [canary, *a]\n", "an alias stands for something that contains it"),
    "alias-bomb": (LAUGHS, "its aliases stand for too many values"),
    "deep": ("[" * 100_000, f"line 1: nested more than {DEPTH} levels deep"),
    "deep-by-aliases": (
        "a: &a [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\nb: [[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]\n",
        "its aliases stand for too many values",
    ),
    "many-values": ("- a\n" * (NODES + 1), f"more than {NODES} values"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(text: str, message: str) -> None:
    started = time.monotonic()
    with pytest.raises(SettingsError) as caught:
        kubeconfig_yaml.parse(text)
    assert message in caught.value.message
    assert "canary" not in caught.value.message or "canary" in message
    assert caught.value.message.isprintable()
    assert time.monotonic() - started < 20


def test_an_undefined_alias_is_named_printably() -> None:
    with pytest.raises(SettingsError) as caught:
        kubeconfig_yaml.parse("a: *b" + "c" * 1000)
    assert len(caught.value.message) < 200


EMPTY = {"nothing": "", "blank": "\n\n", "comment": "# only this\n", "marker": "---\n"}


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY)
def test_an_empty_document(text: str) -> None:
    document = kubeconfig_yaml.parse(text)
    assert document is None or (isinstance(document, Scalar) and document.null)


def test_values_have_their_places() -> None:
    text = "# first\na: one # why\nb:\n  - 'two'\n  - {c: \"three\"}\n"
    document = kubeconfig_yaml.parse(text)
    assert isinstance(document, Members)
    one, items = document.get("a"), document.get("b")
    assert isinstance(one, Scalar)
    assert text[one.start : one.end] == "one"
    assert isinstance(items, Items)
    two, braces = items.values
    assert isinstance(two, Scalar)
    assert (two.text, text[two.start : two.end]) == ("two", "'two'")
    assert isinstance(braces, Members)
    assert (braces.flow, text[braces.start]) == (True, "{")


@pytest.mark.parametrize("start", ["\ufeff", "é: ä\n", "🔑: x\r\n"], ids=["byte-order-mark", "beyond-ascii", "astral"])
def test_places_count_characters(start: str) -> None:
    text = f"{start}a: one\r\n"
    document = kubeconfig_yaml.parse(text)
    assert isinstance(document, Members)
    one = document.get("a")
    assert isinstance(one, Scalar)
    assert text[one.start : one.end] == "one"


def test_documents_that_mean_the_same_are_equal() -> None:
    assert kubeconfig_yaml.parse("a: 1\nb: [x]\n") == kubeconfig_yaml.parse('{"b": ["x"], "a": 1}')
    assert kubeconfig_yaml.parse("a: 1\n") != kubeconfig_yaml.parse('a: "1"\n')
    assert kubeconfig_yaml.parse("a: [x, y]\n") != kubeconfig_yaml.parse("a: [y, x]\n")


def test_a_few_aliases_are_read() -> None:
    assert kubeconfig_yaml.parse("a: &x {b: c}\nd: *x\n") == kubeconfig_yaml.parse("a: {b: c}\nd: {b: c}\n")
