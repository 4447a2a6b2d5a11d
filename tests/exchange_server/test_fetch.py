"""How the provider's documents are got over the network."""

import asyncio
import gzip
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from examples.exchange_server.fetch import DOCUMENT_LIMIT, HttpFetch, UnreachableError
from examples.exchange_server.settings import ConfigError, Settings
from tests.support.certificates import Certificates
from tests.support.processes import free_port

ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/good": (200, {}, b'{"a": 1}'),
    "/limit": (200, {}, b'{"a": "' + b"x" * (DOCUMENT_LIMIT - 9) + b'"}'),
    "/large": (200, {}, b'{"a": "' + b"x" * DOCUMENT_LIMIT + b'"}'),
    "/list": (200, {}, b"[]"),
    "/text": (200, {}, b"hello"),
    "/twice": (200, {}, b'{"a": 1, "a": 2}'),
    "/deep": (200, {}, b'{"a":' * 50_000),
    "/gzip": (200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"a": 1}')),
    "/error": (500, {}, b'{"a": 1}'),
    "/moved": (302, {"Location": "/good"}, b""),
}


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, headers, body = ANSWERS[self.path]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Keep quiet about clients that hang up."""


@contextmanager
def served(tls: ssl.SSLContext | None = None) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), _Answer)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with served() as url:
        yield url


def fetched(url: str, **settings: Any) -> dict[str, Any]:
    async def fetch() -> dict[str, Any]:
        got = HttpFetch(Settings(**settings))
        try:
            return await got(url)
        finally:
            await got.close()

    return asyncio.run(fetch())


def test_a_document_is_read(base: str) -> None:
    assert fetched(f"{base}/good") == {"a": 1}
    assert len(fetched(f"{base}/limit")["a"]) == DOCUMENT_LIMIT - 9


@pytest.mark.parametrize("path", sorted(set(ANSWERS) - {"/good", "/limit"}))
def test_what_is_no_document_is_none(base: str, path: str) -> None:
    """Redirects are not followed: the keys are where the metadata says, or nowhere."""
    with pytest.raises(UnreachableError, match=path):
        fetched(base + path)


def test_nobody_there_is_said_so() -> None:
    with pytest.raises(UnreachableError, match="ConnectError"):
        fetched(f"http://127.0.0.1:{free_port()}/good")


def test_the_providers_certificate_is_verified(certificates: Certificates) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.server.certificate, certificates.server.key)
    with served(tls) as url:
        assert fetched(f"{url}/good", issuer_ca=str(certificates.ca)) == {"a": 1}
        with pytest.raises(UnreachableError, match="certificate verify failed"):
            fetched(f"{url}/good")
        with pytest.raises(UnreachableError, match="certificate verify failed"):
            fetched(f"{url}/good", issuer_ca=str(certificates.other_ca))


def test_an_authority_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't read issuer_ca"):
        HttpFetch(Settings(issuer_ca=str(tmp_path / "missing")))
    (tmp_path / "empty").touch()
    with pytest.raises(ConfigError, match="can't read issuer_ca"):
        HttpFetch(Settings(issuer_ca=str(tmp_path / "empty")))
