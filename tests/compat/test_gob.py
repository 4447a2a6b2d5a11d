"""Go's encoding, byte for byte, against the examples that Go's own documentation prints."""

import pytest

from kubelogin_py.compat import gob

POINT = gob.StructOf("Point", (("X", gob.INT), ("Y", gob.INT)))


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        pytest.param(0, "00", id="zero"),
        pytest.param(7, "07", id="small"),
        pytest.param(127, "7f", id="largest single byte"),
        pytest.param(128, "ff80", id="smallest with a count"),
        pytest.param(255, "ffff", id="one byte"),
        pytest.param(256, "fe0100", id="two bytes"),
        pytest.param(70000, "fd011170", id="three bytes"),
    ],
)
def test_unsigned_integers(number, encoded):
    assert gob.unsigned(number).hex() == encoded


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        pytest.param(2, "04", id="positive"),
        pytest.param(64, "ff80", id="positive of two bytes"),
        pytest.param(-1, "01", id="minus one"),
        pytest.param(-64, "7f", id="largest negative single byte"),
        pytest.param(-65, "ff81", id="negative of two bytes"),
        pytest.param(-129, "fe0101", id="the documentation's example"),
    ],
)
def test_signed_integers(number, encoded):
    assert gob.signed(number).hex() == encoded


def test_a_struct_and_its_definition_are_as_the_documentation_prints_them():
    """The stream of ``Point{22, 33}`` in the documentation, written by a Go that counted from 65."""
    stream = gob.definitions(POINT, 65) + gob.message(65, gob.struct(gob.signed(22), gob.signed(33)))

    assert stream.hex() == (
        "1fff8103010105506f696e7401ff82000102010158010400010159010400000007ff82012c014200"
    )  # fmt: skip


def test_a_field_left_out_lengthens_the_distance_to_the_next():
    assert gob.struct(None, gob.signed(33)).hex() == "024200"
    assert gob.struct(None, None).hex() == "00"


def test_strings_count_bytes_and_need_not_be_text():
    assert gob.text("é".encode()).hex() == "02c3a9"
    assert gob.text(b"\xff").hex() == "01ff"


def test_a_type_used_twice_is_defined_once():
    strings = gob.SliceOf("[]string", gob.STRING)

    once = gob.definitions(gob.StructOf("T", (("A", strings),)))
    twice = gob.definitions(gob.StructOf("T", (("A", strings), ("B", strings))))

    assert once.count(b"[]string") == twice.count(b"[]string") == 1
