"""A session's document: what is written is read back, and nothing odd is read at all."""

import json

import pytest

from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.storage.record import BrokenRecordError, NewerRecordError, parse, render

WHOLE = Session(
    issuer="https://id.example.com/ü",
    client_id="kubernetes",
    id_token=Secret("header.claims.signature"),
    access_token=Secret("access"),
    refresh_token=Secret('refresh \n"\u2028 é'),
    expires_at=1_800_000_000.5,
    lifetime=120.0,
    scope="email openid",
    nonce_sha256="0f" * 32,
    refresh_sent_at=1_799_999_000.0,
)
BARE = Session(issuer="https://id.example.com", client_id="kubernetes")


def changed(**members: object) -> bytes:
    return json.dumps({**json.loads(render(WHOLE)), **members}).encode()


@pytest.mark.parametrize("session", [WHOLE, BARE], ids=["whole", "bare"])
def test_what_is_written_is_read_back(session: Session) -> None:
    assert parse(render(session)) == session


def test_the_document_says_its_format_and_writer() -> None:
    """Another version must be able to tell what it has before it."""
    members = json.loads(render(WHOLE))
    assert members["format"] == 1
    assert members["written_by"].startswith("kubelogin-py ")


BROKEN = {
    "empty": b"",
    "truncated": render(WHOLE)[:-20],
    "binary": bytes(range(256)),
    "nul": render(WHOLE) + b"\x00",
    "two-documents": render(WHOLE) * 2,
    "list": b"[]",
    "string": b'"session"',
    "deep": b"[" * 100_000,
    "no-format": json.dumps({"issuer": "x", "client_id": "y", "scope": ""}).encode(),
    "format-text": changed(format="1"),
    "format-boolean": changed(format=True),
    "format-zero": changed(format=0),
    "format-fraction": changed(format=1.0),
    "issuer-missing": json.dumps({k: v for k, v in json.loads(render(WHOLE)).items() if k != "issuer"}).encode(),
    "issuer-null": changed(issuer=None),
    "issuer-number": changed(issuer=1),
    "client-list": changed(client_id=["kubernetes"]),
    "scope-list": changed(scope=["openid"]),
    "id-token-number": changed(id_token=1),
    "id-token-empty": changed(id_token=""),
    "refresh-token-object": changed(refresh_token={}),
    "refresh-token-surrogate": render(BARE).replace(b'"refresh_token":null', b'"refresh_token":"\\ud800"'),
    "expiry-text": changed(expires_at="1800000000"),
    "expiry-boolean": changed(expires_at=True),
    "expiry-negative": changed(expires_at=-1),
    "expiry-absurd": changed(expires_at=1e12),
    "expiry-nan": render(BARE).replace(b'"expires_at":null', b'"expires_at":NaN'),
    "expiry-infinite": render(BARE).replace(b'"expires_at":null', b'"expires_at":1e999'),
    "expiry-digits": render(BARE).replace(b'"expires_at":null', b'"expires_at":' + b"9" * 5000),
    "nonce-number": changed(nonce_sha256=1),
    "twice": render(BARE).replace(b'"scope":""', b'"scope":"","issuer":"https://other.example.com"'),
    "utf-16": render(WHOLE).decode().encode("utf-16"),
    "byte-order-mark": b"\xef\xbb\xbf" + render(WHOLE),
}


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN)
def test_b98_a_damaged_document_is_refused_with_a_reason(document: bytes) -> None:
    with pytest.raises(BrokenRecordError) as caught:
        parse(document)
    assert caught.value.message
    assert "refresh" not in caught.value.message.replace("refresh_token", "")
    assert "claims" not in caught.value.message


def test_b98_a_newer_format_is_told_from_a_damaged_one() -> None:
    """Also when its members mean something else by then."""
    with pytest.raises(NewerRecordError, match="format 2"):
        parse(changed(format=2, issuer=["a", "b"]))


def test_unknown_members_are_no_fault() -> None:
    assert parse(changed(colour="blue")) == WHOLE
