"""Requests to a provider on raw sockets: what is sent, what is accepted, and what is done about what goes wrong."""

import base64
import email.utils
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.http_answer import HEADER_LIMIT
from kubelogin_py.adapters.http_client import BoundedHttp
from kubelogin_py.errors import NotSentError, ProviderError, SettingsError, TransientError
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Tls
from tests.adapters.servers import Behaviour, Conversation, Server, after_request, answering, response
from tests.adapters.ways import WAYS, chosen, way

LIMIT = 4096
SPREAD = 0.51
"""By how much a pause may be shorter or longer."""
HEAD = b"HTTP/1.1 200 OK\r\n"


class HurriedClock(SystemClock):
    """The system's clock, but sleeping is only noted."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture(autouse=True, params=WAYS)
def each_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Straight, and by the library that knows proxies."""
    with chosen(request.param):
        yield


@pytest.fixture
def clock() -> HurriedClock:
    return HurriedClock()


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def http(clock: HurriedClock, lines: list[str]) -> BoundedHttp:
    return make_http(clock, lines)


def make_http(
    clock: HurriedClock,
    lines: list[str],
    *,
    headers: tuple[tuple[str, str], ...] = (),
    connect: float = 2,
    total: float = 5,
) -> BoundedHttp:
    return BoundedHttp(
        Tls(insecure_skip_tls_verify=True),
        environment={},
        request_headers=headers,
        on_request=lines.append,
        clock=clock,
        user_agent="kubelogin-py/1.2.3",
        connect_timeout=connect,
        total_timeout=total,
        way=way(),
    )


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Whatever a server did, the thread that talked with it ends soon after it was left alone."""
    yield
    deadline = time.monotonic() + 2
    while any(thread.name == "kubelogin-http" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "an exchange goes on"
        time.sleep(0.01)


def fields(asked: bytes) -> dict[str, str]:
    head = asked.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}


def request(http: BoundedHttp, method: str, url: str) -> Response:
    return http.get(url, limit=LIMIT) if method == "get" else http.post(url, [], limit=LIMIT)


# What is sent


def test_a_document_arrives_with_its_header(http: BoundedHttp, lines: list[str]) -> None:
    date = "Tue, 01 Sep 2026 10:00:00 GMT"
    with Server(answering(response(200, b'{"a": 1}', Date=date, Content_Type="application/json"))) as server:
        answer = http.get(server.url("/.well-known/openid-configuration?secret=1"), limit=LIMIT)
    assert (answer.status, answer.body, answer.headers["date"]) == (200, b'{"a": 1}', date)
    assert answer.headers["content-type"] == "application/json"
    assert answer.url == server.url("/.well-known/openid-configuration")
    asked = server.requests[0]
    assert asked.startswith(b"GET /.well-known/openid-configuration?secret=1 HTTP/1.1\r\n")
    sent = fields(asked)
    assert sent["host"] == f"127.0.0.1:{server.port}"
    assert sent["user-agent"] == "kubelogin-py/1.2.3"
    assert sent["accept-encoding"] == "identity"
    assert sent["connection"] == "close"
    assert lines[0].startswith(f"GET 127.0.0.1:{server.port} /.well-known/openid-configuration 200 0.")
    assert "secret" not in lines[0]


@pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 404, 418])
def test_other_statuses_of_a_get_are_the_callers(http: BoundedHttp, status: int) -> None:
    body = b"" if status in {204, 304} else b"why"
    with Server(answering(response(status, body))) as server:
        answer = http.get(server.url(), limit=LIMIT)
    assert (answer.status, answer.body) == (status, body)


def test_a_form_is_sent_in_order_and_encoded(http: BoundedHttp) -> None:
    form: list[tuple[str, str | Secret]] = [
        ("grant_type", "refresh_token"),
        ("refresh_token", Secret("a+b &=%é")),
        ("scope", "openid email"),
    ]
    with Server(answering(response(200, b"{}"))) as server:
        http.post(server.url("/token"), form, limit=LIMIT)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token HTTP/1.1\r\n")
    sent = fields(server.requests[0])
    assert sent["content-type"] == "application/x-www-form-urlencoded"
    assert sent["content-length"] == str(len(body))
    assert parse_qsl(body.decode("ascii")) == [
        ("grant_type", "refresh_token"),
        ("refresh_token", "a+b &=%é"),
        ("scope", "openid email"),
    ]
    assert "authorization" not in sent


def test_basic_credentials_are_form_encoded_first(http: BoundedHttp) -> None:
    with Server(answering(response())) as server:
        http.post(server.url(), [("a", "b")], limit=LIMIT, basic=("my:client", Secret("p@ss wörd%")))
    scheme, _, value = fields(server.requests[0])["authorization"].partition(" ")
    assert (scheme, base64.b64decode(value)) == ("Basic", b"my%3Aclient:p%40ss+w%C3%B6rd%25")


def test_request_headers_go_with_every_request(clock: HurriedClock, lines: list[str]) -> None:
    """Only the client's own credentials come before an Authorization field of the settings."""
    http = make_http(clock, lines, headers=(("X-Tenant", "blue"), ("Authorization", "Bearer gate"), ("Accept", "a/b")))
    with Server(answering(response())) as server:
        http.get(server.url(), limit=LIMIT)
        http.post(server.url(), [], limit=LIMIT)
        http.post(server.url(), [], limit=LIMIT, basic=("id", Secret("s")))
    sent = [fields(asked) for asked in server.requests]
    assert [one["x-tenant"] for one in sent] == ["blue"] * 3
    assert [one["accept"] for one in sent] == ["a/b"] * 3
    assert [one["authorization"] for one in sent] == ["Bearer gate", "Bearer gate", "Basic aWQ6cw=="]


def test_an_unfit_request_header_is_refused_at_once(clock: HurriedClock, lines: list[str]) -> None:
    with pytest.raises(SettingsError, match="Host"):
        make_http(clock, lines, headers=(("Host", "evil.example"),))


def test_nothing_is_remembered_or_read_from_elsewhere(
    http: BoundedHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cookie comes back, no netrc file is read, no proxy or certificate variable of ``requests`` counts."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with Server(answering(response(200, b"{}", Set_Cookie="session=1; Path=/"))) as server:
        http.get(server.url(), limit=LIMIT)
        http.get(server.url(), limit=LIMIT)
    assert server.connections == 2
    for asked in server.requests:
        assert not {"cookie", "authorization"} & set(fields(asked))


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/x", "http://id.example.com/x?code=1", "ftp://127.0.0.1/", "file:///etc/passwd", "/x", ""]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_not_https_or_loopback_is_refused_before_any_packet(
    http: BoundedHttp, lines: list[str], monkeypatch: pytest.MonkeyPatch, url: str, method: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    with pytest.raises(ProviderError) as caught:
        request(http, method, url)
    assert "code=1" not in str(caught.value)
    assert lines == []


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_the_same_origin_is_followed(http: BoundedHttp, status: int) -> None:
    with Server(answering(response(status, b"", Location="/other?a=b#c"), response(200, b"there"))) as server:
        answer = http.get(server.url(), limit=LIMIT)
    assert (answer.status, answer.body, answer.url) == (200, b"there", server.url("/other"))
    assert server.requests[1].startswith(b"GET /other?a=b HTTP/1.1\r\n")


def test_the_fourth_redirect_is_refused(http: BoundedHttp) -> None:
    with (
        Server(answering(response(302, b"", Location="/again"))) as server,
        pytest.raises(ProviderError, match="more than 3 redirects"),
    ):
        http.get(server.url(), limit=LIMIT)
    assert server.connections == 4


def test_a_redirect_to_another_origin_is_refused(http: BoundedHttp) -> None:
    """Both ends are named, without their queries, and the other one hears nothing."""
    with (
        Server(answering(response())) as other,
        Server(answering(response(302, b"", Location=other.url("/x?code=1")))) as server,
        pytest.raises(ProviderError) as caught,
    ):
        http.get(server.url("/document?state=2"), limit=LIMIT)
    assert str(caught.value) == f"GET {server.url()}: a redirect to {other.url('/x')} is refused"
    assert other.connections == 0


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirected_post_is_not_sent_again(http: BoundedHttp, status: int) -> None:
    with (
        Server(answering(response())) as other,
        Server(answering(response(status, b"", Location=other.url("/x?y=z")))) as server,
        pytest.raises(ProviderError) as caught,
    ):
        http.post(server.url("/token"), [("code", Secret("hunter2"))], limit=LIMIT)
    assert str(caught.value) == f"POST {server.url('/token')}: a redirect to {other.url('/x')} is refused"
    assert (server.connections, other.connections) == (1, 0)


# Limits


def chunked(*chunks: bytes) -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


def test_a_body_of_just_the_limit_is_accepted(http: BoundedHttp) -> None:
    whole = b"x" * LIMIT
    with Server(answering(response(200, whole), chunked(*[b"x"] * LIMIT), HEAD + b"\r\n" + whole)) as server:
        for _ in range(3):
            assert http.get(server.url(), limit=LIMIT).body == whole


FLOODS: dict[str, tuple[bytes, bytes]] = {
    "one byte more": (HEAD + b"\r\n" + b"x" * (LIMIT + 1), b""),
    "announced": (HEAD + b"Content-Length: 1000000000000\r\n\r\n", b""),
    "endless": (HEAD + b"\r\n", b"x" * 1000),
    "more than announced": (HEAD + b"Content-Length: -5\r\n\r\n", b"x" * 1000),
    "endless chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nxxxxx\r\n"),
    "one endless chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", b"x" * 1000),
    "negative chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"x" * 1000),
    "endless trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n"),
    "endless interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize(("begin", "endless"), FLOODS.values(), ids=list(FLOODS))
def test_a_body_over_the_limit_is_refused(http: BoundedHttp, begin: bytes, endless: bytes) -> None:
    """B-30: reading ends near the limit, whatever the length fields say."""

    def behave(conversation: Conversation) -> None:
        conversation.read_request()
        conversation.send(begin)
        if endless:
            conversation.flood(endless)

    with Server(behave) as server, pytest.raises(ProviderError, match=f"larger than {LIMIT} bytes"):
        http.get(server.url(), limit=LIMIT)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"a: " + b"x" * 1000 + b"\r\n", id="too-many-lines"),
        pytest.param(b"x" * 70000, id="endless-line"),
    ],
)
def test_an_endless_header_is_refused(http: BoundedHttp, head: bytes) -> None:
    def behave(conversation: Conversation) -> None:
        conversation.read_request()
        conversation.send(HEAD)
        conversation.flood(head)

    with Server(behave) as server, pytest.raises(ProviderError):
        http.get(server.url(), limit=LIMIT)


def test_a_large_header_is_refused(http: BoundedHttp) -> None:
    large = "".join(f"X-{number}: {'x' * 60000}\r\n" for number in range(2)).encode()
    assert len(large) > HEADER_LIMIT
    with (
        Server(answering(HEAD + large + b"Content-Length: 2\r\n\r\n{}")) as server,
        pytest.raises(ProviderError, match="header of the answer is larger"),
    ):
        http.get(server.url(), limit=1 << 20)


def test_a_compressed_body_is_refused(http: BoundedHttp) -> None:
    with (
        Server(answering(response(200, b"\x1f\x8b...", Content_Encoding="gzip"))) as server,
        pytest.raises(ProviderError, match="encoded as gzip"),
    ):
        http.get(server.url(), limit=LIMIT)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(response(503, b"x" * (LIMIT + 1)), id="large"),
        pytest.param(response(503, b"\x1f\x8b", Content_Encoding="gzip"), id="compressed"),
    ],
)
def test_an_unfit_error_page_does_not_hide_that_the_provider_is_out_of_order(http: BoundedHttp, answer: bytes) -> None:
    with Server(answering(answer)) as server:
        with pytest.raises(TransientError):
            http.get(server.url(), limit=LIMIT)
        assert http.post(server.url(), [], limit=LIMIT).status == 503


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 abc Huh\r\n\r\n",
        HEAD + b"a: b\r\n" * 101,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nxx\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    ],
    ids=["ssh", "binary", "status", "fields", "chunk", "lengths"],
)
def test_what_is_not_http_is_refused(http: BoundedHttp, answer: bytes) -> None:
    with Server(answering(answer)) as server, pytest.raises(ProviderError, match="malformed HTTP"):
        http.get(server.url(), limit=LIMIT)


# Time

SLOW: dict[str, Behaviour] = {
    "no answer": Conversation.wait,
    "no answer to the request": after_request(Conversation.wait),
    "header drip": after_request(lambda conversation: conversation.drip(b"HTTP/1.1 200 OK\r\nA: b")),
    "interim drip": after_request(lambda conversation: conversation.drip(b"HTTP/1.1 100 Continue\r\n\r\n", 0.01)),
    "body drip": after_request(
        lambda conversation: (conversation.send(HEAD + b"\r\n"), conversation.drip(b"x"))[1]  # type: ignore[func-returns-value]
    ),
    "half a body": after_request(
        lambda conversation: (conversation.send(HEAD + b"Content-Length: 9\r\n\r\nx"), conversation.wait())[1]  # type: ignore[func-returns-value]
    ),
}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("behaviour", SLOW.values(), ids=list(SLOW))
def test_a_slow_server_is_left_at_the_deadline(
    clock: HurriedClock, lines: list[str], behaviour: Behaviour, method: str
) -> None:
    """B-31: a deadline for all of it, which no trickle of bytes puts off; and it is tried once."""
    http = make_http(clock, lines, connect=0.2, total=0.3)
    begin = time.monotonic()
    with Server(behaviour) as server:
        with pytest.raises(TransientError, match=r"i/o timeout: no complete answer within 0\.3 s") as caught:
            request(http, method, server.url())
        assert time.monotonic() - begin < 5
        assert not isinstance(caught.value, NotSentError)
        assert "temporary" in str(caught.value)
    assert server.connections == 1
    assert len(lines) == 1


def test_a_post_may_be_given_less_time(http: BoundedHttp) -> None:
    begin = time.monotonic()
    with Server(after_request(Conversation.wait)) as server, pytest.raises(TransientError, match=r"within 0\.2 s"):
        http.post(server.url(), [], limit=LIMIT, timeout=0.2)
    assert time.monotonic() - begin < 5


def test_redirects_share_one_deadline(clock: HurriedClock, lines: list[str]) -> None:
    def behave(conversation: Conversation) -> None:
        conversation.read_request()
        conversation.stopped.wait(0.2)
        conversation.send(response(302, b"", Location="/again"))

    begin = time.monotonic()
    with Server(behave) as server, pytest.raises(TransientError, match="i/o timeout"):
        make_http(clock, lines, total=0.3).get(server.url(), limit=LIMIT)
    assert time.monotonic() - begin < 1.5


def test_a_name_lookup_that_hangs_is_left_at_the_deadline(
    clock: HurriedClock, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> None:
        over.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    begin = time.monotonic()
    try:
        with pytest.raises(NotSentError, match=r"i/o timeout: no connection within 0\.2 s"):
            make_http(clock, lines, connect=0.2).post("https://id.example.com/token", [], limit=LIMIT)
        assert time.monotonic() - begin < 5
    finally:
        over.set()


def test_nothing_is_sent_when_a_connection_stands_too_late(
    clock: HurriedClock, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``NotSentError`` is a promise: what was left while it connected does not send after all."""
    real = socket.getaddrinfo

    def late(*arguments: object, **named: object) -> object:
        time.sleep(0.4)
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", late)
    with Server(answering(response())) as server:
        with pytest.raises(NotSentError):
            make_http(clock, lines, connect=0.2).post(server.url(), [("code", "x")], limit=LIMIT)
        time.sleep(0.5)
    assert server.requests == []


def test_the_next_address_of_a_host_is_tried(http: BoundedHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    def two(_host: str, port: int, **_: object) -> list[object]:
        refusing = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
        return [refusing, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with Server(answering(response(200, b"x"))) as server:
        assert http.get(server.url(host="localhost"), limit=LIMIT).body == b"x"


# Again, or not


def test_a_busy_provider_is_asked_again(http: BoundedHttp, clock: HurriedClock, lines: list[str]) -> None:
    busy = response(503, b"busy", Retry_After="3")
    with Server(answering(busy, response(429, b""), response(200, b"x"))) as server:
        assert http.get(server.url(), limit=LIMIT).body == b"x"
    assert (server.connections, clock.slept) == (3, [3.0, pytest.approx(0.5, rel=SPREAD)])
    assert [line.split()[3] for line in lines] == ["503", "429", "200"]


def test_a_busy_provider_is_asked_three_times_at_most(http: BoundedHttp, clock: HurriedClock) -> None:
    with (
        Server(answering(response(429, b"", Retry_After="1"))) as server,
        pytest.raises(TransientError, match=r"answered 429 \(temporary\)") as caught,
    ):
        http.get(server.url(), limit=LIMIT)
    assert (server.connections, clock.slept, caught.value.retry_after) == (3, [1.0, 1.0], 1.0)


@pytest.mark.parametrize(
    ("value", "slept", "asked"),
    [
        ("soon", [0.2, 0.5], None),
        ("-1", [0.2, 0.5], None),
        ("1e3", [0.2, 0.5], None),
        ("9" * 400, [0.2, 0.5], None),
        ("0", [0.0, 0.0], 0.0),
        ("6", [], 6.0),
        ("3600", [], 3600.0),
        ("Tue, 01 Sep 2020 10:00:00 GMT", [0.0, 0.0], 0.0),
    ],
)
def test_waiting_for_a_busy_provider_is_bounded(
    clock: HurriedClock, lines: list[str], value: str, slept: list[float], asked: float | None
) -> None:
    """B-35: it never waits past its own deadline, and what it was asked for is passed on."""
    with Server(answering(response(503, b"", Retry_After=value))) as server, pytest.raises(TransientError) as caught:
        make_http(clock, lines).get(server.url(), limit=LIMIT)
    assert (clock.slept, server.connections) == (pytest.approx(slept, rel=SPREAD), len(slept) + 1)
    assert caught.value.retry_after == asked


def test_waiting_is_ten_seconds_in_all(clock: HurriedClock, lines: list[str]) -> None:
    with Server(answering(response(503, b"", Retry_After="6"))) as server, pytest.raises(TransientError):
        make_http(clock, lines, total=60).get(server.url(), limit=LIMIT)
    assert (clock.slept, server.connections) == ([6.0], 2)


def test_a_date_to_come_back_at(clock: HurriedClock, lines: list[str]) -> None:
    date = email.utils.formatdate(time.time() + 1000, usegmt=True)
    with Server(answering(response(503, b"", Retry_After=date))) as server, pytest.raises(TransientError) as caught:
        make_http(clock, lines).get(server.url(), limit=LIMIT)
    assert caught.value.retry_after == pytest.approx(1000, abs=3)
    assert server.connections == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_another_server_error_is_not_asked_again(http: BoundedHttp, status: int) -> None:
    with (
        Server(answering(response(status, b"{}"))) as server,
        pytest.raises(TransientError, match=rf"GET {server.url()}: the provider answered {status} \(temporary\)"),
    ):
        http.get(server.url(), limit=LIMIT)
    assert server.connections == 1


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500, 503])
def test_any_answer_to_a_post_is_the_callers(http: BoundedHttp, status: int) -> None:
    with Server(answering(response(status, b'{"error": "x"}', Retry_After="1"))) as server:
        answer = http.post(server.url(), [("a", "b")], limit=LIMIT)
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (status, b'{"error": "x"}', "1")
    assert server.connections == 1


# Faults


def test_an_unknown_host(http: BoundedHttp, clock: HurriedClock) -> None:
    url = "https://nonexistent.invalid/.well-known/openid-configuration"
    with pytest.raises(NotSentError) as caught:
        http.get(f"{url}?a=b", limit=LIMIT)
    assert str(caught.value).startswith(f"GET {url}: lookup nonexistent.invalid: no such host")
    assert "temporary" in str(caught.value)
    assert clock.slept == pytest.approx([0.2, 0.5], rel=SPREAD)


def test_a_host_that_no_resolver_takes(http: BoundedHttp) -> None:
    with pytest.raises(NotSentError, match="no such host"):
        http.post(f"https://{'a' * 64}.example/", [], limit=LIMIT)


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_refused_connection(http: BoundedHttp, clock: HurriedClock, lines: list[str], closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}/token"
    with pytest.raises(NotSentError) as caught:
        http.post(url, [], limit=LIMIT)
    assert str(caught.value) == f"POST {url}: connection refused (temporary)"
    assert (clock.slept, len(lines)) == ([], 1)
    assert lines[0].startswith(f"POST 127.0.0.1:{closed_port} /token failed ")


def in_handshake(act: Behaviour) -> Behaviour:
    """Return the behaviour that reads a ClientHello on a plain socket and then does something else."""

    def behave(conversation: Conversation) -> None:
        conversation.connection.recv(65536)
        act(conversation)

    return behave


def https(server: Server) -> str:
    return server.url().replace("http:", "https:")


@pytest.mark.parametrize(
    "act", [Conversation.reset, lambda conversation: conversation.connection.close()], ids=["reset", "closed"]
)
def test_a_connection_lost_in_the_handshake_was_not_sent_on(http: BoundedHttp, act: Behaviour) -> None:
    with Server(in_handshake(act)) as server, pytest.raises(NotSentError, match="temporary"):
        http.post(https(server), [("code", "x")], limit=LIMIT)
    assert server.connections == 1


def test_a_get_is_tried_again_when_no_connection_comes_about(http: BoundedHttp, clock: HurriedClock) -> None:
    with Server(in_handshake(Conversation.reset)) as server, pytest.raises(NotSentError):
        http.get(https(server), limit=LIMIT)
    assert (server.connections, clock.slept) == (3, pytest.approx([0.2, 0.5], rel=SPREAD))


@pytest.mark.parametrize(
    "act", [Conversation.wait, lambda conversation: conversation.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 100)]
)
def test_a_handshake_without_end_is_left(clock: HurriedClock, lines: list[str], act: Behaviour) -> None:
    """It is not tried again either: the time for it is spent."""
    begin = time.monotonic()
    with Server(in_handshake(act)) as server:
        with pytest.raises(NotSentError, match=r"i/o timeout"):
            make_http(clock, lines, connect=0.3).get(https(server), limit=LIMIT)
        assert time.monotonic() - begin < 5
    assert server.connections == 1


LOST: dict[str, tuple[Behaviour, str]] = {
    "reset": (after_request(Conversation.reset), "connection reset by peer"),
    "closed": (after_request(lambda _: None), "the connection was closed without an answer"),
    "cut in the head": (after_request(lambda conversation: conversation.send(b"HTTP/1.1 200")), ""),
    "cut in the body": (answering(HEAD + b"Content-Length: 9\r\n\r\nx"), "the answer broke off"),
    "cut in a chunk": (answering(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nx"), "the answer broke off"),
    "cut between chunks": (answering(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"), "the answer broke off"),
}


@pytest.mark.parametrize(("behaviour", "words"), LOST.values(), ids=list(LOST))
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_connection_lost_after_the_request(http: BoundedHttp, behaviour: Behaviour, words: str, method: str) -> None:
    """B-50: the provider may have acted on it, so it is neither said to be unsent nor sent again."""
    with Server(behaviour) as server:
        if words:
            with pytest.raises(TransientError, match=words) as caught:
                request(http, method, server.url())
            assert not isinstance(caught.value, NotSentError)
        else:
            answer = http.post(server.url(), [], limit=LIMIT)
            assert answer.status == 200
    assert server.connections == 1


def test_no_two_callers_come_back_at_the_same_moment(http: BoundedHttp, clock: HurriedClock) -> None:
    """F20: forty that were refused together are not all back together."""
    for _ in range(4):
        with pytest.raises(NotSentError):
            http.get("https://nonexistent.invalid/", limit=LIMIT)
    assert len(set(clock.slept)) > 2
