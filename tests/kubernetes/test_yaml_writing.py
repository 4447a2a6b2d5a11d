"""What is written means what was to be written, in YAML and in JSON."""

import json

import pytest
import yaml

from kubelogin_py.kubernetes import kubeconfig_yaml
from kubelogin_py.kubernetes.yaml_writing import node_of, text_of

VALUES = {
    "words": {"a": "yes", "b": "null", "c": "1", "d": "~", "e": "", "f": "0x1f", "g": "2026-01-01"},
    "types": {"true": True, "number": 17, "list": [], "mapping": {}, "nested": [{"a": [{"b": False}]}]},
    "hostile": {"a: b": "x # no comment", "- c": "é\U0001f600\t", "quotes": "'\"\\", "line": "two\nlines\n"},
    "long": {"token": "a" * 5000, "words": "many words " * 200},
    "lines": {"hint": "Install:\n  pipx install kubelogin-py", "blank": " leading\n\ntrailing \n\n"},
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_any_value_is_read_back_as_it_was(value: object) -> None:
    text = text_of(node_of(value))
    assert yaml.safe_load(text) == value
    assert kubeconfig_yaml.parse(text) == node_of(value)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_json_is_written_as_json(value: object) -> None:
    node = kubeconfig_yaml.parse(json.dumps(value))
    assert node is not None
    assert json.loads(text_of(node)) == value


def test_characters_that_end_lines_in_some_readers_are_escaped() -> None:
    text = text_of(node_of({"a": "b\u2028c\x85d\r"}))
    assert kubeconfig_yaml.parse(text) == node_of({"a": "b\u2028c\x85d\r"})
    assert text.isascii()
    assert text.count("\n") == 1


@pytest.mark.parametrize("word", ["1e3", "0o17", "1_000", "y", "N", "12:30:45", "0b1", "-1", ".5", "on"])
def test_what_is_a_number_or_a_truth_to_other_readers_is_quoted(word: str) -> None:
    assert text_of(node_of({"name": word})) in (f'name: "{word}"\n', f"name: '{word}'\n")


def test_a_shared_value_is_written_twice() -> None:
    """kubectl's next change of one of them is none of the other."""
    node = kubeconfig_yaml.parse("# gone\na: &x\n  t: old\n  n:\nb: *x\n")
    assert node is not None
    text = text_of(node)
    assert kubeconfig_yaml.parse(text) == node
    assert not set("#&*") & set(text)
