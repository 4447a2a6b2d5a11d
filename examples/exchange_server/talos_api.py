"""Certificates made by a Talos node itself, asked with the credential of a talosconfig.

The node makes the private key, so a client's own key is not used. The credential must have the role ``os:admin``: it
can ask for any role, and must be guarded like the authority's key.
"""

import asyncio
import re
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from grpclib.client import Channel
from grpclib.const import Cardinality
from grpclib.encoding.base import CodecBase
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

from .issuer import Issued, IssueError
from .pem import PublicKey, read_private_key, written_key
from .protobuf import client_configuration_answer, client_configuration_request
from .settings import ConfigError
from .talosconfig import Context, read_context

PORT = 50000
METHOD = "/machine.MachineService/GenerateClientConfiguration"
DEADLINE = 10.0
"""Seconds for all nodes together."""

_ENDPOINT = re.compile(r"(?:https://)?(\[.+\]|[^:]+|.*:.*:.*?)(?::(\d+))?/?")


class _Bytes(CodecBase):
    """Leaves messages as the bytes they are."""

    __content_subtype__ = "proto"

    def encode(self, message: object, message_type: object) -> bytes:
        """Return the message."""
        del message_type
        return bytes(message)  # type: ignore[call-overload, no-any-return] # bytes by the request's type

    def decode(self, data: bytes, message_type: object) -> bytes:
        """Return the message."""
        del message_type
        return data


class TalosApi:
    """Asks Talos nodes for certificates.

    :param path: talosconfig; read again for each certificate, because its credential may be short-lived, too.
    :param endpoints: nodes to ask, the first that answers; the talosconfig's own when empty.
    :param now: the time in seconds since 1970.
    """

    def __init__(self, path: str, endpoints: tuple[str, ...], now: Callable[[], float]) -> None:
        self._path, self._endpoints, self._now = path, endpoints, now

    async def issue(self, roles: tuple[str, ...], ttl: int, public_key: PublicKey | None) -> Issued:
        """Return what the first node that answers has made; it makes a key of its own."""
        del public_key
        try:
            context = read_context(self._path)
            tls = _tls(context)
        except ConfigError as error:
            raise IssueError(str(error)) from None
        request, reasons = client_configuration_request(roles, ttl), []
        try:
            async with asyncio.timeout(DEADLINE):
                for endpoint in self._endpoints or context.endpoints:
                    try:
                        return _issued(await _ask(endpoint, tls, request))
                    except (GRPCError, StreamTerminatedError, ProtocolError, OSError, ValueError) as error:
                        reasons.append(f"{endpoint}: {type(error).__name__}: {error}")
        except TimeoutError:
            reasons.append(f"no answer within {DEADLINE:.0f} s")
        raise IssueError(f"no Talos node made a certificate: {'; '.join(reasons)}")

    def ready(self) -> str:
        """Return what is wrong with the talosconfig's credential."""
        try:
            context = read_context(self._path)
            end = x509.load_pem_x509_certificate(context.certificate).not_valid_after_utc.timestamp()
        except ConfigError as error:
            return str(error)
        except ValueError:
            return "talos_config has no client certificate"
        return "" if self._now() < end else "the credential in talos_config has expired"


async def _ask(endpoint: str, tls: ssl.SSLContext, request: bytes) -> bytes:
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None:
        raise ValueError("is not host:port")
    channel = Channel(match[1].strip("[]"), int(match[2] or PORT), ssl=tls, codec=_Bytes())
    try:
        async with channel.request(METHOD, Cardinality.UNARY_UNARY, bytes, bytes) as stream:
            await stream.send_message(request, end=True)
            answer = await stream.recv_message()
    finally:
        channel.close()
    if not isinstance(answer, bytes):
        raise ValueError("answered nothing")  # noqa: TRY004 -- the node's fault, not a wrong type of ours
    return answer


def _issued(answer: bytes) -> Issued:
    ca, certificate, key = client_configuration_answer(answer)
    leaf = x509.load_pem_x509_certificate(certificate)
    return Issued(
        ca=ca.decode("ascii"),
        certificate=certificate.decode("ascii"),
        key=key.decode("ascii"),
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        not_after=leaf.not_valid_after_utc.timestamp(),
    )


def _tls(context: Context) -> ssl.SSLContext:
    """Return a TLS context that trusts the talosconfig's authority alone and shows its credential."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.set_alpn_protocols(["h2"])
    key = read_private_key(context.key, "the key in talos_config")
    try:
        tls.load_verify_locations(cadata=context.ca.decode("ascii"))
        # The ssl module takes a credential from a file only; this one is gone again at once.
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "credential.pem")
            path.touch(mode=0o600)
            path.write_bytes(context.certificate + b"\n" + written_key(key).encode())
            tls.load_cert_chain(path)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"the credential in talos_config can't be used: {error}") from None
    return tls
