"""What an API server shows to strangers, from real TLS servers of every kind."""

import base64
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kubelogin_py.adapters import server_certificates
from kubelogin_py.errors import SettingsError, TransientError
from tests.support.certificates import Certificates

Answers = dict[str, tuple[int, bytes]]
CLUSTER_INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"


@contextmanager
def serving(certificates: Certificates, answers: Answers, *, leaf: str = "server") -> Iterator[tuple[str, list[str]]]:
    """Yield the URL of a server, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Authorization')}")
            status, body = answers.get(self.path, (403, b"{}"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(getattr(certificates, leaf).certificate, getattr(certificates, leaf).key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def der(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text())


def cluster_info(pem: str) -> bytes:
    kubeconfig = (
        f"clusters:\\n- cluster:\\n    certificate-authority-data: {base64.b64encode(pem.encode()).decode()}\\n"
    )
    return f'{{"data": {{"kubeconfig": "{kubeconfig}"}}}}'.encode()


def test_its_certificate_is_shown_and_nothing_else_is_told(certificates: Certificates) -> None:
    with serving(certificates, {}) as (url, asked):
        shown = server_certificates.fetch(url, {})
    assert shown.chain[0] == der(certificates.server.certificate)
    assert (shown.offered, shown.trusted) == ((), False)
    assert asked == ["/cacerts None", f"{CLUSTER_INFO} None"]


@pytest.mark.parametrize("kind", ["k3s", "kubeadm"])
def test_the_authority_it_serves(certificates: Certificates, kind: str) -> None:
    pem = certificates.ca.read_text()
    answers = {"k3s": {"/cacerts": (200, pem.encode())}, "kubeadm": {CLUSTER_INFO: (200, cluster_info(pem))}}
    with serving(certificates, answers[kind]) as (url, _):
        assert server_certificates.fetch(url, {}).offered == (pem,)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff", b"[" * 100000, b'{"data": 1}', b"-----BEGIN CERTIFICATE-----" * 20000], ids=len
)
def test_rubbish_is_nothing(certificates: Certificates, body: bytes) -> None:
    with serving(certificates, {"/cacerts": (200, body), CLUSTER_INFO: (200, body)}) as (url, _):
        assert server_certificates.fetch(url, {}).offered == ()


def test_the_system_may_trust_it(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(certificates, {}) as (url, _):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
        assert server_certificates.fetch(url, {}).trusted
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.other_ca))
        assert not server_certificates.fetch(url, {}).trusted


def test_a_certificate_vouches_for_its_server_alone(certificates: Certificates) -> None:
    with serving(certificates, {}) as (url, _):
        server_certificates.check(url, certificates.ca.read_text(), {})
        # As in Go, a certificate that is trusted itself needs no authority.
        server_certificates.check(url, certificates.server.certificate.read_text(), {})
        with pytest.raises(SettingsError, match="is not trusted by this certificate"):
            server_certificates.check(url, certificates.other_ca.read_text(), {})
    with serving(certificates, {}, leaf="wrong_host") as (url, _), pytest.raises(SettingsError, match="not trusted"):
        server_certificates.check(url, certificates.ca.read_text(), {})


def say_nothing(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.settimeout(30)
    connection.recv(1 << 16)


def speak_http(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hang_up(connection: socket.socket) -> None:
    connection.close()


@pytest.mark.parametrize("behaviour", [speak_http, hang_up, say_nothing])
def test_what_is_no_tls_server(behaviour: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_certificates, "_TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    behaviour(connection)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        began = time.monotonic()
        with pytest.raises(TransientError):
            server_certificates.fetch(f"https://127.0.0.1:{listener.getsockname()[1]}", {})
        assert time.monotonic() - began < server_certificates.DEADLINE


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "https://test.invalid:6443"])
def test_nobody_there(url: str) -> None:
    with pytest.raises(TransientError, match="can't reach"):
        server_certificates.fetch(url, {})


@pytest.mark.parametrize("proxy", ["socks5://proxy.example.com:1080", "http://me:hunter2@proxy.example.com:3128"])
def test_a_proxy_that_it_does_not_know(proxy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        server_certificates.fetch("https://api.example.com", {"HTTPS_PROXY": proxy})
    assert "hunter2" not in caught.value.message
    assert "--cluster-certificate-authority" in str(caught.value.hint)
