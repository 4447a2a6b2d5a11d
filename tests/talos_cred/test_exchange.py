"""The wire format: every answer that a server of any version gives."""

import json

import pytest

from kubelogin_py import Secret
from kubelogin_py.errors import Error
from kubelogin_py.response import Response
from talos_cred import exchange
from talos_cred.errors import ExchangeBusyError, ExchangeError, PolicyError, TokenRefusedError

NOW = 1_800_000_000.0
URL = "https://exchange.example.test/exchange"
GOOD = {"ca": "CA", "cert": "CERT", "key": "KEY", "endpoints": ["10.0.0.1"], "ttl_seconds": 300}


def answer(status: int, body: object, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(URL, status, headers, raw)


def read(body: object) -> exchange.Answer:
    return exchange.read_answer(answer(200, body), now=NOW)


def test_the_request_is_the_token_alone() -> None:
    """Exactly what talosctl-oidc sends, so that every server understands it."""
    assert json.loads(exchange.Request(Secret("eyJ")).body()) == {"id_token": "eyJ"}


def test_a_signing_request_is_one_more_member() -> None:
    assert json.loads(exchange.Request(Secret("eyJ"), "PEM").body()) == {"id_token": "eyJ", "csr": "PEM"}


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("https://a", "https://a/exchange"),
        ("https://a/", "https://a/exchange"),
        ("https://a/t/", "https://a/t/exchange"),
    ],
)
def test_requests_go_below_the_servers_address(server: str, url: str) -> None:
    assert exchange.endpoint_url(server) == url


def test_a_full_answer() -> None:
    assert read(GOOD) == exchange.Answer("CA", "CERT", Secret("KEY"), ("10.0.0.1",), 300.0)


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"endpoints": None}, "endpoints", ()),
        ({"key": ""}, "key", None),
        ({"key": None}, "key", None),
        ({"ttl_seconds": "five"}, "ttl", None),
        ({"ttl_seconds": -1}, "ttl", -1.0),
        ({"more": {"a": [1]}}, "ttl", 300.0),
    ],
)
def test_odd_answers_of_real_servers_are_read(change: dict[str, object], field: str, expected: object) -> None:
    assert getattr(read({**GOOD, **change}), field) == expected


@pytest.mark.parametrize("name", ["key", "endpoints", "ttl_seconds"])
def test_what_is_not_needed_may_be_missing(name: str) -> None:
    assert read({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"[]",
        b"{",
        b"\xff",
        b'{"ca":"a","ca":"b"}',
        {**GOOD, "cert": ""},
        {**GOOD, "cert": 5},
        {**GOOD, "ca": None},
        {**GOOD, "key": ["KEY"]},
        {**GOOD, "endpoints": "10.0.0.1"},
        {**GOOD, "endpoints": [1]},
    ],
    ids=range(12),
)
def test_what_is_no_answer_is_refused(body: object) -> None:
    with pytest.raises(ExchangeError, match="exchange"):
        read(body)


QUIRKS = [
    ("V0 detail", 401, {"error": "invalid token: aud mismatch"}, TokenRefusedError, "client id"),
    ("V3 bare", 401, {"error": "invalid token"}, TokenRefusedError, "log"),
    ("V0 issuer", 401, {"error": "invalid token: issuer mismatch"}, TokenRefusedError, "issuer_url"),
    ("no role", 403, {"error": "no roles assigned - user does not match any RBAC rules"}, PolicyError, "groups"),
    ("address, by middleware", 403, b'{"error": "IP not allowed"}', PolicyError, "allowlist"),
    ("kubectl's token", 403, {"error": "the ID token was issued to another client"}, PolicyError, "client of its own"),
    ("V1 large", 400, {"error": "invalid JSON"}, ExchangeError, "too large"),
    ("V3 large", 413, {"error": "request body too large or unreadable"}, ExchangeError, "too large"),
    ("csr refused", 400, {"error": "invalid csr"}, ExchangeError, "--key-type"),
    ("no token", 400, {"error": "id_token is required"}, ExchangeError, "--server"),
    ("method", 405, {"error": "method not allowed"}, ExchangeError, "--server"),
    ("path", 404, b"404 page not found\n", ExchangeError, "/exchange"),
    ("redirect", 307, b"", ExchangeError, "--server"),
    ("limit", 429, {"error": "rate limit exceeded"}, ExchangeBusyError, "rate limit"),
    ("no certificate", 500, {"error": "failed to generate certificate"}, ExchangeBusyError, "log"),
    ("ingress", 502, b"<html>Bad gateway</html>", ExchangeBusyError, "proxy"),
    ("provider down", 503, {"error": "identity provider unreachable"}, ExchangeBusyError, "provider"),
    ("no content", 204, b"", ExchangeError, "another program"),
    ("not modified", 304, b"", ExchangeError, "answers itself"),
    ("teapot", 418, b"short and stout", ExchangeError, "--server"),
]


@pytest.mark.parametrize(
    ("status", "body", "kind", "hint"), [row[1:] for row in QUIRKS], ids=[row[0] for row in QUIRKS]
)
def test_every_refusal_has_a_cause_and_a_cure(status: int, body: object, kind: type[Error], hint: str) -> None:
    with pytest.raises(kind) as refused:
        exchange.read_answer(answer(status, body), now=NOW)
    assert type(refused.value) is kind
    assert hint in (refused.value.hint or "")
    assert "html" not in refused.value.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("60", 60.0), ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0), ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    with pytest.raises(ExchangeBusyError) as busy:
        exchange.read_answer(answer(429, {}, **{"retry-after": value}), now=NOW)
    assert busy.value.retry_after == seconds


def test_how_long_to_wait_is_said() -> None:
    with pytest.raises(ExchangeBusyError) as refused:
        exchange.read_answer(answer(429, {}, **{"retry-after": "90"}), now=NOW)
    assert "in 90 s" in (refused.value.hint or "")
    assert refused.value.retry_after == 90


def test_a_servers_words_cannot_rewrite_the_screen() -> None:
    with pytest.raises(ExchangeError) as refused:
        exchange.read_answer(answer(400, {"error": "\x1b[2Jgone\n" + "x" * 9999}), now=NOW)
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 600


@pytest.mark.parametrize(("date", "words"), [("07:50:00", "600 s behind"), ("08:10:00", "600 s ahead")])
def test_a_refused_token_and_a_wrong_clock_are_told_together(date: str, words: str) -> None:
    """T-12: ten minutes between two clocks are the likely cause, so they are said first."""
    with pytest.raises(TokenRefusedError) as refused:
        exchange.read_answer(answer(401, {}, date=f"Fri, 15 Jan 2027 {date} GMT"), now=NOW)
    assert words in (refused.value.hint or "")


def test_the_token_shows_in_no_text() -> None:
    assert "eyJsecret" not in repr(exchange.Request(Secret("eyJsecret")))
