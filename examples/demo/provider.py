"""An OpenID provider for the demo and the tests: Authlib and Flask, all in memory, on loopback.

Run ``python examples/demo/provider.py --help``. It prints ``READY <issuer>`` once it listens; its users, their
passwords and its clients stand in ``accounts.json``.
"""

import argparse
import os
import socket
import ssl
import sys
import warnings
from pathlib import Path
from typing import TextIO

import flask
from joserfc.errors import SecurityWarning
from provider_endpoints import Endpoints
from provider_model import ALGORITHMS, Settings
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


def serve(app: flask.Flask, listener: socket.socket, tls: ssl.SSLContext | None, log: TextIO) -> BaseWSGIServer:
    """Return a server with a thread per connection that logs one line per request, without queries and bodies."""

    class Handler(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            del size
            log.write(f"{self.command} {self.path.partition('?')[0]} {int(code)}\n")
            log.flush()

        def log(self, type: str, message: str, *values: object) -> None:  # noqa: A002 -- Werkzeug's name
            """Keep quiet about connections that the client broke off."""

    host, port = listener.getsockname()[:2]
    server = make_server(host, port, app, threaded=True, request_handler=Handler, fd=listener.fileno())
    if tls:
        # The handshake is left to the connection's own thread, so that a silent client holds up nobody else.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.ssl_context = tls
    return server


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="An OpenID provider on loopback, for demonstration and tests.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--listen-port", type=int, help="listen here instead of the issuer's port (behind a proxy)")
    parser.add_argument("--issuer-host", default="localhost", help="localhost, 127.0.0.1 or ::1")
    parser.add_argument("--tls-cert", help="PEM file; with --tls-key the issuer is an https one")
    parser.add_argument("--tls-key", help="PEM file")
    parser.add_argument("--log", type=Path, help="one line per request goes here instead of stderr")
    parser.add_argument(
        "--algorithm", choices=ALGORITHMS, default="RS256", help="of clients that have none of their own"
    )
    parser.add_argument("--id-token-ttl", type=int, default=3600, metavar="SECONDS")
    parser.add_argument("--access-token-ttl", type=int, default=3600, metavar="SECONDS")
    parser.add_argument(
        "--access-token-jwt", action=argparse.BooleanOptionalAction, default=False, help="signed instead of opaque"
    )
    parser.add_argument(
        "--refresh-always", action=argparse.BooleanOptionalAction, default=True, help="without offline_access"
    )
    parser.add_argument(
        "--refresh-latency", type=float, default=0, metavar="SECONDS", help="wait before a refresh is answered"
    )
    parser.add_argument(
        "--refresh-grace",
        type=float,
        default=0,
        metavar="SECONDS",
        help="how long a refresh token still counts that was rotated away",
    )
    parser.add_argument("--device-ttl", type=float, default=600, metavar="SECONDS")
    parser.add_argument("--device-interval", type=float, default=5, metavar="SECONDS")
    return parser.parse_args()


def main() -> None:
    chosen = _arguments()
    # EdDSA is what RFC 9864 replaces and what providers sign with; the server runs on loopback, where http will do.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    host = "127.0.0.1" if chosen.issuer_host == "localhost" else chosen.issuer_host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    port = chosen.port if chosen.listen_port is None else chosen.listen_port
    listener = socket.create_server((host, port), family=family, backlog=128)
    tls = None
    if chosen.tls_cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(chosen.tls_cert, chosen.tls_key)
    name = f"[{chosen.issuer_host}]" if family == socket.AF_INET6 else chosen.issuer_host
    issuer = f"{'https' if tls else 'http'}://{name}:{chosen.port or listener.getsockname()[1]}"
    same_named = ("algorithm", "id_token_ttl", "access_token_ttl", "access_token_jwt", "refresh_always")
    more = ("refresh_latency", "refresh_grace", "device_ttl", "device_interval")
    options = {name: getattr(chosen, name) for name in (*same_named, *more)}
    log = chosen.log.open("a", encoding="utf-8") if chosen.log else sys.stderr
    app = flask.Flask("provider")
    Endpoints(app, Settings(issuer, **options))
    server = serve(app, listener, tls, log)
    print(f"READY {issuer}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
