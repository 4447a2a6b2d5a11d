"""A stand-in for a Talos node's API and for talosctl: gRPC over mutual TLS, roles from the client's certificate.

``python examples/demo/talos_node.py serve CA CERTIFICATE KEY`` prints ``READY ADDRESS`` once it listens on loopback;
``python examples/demo/talos_node.py version ADDRESS`` asks it, by the current context of the talosconfig.
"""

import asyncio
import base64
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from grpclib.client import Channel
from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.base import CodecBase
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.server import Server

METHOD = "/machine.MachineService/Version"
READERS = {"os:admin", "os:operator", "os:reader"}
VERSION = "v1.11.0"
DEADLINE = 10.0


class Raw(CodecBase):
    """Leaves messages as the bytes they are."""

    __content_subtype__ = "proto"

    def encode(self, message: Any, _message_type: Any) -> bytes:
        """Return the message."""
        return bytes(message)

    def decode(self, data: bytes, _message_type: Any) -> bytes:
        """Return the message."""
        return data


class Machine:
    """The one call that is shown here."""

    def __mapping__(self) -> dict[str, Handler]:
        """Return the calls by their paths."""
        return {METHOD: Handler(self.version, Cardinality.UNARY_UNARY, bytes, bytes)}

    async def version(self, stream: Any) -> None:
        """Answer whoever has a role that may read."""
        subject = stream.peer.cert()["subject"]
        roles = {value for part in subject for name, value in part if name == "organizationName"}
        if not roles & READERS:
            raise GRPCError(Status.PERMISSION_DENIED, "not authorized")
        await stream.recv_message()
        # The tag of the version of the first message.
        await stream.send_message(_field(1, _field(2, _field(1, VERSION.encode()))))


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


async def serve(ca: str, certificate: str, key: str) -> None:
    """Serve until ended."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    server = Server([Machine()], codec=Raw())
    await server.start("127.0.0.1", 0, ssl=context)
    [listener] = server._server.sockets  # noqa: SLF001 -- grpclib names its port nowhere else
    print(f"READY 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await server.wait_closed()


async def version(address: str) -> str:
    """Return the version that a node says it has."""
    config = yaml.safe_load((Path.home() / ".talos/config").read_text(encoding="utf-8"))
    context = config["contexts"][config["context"]]
    ca, certificate, key = (base64.b64decode(context[name]) for name in ("ca", "crt", "key"))
    tls = ssl.create_default_context(cadata=ca.decode("ascii"))
    tls.set_alpn_protocols(["h2"])
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate + key)
        file.flush()
        tls.load_cert_chain(file.name)
    host, _, port = address.rpartition(":")
    channel = Channel(host, int(port), ssl=tls, codec=Raw())
    try:
        async with asyncio.timeout(DEADLINE), channel.request(METHOD, Cardinality.UNARY_UNARY, bytes, bytes) as stream:
            await stream.send_message(b"", end=True)
            answer = await stream.recv_message()
    finally:
        channel.close()
    return bytes(answer or b"")[6:].decode("ascii")


def main() -> None:
    what, *arguments = sys.argv[1:]
    try:
        if what == "serve":
            asyncio.run(serve(*arguments))
        else:
            print(asyncio.run(version(*arguments)))
    except KeyboardInterrupt:
        return
    except (OSError, GRPCError, StreamTerminatedError) as error:
        sys.exit(f"error: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
