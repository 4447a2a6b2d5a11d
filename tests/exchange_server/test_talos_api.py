"""A talosconfig as the authority: its own CA, or a node that is asked with its credential."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Server, Stream

from examples.exchange_server import protobuf
from examples.exchange_server.authorities import open_issuer
from examples.exchange_server.authority import Authority
from examples.exchange_server.issuer import Issued, IssueError
from examples.exchange_server.settings import ConfigError, Settings
from examples.exchange_server.talos_api import METHOD, TalosApi, _Bytes
from tests.exchange_server.world import Clock, organizations
from tests.support.certificates import Leaf
from tests.support.exchange import TalosAuthority


def talosconfig(path: Path, talos: TalosAuthority, leaf: Leaf | None = None, **changes: Any) -> str:
    """Write a talosconfig and return its path; values are made base64 if they are paths."""
    context: dict[str, Any] = {"endpoints": ["127.0.0.1"], "ca": talos.file}
    if leaf:
        context |= {"crt": leaf.certificate, "key": leaf.key}
    context |= changes
    encoded = {
        name: base64.b64encode(value.read_bytes()).decode() if isinstance(value, Path) else value
        for name, value in context.items()
    }
    path.write_text(yaml.safe_dump({"context": "main", "contexts": {"main": encoded, "other": {"ca": "x"}}}))
    return str(path)


class Node:
    """The one method of a Talos node's machine API that is needed, behind mutual TLS."""

    def __init__(self, talos: TalosAuthority) -> None:
        self.talos = talos
        self.authority = Authority(talos.pem, [talos.certificate], talos.private, Clock())
        self.asked: list[tuple[list[str], int]] = []
        self.refuses = False
        self.port = 0

    async def _generate(self, stream: Stream[bytes, bytes]) -> None:
        request = await stream.recv_message()
        assert request is not None
        if self.refuses:
            raise GRPCError(Status.PERMISSION_DENIED, "not authorized")
        parts = list(protobuf._fields(request))
        roles = [value.decode() for number, value in parts if number == 1]
        (duration,) = (value for number, value in parts if number == 2)
        ttl, _ = protobuf._read_number(duration, 1)
        self.asked.append((roles, ttl))
        issued = await self.authority.issue(tuple(roles), ttl, None)
        message = b"".join(
            protobuf._field(number, text.encode())
            for number, text in ((1, ""), (2, issued.ca), (3, issued.certificate), (4, issued.key), (5, "talosconfig"))
        )
        await stream.send_message(protobuf._field(1, message))

    def __mapping__(self) -> dict[str, Handler]:
        return {METHOD: Handler(self._generate, Cardinality.UNARY_UNARY, bytes, bytes)}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Node"]:
        leaf = self.talos.node()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(leaf.certificate, leaf.key)
        tls.load_verify_locations(self.talos.file)
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.set_alpn_protocols(["h2"])
        server = Server([self], codec=_Bytes())
        await server.start("127.0.0.1", 0, ssl=tls)
        assert server._server is not None
        self.port = server._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


def ask(node: Node, config: str, endpoints: tuple[str, ...] = ()) -> Issued:
    async def asking() -> Issued:
        async with node.serving():
            named = tuple(endpoint.replace("PORT", str(node.port)) for endpoint in endpoints)
            return await TalosApi(config, named, Clock()).issue(("os:reader", "os:etcd:backup"), 300, None)

    return asyncio.run(asking())


def test_a_node_makes_the_certificate(tmp_path: Path) -> None:
    talos = TalosAuthority(tmp_path)
    node = Node(talos)
    config = talosconfig(tmp_path / "config", talos, talos.client("os:admin"))
    issued = ask(node, config, ("127.0.0.1:PORT",))
    assert node.asked == [(["os:reader", "os:etcd:backup"], 300)]
    leaf = x509.load_pem_x509_certificate(issued.certificate.encode())
    leaf.verify_directly_issued_by(talos.certificate)
    assert organizations(leaf) == ["os:reader", "os:etcd:backup"]
    assert issued.key.startswith("-----BEGIN ED25519 PRIVATE KEY-----")
    assert issued.ca == talos.pem
    assert issued.not_after == leaf.not_valid_after_utc.timestamp()


def test_the_next_node_is_asked_when_one_is_down(tmp_path: Path) -> None:
    talos = TalosAuthority(tmp_path)
    config = talosconfig(tmp_path / "config", talos, talos.client("os:admin"))
    assert ask(Node(talos), config, ("127.0.0.1:1", "localhost:PORT")).certificate


def test_a_node_of_another_cluster_is_not_asked(tmp_path: Path) -> None:
    """It is not told what is wanted: its certificate is not this cluster's."""
    talos, stranger = TalosAuthority(tmp_path / "a"), Node(TalosAuthority(tmp_path / "b"))
    config = talosconfig(tmp_path / "config", talos, talos.client("os:admin"))
    with pytest.raises(IssueError, match="certificate verify failed"):
        ask(stranger, config, ("127.0.0.1:PORT",))
    assert stranger.asked == []


def test_a_refusal_of_the_node_is_no_certificate(tmp_path: Path) -> None:
    talos = TalosAuthority(tmp_path)
    node = Node(talos)
    node.refuses = True
    config = talosconfig(tmp_path / "config", talos, talos.client("os:reader"))
    with pytest.raises(IssueError, match="not authorized"):
        ask(node, config, ("127.0.0.1:PORT",))


def test_a_talosconfig_that_went_away_is_no_certificate(tmp_path: Path) -> None:
    with pytest.raises(IssueError, match="can't read talos_config"):
        asyncio.run(TalosApi(str(tmp_path / "gone"), (), Clock()).issue(("os:reader",), 300, None))


def test_readiness_looks_at_the_credential(tmp_path: Path) -> None:
    talos, clock = TalosAuthority(tmp_path), Clock()
    issuer = TalosApi(talosconfig(tmp_path / "config", talos, talos.client("os:admin")), (), clock)
    assert issuer.ready() == ""
    clock.time += 2 * 86400
    assert "expired" in issuer.ready()
    talosconfig(tmp_path / "config", talos)
    assert "no client certificate" in issuer.ready()


def test_a_credential_means_that_a_node_is_asked(tmp_path: Path) -> None:
    talos = TalosAuthority(tmp_path)
    path = talosconfig(tmp_path / "config", talos, talos.client("os:admin"))
    assert isinstance(open_issuer(Settings(talos_config=path), Clock()), TalosApi)


def test_a_key_beside_a_talosconfig_signs_for_its_authority(tmp_path: Path) -> None:
    talos = TalosAuthority(tmp_path)
    path = talosconfig(tmp_path / "config", talos, talos.client("os:admin"))
    settings = Settings(talos_config=path, ca_key=str(talos.key_file))
    assert isinstance(open_issuer(settings, Clock()), Authority)


def test_a_talosconfig_with_the_authoritys_own_key_signs(tmp_path: Path) -> None:
    talos = TalosAuthority(tmp_path)
    path = talosconfig(tmp_path / "config", talos, key=talos.key_file)
    issued = asyncio.run(open_issuer(Settings(talos_config=path), Clock()).issue(("os:reader",), 300, None))
    x509.load_pem_x509_certificate(issued.certificate.encode()).verify_directly_issued_by(talos.certificate)


BAD = {
    "no YAML": "a: [",
    "no mapping": "- a\n",
    "empty": "",
    "no current context": "contexts: {main: {ca: eA==}}\n",
    "another context": "context: a\ncontexts: {main: {ca: eA==}}\n",
    "no ca": "context: main\ncontexts: {main: {endpoints: [a]}}\n",
    "ca not base64": "context: main\ncontexts: {main: {ca: '!'}}\n",
    "ca a list": "context: main\ncontexts: {main: {ca: [a]}}\n",
    "a Python object": "context: main\ncontexts: !!python/object/apply:os.getcwd []\n",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_no_talosconfig_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ConfigError, match="talos_config"):
        open_issuer(Settings(talos_config=str(path)), Clock())


@pytest.mark.parametrize(
    "message",
    [b"", b"\x0a", b"\x0a\x05ab", b"\x0a\x00", b"\x0b", b"\xff" * 20, b"\x0a\x02\x12\x00", b"\x08"],
    ids=["empty", "no length", "cut off", "empty message", "group", "endless number", "no ca", "no number"],
)
def test_a_malformed_answer_is_an_error_and_no_crash(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        protobuf.client_configuration_answer(message)


def test_fields_nobody_knows_are_skipped() -> None:
    known = b"".join(protobuf._field(number, bytes([64 + number])) for number in (2, 3, 4))
    unknown = b"\x48\x96\x01" + b"\x51" + bytes(8) + b"\x5d" + bytes(4) + protobuf._field(200, b"x" * 300)
    assert protobuf.client_configuration_answer(protobuf._field(1, unknown + known)) == (b"B", b"C", b"D")
