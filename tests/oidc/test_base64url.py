"""One spelling for every byte string."""

import pytest

from kubelogin_py.oidc import base64url


@pytest.mark.parametrize("octets", [b"", b"\0", b"\xfb\xff", b"\xff\xff\xfe", bytes(range(256))])
def test_what_was_encoded_is_decoded(octets: bytes) -> None:
    text = base64url.encode(octets)
    assert "=" not in text
    assert base64url.decode(text) == octets


def test_the_alphabet_is_the_one_for_urls() -> None:
    assert base64url.encode(b"\xfb\xff") == "-_8"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("-_8=", id="B-10 padding"),
        pytest.param("+/8", id="B-10 the other alphabet"),
        pytest.param("-_ 8", id="B-10 space"),
        pytest.param("-_8\n", id="B-10 line end"),
        pytest.param("\t-_8", id="tab"),
        pytest.param("-_9", id="B-10 non-zero trailing bits of two"),
        pytest.param("AB", id="non-zero trailing bits of four"),
        pytest.param("A", id="impossible length"),
        pytest.param("AAAAA", id="impossible length after a full group"),
        pytest.param("AA.A", id="dot"),
        pytest.param("ÄÄÄÄ", id="letters beyond ASCII"),
        pytest.param("\uff21\uff21", id="wide letters"),
        pytest.param("٣٣", id="foreign digits"),
        pytest.param("\0AAA", id="NUL"),
    ],
)
def test_every_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not base64url") as caught:
        base64url.decode(text)
    assert str(caught.value).isprintable()
