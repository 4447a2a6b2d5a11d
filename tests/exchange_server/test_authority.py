"""Certificates signed here, and the authorities that may sign them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from examples.exchange_server.authorities import open_issuer
from examples.exchange_server.issuer import Issued, IssueError
from examples.exchange_server.settings import ConfigError, Settings
from tests.exchange_server.world import Clock, new_rsa, organizations
from tests.support.exchange import TalosAuthority, pkcs8

KEYS: dict[str, Callable[[], Any]] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA": new_rsa,
}
ROLES = ("os:reader", "os:admin", "os:etcd:backup")


def settings_of(talos: TalosAuthority, **changes: Any) -> Settings:
    return Settings(**({"ca_cert": str(talos.file), "ca_key": str(talos.key_file)} | changes))


def issue(settings: Settings, clock: Clock | None = None, public_key: Any = None, ttl: int = 300) -> Issued:
    return asyncio.run(open_issuer(settings, clock or Clock()).issue(ROLES, ttl, public_key))


def leaf_of(issued: Issued) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issued.certificate.encode())


@pytest.mark.parametrize("make_key", KEYS.values(), ids=KEYS.keys())
def test_an_authority_of_any_usual_kind_signs(tmp_path: Path, make_key: Callable[[], Any]) -> None:
    talos, clock = TalosAuthority(tmp_path, make_key()), Clock()
    issued = issue(settings_of(talos), clock)
    leaf = leaf_of(issued)
    leaf.verify_directly_issued_by(talos.certificate)
    assert leaf.issuer.public_bytes() == talos.certificate.subject.public_bytes()
    assert organizations(leaf) == list(ROLES), "in their order"
    assert (issued.ca, issued.not_after) == (talos.pem, clock() + 300)
    key = serialization.load_pem_private_key(issued.key.replace("ED25519 ", "").encode(), None)
    assert key.public_key() == leaf.public_key()


def test_a_certificate_is_a_clients_and_nothing_else(tmp_path: Path) -> None:
    clock = Clock()
    leaf = leaf_of(issue(settings_of(TalosAuthority(tmp_path)), clock))
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.CLIENT_AUTH
    ]
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert {one.oid for one in leaf.extensions} == {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    }
    assert {one.oid for one in leaf.subject} == {x509.NameOID.ORGANIZATION_NAME}
    assert leaf.not_valid_before_utc.timestamp() == clock() - 60
    assert leaf.serial_number.bit_length() > 100


def test_a_certificate_names_the_authoritys_key(tmp_path: Path) -> None:
    """By the authority's own identifier, or where it has none by the key's, because strict verifiers want one."""
    talos = TalosAuthority(tmp_path)
    identifier = leaf_of(issue(settings_of(talos))).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    own = talos.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert identifier.value.key_identifier == own.digest


def test_the_clients_key_is_certified_without_another(tmp_path: Path) -> None:
    mine = ed25519.Ed25519PrivateKey.generate()
    issued = issue(settings_of(TalosAuthority(tmp_path)), public_key=mine.public_key())
    assert issued.key == ""
    assert leaf_of(issued).public_key() == mine.public_key()


def test_nothing_outlives_the_authority(tmp_path: Path) -> None:
    talos, clock = TalosAuthority(tmp_path, lifetime=100), Clock()
    assert issue(settings_of(talos), clock).not_after == talos.certificate.not_valid_after_utc.timestamp()
    issuer = open_issuer(settings_of(talos), clock)
    assert issuer.ready() == ""
    clock.time += 200
    assert "ended" in issuer.ready()
    with pytest.raises(IssueError, match="ended"):
        asyncio.run(issuer.issue(ROLES, 300, None))


def _pem(key: Any, form: serialization.PrivateFormat, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))


TRADITIONAL, PKCS8 = serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8

_PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

LABELS: dict[str, tuple[str, Callable[[Any], bytes], bytes]] = {
    "Talos' own": ("Ed25519", lambda key: pkcs8(key).replace(b"PRIVATE", b"ED25519 PRIVATE"), b"ED25519 PRIVATE"),
    "PKCS#8": ("Ed25519", pkcs8, b"BEGIN PRIVATE"),
    "SEC 1": ("P-256", lambda key: _pem(key, TRADITIONAL), b"EC PRIVATE"),
    "PKCS#1": ("RSA", lambda key: _pem(key, TRADITIONAL), b"RSA PRIVATE"),
    "text around it": ("Ed25519", lambda key: b"# Talos\n" + pkcs8(key) + b"\n\n", b"# Talos"),
    "parameters before it": ("P-256", lambda key: _PARAMETERS + _pem(key, TRADITIONAL), b"EC PARAMETERS"),
}


@pytest.mark.parametrize(("kind", "write", "label"), LABELS.values(), ids=LABELS.keys())
def test_the_authoritys_key_may_have_any_label(
    tmp_path: Path, kind: str, write: Callable[[Any], bytes], label: bytes
) -> None:
    key = KEYS[kind]()
    talos = TalosAuthority(tmp_path, key)
    talos.key_file.write_bytes(write(key))
    assert label in talos.key_file.read_bytes()
    leaf_of(issue(settings_of(talos))).verify_directly_issued_by(talos.certificate)


def test_the_authority_may_be_given_inline(tmp_path: Path) -> None:
    talos = TalosAuthority(tmp_path)
    inline = Settings(ca_cert_data=talos.pem.strip(), ca_key_data=talos.key_file.read_text().strip())
    leaf_of(issue(inline)).verify_directly_issued_by(talos.certificate)


def test_a_bundle_is_returned_as_it_stands(tmp_path: Path) -> None:
    """After a rotation it holds two authorities; the one whose key is here signs."""
    old, new = TalosAuthority(tmp_path / "old"), TalosAuthority(tmp_path / "new")
    bundle = "# both\n" + old.pem + "\n" + new.pem
    new.file.write_text(bundle)
    issued = issue(settings_of(new))
    assert issued.ca == bundle
    leaf_of(issued).verify_directly_issued_by(new.certificate)


def _not_an_authority(directory: Path) -> Settings:
    leaf = TalosAuthority(directory).client("os:admin")
    return Settings(ca_cert=str(leaf.certificate), ca_key=str(leaf.key))


def _other_key(directory: Path) -> Settings:
    return settings_of(TalosAuthority(directory), ca_key=str(TalosAuthority(directory / "other").key_file))


def _with_key(content: bytes) -> Callable[[Path], Settings]:
    def make(directory: Path) -> Settings:
        talos = TalosAuthority(directory)
        talos.key_file.write_bytes(content)
        return settings_of(talos)

    return make


_ONE = pkcs8(ed25519.Ed25519PrivateKey.generate())

BAD: dict[str, tuple[Callable[[Path], Settings], str]] = {
    "key of another": (_other_key, "do not belong together"),
    "no authority": (_not_an_authority, "not one of a certificate authority"),
    "ended": (lambda path: settings_of(TalosAuthority(path, lifetime=-10)), "ended"),
    "no certificate": (lambda path: settings_of(TalosAuthority(path), ca_cert=__file__), "no readable PEM certificate"),
    "no file": (lambda path: settings_of(TalosAuthority(path), ca_cert="/does/not/exist"), "can't read ca_cert"),
    "no key": (_with_key(b""), "one PEM private key, not 0"),
    "two keys": (_with_key(_ONE + _ONE), "one PEM private key, not 2"),
    "encrypted key": (_with_key(_pem(ed25519.Ed25519PrivateKey.generate(), PKCS8, b"password")), "is encrypted"),
    "broken key": (_with_key(_ONE.replace(b"MC4", b"AAA")), "no readable private key"),
    "key for agreement only": (_with_key(_pem(x25519.X25519PrivateKey.generate(), PKCS8)), "must be an Ed25519"),
    "key of old": (_with_key(_pem(dsa.generate_private_key(1024), PKCS8)), "must be an Ed25519"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD.keys())
def test_what_cannot_sign_is_refused_at_the_start(
    tmp_path: Path, make: Callable[[Path], Settings], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        open_issuer(make(tmp_path), Clock())


def test_a_key_that_others_can_read_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    talos = TalosAuthority(tmp_path)
    open_issuer(settings_of(talos), Clock())
    assert not caplog.records
    talos.key_file.chmod(0o640)
    open_issuer(settings_of(talos), Clock())
    assert "chmod 600" in caplog.text
