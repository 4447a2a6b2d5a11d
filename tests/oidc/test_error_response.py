"""Answers to posted forms: a result, a refusal with its reason, or a passing fault."""

import json

import pytest

from kubelogin_py.errors import OAuthError, ProviderError, TransientError
from kubelogin_py.oidc.error_response import error_code, read_answer
from kubelogin_py.response import Response

WHAT = "token request"
CANARY = "canary-refresh-token"


def answer(document, status=400, content_type="application/json", **headers):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Response("https://id.example.com/token", status, {"content-type": content_type, **headers}, body)


def test_object_of_a_successful_answer_is_returned():
    assert read_answer(answer({"a": 1, "error": None}, 200), WHAT) == {"a": 1, "error": None}


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 428])
def test_error_object_is_an_error_with_any_status(status):
    """B-41."""
    with pytest.raises(OAuthError) as refused:
        read_answer(answer({"error": "invalid_client", "error_description": "who?"}, status), WHAT)
    assert refused.value.message == "token request was refused by id.example.com: invalid_client (who?)"
    assert refused.value.error == "invalid_client"
    assert "client ID" in str(refused.value.hint)


def test_unknown_error_code_is_shown():
    """B-41."""
    with pytest.raises(OAuthError, match="device_not_amused") as refused:
        read_answer(answer({"error": "device_not_amused"}), WHAT)
    assert refused.value.error == "device_not_amused"


@pytest.mark.parametrize("code", ["", 7, True, ["invalid_grant"], {"code": "invalid_grant"}])
@pytest.mark.parametrize("status", [200, 400])
def test_error_that_is_no_name_is_refused(code, status):
    """B-41."""
    with pytest.raises(ProviderError, match="error is not a name") as refused:
        read_answer(answer({"error": code}, status), WHAT)
    assert not isinstance(refused.value, OAuthError)


@pytest.mark.parametrize("description", [7, None, [], "", " \n"])
def test_description_that_says_nothing_is_left_out(description):
    with pytest.raises(OAuthError) as refused:
        read_answer(answer({"error": "invalid_grant", "error_description": description}), WHAT)
    assert refused.value.message.endswith("invalid_grant")


@pytest.mark.parametrize(
    "text", ["\x1b]0;x\x07", "\x9b31m", "a\r\nb", "\u202eb", "a\u200bb", "\u2028", "x" * 100_000, "\x08\x08"]
)
def test_foreign_text_is_escaped_and_cut(text):
    """B-71, B-72."""
    with pytest.raises(OAuthError) as refused:
        read_answer(answer({"error": "e" + text, "error_description": "d" + text}), WHAT)
    assert refused.value.message.isprintable()
    assert refused.value.error.isprintable()
    assert len(refused.value.message) < 1000


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"<html>canary-refresh-token</html>", "text/html"),
        (b"canary-refresh-token", "text/plain"),
        (b'{"message": "canary-refresh-token"}', "application/json"),
        (b'["canary-refresh-token"]', "application/json"),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 418])
def test_failure_that_is_no_oauth_error_names_its_status_and_quotes_nothing(body, content_type, status):
    """B-41."""
    with pytest.raises(ProviderError, match=f"status {status}") as refused:
        read_answer(answer(body, status, content_type), WHAT)
    assert not isinstance(refused.value, OAuthError)
    assert CANARY not in refused.value.message


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_never_followed(status):
    """B-27."""
    with pytest.raises(ProviderError, match="redirect"):
        read_answer(answer(b"", status, location="https://evil.example/token"), WHAT)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_server_fault_is_transient_whatever_it_says(status):
    with pytest.raises(TransientError) as transient:
        read_answer(answer({"error": "invalid_grant"}, status, **{"retry-after": "3"}), WHAT)
    assert transient.value.retry_after == 3.0


@pytest.mark.parametrize("code", ["server_error", "temporarily_unavailable"])
def test_error_code_that_says_so_is_transient(code):
    with pytest.raises(TransientError, match=code):
        read_answer(answer({"error": code}), WHAT)


@pytest.mark.parametrize("status", [201, 202, 204, 206])
def test_only_200_is_success(status):
    with pytest.raises(ProviderError, match=f"status {status}"):
        read_answer(answer({"access_token": CANARY}, status), WHAT)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"access_token": "canary-refresh-token"', b"[1]"])
def test_success_that_is_no_object_is_refused_and_never_shown(body):
    with pytest.raises(ProviderError, match="expected JSON") as refused:
        read_answer(answer(body, 200), WHAT)
    assert CANARY not in refused.value.message


@pytest.mark.parametrize(
    ("document", "code"),
    [({"error": "slow_down"}, "slow_down"), ({"error": 7}, None), ({"error": ""}, None), ({}, None), (b"<html>", None)],
)
def test_error_code_for_a_decision(document, code):
    assert error_code(answer(document)) == code
