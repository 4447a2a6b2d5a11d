"""How many exchanges a second the reference server does, by ``wrk``.

``python -m tests.exchange_server.throughput [--seconds 10] [--connections 16]``

Every exchange is a whole one: each request has a token of its own, for the server takes none twice; its ES256 signature
is verified, an Ed25519 pair is made, a certificate is signed, and two lines are written to the audit log, where they
are counted afterwards.
"""

import argparse
import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.exchange_server.local_provider import LocalProvider, local_provider
from tests.exchange_server.world import CLIENT
from tests.support import components
from tests.support.exchange import ExchangeServer, start_exchange

FASTEST = 3000
"""Exchanges a second that tokens are made for; a server that is quicker would run out of them, and be told of."""

SCRIPT = """
local bodies, count = {{}}, 0
for body in io.lines("{bodies}") do bodies[#bodies + 1] = body end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function() count = count + 1; return wrk.format(nil, nil, nil, bodies[(count - 1) % #bodies + 1]) end
done = function(summary, latency, requests)
  io.write(string.format("MEASURED %d %f %f %f %d %d\\n", summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Throughput:
    """What was measured over one scheme.

    :param rate: exchanges a second.
    :param median: milliseconds of one.
    :param slowest: milliseconds of the slowest in a hundred.
    :param certificates: different certificates in the audit log.
    """

    scheme: str
    connections: int
    rate: float
    median: float
    slowest: float
    certificates: int


class NotWholeError(Exception):
    """Some exchange was none, so that the rate says nothing."""


def measure(seconds: float = 10.0, connections: int = 16) -> list[Throughput]:
    """Return what the server does over TLS and over plain HTTP.

    :raises NotWholeError: an exchange was refused or broken, or is not on record.
    """
    found = []
    with tempfile.TemporaryDirectory() as name, local_provider() as provider:
        for insecure in (False, True):
            directory = Path(name, str(insecure))
            server = start_exchange(directory, issuer=provider.issuer, client_id=CLIENT, insecure=insecure)
            try:
                found.append(_measured(server, provider, directory, seconds, connections))
            finally:
                server.stop()
    return found


def _measured(
    server: ExchangeServer, provider: LocalProvider, directory: Path, seconds: float, connections: int
) -> Throughput:
    bodies, script = directory / "bodies", directory / "exchange.lua"
    with bodies.open("w", encoding="ascii") as file:
        file.writelines(json.dumps({"id_token": provider.token()}) + "\n" for _ in range(int(seconds * FASTEST)))
    script.write_text(SCRIPT.format(bodies=bodies), encoding="ascii")
    wrk = str(components.find("wrk"))
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(script), f"{server.url}/exchange"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    numbers = re.search(r"(?m)^MEASURED (.+)$", said)
    if not numbers:
        raise NotWholeError(said)
    requests, duration, median, slowest, refused, broken = map(float, numbers[1].split())
    issued = [line["fingerprint"] for line in server.decisions() if line["type"] == "cert_issued"]
    # What was under way at the end is on record and not counted.
    if refused or broken or len(set(issued)) != len(issued) or not requests <= len(issued) <= requests + connections:
        raise NotWholeError(f"{requests:.0f} exchanges, {len(set(issued))} certificates; {said}")
    return Throughput(
        urlsplit(server.url).scheme, connections, requests / duration, median, slowest, certificates=len(issued)
    )


def main() -> None:
    """Measure and print a line each."""
    parser = argparse.ArgumentParser(description="Measure the reference exchange server with wrk.")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=16)
    chosen = parser.parse_args()
    for one in measure(chosen.seconds, chosen.connections):
        print(one)  # noqa: T201 -- the answer


if __name__ == "__main__":
    main()
