"""Command lines by pflag's rules: what kubeconfigs say, and what they get wrong."""

from dataclasses import dataclass

import pytest

from kubelogin_py.compat import pflag
from kubelogin_py.compat.flag_values import (
    BOOL,
    INT,
    LEVEL,
    STRING,
    STRING_ARRAY,
    STRING_TO_STRING,
    STRINGS,
    Kind,
    Value,
)
from kubelogin_py.errors import UsageError


@dataclass(frozen=True)
class Flag:
    name: str
    kind: Kind
    default: Value
    shorthand: str = ""
    deprecated: str = ""
    secret: bool = False


FLAGS = (
    Flag("issuer", STRING, ""),
    Flag("username", STRING, ""),
    Flag("scope", STRINGS, ()),
    Flag("listen-address", STRINGS, ("127.0.0.1:8000", "127.0.0.1:18000")),
    Flag("ca", STRING_ARRAY, ()),
    Flag("param", STRING_TO_STRING, ()),
    Flag("header", STRING_TO_STRING, (), secret=True),
    Flag("client-secret", STRING, "", secret=True),
    Flag("timeout", INT, 180),
    Flag("skip", BOOL, default=False),
    Flag("on", BOOL, default=True),
    Flag("old", BOOL, default=False, deprecated="use --new instead."),
    Flag("v", LEVEL, 0, shorthand="v"),
    Flag("help", BOOL, default=False, shorthand="h"),
    Flag("q", BOOL, default=False, shorthand="q"),
)


def parse(*arguments: str) -> pflag.Parsed:
    return pflag.parse(FLAGS, arguments)


VALUES: dict[str, tuple[list[str], str, Value]] = {
    "equals": (["--issuer=https://a"], "issuer", "https://a"),
    "apart": (["--issuer", "https://a"], "issuer", "https://a"),
    "value-has-equals": (["--issuer=https://a?b=c"], "issuer", "https://a?b=c"),
    "value-has-equals-apart": (["--issuer", "a=b"], "issuer", "a=b"),
    "value-starts-with-dash": (["--issuer", "-a"], "issuer", "-a"),
    "value-is-a-flag": (["--issuer", "--skip"], "issuer", "--skip"),
    "value-is-two-dashes": (["--issuer", "--"], "issuer", "--"),
    "value-empty": (["--issuer="], "issuer", ""),
    "value-empty-apart": (["--issuer", ""], "issuer", ""),
    "last-wins": (["--issuer=a", "--issuer", "b"], "issuer", "b"),
    "default": ([], "timeout", 180),
    "default-list": ([], "listen-address", ("127.0.0.1:8000", "127.0.0.1:18000")),
    "list-replaces-default": (["--listen-address=127.0.0.1:9090"], "listen-address", ("127.0.0.1:9090",)),
    "list-adds-then": (
        ["--listen-address=a:1", "--listen-address", "b:2,c:3"],
        "listen-address",
        ("a:1", "b:2", "c:3"),
    ),
    "list-emptied": (["--listen-address="], "listen-address", ()),
    "array": (["--ca=a,b", "--ca", "c"], "ca", ("a,b", "c")),
    "pairs": (["--param=a=1", "--param", "b=2,c=3"], "param", (("a", "1"), ("b", "2"), ("c", "3"))),
    "int": (["--timeout=60"], "timeout", 60),
    "int-hexadecimal": (["--timeout", "0x10"], "timeout", 16),
    "int-negative-apart": (["--timeout", "-1"], "timeout", -1),
    "bool-bare": (["--skip"], "skip", True),
    "bool-equals": (["--skip=1"], "skip", True),
    "bool-off": (["--on=F"], "on", False),
    "bool-last-wins": (["--skip", "--skip=false"], "skip", False),
    "short-joined": (["-v2"], "v", 2),
    "short-apart": (["-v", "2"], "v", 2),
    "short-equals": (["-v=2"], "v", 2),
    "long-of-short": (["--v=2"], "v", 2),
    "long-of-short-apart": (["--v", "2"], "v", 2),
    "short-negative": (["-v", "-1"], "v", -1),
    "short-bool": (["-h"], "help", True),
    "short-bool-off": (["-h=false"], "help", False),
    "shorts-together": (["-qh"], "help", True),
    "shorts-together-with-value": (["-qv3"], "v", 3),
    "shorts-together-value-apart": (["-qv", "3"], "v", 3),
    "flag-after-word": (["word", "--skip"], "skip", True),
    "flag-after-two-dashes-is-none": (["--", "--skip"], "skip", False),
}


@pytest.mark.parametrize(("arguments", "name", "value"), VALUES.values(), ids=VALUES)
def test_a_flag_gets_its_value(arguments: list[str], name: str, value: Value) -> None:
    assert parse(*arguments).values[name] == value


WORDS = {
    "none": ([], ()),
    "mixed": (["a", "--skip", "b", "-v2", "c"], ("a", "b", "c")),
    "bool-takes-no-word": (["--skip", "false"], ("false",)),
    "two-dashes": (["a", "--", "--skip", "-x", "--"], ("a", "--skip", "-x", "--")),
    "lone-dash": (["-"], ("-",)),
    "empty": ([""], ("",)),
}


@pytest.mark.parametrize(("arguments", "words"), WORDS.values(), ids=WORDS)
def test_what_is_no_flag_is_a_word(arguments: list[str], words: tuple[str, ...]) -> None:
    assert parse(*arguments).words == words


FAULTS = {
    "unknown": (["--x"], "unknown flag: --x"),
    "unknown-value-not-shown": (["--client-secrets=hunter2"], "unknown flag: --client-secrets"),
    "no-abbreviation": (["--user=x"], "unknown flag: --user"),
    "no-case-folding": (["--Issuer=x"], "unknown flag: --Issuer"),
    "one-dash": (["-issuer=x"], "unknown shorthand flag: 'i' in -issuer=x"),
    "unknown-short": (["-x"], "unknown shorthand flag: 'x' in -x"),
    "unknown-short-among": (["-qx2"], "unknown shorthand flag: 'x' in -x2"),
    "no-argument": (["--issuer"], "flag needs an argument: --issuer"),
    "no-argument-short": (["-v"], "flag needs an argument: 'v' in -v"),
    "no-argument-short-among": (["-qv"], "flag needs an argument: 'v' in -v"),
    "three-dashes": (["---issuer=x"], "bad flag syntax: ---issuer=x"),
    "no-name": (["--=x"], "bad flag syntax: --=x"),
    "bool": (
        ["--skip=yes"],
        'invalid argument "yes" for "--skip" flag: strconv.ParseBool: parsing "yes": invalid syntax',
    ),
    "bool-empty": (
        ["--skip="],
        'invalid argument "" for "--skip" flag: strconv.ParseBool: parsing "": invalid syntax',
    ),
    "int": (
        ["--timeout", "1m"],
        'invalid argument "1m" for "--timeout" flag: strconv.ParseInt: parsing "1m": invalid syntax',
    ),
    "short": (
        ["-vv"],
        'invalid argument "v" for "-v, --v" flag: strconv.ParseInt: parsing "v": invalid syntax',
    ),
    "short-equals-alone": (
        ["-v="],
        'invalid argument "=" for "-v, --v" flag: strconv.ParseInt: parsing "=": invalid syntax',
    ),
    "pair": (["--param=a"], 'invalid argument "a" for "--param" flag: a must be formatted as key=value'),
    "list": (
        ['--scope=a"b'],
        'invalid argument "a\\"b" for "--scope" flag: parse error on line 1, column 2: bare " in non-quoted-field',
    ),
    "control-characters": (["--x\x1b[31m"], "unknown flag: --x\\x1b[31m"),
}


@pytest.mark.parametrize(("arguments", "message"), FAULTS.values(), ids=FAULTS)
def test_a_bad_command_line_is_refused_in_pflag_s_words(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(*arguments)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "arguments",
    [
        ["---client-secret=hunter2"],
        ["-client-secret=hunter2"],
        ["--header=Authorization: Bearer hunter2"],
        ["--header=a=1,b=2,hunter2"],
        ['--header=a=1,b="hunter2'],
    ],
    ids=["three-dashes", "one-dash", "no-pair", "bad-piece", "bad-quote"],
)
def test_a_secret_is_not_shown_however_it_was_mistyped(arguments: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse(*arguments)
    assert "hunter2" not in str(caught.value)
    assert "***" in caught.value.message


def test_each_use_of_a_deprecated_flag_is_told() -> None:
    line = "Flag --old has been deprecated, use --new instead."
    assert parse("--old", "--skip").deprecations == (line,)
    assert parse("--old", "--old=false").deprecations == (line, line)
    assert parse("--skip").deprecations == ()


def test_it_is_known_which_flags_were_given() -> None:
    assert parse("--skip=false", "-v2", "--issuer=", "--skip").given == ("skip", "v", "issuer")


def test_values_are_read_by_their_type() -> None:
    """A row that changes its type is found by the first read, not by what is made of the value."""
    parsed = parse("--issuer=a", "--skip", "--timeout=1", "--scope=a,b", "--param=k=v")
    assert parsed.text("issuer") == "a"
    assert parsed.flag("skip") is True
    assert parsed.number("timeout") == 1
    assert parsed.texts("scope") == ("a", "b")
    assert parsed.pairs("param") == (("k", "v"),)
    with pytest.raises(TypeError):
        parsed.flag("issuer")


def test_an_argument_that_is_no_unicode_is_shown_escaped() -> None:
    with pytest.raises(UsageError) as caught:
        parse("--\udcff")
    assert caught.value.message == "unknown flag: --\\u{dcff}"
