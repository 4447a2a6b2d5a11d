"""Connections: how long and how much a client may take before it is heard."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.server import ServerState

from examples.exchange_server.server import HEADER_LIMIT, PatientlyBounded

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Hasty(PatientlyBounded):
    """Waits a shorter time, so that the tests do."""

    header_seconds = 0.3


async def _answer(request: Request) -> PlainTextResponse:
    await request.body()
    await asyncio.sleep(0.5 if request.url.path == "/slow" else 0)
    return PlainTextResponse("hello")


def served(talk: Talk) -> bytes:
    """Let a client talk to a server, and return what it heard."""

    async def scene() -> bytes:
        routes = [Route(path, _answer, methods=["GET", "POST"]) for path in ("/", "/slow")]
        config = uvicorn.Config(Starlette(routes=routes), http=Hasty, ws="none", lifespan="off", log_config=None)
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()
        server = await loop.create_server(
            lambda: Hasty(config=config, server_state=state, app_state={}, _loop=loop), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.timeout(10):
                return await talk(reader, writer)
        finally:
            writer.close()
            server.close()

    return asyncio.run(scene())


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    heard = b""
    while True:
        try:
            chunk = await reader.read(1000)
        except ConnectionError:
            return heard
        if not chunk:
            return heard
        heard += chunk


@pytest.mark.parametrize("first", [b"", b"GET /", REQUEST[:-2]], ids=["nothing", "a word", "no end"])
def test_a_client_that_says_too_little_is_dropped(first: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(first)
        return await _until_closed(reader)

    assert served(talk) == b""


def test_a_client_that_drips_is_dropped() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(REQUEST[:-2])
        for number in range(20):
            writer.write(b"X-%d: y\r\n" % number)
            await asyncio.sleep(0.05)
        return await _until_closed(reader)

    assert served(talk) == b""


def test_a_head_without_end_is_dropped() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(REQUEST[:-2])
        for _ in range(2):
            writer.write((b"X: " + b"y" * 995 + b"\r\n") * (HEADER_LIMIT // 2000 + 1))
            await asyncio.sleep(0.05)
        assert await reader.read(1000) == b""
        writer.write(b"\r\n")
        return await _until_closed(reader)

    assert served(talk) == b""


def test_a_second_request_must_come_as_quickly() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(REQUEST)
        assert (await reader.read(1000)).endswith(b"hello")
        await asyncio.sleep(0.4)
        writer.write(REQUEST)
        assert (await reader.read(1000)).endswith(b"hello"), "an idle connection may wait longer"
        writer.write(b"GET /")
        return await _until_closed(reader)

    assert served(talk) == b""


def test_a_slow_answer_is_not_the_clients_fault() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(REQUEST.replace(b"/ ", b"/slow "))
        return await reader.readuntil(b"hello")

    assert served(talk)


def test_a_large_body_is_no_large_head() -> None:
    body = b"x" * (2 * HEADER_LIMIT)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return await reader.readuntil(b"hello")

    assert served(talk)
