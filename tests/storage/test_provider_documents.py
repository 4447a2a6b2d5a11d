"""A provider's documents on disk."""

import stat
from pathlib import Path

import pytest

from kubelogin_py.ports import KeptDocuments
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Provider, Settings, Tls
from kubelogin_py.storage import names
from kubelogin_py.storage.provider_documents import DiskDocuments, documents_key
from tests.storage.surroundings import RememberingConsole

KEY = "ab" * 32
JSON = {"content-type": "application/json"}
KEPT = KeptDocuments(
    1_800_000_000.5,
    Response("https://id.example.com/.well-known/openid-configuration", 200, JSON, b'{"issuer": "\xc3\xa9"}'),
    Response("https://id.example.com/keys", 200, JSON, b'{"keys": []}'),
)


@pytest.fixture
def documents(tmp_path: Path) -> DiskDocuments:
    return DiskDocuments(tmp_path / "cache", KEY, console=RememberingConsole())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / f"documents-{KEY}.json"


def test_what_is_kept_comes_back(documents: DiskDocuments, file: Path) -> None:
    assert documents.load() is None
    documents.save(KEPT)
    assert documents.load() == KEPT
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names.is_ours(file.name)
    documents.forget()
    assert documents.load() is None
    assert not file.exists()


@pytest.mark.parametrize(
    "contents",
    [
        b"", b"{", b"[]", b'{"format": 2}', b'{"format": 1, "fetched_at": true}', b'{"format": 1, "fetched_at": 1}',
        b'{"format": 1, "fetched_at": 1, "metadata": {"url": 1, "body": ""}, "key_set": {}}', b"\xff",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_absent(documents: DiskDocuments, file: Path, contents: bytes) -> None:
    documents.save(KEPT)
    file.write_bytes(contents)
    assert documents.load() is None
    documents.save(KEPT)
    assert documents.load() == KEPT


def test_a_link_is_not_followed(documents: DiskDocuments, file: Path, tmp_path: Path) -> None:
    documents.save(KEPT)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(elsewhere)
    assert documents.load() is None


def test_a_directory_that_cannot_be_used_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    console = RememberingConsole()
    documents = DiskDocuments(tmp_path / "cache", KEY, console=console)
    documents.save(KEPT)
    documents.forget()
    assert documents.load() is None
    assert console.lines == []


def test_the_key_has_all_that_decides_whom_we_believe() -> None:
    def key(**changed: object) -> str:
        tls = {name: value for name, value in changed.items() if name in Tls.__dataclass_fields__}
        provider = {"issuer": "https://id.example.com", "client_id": "a"}
        provider |= {name: value for name, value in changed.items() if name not in tls}
        return documents_key(Settings(Provider(**provider), Tls(**tls)))  # type: ignore[arg-type]

    different = {
        key(),
        key(issuer="https://id.example.com/"),
        key(request_headers=(("a", "b"),)),
        key(certificate_authorities=("/ca.pem",)),
        key(certificate_authority_data=("/ca.pem",)),
        key(insecure_skip_tls_verify=True),
    }
    assert len(different) == 6
    assert key(client_id="b", client_secret=Secret("s")) == key()
