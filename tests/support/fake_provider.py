"""A provider in memory that says what it wants and what it responds."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kubelogin_py.errors import TransientError
from kubelogin_py.ports import Clock
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from tests.oidc.minting import Signer, new_signer

ISSUER = "https://id.example.com"
CLIENT = "kubernetes"
METADATA = "/.well-known/openid-configuration"
DEVICE = {
    "device_code": "device-secret",
    "user_code": "ABCD-EFGH",
    "verification_uri": f"{ISSUER}/activate",
    "expires_in": 600,
    "interval": 5,
}


@dataclass
class Request:
    """One request the provider saw."""

    method: str
    path: str
    form: dict[str, str]
    basic: tuple[str, str] | None
    timeout: float | None
    at: float


class Lost:
    """A scripted outcome: the provider does its part, and the answer gets lost on the way."""


@dataclass
class FakeProvider:
    """A provider reached without a network; each attribute is something a test may want otherwise.

    It rotates refresh tokens and revokes the session when one comes twice, unless ``rotates`` is off.
    """

    clock: Clock
    events: list[str]
    key: Signer = field(default_factory=lambda: new_signer(key_id="one"))
    published: list[Signer] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    token_response: dict[str, Any] = field(default_factory=dict)
    device_response: dict[str, Any] = field(default_factory=dict)
    device_answers: list[str] = field(default_factory=list)
    rotates: bool = True
    revoked: bool = False
    given_back: list[str] = field(default_factory=list)
    id_token_on_refresh: bool = True
    id_token_with_scope: bool = False
    scripted: list[Response | Exception | Lost | None] = field(default_factory=list)
    registered_method: str | None = None
    codes_seen: int = 0
    scripted_documents: dict[str, list[Response | Exception]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    nonce: str | None = None
    current: str = "refresh-0"
    on_token_request: Callable[[], None] = lambda: None

    def document(self) -> dict[str, Any]:
        """Return the provider metadata; a member set to ``None`` is left out."""
        paths = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
            "device_authorization_endpoint": "/device",
        }
        members = {
            "issuer": ISSUER,
            **{name: ISSUER + path for name, path in paths.items()},
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
            **self.metadata,
        }
        return {name: value for name, value in members.items() if value is not None}

    def id_token(self, **changed: Any) -> str:
        """Return a signed ID token; a claim set to ``None`` is left out."""
        now = int(self.clock.now())
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "alice-id",
            "email": "alice@example.test",
            "iat": now,
            "exp": now + 3600,
            **({"nonce": self.nonce} if self.nonce else {}),
            **self.claims,
            **changed,
        }
        return self.key.mint({name: value for name, value in claims.items() if value is not None})

    def get(self, url: str, *, limit: int) -> Response:
        path = urlsplit(url).path
        self._seen(Request("GET", path, {}, None, None, self.clock.monotonic()))
        if self.scripted_documents.get(path):
            outcome = self.scripted_documents[path].pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
        if path == METADATA:
            return answer(self.document(), url=url)
        return answer({"keys": [key.jwk() for key in self.published or [self.key]]}, url=url)

    def post(
        self,
        url: str,
        form: Sequence[tuple[str, str | Secret]],
        *,
        limit: int,
        basic: tuple[str, Secret] | None = None,
        timeout: float | None = None,
    ) -> Response:
        fields = {name: value.reveal() if isinstance(value, Secret) else value for name, value in form}
        assert len(fields) == len(form), f"a field comes twice: {[name for name, _ in form]}"
        path = urlsplit(url).path
        known = (basic[0], basic[1].reveal()) if basic else None
        self._seen(Request("POST", path, fields, known, timeout, self.clock.monotonic()))
        if path == "/token" and "code" in fields:
            self.codes_seen += 1
        if path == "/token":
            self.on_token_request()
        outcome = self.scripted.pop(0) if self.scripted else None
        if isinstance(outcome, Exception):
            raise outcome
        refused = path == "/token" and not self._is_client(fields, basic=basic is not None)
        answered = refusal("invalid_client", 401) if refused else None
        response = outcome if isinstance(outcome, Response) else answered or self._answered(path, fields)
        if isinstance(outcome, Lost):
            raise TransientError("POST https://id.example.com/token: connection reset by peer (temporary)")
        return response

    def _is_client(self, fields: dict[str, str], *, basic: bool) -> bool:
        """Whether the client proves itself in the way it is registered for; any will do unless a test says one."""
        used = "client_secret_basic" if basic else "client_secret_post" if "client_secret" in fields else "none"
        return self.registered_method in (None, used)

    def _seen(self, request: Request) -> None:
        self.requests.append(request)
        self.events.append(f"{request.method} {request.path}")

    def _answered(self, path: str, fields: dict[str, str]) -> Response:
        if path == "/revoke":
            self.given_back.append(fields["token"])
            return answer({})
        if path == "/device":
            document = {**DEVICE, **self.device_response}
            return answer({name: value for name, value in document.items() if value is not None})
        if self.device_answers and "device_code" in fields:
            return refusal(self.device_answers.pop(0))
        if fields["grant_type"] == "authorization_code" and "code" not in fields:
            return refusal("invalid_request")
        if fields["grant_type"] == "refresh_token":
            if self.revoked or fields["refresh_token"] != self.current:
                self.revoked = True
                return refusal("invalid_grant")
            with_id_token = self.id_token_on_refresh or (self.id_token_with_scope and "scope" in fields)
        else:
            with_id_token = True
        return answer(self._issued(with_id_token=with_id_token))

    def _issued(self, *, with_id_token: bool) -> dict[str, Any]:
        if self.rotates:
            self.current = f"refresh-{int(self.current.rpartition('-')[2]) + 1}"
        issued = {
            "access_token": "access-canary",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": self.current,
            **({"id_token": self.id_token()} if with_id_token else {}),
            **self.token_response,
        }
        return {name: value for name, value in issued.items() if value is not None}

    def count(self, path: str) -> int:
        """Return how many requests a path has seen."""
        return sum(request.path == path for request in self.requests)

    @property
    def forms(self) -> list[dict[str, str]]:
        """The forms that the token endpoint has seen."""
        return [request.form for request in self.requests if request.path == "/token"]


def answer(document: object, status: int = 200, url: str = f"{ISSUER}/token", **headers: str) -> Response:
    """Return a JSON response."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(url, status, {"content-type": "application/json", **fields}, json.dumps(document).encode())


def refusal(error: object, status: int = 400, **members: str) -> Response:
    """Return an OAuth error response."""
    return answer({"error": error, **members}, status)
