"""Token requests as forms, token responses as token sets."""

import json
from base64 import urlsafe_b64encode

import pytest

from kubelogin_py.errors import OAuthError, ProviderError, RefusedRefreshError, TransientError
from kubelogin_py.oidc import tokens
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret

CANARY = "canary-token"
GOOD = {
    "access_token": "a",
    "token_type": "Bearer",
    "id_token": "h.p.s",
    "refresh_token": "r",
    "expires_in": 300,
    "scope": "openid",
}


def answer(document, status=200, content_type="application/json"):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Response("https://id.example.com/token", status, {"content-type": content_type}, body)


def read(**changes):
    """Read a good response with these changes; ``...`` leaves a member out."""
    document = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return tokens.read_token_response(answer(document))


def test_code_form_repeats_the_redirect_uri_and_proves_the_verifier():
    form = tokens.code_form(Secret("c"), redirect_uri="http://localhost:8000", code_verifier=Secret("v"))
    assert form == [
        ("grant_type", "authorization_code"),
        ("code", Secret("c")),
        ("redirect_uri", "http://localhost:8000"),
        ("code_verifier", Secret("v")),
    ]


def test_code_form_leaves_out_what_the_request_did_not_have():
    form = tokens.code_form(Secret("c"), redirect_uri=None, code_verifier=None)
    assert form == [("grant_type", "authorization_code"), ("code", Secret("c"))]


def test_refresh_form_has_no_scope_unless_told():
    assert tokens.refresh_form(Secret("r")) == [("grant_type", "refresh_token"), ("refresh_token", Secret("r"))]
    assert tokens.refresh_form(Secret("r"), "openid")[-1] == ("scope", "openid")


def test_device_form_polls_with_the_device_code():
    grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
    assert tokens.device_form(Secret("d")) == [grant, ("device_code", Secret("d"))]
    assert tokens.device_form(Secret("d"), code_verifier=Secret("v"))[-1] == ("code_verifier", Secret("v"))


def test_forms_of_the_grants_without_a_browser():
    assert tokens.password_form("u", Secret("p"), scope="openid") == [
        ("grant_type", "password"),
        ("username", "u"),
        ("password", Secret("p")),
        ("scope", "openid"),
    ]
    assert tokens.client_credentials_form(scope=None, extra_params=(("audience", "x"),)) == [
        ("grant_type", "client_credentials"),
        ("audience", "x"),
    ]


def test_everything_in_a_response_is_read():
    assert read() == TokenSet(
        access_token=Secret("a"),
        id_token=Secret("h.p.s"),
        refresh_token=Secret("r"),
        expires_in=300.0,
        scope="openid",
    )


def test_least_response_is_read_and_other_members_are_ignored():
    response = answer({"access_token": "a", "token_type": "bearer", "not_before_policy": 0, "x": {"y": [1]}})
    assert tokens.read_token_response(response) == TokenSet(access_token=Secret("a"))


def test_token_set_shown_by_accident_shows_nothing():
    shown = repr(read(access_token=CANARY, id_token=CANARY, refresh_token=CANARY))
    assert CANARY not in shown


@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "BEARER", "bEARER"])
def test_bearer_in_any_case(token_type):
    """B-42."""
    assert read(token_type=token_type).access_token == Secret("a")


@pytest.mark.parametrize("token_type", [..., None, "", "mac", "DPoP", "Bearer1", " bearer", 7, True, ["bearer"]])
def test_other_token_types_are_refused(token_type):
    """B-42."""
    with pytest.raises(ProviderError, match="token_type"):
        read(token_type=token_type)


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (3600, 3600.0),
        (0.5, 0.5),
        ("3600", 3600.0),
        ("3600.5", 3600.5),
        (..., None),
        (None, None),
        (True, None),
        (-1, None),
        ("-1", None),
        (0, None),
        (10**18, None),
        ("1" * 20, None),
        ("1e3", None),
        ("1_000", None),
        ("\u0663", None),
        ("", None),
        ("soon", None),
        ([3600], None),
    ],
)
def test_expires_in_is_read_or_forgotten_and_never_fatal(expires_in, seconds):
    """B-43."""
    assert read(expires_in=expires_in).expires_in == seconds


@pytest.mark.parametrize("access_token", [..., None, ""])
def test_response_without_access_token_is_refused(access_token):
    """B-44."""
    with pytest.raises(ProviderError, match=r"answer of id\.example\.com has no access_token"):
        read(access_token=access_token)


@pytest.mark.parametrize("name", ["access_token", "id_token", "refresh_token"])
@pytest.mark.parametrize(
    "value",
    [
        "canary-token\n",
        "canary-token\r\nImpersonate-User: admin",
        "canary token",
        "canary-t\u00f6ken",
        "\x00",
        7,
        True,
        {},
    ],
)
def test_token_that_could_not_travel_in_a_header_is_refused_and_not_shown(name, value):
    """B-44."""
    with pytest.raises(ProviderError, match=f"malformed {name}") as refused:
        read(**{name: value})
    assert "canary" not in refused.value.message


@pytest.mark.parametrize("name", ["id_token", "refresh_token", "scope"])
@pytest.mark.parametrize("value", [..., None, ""])
def test_empty_member_is_as_if_absent(name, value):
    """B-45, B-47."""
    assert getattr(read(**{name: value}), name) is None


def test_scope_of_another_type_is_as_if_absent():
    assert read(scope=["openid"]).scope is None


@pytest.mark.parametrize(
    "document",
    [
        {**GOOD, "access_token": CANARY, "token_type": "mac"},
        {"refresh_token": CANARY, "token_type": "bearer"},
        b'{"access_token": "canary-token", "access_token": "canary-token"}',
        b'{"access_token": "canary-token", "expires_in": NaN}',
        b'{"access_token": "canary-token"',
        b"canary-token",
    ],
)
def test_response_that_can_not_be_used_is_never_shown(document):
    with pytest.raises(ProviderError) as refused:
        tokens.read_token_response(answer(document))
    assert CANARY not in refused.value.message
    assert refused.value.__cause__ is None


def test_request_is_named_in_the_message():
    with pytest.raises(OAuthError, match="code exchange was refused"):
        tokens.read_token_response(answer({"error": "invalid_grant"}, 400), what="code exchange")


def test_refresh_response_is_a_token_set():
    """B-46, B-47: what is missing is for the caller to keep or ask again."""
    assert tokens.read_refresh_response(answer({"access_token": "a", "token_type": "bearer"})) == TokenSet(Secret("a"))
    assert tokens.read_refresh_response(answer(GOOD)) == read()


@pytest.mark.parametrize("status", [200, 400, 401, 403])
@pytest.mark.parametrize("code", ["invalid_grant", "invalid_request", "interaction_required", "login_required"])
def test_dead_refresh_token_needs_a_new_sign_in(code, status):
    """B-49."""
    with pytest.raises(RefusedRefreshError, match="gone") as refused:
        tokens.read_refresh_response(answer({"error": code, "error_description": "gone"}, status))
    assert refused.value.error == code


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("body", [b"", b" \n"])
def test_empty_refusal_of_a_refresh_is_a_refusal(status, body):
    with pytest.raises(RefusedRefreshError, match=f"status {status}"):
        tokens.read_refresh_response(answer(body, status))


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"])
def test_refused_client_keeps_the_token_and_names_the_setting(code):
    """B-49."""
    with pytest.raises(OAuthError) as refused:
        tokens.read_refresh_response(answer({"error": code}, 401))
    assert not isinstance(refused.value, RefusedRefreshError)
    assert refused.value.hint


@pytest.mark.parametrize("code", ["Invalid_Grant", "invalid_grant1", "INVALID_REQUEST", "unknown"])
def test_only_the_exact_codes_kill_a_refresh_token(code):
    with pytest.raises(OAuthError) as refused:
        tokens.read_refresh_response(answer({"error": code}, 400))
    assert not isinstance(refused.value, RefusedRefreshError)


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(answer(b"<html>", 200, "text/html"), id="portal with 200"),
        pytest.param(answer(b"<html>", 400, "text/html"), id="page with 400"),
        pytest.param(answer(b"<html>", 403, "text/html"), id="page with 403"),
        pytest.param(answer(b"not found", 404, "text/plain"), id="text with 404"),
        pytest.param(answer(b"", 200), id="empty with 200"),
        pytest.param(answer(b"", 302), id="redirect"),
        pytest.param(answer({"error": "invalid_grant"}, 500), id="invalid_grant with 500"),
        pytest.param(answer({"error": "invalid_grant"}, 429), id="invalid_grant with 429"),
        pytest.param(answer(b"", 503), id="503"),
        pytest.param(answer({"error": "temporarily_unavailable"}, 400), id="temporarily_unavailable"),
    ],
)
def test_answer_that_says_nothing_about_the_token_is_transient(response):
    """B-50."""
    with pytest.raises(TransientError) as transient:
        tokens.read_refresh_response(response)
    assert transient.value.hint


def test_json_that_is_no_refresh_response_is_the_providers_fault():
    with pytest.raises(ProviderError):
        tokens.read_refresh_response(answer({"token_type": "bearer"}))


def jwt(payload):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return f"e30.{urlsafe_b64encode(body).rstrip(b'=').decode()}.c2ln"


@pytest.mark.parametrize(
    ("token", "seconds"),
    [
        pytest.param(jwt({"nbf": 1700000000}), 1700000000.0, id="B-51 integer"),
        pytest.param(jwt({"nbf": 1700000000.5}), 1700000000.5, id="B-51 fraction"),
        pytest.param(jwt({"exp": 1}), None, id="no nbf"),
        pytest.param(jwt({"nbf": "1700000000"}), None, id="string"),
        pytest.param(jwt({"nbf": True}), None, id="boolean"),
        pytest.param(jwt({"nbf": None}), None, id="null"),
        pytest.param(jwt([1700000000]), None, id="a list"),
        pytest.param(jwt(b"{" * 50_000), None, id="nested"),
        pytest.param(jwt(b"\xff"), None, id="not UTF-8"),
        pytest.param(jwt(b'{"nbf": 1e999}'), None, id="infinite"),
        pytest.param(jwt(b'{"nbf": 1, "nbf": 2}'), None, id="twice"),
        pytest.param(jwt({"nbf": 1}) + ".x.y", None, id="five parts"),
        pytest.param(jwt({"nbf": 1}).replace(".", ".!", 1), None, id="not base64url"),
        pytest.param(jwt({"nbf": 1, "x": "y" * 200_000}), None, id="huge"),
        pytest.param("opaque", None, id="opaque"),
        pytest.param("a.b.c", None, id="three parts"),
        pytest.param("..", None, id="three empty parts"),
        pytest.param("\u00e9.\u00e9.\u00e9", None, id="not ASCII"),
        pytest.param("", None, id="empty"),
    ],
)
def test_refresh_token_that_names_its_hour(token, seconds):
    """B-51."""
    assert tokens.refresh_not_before(Secret(token)) == seconds
