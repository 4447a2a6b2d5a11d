"""The callback listener over TLS: as over plain HTTP, whatever a client does with its handshake."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from kubelogin_py import pages
from kubelogin_py.adapters.callback_connections import CONNECTION_LIMIT
from kubelogin_py.adapters.callback_server import CallbackServer, LoopbackListener
from kubelogin_py.adapters.callback_tls import Identity
from kubelogin_py.adapters.clock import SystemClock, SystemEntropy
from kubelogin_py.errors import SettingsError, StrayCallbackError
from tests.support.callback_client import send_raw
from tests.support.certificates import Certificates

PAGE = pages.signed_in("alice@example.test", "https://id.example.com")
RIGHT = "code=the-code&state=right"

pytestmark = pytest.mark.timeout(30)


class ShiftedClock(SystemClock):
    """The system's clock, seen from some seconds later."""

    shift = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.shift


@pytest.fixture
def identity(certificates: Certificates) -> Identity:
    return Identity(str(certificates.server.certificate), str(certificates.server.key))


@contextmanager
def listening(identity: Identity, redirect_url: str | None = None, **options: object) -> Iterator[CallbackServer]:
    clock = options.pop("clock", None) or SystemClock()
    listener = LoopbackListener(clock, SystemEntropy(), identity=identity, **options)
    with listener.listen(["127.0.0.1:0"], redirect_url) as callback:
        yield callback


@pytest.fixture
def callback(identity: Identity) -> Iterator[CallbackServer]:
    with listening(identity) as opened:
        yield opened


def port_of(callback: CallbackServer) -> int:
    return urlsplit(callback.redirect_uri).port or 0


def accept(query: str) -> str:
    if "state=right" not in query:
        raise StrayCallbackError("not ours")
    return query


def signed_in(callback: CallbackServer, certificates: Certificates, *, path: str = "") -> requests.Response:
    """Bring the answer as a browser does, and return the last page it was shown."""
    shown: list[requests.Response] = []
    url = f"{callback.redirect_uri}{path}?{RIGHT}"
    visit = threading.Thread(target=lambda: shown.append(requests.get(url, verify=str(certificates.ca), timeout=10)))
    visit.start()
    assert callback.wait(accept, deadline=time.monotonic() + 10) == RIGHT
    callback.finish(PAGE, status=200)
    visit.join(10)
    return shown[0]


def test_the_answer_comes_over_https(callback: CallbackServer, certificates: Certificates) -> None:
    assert callback.redirect_uri == f"https://localhost:{port_of(callback)}"
    shown = signed_in(callback, certificates)
    assert (shown.status_code, shown.text) == (200, PAGE)
    assert shown.url.startswith("https://localhost:")


def test_a_path_and_a_host_of_one_s_own(identity: Identity, certificates: Certificates) -> None:
    with listening(identity, host="127.0.0.1") as callback:
        assert callback.redirect_uri == f"https://127.0.0.1:{port_of(callback)}"
        assert signed_in(callback, certificates).status_code == 200


@pytest.mark.parametrize(
    ("host", "begins"), [("::1", "http://[::1]:"), ("[::1]", "http://[::1]:"), ("127.0.0.1", "http://127.0.0.1:")]
)
def test_the_host_of_the_default_redirect_uri(host: str, begins: str) -> None:
    with listening(Identity(), host=host) as callback:
        assert callback.redirect_uri.startswith(begins)


@pytest.mark.parametrize("host", ["login.example.com", "192.168.1.1", "localhost@evil.example", "localhost/x y", ""])
def test_a_host_that_is_not_this_machine_is_refused(host: str) -> None:
    """B-85."""
    with pytest.raises(SettingsError), listening(Identity(), host=host):
        pass


def test_a_client_that_never_finishes_its_handshake_blocks_nobody(
    callback: CallbackServer, certificates: Certificates
) -> None:
    with ExitStack() as stack:
        for started in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\x40\x00"):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", port_of(callback))))
            silent.sendall(started)
        begun = time.monotonic()
        assert signed_in(callback, certificates).status_code == 200
        assert time.monotonic() - begun < 8


def test_a_flood_of_silent_clients_blocks_nobody(callback: CallbackServer, certificates: Certificates) -> None:
    with ExitStack() as stack:
        for _ in range(2 * CONNECTION_LIMIT):
            stack.enter_context(socket.create_connection(("127.0.0.1", port_of(callback))))
        assert signed_in(callback, certificates).status_code == 200


def test_an_unfinished_handshake_has_a_deadline(identity: Identity) -> None:
    clock = ShiftedClock()
    with (
        listening(identity, clock=clock) as callback,
        socket.create_connection(("127.0.0.1", port_of(callback)), timeout=5) as silent,
    ):
        silent.sendall(b"\x16\x03\x01")
        time.sleep(0.1)
        clock.shift = 11.0
        assert silent.recv(1) == b""


@pytest.mark.parametrize(
    "said",
    [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0" * 100, b"\x16\x03\x01\x00\x05hello", b"SSH-2.0-x\r\n"],
    ids=["http", "zeros", "no hello", "ssh"],
)
def test_what_is_no_tls_is_closed_and_forgotten(
    callback: CallbackServer, certificates: Certificates, said: bytes
) -> None:
    assert b"HTTP/1.1" not in send_raw(port_of(callback), said)
    assert signed_in(callback, certificates).status_code == 200


def test_a_client_that_does_not_trust_us_ends_nothing(callback: CallbackServer, certificates: Certificates) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(callback.redirect_uri, verify=str(certificates.other_ca), timeout=5)
    assert signed_in(callback, certificates).status_code == 200


def test_a_request_in_single_bytes_and_one_in_many_records_are_read(
    callback: CallbackServer, certificates: Certificates
) -> None:
    """Decrypted bytes may wait inside the TLS library, where the system does not announce them."""
    context = ssl.create_default_context(cafile=str(certificates.ca))
    with (
        socket.create_connection(("127.0.0.1", port_of(callback)), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as client,
    ):
        head = f"GET /nowhere HTTP/1.1\r\nHost: localhost:{port_of(callback)}\r\nX: {'x' * 20_000}\r\n\r\n".encode()
        for part in (head[:1], head[1:2], head[2:]):
            client.sendall(part)
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_it_is_the_redirect_uri_that_is_registered(identity: Identity) -> None:
    with listening(identity, "https://localhost:8443/cb") as callback:
        assert callback.redirect_uri == "https://localhost:8443/cb"


def test_an_http_redirect_url_on_its_port_is_refused(identity: Identity) -> None:
    listener = LoopbackListener(SystemClock(), SystemEntropy(), identity=identity)
    with (
        pytest.raises(SettingsError, match="is http, and the callback listener speaks https"),
        listener.listen(["127.0.0.1:8000"], "http://localhost:8000"),
    ):
        pass


def faulty(case: str, certificates: Certificates, directory: Path) -> Identity:
    good = certificates.server
    (directory / "empty").touch()
    (directory / "folder").mkdir()
    return {
        "no key": Identity(str(good.certificate), None),
        "no certificate": Identity(None, str(good.key)),
        "absent": Identity(str(directory / "absent"), str(good.key)),
        "key absent": Identity(str(good.certificate), str(directory / "absent")),
        "folder": Identity(str(directory / "folder"), str(good.key)),
        "empty": Identity(str(directory / "empty"), str(good.key)),
        "swapped": Identity(str(good.key), str(good.certificate)),
        "of another": Identity(str(good.certificate), str(certificates.expired.key)),
        "no path": Identity("a\0b", str(good.key)),
    }[case]


FAULTS = {
    "no key": "--local-server-key is missing",
    "no certificate": "--local-server-cert is missing",
    "absent": "could not read .*: no such file",
    "key absent": "could not read .*: no such file",
    "folder": "could not read .*: is a directory",
    "empty": "no certificate and private key",
    "swapped": "no certificate and private key",
    "of another": "no certificate and private key",
    "no path": "could not read",
}


@pytest.mark.parametrize(("case", "message"), FAULTS.items(), ids=FAULTS)
def test_files_that_will_not_do_are_told_before_anything_is_bound(
    case: str, message: str, certificates: Certificates, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=message), listening(faulty(case, certificates, tmp_path)):
        pass


def test_an_encrypted_key_is_refused_and_nobody_is_asked(certificates: Certificates, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(certificates.server.key.read_bytes(), None)
    encrypted = tmp_path / "encrypted.key"
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    identity = Identity(str(certificates.server.certificate), str(encrypted))
    with pytest.raises(SettingsError, match="belong together") as caught, listening(identity):
        pass
    assert "not encrypted" in str(caught.value.hint)
