"""The callback listener on real sockets: one answer is taken, everything else is refused and forgotten."""

import gc
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest
import requests

from kubelogin_py import pages
from kubelogin_py.adapters.callback_connections import CONNECTION_LIMIT
from kubelogin_py.adapters.callback_server import CallbackServer, LoopbackListener
from kubelogin_py.adapters.clock import SystemClock, SystemEntropy
from kubelogin_py.errors import OAuthError, SettingsError, SignInError, StrayCallbackError
from tests.support.callback_client import get, send_raw, status
from tests.support.processes import BUSY

RIGHT = "code=the-code&state=right"
PAGE = pages.signed_in("alice@example.test", "https://id.example.com")
ORIGIN = "https://id.example.com"
CANARY = "c4n4ry"

pytestmark = pytest.mark.timeout(30)


def accept(query: str) -> str:
    """Take an answer as the protocol does: the state first, then what it says."""
    if "state=right" not in query.split("&"):
        raise StrayCallbackError("not ours")
    if "error=access_denied" in query:
        raise OAuthError("access denied", error="access_denied")
    return query


class Wait:
    """``wait`` in a thread, as if the person were in no hurry."""

    def __init__(self, callback: CallbackServer, seconds: float = 20) -> None:
        self.outcome: str | Exception | None = None
        self.accepted: list[str] = []
        self._thread = threading.Thread(target=self._run, args=(callback, time.monotonic() + seconds))
        self._thread.start()

    def _run(self, callback: CallbackServer, deadline: float) -> None:
        try:
            self.outcome = callback.wait(self._accept, deadline=deadline)
        except Exception as error:  # noqa: BLE001 -- handed to the test
            self.outcome = error

    def _accept(self, query: str) -> str:
        answer = accept(query)
        self.accepted.append(query)
        return answer

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> str | Exception | None:
        self._thread.join(10)
        assert self.over
        return self.outcome


@contextmanager
def listening(
    address: str = "127.0.0.1:0",
    redirect_url: str | None = None,
    clock: SystemClock | None = None,
    *,
    remote: bool = False,
) -> Iterator[CallbackServer]:
    listener = LoopbackListener(clock or SystemClock(), SystemEntropy(), remote=remote)
    with listener.listen([address], redirect_url, allowed_origin=ORIGIN) as callback:
        yield callback


def port_of(callback: CallbackServer) -> int:
    return urlsplit(callback.redirect_uri).port or 0


@pytest.fixture
def callback() -> Iterator[CallbackServer]:
    with listening() as opened:
        yield opened


@pytest.fixture
def port(callback: CallbackServer) -> int:
    return port_of(callback)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Each test leaves no thread."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture(autouse=True, scope="module")
def no_socket_is_left() -> Iterator[None]:
    """The garbage collector has nothing to complain about."""
    yield
    gc.collect()


def open_connections(callback: CallbackServer, number: int) -> None:
    """Wait until the listener has this many connections."""
    until = time.monotonic() + 5
    while len(callback._connections._open) != number:
        assert time.monotonic() < until
        time.sleep(0.01)


def is_closed(port: int) -> bool:
    for host in ("127.0.0.1", "::1"):
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            continue
        return False
    return True


def body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def field(answer: bytes, name: str) -> str | None:
    found = re.search(rf"(?mi)^{name}: (.*?)\r$".encode(), answer.partition(b"\r\n\r\n")[0] + b"\r\n")
    return found[1].decode() if found else None


def sign_in(callback: CallbackServer, query: str = RIGHT) -> str:
    """Bring the answer as a browser does and return where it is sent on to."""
    waiting = Wait(callback)
    path = urlsplit(callback.redirect_uri).path or "/"
    answer = get(port_of(callback), f"{path}?{query}", host_header=urlsplit(callback.redirect_uri).netloc)
    waiting.result()
    assert status(answer) == 303
    return field(answer, "Location") or ""


# ---- the way it should go


def test_the_redirect_uri_names_localhost_and_the_real_port(callback: CallbackServer) -> None:
    assert re.fullmatch(r"http://localhost:[1-9][0-9]+", callback.redirect_uri)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_answer_is_taken_and_its_sender_sees_how_it_ended(callback: CallbackServer, port: int, host: str) -> None:
    """With a client that just follows redirects, as a browser does; from either meaning of localhost."""
    waiting = Wait(callback)
    shown: list[requests.Response] = []
    where = f"[{host}]" if ":" in host else host
    headers = {"Host": f"localhost:{port}"}
    visit = threading.Thread(
        target=lambda: shown.append(requests.get(f"http://{where}:{port}/?{RIGHT}", headers=headers, timeout=10))
    )
    visit.start()
    assert waiting.result() == RIGHT
    assert not shown
    callback.finish(PAGE, status=200)
    visit.join(10)
    assert shown[0].status_code == 200
    assert shown[0].text == PAGE
    assert is_closed(port)


def test_the_code_leaves_the_address_bar_at_once(callback: CallbackServer, port: int) -> None:
    """The redirect comes before the code is traded, and neither repeats it nor leads anywhere else."""
    location = sign_in(callback)
    assert re.fullmatch(r"/\?[A-Za-z0-9_-]{43}", location)


def test_what_comes_before_the_wait_is_kept_for_it(callback: CallbackServer, port: int) -> None:
    early = threading.Thread(target=get, args=(port, f"/?{RIGHT}"))
    early.start()
    time.sleep(0.1)
    assert callback.wait(accept, deadline=time.monotonic() + 5) == RIGHT
    early.join(5)


def test_the_raw_query_is_handed_on_unchanged(callback: CallbackServer) -> None:
    query = "state=right&code=a%2Bb%20c+d&iss=https%3A%2F%2Fid.example.com&&x=%"
    waiting = Wait(callback)
    get(port_of(callback), f"/?{query}")
    assert waiting.result() == query


def test_a_refusal_ends_the_wait_and_is_shown(callback: CallbackServer, port: int) -> None:
    """B-58: with the right state an error is the answer."""
    location = sign_in_with_error = None
    waiting = Wait(callback)
    answer = get(port, "/?error=access_denied&state=right")
    sign_in_with_error = waiting.result()
    assert isinstance(sign_in_with_error, OAuthError)
    location = field(answer, "Location")
    shown: list[bytes] = []
    visit = threading.Thread(target=lambda: shown.append(get(port, location or "")))
    visit.start()
    callback.finish(pages.failed("access denied", "Ask for access."), status=400)
    visit.join(5)
    assert status(shown[0]) == 400
    assert b"Ask for access." in shown[0]


def test_a_reload_of_the_last_page_shows_it_again(callback: CallbackServer, port: int) -> None:
    location = sign_in(callback)
    shown: list[bytes] = []
    visits = [threading.Thread(target=lambda: shown.append(get(port, location))) for _ in range(3)]
    for visit in visits:
        visit.start()
    time.sleep(0.1)
    callback.finish(PAGE, status=200)
    for visit in visits:
        visit.join(5)
    assert [status(answer) for answer in shown] == [200] * 3
    assert all(body(answer).decode() == PAGE for answer in shown)


def test_a_slow_reader_gets_the_whole_page(callback: CallbackServer, port: int) -> None:
    """The page is in the kernel's hands before the listener closes, also when the reader is not there yet."""
    location = sign_in(callback)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET {location} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        callback.finish(PAGE, status=200)
        time.sleep(0.2)
        received = b""
        while chunk := client.recv(64):
            received += chunk
    assert body(received).decode() == PAGE


@pytest.mark.parametrize(
    ("redirect_url", "target"),
    [
        ("http://localhost:{port}", "/"),
        ("http://localhost:{port}/", "/"),
        ("http://127.0.0.1:{port}/auth/callback", "/auth/callback"),
        ("http://[::1]:{port}/cb", "/cb"),
        ("http://LocalHost:{port}/a%20b", "/a%20b"),
    ],
)
def test_a_redirect_url_is_used_as_it_stands(redirect_url: str, target: str) -> None:
    with listening() as probe:
        chosen = redirect_url.format(port=port_of(probe))
    with listening(f"127.0.0.1:{urlsplit(chosen).port}", chosen) as callback:
        assert callback.redirect_uri == chosen
        assert sign_in(callback).startswith(f"{target}?")


def test_a_redirect_url_without_a_port_is_known_by_both_names() -> None:
    """Browsers leave the default port out, proxies may not."""
    for name in ("localhost", "localhost:80"):
        with listening(redirect_url="http://localhost/cb") as callback:
            listened = callback._connections._listening[0].getsockname()[1]
            waiting = Wait(callback)
            assert status(get(listened, f"/cb?{RIGHT}", host_header=name)) == 303
            waiting.result()


# ---- what is not the answer


HOST = "Host: localhost:{port}\r\n"
REFUSED = {
    "B-57 no state": ("GET /?code=x HTTP/1.1\r\n" + HOST, 400),
    "B-57 wrong state": ("GET /?code=x&state=wrong HTTP/1.1\r\n" + HOST, 400),
    "B-57 bare error": ("GET /?error=access_denied HTTP/1.1\r\n" + HOST, 400),
    "B-57 nothing": ("GET / HTTP/1.1\r\n" + HOST, 400),
    "B-57 100 KiB": (f"GET /?state={'x' * 102400} HTTP/1.1\r\n" + HOST, 414),
    "B-61 other path": (f"GET /other?{RIGHT} HTTP/1.1\r\n" + HOST, 404),
    "B-61 favicon": ("GET /favicon.ico HTTP/1.1\r\n" + HOST, 404),
    "B-61 two slashes": (f"GET //?{RIGHT} HTTP/1.1\r\n" + HOST, 400),
    "B-61 dot path": (f"GET /./?{RIGHT} HTTP/1.1\r\n" + HOST, 404),
    "B-61 HEAD": (f"HEAD /?{RIGHT} HTTP/1.1\r\n" + HOST, 405),
    "B-61 PUT": (f"PUT /?{RIGHT} HTTP/1.1\r\n" + HOST, 405),
    "B-61 TRACE": (f"TRACE /?{RIGHT} HTTP/1.1\r\n" + HOST, 405),
    "B-61 OPTIONS": (f"OPTIONS /?{RIGHT} HTTP/1.1\r\n" + HOST, 405),
    "B-61 OPTIONS of all": ("OPTIONS * HTTP/1.1\r\n" + HOST, 400),
    "B-61 CONNECT": ("CONNECT localhost:{port} HTTP/1.1\r\n" + HOST, 400),
    "B-61 unknown method": (f"GOT /?{RIGHT} HTTP/1.1\r\n" + HOST, 405),
    "B-61 lower-case method": (f"get /?{RIGHT} HTTP/1.1\r\n" + HOST, 400),
    "B-61 absolute form": ("GET http://localhost:{port}/?" + RIGHT + " HTTP/1.1\r\n" + HOST, 400),
    "B-61 HTTP/0.9": (f"GET /?{RIGHT}\r\n", 400),
    "B-61 HTTP/2 preface": ("PRI * HTTP/2.0\r\n", 400),
    "B-61 TLS": ("\x16\x03\x01\x02\x00\x01\x00", 400),
    "B-61 fragment": (f"GET /?{RIGHT}#x HTTP/1.1\r\n" + HOST, 400),
    "B-61 bare line feeds": (f"GET /?{RIGHT} HTTP/1.1\n" + HOST.replace("\r\n", "\n") + "\n", 400),
    "B-61 folded field": (f"GET /?{RIGHT} HTTP/1.1\r\n" + HOST + "X: a\r\n b\r\n", 400),
    "B-61 blank in a name": (f"GET /?{RIGHT} HTTP/1.1\r\n" + HOST + "X : a\r\n", 400),
    "B-61 control character": (f"GET /?{RIGHT} HTTP/1.1\r\n" + HOST + "X: \x00\r\n", 400),
    "B-61 blanks in the target": (f"GET /?a b&{RIGHT} HTTP/1.1\r\n" + HOST, 400),
    "B-61 huge header": (f"GET /?{RIGHT} HTTP/1.1\r\n" + HOST + f"X: {'x' * 33000}\r\n", 431),
    "B-61 many fields": (f"GET /?{RIGHT} HTTP/1.1\r\n" + HOST + "X: x\r\n" * 6000, 431),
    "B-61 body": (f"GET /?{RIGHT} HTTP/1.1\r\n" + HOST + "Content-Length: 3\r\n\r\nabc", 400),
    "B-61 chunked": (f"GET /?{RIGHT} HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n", 400),
    "B-61 prefetch": (f"GET /?{RIGHT} HTTP/1.1\r\n" + HOST + "Sec-Purpose: prefetch;prerender\r\n", 503),
    "B-62 foreign host": (f"GET /?{RIGHT} HTTP/1.1\r\nHost: evil.example\r\n", 421),
    "B-62 foreign host, our port": (f"GET /?{RIGHT} HTTP/1.1\r\n" + "Host: evil.example:{port}\r\n", 421),
    "B-62 other port": (f"GET /?{RIGHT} HTTP/1.1\r\nHost: localhost:1\r\n", 421),
    "B-62 no port": (f"GET /?{RIGHT} HTTP/1.1\r\nHost: localhost\r\n", 421),
    "B-62 address": (f"GET /?{RIGHT} HTTP/1.1\r\n" + "Host: 127.0.0.1:{port}\r\n", 421),
    "B-62 absent": (f"GET /?{RIGHT} HTTP/1.1\r\n", 400),
    "B-62 HTTP/1.0 without": (f"GET /?{RIGHT} HTTP/1.0\r\n", 400),
    "B-62 twice": (f"GET /?{RIGHT} HTTP/1.1\r\n" + HOST + HOST, 400),
    "B-62 empty": (f"GET /?{RIGHT} HTTP/1.1\r\nHost:\r\n", 421),
    "B-63 preflight of a stranger": (
        f"OPTIONS /?{RIGHT} HTTP/1.1\r\n" + HOST + "Origin: https://evil.example\r\n",
        403,
    ),
    "B-63 preflight of nobody": (f"OPTIONS /?{RIGHT} HTTP/1.1\r\n" + HOST + "Origin: null\r\n", 403),
    "B-64 POST": (f"POST /?{RIGHT} HTTP/1.1\r\n" + HOST + f"Content-Length: {len(RIGHT)}\r\n\r\n{RIGHT}", 405),
}


@pytest.mark.parametrize(("request_head", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_and_the_sign_in_goes_on(
    callback: CallbackServer, port: int, request_head: str, expected: int
) -> None:
    waiting = Wait(callback)
    end = "" if "\r\n\r\n" in request_head else "\r\n"
    answer = send_raw(port, (request_head.replace("{port}", str(port)) + end).encode("latin-1"), timeout=2)
    assert status(answer) == expected
    if "state" in request_head and expected != 400:
        assert body(answer) == b""
    assert not waiting.over
    assert not waiting.accepted
    assert status(get(port, f"/?{RIGHT}")) == 303
    assert waiting.result() == RIGHT


def test_a_stray_answer_gets_a_page_of_fixed_words(callback: CallbackServer, port: int) -> None:
    waiting = Wait(callback)
    assert body(get(port, "/?code=x&state=wrong")).decode() == pages.stray()
    assert not waiting.over
    get(port, f"/?{RIGHT}")
    waiting.result()


def test_fifty_stray_requests_do_not_tire_it(callback: CallbackServer, port: int) -> None:
    """F21: guesses of other programs neither end the sign-in nor choose its error."""
    waiting = Wait(callback)
    for number in range(50):
        assert status(get(port, f"/?error=e{number}&state={number}")) == 400
    get(port, f"/?{RIGHT}")
    assert waiting.result() == RIGHT


def test_an_answer_is_over_at_once(callback: CallbackServer, port: int) -> None:
    """Also for a client that reads until the connection is closed."""
    started = time.monotonic()
    get(port, "/other")
    assert time.monotonic() - started < 0.9


def test_nothing_of_a_request_comes_back(callback: CallbackServer, port: int) -> None:
    """S07: whatever is sent, the answers are fixed strings."""
    waiting = Wait(callback)
    for head in (
        f"GET /?x={CANARY} HTTP/1.1\r\nHost: localhost:{port}\r\nX-{CANARY}: {CANARY}\r\n\r\n",
        f"GET /{CANARY} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n",
        f"{CANARY.upper()} / HTTP/1.1\r\nHost: {CANARY}\r\n\r\n",
        f"OPTIONS / HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: https://{CANARY}\r\n\r\n",
        f"GET / HTTP/{CANARY}\r\n\r\n",
    ):
        assert CANARY not in send_raw(port, head.encode()).decode().lower()
    answer = get(port, f"/?{RIGHT}&x={CANARY}")
    waiting.result()
    assert CANARY not in answer.decode()
    assert CANARY not in get(port, f"/?{CANARY}").decode()


def test_the_preflight_of_the_providers_own_pages_is_answered(callback: CallbackServer, port: int) -> None:
    """B-63: Chrome asks before it sends a public page on to this machine."""
    head = f"OPTIONS / HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: {ORIGIN}\r\nAccess-Control-Request-Method: GET\r\n"
    answer = send_raw(port, (head + "Access-Control-Request-Private-Network: true\r\n\r\n").encode())
    assert status(answer) == 204
    assert field(answer, "Access-Control-Allow-Origin") == ORIGIN
    assert field(answer, "Access-Control-Allow-Private-Network") == "true"
    assert field(answer, "Content-Length") is None


def test_without_a_known_provider_no_preflight_is_answered() -> None:
    with LoopbackListener(SystemClock(), SystemEntropy()).listen(["127.0.0.1:0"], None) as callback:
        head = f"OPTIONS / HTTP/1.1\r\nHost: localhost:{port_of(callback)}\r\nOrigin: {ORIGIN}\r\n\r\n"
        assert status(send_raw(port_of(callback), head.encode())) == 403


def all_answers(callback: CallbackServer, port: int) -> list[bytes]:
    waiting = Wait(callback)
    answers = [
        get(port, "/"),
        get(port, "/favicon.ico"),
        get(port, "/", host_header="evil"),
        send_raw(port, b"x\r\n\r\n"),
    ]
    answers.append(get(port, f"/?{RIGHT}"))
    waiting.result()
    answers.append(get(port, f"/?{RIGHT}"))
    visit = threading.Thread(target=lambda: answers.append(get(port, field(answers[-2], "Location") or "")))
    visit.start()
    time.sleep(0.1)
    callback.finish(PAGE, status=200)
    visit.join(5)
    return answers


def test_every_answer_has_the_headers_of_a_careful_page(callback: CallbackServer, port: int) -> None:
    answers = all_answers(callback, port)
    assert [status(answer) for answer in answers] == [400, 404, 421, 400, 303, 200, 200]
    for answer in answers:
        assert field(answer, "Content-Type") == "text/html; charset=utf-8"
        assert field(answer, "Cache-Control") == "no-store"
        assert field(answer, "Referrer-Policy") == "no-referrer"
        assert field(answer, "X-Content-Type-Options") == "nosniff"
        assert field(answer, "Content-Security-Policy") == pages.CONTENT_SECURITY_POLICY
        assert field(answer, "Connection") == "close"
        assert field(answer, "Content-Length") == str(len(body(answer)))
        assert field(answer, "Access-Control-Allow-Origin") is None
        assert field(answer, "Server") is None


# ---- twice


def test_a_second_answer_is_told_that_it_is_over(callback: CallbackServer, port: int) -> None:
    """B-65: while the code is being traded, and without another trade."""
    sign_in(callback)
    answer = get(port, f"/?{RIGHT}")
    assert status(answer) == 200
    assert body(answer).decode() == pages.already_finished()


def test_a_guess_at_the_last_page_sees_nothing(callback: CallbackServer, port: int) -> None:
    """B-68: the page names a person; another local user gets it neither before nor after it is known."""
    location = sign_in(callback)
    for guess in ("/", "/?", location[:-1], location + "x", f"/?{'A' * 43}"):
        assert body(get(port, guess)).decode() == pages.already_finished()


def test_of_answers_at_the_same_instant_exactly_one_is_taken(callback: CallbackServer, port: int) -> None:
    """B-65: every sender gets an answer, and one of them the place where the outcome is shown."""
    together = threading.Barrier(8)
    answers: list[bytes] = []

    def bring() -> None:
        together.wait(5)
        answers.append(get(port, f"/?{RIGHT}"))

    senders = [threading.Thread(target=bring) for _ in range(8)]
    for sender in senders:
        sender.start()
    time.sleep(0.2)
    waiting = Wait(callback)
    waiting.result()
    for sender in senders:
        sender.join(5)
    assert waiting.accepted == [RIGHT]
    assert sorted(status(answer) for answer in answers) == [200] * 7 + [303]


# ---- connections that only take room


@contextmanager
def connections(port: int, number: int, first_bytes: bytes = b"") -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(number)]
        for one in opened:
            # The listener may have made room already.
            with stack.enter_context(ExitStack()):
                one.sendall(first_bytes)
        yield opened


@pytest.mark.parametrize("number", [1, 100])
@pytest.mark.parametrize(
    "first_bytes", [b"", b"GET /?code", b"GET / HTTP/1.1\r\nHost: x\r\nX: "], ids=["silent", "line", "head"]
)
def test_idle_connections_do_not_keep_the_answer_waiting(
    callback: CallbackServer, port: int, number: int, first_bytes: bytes
) -> None:
    """B-66, F22: browsers connect in advance and say nothing; others open a hundred connections."""
    waiting = Wait(callback)
    with connections(port, number, first_bytes):
        open_connections(callback, min(number, CONNECTION_LIMIT))
        started = time.monotonic()
        assert status(get(port, f"/?{RIGHT}")) == 303
        assert time.monotonic() - started < 5
        assert waiting.result() == RIGHT


def test_a_dripping_connection_does_not_keep_the_answer_waiting(callback: CallbackServer, port: int) -> None:
    waiting = Wait(callback)
    dripping = threading.Event()

    def drip() -> None:
        with connections(port, 1) as [one]:
            while not dripping.wait(0.01):
                one.sendall(b"G")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        assert status(get(port, f"/?{RIGHT}")) == 303
        assert waiting.result() == RIGHT
    finally:
        dripping.set()
        thread.join()


def test_an_answer_may_come_in_pieces(callback: CallbackServer, port: int) -> None:
    waiting = Wait(callback)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in re.findall(r".{1,9}", f"GET /?{RIGHT} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n", re.DOTALL):
            client.sendall(piece.encode())
            time.sleep(0.002)
        assert waiting.result() == RIGHT


class SetClock(SystemClock):
    """A clock that the test puts forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.mark.parametrize("first_bytes", [b"", b"GET / HT"], ids=["silent", "half a line"])
def test_a_connection_that_says_nothing_is_closed_after_ten_seconds(first_bytes: bytes) -> None:
    clock = SetClock()
    with listening(clock=clock) as callback, connections(port_of(callback), 1, first_bytes) as [one]:
        one.settimeout(0.5)
        open_connections(callback, 1)
        clock.ahead = 9
        with pytest.raises(TimeoutError):
            one.recv(1)
        clock.ahead = 10.1
        assert one.recv(1) == b""


def test_a_client_that_does_not_read_is_closed_after_ten_seconds() -> None:
    """A page nobody takes must not keep a connection for ever."""
    clock = SetClock()
    with listening(clock=clock) as callback, connections(port_of(callback), 1) as [one]:
        one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        open_connections(callback, 1)
        # Longer than the wait for its close, or for a response to leave.
        clock.ahead = 10.1
        open_connections(callback, 0)


def test_clients_that_vanish_leave_no_trace(callback: CallbackServer, port: int) -> None:
    """Reset instead of closed, at every stage."""
    waiting = Wait(callback)
    for sent in (b"", b"GET /?code", f"GET /?code=x&state=wrong HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            client.sendall(sent)
    get(port, f"/?{RIGHT}")
    assert waiting.result() == RIGHT


def test_a_client_that_closes_its_half_still_gets_its_answer(callback: CallbackServer, port: int) -> None:
    waiting = Wait(callback)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET /?{RIGHT} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        client.shutdown(socket.SHUT_WR)
        assert client.recv(65536).startswith(b"HTTP/1.1 303 ")
    waiting.result()


# ---- the end


def test_a_browser_that_went_away_is_not_an_error(callback: CallbackServer, port: int) -> None:
    """The person closed the window: the sign-in is good all the same, and is not held up for long."""
    sign_in(callback)
    started = time.monotonic()
    callback.finish(PAGE, status=200)
    assert time.monotonic() - started < 8
    assert is_closed(port)


def test_a_browser_that_leaves_while_it_waits_is_not_an_error(callback: CallbackServer, port: int) -> None:
    location = sign_in(callback)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET {location} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        time.sleep(0.1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    callback.finish(PAGE, status=200)
    assert is_closed(port)


def test_finishing_does_not_dawdle(callback: CallbackServer, port: int) -> None:
    """The credential is printed after this: a browser that takes its page costs nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", sign_in(callback), headers={"Host": f"localhost:{port}"})
    taken = threading.Thread(target=lambda: connection.getresponse().read())
    taken.start()
    started = time.monotonic()
    callback.finish(PAGE, status=200)
    assert time.monotonic() - started < 1.4
    taken.join(5)
    connection.close()


def test_finishing_without_an_answer_only_closes(callback: CallbackServer, port: int) -> None:
    callback.finish(PAGE, status=400)
    callback.finish(PAGE, status=400)
    assert is_closed(port)


@pytest.mark.parametrize("seconds", [0.3, 0, -1])
def test_the_deadline_ends_the_wait(callback: CallbackServer, port: int, seconds: float) -> None:
    started = time.monotonic()
    with pytest.raises(SignInError, match="not finished in time") as caught:
        callback.wait(accept, deadline=time.monotonic() + seconds)
    assert time.monotonic() - started < max(seconds, 0) + 0.5
    assert "--authentication-timeout-sec" in (caught.value.hint or "")


def test_a_stream_of_guesses_does_not_stretch_the_deadline(callback: CallbackServer, port: int) -> None:
    done = threading.Event()

    def guess() -> None:
        while not done.is_set():
            with suppress(OSError):
                send_raw(port, f"GET /?state=x HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())

    guesser = threading.Thread(target=guess)
    guesser.start()
    try:
        with pytest.raises(SignInError):
            callback.wait(accept, deadline=time.monotonic() + 0.3)
    finally:
        done.set()
        callback.close()
        guesser.join()


def test_leaving_closes_everything_at_once() -> None:
    """Whatever the reason: an error, Ctrl-C, or an answer that nobody finished."""
    with ExitStack() as stack:
        callback = stack.enter_context(listening())
        port = port_of(callback)
        client = socket.create_connection(("127.0.0.1", port), timeout=2)
        client.sendall(f"GET /?{RIGHT} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        open_connections(callback, 1)
    assert is_closed(port)
    with client:
        assert client.recv(1) == b""


def test_a_fault_of_ours_in_reading_the_answer_is_not_swallowed(callback: CallbackServer, port: int) -> None:
    def stumble(_query: str) -> str:
        raise ZeroDivisionError

    early = threading.Thread(target=get, args=(port, f"/?{RIGHT}"))
    early.start()
    with pytest.raises(ZeroDivisionError):
        callback.wait(stumble, deadline=time.monotonic() + 5)
    callback.close()
    early.join(5)


SCRIPT = """
import sys, time
from kubelogin_py.adapters.callback_connections import CONNECTION_LIMIT
from kubelogin_py.adapters.callback_server import LoopbackListener
from kubelogin_py.adapters.clock import SystemClock, SystemEntropy
try:
    with LoopbackListener(SystemClock(), SystemEntropy()).listen(["127.0.0.1:0"], None) as callback:
        print(callback.redirect_uri, flush=True)
        callback.wait(str, deadline=time.monotonic() + 30)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_ends_the_wait_within_half_a_second() -> None:
    """In a process of its own, with a connection open, and without a complaint about what is left."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-X", "dev", "-c", SCRIPT],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        port = urlsplit(process.stdout.readline().strip()).port or 0
        with socket.create_connection(("127.0.0.1", port)):
            started = time.monotonic()
            os.kill(process.pid, signal.SIGINT)
            assert process.wait(5) == 130
            took = time.monotonic() - started
        assert took < 0.5 + BUSY
        assert process.stderr.read() == ""
    assert is_closed(port)


def test_a_signal_given_to_another_thread_ends_the_wait_too(callback: CallbackServer) -> None:
    threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGINT)).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        callback.wait(accept, deadline=time.monotonic() + 20)
    assert time.monotonic() - started < 0.5 + BUSY


# ---- settings that can't be served


@pytest.mark.parametrize(
    ("redirect_url", "message"),
    [
        ("http://example.com/cb", "http, not https"),
        ("https://login.example.com/cb", "not on this machine"),
        ("https://localhost:8000/cb", "https, and the callback listener speaks http"),
        ("urn:ietf:wg:oauth:2.0:oob", "its scheme is urn"),
        ("javascript:alert(1)", "its scheme is javascript"),
        ("http://localhost:8000/cb#x", "fragment"),
        ("http://localhost:8000//cb", "two slashes"),
        ("http://user:secret@localhost:8000", "user name or password"),
        ("http://localhost:8000/\r\nX: y", "white space"),
        ("", "empty"),
    ],
)
def test_a_redirect_url_that_leads_elsewhere_is_refused(redirect_url: str, message: str) -> None:
    """B-85: and nothing is bound for it."""
    with pytest.raises(SettingsError, match=message) as caught, listening("127.0.0.1:8000", redirect_url):
        pass
    assert "secret" not in caught.value.message


def test_a_listen_address_on_the_network_is_refused() -> None:
    with pytest.raises(SettingsError, match="network"), listening("0.0.0.0:8000"):
        pass


@pytest.mark.parametrize("redirect_url", ["http://example.com/cb", "https://login.example.com/cb"])
def test_a_redirect_url_elsewhere_is_served_where_that_is_allowed(redirect_url: str) -> None:
    """Its host leads here in the end; other names that do get nothing."""
    host = redirect_url.split("/")[2]
    with listening("0.0.0.0:0", redirect_url, remote=True) as callback:
        listened: int = callback._connections._listening[0].getsockname()[1]
        assert callback.redirect_uri == redirect_url
        waiting = Wait(callback)
        assert status(get(listened, f"/cb?{RIGHT}", host_header="evil.example")) == 421
        assert status(get(listened, f"/cb?{RIGHT}", host_header=host)) == 303
        waiting.result()


@pytest.mark.parametrize(
    "redirect_url", ["urn:ietf:wg:oauth:2.0:oob", "http://user:secret@example.com", "http://a//cb"]
)
def test_a_bad_redirect_url_is_refused_whatever_is_allowed(redirect_url: str) -> None:
    with pytest.raises(SettingsError), listening("127.0.0.1:8000", redirect_url, remote=True):
        pass


def test_an_https_redirect_url_may_have_its_own_front() -> None:
    """A program that ends TLS on another port of this machine may pass the request on."""
    with listening(redirect_url="https://localhost:8443/cb") as callback:
        listened: int = callback._connections._listening[0].getsockname()[1]
        waiting = Wait(callback)
        assert status(get(listened, f"/cb?{RIGHT}", host_header="localhost:8443")) == 303
        waiting.result()


def test_it_listens_on_this_machine_only(callback: CallbackServer, port: int) -> None:
    """S06: no address of a network card answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        outside: str = probe.getsockname()[0]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((outside, port), timeout=1).close()
