"""Whom TLS trusts."""

import base64
import contextlib
import socket
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kubelogin_py.adapters import certificate_refusals, trust
from kubelogin_py.errors import SettingsError
from kubelogin_py.settings import Tls
from tests.adapters.servers import AUTHORITY_HASH, Authority, Server, answering, response

unix = pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="this system keeps its own store")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def accepts(context: ssl.SSLContext, authority: Authority) -> bool:
    """Return whether a context takes a certificate of this authority."""
    with (
        Server(answering(response()), tls=authority.server_context()) as server,
        socket.create_connection(("127.0.0.1", server.port)) as connection,
    ):
        try:
            with context.wrap_socket(connection, server_hostname="localhost"):
                return True
        except ssl.SSLCertVerificationError:
            return False


# Given authorities


def test_a_given_authority_replaces_the_system(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "another authority")
    context = trust.context(Tls(certificate_authorities=(str(other.file),)), {"SSL_CERT_FILE": str(authority.file)})
    assert context.cert_store_stats()["x509"] == 1
    assert not accepts(context, authority)


def test_files_and_data_are_all_trusted(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "another authority")
    data = base64.encodebytes(authority.file.read_bytes()).decode("ascii")
    context = trust.context(Tls(certificate_authorities=(str(other.file),), certificate_authority_data=(data,)), {})
    assert context.cert_store_stats()["x509"] == 2
    assert accepts(context, authority)


def test_a_file_may_hold_other_things_too(authority: Authority, tmp_path: Path) -> None:
    """Comments in any encoding, several certificates, and damaged ones, as Go reads it."""
    file = tmp_path / "bundle.pem"
    damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    more = Authority(tmp_path, "another authority").file.read_bytes()
    file.write_bytes("# Zertifikat für ÄÖ\n".encode() + damaged + more + b"\r\n" + authority.file.read_bytes())
    context = trust.context(Tls(certificate_authorities=(str(file),)), {})
    assert context.cert_store_stats()["x509"] == 2
    assert accepts(context, authority)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param(b"hello\n", id="text"),
        pytest.param(b"\x30\x82\x01\x00", id="der"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", id="damaged"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nAAAA\n", id="cut"),
    ],
)
def test_an_unfit_file_is_named(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "corporate.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        trust.context(Tls(certificate_authorities=(str(file),)), {})
    assert str(file) in str(caught.value)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=str(tmp_path)):
        trust.context(Tls(certificate_authorities=(str(tmp_path),)), {})


@pytest.mark.parametrize("data", ["", "not base64!", "AAAA", "LS0tLS1CRUdJTi", "aGVsbG8_"])
def test_unfit_data_is_refused(data: str) -> None:
    with pytest.raises(SettingsError, match="--certificate-authority-data"):
        trust.context(Tls(certificate_authority_data=(data,)), {})


# The system's


@unix
@pytest.mark.parametrize("variables", [("SSL_CERT_FILE",), ("SSL_CERT_DIR",), ("SSL_CERT_FILE", "SSL_CERT_DIR")])
def test_variables_name_authorities(authority: Authority, tmp_path: Path, variables: tuple[str, ...]) -> None:
    """A directory need not be hashed, as in Go."""
    (tmp_path / "corporate.crt").write_bytes(authority.file.read_bytes())
    (tmp_path / "readme").write_text("nothing")
    values = {"SSL_CERT_FILE": str(authority.file), "SSL_CERT_DIR": f"/nonexistent:{tmp_path}"}
    assert accepts(trust.context(Tls(), {name: values[name] for name in variables}), authority)
    assert not accepts(trust.context(Tls(), {}), authority)


@unix
def test_a_hashed_directory_is_searched_when_needed(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / f"{AUTHORITY_HASH}.0").write_bytes(authority.file.read_bytes())
    context = trust.context(Tls(), {"SSL_CERT_DIR": str(tmp_path), "SSL_CERT_FILE": "/nonexistent"})
    assert context.cert_store_stats()["x509"] == 0
    assert accepts(context, authority)


STORE = Path("/etc/ssl/certs")
"""Where Debian and most others have every authority under its hash."""


@unix
@pytest.mark.skipif(len(list(STORE.glob("*.0"))) < 40, reason="this system has no hashed directory of authorities")
def test_the_bundle_is_not_read_where_a_directory_has_the_same_authorities(authority: Authority) -> None:
    """Reading it takes twenty milliseconds of every refresh; one that was named is read in any case."""
    assert trust.context(Tls(), {}).cert_store_stats()["x509"] == 0
    named = trust.context(Tls(), {"SSL_CERT_FILE": str(authority.file)})
    assert named.cert_store_stats()["x509"] == 1


@unix
def test_both_variables_leave_nothing_of_the_system(tmp_path: Path) -> None:
    context = trust.context(Tls(), {"SSL_CERT_DIR": str(tmp_path), "SSL_CERT_FILE": "/nonexistent"})
    assert context.get_ca_certs() == []
    assert context.cert_store_stats()["x509"] == 0


@unix
def test_a_damaged_certificate_does_not_spoil_a_bundle(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "bundle.pem"
    file.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + authority.file.read_bytes())
    assert accepts(trust.context(Tls(), {"SSL_CERT_FILE": str(file)}), authority)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_variables_of_other_programs_mean_nothing(
    authority: Authority, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(authority.file))
    assert not accepts(trust.context(Tls(), {name: str(authority.file)}), authority)


# What is checked


def test_what_a_context_checks(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names always, TLS 1.2 at least, and session keys go nowhere."""
    log = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    context = trust.context(Tls(certificate_authorities=(str(authority.file),)), {"SSLKEYLOGFILE": str(log)})
    assert accepts(context, authority)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert not log.exists()


def test_without_verification_any_certificate_is_taken(authority: Authority) -> None:
    context = trust.context(Tls(insecure_skip_tls_verify=True), {})
    assert accepts(context, authority)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_a_common_name_is_no_host_name(authority: Authority) -> None:
    context = trust.context(Tls(certificate_authorities=(str(authority.file),)), {})
    with (
        Server(answering(response()), tls=authority.server_context((), common_name="localhost")) as server,
        socket.create_connection(("127.0.0.1", server.port)) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
        contextlib.closing(connection),
    ):
        context.wrap_socket(connection, server_hostname="localhost")


def test_every_given_certificate_is_an_anchor(authority: Authority, tmp_path: Path) -> None:
    """Also one that did not sign itself: a server's own, for one, as in Go."""
    tls = authority.server_context()
    with Server(answering(response()), tls=tls) as server:
        pem = ssl.get_server_certificate(("127.0.0.1", server.port))
        file = tmp_path / "server.pem"
        file.write_text(pem)
        context = trust.context(Tls(certificate_authorities=(str(file),)), {})
        with (
            socket.create_connection(("127.0.0.1", server.port)) as connection,
            context.wrap_socket(connection, server_hostname="localhost") as wrapped,
        ):
            assert wrapped.version() in {"TLSv1.2", "TLSv1.3"}


# In words


@pytest.mark.parametrize(
    ("tls", "environment", "words"),
    [
        (Tls(), {}, "the certificate authorities of the system are trusted"),
        (Tls(insecure_skip_tls_verify=True), {}, "any certificate is accepted"),
        (
            Tls(certificate_authorities=("a.pem", "b\x1b.pem"), certificate_authority_data=("AAAA",)),
            {"SSL_CERT_FILE": "/x"},
            "only the certificate authorities of a.pem, b\\x1b.pem, the given data are trusted",
        ),
    ],
)
def test_the_description(tls: Tls, environment: dict[str, str], words: str) -> None:
    assert trust.description(tls, environment) == words


@unix
def test_the_description_names_variables() -> None:
    environment = {"SSL_CERT_FILE": "/x", "SSL_CERT_DIR": "/y", "REQUESTS_CA_BUNDLE": "/z"}
    words = "the certificate authorities of SSL_CERT_FILE=/x, SSL_CERT_DIR=/y are trusted"
    assert trust.description(Tls(), environment) == words


@pytest.mark.parametrize(
    "make", [lambda: OSError("x"), lambda: ssl.SSLEOFError(8, "EOF"), TimeoutError], ids=["os", "eof", "time"]
)
def test_what_may_pass_by_itself_is_no_refusal(make: Callable[[], BaseException]) -> None:
    assert certificate_refusals.refusal(make(), "id.example.com") is None
