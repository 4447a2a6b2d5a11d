"""Runs the reference exchange server as a process of its own, with a throw-away Talos authority."""

import datetime as dt
import ipaddress
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support import components, processes
from tests.support.certificates import Leaf
from tests.support.environment import clean

ENDPOINTS = ("10.0.0.1", "10.0.0.2:50000")
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_RUN = (
    "import sys, time; from examples.exchange_server.__main__ import main; sys.exit(main(now=lambda: time.time() + {}))"
)


class TalosAuthority:
    """A Talos API authority as Talos makes it: O=talos, ten years, and its key under Talos' own PEM label.

    :param directory: where ``talos-ca.crt`` and ``talos-ca.key`` go.
    :param key: Ed25519 unless given.
    :param lifetime: seconds from now until it ends; negative for one that has ended.
    """

    def __init__(self, directory: Path, key: PrivateKey | None = None, lifetime: float = 10 * 365 * 86400.0) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.private: PrivateKey = key or ed25519.Ed25519PrivateKey.generate()
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "talos")])
        now = dt.datetime.now(dt.UTC)
        self._end = now + dt.timedelta(seconds=lifetime)
        public = self.private.public_key()
        builder = x509.CertificateBuilder(name, name, public, x509.random_serial_number())
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        self.certificate = (
            builder.not_valid_before(min(now, self._end) - dt.timedelta(days=1))
            .not_valid_after(self._end)
            .add_extension(x509.KeyUsage(True, False, False, False, False, True, False, False, False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(both), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self.private, self._hash)
        )
        self.file = directory / "talos-ca.crt"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        self.key_file = directory / "talos-ca.key"
        self.key_file.touch(mode=0o600)
        self.key_file.write_bytes(talos_key(self.private))

    @property
    def pem(self) -> str:
        """The certificate as PEM."""
        return self.file.read_text(encoding="ascii")

    def node(self, *hosts: str) -> Leaf:
        """Write and return the certificate of a node's API, with a key that Python's ssl module reads."""
        return self._leaf("node", hosts or ("localhost", "127.0.0.1", "::1"), ExtendedKeyUsageOID.SERVER_AUTH, ("os",))

    def client(self, *roles: str) -> Leaf:
        """Write and return a client certificate, such as a talosconfig holds."""
        return self._leaf("client", (), ExtendedKeyUsageOID.CLIENT_AUTH, roles)

    def _leaf(
        self, name: str, hosts: tuple[str, ...], purpose: x509.ObjectIdentifier, organizations: tuple[str, ...]
    ) -> Leaf:
        key = ed25519.Ed25519PrivateKey.generate()
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, one) for one in organizations])
        now = dt.datetime.now(dt.UTC)
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.private.public_key())
        builder = x509.CertificateBuilder(
            self.certificate.subject, subject, key.public_key(), x509.random_serial_number()
        )
        builder = (
            builder.not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
            .add_extension(issuer_key, critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        leaf = Leaf(self.directory / f"{name}.crt", self.directory / f"{name}.key")
        leaf.certificate.write_bytes(
            builder.sign(self.private, self._hash).public_bytes(serialization.Encoding.PEM),
        )
        leaf.key.touch(mode=0o600)
        leaf.key.write_bytes(pkcs8(key))
        return leaf

    @property
    def _hash(self) -> hashes.SHA256 | None:
        return None if isinstance(self.private, ed25519.Ed25519PrivateKey) else hashes.SHA256()


@dataclass
class ExchangeServer:
    """A running exchange server.

    :param talos: its Talos authority.
    :param ca: PEM file to trust its TLS certificate by; ``None`` over http.
    :param audit_log: one line of JSON per decision.
    """

    component: processes.Component
    talos: TalosAuthority
    ca: Path | None
    audit_log: Path
    _http: requests.Session = field(default_factory=requests.Session, repr=False)

    def __post_init__(self) -> None:
        self._http.trust_env = False
        self._http.verify = str(self.ca) if self.ca else True

    @property
    def url(self) -> str:
        """What ``--server`` takes."""
        return self.component.address

    @property
    def log(self) -> str:
        """What it said on standard error."""
        return self.component.log.read_text(encoding="utf-8")

    def exchange(self, id_token: str, **more: object) -> requests.Response:
        """Ask for a certificate."""
        return self.post(json={"id_token": id_token, **more})

    def post(self, **request: Any) -> requests.Response:
        """Send any request to ``/exchange``."""
        return self._http.post(f"{self.url}/exchange", timeout=20, **request)

    def get(self, path: str) -> requests.Response:
        """Send a GET request."""
        return self._http.get(self.url + path, timeout=20)

    def decisions(self) -> list[dict[str, Any]]:
        """Return the audit log."""
        return [json.loads(line) for line in self.audit_log.read_text(encoding="utf-8").splitlines()]

    def stop(self) -> None:
        """End it."""
        self._http.close()
        self.component.stop()


def start_exchange(
    directory: Path,
    *,
    issuer: str,
    client_id: str,
    issuer_ca: Path | None = None,
    talos: TalosAuthority | None = None,
    server_ca: Path | None = None,
    clock_offset: float = 0.0,
    **settings: object,
) -> ExchangeServer:
    """Start an exchange server on a free loopback port and return it once it listens.

    It keeps what the server itself has as defaults: tokens are good once and for five minutes.

    :param directory: for its certificates, configuration and logs.
    :param issuer: whose ID tokens it takes, for ``client_id``.
    :param issuer_ca: PEM file to trust the issuer by.
    :param talos: signs the certificates; a new Ed25519 authority unless given.
    :param server_ca: PEM file to trust the server by when ``tls_cert`` is among the settings.
    :param clock_offset: seconds by which the server's clock is wrong, its ``Date`` header included.
    :param settings: any setting of its configuration file, ``rbac`` too: ``cert_ttl="30s"``, ``roles=["os:reader"]``,
        ``insecure=True`` for plain http, ``one_use=False``, ``max_token_age="0"`` …
    """
    directory.mkdir(parents=True, exist_ok=True)
    talos = talos or TalosAuthority(directory / "talos")
    audit_log = directory / "audit.log"
    document: dict[str, object] = {
        "issuer_url": issuer,
        "client_id": client_id,
        "endpoints": list(ENDPOINTS),
        "ca_cert": str(talos.file),
        "ca_key": str(talos.key_file),
        "listen": "127.0.0.1:0",
        "data_dir": str(directory / "data"),
        "audit_log": str(audit_log),
        **({} if "rbac" in settings else {"roles": ["os:reader"]}),
        **({"issuer_ca": str(issuer_ca)} if issuer_ca else {}),
        **settings,
    }
    component = _run(directory, document, clock_offset)
    if component.address.startswith("http:"):
        return ExchangeServer(component, talos, None, audit_log)
    return ExchangeServer(component, talos, server_ca or Path(str(document["data_dir"])) / "ca.crt", audit_log)


def _run(directory: Path, document: dict[str, object], clock_offset: float) -> processes.Component:
    config = directory / "config.yaml"
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    program = ["-c", _RUN.format(clock_offset)] if clock_offset else ["-m", "examples.exchange_server"]
    environment = clean(directory / "home", PYTHONPATH=str(components.ROOT))
    command = [sys.executable, *program, "--config", str(config)]
    return processes.start(command, log=directory / "exchange.log", env=environment)


def talos_key(key: PrivateKey) -> bytes:
    """Return a private key as PEM with the label that Talos writes."""
    labels = {ed25519.Ed25519PrivateKey: b"ED25519 PRIVATE KEY"}
    label = next((label for kind, label in labels.items() if isinstance(key, kind)), b"PRIVATE KEY")
    return pkcs8(key).replace(b"PRIVATE KEY", label)


def pkcs8(key: PrivateKey) -> bytes:
    """Return a private key as PEM that every library reads."""
    encoding, encryption = serialization.Encoding.PEM, serialization.NoEncryption()
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, encryption)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
