"""How the server shows itself: certificates made here and kept, or the operator's and reloaded."""

import datetime as dt
import ipaddress
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from examples.exchange_server.certificates import make_authority, make_server_certificate
from examples.exchange_server.self_signed import machine_addresses, self_signed, server_names
from examples.exchange_server.settings import ConfigError, Settings
from examples.exchange_server.tls import RELOADED_EVERY, CertificateFiles, open_tls
from tests.exchange_server.world import Clock
from tests.support.certificates import Authority, Leaf

FILES = ["ca.crt", "ca.key", "server.crt", "server.key"]


def made(settings: Settings, clock: Clock | None = None) -> tuple[x509.Certificate, x509.Certificate]:
    """Return authority and server certificate."""
    authority, server = self_signed(settings, clock or Clock())
    return authority.certificate, server.certificate


def spki(certificate: x509.Certificate) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return certificate.public_key().public_bytes(encoding, form)


def names(certificate: x509.Certificate) -> set[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(one.value) for one in found}


@contextmanager
def listening(context: ssl.SSLContext) -> Iterator[int]:
    """Accept connections, shake hands, and close them; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(1)
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def shown(port: int, ca: str | None = None, host: str = "localhost") -> bytes:
    """Return the certificate a client sees, verified by the CA if one is given."""
    client = ssl.create_default_context(cadata=ca)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    if ca is None:
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port)) as raw, client.wrap_socket(raw, server_hostname=host) as secured:
        found = secured.getpeercert(binary_form=True)
        secured.send(b"x")
    assert found
    return found


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "exchange.home.example", "192.0.2.5"])
def test_a_client_that_trusts_the_ca_reaches_the_server(host: str) -> None:
    """Under each of its names, also with the strict rules of newer Pythons."""
    tls = open_tls(Settings(tls_sans=("exchange.home.example", "192.0.2.5")), Clock())
    assert tls.context
    assert tls.ca
    with listening(tls.context) as port:
        leaf = x509.load_der_x509_certificate(shown(port, tls.ca.decode(), host))
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki(leaf))
    assert tls.pin == digest.finalize().hex()


def test_the_certificates_are_what_they_should_be() -> None:
    authority, server = made(Settings())
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    purposes = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    server.verify_directly_issued_by(authority)


def test_every_name_of_the_machine_is_covered() -> None:
    _, server = made(Settings(listen="192.0.2.77:8443", tls_sans=("exchange.example", "2001:db8::7", "*.home.example")))
    expected = {"localhost", "127.0.0.1", "::1", "192.0.2.77", "exchange.example", "2001:db8::7", "*.home.example"}
    assert expected <= names(server)
    assert socket.gethostname().lower() in {name.lower() for name in names(server)}
    assert set(machine_addresses()) <= names(server)


def test_the_machines_addresses_are_those_a_route_would_use() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("no route to anywhere")
        assert probe.getsockname()[0] in machine_addresses()
    for address in machine_addresses():
        assert ipaddress.ip_address(address)


@pytest.mark.parametrize("listen", [":8443", "0.0.0.0:8443", "[::]:8443"])
def test_listening_everywhere_is_no_name(listen: str) -> None:
    assert not {"", "0.0.0.0", "::"} & set(server_names(Settings(listen=listen)))


@pytest.mark.parametrize("name", ["https://x", "a b", "x:8443", "", "a..b", "-", "a,b"])
def test_a_name_that_is_none_stops_the_start(name: str) -> None:
    with pytest.raises(ConfigError, match="tls_sans"):
        made(Settings(tls_sans=(name,)))


def test_kept_certificates_come_back(tmp_path: Path) -> None:
    data = tmp_path / "deep/data"
    settings = Settings(data_dir=str(data))
    first = made(settings)
    assert sorted(path.name for path in data.iterdir()) == FILES
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()} == {0o600}
    assert made(settings) == first


def test_without_a_directory_they_are_new_each_time() -> None:
    assert made(Settings())[0] != made(Settings())[0]


def test_expired_certificates_are_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings, clock = Settings(data_dir=str(tmp_path)), Clock()
    first = made(settings, clock)
    clock.time = first[0].not_valid_after_utc.timestamp() - 3600
    second = made(settings, clock)
    assert second[0] != first[0]
    second[1].verify_directly_issued_by(second[0])
    assert second[1].not_valid_after_utc.timestamp() > clock() + 86400
    assert "clients must trust the new one" in caplog.text
    assert made(settings, clock) == second


def test_a_server_certificate_that_ends_is_replaced_under_the_same_ca(tmp_path: Path) -> None:
    """So that clients that trust the CA, or pinned the server's key, notice nothing."""
    settings, clock = Settings(data_dir=str(tmp_path)), Clock()
    moment = dt.datetime.fromtimestamp(clock(), dt.UTC)
    authority = make_authority(moment)
    old = make_server_certificate(authority, ["localhost"], moment, None)
    for name, pair in (("ca", authority), ("server", old)):
        (tmp_path / f"{name}.crt").write_bytes(pair.pem[0])
        (tmp_path / f"{name}.key").write_bytes(pair.pem[1])
    kept, server = made(settings, clock)
    assert kept == authority.certificate
    assert server != old.certificate
    assert "127.0.0.1" in names(server), "it had too few names"
    assert spki(server) == spki(old.certificate)


def test_a_new_name_gives_a_new_certificate_under_the_same_ca(tmp_path: Path) -> None:
    first = made(Settings(data_dir=str(tmp_path)))
    second = made(Settings(data_dir=str(tmp_path), tls_sans=("new.example",)))
    assert second[0] == first[0]
    assert "new.example" in names(second[1])


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", [None, b"", b"nonsense", "other"], ids=["missing", "empty", "broken", "another's"])
def test_files_that_are_broken_are_replaced(tmp_path: Path, file: str, content: bytes | str | None) -> None:
    """A power cut between two of them must not keep the server down."""
    settings = Settings(data_dir=str(tmp_path))
    first = made(settings)
    path = tmp_path / file
    if content is None:
        path.unlink()
    elif content == "other":
        made(Settings(data_dir=str(tmp_path / "other")))
        path.write_bytes((tmp_path / "other" / file).read_bytes())
    else:
        path.write_bytes(content if isinstance(content, bytes) else b"")
    authority, server = made(settings)
    server.verify_directly_issued_by(authority)
    assert made(settings) == (authority, server)
    assert (authority == first[0]) is file.startswith("server")


def test_a_directory_that_cannot_be_written_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a directory")
    assert made(Settings(data_dir=str(occupied)))
    assert "can't keep" in caplog.text


def test_plain_http_has_no_certificate() -> None:
    tls = open_tls(Settings(insecure=True), Clock())
    assert (tls.context, tls.ca) == (None, None)


@pytest.fixture
def leaf(tmp_path: Path) -> Leaf:
    return Authority(tmp_path / "operator").leaf()


def replace(leaf: Leaf, directory: Path) -> bytes:
    """Put another pair into the files, and return its certificate."""
    other = Authority(directory).leaf()
    leaf.certificate.write_bytes(other.certificate.read_bytes())
    leaf.key.write_bytes(other.key.read_bytes())
    return x509.load_pem_x509_certificate(other.certificate.read_bytes()).public_bytes(serialization.Encoding.DER)


def test_the_operators_certificate_is_shown_and_its_rotation_seen(leaf: Leaf, tmp_path: Path) -> None:
    clock = Clock()
    tls = open_tls(Settings(tls_cert=str(leaf.certificate), tls_key=str(leaf.key)), clock, clock.monotonic)
    assert tls.context
    assert tls.ca is None
    with listening(tls.context) as port:
        first = shown(port)
        second = replace(leaf, tmp_path / "second")
        assert shown(port) == first, "looked at once a minute"
        clock.time += RELOADED_EVERY
        assert shown(port) == second


@pytest.mark.parametrize("fault", ["missing", "broken", "another's key"])
def test_the_last_good_certificate_is_kept(
    leaf: Leaf, tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    files = CertificateFiles(str(leaf.certificate), str(leaf.key), clock.monotonic)
    first = files.current()
    if fault == "missing":
        leaf.certificate.unlink()
    elif fault == "broken":
        leaf.certificate.write_text("-----BEGIN")
    else:
        leaf.key.write_bytes(Authority(tmp_path / "other").leaf().key.read_bytes())
    clock.time += RELOADED_EVERY
    assert files.current() is first
    assert fault == "missing" or "going on with the TLS certificate from before" in caplog.text
    replace(leaf, tmp_path / "third")
    clock.time += RELOADED_EVERY
    assert files.current() is not first


def test_files_that_did_not_change_are_not_read_again(leaf: Leaf) -> None:
    clock = Clock()
    files = CertificateFiles(str(leaf.certificate), str(leaf.key), clock.monotonic)
    first = files.current()
    clock.time += RELOADED_EVERY
    assert files.current() is first


@pytest.mark.parametrize("missing", ["tls_cert", "tls_key"])
def test_files_that_are_not_there_stop_the_start(leaf: Leaf, missing: str) -> None:
    given: dict[str, Any] = {"tls_cert": str(leaf.certificate), "tls_key": str(leaf.key), missing: "/does/not/exist"}
    with pytest.raises(ConfigError, match="/does/not/exist"):
        open_tls(Settings(**given), Clock())


def test_an_encrypted_key_is_an_error_and_no_question(leaf: Leaf) -> None:
    key: Any = serialization.load_pem_private_key(leaf.key.read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"password")
    form = serialization.PrivateFormat.PKCS8
    leaf.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
    with pytest.raises(ConfigError, match="can't use the TLS certificate"):
        open_tls(Settings(tls_cert=str(leaf.certificate), tls_key=str(leaf.key)), Clock())
