"""A provider of the test's own process that says what it was asked and answers as it is told.

It has the values of int128/kubelogin's own integration tests: code ``YOUR_AUTH_CODE``, access token
``YOUR_ACCESS_TOKEN``, subject ``SUBJECT``, audience ``kubernetes``, RS256 with the key ``dummy``.
"""

import base64
import functools
import itertools
import json
import ssl
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlencode, urlsplit

from tests.oidc.minting import Signer, new_signer
from tests.support.certificates import Leaf

CLIENT = "kubernetes"
CODE = "YOUR_AUTH_CODE"
ACCESS_TOKEN = "YOUR_ACCESS_TOKEN"
REFRESH_TOKEN = "YOUR_REFRESH_TOKEN"
DEVICE_CODE = "YOUR_DEVICE_CODE"
USER_CODE = "WDJB-MJHT"
METADATA = "/.well-known/openid-configuration"


@functools.cache
def signing_key() -> Signer:
    """Return the key ``dummy``; it takes a moment to make."""
    return new_signer("RS256", "dummy")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the token endpoint says to one request.

    :param lifetime: seconds of the ID token, and of the access token by ``expires_in``.
    :param error: an OAuth error code; then nothing else counts but ``status``.
    :param page: an HTML page instead of JSON; then nothing else counts but ``status``.
    :param hangs_up: whether the connection is closed without an answer.
    :param claims: members of the ID token that are not the usual ones; ``None`` leaves one out.
    :param members: members of the answer that are not the usual ones; ``None`` leaves one out.
    :param key: signs the ID token in place of the published key.
    :param header: members of the ID token's header that are not the usual ones.
    """

    lifetime: int = 3600
    refresh_token: str | None = REFRESH_TOKEN
    error: str = ""
    page: str = ""
    hangs_up: bool = False
    status: int = 200
    claims: dict[str, Any] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)
    key: Signer | None = None
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def failure(self) -> tuple[int, dict[str, Any] | str] | None:
        """Status, 0 for none, and document of an answer without tokens."""
        if self.hangs_up or self.page:
            return 0 if self.hangs_up else self.status, self.page
        if self.error or self.status != 200:
            return max(self.status, 400), {"error": self.error} if self.error else {}
        return None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a GET is answered with, whatever the provider would say otherwise.

    :param delay: seconds before the answer.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One request.

    :param basic: client id and secret of HTTP Basic, decoded as RFC 6749 section 2.3.1 has it.
    """

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    basic: tuple[str, str] | None


class _Answering(BaseHTTPRequestHandler):
    """How answers are written."""

    protocol_version = "HTTP/1.1"

    def _send(self, status: int, document: object) -> None:
        """Send JSON, or a page; nothing at all for status 0."""
        if not status:
            self.close_connection = True
        elif isinstance(document, str):
            self._reply(Reply(status, document.encode(), {"Content-Type": "text/html"}))
        else:
            self._reply(Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json"}))

    def _go(self, location: str) -> None:
        self._reply(Reply(302, headers={"Location": location}))

    def _reply(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        pass


class ScriptedProvider:
    """The provider, from ``with`` to its end.

    :param leaf: certificate and key for https; http without.
    :param metadata: members of the metadata that are not the usual ones; ``None`` leaves one out.
    """

    def __init__(self, leaf: Leaf | None = None, **metadata: Any) -> None:
        self.metadata_changes = metadata
        self.answers: list[Answer] = []
        self.device_response: dict[str, Any] = {}
        self.callback_error = ""
        self.wrong_state = False
        self.moved = False
        self.replies: dict[str, Reply] = {}
        self.clock_ahead = 0.0
        self.client_method = ""
        self.seen: list[Seen] = []
        self._nonce: str | None = None
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._scheme = "https" if leaf else "http"
        if leaf:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(leaf.certificate, leaf.key)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def issuer(self) -> str:
        """The issuer."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def metadata(self) -> dict[str, Any]:
        """The provider metadata."""
        usual = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "device_authorization_endpoint": f"{self.issuer}/device",
            "jwks_uri": f"{self.issuer}/certs",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["plain", "S256"],
        }
        return _without_none(usual | self.metadata_changes)

    def paths(self) -> list[str]:
        """Return the paths asked for since the start, or since ``forget``."""
        return [one.path for one in self.seen]

    def recover(self) -> None:
        """Be as at the start again."""
        self.metadata_changes, self.replies, self.answers = {}, {}, []
        self.moved, self.clock_ahead, self.callback_error = False, 0.0, ""
        self.forget()

    def forget(self) -> None:
        """Forget what was asked."""
        self.seen.clear()

    @property
    def sign_ins(self) -> list[dict[str, str]]:
        """The authorization requests."""
        return [one.query for one in self.seen if one.path == "/auth"]

    @property
    def token_requests(self) -> list[Seen]:
        """The requests at the token endpoint, without those that only ask how a client proves itself."""
        return [one for one in self.seen if one.path == "/token" and set(one.form) - {"grant_type", "client_id"}]

    def id_token(self, answer: Answer = Answer(), nonce: str | None = None) -> str:
        """Return a signed ID token."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT, "sub": "SUBJECT", "iat": now, "exp": now + answer.lifetime}
        usual["jti"] = f"{next(self._numbers)}"
        with_nonce = {"nonce": nonce} if nonce else {}
        return (answer.key or signing_key()).mint(
            _without_none({**usual, **with_nonce, **answer.claims}), **answer.header
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(_Answering):
            def do_GET(self) -> None:
                seen = provider._note(self, {})
                if seen.path in provider.replies:
                    self._reply(provider.replies[seen.path])
                elif seen.path in (METADATA, "/moved"):
                    if provider.moved and seen.path == METADATA:
                        self._go("/moved")
                    else:
                        self._send(200, provider.metadata)
                elif seen.path == "/certs":
                    self._send(200, {"keys": [signing_key().jwk()]})
                elif seen.path == "/auth":
                    self._go(provider._callback(seen.query))
                else:
                    self._send(404, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                seen = provider._note(self, dict(parse_qsl(body, keep_blank_values=True)))
                self._send(*provider._posted(seen))

            def date_time_string(self, timestamp: float | None = None) -> str:
                shifted = (time.time() if timestamp is None else timestamp) + provider.clock_ahead
                return super().date_time_string(shifted)

        return Handler

    def _note(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> Seen:
        parts = urlsplit(handler.path)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        seen = Seen(handler.command, parts.path, query, form, headers, _basic(headers.get("authorization", "")))
        self.seen.append(seen)
        return seen

    def _callback(self, query: dict[str, str]) -> str:
        self._nonce = query.get("nonce")
        state = "wrong" if self.wrong_state else query.get("state", "")
        told = {"error": self.callback_error} if self.callback_error else {"code": CODE}
        return f"{query.get('redirect_uri', '')}?{urlencode({**told, 'state': state})}"

    def _posted(self, seen: Seen) -> tuple[int, dict[str, Any] | str]:
        if self.client_method and self.client_method != _method(seen):
            return 401, {"error": "invalid_client"}
        if seen.path == "/device":
            return 200, self._device()
        if seen.form.get("grant_type") == "authorization_code" and "code" not in seen.form:
            return 400, {"error": "invalid_request"}
        answer = self.answers.pop(0) if self.answers else Answer()
        if answer.failure:
            return answer.failure
        nonce = self._nonce if seen.form.get("grant_type") == "authorization_code" else None
        issued = {
            "access_token": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": answer.lifetime,
            "refresh_token": answer.refresh_token,
            "id_token": self.id_token(answer, nonce),
        }
        return 200, _without_none(issued | answer.members)

    def _device(self) -> dict[str, Any]:
        usual = {
            "device_code": DEVICE_CODE,
            "user_code": USER_CODE,
            "verification_uri": f"{self.issuer}/activate",
            "expires_in": 600,
            "interval": 1,
        }
        return _without_none(usual | self.device_response)


def visitor(path: Path, *, page: Path, ca: Path | None = None) -> Path:
    """Write an executable for ``--browser-command`` that follows a URL to its last page, and return its path.

    :param page: where status and text of the last page go.
    :param ca: whom it trusts.
    """
    program = (
        "import ssl, sys, urllib.error, urllib.request\n"
        f"tls = ssl.create_default_context(cafile={str(ca) if ca else None!r})\n"
        "handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)]\n"
        "try:\n"
        "    answer = urllib.request.build_opener(*handlers).open(sys.argv[1], timeout=30)\n"
        "except urllib.error.HTTPError as error:\n"
        "    answer = error\n"
        f"with open({str(page)!r}, 'wb') as file:\n"
        "    file.write(b'%d ' % answer.status + answer.read())\n"
    )
    path.write_text(f"#!{sys.executable} -I\n{program}", encoding="utf-8")
    path.chmod(0o755)
    return path


def _method(seen: Seen) -> str:
    if seen.basic:
        return "client_secret_basic"
    return "client_secret_post" if "client_secret" in seen.form else "none"


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    name, _, secret = base64.b64decode(encoded).decode().partition(":")
    assert (name, secret) == (quote_plus(unquote_plus(name)), quote_plus(unquote_plus(secret))), "not form-encoded"
    return unquote_plus(name), unquote_plus(secret)


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
