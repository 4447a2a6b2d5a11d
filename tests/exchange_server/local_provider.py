"""An OpenID provider's metadata and key set on a loopback port, whose tokens the test mints itself."""

import http.server
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.exchange_server.world import CLIENT, mint, new_key, public


class LocalProvider:
    """A provider that listens, counts and signs."""

    def __init__(self) -> None:
        self.key = new_key("ES256", "key-1")
        self.asked: list[str] = []
        self._numbers = itertools.count(1)
        outer = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.send_response(200)
                body = json.dumps(outer.documents()[self.path]).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def documents(self) -> dict[str, Any]:
        return {
            "/.well-known/openid-configuration": {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"},
            "/keys": {"keys": [public(self.key)]},
        }

    def token(self, **changes: Any) -> str:
        """Return a good token with changes, each another one."""
        now = int(time.time())
        usual = {"iss": self.issuer, "sub": "alice", "aud": CLIENT, "iat": now, "exp": now + 600}
        return mint(usual | {"jti": next(self._numbers)} | changes, self.key)


@contextmanager
def local_provider() -> Iterator[LocalProvider]:
    """Run a provider for a while."""
    provider = LocalProvider()
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()
