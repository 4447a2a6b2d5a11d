"""A document is one JSON object with status 200; what came instead is named and never shown."""

import json

import pytest

from kubelogin_py.errors import MetadataError, ProviderError, TransientError
from kubelogin_py.oidc import documents
from kubelogin_py.response import Response

URL = "https://id.example.com/.well-known/openid-configuration"
CANARY = "canary-in-the-body"


def answer(body=b"{}", *, status=200, content_type="application/json", **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(URL, status, {"content-type": content_type, **fields} if content_type else fields, body)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/jwk-set+json",
        "text/plain",
        "application/octet-stream",
        "",
    ],
)
def test_json_is_read_whatever_harmless_type_it_claims(content_type):
    """B-29."""
    assert documents.read_document(answer(b'{"a": 1}', content_type=content_type), "key set") == {"a": 1}


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "application/x-www-form-urlencoded"],
)
def test_a_page_or_form_is_refused_even_when_it_parses(content_type):
    """B-28, B-29."""
    with pytest.raises(MetadataError, match=r"expected JSON from id\.example\.com, got") as refused:
        documents.read_document(answer(b'{"a": 1}', content_type=content_type), "provider metadata")
    assert content_type.partition(";")[0].lower() in refused.value.message


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="B-28 empty"),
        pytest.param(b"  \n", id="B-28 blank"),
        pytest.param(b"\xef\xbb\xbf{}", id="B-28 UTF-8 byte order mark"),
        pytest.param(json.dumps({"a": CANARY}).encode("utf-16"), id="B-28 UTF-16"),
        pytest.param(json.dumps({"a": CANARY}).encode("utf-16-le"), id="B-28 UTF-16 without mark"),
        pytest.param(b'{"a": "canary-in-the-body', id="B-28 truncated"),
        pytest.param(b"<html>canary-in-the-body</html>", id="B-28 HTML in disguise"),
        pytest.param(b'["canary-in-the-body"]', id="a list"),
        pytest.param(b'"canary-in-the-body"', id="a string"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"a": "\xff canary-in-the-body"}', id="not UTF-8"),
        pytest.param(b'{"a": 1, "a": "canary-in-the-body"}', id="a member twice"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b"[" * 100_000, id="nested without end"),
    ],
)
def test_anything_but_one_json_object_is_refused_and_never_shown(body):
    with pytest.raises(MetadataError) as refused:
        documents.read_document(answer(body), "provider metadata")
    assert refused.value.message.startswith("provider metadata: expected JSON")
    assert "id.example.com" in refused.value.message
    assert CANARY not in refused.value.message
    assert CANARY not in repr(refused.value.__cause__)
    assert len(refused.value.message) < 300


def test_another_content_type_is_named_when_the_content_is_no_json():
    with pytest.raises(MetadataError, match=r"expected JSON from id\.example\.com, got text/plain"):
        documents.read_document(answer(b"hello", content_type="text/plain"), "provider metadata")


def test_foreign_content_type_is_escaped():
    with pytest.raises(MetadataError) as refused:
        documents.read_document(answer(b"hello", content_type="\x1b[31mred/" + "x" * 1000), "provider metadata")
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 300


@pytest.mark.parametrize("status", [201, 204, 301, 302, 304, 400, 401, 403, 404])
def test_any_other_status_is_refused(status):
    with pytest.raises(MetadataError, match=f"status {status}"):
        documents.read_document(answer(status=status), "provider metadata")


def test_not_found_points_at_the_issuer():
    with pytest.raises(MetadataError) as refused:
        documents.read_document(answer(status=404), "provider metadata")
    assert refused.value.hint == "check the issuer URL"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_overload_and_server_faults_are_transient(status):
    with pytest.raises(TransientError, match=f"status {status}"):
        documents.read_document(answer(b"<html>", status=status), "provider metadata")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("999999999", 999999999.0),
        ("1" * 40, None),
        ("-1", None),
        ("1.5", None),
        ("\u0661", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_in_seconds(value, seconds):
    """B-35."""
    with pytest.raises(TransientError) as transient:
        documents.refuse_transient(answer(status=503, retry_after=value), "token request")
    assert transient.value.retry_after == seconds


def test_reading_json_ignores_the_status():
    assert documents.read_json(answer(b'{"error": "x"}', status=400), "token request") == {"error": "x"}
    with pytest.raises(ProviderError):
        documents.read_json(answer(b"", status=400), "token request")
