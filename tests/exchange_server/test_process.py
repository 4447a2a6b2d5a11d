"""The server as people run it: a process, TLS, real tokens and real certificates."""

import datetime as dt
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from cryptography import x509

from tests.exchange_server.local_provider import LocalProvider, local_provider
from tests.exchange_server.test_authority import KEYS
from tests.exchange_server.world import CLIENT, World, certificate, csr, organizations
from tests.support import components
from tests.support.certificates import Certificates
from tests.support.environment import clean
from tests.support.exchange import ExchangeServer, TalosAuthority, pkcs8, start_exchange
from tests.support.providers import EMBEDDED, Provider
from tests.support.relying_party import RelyingParty

Start = Callable[..., ExchangeServer]


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalProvider]:
    """A provider whose tokens the tests mint."""
    with local_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, issuer: LocalProvider) -> Iterator[ExchangeServer]:
    """A server as it starts without further settings, for tests that leave it as it is."""
    server = start_exchange(tmp_path_factory.mktemp("shared"), issuer=issuer.issuer, client_id=CLIENT)
    yield server
    server.stop()


@pytest.fixture
def start(tmp_path: Path, issuer: LocalProvider) -> Iterator[Start]:
    """Start servers for one test."""
    running: list[ExchangeServer] = []

    def begin(**settings: Any) -> ExchangeServer:
        given = {"issuer": issuer.issuer, "client_id": CLIENT} | settings
        running.append(start_exchange(tmp_path / str(len(running)), **given))
        return running[-1]

    yield begin
    for server in running:
        server.stop()


def handshake(talos: TalosAuthority, directory: Path, pem: str, key: str) -> list[str]:
    """Show a client certificate to a Talos node's TLS, and return the roles it sees.

    The node wants a certificate of its authority, by the strict rules; the client reads the pair as Python does.
    """
    leaf = talos.node()
    node = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    node.minimum_version = ssl.TLSVersion.TLSv1_3
    node.load_cert_chain(leaf.certificate, leaf.key)
    node.load_verify_locations(talos.file)
    node.verify_mode = ssl.CERT_REQUIRED
    node.verify_flags |= ssl.VERIFY_X509_STRICT
    pair = directory / "pair.pem"
    pair.write_text(pem + key.replace("ED25519 PRIVATE KEY", "PRIVATE KEY"))
    client = ssl.create_default_context(cafile=str(talos.file))
    client.load_cert_chain(pair)
    ours, theirs = socket.socketpair()
    seen: list[bytes | BaseException | None] = []

    def serve() -> None:
        try:
            with node.wrap_socket(theirs, server_side=True) as secured:
                seen.append(secured.getpeercert(binary_form=True))
                secured.send(b"x")
        except OSError as error:
            seen.append(error)
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname="localhost") as secured:
            secured.recv(1)
    except OSError:
        pass
    thread.join()
    (found,) = seen
    if isinstance(found, BaseException):
        raise found
    assert found
    return organizations(x509.load_der_x509_certificate(found))


def test_a_node_accepts_the_certificate(shared: ExchangeServer, issuer: LocalProvider, tmp_path: Path) -> None:
    """With the key the server made, and with one that never left the client."""
    answer = shared.exchange(issuer.token()).json()
    assert handshake(shared.talos, tmp_path, answer["cert"], answer["key"]) == ["os:reader"]
    key, request = csr(organizations=("os:admin",))
    answer = shared.exchange(issuer.token(), csr=request).json()
    assert handshake(shared.talos, tmp_path, answer["cert"], pkcs8(key).decode()) == ["os:reader"]


def test_a_node_refuses_a_certificate_that_has_ended(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.clock.time -= 3600
        answer = world.exchange().json()
    with pytest.raises(ssl.SSLError, match="certificate has expired"):
        handshake(world.talos, tmp_path, answer["cert"], answer["key"])


@pytest.mark.parametrize("kind", ["RSA", "P-256", "P-384"])
def test_nodes_of_other_authorities_accept_it_too(tmp_path: Path, kind: str) -> None:
    with World(tmp_path, TalosAuthority(tmp_path, KEYS[kind]()), roles=("os:admin", "os:etcd:backup")) as world:
        answer = world.exchange().json()
    assert handshake(world.talos, tmp_path, answer["cert"], answer["key"]) == ["os:admin", "os:etcd:backup"]


def test_many_at_once_all_get_one_of_their_own(start: Start, issuer: LocalProvider) -> None:
    server = start()
    tokens = [issuer.token(sub=f"user-{number}") for number in range(50)]
    before = issuer.asked.count("/keys")
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda token: requests.post(**_call(server, token)), tokens))
    leaves = [certificate(answer) for answer in answers]
    assert len({leaf.serial_number for leaf in leaves}) == 50
    assert issuer.asked.count("/keys") == before + 1, "the keys were fetched once for all"
    issued = [one for one in server.decisions() if one["type"] == "cert_issued"]
    assert {one["subject"] for one in issued} == {f"user-{number}" for number in range(50)}


def test_many_at_once_with_one_token_get_one_certificate(shared: ExchangeServer, issuer: LocalProvider) -> None:
    token = issuer.token()
    with ThreadPoolExecutor(20) as pool:
        statuses = [
            answer.status_code for answer in pool.map(lambda _: requests.post(**_call(shared, token)), range(20))
        ]
    assert sorted(statuses) == [200] + [401] * 19


def _call(server: ExchangeServer, token: str) -> dict[str, Any]:
    """Return a request on a connection of its own."""
    url, verify = f"{server.url}/exchange", str(server.ca)
    return {"url": url, "json": {"id_token": token}, "verify": verify, "timeout": 30}


def test_a_server_whose_clock_is_wrong_says_so(start: Start, issuer: LocalProvider) -> None:
    offset = 600.0
    server = start(clock_offset=offset)
    response = server.exchange(issuer.token(exp=int(time.time()) + 3600))
    assert (response.status_code, response.json()) == (401, {"error": "invalid token"})
    assert "clocks" in response.headers["www-authenticate"]
    shown = parsedate_to_datetime(response.headers["date"])
    assert abs((shown - dt.datetime.now(dt.UTC)).total_seconds() - offset) < 30


def test_a_sign_in_at_a_real_provider_becomes_a_certificate(
    start: Start, started_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    """From the password to a Talos node, with the roles of the person's groups; kubectl's token is forbidden."""
    provider = started_provider(EMBEDDED)
    rules = [
        {"claim": "groups", "value": "developers", "roles": ["os:reader"]},
        {"claim": "groups", "value": "admins", "roles": ["os:admin"]},
    ]
    server = start(
        issuer=provider.issuer,
        issuer_ca=provider.ca,
        client_id="kubernetes-es256",
        rbac={"rules": rules},
        cert_ttl="30s",
    )
    token = RelyingParty(provider, client_id="kubernetes-es256").sign_in()["id_token"]
    answer = server.exchange(token).json()
    assert handshake(server.talos, tmp_path, answer["cert"], answer["key"]) == ["os:reader", "os:admin"]
    assert answer["ttl_seconds"] == 30
    assert server.exchange(token).status_code == 401
    kubectls = RelyingParty(provider, client_id="kubernetes").sign_in()
    assert server.exchange(kubectls["id_token"]).status_code == 403
    assert server.exchange(kubectls["access_token"]).status_code == 401
    issued = next(one for one in server.decisions() if one["type"] == "cert_issued")
    assert (issued["subject"], issued["email"]) == ("alice", "alice@example.test")


def test_a_provider_that_comes_up_later_is_found(start: Start) -> None:
    with local_provider() as late:
        server = start(issuer=late.issuer)
        documents = late.documents
        late.documents = dict  # type: ignore[method-assign] # answers nothing
        token = late.token()
        assert server.exchange(token).status_code == 503
        assert server.get("/readyz").status_code == 503
        late.documents = documents  # type: ignore[method-assign]
        assert server.exchange(token).status_code == 200
        assert server.get("/readyz").text == "ready"


def test_its_own_ca_is_told_and_shown_to_the_operator(shared: ExchangeServer) -> None:
    assert shared.ca
    ca = shared.ca.read_text()
    assert shared.get("/ca").text == ca
    assert ca.strip() in shared.log
    assert "for --server-fingerprint: sha256:" in shared.log


def test_nobody_is_talked_to_without_trust(shared: ExchangeServer) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{shared.url}/healthz", timeout=5)


def test_the_operators_certificate_is_used(start: Start, issuer: LocalProvider, certificates: Certificates) -> None:
    leaf = certificates.server
    server = start(tls_cert=str(leaf.certificate), tls_key=str(leaf.key), server_ca=certificates.ca)
    assert server.exchange(issuer.token()).status_code == 200
    assert server.get("/ca").status_code == 404


def test_plain_http_is_served_where_it_was_asked_for(start: Start, issuer: LocalProvider) -> None:
    server = start(insecure=True)
    assert server.url.startswith("http://127.0.0.1:")
    assert server.exchange(issuer.token()).status_code == 200
    assert "unencrypted" in server.log


def test_without_a_host_both_families_are_served(start: Start, issuer: LocalProvider) -> None:
    """And an IPv4 caller is on record, and on lists, by its IPv4 address."""
    server = start(listen=":0", ip_allowlist=["127.0.0.1"])
    assert server.url.startswith("https://localhost:")
    port = server.url.rpartition(":")[2]
    statuses = {}
    for host in ("127.0.0.1", "[::1]"):
        url = f"https://{host}:{port}/exchange"
        answer = requests.post(url, json={"id_token": issuer.token()}, verify=str(server.ca), timeout=10)
        statuses[host] = answer.status_code
    assert statuses == {"127.0.0.1": 200, "[::1]": 403}
    assert {one["client_ip"] for one in server.decisions()} == {"127.0.0.1", "::1"}


def test_the_log_is_begun_anew_on_a_hangup(start: Start, issuer: LocalProvider) -> None:
    server = start()
    server.exchange(issuer.token())
    server.audit_log.rename(server.audit_log.with_suffix(".old"))
    os.kill(server.component.pid, signal.SIGHUP)
    deadline = time.monotonic() + 10
    while not server.audit_log.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    server.exchange(issuer.token())
    assert [one["type"] for one in server.decisions()] == ["auth_success", "cert_issued"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_peace(start: Start, issuer: LocalProvider, number: int) -> None:
    """Also with a connection that a client keeps open."""
    server = start()
    assert server.exchange(issuer.token()).status_code == 200
    server.component.process.send_signal(number)
    assert server.component.process.wait(10) == 0
    assert "Traceback" not in server.log


def test_neither_tokens_nor_keys_are_in_any_log(shared: ExchangeServer, issuer: LocalProvider) -> None:
    token = issuer.token()
    key = shared.exchange(token).json()["key"].splitlines()[1]
    assert shared.exchange(token).status_code == 401
    logs = shared.log + shared.audit_log.read_text()
    for secret in (*token.split("."), key, shared.talos.key_file.read_text().splitlines()[1]):
        assert secret not in logs


def _run(directory: Path, document: object, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    config = directory / "config.yaml"
    config.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    command = [sys.executable, "-m", "examples.exchange_server", *(arguments or ("--config", str(config)))]
    return subprocess.run(
        command,
        env=clean(directory / "home", PYTHONPATH=str(components.ROOT), **environment),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_what_stops_the_start_is_one_line(tmp_path: Path) -> None:
    talos = TalosAuthority(tmp_path)
    good = {
        "issuer_url": "https://id.example.com",
        "client_id": CLIENT,
        "endpoints": ["10.0.0.1"],
        "ca_cert": str(talos.file),
        "ca_key": str(talos.key_file),
    }
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        taken = f"127.0.0.1:{occupied.getsockname()[1]}"
        for change, says in (
            ({"ca_key": "/does/not/exist"}, "can't read ca_key /does/not/exist: No such file or directory"),
            ({"listen": taken}, f"can't listen on {taken}: Address already in use"),
        ):
            done = _run(tmp_path, good | change)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.splitlines()[-1] == f"error: {says}"
            assert "Traceback" not in done.stderr


def test_the_environment_alone_is_enough_and_serve_may_be_said(tmp_path: Path) -> None:
    done = _run(tmp_path, "", "serve", TALOSCTL_OIDC_CLIENT_ID="x", TALOSCTL_OIDC_ISSUER_URL="https://id.example.com")
    assert (done.returncode, done.stderr) == (1, "error: endpoints is required\n")


def test_help_needs_no_configuration(tmp_path: Path) -> None:
    done = _run(tmp_path, "", "--help")
    assert done.returncode == 0
    assert "--config" in done.stdout
