"""Which keys of a key set are used, and which one verifies a token."""

import base64
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from kubelogin_py.errors import MetadataError, TransientError, UnknownKeyError, VerificationError
from kubelogin_py.oidc.jose import ALGORITHMS, read_jws
from kubelogin_py.oidc.key_set import KEYS_LIMIT, SIZE_LIMIT, KeySet
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from tests.oidc.minting import (
    ABSENT,
    HASHES,
    JWKS_URI,
    Signer,
    b64,
    b64_number,
    claims,
    compact,
    key_set,
    new_rsa,
    new_signer,
    response,
    signature,
)

EC = new_signer("ES256", "ec")
ED = new_signer("EdDSA", "ed")


@pytest.fixture(scope="module")
def rsa() -> Signer:
    return new_signer("RS256", "rsa")


def verify(keys: KeySet, token: str, algorithms: frozenset[str] = ALGORITHMS) -> None:
    keys.verify(read_jws(Secret(token)), algorithms)


def refused(keys: KeySet, token: str, step: str) -> UnknownKeyError:
    with pytest.raises(UnknownKeyError) as caught:
        verify(keys, token)
    assert caught.value.step == step
    assert caught.value.message.isprintable()
    assert JWKS_URI in caught.value.message
    return caught.value


# Reading


def off_curve() -> dict[str, Any]:
    return EC.jwk(y=b64_number(int.from_bytes(b"\x01" * 32, "big"), 32))


UNUSABLE = [
    pytest.param("text", "a string", id="not an object"),
    pytest.param(5, "a number", id="a number"),
    pytest.param(None, "null", id="null"),
    pytest.param({}, "no key type", id="empty"),
    pytest.param({"kty": 5}, "no key type", id="kty a number"),
    pytest.param({"kty": "AKP", "kid": "x"}, "key type AKP", id="B-36 unknown kty"),
    pytest.param({"kty": "oct", "k": b64(b"k" * 32)}, "key type oct", id="B-36 oct"),
    pytest.param(EC.jwk(kty="ec"), "key type ec", id="kty in lower case"),
    pytest.param(EC.jwk(use="enc"), "use", id="use enc"),
    pytest.param(EC.jwk(use="sig1"), "use", id="use with one more character"),
    pytest.param(EC.jwk(use=["sig"]), "use", id="use a list"),
    pytest.param(EC.jwk(key_ops=["sign"]), "key_ops", id="key_ops without verify"),
    pytest.param(EC.jwk(key_ops=[]), "key_ops", id="key_ops empty"),
    pytest.param(EC.jwk(key_ops="verify"), "key_ops", id="key_ops a string"),
    pytest.param(EC.jwk(kid=7), "kid is a number", id="kid a number"),
    pytest.param(EC.jwk(alg=["ES256"]), "alg is a list", id="alg a list"),
    pytest.param(EC.jwk(crv="P-257"), "curve P-257", id="unknown curve"),
    pytest.param(EC.jwk(crv="secp256k1"), "curve secp256k1", id="curve of a coin"),
    pytest.param(EC.jwk(crv=["P-256"]), "curve", id="curve a list"),
    pytest.param(EC.jwk(crv=ABSENT), "curve", id="no curve"),
    pytest.param(EC.jwk(crv="P-384"), "coordinates", id="curve and point do not fit"),
    pytest.param(EC.jwk(x=ABSENT), "no x", id="no x"),
    pytest.param(EC.jwk(y=""), "no y", id="y empty"),
    pytest.param(EC.jwk(x=EC.jwk()["x"] + "="), "base64url", id="x padded"),
    pytest.param(EC.jwk(x="AA" + EC.jwk()["x"]), "base64url", id="x too long and impossible"),
    pytest.param(EC.jwk(x="AAAA" + EC.jwk()["x"]), "coordinates", id="x too long"),
    pytest.param(off_curve(), "numbers are not a public key", id="B-36 point off the curve"),
    pytest.param(EC.jwk(x=b64(bytes(32)), y=b64(bytes(32))), "numbers are not a public key", id="point 0, 0"),
    pytest.param(EC.jwk(x=b64(b"\xff" * 32)), "numbers are not a public key", id="x beyond the field"),
    pytest.param(ED.jwk(crv="Ed448"), "curve Ed448", id="Ed448"),
    pytest.param(ED.jwk(crv="X25519"), "curve X25519", id="X25519"),
    pytest.param(ED.jwk(x=b64(b"1" * 31)), "not 32 octets", id="Ed25519 of 31 octets"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 255), "e": "AQAB"}, "RSA of 2040 bits", id="RSA 2040"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 128), "e": "AQAB"}, "RSA of 1024 bits", id="B-36 RSA 1024"),
    pytest.param(
        {"kty": "RSA", "n": b64(b"\0" * 200 + b"\xff" * 128), "e": "AQAB"}, "RSA of 1024", id="RSA 1024 with zeros"
    ),
    pytest.param({"kty": "RSA", "n": b64(b"\x01" + b"\xff" * 2048), "e": "AQAB"}, "RSA of 16385 bits", id="RSA 16385"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 8192), "e": "AQAB"}, "RSA of 65536 bits", id="B-36 RSA 65536"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 255 + b"\xfe"), "e": "AQAB"}, "even modulus", id="RSA even modulus"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 256), "e": "AQ"}, "exponent", id="B-36 e=1"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 256), "e": "AA"}, "exponent", id="e=0"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 256), "e": "Ag"}, "exponent", id="e=2"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 256), "e": "AQAA"}, "exponent", id="e=65536"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 256), "e": b64(b"\xff" * 4)}, "exponent", id="e of 32 bits"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 256), "e": b64(b"\xff" * 256)}, "exponent", id="e of 2048 bits"),
    pytest.param({"kty": "RSA", "n": 65537, "e": "AQAB"}, "no n", id="n a number"),
    pytest.param({"kty": "RSA", "n": b64(b"\xff" * 256)}, "no e", id="no e"),
]


@pytest.mark.parametrize(("jwk", "reason"), UNUSABLE)
def test_a_key_that_can_not_serve_is_skipped(jwk: object, reason: str) -> None:
    """The other keys are used, and somebody who looks is told why this one was not."""
    keys = key_set(jwk, ED.jwk())
    assert [key.key_id for key in keys.keys] == ["ed"]
    assert len(keys.skipped) == 1
    assert reason in keys.skipped[0]
    assert keys.skipped[0].isprintable()


@pytest.mark.parametrize(("jwk", "reason"), UNUSABLE)
def test_a_key_set_without_a_usable_key_is_refused(jwk: object, reason: str) -> None:
    with pytest.raises(MetadataError, match="no usable key") as caught:
        key_set(jwk)
    assert reason in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(EC.jwk(use=ABSENT, alg=ABSENT, kid=ABSENT), id="only the key"),
        pytest.param(EC.jwk(use=None, alg=None, kid=None, key_ops=None), id="nulls"),
        pytest.param(EC.jwk(key_ops=["sign", "verify"]), id="key_ops with verify"),
        pytest.param(EC.jwk(x5c=["garbage"], x5t=5, extra={}), id="members that are ignored"),
        pytest.param(EC.jwk(alg="ES256"), id="with alg"),
    ],
)
def test_a_usable_key_is_used(jwk: dict[str, Any]) -> None:
    verify(key_set(jwk), Signer(EC.private, "ES256", jwk.get("kid")).mint(claims()))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="no keys member"),
        pytest.param({"keys": None}, id="keys null"),
        pytest.param({"keys": {}}, id="keys an object"),
        pytest.param({"keys": "ec"}, id="keys a string"),
        pytest.param({"keys": []}, id="keys empty"),
        pytest.param({"Keys": [EC.jwk()]}, id="keys in another case"),
        pytest.param([EC.jwk()], id="a list"),
        pytest.param(EC.jwk(), id="a key"),
        pytest.param(b"", id="empty body"),
        pytest.param(b'{"keys":[],"keys":[]}', id="keys twice"),
        pytest.param(b'{"keys":' + b"[" * 100_000, id="100000 levels"),
        pytest.param({"keys": [EC.jwk()] * (KEYS_LIMIT + 1)}, id="one key too many"),
        pytest.param({"keys": [{"kty": "oct"}] * 10_000}, id="10000 keys"),
        pytest.param({"keys": [EC.jwk()], "more": "x" * (512 << 10)}, id="over 512 KiB"),
    ],
)
def test_what_is_not_a_key_set_is_refused(document: object) -> None:
    with pytest.raises(MetadataError) as caught:
        KeySet.read(response(document))
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 700


@pytest.mark.parametrize(
    ("document", "found"),
    [({}, "it has no keys"), ({"keys": None}, "keys is null"), ({"keys": {}}, "keys is an object")],
)
def test_the_message_says_what_came_instead(document: object, found: str) -> None:
    with pytest.raises(MetadataError, match=found) as caught:
        KeySet.read(response(document))
    assert JWKS_URI in caught.value.message
    assert "Authentik" in str(caught.value.hint)


def test_a_document_up_to_its_limit_is_read() -> None:
    empty = len(response({"keys": [EC.jwk()], "more": ""}).body)
    assert KeySet.read(response({"keys": [EC.jwk()], "more": "x" * (SIZE_LIMIT - empty)})).keys
    with pytest.raises(MetadataError, match="larger than 512 KiB"):
        KeySet.read(response({"keys": [EC.jwk()], "more": "x" * (SIZE_LIMIT - empty + 1)}))


def test_a_few_of_many_reasons_are_told() -> None:
    with pytest.raises(MetadataError) as caught:
        key_set(*[{"kty": "oct", "kid": str(number)} for number in range(6)])
    assert 'key "4": key type oct; …)' in caught.value.message
    with pytest.raises(MetadataError) as caught:
        key_set(*[{"kty": "oct"}] * 5)
    assert caught.value.message.endswith("a key without kid: key type oct)")


def test_as_many_keys_as_allowed_are_read() -> None:
    assert len(key_set(*[EC.jwk()] * KEYS_LIMIT).keys) == KEYS_LIMIT


@pytest.mark.parametrize(
    ("content_type", "error"),
    [
        pytest.param("application/jwk-set+json", None, id="its own type"),
        pytest.param("application/json; charset=utf-8", None, id="json"),
        pytest.param("text/plain", None, id="plain text"),
        pytest.param("text/html", MetadataError, id="HTML"),
    ],
)
def test_the_content_type_matters_only_when_it_says_html(content_type: str, error: type[Exception] | None) -> None:
    answer = response({"keys": [EC.jwk()]}, **{"content-type": content_type})
    if error is None:
        assert KeySet.read(answer).keys
    else:
        with pytest.raises(error):
            KeySet.read(answer)


@pytest.mark.parametrize(("status", "error"), [(404, MetadataError), (503, TransientError), (204, MetadataError)])
def test_another_status_is_no_key_set(status: int, error: type[Exception]) -> None:
    body = json.dumps({"keys": [EC.jwk()]}).encode()
    with pytest.raises(error):
        KeySet.read(Response(url=JWKS_URI, status=status, headers={}, body=body))


def test_private_members_are_warned_about_and_never_used() -> None:
    """B-36: the public half still verifies, and the operator should hear of it."""
    private = EC.private
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    number = private.private_numbers().private_value
    keys = key_set(EC.jwk(d=b64_number(number, 32)), ED.jwk(), {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"})
    assert len(keys.warnings) == 1
    assert 'key "ec"' in keys.warnings[0]
    assert 'key "shared"' in keys.warnings[0]
    assert '"ed"' not in keys.warnings[0]
    assert b64_number(number, 32) not in repr(keys)
    verify(keys, EC.mint(claims()))


def test_what_is_not_a_key_has_no_private_members() -> None:
    assert key_set("d", ["d"], EC.jwk()).warnings == ()


def test_a_clean_key_set_has_no_warnings(rsa: Signer) -> None:
    keys = key_set(EC.jwk(), ED.jwk(), rsa.jwk())
    assert (keys.warnings, keys.skipped) == ((), ())


def test_the_largest_keys_are_read_and_tried_in_bounded_time() -> None:
    """B-36: whoever controls the key set can't make us compute for long."""
    largest = {"kty": "RSA", "n": b64(b"\xff" * 2048), "e": b64(b"\x7f\xff\xff\xff"), "use": "sig"}
    start = time.perf_counter()
    keys = key_set(*[{**largest, "kid": str(number)} for number in range(KEYS_LIMIT)])
    refused(keys, compact({"alg": "RS256", "kid": "7"}, claims(), b"\x01" * 2048), "signature")
    assert len(keys.keys) == KEYS_LIMIT
    assert time.perf_counter() - start < 5


# Choosing


def test_the_key_with_the_kid_is_chosen_among_others() -> None:
    other = new_signer("ES256", "other")
    verify(key_set(other.jwk(), EC.jwk(), ED.jwk()), EC.mint(claims()))


@pytest.mark.parametrize(
    "kid",
    [
        pytest.param("ec1", id="one more character"),
        pytest.param("e", id="one less"),
        pytest.param("EC", id="another case"),
        pytest.param("", id="empty"),
        pytest.param(" ec", id="a space before"),
        pytest.param("../../etc/passwd", id="B-07 path"),
        pytest.param("' OR 1=1 --", id="B-07 SQL"),
        pytest.param("\x1b]0;hi\x07\u202e\r\n", id="B-07 control characters"),
        pytest.param("k" * 5000, id="B-07 long"),
    ],
)
def test_an_unknown_kid_finds_no_key(kid: str) -> None:
    """B-07: even with one key only, and the message is fit for a terminal."""
    error = refused(key_set(EC.jwk()), EC.mint(claims(), kid=kid), "key")
    assert len(error.message) < 500


def test_a_kid_does_not_match_a_key_without_one() -> None:
    refused(key_set(EC.jwk(kid=ABSENT)), EC.mint(claims()), "key")


def test_a_token_without_kid_uses_the_only_key_that_fits() -> None:
    verify(key_set(EC.jwk()), EC.mint(claims(), kid=ABSENT))


def test_a_token_without_kid_uses_the_only_compatible_key(rsa: Signer) -> None:
    """Keys of other types, curves, algorithms and uses do not count."""
    others = [rsa.jwk(), ED.jwk(), new_signer("ES384").jwk(), EC.jwk(use="enc"), EC.jwk(alg="ES384")]
    verify(key_set(*others, EC.jwk()), EC.mint(claims(), kid=ABSENT))


def test_a_token_without_kid_is_refused_when_two_keys_fit() -> None:
    error = refused(key_set(EC.jwk(), new_signer("ES256", "other").jwk()), EC.mint(claims(), kid=ABSENT), "key")
    assert "2 keys" in error.message


def test_a_kid_of_two_keys_that_fit_is_refused() -> None:
    """B-36: which of them signed can't be told."""
    refused(key_set(EC.jwk(), new_signer("ES256", "ec").jwk()), EC.mint(claims()), "key")


def test_a_kid_of_two_keys_is_fine_when_only_one_fits() -> None:
    verify(key_set(EC.jwk(), new_signer("ES384", "ec").jwk(), ED.jwk(kid="ec")), EC.mint(claims()))


def test_the_message_names_the_algorithm_and_the_kid() -> None:
    keys = key_set(ED.jwk())
    missing = refused(keys, EC.mint(claims()), "key")
    assert missing.message == f'the key set at {JWKS_URI} has no key for an ID token signed by ES256 key "ec"'
    nameless = refused(keys, EC.mint(claims(), kid=ABSENT), "key")
    assert nameless.message == f"the key set at {JWKS_URI} has no key for an ID token signed by ES256 key"


def test_the_reasons_for_skipped_keys_are_told_when_none_is_left() -> None:
    keys = key_set({"kty": "RSA", "kid": "old", "n": b64(b"\xff" * 128), "e": "AQAB"}, ED.jwk())
    error = refused(keys, EC.mint(claims()), "key")
    assert "RSA of 1024 bits" in error.message


# The algorithm and the key


@pytest.mark.parametrize(
    ("published", "header"),
    [
        pytest.param({"alg": "RS384"}, {}, id="JWK alg is another hash"),
        pytest.param({"alg": "PS256"}, {}, id="JWK alg is another padding"),
        pytest.param({"alg": "RS2561"}, {}, id="JWK alg with one more character"),
        pytest.param({"alg": "ES256"}, {}, id="JWK alg of another family"),
        pytest.param({"alg": ABSENT}, {"alg": "ES256"}, id="B-04 ES256 header for an RSA key"),
        pytest.param({"alg": ABSENT}, {"alg": "EdDSA"}, id="B-04 EdDSA header for an RSA key"),
    ],
)
def test_an_algorithm_that_does_not_fit_the_key_finds_no_key(
    published: dict[str, Any], header: dict[str, Any], rsa: Signer
) -> None:
    refused(key_set(rsa.jwk(**published)), rsa.mint(claims(), **header), "key")


@pytest.mark.parametrize(("key", "named"), [("ES384", "ES256"), ("ES256", "ES384"), ("ES512", "ES256")])
def test_an_elliptic_key_serves_only_the_algorithm_of_its_curve(key: str, named: str) -> None:
    signer = new_signer(key)
    refused(key_set(signer.jwk(alg=ABSENT)), signer.mint(claims(), alg=named), "key")


@pytest.mark.parametrize(
    ("made", "named"), [("PS256", "RS256"), ("RS256", "PS256"), ("RS384", "RS256"), ("RS256", "RS512")]
)
def test_a_signature_of_another_rsa_algorithm_is_refused(made: str, named: str, rsa: Signer) -> None:
    """B-04: the RSA key fits both names, the signature only one."""
    signer = Signer(rsa.private, made, "rsa")
    keys = key_set(rsa.jwk(alg=ABSENT))
    verify(keys, signer.mint(claims()))
    refused(keys, signer.mint(claims(), alg=named), "signature")


def test_a_key_without_alg_serves_every_algorithm_of_its_type(rsa: Signer) -> None:
    for algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"):
        verify(key_set(rsa.jwk(alg=ABSENT)), Signer(rsa.private, algorithm, "rsa").mint(claims()))


@pytest.mark.parametrize("exponent", [3, 65537, (1 << 31) - 1])
def test_odd_exponents_up_to_31_bits_are_read(exponent: int, rsa: Signer) -> None:
    assert key_set(rsa.jwk(e=b64_number(exponent))).keys


def test_a_modulus_with_leading_zeros_is_read(rsa: Signer) -> None:
    """Some providers publish the sign octet of their big-number library."""
    modulus = b64(b"\0" + base64.urlsafe_b64decode(rsa.jwk()["n"] + "=="))
    verify(key_set(rsa.jwk(n=modulus)), rsa.mint(claims()))


def test_an_algorithm_that_was_not_allowed_is_refused_before_any_key_is_tried() -> None:
    with pytest.raises(VerificationError, match="the provider's metadata lists ES384, RS256") as caught:
        verify(key_set(EC.jwk()), EC.mint(claims()), frozenset({"RS256", "ES384", "none", "HS256"}))
    assert caught.value.step == "algorithm"
    assert not isinstance(caught.value, UnknownKeyError)


# Signatures


def signed_by(signer: Signer, octets: bytes) -> str:
    return signer.mint(claims()).rpartition(".")[0] + "." + b64(octets)


def right_signature(signer: Signer) -> bytes:
    return signature(signer.private, signer.algorithm, signer.mint(claims()).rpartition(".")[0].encode())


@pytest.fixture(params=["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"], scope="module")
def signer(request: pytest.FixtureRequest, rsa: Signer) -> Signer:
    algorithm: str = request.param
    return new_signer(algorithm, private=rsa.private if algorithm[1] == "S" and algorithm[0] in "RP" else None)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda right: bytes([right[0] ^ 1]) + right[1:], id="first bit"),
        pytest.param(lambda right: right[:-1] + bytes([right[-1] ^ 128]), id="last octet"),
        pytest.param(lambda right: right[:-1], id="truncated"),
        pytest.param(lambda right: right[: len(right) // 2], id="half"),
        pytest.param(lambda right: right + b"\0", id="one octet more"),
        pytest.param(lambda right: b"\0" + right, id="one octet before"),
        pytest.param(lambda right: right + right, id="twice"),
        pytest.param(lambda right: bytes(len(right)), id="zeros"),
        pytest.param(lambda right: b"\xff" * len(right), id="ones"),
        pytest.param(lambda right: b"\0", id="one zero octet"),
        pytest.param(lambda right: bytes(len(right) - 1) + b"\x01", id="the number one"),
        pytest.param(lambda right: b"\x01" * 50_000, id="50000 octets"),
    ],
)
def test_a_damaged_signature_is_refused(signer: Signer, damage: Any) -> None:
    """B-05, for every family."""
    keys = key_set(signer.jwk())
    right = right_signature(signer)
    if signer.algorithm[:2] not in {"PS", "ES"}:
        verify(keys, signed_by(signer, right))
    refused(keys, signed_by(signer, damage(right)), "signature")


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_an_ecdsa_signature_in_der_is_refused(algorithm: str) -> None:
    """B-05: the wire form is r and s side by side (RFC 7518 section 3.4)."""
    signer = new_signer(algorithm)
    assert isinstance(signer.private, ec.EllipticCurvePrivateKey)
    signing_input = signer.mint(claims()).rpartition(".")[0]
    der = signer.private.sign(signing_input.encode(), ec.ECDSA(HASHES[algorithm[2:]]))
    refused(key_set(signer.jwk()), f"{signing_input}.{b64(der)}", "signature")


def test_an_rsa_signature_without_its_leading_zero_is_refused(rsa: Signer) -> None:
    """RFC 8017 section 8.1.2: the length is that of the modulus, also when the number is shorter."""
    signer = Signer(rsa.private, "PS256", "rsa")
    keys = key_set(rsa.jwk(alg=ABSENT))
    head = signer.mint(claims()).rpartition(".")[0]
    right = next(made for _ in range(5000) if (made := signature(rsa.private, "PS256", head.encode()))[0] == 0)
    verify(keys, f"{head}.{b64(right)}")
    refused(keys, f"{head}.{b64(right[1:])}", "signature")


def test_the_signature_of_another_key_is_refused(signer: Signer) -> None:
    other = new_rsa() if signer.algorithm[0] in "RP" else None
    forger = new_signer(signer.algorithm, private=other)
    refused(key_set(signer.jwk()), forger.mint(claims()), "signature")


def test_the_signature_of_another_token_is_refused(signer: Signer) -> None:
    head = signer.mint(claims(sub="somebody-else")).rpartition(".")[0]
    tail = signer.mint(claims()).rpartition(".")[2]
    refused(key_set(signer.jwk()), f"{head}.{tail}", "signature")


# Known answers


def test_the_example_of_rfc_7515_is_verified() -> None:
    """RFC 7515 appendix A.3."""
    keys = key_set(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }
    )
    verify(
        keys,
        "eyJhbGciOiJFUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    )
