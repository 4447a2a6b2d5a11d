"""How many exchanges a second: ``python -m tests.exchange_server.throughput [--seconds 10] [--connections 16]``.

Every exchange is a whole one: a body read, an ES256 signature verified, an Ed25519 pair made and a certificate signed,
two audit lines written. The same token is sent again and again, so the server is told that tokens may be used twice.
The load comes from ``wrk`` if it is installed, or named by ``WRK``; else from a loop in Python, which is slow itself.
"""

import argparse
import asyncio
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.exchange_server.local_provider import local_provider
from tests.exchange_server.world import CLIENT
from tests.support.exchange import ExchangeServer, start_exchange

SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{body}]]
done = function(summary, latency, requests)
  io.write(string.format("exchanges/s %.0f, median %.1f ms, 99%% %.1f ms, refused %d, broken %d\\n",
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write))
end
"""


def with_wrk(wrk: str, server: ExchangeServer, body: str, *, seconds: float, connections: int, directory: Path) -> str:
    """Return wrk's last line."""
    script = directory / "exchange.lua"
    script.write_text(SCRIPT.replace("{body}", body), encoding="ascii")
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(script), f"{server.url}/exchange"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]


async def with_python(server: ExchangeServer, body: str, seconds: float, connections: int) -> str:
    """Return the same from a loop."""
    parts = urlsplit(server.url)
    tls = ssl.create_default_context(cafile=str(server.ca)) if server.ca else None
    head = f"POST /exchange HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
    request, end, count = (head + body).encode("ascii"), time.monotonic() + seconds, 0

    async def client() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
        while time.monotonic() < end:
            writer.write(request)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(answer.split(b"content-length: ")[1].split(b"\r\n")[0]))
            assert answer.startswith(b"http/1.1 200 ")
            count += 1
        writer.close()

    await asyncio.gather(*[client() for _ in range(connections)])
    return f"exchanges/s {count / seconds:.0f} (load from Python on the same machine)"


def main() -> None:
    """Measure over TLS and over plain HTTP, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=16)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, local_provider() as provider:
        for insecure in (False, True):
            directory = Path(name, str(insecure))
            options: Any = {"one_use": False, "max_token_age": "0", "insecure": insecure}
            server = start_exchange(directory, issuer=provider.issuer, client_id=CLIENT, **options)
            body = json.dumps({"id_token": provider.token(exp=int(time.time()) + 3600)})
            wrk = shutil.which("wrk") or os.environ.get("WRK")
            try:
                if wrk:
                    limits = {"seconds": chosen.seconds, "connections": chosen.connections}
                    line = with_wrk(wrk, server, body, directory=directory, **limits)
                else:
                    line = asyncio.run(with_python(server, body, chosen.seconds, chosen.connections))
            finally:
                server.stop()
            print(f"{urlsplit(server.url).scheme:5} {line}", flush=True)  # noqa: T201 -- the answer


if __name__ == "__main__":
    main()
