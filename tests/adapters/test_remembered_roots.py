"""Of a large bundle of authorities, the one that vouched before is read; and whom that must not make us trust."""

import json
import os
import re
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import certifi
import pytest

from kubelogin_py.adapters import trust
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.http_client import BoundedHttp
from kubelogin_py.adapters.remembered_roots import MOST
from kubelogin_py.errors import Error, NotSentError, SettingsError
from kubelogin_py.ports import Clock, NoRoots, RootCache
from kubelogin_py.settings import Tls
from kubelogin_py.storage import names
from kubelogin_py.storage.root_certificates import DiskRoots, roots_key
from tests.adapters.servers import AUTHORITY_HASH, Authority, Conversation, Server, answering, recording_proxy, response
from tests.adapters.ways import WAYS, chosen, way
from tests.storage.surroundings import NOBODY, RememberingConsole, ShiftedClock
from tests.support.components import ROOT

LIMIT = 4096
GIVEN, NAMED = "certificate-authority", "SSL_CERT_FILE"
MANY = 20
"""Public authorities in a bundle: some of what a system has, so that the tests need not read all of it."""

PUBLIC = b"\n".join(
    re.findall(rb"(?s)-----BEGIN.*?-----END CERTIFICATE-----\n", Path(certifi.where()).read_bytes())[:MANY]
)
LATER = ShiftedClock(10.0)
"""When a file that was just written has settled."""

unix = pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="this system keeps its own store")


@pytest.fixture(params=WAYS)
def each_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Straight, and by the library that knows proxies."""
    with chosen(request.param):
        yield


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("other"), "another authority")


@dataclass
class Machine:
    """A machine whose authorities are one bundle, and its cache directory."""

    directory: Path
    source: str = GIVEN
    variables: dict[str, str] = field(default_factory=dict)
    console: RememberingConsole = field(default_factory=RememberingConsole)

    @property
    def bundle(self) -> Path:
        return self.directory / "bundle.pem"

    @property
    def cache(self) -> Path:
        return self.directory / "cache"

    @property
    def file(self) -> Path:
        """The one file in which something is remembered."""
        (file,) = self.cache.glob("roots-*.json")
        return file

    @property
    def tls(self) -> Tls:
        return Tls(certificate_authorities=(str(self.bundle),)) if self.source == GIVEN else Tls()

    @property
    def environment(self) -> dict[str, str]:
        # Neither has the system's directories.
        nothing = {"SSL_CERT_DIR": str(self.directory / "none")}
        return nothing | ({NAMED: str(self.bundle)} if self.source == NAMED else {}) | self.variables

    def install(self, *authorities: Authority, more: Sequence[Path] = ()) -> None:
        """Write the bundle: public authorities, and some more."""
        files = [*(authority.file for authority in authorities), *more]
        self.bundle.write_bytes(b"".join([PUBLIC, *(file.read_bytes() for file in files)]))

    def roots(self) -> RootCache:
        return DiskRoots(self.cache, roots_key(self.tls, self.environment), console=self.console)

    def start(self, *, clock: Clock = LATER, roots: RootCache | None = None) -> BoundedHttp:
        """Return what a new process asks its provider with."""
        return BoundedHttp(
            self.tls,
            environment=self.environment,
            on_request=lambda line: None,
            clock=clock,
            user_agent="kubelogin-py/1.2.3",
            connect_timeout=2,
            total_timeout=5,
            way=way(),
            roots=roots or self.roots(),
        )


@pytest.fixture
def machine(tmp_path: Path, authority: Authority, other: Authority) -> Machine:
    """A machine that trusts both authorities."""
    made = Machine(tmp_path)
    made.install(authority, other)
    return made


@pytest.fixture(params=[GIVEN, pytest.param(NAMED, marks=unix)])
def each_source(request: pytest.FixtureRequest, machine: Machine) -> None:
    """The bundle is named by an option, or by a variable."""
    machine.source = request.param


def trusted_by(http: BoundedHttp) -> int:
    """Return how many authorities were read so far."""
    return http._trusted.context.cert_store_stats()["x509"]


def asked(http: BoundedHttp, server: Server) -> int:
    """Send one request, which must arrive once, and return how many authorities had been read before."""
    before, requests = trusted_by(http), len(server.requests)
    assert http.post(server.url("/token"), [("code", "x")], limit=LIMIT).status == 200
    assert len(server.requests) == requests + 1
    return before


def serving(authority: Authority) -> Server:
    return Server(answering(response()), tls=authority.server_context())


def refused(http: BoundedHttp, server: Server, host: str = "127.0.0.1") -> tuple[str, str | None]:
    """Return what is said of a certificate that is refused; nothing must have been sent."""
    with pytest.raises(Error) as caught:
        http.post(server.url("/token", host), [("code", "x")], limit=LIMIT)
    assert server.requests == []
    return caught.value.message, caught.value.hint


# What is remembered


@pytest.mark.usefixtures("each_way", "each_source")
def test_the_second_start_reads_one_root_and_no_bundle(machine: Machine, authority: Authority) -> None:
    with serving(authority) as server:
        assert asked(machine.start(), server) >= MANY
        second = machine.start()
        assert asked(second, server) == 1
        assert trusted_by(second) == 1
        assert server.connections == 2
    assert stat.S_IMODE(machine.file.stat().st_mode) == 0o600
    assert names.is_ours(machine.file.name)
    assert machine.console.lines == []


@pytest.mark.usefixtures("each_way", "each_source")
def test_another_root_at_the_server_costs_a_connection_and_no_failure(
    machine: Machine, authority: Authority, other: Authority
) -> None:
    """The request goes out once; from then on both are remembered, for a provider whose parts have different roots."""
    with serving(authority) as first, serving(other) as second:
        asked(machine.start(), first)
        moved = machine.start()
        assert asked(moved, second) == 1
        assert trusted_by(moved) >= MANY
        assert second.connections == 2
        third = machine.start()
        assert asked(third, first) == asked(third, second) == trusted_by(third) == 2
        assert (first.connections, second.connections) == (2, 3)


def test_one_process_remembers_the_roots_of_all_it_asked(
    machine: Machine, authority: Authority, other: Authority
) -> None:
    with serving(authority) as first, serving(other) as second:
        http = machine.start()
        for server in (first, second, first):
            asked(http, server)
        assert trusted_by(machine.start()) == 2


def test_the_number_of_roots_is_bounded(tmp_path: Path) -> None:
    """The last ones count."""
    machine = Machine(tmp_path)
    authorities = [Authority(tmp_path / str(number), f"authority {number}") for number in range(MOST + 2)]
    machine.install(*authorities)
    http = machine.start()
    for authority in authorities:
        with serving(authority) as server:
            asked(http, server)
    assert len(json.loads(machine.file.read_bytes())["roots"]) == trusted_by(machine.start()) == MOST
    with serving(authorities[-1]) as server:
        assert asked(machine.start(), server) == MOST
        assert server.connections == 1


def test_through_a_proxy_it_is_the_same(machine: Machine, authority: Authority, other: Authority) -> None:
    name = "id.example.test"
    with (
        Server(answering(response()), tls=authority.server_context((name,))) as first,
        Server(answering(response()), tls=other.server_context((name,))) as second,
    ):
        for server, read in ((first, MANY), (first, 1), (second, 1), (second, 2)):
            with recording_proxy(server.port) as proxy:
                machine.variables["HTTPS_PROXY"] = f"http://127.0.0.1:{proxy.port}"
                http = machine.start()
                assert min(trusted_by(http), MANY) == read
                assert http.get(server.url(host=name), limit=LIMIT).status == 200
        assert (len(first.requests), len(second.requests)) == (2, 2)


def test_a_small_bundle_is_read(tmp_path: Path, authority: Authority) -> None:
    machine = Machine(tmp_path)
    machine.bundle.write_bytes(authority.file.read_bytes())
    with serving(authority) as server:
        asked(machine.start(), server)
    assert not machine.cache.exists()


@pytest.mark.usefixtures("each_source")
def test_a_damaged_certificate_in_the_bundle_spoils_nothing(machine: Machine, authority: Authority) -> None:
    damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    machine.bundle.write_bytes(damaged + machine.bundle.read_bytes())
    with serving(authority) as server:
        assert asked(machine.start(), server) >= MANY
        assert asked(machine.start(), server) == 1


# Which root it is


def test_of_a_chain_the_root_is_remembered(tmp_path: Path, authority: Authority) -> None:
    machine = Machine(tmp_path)
    machine.install(authority)
    middle = Authority(tmp_path / "middle", "an intermediate", signer=authority)
    middle.sent_along = (middle,)
    with serving(middle) as server:
        asked(machine.start(), server)
        assert asked(machine.start(), server) == 1
        assert server.connections == 2
    assert anchors(machine) == {der(authority)}


def test_an_intermediate_in_the_bundle_is_an_anchor(tmp_path: Path, authority: Authority) -> None:
    """Where a server does not send it, only the bundle has it; its root alone would not do."""
    machine = Machine(tmp_path)
    middle = Authority(tmp_path / "middle", "an intermediate", signer=authority)
    machine.install(authority, middle)
    with serving(middle) as server:
        asked(machine.start(), server)
        assert asked(machine.start(), server) == 1
        assert server.connections == 2
    assert anchors(machine) == {der(middle)}


def test_what_a_server_sends_beside_its_own_trusted_certificate_is_no_anchor(tmp_path: Path) -> None:
    """The bundle holds the server's own certificate; its signer, which comes along, signs for nobody else."""
    machine = Machine(tmp_path)
    stranger = Authority(tmp_path / "stranger", "a stranger")
    stranger.sent_along = (stranger,)
    tls = stranger.server_context()
    with Server(answering(response()), tls=tls) as server:
        own = tmp_path / "own.pem"
        own.write_text(ssl.get_server_certificate(("127.0.0.1", server.port)))
        machine.install(more=[own])
        for _ in range(2):
            http = machine.start()
            assert http.post(server.url(), [], limit=LIMIT).status == 200
    assert der(stranger) not in (anchors(machine) if machine.cache.exists() else ())
    with serving(stranger) as elsewhere:
        assert "unknown authority" in refused(machine.start(), elsewhere)[0]


def test_a_cross_signed_root_is_followed_to_the_one_that_is_left(tmp_path: Path, other: Authority) -> None:
    """The same authority by two certificates: one signed by itself, one by another that the bundle has, too."""
    machine = Machine(tmp_path)
    young = Authority(tmp_path / "young", "a young root")
    crossed = Authority(tmp_path / "crossed", signer=other, twin=young)
    young.sent_along = (crossed,)
    machine.install(other, young)
    with serving(young) as server:
        asked(machine.start(), server)
        assert asked(machine.start(), server) == 1
        assert server.connections == 2
        machine.install(other)
        assert asked(machine.start(), server) >= MANY
        assert asked(machine.start(), server) == 1
        assert server.connections == 4
    assert anchors(machine) == {der(other)}


@unix
def test_nothing_of_a_directory_is_remembered(tmp_path: Path, authority: Authority) -> None:
    """It is trusted and searched as ever: what is taken out of it is not trusted from then on."""
    machine = Machine(tmp_path, NAMED)
    machine.install()
    directory = tmp_path / "hashed"
    directory.mkdir()
    (directory / f"{AUTHORITY_HASH}.0").write_bytes(authority.file.read_bytes())
    machine.variables["SSL_CERT_DIR"] = str(directory)
    with serving(authority) as server:
        asked(machine.start(), server)
        assert not machine.cache.exists()
    (directory / f"{AUTHORITY_HASH}.0").unlink()
    with serving(authority) as server:
        assert "unknown authority" in refused(machine.start(), server)[0]


@unix
def test_a_directory_stays_trusted_beside_a_remembered_root(
    tmp_path: Path, authority: Authority, other: Authority
) -> None:
    machine = Machine(tmp_path, NAMED)
    machine.install(other)
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "corporate.crt").write_bytes(authority.file.read_bytes())
    machine.variables["SSL_CERT_DIR"] = str(tmp_path / "plain")
    with serving(authority) as first, serving(other) as second:
        for _ in range(2):
            http = machine.start()
            for server in (second, first):
                asked(http, server)
        assert trusted_by(http) == 2
        assert (first.connections, second.connections) == (2, 2)
        (tmp_path / "plain" / "corporate.crt").unlink()
    with serving(authority) as server:
        assert "unknown authority" in refused(machine.start(), server)[0]


# Trust is never wider


@pytest.mark.usefixtures("each_source")
def test_an_authority_that_is_taken_out_is_not_trusted_from_then_on(
    machine: Machine, authority: Authority, other: Authority
) -> None:
    """Though the file has the same inode, the same length and its old times."""
    with serving(authority) as server:
        asked(machine.start(), server)
        assert trusted_by(machine.start()) == 1
    before = machine.bundle.stat()
    spaces = b"\n" * len(authority.file.read_bytes())
    contents = machine.bundle.read_bytes().replace(authority.file.read_bytes(), spaces)
    with machine.bundle.open("r+b") as file:
        file.write(contents)
    os.utime(machine.bundle, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = machine.bundle.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    with serving(authority) as server:
        assert "unknown authority" in refused(machine.start(), server)[0]
    with serving(other) as server:
        assert asked(machine.start(), server) >= MANY


@pytest.mark.usefixtures("each_source")
@pytest.mark.parametrize("how", ["replaced", "appended", "touched", "gone"])
def test_any_change_of_the_bundle_counts(machine: Machine, authority: Authority, how: str) -> None:
    with serving(authority) as server:
        asked(machine.start(), server)
        if how == "replaced":
            (machine.directory / "new").write_bytes(machine.bundle.read_bytes())
            (machine.directory / "new").rename(machine.bundle)
        elif how == "appended":
            with machine.bundle.open("ab") as file:
                file.write(b"\n")
        elif how == "touched":
            os.utime(machine.bundle, (0, 0))
        else:
            machine.bundle.unlink()
            if machine.source == GIVEN:
                with pytest.raises(SettingsError, match="no such file"):
                    machine.start()
            else:
                assert trusted_by(machine.start()) == 0
            return
        assert trusted_by(machine.start()) >= MANY


@pytest.mark.usefixtures("each_source")
@unix
def test_a_link_to_another_bundle_counts(machine: Machine, authority: Authority) -> None:
    kept, changed = machine.directory / "kept.pem", machine.directory / "changed.pem"
    machine.bundle.rename(kept)
    changed.write_bytes(PUBLIC)
    machine.bundle.symlink_to(kept)
    with serving(authority) as server:
        asked(machine.start(), server)
        assert trusted_by(machine.start()) == 1
    machine.bundle.unlink()
    machine.bundle.symlink_to(changed)
    with serving(authority) as server:
        assert "unknown authority" in refused(machine.start(), server)[0]


def test_of_a_bundle_that_may_just_be_changing_nothing_is_remembered(machine: Machine, authority: Authority) -> None:
    """Two changes within one tick of a file system's clock look like one."""
    with serving(authority) as server:
        asked(machine.start(clock=SystemClock()), server)
        assert not machine.cache.exists()


def test_what_another_bundle_held_counts_for_that_alone(tmp_path: Path, authority: Authority, other: Authority) -> None:
    machine = Machine(tmp_path)
    machine.install(authority)
    with serving(authority) as server:
        asked(machine.start(), server)
    foreign = machine.file.read_bytes()
    machine.directory.joinpath("elsewhere").mkdir()
    elsewhere = Machine(tmp_path / "elsewhere")
    elsewhere.install(other)
    with serving(other) as server:
        asked(elsewhere.start(), server)
    elsewhere.file.write_bytes(foreign)
    with serving(authority) as server:
        assert "unknown authority" in refused(elsewhere.start(), server)[0]


def test_without_verification_nothing_is_remembered(machine: Machine, authority: Authority) -> None:
    kept = Recording()
    tls = Tls(certificate_authorities=machine.tls.certificate_authorities, insecure_skip_tls_verify=True)
    trusted = trust.trusted(tls, machine.environment, kept, LATER.now())
    assert trusted.context.verify_mode == ssl.CERT_NONE
    assert type(trusted) is trust.Trusted
    assert kept.asked == []


def test_a_system_that_keeps_its_own_store_is_asked_itself(machine: Machine) -> None:
    """macOS and Windows: nothing is remembered of what their stores say."""
    (machine.directory / "truststore.py").write_text("import ssl\nclass SSLContext(ssl.SSLContext): pass\n")
    code = f"""
import ssl, sys
sys.platform = "darwin"
sys.path[:0] = [{str(machine.directory)!r}, {str(ROOT)!r}]
from kubelogin_py.adapters import trust
from kubelogin_py.settings import Tls
trusted = trust.trusted(Tls(), {{"SSL_CERT_FILE": {str(machine.bundle)!r}}}, None, 9e9)
print(type(trusted).__name__, type(trusted.context).__module__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.split() == ["Trusted", "truststore"]


# What is refused stays refused, in the same words


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("fault", ["expired", "self-signed", "unknown", "same name", "wrong name"])
def test_a_refusal_is_the_same_with_a_remembered_root(machine: Machine, authority: Authority, fault: str) -> None:
    with serving(authority) as server:
        asked(machine.start(), server)
    directory = machine.directory / "false"
    contexts: dict[str, Callable[[], ssl.SSLContext]] = {
        "expired": lambda: authority.server_context(expired=True),
        "self-signed": authority.self_signed_context,
        "unknown": lambda: Authority(directory, "an unknown authority").server_context(),
        "same name": lambda: Authority(directory).server_context(),
        "wrong name": lambda: authority.server_context(("a.example.com",)),
    }
    tls, remembered = contexts[fault](), machine.file.read_bytes()
    said = []
    for http in (machine.start(roots=NoRoots()), machine.start()):
        with Server(answering(response(400)), tls=tls) as server:
            url = server.url().replace("http:", "https:").replace(str(server.port), "PORT")
            with pytest.raises(Error) as caught:
                http.get(server.url().replace("http:", "https:"), limit=LIMIT)
            said.append(f"{caught.value.message}\n{caught.value.hint}".replace(str(server.port), "PORT"))
            assert tls is None or server.requests == []
    assert said[0] == said[1]
    assert said[0].startswith(f"GET {url}: ")
    assert machine.file.read_bytes() == remembered


@pytest.mark.usefixtures("each_way")
def test_a_second_connection_that_fails_is_said_to_have_failed(
    machine: Machine, authority: Authority, other: Authority
) -> None:
    """What only the remembered root had against the first one is nothing to be told of."""

    def behave(conversation: Conversation) -> None:
        if conversation.number == 1:
            conversation.connection = other.server_context().wrap_socket(conversation.connection, server_side=True)
        else:
            # A connection that is gone before TLS begins is one that Python's ``ssl`` forgets to close.
            conversation.connection.recv(1)
        conversation.reset()

    with serving(authority) as server:
        asked(machine.start(), server)
    with Server(behave) as server, pytest.raises(NotSentError) as caught:
        machine.start().post(server.url().replace("http:", "https:"), [], limit=LIMIT)
    assert server.connections == 2
    assert "certificate" not in f"{caught.value.message} {caught.value.hint}"


# A file that is not what was written


def damaged(text: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(text)


def rewritten(old: str, new: str) -> Callable[[Path], object]:
    return lambda file: file.write_text(file.read_text().replace(old, new))


def linked(file: Path) -> None:
    file.rename(file.parent.parent / "real")
    file.symlink_to(file.parent.parent / "real")


def second_name(file: Path) -> None:
    os.link(file, file.parent.parent / "second")


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


def foreign(file: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(file, NOBODY, NOBODY)


ODD: dict[str, Callable[[Path], object]] = {
    "empty": damaged(b""),
    "cut": lambda file: file.write_bytes(file.read_bytes()[:200]),
    "no object": damaged(b"[]"),
    "binary": damaged(b"\xff\xfe"),
    "deep": damaged(b"[" * 100_000),
    "too large": lambda file: file.write_bytes(file.read_bytes() + b" " * (1 << 20)),
    "another format": rewritten('"format": 1', '"format": 2'),
    "another bundle": rewritten('"bundles": "', '"bundles": "0'),
    "no list": lambda file: file.write_text(file.read_text().replace("[", '{"a": [').replace("]", "]}")),
    "no texts": rewritten('"roots": ["', '"roots": [1, "'),
    "no base64": rewritten('"roots": ["', '"roots": ["*'),
    "no certificate": rewritten('"roots": ["', '"roots": ["AAAA", "'),
    "a certificate and more": rewritten('"]', '", "AAAA"]'),
    "writable by the group": lambda file: file.chmod(0o620),
    "writable by all": lambda file: file.chmod(0o666),
    "readable by all": lambda file: file.chmod(0o644),
    "a link": linked,
    "two names": second_name,
    "a FIFO": fifo,
    "another user's": foreign,
}


@pytest.mark.skipif(sys.platform == "win32", reason="files have no modes there")
@pytest.mark.parametrize("spoil", ODD.values(), ids=ODD)
def test_an_odd_file_is_as_if_absent(
    tmp_path: Path, authority: Authority, other: Authority, spoil: Callable[[Path], object]
) -> None:
    """Nothing of it is trusted, the bundle is read, and the next start finds a good file again."""
    machine = Machine(tmp_path)
    machine.install(authority)
    with serving(authority) as server:
        asked(machine.start(), server)
        file = machine.file
        spoil(file)
        assert asked(machine.start(), server) >= MANY
        assert asked(machine.start(), server) == 1
        assert server.connections == 3
    assert file.is_file()
    assert not file.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_nlink == 1


def test_a_directory_in_its_place_costs_time_alone(machine: Machine, authority: Authority) -> None:
    with serving(authority) as server:
        asked(machine.start(), server)
        name = machine.file
        name.unlink()
        name.mkdir()
        for _ in range(2):
            assert asked(machine.start(), server) >= MANY
    assert machine.console.lines == []


@pytest.mark.parametrize("how", ["a file", "others may write", "absent"])
def test_a_cache_that_cannot_be_used_costs_time_alone(machine: Machine, authority: Authority, how: str) -> None:
    if how == "a file":
        machine.cache.write_text("a file")
    elif how == "others may write":
        machine.cache.mkdir()
        machine.cache.chmod(0o777)
    with serving(authority) as server:
        for _ in range(2):
            http = machine.start(roots=NoRoots()) if how == "absent" else machine.start()
            assert asked(http, server) >= MANY
    assert machine.console.lines == []


# What Python tells


def test_where_python_does_not_tell_the_chain_nothing_is_remembered() -> None:
    assert trust.verified_chain(object()) == ()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with context.wrap_socket(socket.socket(), server_hostname="localhost") as unconnected:
        assert not trust.verified_chain(unconnected)


class Recording:
    """A cache that says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def load(self, identity: str) -> tuple[bytes, ...]:
        self.asked.append(identity)
        return ()

    def save(self, identity: str, roots: Sequence[bytes]) -> None:
        self.asked.append(identity)


def der(authority: Authority) -> bytes:
    return ssl.PEM_cert_to_DER_cert(authority.file.read_text())


def anchors(machine: Machine) -> set[bytes]:
    """Return what the next start trusts without having read a bundle."""
    return set(machine.start()._trusted.context.get_ca_certs(binary_form=True))
