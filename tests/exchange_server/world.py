"""A whole exchange server in memory: its clock, its provider and its callers belong to the test."""

import base64
import datetime as dt
import functools
import itertools
import json
from pathlib import Path
from typing import Any, Self

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.testclient import TestClient

from examples.exchange_server.app import make_app
from examples.exchange_server.audit import AuditLog
from examples.exchange_server.authorities import open_issuer
from examples.exchange_server.exchange import Exchange
from examples.exchange_server.fetch import UnreachableError
from examples.exchange_server.id_token import Verifier
from examples.exchange_server.provider import Provider
from examples.exchange_server.rate_limit import RateLimit
from examples.exchange_server.settings import Settings
from examples.exchange_server.used_tokens import UsedTokens
from tests.support.exchange import ENDPOINTS, TalosAuthority

ISSUER = "https://id.example.com/realms/talos"
CLIENT = "talos"
CALLER = "192.0.2.7"
KEYS_URL = f"{ISSUER}/keys"

Key = ECKey | RSAKey | OKPKey


class Clock:
    """Shows the time the test says; begins now, because certificates are looked at by others, too."""

    def __init__(self) -> None:
        self.time = dt.datetime.now(dt.UTC).replace(microsecond=0).timestamp()

    def __call__(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


class FakeProvider:
    """An OpenID provider's documents, and whether they can be had."""

    def __init__(self, issuer: str = ISSUER) -> None:
        self.issuer = issuer
        self.down = False
        self.key = new_key("ES256", "key-1")
        self.published: list[dict[str, Any]] = [public(self.key)]
        self.metadata: dict[str, Any] = {"issuer": issuer, "jwks_uri": KEYS_URL}
        self.asked: list[str] = []

    async def __call__(self, url: str) -> dict[str, Any]:
        self.asked.append(url)
        if self.down:
            raise UnreachableError("connection refused")
        return {"keys": self.published} if url == KEYS_URL else dict(self.metadata)

    def rotate(self, key_id: str) -> None:
        """Sign with a new key, and publish it instead of the old one."""
        self.key = new_key("ES256", key_id)
        self.published = [public(self.key)]


class World:
    """The server with everything it meets.

    :param settings: those of the server that differ from the usual ones.
    """

    def __init__(self, directory: Path, talos: TalosAuthority | None = None, **settings: Any) -> None:
        self.clock, self.provider = Clock(), FakeProvider()
        self.talos = talos or TalosAuthority(directory)
        self.audit_file = directory / "audit.log"
        usual: dict[str, Any] = {
            "issuer_url": ISSUER,
            "client_id": CLIENT,
            "endpoints": ENDPOINTS,
            "ca_cert": str(self.talos.file),
            "ca_key": str(self.talos.key_file),
            "audit_log": str(self.audit_file),
            "roles": ("os:reader",),
        }
        self.settings = Settings(**usual | settings)
        self.audit = AuditLog(self.settings.audit_log, self.clock)
        self._numbers = itertools.count(1)
        known = Provider(self.settings.issuer_url, self.provider, self.clock.monotonic)
        self.exchange_endpoint = Exchange(
            settings=self.settings,
            issuer=open_issuer(self.settings, self.clock),
            verifier=Verifier(self.settings, known, self.clock),
            audit=self.audit,
            rate_limit=RateLimit(
                self.settings.rate_limit_requests, self.settings.rate_limit_window, self.clock.monotonic
            ),
            used=UsedTokens(self.clock) if self.settings.one_use else None,
            now=self.clock,
        )
        app = make_app(self.exchange_endpoint, known, b"-- the CA --" if self.settings.data_dir else None, _nothing)
        self.client = TestClient(app, base_url="https://exchange.example", client=(CALLER, 40000))

    def __enter__(self) -> Self:
        self.client.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.__exit__(*exc)
        self.audit.close()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return good claims with changes; ``None`` leaves one out."""
        now = int(self.clock())
        usual = {"iss": ISSUER, "sub": "alice", "aud": CLIENT, "iat": now, "exp": now + 600, "jti": next(self._numbers)}
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def token(self, **changes: Any) -> str:
        """Return a good token with changes."""
        return mint(self.claims(**changes), self.provider.key)

    def exchange(
        self, token: str | None = None, *, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx2.Response:
        """Ask for a certificate, with a good token unless one is given."""
        return self.client.post("/exchange", json={"id_token": token or self.token(), **more}, headers=headers)

    def decisions(self) -> list[dict[str, Any]]:
        """Return the audit log."""
        return [json.loads(line) for line in self.audit_file.read_text(encoding="utf-8").splitlines()]


async def _nothing() -> None:
    pass


def new_key(algorithm: str, key_id: str) -> Key:
    """Return a key for an algorithm."""
    parameters: Any = {"kid": key_id, "alg": algorithm, "use": "sig"}
    if algorithm.startswith("ES"):
        return ECKey.generate_key({"256": "P-256", "384": "P-384", "512": "P-521"}[algorithm[2:]], parameters)
    return (
        OKPKey.generate_key("Ed25519", parameters) if algorithm == "EdDSA" else RSAKey.import_key(new_rsa(), parameters)
    )


def public(key: Key) -> dict[str, Any]:
    """Return the public half of a key, as a key set has it."""
    return dict(key.as_dict(private=False))


def mint(claims: dict[str, Any], key: Key, **header: Any) -> str:
    """Return a token signed with a key by the algorithm it names."""
    algorithm = str(key.get("alg"))
    given = {"alg": algorithm, "kid": key.get("kid"), **header}
    wanted = {name: value for name, value in given.items() if value is not None}
    return jwt.encode(wanted, claims, key, algorithms=[algorithm])


def sign(header: bytes, payload: bytes, key: ECKey) -> str:
    """Return a token of any bytes, signed as ES256."""
    signing_input = f"{b64(header)}.{b64(payload)}"
    private: ec.EllipticCurvePrivateKey = key.private_key  # type: ignore[assignment]
    r, s = decode_dss_signature(private.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signing_input}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def csr(key: Any = None, organizations: tuple[str, ...] = ()) -> tuple[Any, str]:
    """Return a private key and the PEM of a certificate signing request for it."""
    key = key or ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, one) for one in organizations])
    builder = x509.CertificateSigningRequestBuilder(name)
    if organizations:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("node.example")]), critical=False)
    request = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    return key, request.public_bytes(serialization.Encoding.PEM).decode()


def certificate(answer: httpx2.Response | Any) -> x509.Certificate:
    """Return the certificate of an answer."""
    assert answer.status_code == 200, answer.text
    return x509.load_pem_x509_certificate(answer.json()["cert"].encode())


def organizations(leaf: x509.Certificate) -> list[str]:
    """Return the roles in a certificate."""
    return [str(one.value) for one in leaf.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)]


@functools.cache
def new_rsa(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the RSA key of this size: they take long to make."""
    return rsa.generate_private_key(65537, bits)
