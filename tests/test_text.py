"""Foreign text can't rewrite what the person sees."""

import pytest

from kubelogin_py.text import LIMIT, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text: a-b_c!", "plain text: a-b_c!"),
        ("Grüße, 世界", "Grüße, 世界"),
        ("👍", "👍"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "\\x1b]8;;https://evil.example\\x07click\\x1b]8;;\\x07"),
        ("\x1b]52;c;ZXZpbA==\x07", "\\x1b]52;c;ZXZpbA==\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("one\ntwo\r\nthree\ttab", "one\\x0atwo\\x0d\\x0athree\\x09tab"),
        ("back\x08space\x7f", "back\\x08space\\x7f"),
        ("\u202eexe.txt", "\\u{202e}exe.txt"),
        ("\u2066isolate\u2069", "\\u{2066}isolate\\u{2069}"),
        ("zero\u200bwidth\u200d\ufeff", "zero\\u{200b}width\\u{200d}\\u{feff}"),
        ("line\u2028paragraph\u2029", "line\\u{2028}paragraph\\u{2029}"),
        ("\udc80", "\\u{dc80}"),
        ("\ue000", "\\u{e000}"),
        ("\U000e0041", "\\u{e0041}"),
        ("\x00", "\\x00"),
    ],
    ids=[
        "ascii", "other scripts", "emoji", "colour", "hyperlink", "clipboard", "C1 control", "line ends", "backspace",
        "bidi override", "bidi isolate", "zero width", "line separators", "lone surrogate", "private use", "tag", "nul",
    ],
)  # fmt: skip
def test_only_harmless_characters_are_shown_as_they_are(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_the_result_is_one_line_without_control_characters() -> None:
    """Whatever the first 70 000 characters of Unicode do, ``str`` agrees that nothing unprintable is left."""
    everything = "".join(map(chr, range(70_000)))
    shown = printable(everything, len(everything))
    assert len(shown.splitlines()) == 1
    assert all(character.isprintable() for character in shown)
    shown.encode()


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert printable("a" * LIMIT) == "a" * LIMIT
    assert printable("a" * (LIMIT + 1)) == "a" * LIMIT + "…"
    assert printable("abcdef", 3) == "abc…"


@pytest.mark.parametrize(("value", "shown"), [(7, "7"), (None, "None"), (b"\x1b", "b'\\x1b'"), (["\n"], "['\\n']")])
def test_what_is_no_text_is_shown_by_its_text(value: object, shown: str) -> None:
    assert printable(value) == shown
