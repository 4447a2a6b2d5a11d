"""What vouched for providers, on disk."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubelogin_py.settings import Tls
from kubelogin_py.storage import names
from kubelogin_py.storage.root_certificates import DiskRoots, roots_key
from tests.storage.surroundings import NOBODY, RememberingConsole, finished, forked, in_child

KEY = "ab" * 32
ROOTS = (b"\x30\x82one", b"\x30\x82two")


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that another user can reach and write to."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o777)
        yield Path(name)


def disk_roots(directory: Path, console: RememberingConsole | None = None) -> DiskRoots:
    return DiskRoots(directory, KEY, console=console or RememberingConsole())


def test_what_is_kept_comes_back_for_the_same_bundles(tmp_path: Path) -> None:
    roots = disk_roots(tmp_path / "cache")
    assert roots.load("a") == ()
    roots.save("a", ROOTS)
    assert roots.load("a") == ROOTS
    assert roots.load("b") == ()
    roots.save("b", ROOTS[:1])
    assert (roots.load("a"), roots.load("b")) == ((), ROOTS[:1])
    (file,) = (tmp_path / "cache").iterdir()
    assert file.name == f"roots-{KEY}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names.is_ours(file.name)


def test_forty_processes_at_once(tmp_path: Path) -> None:
    """Without a lock: whoever reads finds nothing or all that one of them wrote, and nothing is left over."""
    roots = disk_roots(tmp_path / "cache")

    def work(number: int) -> None:
        roots.save("a", (bytes([number]) * 1500,) * 8)
        found = roots.load("a")
        assert len(found) == 8
        assert len(set(found)) == 1

    children = [forked(lambda number=number: work(number)) for number in range(40)]  # type: ignore[misc]
    assert [finished(child) for child in children] == [0] * 40
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [f"roots-{KEY}.json"]


def test_a_cache_that_can_only_be_read_keeps_nothing_and_says_so_to_those_who_ask(open_place: Path) -> None:
    """A mode keeps root from nothing, so that another user looks where there is one to become."""
    directory = open_place / "cache"

    def work() -> None:
        disk_roots(directory).save("a", ROOTS)
        directory.chmod(0o500)
        console = RememberingConsole()
        roots = disk_roots(directory, console)
        assert roots.load("a") == ROOTS
        roots.save("b", ROOTS)
        assert roots.load("a") == ROOTS
        assert console.lines == []
        assert console.details == [f"can't write {directory}/roots-{KEY}.json: permission denied"]

    in_child(work, user=NOBODY if os.geteuid() == 0 else None)


def test_a_name_is_made_of_a_hash_only() -> None:
    with pytest.raises(ValueError, match="not a key"):
        names.roots_file("../x")


def test_the_key_has_all_that_names_authorities() -> None:
    variables = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    different = {
        roots_key(Tls(), {}),
        roots_key(Tls(certificate_authorities=("/ca.pem",)), {}),
        roots_key(Tls(certificate_authority_data=("/ca.pem",)), {}),
        *(roots_key(Tls(), {name: "/ca.pem"}) for name in variables),
        roots_key(Tls(certificate_authorities=("\udcff",)), {}),
    }
    assert len(different) == 6
    assert roots_key(Tls(), {"SSLKEYLOGFILE": "/x"}) == roots_key(Tls(), {})
