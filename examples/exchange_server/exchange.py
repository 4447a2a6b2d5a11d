"""``POST /exchange``: every decision from an unknown caller to a certificate, in one readable row."""

import datetime as dt
import logging
import math
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from .answers import METHOD_NOT_ALLOWED, JsonResponse, Refusal
from .audit import AuditLog
from .claims import AudienceError, TokenError
from .fetch import UnreachableError
from .id_token import IdToken, Verifier
from .issuer import Issued, IssueError, Issuer
from .networks import client_address, read_address, within
from .pem import PublicKey
from .rate_limit import RateLimit
from .request import ExchangeRequest, read_body, read_csr, read_request
from .roles import roles_for
from .settings import Settings
from .used_tokens import UsedTokens
from .values import written_duration

RETRY_SECONDS = 5
"""Seconds after which a client should ask again when the provider does not answer."""

NO_CERTIFICATE = "failed to generate certificate"

_UNQUOTABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""What may not stand in the quoted text of a challenge (RFC 6750 section 3)."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The endpoint, and all it needs.

    :param used: the tokens exchanged already; ``None`` lets a token be used again.
    :param now: the time in seconds since 1970.
    """

    settings: Settings
    issuer: Issuer
    verifier: Verifier
    audit: AuditLog
    rate_limit: RateLimit
    used: UsedTokens | None
    now: Callable[[], float]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        about = {"request__id": str(uuid.uuid4()), "client_ip": self._client(request)}
        try:
            response = await self._decide(request, about)
        except Refusal as refusal:
            outcome = {"status": refusal.status, "error": refusal.error, "detail": refusal.reason}
            self._record(refusal.kind, about, refusal.claims, outcome)
            response = refusal.response()
        except Exception as error:
            self._record("cert_error", about, None, {"status": 500, "detail": type(error).__name__})
            raise
        response.headers["X-Request-Id"] = about["request__id"]
        await response(scope, receive, send)

    async def _decide(self, request: Request, about: dict[str, str]) -> JsonResponse:
        self._admit(request, about["client_ip"])
        asked = read_request(await read_body(request))
        token = await self._verified(asked.id_token)
        self._record("auth_success", about, token.claims, {})
        roles = roles_for(token.claims, self.settings)
        if not roles:
            error = "no roles assigned - user does not match any RBAC rules"
            raise Refusal(403, error, "access_denied", "no rule gives a role", claims=token.claims)
        issued = await self._issue(asked, token, roles, about)
        left = math.ceil(issued.not_after - self.now())
        key = {"key": issued.key} if issued.key else {}
        rest = {"endpoints": list(self.settings.endpoints), "ttl_seconds": max(0, min(self.settings.ttl, left))}
        return JsonResponse({"ca": issued.ca, "cert": issued.certificate, **key, **rest})

    def _client(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        found = client_address(peer, request.headers.getlist("x-forwarded-for"), self.settings.trusted_proxies)
        return str(found) if found else peer

    def _admit(self, request: Request, client: str) -> None:
        if not self.rate_limit.accepts(client):
            wait = {"Retry-After": str(max(1, round(self.settings.rate_limit_window)))}
            raise Refusal(429, "rate limit exceeded", "rate_limited", headers=wait)
        if not allowed(client, self.settings):
            raise Refusal(403, "IP not allowed", "ip_denied")
        if request.method != "POST":
            reason = f"method {ascii(request.method)[:20]}"
            raise Refusal(405, METHOD_NOT_ALLOWED, "bad_request", reason, headers={"Allow": "POST"})

    async def _verified(self, id_token: str) -> IdToken:
        try:
            return await self.verifier.verify(id_token)
        except AudienceError as error:
            text = "the ID token was issued to another client"
            raise Refusal(403, text, "access_denied", error.reason, claims=error.claims) from None
        except TokenError as error:
            raise _unauthorized(error.reason, error.claims) from None
        except UnreachableError as error:
            wait = {"Retry-After": str(RETRY_SECONDS)}
            raise Refusal(503, "identity provider unreachable", "provider_unreachable", str(error), wait) from None

    async def _issue(
        self, asked: ExchangeRequest, token: IdToken, roles: tuple[str, ...], about: Mapping[str, str]
    ) -> Issued:
        public_key = read_csr(asked.csr) if asked.csr else None
        if self.used is not None and not self.used.claim(token.signing_input, token.good_until):
            raise _unauthorized("the token was exchanged before", token.claims)
        try:
            return await self._certificate(roles, public_key, token, about)
        except BaseException:
            # Whoever got nothing may come again with the same token.
            if self.used is not None:
                self.used.release(token.signing_input)
            raise

    async def _certificate(
        self, roles: tuple[str, ...], public_key: PublicKey | None, token: IdToken, about: Mapping[str, str]
    ) -> Issued:
        try:
            issued = await self.issuer.issue(roles, self.settings.ttl, public_key)
            # Before it leaves: there must be no certificate that the audit log does not know.
            self.audit.write("cert_issued", **about, **_person(token.claims), **self._evidence(issued, roles))
        except (IssueError, OSError) as error:
            logger.error("no certificate: %s", error)  # noqa: TRY400 -- no bug of ours, so no traceback
            raise Refusal(500, NO_CERTIFICATE, "cert_error", str(error), claims=token.claims) from None
        return issued

    def _evidence(self, issued: Issued, roles: tuple[str, ...]) -> dict[str, Any]:
        return {
            "roles": list(roles),
            "cert_ttl": written_duration(self.settings.ttl),
            "cert_expiry": formatted(issued.not_after),
            "fingerprint": issued.fingerprint,
            "key_origin": "server" if issued.key else "client",
        }

    def _record(
        self, kind: str, about: Mapping[str, str], claims: Mapping[str, Any] | None, outcome: Mapping[str, object]
    ) -> None:
        """Write an event that gives nobody anything: a log that can't be written does not change the answer."""
        try:
            self.audit.write(kind, **about, **_person(claims or {}), **outcome)
        except OSError as error:
            logger.error("audit log: %s", error)  # noqa: TRY400 -- no bug of ours, so no traceback


def allowed(client: str, settings: Settings) -> bool:
    """Return whether the allowlist has the address; an empty one has all."""
    if not settings.ip_allowlist:
        return True
    address = read_address(client)
    return address is not None and within(address, settings.ip_allowlist)


def _person(claims: Mapping[str, Any]) -> dict[str, object]:
    """Return who signed in, for the audit log; the texts come from a token that was verified."""
    named = {"subject": claims.get("sub"), "email": claims.get("email"), "issuer": claims.get("iss")}
    return {name: value for name, value in named.items() if isinstance(value, str)}


def _unauthorized(reason: str, claims: Mapping[str, Any] | None) -> Refusal:
    """Return a 401 whose body never says why; a header does (RFC 6750 section 3), to the bearer of a real token."""
    challenge = 'Bearer error="invalid_token"'
    if claims is not None:
        challenge += f', error_description="{_UNQUOTABLE.sub("?", reason)}"'
    headers = {"WWW-Authenticate": challenge}
    return Refusal(401, "invalid token", "auth_failure", reason, headers, claims)


def formatted(moment: float) -> str:
    """Return a moment in seconds since 1970 as RFC 3339 in UTC."""
    return f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
