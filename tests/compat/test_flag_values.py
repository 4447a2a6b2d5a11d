"""The value types of pflag, one row per text and meaning."""

import re

import pytest

from kubelogin_py.compat.flag_values import (
    BOOL,
    GO_BOOL,
    GO_UINT,
    INT,
    LEVEL,
    STRING,
    STRING_ARRAY,
    STRING_TO_STRING,
    STRINGS,
    Kind,
    Value,
)

SYNTAX = 'strconv.ParseInt: parsing "{}": invalid syntax'
RANGE = 'strconv.ParseInt: parsing "{}": value out of range'
BOOL_SYNTAX = 'strconv.ParseBool: parsing "{}": invalid syntax'


def exactly(words: str) -> str:
    return rf"\A{re.escape(words)}\Z"


@pytest.mark.parametrize("kind", [BOOL, GO_BOOL], ids=["pflag", "klog"])
@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_the_words_for_true(kind: Kind, text: str) -> None:
    assert kind.read(text, None) is True


@pytest.mark.parametrize("kind", [BOOL, GO_BOOL], ids=["pflag", "klog"])
@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_the_words_for_false(kind: Kind, text: str) -> None:
    assert kind.read(text, None) is False


INTEGERS = {
    "0": 0,
    "00": 0,
    "180": 180,
    "+5": 5,
    "-1": -1,
    "0x10": 16,
    "0X1f": 31,
    "-0x10": -16,
    "0o17": 15,
    "0O17": 15,
    "017": 15,
    "0b11": 3,
    "0B11": 3,
    "1_000": 1000,
    "0x_1f": 31,
    "0_7": 7,
    "9223372036854775807": (1 << 63) - 1,
    "-9223372036854775808": -(1 << 63),
    "0x7fffffffffffffff": (1 << 63) - 1,
    "0" * 200 + "7": 7,
}


@pytest.mark.parametrize(("text", "number"), INTEGERS.items(), ids=[text[:20] for text in INTEGERS])
def test_integers_tell_their_base_by_their_prefix(text: str, number: int) -> None:
    assert INT.read(text, None) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1m",
        "1.0",
        "1e3",
        "x",
        "08",
        "0x",
        "0b2",
        "_1",
        "1_",
        "1__0",
        "0x1_",
        " 1",
        "1 ",
        "--1",
        "+",
        "\u0663",
        "\uff11",
    ],
)
def test_anything_else_is_no_integer(text: str) -> None:
    with pytest.raises(ValueError, match=exactly(SYNTAX.format(text))):
        INT.read(text, None)


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775809", "0x8000000000000000", "9" * 5000])
def test_integers_have_sixty_four_bits(text: str) -> None:
    with pytest.raises(ValueError, match="value out of range"):
        INT.read(text, None)


LEVELS = {"0": 0, "2": 2, "+3": 3, "-1": -1, "010": 10, "2147483647": 2147483647}


@pytest.mark.parametrize(("text", "number"), LEVELS.items(), ids=LEVELS)
def test_verbosity_is_a_decimal_number(text: str, number: int) -> None:
    assert LEVEL.read(text, None) == number


@pytest.mark.parametrize(
    ("text", "words"),
    [("0x2", SYNTAX), ("", SYNTAX), ("=", SYNTAX), ("1_0", SYNTAX), ("vv", SYNTAX), ("2147483648", RANGE)],
)
def test_verbosity_has_no_base_prefix_and_thirty_two_bits(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=exactly(words.format(text))):
        LEVEL.read(text, None)


REFUSED = {
    "yes": (BOOL, "yes", BOOL_SYNTAX.format("yes")),
    "mixed-case": (BOOL, "tRUE", BOOL_SYNTAX.format("tRUE")),
    "empty-bool": (BOOL, "", BOOL_SYNTAX.format("")),
    "quote-shown-escaped": (BOOL, '"', BOOL_SYNTAX.format('\\"')),
    "klog-bool": (GO_BOOL, "yes", "parse error"),
    "klog-uint": (GO_UINT, "x", "parse error"),
    "klog-uint-negative": (GO_UINT, "-1", "parse error"),
    "klog-uint-range": (GO_UINT, str(1 << 64), "value out of range"),
    "no-pair": (STRING_TO_STRING, "", " must be formatted as key=value"),
    "pair-without-equals": (STRING_TO_STRING, "a", "a must be formatted as key=value"),
    "piece-without-equals": (STRING_TO_STRING, "a=1,b=2,c", "c must be formatted as key=value"),
    "empty-piece": (STRING_TO_STRING, "a=1,b=2,", " must be formatted as key=value"),
    "pairs-bad-quote": (STRING_TO_STRING, 'a=1,b="2', 'parse error on line 1, column 7: bare " in non-quoted-field'),
    "strings-bad-quote": (STRINGS, 'a"', 'parse error on line 1, column 2: bare " in non-quoted-field'),
}


@pytest.mark.parametrize(("kind", "text", "words"), REFUSED.values(), ids=REFUSED)
def test_a_bad_value_is_refused_in_go_s_words(kind: Kind, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=exactly(words)):
        kind.read(text, None)


READ: dict[str, tuple[Kind, list[str], Value]] = {
    "string": (STRING, ["a", "b"], "b"),
    "string-empty": (STRING, [""], ""),
    "strings": (STRINGS, ["email,profile"], ("email", "profile")),
    "strings-repeated": (STRINGS, ["email", "profile,groups"], ("email", "profile", "groups")),
    "strings-not-trimmed": (STRINGS, ["email, profile"], ("email", " profile")),
    "strings-quoted": (STRINGS, ['"a,b",c'], ("a,b", "c")),
    "strings-emptied": (STRINGS, [""], ()),
    "strings-emptied-then-one": (STRINGS, ["", "a"], ("a",)),
    "array": (STRING_ARRAY, ["a,b", "c"], ("a,b", "c")),
    "array-empty": (STRING_ARRAY, [""], ("",)),
    "pair": (STRING_TO_STRING, ["k=v"], (("k", "v"),)),
    "pair-with-commas": (STRING_TO_STRING, ["audience=api,b"], (("audience", "api,b"),)),
    "pairs-as-list": (STRING_TO_STRING, ["a=1,b=2"], (("a", "1"), ("b", "2"))),
    "padding-in-value": (STRING_TO_STRING, ["hint=Zm9vYg=="], (("hint", "Zm9vYg=="),)),
    "pairs-repeated": (STRING_TO_STRING, ["ttl=86400", "reauth=false"], (("ttl", "86400"), ("reauth", "false"))),
    "later-key-wins": (STRING_TO_STRING, ["a=1", "b=2", "a=3"], (("a", "3"), ("b", "2"))),
    "pair-in-quotes": (STRING_TO_STRING, ['"a=1,2"'], (("a", "1,2"),)),
    "quoted-among-pairs": (STRING_TO_STRING, ['a=1,"b=2,3"'], (("a", "1"), ("b", "2,3"))),
    "empty-value": (STRING_TO_STRING, ["a="], (("a", ""),)),
    "empty-key": (STRING_TO_STRING, ["=a"], (("", "a"),)),
    "klog-uint": (GO_UINT, ["0x10"], 16),
}


@pytest.mark.parametrize(("kind", "texts", "value"), READ.values(), ids=READ)
def test_uses_of_a_flag_add_up_to_its_value(kind: Kind, texts: list[str], value: Value) -> None:
    result: Value | None = None
    for text in texts:
        result = kind.read(text, result)
    assert result == value
