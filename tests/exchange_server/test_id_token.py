"""Every way an ID token can be wrong, and the ways it can be right."""

import asyncio
import hmac
import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey

from examples.exchange_server.claims import LONGEST, TokenError
from examples.exchange_server.id_token import IdToken, Verifier
from examples.exchange_server.provider import Provider
from examples.exchange_server.settings import Settings
from tests.exchange_server.world import (
    CLIENT,
    ISSUER,
    Clock,
    FakeProvider,
    b64,
    mint,
    new_key,
    new_rsa,
    public,
    sign,
    unb64,
)

SECRET = "a client secret of more than thirty-two bytes"
GOOD_HEADER = {"alg": "ES256", "kid": "key-1", "typ": "JWT"}


class Bench:
    """A verifier with a provider of its own."""

    def __init__(self, **settings: Any) -> None:
        self.clock, self.provider = Clock(), FakeProvider()
        given: dict[str, Any] = {"issuer_url": ISSUER, "client_id": CLIENT, **settings}
        self.settings = Settings(**given)
        self.verifier = Verifier(
            self.settings, Provider(self.settings.issuer_url, self.provider, self.clock.monotonic), self.clock
        )

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(self.clock())
        usual = {"iss": ISSUER, "sub": "alice", "aud": CLIENT, "iat": now, "exp": now + 600}
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def token(self, **changes: Any) -> str:
        return mint(self.claims(**changes), self.provider.key)

    def verify(self, token: str) -> IdToken:
        return asyncio.run(self.verifier.verify(token))

    def refusal(self, token: str) -> TokenError:
        with pytest.raises(TokenError) as caught:
            self.verify(token)
        return caught.value


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_good_token_is_taken_with_all_its_claims(bench: Bench) -> None:
    claims = bench.claims(groups=["a b", "c"], nonce="n")
    verified = bench.verify(mint(claims, bench.provider.key))
    assert verified.claims == claims
    assert verified.good_until == claims["iat"] + 300


@pytest.mark.parametrize(
    "algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
)
@pytest.mark.parametrize("named", [True, False], ids=["alg in the key", "alg only in the token"])
def test_every_asymmetric_algorithm_is_taken(bench: Bench, algorithm: str, named: bool) -> None:
    key = new_key(algorithm, "key-1")
    document = public(key)
    if not named:
        del document["alg"]
    bench.provider.published = [document]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        token = mint(bench.claims(), key)
    assert bench.verify(token).claims["sub"] == "alice"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt"])
def test_a_type_may_be_named(bench: Bench, typ: str) -> None:
    assert bench.verify(mint(bench.claims(), bench.provider.key, typ=typ))


def header(**changes: Any) -> bytes:
    return json.dumps({name: value for name, value in (GOOD_HEADER | changes).items() if value is not ...}).encode()


HEADERS: dict[str, bytes] = {
    "alg none": header(alg="none"),
    "alg None": header(alg="None"),
    "alg empty": header(alg=""),
    "no alg": header(alg=...),
    "alg null": header(alg=None),
    "alg a list": header(alg=["ES256"]),
    "alg of a secret": header(alg="HS256"),
    "alg of another family": header(alg="RS256"),
    "alg of another curve": header(alg="ES384"),
    "alg on a curve nobody asked for": header(alg="ES256K"),
    "critical extension": header(crit=["exp"], exp=1),
    "empty critical list": header(crit=[]),
    "unencoded payload": header(b64=False),
    "compressed": header(zip="DEF"),
    "kid a number": header(kid=1),
    "kid unknown": header(kid="../../etc/passwd"),
    "kid very long": header(kid="k" * 10_000),
    "an access token": header(typ="at+jwt"),
    "an access token, long form": header(typ="application/at+jwt"),
    "a logout token": header(typ="logout+jwt"),
    "typ a number": header(typ=1),
    "not an object": b'["ES256"]',
    "not JSON": b"{",
    "a member twice": b'{"alg": "ES256", "kid": "key-1", "alg": "ES256"}',
    "not UTF-8": b'{"alg": "ES256", "kid": "key-1", "x": "\xff"}',
}


@pytest.mark.parametrize("bad", HEADERS.values(), ids=HEADERS.keys())
def test_a_header_that_is_not_an_id_tokens_is_refused(bench: Bench, bad: bytes) -> None:
    """Each would pass if the header were right: the signature is over these very bytes."""
    payload = json.dumps(bench.claims()).encode()
    assert bench.verify(sign(header(), payload, _ec(bench)))
    bench.refusal(sign(bad, payload, _ec(bench)))


def test_keys_in_the_header_are_not_looked_at(bench: Bench) -> None:
    attacker = new_key("ES256", "key-1")
    extra = {"jwk": public(attacker), "jku": "https://evil.example/keys", "x5u": "https://evil.example/x"}
    forged = sign(header(**extra), json.dumps(bench.claims()).encode(), attacker)  # type: ignore[arg-type]
    assert bench.refusal(forged).reason == "the signature is wrong"
    assert not [url for url in bench.provider.asked if "evil" in url]


PAYLOADS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "not an object": lambda _: b'["alice"]',
    "not JSON": lambda _: b"alice",
    "a member twice": lambda claims: json.dumps(claims)[:-1].encode() + b', "iss": "' + ISSUER.encode() + b'"}',
    "exp not a number": lambda claims: json.dumps(claims | {"exp": float("nan")}).encode(),
    "exp infinite": lambda claims: json.dumps(claims | {"exp": float("inf")}).encode(),
    "exp beyond floats": lambda claims: json.dumps(claims | {"exp": "@"}).replace('"@"', "1e400").encode(),
    "exp of 5000 digits": lambda claims: json.dumps(claims | {"exp": "@"}).replace('"@"', "9" * 5000).encode(),
    "very deep": lambda _: b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "sub with a lone surrogate": lambda claims: json.dumps(claims | {"sub": "\ud800"}).encode(),
    "not UTF-8": lambda claims: json.dumps(claims)[:-1].encode() + b', "x": "\xff"}',
}


@pytest.mark.parametrize("bad", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_that_is_no_claims_is_refused(bench: Bench, bad: Callable[[dict[str, Any]], bytes]) -> None:
    bench.refusal(sign(header(), bad(bench.claims()), _ec(bench)))


CLAIMS: dict[str, dict[str, Any]] = {
    "iss absent": {"iss": None},
    "iss of another": {"iss": ISSUER + "2"},
    "iss in another case": {"iss": ISSUER.replace("realms", "Realms")},
    "iss with a slash more": {"iss": ISSUER + "/"},
    "iss a list": {"iss": [ISSUER]},
    "iss an object": {"iss": {}},
    "sub absent": {"sub": None},
    "sub empty": {"sub": ""},
    "sub a number": {"sub": 1},
    "sub long": {"sub": "x" * 256},
    "sub with control characters": {"sub": "alice\x1b[2J"},
    "aud absent": {"aud": None},
    "aud empty": {"aud": []},
    "aud an object": {"aud": {"talos": 1}},
    "aud with a number": {"aud": [CLIENT, 1]},
    "aud longer": {"aud": CLIENT + "-2"},
    "aud of another": {"aud": "kubernetes"},
    "aud of two without azp": {"aud": [CLIENT, "kubernetes"]},
    "azp of another": {"azp": "kubernetes"},
    "azp a list": {"azp": [CLIENT]},
    "exp absent": {"exp": None},
    "exp a string": {"exp": "9999999999"},
    "exp true": {"exp": True},
    "exp 0": {"exp": 0},
    "exp negative": {"exp": -1},
    "iat absent": {"iat": None},
    "iat a string": {"iat": "1"},
    "nbf a string": {"nbf": "1"},
    "an access token of Keycloak": {"typ": "Bearer"},
    "a refresh token of Keycloak": {"typ": "Refresh"},
    "an access token of Cognito": {"token_use": "access"},
    "a logout token": {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
}


@pytest.mark.parametrize("changes", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_wrong_claim_is_refused(bench: Bench, changes: dict[str, Any]) -> None:
    bench.refusal(bench.token(**changes))


TIMES: dict[str, tuple[dict[str, int], bool]] = {
    # Seconds from now, and whether the token is good.
    "ends in a second": ({"exp": 1}, True),
    "ends now": ({"exp": 0}, False),
    "ended": ({"exp": -1}, False),
    "ends in ten years": ({"exp": int(LONGEST)}, True),
    "ends much later": ({"exp": int(LONGEST) + 1}, False),
    "issued a minute ahead": ({"iat": 60}, True),
    "issued more than a minute ahead": ({"iat": 61}, False),
    "issued five minutes ago": ({"iat": -300}, True),
    "issued longer ago": ({"iat": -301}, False),
    "begins in a minute": ({"nbf": 60}, True),
    "begins later": ({"nbf": 61}, False),
    "began long ago": ({"nbf": -10_000}, True),
}


@pytest.mark.parametrize(("offsets", "good"), TIMES.values(), ids=TIMES.keys())
def test_times_are_counted_to_the_second(bench: Bench, offsets: dict[str, int], good: bool) -> None:
    token = bench.token(**{name: int(bench.clock()) + offset for name, offset in offsets.items()})
    if good:
        assert bench.verify(token)
    else:
        bench.refusal(token)


@pytest.mark.parametrize(("age", "good_until"), [(0.0, 3600), (1000.0, 500), (5000.0, 3600)])
def test_how_old_a_token_may_be_is_the_operators_choice(age: float, good_until: int) -> None:
    bench = Bench(max_token_age=age)
    now = int(bench.clock())
    assert bench.verify(bench.token(iat=now - 500, exp=now + 3600)).good_until == now + good_until


def test_the_issuer_is_compared_with_the_providers_own_spelling() -> None:
    """A slash at the end may be missing in the configuration, but not in the token."""
    bench = Bench()
    bench.provider.metadata["issuer"] = ISSUER + "/"
    assert bench.verify(bench.token(iss=ISSUER + "/"))
    assert "iss" in bench.refusal(bench.token(iss=ISSUER)).reason


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda token: token[:-4] + "AAAA", id="another signature"),
        pytest.param(lambda token: token.rpartition(".")[0] + ".", id="empty signature"),
        pytest.param(lambda token: token.rpartition(".")[0], id="no signature"),
        pytest.param(lambda token: token.rpartition(".")[0] + "." + b64(bytes(64)), id="zeros"),
        pytest.param(lambda token: token[:-8], id="cut off"),
        pytest.param(lambda token: token + "A", id="a character more"),
        pytest.param(lambda token: token + "=", id="padding"),
        pytest.param(lambda token: token + "\n", id="a line end"),
        pytest.param(lambda token: " " + token, id="a space"),
        pytest.param(lambda token: token + ".x.y", id="five parts"),
        pytest.param(lambda token: token.replace(".", "..", 1), id="an empty part"),
        pytest.param(lambda token: token[:10] + "+" + token[11:], id="the other alphabet"),
        pytest.param(lambda token: token[:10] + "é" + token[11:], id="not ASCII"),
        pytest.param(lambda token: token[:40] + "A" + token[41:], id="a changed header"),
    ],
)
def test_a_damaged_token_is_refused(bench: Bench, damage: Callable[[str], str]) -> None:
    bench.refusal(damage(bench.token()))


def test_trailing_bits_that_decode_to_the_same_are_refused(bench: Bench) -> None:
    """Python's decoder forgives them; a token must have one spelling."""
    token = bench.token()
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(token[-1])
    twin = token[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ 1]
    assert unb64(twin.rpartition(".")[2]) == unb64(token.rpartition(".")[2])
    assert "base64url" in bench.refusal(twin).reason


def test_a_signature_in_der_form_is_refused(bench: Bench) -> None:
    signing_input = bench.token().rpartition(".")[0]
    private: Any = _ec(bench).private_key
    bench.refusal(f"{signing_input}.{b64(private.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))}")


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK"])
def test_a_public_key_is_no_secret_to_sign_with(form: str) -> None:
    """Not even where HMAC is allowed."""
    for bench in (Bench(), Bench(allow_hmac=True, client_secret=SECRET)):
        key: Any = new_key("RS256", "key-1")
        bench.provider.published = [public(key)]
        rsa_key: rsa.RSAPublicKey = key.public_key
        octets = {
            "PEM": rsa_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            "DER": rsa_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
            "JWK": json.dumps(public(key)).encode(),
        }[form]
        assert bench.refusal(_hmac(bench.claims(), octets, kid="key-1"))


def test_a_shared_secret_signs_only_where_it_was_allowed() -> None:
    assert "HS256" in Bench(client_secret=SECRET).refusal(_hmac(Bench().claims(), SECRET.encode())).reason
    allowed = Bench(client_secret=SECRET, allow_hmac=True)
    assert allowed.verify(_hmac(allowed.claims(), SECRET.encode()))
    assert allowed.verify(allowed.token()), "the provider's keys go on to be good"
    assert allowed.refusal(_hmac(allowed.claims(), b"another secret of more than thirty-two bytes"))
    assert allowed.refusal(_hmac(allowed.claims(), SECRET.encode(), alg="HS512")), "too short for this one"
    assert allowed.refusal(_hmac(allowed.claims(iss=ISSUER + "/"), SECRET.encode()))


KEYS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "for encryption": lambda key: public(key) | {"use": "enc"},
    "not for verifying": lambda key: public(key) | {"key_ops": ["encrypt"]},
    "for another algorithm": lambda key: public(key) | {"alg": "ES384"},
    "algorithm not a text": lambda key: public(key) | {"alg": 1},
    "kid not a text": lambda key: public(key) | {"kid": 1},
    "with its private part": lambda key: dict(key.as_dict(private=True)),
    "without a coordinate": lambda key: {name: value for name, value in public(key).items() if name != "y"},
    "off the curve": lambda key: public(key) | {"y": b64(bytes(32))},
    "unknown type": lambda key: public(key) | {"kty": "XX"},
}


@pytest.mark.parametrize("change", KEYS.values(), ids=KEYS.keys())
def test_a_key_that_must_not_verify_does_not(bench: Bench, change: Callable[[Any], dict[str, Any]]) -> None:
    """Beside a good key of another name, so that the key set as a whole can be used."""
    bench.provider.published = [public(new_key("ES256", "other")), change(bench.provider.key)]
    assert "no key" in bench.refusal(bench.token()).reason


def test_a_short_rsa_key_does_not_verify(bench: Bench) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        weak = RSAKey.import_key(new_rsa(1024), {"kid": "weak", "alg": "RS256"})
        token = mint(bench.claims(), weak)
    bench.provider.published.append(public(weak))
    assert "no key" in bench.refusal(token).reason


def test_without_a_kid_there_must_be_no_choice(bench: Bench) -> None:
    token = mint(bench.claims(), bench.provider.key, kid=None)
    assert bench.verify(token)
    bench = Bench()
    bench.provider.published.append(public(new_key("ES256", "another")))
    bench.refusal(mint(bench.claims(), bench.provider.key, kid=None))


def test_two_keys_of_one_name_are_both_tried(bench: Bench) -> None:
    bench.provider.published.insert(0, public(new_key("ES256", "key-1")))
    assert bench.verify(bench.token())


def test_the_claims_are_given_with_a_refusal_only_if_they_are_true(bench: Bench) -> None:
    assert bench.refusal(bench.token(exp=1)).claims is not None
    forged = mint(bench.claims(exp=1), new_key("ES256", "key-1"))
    assert bench.refusal(forged).claims is None


def _ec(bench: Bench) -> ECKey:
    assert isinstance(bench.provider.key, ECKey)
    return bench.provider.key


def _hmac(claims: dict[str, Any], secret: bytes, alg: str = "HS256", kid: str | None = None) -> str:
    """Return a token signed with a shared secret of any length and form, which libraries refuse to do."""
    named = {"alg": alg} | ({"kid": kid} if kid else {})
    signing_input = f"{b64(json.dumps(named).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signing_input}.{b64(hmac.digest(secret, signing_input.encode(), 'sha' + alg[2:]))}"
