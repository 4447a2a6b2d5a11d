"""One JSON object, or a ValueError with a short printable reason."""

import json
import re

import pytest

from kubelogin_py.oidc.strict_json import DEPTH, FLOAT_LENGTH, read_object


def nested(levels: int, opening: str = "[", closing: str = "]") -> str:
    return '{"a":' + opening * (levels - 1) + "1" + closing * (levels - 1) + "}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("{}", {}, id="empty object"),
        pytest.param(b' \r\n\t{"a": "\xc3\xa4"} ', {"a": "ä"}, id="white space and UTF-8"),
        pytest.param(
            '{"a":1.5,"b":-2,"c":1e3,"d":null,"e":true}',
            {"a": 1.5, "b": -2, "c": 1000.0, "d": None, "e": True},
            id="all",
        ),
        pytest.param(
            '{"a":{"a":1},"b":[{"a":1},{"a":1}]}', {"a": {"a": 1}, "b": [{"a": 1}] * 2}, id="same name, other object"
        ),
        pytest.param('{"a":12345678901234567890}', {"a": 12345678901234567890}, id="twenty digits"),
        pytest.param('{"a":"\\ud83d\\ude00"}', {"a": "😀"}, id="escaped surrogate pair"),
        pytest.param('{"a":"[[[{{{\\"[[["}', {"a": '[[[{{{"[[['}, id="brackets in a string"),
        pytest.param('{"a":"' + "[" * 1000 + '"}', {"a": "[" * 1000}, id="many brackets in a string"),
    ],
)
def test_an_object_is_read(text: bytes | str, value: object) -> None:
    assert read_object(text) == value


def test_wide_is_not_deep() -> None:
    """A provider may list any number of small objects."""
    wide = {"keys": [{"a": [index]} for index in range(1000)]}
    assert read_object(json.dumps(wide)) == wide


def test_the_longest_fraction_allowed_is_read() -> None:
    assert read_object('{"a":0.' + "1" * (FLOAT_LENGTH - 2) + "}")
    with pytest.raises(ValueError, match="out of range"):
        read_object('{"a":0.' + "1" * (FLOAT_LENGTH - 1) + "}")


def test_the_deepest_nesting_allowed_is_read() -> None:
    assert read_object(nested(DEPTH)) == json.loads(nested(DEPTH))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param(" \n", "empty", id="white space only"),
        pytest.param(b"\xef\xbb\xbf{}", "byte order mark", id="byte order mark"),
        pytest.param("\ufeff{}", "byte order mark", id="byte order mark in text"),
        pytest.param('{"a":1}'.encode("utf-16"), "not UTF-8 at byte 0", id="UTF-16 with mark"),
        pytest.param('{"a":1}'.encode("utf-16-le"), "not JSON", id="UTF-16 without mark"),
        pytest.param(b'{"a":"\xff"}', "not UTF-8 at byte 6", id="stray byte"),
        pytest.param(b'{"a":"\xc0\xaf"}', "not UTF-8", id="overlong UTF-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', "not UTF-8", id="surrogate in UTF-8"),
        pytest.param('{"a":1', "not JSON", id="truncated"),
        pytest.param('{"a":1}x', "not JSON: extra data", id="something after"),
        pytest.param('{"a":1}{"a":1}', "not JSON: extra data", id="two objects"),
        pytest.param("{'a':1}", "not JSON", id="single quotes"),
        pytest.param('{"a":1,}', "not JSON", id="trailing comma"),
        pytest.param('{"a":01}', "not JSON", id="leading zero"),
        pytest.param('{"a":"\n"}', "not JSON", id="raw control character"),
        pytest.param("[]", "a list", id="list"),
        pytest.param('"a"', "a string", id="string"),
        pytest.param("1", "a number", id="number"),
        pytest.param("1.5", "a number", id="fraction"),
        pytest.param("true", "a boolean", id="boolean"),
        pytest.param("null", "null", id="null"),
        pytest.param('{"iss":1,"iss":1}', 'member "iss" appears more than once', id="member twice"),
        pytest.param('{"x":[{"iss":1,"a":2,"iss":3}]}', '"iss" appears', id="member twice, deep inside"),
        pytest.param('{"i\\u0073s":1,"iss":1}', '"iss" appears', id="member twice, once escaped"),
        pytest.param('{"a":NaN}', "NaN", id="NaN"),
        pytest.param('{"a":Infinity}', "Infinity", id="Infinity"),
        pytest.param('{"a":-Infinity}', "-Infinity", id="-Infinity"),
        pytest.param('{"a":1e400}', "out of range", id="1e400"),
        pytest.param('{"a":-1e400}', "out of range", id="-1e400"),
        pytest.param('{"a":0.' + "0" * 500 + "1}", "out of range", id="500 decimal places"),
        pytest.param('{"a":' + "9" * 21 + "}", "21 characters", id="21 digits"),
        pytest.param('{"a":' + "9" * 5000 + "}", "5000 characters", id="5000 digits"),
        pytest.param('{"a":"\\ud800"}', "surrogate", id="lone surrogate"),
        pytest.param('{"a":["\\udc00\\ud800"]}', "surrogate", id="surrogates in the wrong order"),
        pytest.param('{"\\ud800":1}', "surrogate", id="lone surrogate in a name"),
        pytest.param('{"a":"\ud800"}', "surrogate", id="lone surrogate in text"),
        pytest.param(nested(DEPTH + 1), f"more than {DEPTH} levels", id="one level too deep"),
        pytest.param(nested(DEPTH + 1, '{"a":', "}"), f"more than {DEPTH} levels", id="one object too deep"),
        pytest.param(nested(100_000), f"more than {DEPTH} levels", id="100000 levels"),
        pytest.param("[" * 1_000_000, f"more than {DEPTH} levels", id="a million brackets"),
        pytest.param('{"a":"' + '\\"' * 200_000, "not JSON", id="a string of quotes without end"),
        pytest.param('{"a":"' + '\\"' * 200_000 + "\\", "not JSON", id="a string without end, then a backslash"),
    ],
)
def test_anything_else_is_refused(text: bytes | str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        read_object(text)
    assert type(caught.value) is ValueError, "the foreign exception carries the document"
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 120


def test_a_hostile_member_name_is_shown_harmless_and_short() -> None:
    """The reason goes to a terminal."""
    name = "\\u001b]0;title\\u0007" + "x" * 500
    with pytest.raises(ValueError, match="appears more than once") as caught:
        read_object(f'{{"{name}":1,"{name}":2}}')
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 120


def test_the_reason_quotes_no_value() -> None:
    """The document may hold a token."""
    with pytest.raises(ValueError, match="not JSON") as caught:
        read_object('{"id_token":"eyJsecret", oops}')
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__
