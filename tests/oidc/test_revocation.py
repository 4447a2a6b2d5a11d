"""A token is given back: what is sent, and which answers mean that it is good for nothing any more."""

import pytest

from kubelogin_py.errors import Error, OAuthError, ProviderError, TransientError
from kubelogin_py.oidc.revocation import ACCESS_TOKEN, REFRESH_TOKEN, check_revoked, revocation_form
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret

URL = "https://id.example.com/revoke"


def response(status: int, body: bytes = b"", media_type: str = "application/json") -> Response:
    return Response(URL, status, {"content-type": media_type}, body)


@pytest.mark.parametrize("kind", [REFRESH_TOKEN, ACCESS_TOKEN])
def test_the_form_names_the_kind(kind: str) -> None:
    """RFC 7009 section 2.1."""
    assert revocation_form(Secret("t"), kind) == [("token", Secret("t")), ("token_type_hint", kind)]


DONE = {
    "empty": response(200),
    "json": response(200, b"{}"),
    "page": response(200, b"<html>", "text/html"),
    "no content": response(204),
}


@pytest.mark.parametrize("answer", DONE.values(), ids=DONE)
def test_a_success_has_no_meaning_beyond_its_status(answer: Response) -> None:
    check_revoked(answer)


FAILED: dict[str, tuple[Response, type[Error]]] = {
    "unsupported": (response(400, b'{"error":"unsupported_token_type"}'), OAuthError),
    "client": (response(401, b'{"error":"invalid_client"}'), OAuthError),
    "error with 200": (response(200, b'{"error":"invalid_request"}'), OAuthError),
    "unavailable": (response(503), TransientError),
    "error 500": (response(500, b"<html>", "text/html"), TransientError),
    "too many": (response(429), TransientError),
    "not there": (response(404, b"<html>", "text/html"), ProviderError),
    "redirect": (response(302), ProviderError),
    "temporarily": (response(400, b'{"error":"temporarily_unavailable"}'), TransientError),
}


@pytest.mark.parametrize(("answer", "error"), FAILED.values(), ids=FAILED)
def test_anything_else_says_what_it_is(answer: Response, error: type[Error]) -> None:
    with pytest.raises(error) as caught:
        check_revoked(answer)
    assert caught.value.message.startswith("revocation request")
