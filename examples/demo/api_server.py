"""A stand-in for the Kubernetes API server over https: it takes ID tokens by Kubernetes' rules and shows two pods.

Run ``python examples/demo/api_server.py --help``. It prints ``READY <url>`` once it listens, logs one line per
request, and ``refused: <reason>`` for each token that it does not take.
"""

import argparse
import http.server
import json
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO

from api_authenticator import ALGORITHMS, Authenticator, Refused
from api_documents import CREATED, DOCUMENTS, NOT_FOUND, REVIEWS, failure, pods
from certificates import Authority, Leaf


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        """Answer discovery and questions for pods."""
        path = self.path.partition("?")[0].rstrip("/") or "/"
        if path in self.server.anonymous and "Authorization" not in self.headers:
            self._answer(200, {})
            return
        user = self._user()
        if not user:
            return
        if path.endswith("/pods") and not self.server.may_see(*user):
            message = f'pods is forbidden: User "{user[0]}" cannot list resource "pods"'
            self._answer(403, failure(403, "Forbidden", message))
            return
        document = DOCUMENTS.get(path) or pods(path, table="as=Table" in self.headers.get("Accept", ""))
        self._answer(200 if document else 404, document or NOT_FOUND)

    def do_POST(self) -> None:
        """Answer the question who one is."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        user = self._user()
        if not user:
            return
        if self.path.partition("?")[0] != REVIEWS:
            self._answer(404, NOT_FOUND)
            return
        review = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
        about = {"username": user[0], "groups": user[1]}
        self._answer(201, {**review, "metadata": {"creationTimestamp": CREATED}, "status": {"userInfo": about}})

    def _user(self) -> tuple[str, list[str]] | None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        reason = "no bearer token"
        if scheme.lower() == "bearer" and token:
            try:
                return self.server.authenticator.user(token.strip())
            except Refused as error:
                reason = str(error)
        self.server.tell(f"refused: {reason}")
        self._answer(401, failure(401, "Unauthorized", "Unauthorized"))
        return None

    def _answer(self, code: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log method, path and status; never a query, a header or a body."""
        del size
        self.server.tell(f"{self.command} {self.path.partition('?')[0]} {int(code)}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Keep quiet about connections that the client broke off."""


class Server(http.server.ThreadingHTTPServer):
    """A thread per connection, where the TLS handshake happens too, so that a silent client holds up nobody."""

    request_queue_size = 128

    def __init__(self, port: int, leaf: Leaf, authenticator: Authenticator, log: TextIO) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.authenticator = authenticator
        self.anonymous: frozenset[str] = frozenset()
        self.bound: frozenset[tuple[str, str]] | None = None
        self._log = log
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.certificate, leaf.key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def may_see(self, name: str, groups: list[str]) -> bool:
        """Whether a role binding is for this user; without any, everybody sees everything."""
        return self.bound is None or bool(self.bound & {("User", name), *(("Group", group) for group in groups)})

    def tell(self, line: str) -> None:
        """Log a line."""
        self._log.write("".join(character if character.isprintable() else "?" for character in line) + "\n")
        self._log.flush()

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about clients that broke off; anything else is a fault of ours and must be seen."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="A stand-in for the Kubernetes API server, for demonstration and tests."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--tls-cert", type=Path, help="PEM file; made anew when not given")
    parser.add_argument("--tls-key", type=Path, help="PEM file")
    parser.add_argument("--ca-out", type=Path, help="where the authority of a made certificate is written")
    parser.add_argument("--log", type=Path, help="log lines go here instead of stderr")
    oidc = parser.add_argument_group("OpenID Connect, named as the flags of kube-apiserver")
    oidc.add_argument("--issuer", default="")
    oidc.add_argument("--client-id", default="kubernetes")
    oidc.add_argument("--issuer-ca", help="PEM file of the provider's certificate authority")
    oidc.add_argument("--signing-algs", default=",".join(ALGORITHMS))
    oidc.add_argument("--username-claim", default="email")
    oidc.add_argument("--username-prefix", default="oidc:")
    oidc.add_argument("--groups-claim", default="groups")
    oidc.add_argument("--groups-prefix", default="oidc:")
    files = parser.add_argument_group("files, in place of the flags above")
    files.add_argument("--authentication-config", type=Path, help="an AuthenticationConfiguration with one issuer")
    files.add_argument("--role-bindings", type=Path, help="cluster role bindings: who may see pods")
    chosen = parser.parse_args()
    if bool(chosen.issuer) == bool(chosen.authentication_config):
        parser.error("either --issuer or --authentication-config")
    return chosen


def _certificate(chosen: argparse.Namespace, directory: Path) -> Leaf:
    if chosen.tls_cert:
        return Leaf(chosen.tls_cert, chosen.tls_key)
    authority = Authority(directory, "kubelogin-py API server CA")
    if chosen.ca_out:
        chosen.ca_out.write_bytes(authority.file.read_bytes())
    return authority.leaf()


def _told(chosen: argparse.Namespace) -> tuple[Authenticator, frozenset[str]]:
    """Return what the API server is told, and the paths that need no token."""
    if chosen.authentication_config:
        from api_configuration import Faulty, read_configuration  # noqa: PLC0415 -- for those who have such a file

        try:
            found = read_configuration(chosen.authentication_config)
        except Faulty as error:
            raise SystemExit(f"{chosen.authentication_config}: {error}") from None
        return found.authenticator, found.anonymous
    authenticator = Authenticator(
        chosen.issuer,
        chosen.client_id,
        ca=chosen.issuer_ca,
        algorithms=[name for name in chosen.signing_algs.split(",") if name in ALGORITHMS],
        username_claim=chosen.username_claim,
        username_prefix=chosen.username_prefix,
        groups_claim=chosen.groups_claim,
        groups_prefix=chosen.groups_prefix,
    )
    return authenticator, frozenset()


def main() -> None:
    chosen = _arguments()
    log: TextIO = chosen.log.open("a", encoding="utf-8") if chosen.log else sys.stderr
    authenticator, anonymous = _told(chosen)
    with tempfile.TemporaryDirectory() as directory:
        server = Server(chosen.port, _certificate(chosen, Path(directory)), authenticator, log)
        server.anonymous = anonymous
        if chosen.role_bindings:
            from api_configuration import read_bound  # noqa: PLC0415 -- as below

            server.bound = read_bound(chosen.role_bindings)
    print(f"READY https://localhost:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
