"""The record reader against what Go's encoding/csv gives for the same texts."""

import re

import pytest

from kubelogin_py.compat.comma_separated import read_record

QUOTE = 'extraneous or missing " in quoted-field'

RECORDS = {
    "nothing": ("", ()),
    "one": ("a", ("a",)),
    "two": ("a,b", ("a", "b")),
    "empty-middle": ("a,,b", ("a", "", "b")),
    "only-comma": (",", ("", "")),
    "comma-last": ("a,", ("a", "")),
    "comma-first": (",a", ("", "a")),
    "blanks-stay": (" a , b ", (" a ", " b ")),
    "quoted-comma": ('"a,b"', ("a,b",)),
    "quoted-among-others": ('a,"b,c",d', ("a", "b,c", "d")),
    "doubled-quote": ('"a""b"', ('a"b',)),
    "quoted-nothing": ('""', ("",)),
    "quoted-nothings": ('"",""', ("", "")),
    "second-record-dropped": ("a\nb", ("a",)),
    "second-record-dropped-unread": ('a\n"b', ("a",)),
    "windows-line-end": ("a\r\nb", ("a",)),
    "carriage-return-inside": ("a\rb", ("a\rb",)),
    "carriage-return-last": ("a\r", ("a",)),
    "empty-lines-first": ("\n\na", ("a",)),
    "line-end-in-quotes": ('"a\nb"', ("a\nb",)),
    "windows-line-end-in-quotes": ('"a\r\nb"', ("a\nb",)),
    "quoted-then-line-end": ('"a"\n', ("a",)),
    "quoted-then-windows-line-end": ('"a"\r\n', ("a",)),
    "quoted-then-carriage-return": ('"a"\r', ("a",)),
    "pairs": ('k=v,"x=1,2"', ("k=v", "x=1,2")),
    "beyond-ascii": ("grün,日本", ("grün", "日本")),
}

FAULTS = {
    "only-line-end": ("\n", "EOF"),
    "only-carriage-return": ("\r", "EOF"),
    "only-line-ends": ("\r\n\n", "EOF"),
    "bare-quote": ('a"b', 'parse error on line 1, column 2: bare " in non-quoted-field'),
    "bare-quote-second-field": ('ab,c"', 'parse error on line 1, column 5: bare " in non-quoted-field'),
    "columns-are-bytes": ('é"', 'parse error on line 1, column 3: bare " in non-quoted-field'),
    "text-after-quotes": ('"a"b', f"parse error on line 1, column 3: {QUOTE}"),
    "text-after-quotes-bytes": ('"é"x', f"parse error on line 1, column 4: {QUOTE}"),
    "open-at-once": ('"', f"parse error on line 1, column 2: {QUOTE}"),
    "open": ('"a', f"parse error on line 1, column 3: {QUOTE}"),
    "open-with-line-end": ('"a\n', f"parse error on line 1, column 4: {QUOTE}"),
    "open-on-second-line": ('"a\nb', f"record on line 1; parse error on line 2, column 2: {QUOTE}"),
    "after-second-line": ('x,"y\nz"q', f"record on line 1; parse error on line 2, column 2: {QUOTE}"),
    "after-third-line": ('"a\n\nb"x', f"record on line 1; parse error on line 3, column 2: {QUOTE}"),
    "after-empty-lines": ('\n\n"a""', f"parse error on line 3, column 5: {QUOTE}"),
}


def exactly(words: str) -> str:
    return rf"\A{re.escape(words)}\Z"


@pytest.mark.parametrize(("text", "fields"), RECORDS.values(), ids=RECORDS)
def test_the_fields_are_those_that_go_reads(text: str, fields: tuple[str, ...]) -> None:
    assert read_record(text) == fields


@pytest.mark.parametrize(("text", "words"), FAULTS.values(), ids=FAULTS)
def test_a_misplaced_quote_is_refused_in_go_s_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=exactly(words)):
        read_record(text)
