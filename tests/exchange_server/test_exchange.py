"""The endpoints, decision by decision, in memory."""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from starlette.testclient import TestClient

from examples.exchange_server.app import make_app
from examples.exchange_server.provider import Provider
from examples.exchange_server.request import BODY_LIMIT
from tests.exchange_server.world import (
    CALLER,
    CLIENT,
    ISSUER,
    World,
    b64,
    certificate,
    csr,
    mint,
    new_key,
    new_rsa,
    organizations,
    unb64,
)
from tests.support.exchange import ENDPOINTS

Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make worlds, and end them with the test."""
    made: list[World] = []

    def start(**settings: Any) -> World:
        directory = tmp_path / str(len(made))
        made.append(World(directory, **settings).__enter__())
        return made[-1]

    yield start
    for world in made:
        world.__exit__(None, None, None)


@pytest.fixture
def world(make: Make) -> World:
    return make()


def test_a_good_token_becomes_a_certificate(world: World) -> None:
    """The five members of the wire contract, and a key that belongs to the certificate."""
    response = world.exchange()
    answer = response.json()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert list(answer) == ["ca", "cert", "key", "endpoints", "ttl_seconds"]
    assert (answer["ca"], answer["endpoints"], answer["ttl_seconds"]) == (world.talos.pem, list(ENDPOINTS), 300)
    assert answer["key"].startswith("-----BEGIN ED25519 PRIVATE KEY-----\n")
    key = serialization.load_pem_private_key(answer["key"].replace("ED25519 ", "").encode(), None)
    leaf = certificate(response)
    assert leaf.public_key() == key.public_key()
    leaf.verify_directly_issued_by(world.talos.certificate)
    assert organizations(leaf) == ["os:reader"]


def test_two_exchanges_share_neither_key_nor_serial(world: World) -> None:
    first, second = certificate(world.exchange()), certificate(world.exchange())
    assert first.serial_number != second.serial_number
    assert first.public_key() != second.public_key()


def test_roles_lifetime_and_subject_are_the_servers(world: World) -> None:
    """A request for more, in the request's own subject and extensions, changes nothing but the key."""
    key, request = csr(organizations=("os:admin", "system:masters"))
    response = world.exchange(csr=request)
    leaf = certificate(response)
    assert "key" not in response.json()
    assert leaf.public_key() == key.public_key()
    assert leaf.subject.rfc4514_string() == "O=os:reader"
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert leaf.not_valid_after_utc.timestamp() == world.clock() + 300


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(ed25519.Ed25519PrivateKey.generate(), id="Ed25519"),
        pytest.param(ec.generate_private_key(ec.SECP256R1()), id="P-256"),
        pytest.param(ec.generate_private_key(ec.SECP384R1()), id="P-384"),
        pytest.param(new_rsa(), id="RSA 2048"),
    ],
)
def test_a_client_may_bring_a_key_of_any_usual_kind(world: World, key: Any) -> None:
    assert certificate(world.exchange(csr=csr(key)[1])).public_key() == key.public_key()


def _forged_csr() -> str:
    """Return a request in which the key is another's: the signature does not fit."""
    _, mine = csr()
    victim, _ = csr()
    der = x509.load_pem_x509_csr(mine.encode()).public_bytes(serialization.Encoding.DER)
    own = x509.load_pem_x509_csr(mine.encode()).public_key().public_bytes_raw()  # type: ignore[union-attr]
    forged = der.replace(own, victim.public_key().public_bytes_raw())
    return x509.load_der_x509_csr(forged).public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("not PEM", id="not PEM"),
        pytest.param("é", id="not ASCII"),
        pytest.param("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", id="not a CSR"),
        pytest.param(_forged_csr(), id="another's key"),
        pytest.param(csr(new_rsa(1024))[1], id="RSA 1024"),
        pytest.param(csr(ec.generate_private_key(ec.SECP256K1()))[1], id="an odd curve"),
    ],
)
def test_a_bad_csr_is_refused_and_the_token_stays_good(world: World, bad: str) -> None:
    token = world.token()
    response = world.exchange(token, csr=bad)
    assert (response.status_code, response.json()) == (400, {"error": "invalid csr"})
    assert world.exchange(token).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 400, "invalid JSON"),
        (b"{", 400, "invalid JSON"),
        (b"[]", 400, "invalid JSON"),
        (b'"x"', 400, "invalid JSON"),
        (b'{"id_token": 1}', 400, "invalid JSON"),
        (b'{"id_token": ["x"]}', 400, "invalid JSON"),
        (b'{"id_token": "x", "csr": 1}', 400, "invalid JSON"),
        (b'{"id_token": NaN}', 400, "invalid JSON"),
        (b'{"id_token": "x"} {}', 400, "invalid JSON"),
        (b"\xef\xbb\xbf{}", 400, "invalid JSON"),
        (b"\xff", 400, "invalid JSON"),
        (b"[" * 30_000, 400, "invalid JSON"),
        (b'{"x": ' + b"1" * 5000 + b"}", 400, "invalid JSON"),
        (b"{}", 400, "id_token is required"),
        (b"null", 400, "id_token is required"),
        (b'{"id_token": ""}', 400, "id_token is required"),
        (b'{"id_token": null}', 400, "id_token is required"),
        (b'{"token": "x"}', 400, "id_token is required"),
        (b'{"id_token": "x"}', 401, "invalid token"),
        (b'{"id_token": "' + b"x" * BODY_LIMIT + b'"}', 413, "request body too large or unreadable"),
    ],
)
def test_what_is_not_a_request_is_refused_by_kind(world: World, body: bytes, status: int, error: str) -> None:
    response = world.client.post("/exchange", content=body)
    assert (response.status_code, response.text) == (status, json.dumps({"error": error}) + "\n")
    assert world.decisions()[-1]["error"] == error


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{{"ID_Token": "{}"}}', id="another case"),
        pytest.param('{{"id_token": "x", "ID_TOKEN": "{}"}}', id="the last of two counts"),
        pytest.param('{{"id_token": "{}", "id_token": null}}', id="null is nothing"),
        pytest.param('{{"extra": {{"id_token": 1}}, "id_token": "{}"}}', id="unknown members"),
        pytest.param(' \n{{"id_token": "{}", "csr": ""}}\n', id="an empty csr"),
    ],
)
def test_a_body_is_read_as_go_reads_it(world: World, body: str) -> None:
    assert world.client.post("/exchange", content=body.format(world.token())).status_code == 200


def test_a_body_of_exactly_64_kib_is_read(world: World) -> None:
    body = json.dumps({"id_token": world.token()}).ljust(BODY_LIMIT)
    assert world.client.post("/exchange", content=body).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_an_exchange_is_a_post(world: World, method: str) -> None:
    response = world.client.request(method, "/exchange")
    assert response.status_code == 405
    if method != "HEAD":
        assert response.json() == {"error": "method not allowed"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/ca"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD"])
def test_the_other_endpoints_are_for_get(make: Make, path: str, method: str) -> None:
    response = make(data_dir="/somewhere").client.request(method, path)
    assert response.status_code == 405


def test_health_and_the_ca_are_told_to_anybody(make: Make) -> None:
    client = make(data_dir="/somewhere").client
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok")
    ca = client.get("/ca")
    assert (ca.status_code, ca.headers["content-type"], ca.text) == (200, "application/x-pem-file", "-- the CA --")


def test_there_is_no_ca_to_tell_without_self_signed_tls(world: World) -> None:
    response = world.client.get("/ca")
    assert response.status_code == 404
    assert response.json() == {"error": "CA endpoint only available in self-signed TLS mode"}


@pytest.mark.parametrize("path", ["/", "/exchange/", "/admin/", "/Exchange"])
def test_other_paths_do_not_exist(world: World, path: str) -> None:
    response = world.client.get(path, follow_redirects=False)
    assert (response.status_code, response.text) == (404, "404 page not found\n")


def test_readiness_follows_the_provider(world: World) -> None:
    world.provider.down = True
    assert world.client.get("/readyz").status_code == 503
    world.provider.down = False
    assert world.client.get("/readyz").status_code == 200


def test_readiness_ends_with_the_authority(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.clock.time += 11 * 365 * 86400
    response = world.client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"error": "certificates can't be made"}
    assert "authority's certificate ended" in caplog.text
    assert (world.exchange().status_code, world.exchange().json()) == (500, {"error": "failed to generate certificate"})


def test_a_provider_that_is_down_is_not_the_tokens_fault(world: World) -> None:
    """Down at the first request, up at the second: nothing is left poisoned, and the same token still is good."""
    token = world.token()
    world.provider.down = True
    response = world.exchange(token)
    assert (response.status_code, response.json()) == (503, {"error": "identity provider unreachable"})
    assert int(response.headers["retry-after"]) > 0
    world.provider.down = False
    assert world.exchange(token).status_code == 200


def test_a_token_is_good_for_one_certificate(world: World) -> None:
    token = world.token()
    assert world.exchange(token).status_code == 200
    second = world.exchange(token)
    assert (second.status_code, second.json()) == (401, {"error": "invalid token"})
    assert "exchanged before" in second.headers["www-authenticate"]


def test_another_spelling_of_a_used_token_is_the_same_token(world: World) -> None:
    """An ECDSA signature (r, s) is as good as (r, -s), which must not make a second token of it."""
    token = world.token()
    assert world.exchange(token).status_code == 200
    signing_input, _, signature = token.rpartition(".")
    octets = unb64(signature)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = octets[:32] + (order - int.from_bytes(octets[32:], "big")).to_bytes(32, "big")
    second = world.exchange(f"{signing_input}.{b64(other)}")
    assert (second.status_code, world.decisions()[-1]["detail"]) == (401, "the token was exchanged before")


def test_tokens_may_be_used_again_where_the_operator_says_so(make: Make) -> None:
    world = make(one_use=False)
    token = world.token()
    assert [world.exchange(token).status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "kubernetes"}, "aud"),
        ({"aud": ["kubernetes", "other"]}, "aud"),
        ({"aud": [CLIENT, "kubernetes"]}, "azp"),
        ({"aud": [CLIENT, "kubernetes"], "azp": "kubernetes"}, "azp"),
        ({"azp": "kubernetes"}, "azp"),
        ({"aud": CLIENT + "2"}, "aud"),
    ],
)
def test_the_token_of_another_client_is_forbidden(world: World, claims: dict[str, Any], why: str) -> None:
    """Such as kubectl's, which the API server and everything before it have seen."""
    response = world.exchange(world.token(**claims))
    assert (response.status_code, response.json()) == (403, {"error": "the ID token was issued to another client"})
    assert world.decisions()[-1]["type"] == "access_denied"
    assert world.decisions()[-1]["detail"].startswith((why, "several"))


@pytest.mark.parametrize("claims", [{"aud": [CLIENT]}, {"azp": CLIENT}, {"aud": [CLIENT, "other"], "azp": CLIENT}])
def test_a_token_of_our_client_may_name_it_in_several_ways(world: World, claims: dict[str, Any]) -> None:
    assert world.exchange(world.token(**claims)).status_code == 200


@pytest.mark.parametrize(("offset", "says"), [(600, "in the future"), (-600, "ago"), (-299, ""), (59, "")])
def test_wrong_clocks_are_named_to_the_bearer(world: World, offset: int, says: str) -> None:
    """A provider ten minutes ahead of this server, or behind it, and the widest differences that are forgiven."""
    issued = int(world.clock()) + offset
    response = world.exchange(world.token(iat=issued, exp=issued + 3600))
    if not says:
        assert response.status_code == 200
        return
    assert (response.status_code, response.json()) == (401, {"error": "invalid token"})
    assert says in response.headers["www-authenticate"]
    assert "clocks" in response.headers["www-authenticate"]


def test_the_date_of_an_answer_is_the_servers_own(world: World) -> None:
    world.clock.time = dt.datetime(2031, 2, 3, 4, 5, 6, tzinfo=dt.UTC).timestamp()
    assert world.exchange().headers["date"] == "Mon, 03 Feb 2031 04:05:06 GMT"


def test_only_the_bearer_of_a_real_token_is_told_why(world: World) -> None:
    world.provider.key, real = new_key("ES256", "key-1"), world.provider.key
    forged = world.exchange(world.token(iat=1))
    assert forged.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    world.provider.key = real
    assert "error_description" in world.exchange(world.token(iat=1)).headers["www-authenticate"]


def test_what_a_token_says_cannot_break_out_of_a_header(world: World) -> None:
    response = world.exchange(world.token(token_use='x"\\\r\nSet-Cookie: a=b'))
    assert response.status_code == 401
    assert "set-cookie" not in response.headers
    challenge = response.headers["www-authenticate"]
    assert re.fullmatch(r'Bearer error="invalid_token", error_description="[^"\\]*"', challenge)


def test_nobody_without_a_role_gets_a_certificate(make: Make) -> None:
    world = make(roles=())
    token = world.token()
    response = world.exchange(token)
    assert response.status_code == 403
    assert response.json() == {"error": "no roles assigned - user does not match any RBAC rules"}
    assert [one["type"] for one in world.decisions()] == ["auth_success", "access_denied"]


def test_an_address_may_ask_so_often(make: Make) -> None:
    world = make(rate_limit_requests=2, rate_limit_window=30.0)
    assert [world.exchange().status_code for _ in range(3)] == [200, 200, 429]
    refused = world.exchange()
    assert refused.json() == {"error": "rate limit exceeded"}
    assert refused.headers["retry-after"] == "30"
    world.clock.time += 31
    assert world.exchange().status_code == 200


def test_an_address_must_be_on_the_list(make: Make) -> None:
    assert make(ip_allowlist=(ip_network("192.0.2.0/24"),)).exchange().status_code == 200
    response = make(ip_allowlist=(ip_network("198.51.100.0/24"),)).exchange()
    assert (response.status_code, response.json()) == (403, {"error": "IP not allowed"})


def test_a_forwarded_address_counts_only_from_a_trusted_proxy(make: Make) -> None:
    listed = {"ip_allowlist": (ip_network("203.0.113.9"),)}
    spoofed = {"X-Forwarded-For": "203.0.113.9"}
    assert make(**listed).exchange(headers=spoofed).status_code == 403
    behind = make(**listed, trusted_proxies=(ip_network(CALLER),))
    assert behind.exchange(headers=spoofed).status_code == 200
    assert behind.decisions()[-1]["client_ip"] == "203.0.113.9"
    assert behind.exchange(headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.1"}).status_code == 403


def test_the_decisions_are_made_in_this_order(make: Make) -> None:
    """Limit, allowlist, method, body: what comes first hides what would come later."""
    world = make(rate_limit_requests=2, ip_allowlist=(ip_network("203.0.113.9"),))
    statuses = [world.client.get("/exchange").status_code for _ in range(3)]
    assert statuses == [403, 403, 429]
    open_world = make()
    assert open_world.client.get("/exchange").status_code == 405
    assert open_world.client.put("/exchange", content=b"x" * (BODY_LIMIT + 1)).status_code == 405
    assert open_world.client.post("/exchange", content=b"x" * (BODY_LIMIT + 1)).status_code == 413


def test_every_decision_is_on_record(world: World) -> None:
    response = world.exchange(world.token(email="alice@example.test"))
    success, issued = world.decisions()
    assert success["type"] == "auth_success"
    assert issued["type"] == "cert_issued"
    assert (issued["subject"], issued["email"], issued["issuer"]) == ("alice", "alice@example.test", ISSUER)
    assert (issued["client_ip"], issued["roles"], issued["cert_ttl"]) == (CALLER, ["os:reader"], "5m0s")
    leaf = certificate(response)
    assert issued["cert_expiry"] == f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert issued["fingerprint"] == leaf.fingerprint(hashes.SHA256()).hex()
    assert issued["request.id"] == success["request.id"] == response.headers["x-request-id"]
    assert issued["event.outcome"] == "success"


def test_neither_tokens_nor_keys_are_on_record(world: World) -> None:
    good, bad = world.token(), mint(world.claims(), new_key("ES256", "key-1"))
    answer = world.exchange(good).json()
    world.exchange(good)
    world.exchange(bad)
    text = world.audit_file.read_text()
    for secret in (good, bad, *good.split("."), *bad.split("."), answer["key"].splitlines()[1]):
        assert secret not in text


def test_nobody_is_named_by_a_token_that_was_not_verified(world: World) -> None:
    forged = mint(world.claims(sub="somebody-else"), new_key("ES256", "key-1"))
    assert world.exchange(forged).status_code == 401
    assert "somebody-else" not in world.audit_file.read_text()
    assert world.decisions()[-1]["detail"] == "the signature is wrong"


def test_no_certificate_leaves_that_cannot_be_put_on_record(make: Make) -> None:
    """A full disk costs certificates, not evidence; the token can be used once there is room again."""
    world = make(audit_log="/dev/full")
    token = world.token()
    response = world.exchange(token)
    assert (response.status_code, response.json()) == (500, {"error": "failed to generate certificate"})
    assert "BEGIN" not in response.text
    again = world.exchange(token)
    assert again.status_code == 500, "not 401: it was not used up"


def test_a_fault_of_the_server_is_an_answer_in_json(make: Make) -> None:
    class Broken:
        async def verify(self, _: str) -> None:
            raise ZeroDivisionError

    world = make()
    broken = dataclasses.replace(world.exchange_endpoint, verifier=Broken())  # type: ignore[arg-type]

    async def close() -> None:
        pass

    app = make_app(broken, Provider(ISSUER, world.provider), None, close)
    response = TestClient(app, raise_server_exceptions=False, client=(CALLER, 1)).post(
        "/exchange", json={"id_token": "x"}
    )
    assert (response.status_code, response.json()) == (500, {"error": "internal error"})
    assert (world.decisions()[-1]["type"], world.decisions()[-1]["detail"]) == ("cert_error", "ZeroDivisionError")
