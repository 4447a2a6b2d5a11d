"""As much of talosctl as the tests need: ``talosctl [--context NAME] -e ADDRESS version``, by Talos' own stubs.

It reads the talosconfig that talosctl would read, and nothing of ours.
"""

import argparse
import asyncio
import base64
import os
import ssl
import sys
import tempfile
from pathlib import Path

import betterproto.lib.google.protobuf as google
import grpclib
import yaml
from grpclib.client import Channel
from talos_linux_api.v1_6_0.machine import MachineServiceStub


def context_of(name: str | None) -> dict[str, str]:
    """Return the context."""
    usual = Path(os.environ.get("TALOS_HOME") or Path.home() / ".talos") / "config"
    config = yaml.safe_load(Path(os.environ.get("TALOSCONFIG") or usual).read_text(encoding="utf-8"))
    found: dict[str, str] = config["contexts"][name or config["context"]]
    return found


def tls(context: dict[str, str]) -> ssl.SSLContext:
    """Return a TLS context with the client certificate of a talosconfig's context."""
    made = ssl.create_default_context(cadata=base64.b64decode(context["ca"]).decode("ascii"))
    made.set_alpn_protocols(["h2"])
    with tempfile.NamedTemporaryFile() as file:
        file.write(base64.b64decode(context["crt"]) + base64.b64decode(context["key"]))
        file.flush()
        made.load_cert_chain(file.name)
    return made


async def version(endpoint: str, made: ssl.SSLContext) -> str:
    """Ask a node for its version."""
    host, _, port = endpoint.rpartition(":")
    channel = Channel(host, int(port), ssl=made)
    try:
        answer = await MachineServiceStub(channel).version(google.Empty(), timeout=10)
        return answer.messages[0].version.tag
    finally:
        channel.close()


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--context")
    parser.add_argument("-e", "--endpoint", required=True)
    parser.add_argument("command", choices=["version"])
    asked = parser.parse_args()
    try:
        answer = asyncio.run(version(asked.endpoint, tls(context_of(asked.context))))
    except (OSError, grpclib.GRPCError, grpclib.exceptions.StreamTerminatedError) as error:
        sys.exit(f"error: {type(error).__name__}: {error}")
    sys.stdout.write(f"{answer}\n")


if __name__ == "__main__":
    main()
