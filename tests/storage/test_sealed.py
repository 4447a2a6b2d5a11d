"""The envelope of a sealed session: what opens it, and that nothing else does."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from kubelogin_py.errors import StorageError
from kubelogin_py.storage import sealed
from kubelogin_py.storage.files import LIMIT
from kubelogin_py.storage.record import BrokenRecordError, NewerRecordError
from kubelogin_py.storage.sealed import SealingKey
from tests.storage.surroundings import KEY, OTHER_KEY

DOCUMENT = b'{"refresh_token":"canary"}\n'
SEALING_KEY = SealingKey.new()


def envelope(**changed: Any) -> bytes:
    """Return an envelope with some members changed; ``None`` leaves one out."""
    members = json.loads(sealed.seal(DOCUMENT, SEALING_KEY, KEY)) | changed
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


def flipped(text: str, at: int) -> str:
    octets = bytearray(base64.b64decode(text))
    octets[at] ^= 1
    return base64.b64encode(octets).decode()


def test_what_was_sealed_is_found_again() -> None:
    contents = sealed.seal(DOCUMENT, SEALING_KEY, KEY)
    assert sealed.unseal(contents, SEALING_KEY, KEY) == DOCUMENT
    assert sealed.key_name(contents) == SEALING_KEY.name
    assert contents.endswith(b"}\n")
    assert contents.count(b"\n") == 1


def test_nothing_of_it_can_be_read() -> None:
    contents = sealed.seal(DOCUMENT, SEALING_KEY, KEY)
    plain = base64.b64decode(json.loads(contents)["sealed"])
    assert b"canary" not in contents + plain
    assert SEALING_KEY.text.reveal().encode() not in contents
    assert KEY.encode() not in contents


def test_no_two_envelopes_are_alike() -> None:
    """Under one key a nonce must never come twice."""
    made = [json.loads(sealed.seal(DOCUMENT, SEALING_KEY, KEY)) for _ in range(100)]
    assert len({one["nonce"] for one in made}) == 100
    assert len({one["sealed"] for one in made}) == 100


def test_it_belongs_to_its_session() -> None:
    with pytest.raises(BrokenRecordError, match="its seal is broken"):
        sealed.unseal(sealed.seal(DOCUMENT, SEALING_KEY, KEY), SEALING_KEY, OTHER_KEY)


def test_another_key_does_not_open_it() -> None:
    other = SealingKey.new()
    with pytest.raises(BrokenRecordError, match="its seal is broken"):
        sealed.unseal(sealed.seal(DOCUMENT, SEALING_KEY, KEY), other, KEY)
    with pytest.raises(BrokenRecordError, match="its seal is broken"):
        sealed.unseal(envelope(key=other.name), other, KEY)


@pytest.mark.parametrize("member", ["nonce", "sealed"])
@pytest.mark.parametrize("at", [0, 5, -1])
def test_one_bit_breaks_the_seal(member: str, at: int) -> None:
    contents = sealed.seal(DOCUMENT, SEALING_KEY, KEY)
    members = json.loads(contents)
    members[member] = flipped(members[member], at)
    with pytest.raises(BrokenRecordError, match="its seal is broken"):
        sealed.unseal(json.dumps(members).encode(), SEALING_KEY, KEY)


DAMAGED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty"),
    "cut": (lambda: envelope()[:-9], "not JSON"),
    "a list": (lambda: b"[]", "not a JSON object"),
    "a session in plain text": (lambda: b'{"format":1,"refresh_token":"canary"}', "no record number"),
    "no format": (lambda: envelope(format=None), "no format number"),
    "format 0": (lambda: envelope(format=0), "no format number"),
    "format true": (lambda: envelope(format=True), "no format number"),
    "no key": (lambda: envelope(key=None), "key is not the name of a key"),
    "key in capitals": (lambda: envelope(key=SEALING_KEY.name.upper()), "key is not the name of a key"),
    "no nonce": (lambda: envelope(nonce=None), "nonce is not a string"),
    "nonce not base64": (lambda: envelope(nonce="*" * 16), "nonce is not base64"),
    "nonce too short": (lambda: envelope(nonce="AAAA"), "too short"),
    "nonce not ASCII": (lambda: envelope(nonce="ä"), "nonce is not base64"),
    "sealed a number": (lambda: envelope(sealed=1), "sealed is not a string"),
    "sealed too short": (lambda: envelope(sealed=base64.b64encode(b"x" * 15).decode()), "too short"),
}


@pytest.mark.parametrize(("contents", "reason"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_told(contents: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(BrokenRecordError, match=reason) as caught:
        sealed.unseal(contents(), SEALING_KEY, KEY)
    assert "canary" not in caught.value.message


@pytest.mark.parametrize("member", ["format", "record"])
def test_a_newer_version_s_is_told_apart(member: str) -> None:
    """Of the envelope, or of the document in it; without the key, too."""
    with pytest.raises(NewerRecordError, match=f"in {member} 2; this one reads 1"):
        sealed.key_name(envelope(**{member: 2}))


def test_more_than_is_read_again_is_not_sealed() -> None:
    with pytest.raises(StorageError, match="too large"):
        sealed.seal(b"x" * (LIMIT * 3 // 4), SEALING_KEY, KEY)


def test_a_key_hides_itself() -> None:
    text = SEALING_KEY.text.reveal()
    assert len(text) == 43
    assert len(SEALING_KEY.octets) == 32
    assert text not in f"{SEALING_KEY} {SEALING_KEY!r} {SEALING_KEY.name}"
    assert SealingKey.read(text) == SEALING_KEY
    assert SealingKey.new() != SealingKey.new()


@pytest.mark.parametrize("text", ["", "x" * 42, "x" * 44, "x" * 42 + "\n", "x" * 42 + "+", "ü" * 43])
def test_what_is_no_key_is_none(text: str) -> None:
    assert SealingKey.read(text) is None
