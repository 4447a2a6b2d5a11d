"""What is written loads in Go: talosctl reads the pair of a context by ``tls.X509KeyPair``.

kubectl is a Go program that does the same with the pair of a kubeconfig, in the same base64. So the values of a
talosconfig are put into a kubeconfig as they stand, and kubectl speaks to a node's API with them: Go parses the pair,
holds the key against the certificate, and shakes hands by mutual TLS.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from kubelogin_py import Secret
from talos_cred import checks
from talos_cred.certificate import make_key_pair
from talos_cred.checks import Known
from talos_cred.exchange import Answer
from talos_cred.settings import KeyKind, Policy
from talos_cred.talosconfig import Talosconfig, encoded
from tests.support import command, components
from tests.support.talos_pki import SERVER, TalosCa, key_pem, new_key

ROLES = ("os:reader", "os:etcd:backup")
pytestmark = pytest.mark.required("kubectl")


@dataclass
class Node:
    """Something that asks for a client certificate of the cluster, as a node does, and answers ``ok``.

    :param seen: roles of each caller.
    """

    ca: TalosCa
    directory: Path
    seen: list[tuple[str, ...]] = field(default_factory=list)
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def __post_init__(self) -> None:
        key = new_key()
        names = (x509.IPAddress(ip_address("127.0.0.1")),)
        leaf = self.ca.issue(
            key.public_key(), now=time.time() - 60, seconds=3600, roles=("node",), usages=SERVER, names=names
        )
        files = [self.directory / name for name in ("node.pem", "ca.pem")]
        files[0].write_text(leaf + key_pem(key))
        files[1].write_text(self.ca.pem)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files[0])
        self._context.load_verify_locations(files[1])
        self._context.verify_mode = ssl.CERT_REQUIRED
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with suppress(OSError):
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with connection, self._context.wrap_socket(connection, server_side=True) as stream:
            received = b""
            while b"\r\n\r\n" not in received and (chunk := stream.recv(65536)):
                received += chunk
            subject: Any = (stream.getpeercert() or {}).get("subject", ())
            self.seen.append(tuple(value for part in subject for name, value in part if name == "organizationName"))
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    running = Node(TalosCa.make(now=time.time()), tmp_path)
    yield running
    running.close()


def own(ca: TalosCa, kind: KeyKind) -> checks.Credential:
    """Return a credential whose key was made here."""
    pair = make_key_pair(kind)
    assert pair
    public = x509.load_pem_x509_csr(pair.csr.encode()).public_key()
    certificate = ca.issue(public, now=time.time() - 60, seconds=360, roles=ROLES)
    answer = Answer(ca.pem, certificate, None, ("10.0.0.1",))
    return checks.check(answer, pair, Policy(), Known(), now=time.time())


def theirs(ca: TalosCa, kind: str, form: str) -> checks.Credential:
    """Return a credential whose key the server made, under a label of its choice."""
    key = new_key(kind)
    certificate = ca.issue(key.public_key(), now=time.time() - 60, seconds=360, roles=ROLES)
    answer = Answer(ca.pem, certificate, Secret(key_pem(key, form)), ("10.0.0.1",))
    return checks.check(answer, None, Policy(), Known(), now=time.time())


CREDENTIALS: dict[str, Callable[[TalosCa], checks.Credential]] = {
    "Ed25519, made here": lambda ca: own(ca, KeyKind.ED25519),
    "P-256, made here": lambda ca: own(ca, KeyKind.P256),
    "Talos' own label": lambda ca: theirs(ca, "ed25519", "talos"),
    "PKCS#8": lambda ca: theirs(ca, "ed25519", "pkcs8"),
    "SEC 1": lambda ca: theirs(ca, "p256", "traditional"),
    "PKCS#1": lambda ca: theirs(ca, "rsa", "traditional"),
}


def written(credential: checks.Credential) -> dict[str, str]:
    """Return a context as it stands in a talosconfig."""
    members = encoded(credential.ca, credential.certificate, credential.key)
    text = Talosconfig("", "config").with_context("oidc", members, use=False)
    context: dict[str, str] = yaml.safe_load(text)["contexts"]["oidc"]
    return context


def kubectl(node: Node, context: dict[str, str], home: Path) -> command.Result:
    """Let kubectl ask the node with the pair of a context."""
    user = {"client-certificate-data": context["crt"], "client-key-data": context["key"]}
    kubeconfig = {
        "clusters": [{"name": "x", "cluster": {"server": node.url, "certificate-authority-data": context["ca"]}}],
        "users": [{"name": "x", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "current-context": "x",
    }
    path = home / "kubeconfig"
    path.write_text(yaml.safe_dump(kubeconfig))
    program = components.find("kubectl")
    assert program
    return command.run("--kubeconfig", path, "get", "--raw", "/healthz", home=home, command=program)


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_go_loads_what_is_written_and_speaks_with_it(kind: str, node: Node, home: Path) -> None:
    done = kubectl(node, written(CREDENTIALS[kind](node.ca)), home)
    assert (done.code, done.stdout) == (0, "ok"), done.stderr
    assert node.seen == [ROLES]


def test_go_holds_the_key_against_the_certificate(node: Node, home: Path) -> None:
    """So the test above proves what it says: another's key, or no key, is refused before any connection."""
    context = written(own(node.ca, KeyKind.ED25519))
    other = written(own(node.ca, KeyKind.ED25519))
    mixed = kubectl(node, {**context, "key": other["key"]}, home)
    assert mixed.code == 1
    assert "tls: private key does not match public key" in mixed.stderr
    missing = kubectl(node, {**context, "key": "bm90aGluZw=="}, home)
    assert "tls: failed to find any PEM data in key input" in missing.stderr
    assert node.seen == []
