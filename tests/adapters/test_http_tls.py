"""Requests over TLS, and through proxies: whom we talk with, and what is said when we refuse."""

import base64
import importlib.util
import socket
import ssl
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.http_client import BoundedHttp
from kubelogin_py.errors import Error, NotSentError, ProviderError, SettingsError, TransientError
from kubelogin_py.settings import Tls
from tests.adapters.servers import Authority, Conversation, Server, after_request, answering, recording_proxy, response
from tests.adapters.ways import WAYS, chosen, way

LIMIT = 4096
NAME = "id.example.test"


@pytest.fixture(autouse=True, params=WAYS)
def each_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Straight, and by the library that knows proxies."""
    with chosen(request.param):
        yield


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def lines() -> list[str]:
    return []


def make_http(tls: Tls, lines: list[str] | None = None, environment: dict[str, str] | None = None) -> BoundedHttp:
    return BoundedHttp(
        tls,
        environment=environment or {},
        on_request=(lines if lines is not None else []).append,
        clock=SystemClock(),
        user_agent="kubelogin-py/1.2.3",
        connect_timeout=2,
        total_timeout=5,
        way=way(),
    )


def trusting(authority: Authority) -> Tls:
    return Tls(certificate_authorities=(str(authority.file),))


def refused(http: BoundedHttp, server: Server, host: str = "127.0.0.1") -> Error:
    """Return the error of a POST whose body must not arrive."""
    with pytest.raises(Error) as caught:
        http.post(server.url("/token?a=b", host), [("code", "hunter2")], limit=LIMIT)
    assert str(caught.value).startswith(f"POST {server.url('/token', host)}: ")
    assert "insecure" not in f"{caught.value} {caught.value.hint}"
    return caught.value


# Certificates


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_private_authority_is_trusted(authority: Authority, host: str) -> None:
    with Server(answering(response(200, b"x")), tls=authority.server_context()) as server:
        assert make_http(trusting(authority)).get(server.url(host=host), limit=LIMIT).body == b"x"


def test_an_unknown_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    with Server(answering(response()), tls=authority.server_context()) as server:
        error = refused(make_http(trusting(Authority(tmp_path, "another authority"))), server)
    assert isinstance(error, ProviderError)
    assert "signed by an unknown authority" in str(error)
    assert "--certificate-authority=" in str(error.hint)
    assert server.requests == []


def test_a_self_signed_certificate_is_refused(authority: Authority) -> None:
    with Server(answering(response()), tls=authority.self_signed_context()) as server:
        error = refused(make_http(trusting(authority)), server)
    assert isinstance(error, ProviderError)
    assert "the certificate of 127.0.0.1 is self-signed and not trusted" in str(error)
    assert "--certificate-authority=" in str(error.hint)


def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    with Server(answering(response()), tls=authority.server_context(expired=True)) as server:
        error = refused(make_http(trusting(authority)), server)
    assert isinstance(error, ProviderError)
    assert "the certificate of 127.0.0.1 has expired" in str(error)
    assert "clock" in str(error.hint)
    assert "--certificate-authority=" in str(error.hint)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_for_other_names_is_refused(authority: Authority, host: str) -> None:
    """Its names are told, and nothing is sent while they are looked at."""
    tls = authority.server_context(("a.example.com", "*.b.example.com", "192.0.2.1"))
    with Server(answering(response()), tls=tls) as server:
        error = refused(make_http(trusting(authority)), server, host)
    assert isinstance(error, ProviderError)
    assert f"valid for a.example.com, *.b.example.com, 192.0.2.1, not for {host}" in str(error)
    assert "--certificate-authority=" in str(error.hint)
    assert server.requests == []


def test_a_false_authority_of_a_known_name_is_refused(authority: Authority, tmp_path: Path) -> None:
    with Server(answering(response()), tls=authority.server_context()) as server:
        error = refused(make_http(trusting(Authority(tmp_path))), server)
    assert "signed by an unknown authority" in str(error)


def test_a_refused_certificate_is_not_tried_again(authority: Authority, tmp_path: Path) -> None:
    with Server(answering(response()), tls=authority.server_context()) as server, pytest.raises(ProviderError):
        make_http(trusting(Authority(tmp_path, "another authority"))).get(server.url(), limit=LIMIT)
    assert server.connections == 1


def test_variables_of_requests_do_not_widen_the_trust(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority.file))
    with Server(answering(response()), tls=authority.server_context()) as server:
        refused(make_http(trusting(Authority(tmp_path, "another authority"))), server)
        refused(make_http(Tls()), server)


def test_a_given_authority_stays_the_only_one_after_a_request(authority: Authority) -> None:
    """The HTTP library would add its own bundle."""
    http = make_http(trusting(authority))
    with Server(answering(response()), tls=authority.server_context()) as server:
        http.get(server.url(), limit=LIMIT)
    assert http._trusted.context.cert_store_stats()["x509"] == 1


def test_skipping_the_check_is_silent_here(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked for it is warned once, by the caller; and no session key is written down."""
    log = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    with Server(answering(response(200, b"x")), tls=authority.self_signed_context()) as server:
        http = make_http(Tls(insecure_skip_tls_verify=True), environment={"SSLKEYLOGFILE": str(log)})
        assert http.get(server.url(), limit=LIMIT).body == b"x"
    assert not log.exists()


def test_old_tls_is_refused(authority: Authority) -> None:
    old = authority.server_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with Server(answering(response()), tls=old) as server:
        error = refused(make_http(trusting(authority)), server)
    assert isinstance(error, ProviderError)
    assert "127.0.0.1 offers no TLS 1.2 or later" in str(error)


def test_a_server_without_tls_is_told_apart(authority: Authority) -> None:
    def behave(conversation: Conversation) -> None:
        conversation.connection.recv(65536)
        conversation.send(response(400))

    with Server(behave) as server, pytest.raises(ProviderError, match="does not speak TLS on this port"):
        make_http(trusting(authority)).get(server.url().replace("http", "https"), limit=LIMIT)


def test_a_reset_after_the_request_may_have_been_sent(authority: Authority) -> None:
    with Server(after_request(Conversation.reset), tls=authority.server_context()) as server:
        error = refused(make_http(trusting(authority)), server)
    assert isinstance(error, TransientError)
    assert not isinstance(error, NotSentError)
    assert (server.connections, len(server.requests)) == (1, 1)


def test_a_tls_connection_that_ends_without_a_word(authority: Authority) -> None:
    with Server(after_request(lambda _: None), tls=authority.server_context()) as server:
        error = refused(make_http(trusting(authority)), server)
    assert isinstance(error, TransientError)
    assert not isinstance(error, NotSentError)


# Proxies


def test_a_proxy_leads_to_the_provider(authority: Authority, lines: list[str]) -> None:
    """TLS goes through it; its password goes to it, and nowhere else."""
    with (
        Server(answering(response(200, b"x")), tls=authority.server_context((NAME,))) as server,
        recording_proxy(server.port) as proxy,
    ):
        environment = {"HTTPS_PROXY": f"http://ada:p%40ss%E2%82%AC@127.0.0.1:{proxy.port}"}
        http = make_http(trusting(authority), lines, environment)
        assert http.get(server.url(host=NAME), limit=LIMIT).body == b"x"
    asked = proxy.requests[0].split(b"\r\n")
    # As Go asks: there are proxies that refuse HTTP/1.0, and a request without Host.
    assert asked[0] == f"CONNECT {NAME}:{server.port} HTTP/1.1".encode()
    assert [field for field in asked if field.lower().startswith(b"host:")] == [f"Host: {NAME}:{server.port}".encode()]
    credentials = base64.b64encode("ada:p@ss€".encode())
    assert b"Proxy-Authorization: Basic " + credentials in asked
    assert b"roxy" not in server.requests[0]
    assert lines[0].endswith(f" s through proxy 127.0.0.1:{proxy.port}")


def test_a_proxy_over_tls(authority: Authority) -> None:
    with (
        Server(answering(response(200, b"x")), tls=authority.server_context((NAME,))) as server,
        recording_proxy(server.port, tls=authority.server_context()) as proxy,
    ):
        environment = {"HTTPS_PROXY": f"https://127.0.0.1:{proxy.port}"}
        http = make_http(trusting(authority), environment=environment)
        assert http.get(server.url(host=NAME), limit=LIMIT).body == b"x"
    assert proxy.requests[0].startswith(b"CONNECT ")


def test_a_proxy_over_tls_is_checked(authority: Authority, tmp_path: Path) -> None:
    with recording_proxy(1, tls=Authority(tmp_path, "another authority").server_context()) as proxy:
        http = make_http(trusting(authority), environment={"HTTPS_PROXY": f"https://u:hunter2@127.0.0.1:{proxy.port}"})
        with pytest.raises(
            ProviderError, match=rf"certificate of proxy 127\.0\.0\.1:{proxy.port} is signed by an unkn"
        ):
            http.get(f"https://{NAME}/", limit=LIMIT)
    assert proxy.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_never_proxied(authority: Authority, host: str) -> None:
    with Server(answering(response()), tls=authority.server_context()) as server, recording_proxy(server.port) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        http = make_http(trusting(authority), environment={"HTTPS_PROXY": address, "HTTP_PROXY": address})
        http.get(server.url(host=host), limit=LIMIT)
    assert proxy.connections == 0


def test_no_proxy_goes_straight(authority: Authority) -> None:
    with recording_proxy(1) as proxy:
        environment = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": "example.test"}
        with pytest.raises(NotSentError, match=f"lookup {NAME}: no such host"):
            make_http(trusting(authority), environment=environment).post(f"https://{NAME}/", [], limit=LIMIT)
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"HTTP/1.1 407 Who are you\r\n\r\n", ProviderError, r"proxy 127\.0\.0\.1:\d+ wants a user name and password"),
        (b"HTTP/1.1 403 No\r\n\r\n", ProviderError, rf"proxy 127\.0\.0\.1:\d+ answered 403 for {NAME}"),
        (b"HTTP/1.1 502 Bad\r\n\r\n", NotSentError, rf"proxy 127\.0\.0\.1:\d+ answered 502 for {NAME}.*temporary"),
        (b"", NotSentError, r"proxy 127\.0\.0\.1:\d+: .*temporary"),
        (b"garbage\r\n\r\n", NotSentError, r"proxy 127\.0\.0\.1:\d+: .*temporary"),
    ],
    ids=["407", "403", "502", "closed", "garbage"],
)
def test_a_proxy_that_refuses(authority: Authority, answer: bytes, kind: type[Error], words: str) -> None:
    """B-33: said in clear words, without the proxy's password; nothing was sent to the provider."""
    with recording_proxy(1, answer=answer) as proxy:
        environment = {"HTTPS_PROXY": f"http://ada:hunter2@127.0.0.1:{proxy.port}"}
        with pytest.raises(kind, match=words) as caught:
            make_http(trusting(authority), environment=environment).post(f"https://{NAME}/", [], limit=LIMIT)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert proxy.connections == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "nonexistent.invalid"])
def test_a_proxy_that_is_not_there(authority: Authority, lines: list[str], host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    http = make_http(trusting(authority), lines, {"HTTPS_PROXY": f"http://ada:hunter2@{host}:{port}"})
    with pytest.raises(NotSentError) as caught:
        http.post(f"https://{NAME}/token", [], limit=LIMIT)
    cause = "connection refused" if host == "127.0.0.1" else f"lookup {host}: no such host"
    assert str(caught.value).startswith(f"POST https://{NAME}/token: proxy {host}:{port}: {cause}")
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {lines}"


def test_a_proxy_that_hangs_is_left(authority: Authority) -> None:
    with Server(after_request(Conversation.wait)) as proxy:
        http = BoundedHttp(
            trusting(authority),
            environment={"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"},
            on_request=print,
            clock=SystemClock(),
            user_agent="x",
            # Enough for a busy machine to come as far as that.
            connect_timeout=2,
            total_timeout=6,
            way=way(),
        )
        with pytest.raises(NotSentError, match=rf"through proxy 127\.0\.0\.1:{proxy.port}: i/o timeout"):
            http.post(f"https://{NAME}/", [], limit=LIMIT)


def test_a_certificate_behind_a_proxy_is_the_providers(authority: Authority) -> None:
    with (
        Server(answering(response()), tls=authority.server_context(("other.example.test",))) as server,
        recording_proxy(server.port) as proxy,
    ):
        http = make_http(trusting(authority), environment={"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"})
        with pytest.raises(ProviderError, match=f"the certificate of {NAME} is not for {NAME}"):
            http.get(server.url(host=NAME), limit=LIMIT)


def test_socks_without_its_library(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    http = make_http(trusting(authority), environment={"HTTPS_PROXY": "socks5://u:hunter2@127.0.0.1:1"})
    with pytest.raises(SettingsError, match=r"proxy 127\.0\.0\.1:1: SOCKS support is not installed") as caught:
        http.get(f"https://{NAME}/", limit=LIMIT)
    assert "kubelogin-py[socks]" in str(caught.value.hint)


@pytest.mark.skipif(importlib.util.find_spec("socks") is None, reason="PySocks is not installed")
def test_a_socks_proxy_looks_the_name_up(authority: Authority) -> None:
    with Server(answering(response(200, b"x")), tls=authority.server_context((NAME,))) as server:
        asked: list[bytes] = []

        def behave(conversation: Conversation) -> None:
            conversation.connection.recv(64)
            conversation.send(b"\x05\x00")
            asked.append(conversation.connection.recv(512))
            conversation.send(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            conversation.forward(server.port)

        with Server(behave) as proxy:
            http = make_http(trusting(authority), environment={"HTTPS_PROXY": f"socks5://127.0.0.1:{proxy.port}"})
            assert http.get(server.url(host=NAME), limit=LIMIT).body == b"x"
            with pytest.raises(ProviderError, match=r"certificate of other\.test is not for other\.test"):
                http.get(server.url(host="other.test"), limit=LIMIT)
    assert NAME.encode() in asked[0]
