"""A node's API as Talos has it: gRPC, mutual TLS by the cluster's authority, roles from the client's certificate.

``python tests/support/talos_apid.py CA CERTIFICATE KEY`` listens on a free loopback port and prints ``READY ADDRESS``.
"""

import asyncio
import ssl
import sys

import grpclib
from grpclib.server import Server
from talos_linux_api.v1_6_0.machine import MachineServiceBase, Version, VersionInfo, VersionResponse

READERS = {"os:admin", "os:operator", "os:reader"}
"""Roles that may ask for the version; everything else a node refuses."""


class Machine(MachineServiceBase):
    """The one call that every reader may make."""

    def __mapping__(self):  # type: ignore[no-untyped-def]
        handlers = super().__mapping__()
        path = "/machine.MachineService/Version"
        handler = handlers[path]

        async def authorised(stream):  # type: ignore[no-untyped-def]
            subject = stream.peer.cert()["subject"]
            roles = {value for part in subject for name, value in part if name == "organizationName"}
            if not roles & READERS:
                raise grpclib.GRPCError(grpclib.Status.PERMISSION_DENIED, "not authorized")
            await handler.func(stream)

        return {**handlers, path: handler._replace(func=authorised)}

    async def version(self, betterproto_lib_google_protobuf_empty: object) -> VersionResponse:
        """Answer as a node does."""
        return VersionResponse(messages=[Version(version=VersionInfo(tag="v1.6.0", os="linux", arch="amd64"))])


async def main(ca: str, certificate: str, key: str) -> None:
    """Serve until ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    server = Server([Machine()])
    await server.start("127.0.0.1", 0, ssl=context)
    port = server._server.sockets[0].getsockname()[1]
    sys.stdout.write(f"READY 127.0.0.1:{port}\n")
    sys.stdout.flush()
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
