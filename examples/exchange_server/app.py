"""The HTTP endpoints, as one ASGI application."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers import METHOD_NOT_ALLOWED, NO_STORE, JsonResponse
from .exchange import RETRY_SECONDS, Exchange
from .fetch import UnreachableError
from .issuer import Issuer
from .provider import Provider

NO_CA = "CA endpoint only available in self-signed TLS mode"

logger = logging.getLogger(__name__)

Close = Callable[[], Awaitable[None]]


class Dated:
    """Puts the server's time on every response, by which clients notice that a clock is wrong.

    :param now: the time in seconds since 1970.
    """

    def __init__(self, app: ASGIApp, now: Callable[[], float]) -> None:
        self._app, self._now = app, now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"date", formatdate(self._now(), usegmt=True).encode())]
            await send(message)

        await self._app(scope, receive, dated if scope["type"] == "http" else send)


class Get:
    """An endpoint for GET alone."""

    def __init__(self, answer: Callable[[], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] == "GET":
            response = await self._answer()
        else:
            response = JsonResponse({"error": METHOD_NOT_ALLOWED}, 405, {"Allow": "GET"})
        await response(scope, receive, send)


def make_app(exchange: Exchange, provider: Provider, ca: bytes | None, close: Close) -> Starlette:
    """Return the application.

    :param ca: PEM of the self-signed authority behind this server's own certificate.
    :param close: called when the server ends.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await close()

    async def healthz() -> Response:
        return PlainTextResponse("ok", headers=NO_STORE)

    async def readyz() -> Response:
        return await _readiness(exchange.issuer, provider)

    async def own_ca() -> Response:
        if ca is None:
            return JsonResponse({"error": NO_CA}, 404)
        return Response(ca, media_type="application/x-pem-file", headers=NO_STORE)

    gets = {"/healthz": healthz, "/readyz": readyz, "/ca": own_ca}
    routes = [Route("/exchange", exchange), *(Route(path, Get(answer)) for path, answer in gets.items())]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Dated, now=exchange.now)],
        exception_handlers={HTTPException: _not_found, Exception: _our_fault},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _readiness(issuer: Issuer, provider: Provider) -> Response:
    """Return 200 when an exchange could succeed now: certificates can be made, and the provider's keys are known."""
    answer, problem = "certificates can't be made", issuer.ready()
    if not problem:
        try:
            await provider.known()
        except UnreachableError as error:
            answer, problem = "identity provider unreachable", str(error)
    if problem:
        # What exactly failed is the operator's to know; anybody may ask here.
        logger.warning("not ready: %s", problem)
        return JsonResponse({"error": answer}, 503, {"Retry-After": str(RETRY_SECONDS)})
    return PlainTextResponse("ready", headers=NO_STORE)


async def _not_found(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return PlainTextResponse("404 page not found\n", status, NO_STORE)


async def _our_fault(_: Request, error: Exception) -> Response:
    logger.error("a fault of this server", exc_info=error)
    return JsonResponse({"error": "internal error"}, 500)
