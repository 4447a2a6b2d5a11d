"""What a server issues is used only after every check."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kubelogin_py import Secret
from talos_cred import certificate, checks
from talos_cred.checks import Known
from talos_cred.errors import CertificateError, ChangedError
from talos_cred.exchange import Answer
from talos_cred.settings import KeyKind, Policy
from tests.support.talos_pki import CLIENT, SERVER, TalosCa, key_pem, new_key

NOW = 1_800_000_000.0
ANY = Known()
ROLES = ("os:reader",)


@cache
def authority(name: str = "", kind: str = "ed25519") -> TalosCa:
    return TalosCa.make(kind=kind, now=NOW)


def issued(
    ca: TalosCa | None = None, form: str = "talos", kind: str = "ed25519", key: object = None, **options: object
) -> Answer:
    """Return the answer of a server that makes the key."""
    ca = ca or authority()
    key = key or new_key(kind)
    text = ca.issue(key.public_key(), now=NOW, **{"roles": ROLES, **options})  # type: ignore[arg-type]
    return Answer(ca.pem, text, Secret(key_pem(key, form)), ("10.0.0.1",), 300.0)


def through(*, begin: float, end: float) -> Answer:
    """Return an answer whose certificate chains to the authority through another one."""
    between = authority().intermediate(begin=begin, end=end)
    answer = issued(between)
    return replace(answer, ca=authority().pem, certificate=answer.certificate + between.pem)


def check(
    answer: Answer, *, own: certificate.KeyPair | None = None, known: Known = ANY, **policy: object
) -> checks.Credential:
    return checks.check(answer, own, Policy(**policy), known, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("ca_kind", ["ed25519", "p256", "rsa"])
@pytest.mark.parametrize(
    ("kind", "form"),
    [("ed25519", "talos"), ("ed25519", "pkcs8"), ("p256", "pkcs8"), ("p256", "traditional"), ("rsa", "traditional")],
)
def test_keys_under_every_label_are_read_and_written_for_everyone(kind: str, form: str, ca_kind: str) -> None:
    """T-07: Talos' label, PKCS#8, SEC 1 and PKCS#1 are read; PKCS#8 is what is written."""
    found = check(issued(authority("", ca_kind), form, kind))
    assert found.key.reveal().startswith("-----BEGIN PRIVATE KEY-----\n")
    load_pem_private_key(found.key.reveal().encode(), None)
    assert not found.own_key


@pytest.mark.parametrize("kind", [KeyKind.ED25519, KeyKind.P256])
def test_a_certificate_for_our_own_key_needs_no_key(kind: KeyKind) -> None:
    own = certificate.make_key_pair(kind)
    assert own
    request = x509.load_pem_x509_csr(own.csr.encode())
    assert list(request.subject) == []
    assert list(request.extensions) == []
    assert request.is_signature_valid
    text = authority().issue(request.public_key(), now=NOW, roles=ROLES)
    found = check(replace(issued(), certificate=text, key=None), own=own)
    assert found.own_key
    assert found.key == own.pem


def test_a_server_that_ignores_the_request_gets_its_key_used() -> None:
    own = certificate.make_key_pair(KeyKind.ED25519)
    answer = issued()
    assert check(answer, own=own).key != own


def test_no_two_key_pairs_are_equal() -> None:
    made = {pair.public for _ in range(3) if (pair := certificate.make_key_pair(KeyKind.ED25519))}
    assert len(made) == 3


def two_keys(answer: Answer) -> Secret:
    return Secret((answer.key or Secret("")).reveal() * 2)


REFUSED: list[tuple[str, str, Callable[[], Answer]]] = [
    ("T-02 another key", "key", lambda: replace(issued(), key=issued().key)),
    ("T-02 another certificate", "key", lambda: replace(issued(), certificate=issued().certificate)),
    ("no key at all", "key", lambda: replace(issued(), key=None)),
    ("T-07 two keys", "key", lambda: replace(issued(), key=two_keys(issued()))),
    ("T-07 Ed448", "key", lambda: issued(key=ed448.Ed448PrivateKey.generate())),
    ("T-07 DSA", "key", lambda: issued(key=dsa.generate_private_key(1024))),
    ("T-07 a curve that Go has not", "key", lambda: issued(key=ec.generate_private_key(ec.SECP256K1()))),
    ("T-07 short RSA", "key", lambda: issued(key=rsa.generate_private_key(65537, 1024))),
    ("T-07 encrypted", "key", lambda: replace(issued(), key=Secret(ENCRYPTED))),
    (
        "key that is none",
        "key",
        lambda: replace(issued(), key=Secret(NO_KEY)),
    ),
    ("T-03 another authority", "chain", lambda: replace(issued(), ca=authority("other").pem)),
    ("authority that is none", "authority", lambda: issued(TalosCa.make(now=NOW, is_ca=False))),
    ("authority expired", "authority", lambda: issued(TalosCa.make(now=NOW, ends=NOW - 1))),
    ("authority of tomorrow", "authority", lambda: issued(TalosCa.make(now=NOW + 86400))),
    ("intermediate expired", "chain", lambda: through(begin=NOW - 7200, end=NOW - 1)),
    ("intermediate of tomorrow", "chain", lambda: through(begin=NOW + 86400, end=NOW + 90000)),
    ("no authority", "pem", lambda: replace(issued(), ca="")),
    ("six authorities", "pem", lambda: replace(issued(), ca=authority().pem * 6)),
    ("T-04 server too", "usage", lambda: issued(usages=CLIENT + SERVER)),
    ("T-04 server", "usage", lambda: issued(usages=SERVER)),
    ("T-04 no usage", "usage", lambda: issued(usages=())),
    ("T-04 authority", "usage", lambda: issued(is_ca=True)),
    ("T-04 expired", "validity", lambda: issued(begins=NOW - 600)),
    ("about to expire", "validity", lambda: issued(begins=NOW - 298)),
    ("T-04 ten years", "lifetime", lambda: issued(seconds=10 * 365 * 86400)),
    ("T-05 no role", "roles", lambda: issued(roles=())),
    ("T-05 blank role", "roles", lambda: issued(roles=("  ",))),
    ("T-05 impersonator", "roles", lambda: issued(roles=("os:reader", "os:impersonator"))),
    ("T-05 a thousand roles", "roles", lambda: issued(roles=tuple(f"r{i}" for i in range(1000)))),
    ("T-05 control characters", "roles", lambda: issued(roles=("os:\x1b[2Jadmin",))),
    ("certificate that is none", "pem", lambda: replace(issued(), certificate=BROKEN)),
    ("T-06 command", "endpoints", lambda: replace(issued(), endpoints=("$(id)",))),
    ("T-06 scheme", "endpoints", lambda: replace(issued(), endpoints=("https://x",))),
    ("T-06 line end", "endpoints", lambda: replace(issued(), endpoints=("a\nb",))),
    ("user", "endpoints", lambda: replace(issued(), endpoints=("u@a",))),
    ("port", "endpoints", lambda: replace(issued(), endpoints=("a:99999",))),
    ("zone", "endpoints", lambda: replace(issued(), endpoints=("fe80::1%eth0",))),
    ("many", "endpoints", lambda: replace(issued(), endpoints=tuple(f"n{i}" for i in range(33)))),
]
NO_KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
BROKEN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
ENCRYPTED = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"


@pytest.mark.parametrize(("step", "make"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_must_not_be_used_is_refused(step: str, make: Callable[[], Answer]) -> None:
    with pytest.raises(CertificateError) as refused:
        check(make())
    assert refused.value.step == step
    assert refused.value.message.isprintable()


@pytest.mark.parametrize("endpoint", ["::1", "[::1]:50000", "10.0.0.1:50000", "cp-1.example.test", "node"])
def test_hosts_and_addresses_are_endpoints(endpoint: str) -> None:
    assert check(replace(issued(), endpoints=(endpoint,))).endpoints == (endpoint,)


def test_a_chain_through_another_authority_is_followed() -> None:
    assert check(through(begin=NOW - 60, end=NOW + 3600)).certificate.count("BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize("member", ["ca", "certificate", "key"])
def test_a_text_full_of_beginnings_is_refused_at_once(member: str) -> None:
    """An answer may have a mebibyte; what is no PEM must not keep the processor busy for minutes."""
    text = "-----BEGIN A-----\n" * 40_000
    begin = time.monotonic()
    with pytest.raises(CertificateError):
        check(replace(issued(), **{member: Secret(text) if member == "key" else text}))
    assert time.monotonic() - begin < 5


def test_a_key_never_shows_in_an_error_or_a_value() -> None:
    secret = (issued().key or Secret("")).reveal()
    body = secret.splitlines()[1]
    assert body not in repr(issued())
    with pytest.raises(CertificateError) as refused:
        check(replace(issued(), key=Secret(secret.replace("MC4", "AAA"))))
    assert body not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_first_answer_is_taken_as_it_is() -> None:
    found = check(issued(roles=("os:admin", "os:admin", " my:role ")))
    assert found.roles == ("os:admin", "my:role")
    assert found.known.roles == found.roles


def test_a_role_more_than_last_time_is_refused() -> None:
    """T-05: a reader does not become an administrator without anybody's word."""
    known = check(issued()).known
    with pytest.raises(ChangedError, match="os:admin") as refused:
        check(issued(roles=("os:reader", "os:admin")), known=known)
    assert refused.value.flag == "max-role"
    assert check(issued(roles=("os:reader", "os:admin")), known=known, max_roles=("os:reader", "os:admin"))


def test_a_role_beyond_the_maximum_is_refused_on_a_first_login_too() -> None:
    with pytest.raises(ChangedError):
        check(issued(roles=("os:admin",)), max_roles=("os:reader",))


def test_a_changed_authority_is_refused_until_somebody_agrees() -> None:
    """T-03: a whole answer of another cluster passes every check of its own, and is refused."""
    known = check(issued()).known
    with pytest.raises(ChangedError, match=known.authorities[0]) as refused:
        check(issued(authority("other")), known=known)
    assert refused.value.flag == "accept-new-ca"
    assert check(issued(authority("other")), known=known, accept_new_ca=True)


def test_a_bundle_that_shrinks_to_a_known_authority_is_fine() -> None:
    both = replace(issued(), ca=authority().pem + authority("other").pem)
    assert check(issued(), known=check(both).known)


def test_changed_nodes_are_refused_until_somebody_agrees() -> None:
    known = check(issued()).known
    other = replace(issued(), endpoints=("10.9.9.9",))
    with pytest.raises(ChangedError, match=r"10\.9\.9\.9") as refused:
        check(other, known=known)
    assert refused.value.flag == "accept-new-endpoints"
    assert check(other, known=known, accept_new_endpoints=True).endpoints == ("10.9.9.9",)


def test_authority_and_nodes_swapped_together_are_refused() -> None:
    known = check(issued()).known
    with pytest.raises(ChangedError):
        check(replace(issued(authority("other")), endpoints=("10.9.9.9",)), known=known, accept_new_endpoints=True)


def test_a_node_that_is_gone_is_no_change() -> None:
    two = replace(issued(), endpoints=("10.0.0.1", "10.0.0.2"))
    assert check(issued(), known=check(two).known).endpoints == ("10.0.0.1",)
    assert check(replace(issued(), endpoints=()), known=check(two).known)


@pytest.mark.parametrize(("ahead", "wait"), [(-10, 0), (0, 0), (30, 30), (60, 60)])
def test_a_certificate_of_the_near_future_is_waited_for(ahead: float, wait: float) -> None:
    assert checks.wait_for(check(issued(begins=NOW + ahead)), NOW) == wait


def test_a_certificate_of_another_clock_is_not_waited_for() -> None:
    """T-12: ten minutes are a wrong clock, and that is what is said."""
    with pytest.raises(CertificateError, match="two clocks disagree"):
        checks.wait_for(check(issued(begins=NOW + 600)), NOW)


def test_the_certificates_own_dates_count() -> None:
    """A server that tells its configured lifetime instead of the certificate's is told of, and not believed."""
    found = check(replace(issued(seconds=300), ttl=3600.0))
    assert found.not_after == NOW + 300
    assert "3600" in " ".join(found.warnings)
    assert check(issued()).warnings == ()
    assert check(issued(seconds=7200)).warnings


def test_a_lifetime_is_told_in_its_own_measure() -> None:
    with pytest.raises(CertificateError, match=r"good for 300 s, more than 90 s"):
        check(issued(seconds=300.0), max_lifetime=90)


def test_the_lifetime_cap_can_be_raised() -> None:
    assert check(issued(seconds=48 * 3600), max_lifetime=50 * 3600.0)


@pytest.mark.parametrize(
    ("names", "host", "good"),
    [
        ((x509.DNSName("a.example.test"),), "A.Example.Test.", True),
        ((x509.DNSName("*.example.test"),), "a.example.test", True),
        ((x509.DNSName("*.example.test"),), "a.b.example.test", False),
        ((x509.DNSName("*.test"),), "example.test", False),
        ((x509.DNSName("*"),), "localhost", False),
        ((), "a", False),
    ],
)
def test_the_name_of_a_server(names: tuple[x509.GeneralName, ...], host: str, good: bool) -> None:
    text = authority().issue(new_key().public_key(), now=NOW, names=names)
    assert certificate.is_named(certificate.read_certificates(text, "it")[0], host) is good
