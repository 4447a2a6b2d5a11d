"""The exchange server is recognised on the connection that carries the token, before anything is sent."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from kubelogin_py import Error, Secret, SettingsError, TransientError
from kubelogin_py.adapters.clock import SystemClock
from talos_cred.adapters.exchange_client import HttpsExchange
from talos_cred.certificate import read_der
from talos_cred.errors import ExchangeBusyError, ExchangeError, UnknownServerError, UntrustedServerError
from talos_cred.exchange import Request
from talos_cred.settings import Server
from tests.support.certificates import Certificates
from tests.support.exchange_fake import FakeExchange, certificate_of, http

TOKEN = "eyJ.secret.token"
LINES: list[str] = []


def client(url: str, environment: dict[str, str] | None = None, **how: object) -> HttpsExchange:
    LINES.clear()
    return HttpsExchange(
        Server(url, **how),  # type: ignore[arg-type]
        environment=environment or {},
        clock=SystemClock(),
        user_agent="test",
        on_request=LINES.append,
        warn=LINES.append,
    )


def send(url: str, *, timeout: float = 10.0, environment: dict[str, str] | None = None, **how: object) -> bytes:
    return client(url, environment, **how).exchange(Request(Secret(TOKEN)), timeout=timeout).body


@pytest.fixture
def server(certificates: Certificates) -> Iterator[FakeExchange]:
    with FakeExchange(lambda _: http(200, b"{}"), certificates.server) as running:
        yield running


def fingerprints(certificates: Certificates) -> tuple[str, str]:
    certificate = read_der(certificate_of(certificates.server))
    return certificate.public_fingerprint, certificate.fingerprint


def colons(digits: str) -> str:
    return ":".join(digits[i : i + 2] for i in range(0, 64, 2)).upper()


FORMS: dict[str, Callable[[str], str]] = {
    "hex": str,
    "upper": str.upper,
    "colons": colons,
    "prefix": lambda digits: f"sha256:{digits}",
    "openssl": lambda digits: f"SHA256:{colons(digits)}",
    "base64": lambda digits: base64.b64encode(bytes.fromhex(digits)).decode(),
    "ssh": lambda digits: "SHA256:" + base64.b64encode(bytes.fromhex(digits)).decode().rstrip("="),
    "base64url": lambda digits: base64.urlsafe_b64encode(bytes.fromhex(digits)).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("which", [0, 1], ids=["key", "certificate"])
def test_the_right_fingerprint_replaces_an_authority(
    server: FakeExchange, certificates: Certificates, which: int, form: str
) -> None:
    pin = FORMS[form](fingerprints(certificates)[which])
    assert send(server.url, fingerprint=pin) == b"{}"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /exchange HTTP/1.1\r\n")
    assert json.loads(body) == {"id_token": TOKEN}


def test_a_given_authority_is_enough(server: FakeExchange, certificates: Certificates) -> None:
    assert send(server.url, certificate_authority=str(certificates.ca)) == b"{}"


REFUSED: list[tuple[str, dict[str, object], type[Error]]] = [
    ("wrong pin", {"fingerprint": "00" * 32}, UntrustedServerError),
    ("no trust at all", {}, UnknownServerError),
    ("another authority", {"certificate_authority": "other"}, UnknownServerError),
    ("right pin, wrong name", {"fingerprint": "right", "name": "other.example.test"}, UntrustedServerError),
    ("right authority, wrong name", {"certificate_authority": "right", "name": "other.test"}, UntrustedServerError),
]


@pytest.mark.parametrize(("how", "kind"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_to_a_server_that_is_not_trusted_not_one_byte_is_sent(
    server: FakeExchange, certificates: Certificates, how: dict[str, object], kind: type[Error]
) -> None:
    """T-01: the pin, the authority and the name are checked before the request leaves."""
    files = {"other": str(certificates.other_ca), "right": str(certificates.ca)}
    if "certificate_authority" in how:
        how = {**how, "certificate_authority": files[str(how["certificate_authority"])]}
    if how.get("fingerprint") == "right":
        how = {**how, "fingerprint": fingerprints(certificates)[0]}
    with pytest.raises(kind) as refused:
        send(server.url, **how)
    assert refused.value.hint
    assert "provider" not in refused.value.message + refused.value.hint
    server.close()
    assert server.requests == []


def test_another_server_behind_the_same_address_is_refused(server: FakeExchange, certificates: Certificates) -> None:
    """A pinned server whose key changed is not asked about: both values are shown, nothing is sent."""
    pin = fingerprints(certificates)[0]
    send(server.url, fingerprint=pin)
    server.present(certificates.wrong_host)
    with pytest.raises(UntrustedServerError, match=pin):
        send(server.url, fingerprint=pin)
    server.close()
    assert len(server.requests) == 1


def test_the_name_may_be_another_when_said_so(certificates: Certificates) -> None:
    """Self-signed servers know themselves as localhost only; the person can say by which name to know them."""
    with FakeExchange(lambda _: http(200, b"{}"), certificates.wrong_host) as running:
        pin = read_der(certificate_of(certificates.wrong_host)).public_fingerprint
        assert send(running.url, fingerprint=pin, name="wrong.example.test") == b"{}"


def test_an_expired_certificate_of_an_authority_is_refused(certificates: Certificates) -> None:
    with FakeExchange(lambda _: http(200, b"{}"), certificates.expired) as running:
        with pytest.raises(UntrustedServerError, match="expired"):
            send(running.url, certificate_authority=str(certificates.ca))
        assert running.requests == []


def test_a_look_sends_nothing(server: FakeExchange, certificates: Certificates) -> None:
    assert client(server.url).look().public_fingerprint == fingerprints(certificates)[0]
    server.close()
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://exchange.example.test",
        "ftp://a",
        "exchange:8443",
        "https://u@a",
        "https://a?x=1",
        "https://a#b",
        "",
        "https://a b",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    """T-01: http to another machine is refused before any connection."""
    with pytest.raises(SettingsError) as refused:
        client(url)
    assert refused.value.hint


def test_http_is_for_this_machine_or_with_its_own_word() -> None:
    with FakeExchange(lambda _: http(200, b"{}")) as running:
        assert send(running.url) == b"{}"
    assert client("http://exchange.example.test", insecure_http=True)


@pytest.mark.parametrize("fingerprint", ["abc", "00" * 31, "zz" * 32, "sha1:" + "00" * 20, "AAAA"])
def test_what_is_no_fingerprint_is_refused(fingerprint: str) -> None:
    with pytest.raises(SettingsError, match="SHA-256"):
        client("https://a", fingerprint=fingerprint)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    """T-01: a 307 would carry the token to wherever it points."""
    with FakeExchange(lambda _: http(200, b"{}")) as other:
        script = http(status, b"", Location=f"{other.url}/exchange")
        with FakeExchange(lambda _: script) as running:
            response = client(running.url).exchange(Request(Secret(TOKEN)), timeout=5)
        assert response.status == status
        assert other.connections == 0


def test_an_answer_of_more_than_a_mebibyte_is_refused() -> None:
    with (
        FakeExchange(lambda _: http(200, b" " * ((1 << 20) + 1))) as running,
        pytest.raises(ExchangeError, match="larger"),
    ):
        send(running.url)


@pytest.mark.parametrize("answer", [None, b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"])
def test_no_answer_is_temporary(answer: bytes | None) -> None:
    """A server whose provider is slow closes the connection without a word: asking again may help."""
    with FakeExchange(lambda _: answer) as running, pytest.raises(TransientError):
        send(running.url)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n", b"\x00" * 100 + b"\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_another_protocol_is_said_to_be_one(answer: bytes) -> None:
    with FakeExchange(lambda _: answer) as running, pytest.raises(ExchangeError, match="malformed"):
        send(running.url)


def test_tls_on_a_plain_port_and_nobody_at_all() -> None:
    with FakeExchange(lambda _: b"HTTP/1.1 400 no\r\n\r\n") as running, pytest.raises(Error, match="TLS"):
        send(running.url.replace("http:", "https:"), fingerprint="00" * 32)
    with pytest.raises(ExchangeBusyError, match="refused"):
        send(running.url)


def test_a_server_that_trickles_does_not_outlast_the_deadline() -> None:
    release = threading.Event()

    def slow(_: bytes) -> bytes:
        release.wait(10)
        return b""

    with FakeExchange(slow) as running:
        begin = time.monotonic()
        with pytest.raises(ExchangeBusyError, match="timeout"):
            send(running.url, timeout=0.5)
        assert time.monotonic() - begin < 3
        release.set()


def test_nothing_of_the_token_is_told() -> None:
    with FakeExchange(lambda _: http(200, b"{}")) as running:
        send(running.url)
    assert TOKEN not in " ".join(LINES)
    assert "/exchange 200" in LINES[0]


def test_a_proxy_only_tunnels(server: FakeExchange, certificates: Certificates) -> None:
    """A company's proxy is asked for a tunnel; one that is not plain http is refused."""
    with FakeExchange(lambda _: http(403, b"")) as proxy:
        environment = {"HTTPS_PROXY": f"http://user:pass@127.0.0.1:{proxy.port}"}
        with pytest.raises(Error, match="403") as refused:
            send("https://exchange.example.test:8443", environment=environment, fingerprint="00" * 32)
        assert "pass" not in refused.value.message
        assert proxy.requests[0].startswith(b"CONNECT exchange.example.test:8443 HTTP/1.1\r\n")
    with pytest.raises(SettingsError, match="proxy"):
        client("https://exchange.example.test", {"HTTPS_PROXY": "socks5://127.0.0.1:1"})
