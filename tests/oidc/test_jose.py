"""A compact JWS, read strictly before any key is looked at."""

import hashlib
import json
from typing import Any

import pytest

from kubelogin_py.errors import UnknownKeyError, VerificationError
from kubelogin_py.oidc.jose import (
    ALGORITHMS,
    HEADER_LIMIT,
    KUBERNETES_ALGORITHMS,
    TOKEN_LIMIT,
    check_algorithm,
    left_half_hash,
    read_jws,
)
from kubelogin_py.secret import Secret
from tests.oidc.minting import ABSENT, b64, claims, compact, new_signer

SIGNER = new_signer("ES256")
RIGHT = SIGNER.mint(claims())
HEAD, BODY, TAIL = RIGHT.split(".")


def refused(token: str, step: str) -> VerificationError:
    with pytest.raises(VerificationError) as caught:
        read_jws(Secret(token))
    error = caught.value
    assert error.step == step
    assert not isinstance(error, UnknownKeyError), "no other key set could help"
    assert error.message.isprintable()
    assert len(error.message) < 300
    assert TAIL not in error.message
    return error


def test_a_token_is_read() -> None:
    jws = read_jws(Secret(RIGHT))
    assert dict(jws.header) == {"alg": "ES256", "typ": "JWT", "kid": "key-1"}
    assert dict(jws.payload) == claims()
    assert (jws.algorithm, jws.key_id, jws.length) == ("ES256", "key-1", len(RIGHT))
    assert jws.signing_input == f"{HEAD}.{BODY}".encode()
    assert b64(jws.signature) == TAIL


def test_what_was_read_can_not_be_changed() -> None:
    jws = read_jws(Secret(RIGHT))
    with pytest.raises(TypeError):
        jws.payload["sub"] = "me"  # type: ignore[index]
    with pytest.raises(TypeError):
        jws.header["alg"] = "none"  # type: ignore[index]


def test_a_representation_does_not_show_the_token() -> None:
    shown = repr(read_jws(Secret(RIGHT)))
    assert BODY not in shown
    assert "kim@example.com" not in shown
    assert repr(read_jws(Secret(RIGHT)).signature)[2:-1] not in shown


def test_a_token_without_kid_and_typ_is_read() -> None:
    assert read_jws(Secret(SIGNER.mint(claims(), kid=ABSENT, typ=ABSENT))).key_id is None


def test_the_algorithm_is_not_judged_here() -> None:
    """Refresh tokens that are JWTs are read here, too, and their signature is not our business."""
    assert read_jws(Secret(SIGNER.mint(claims(), alg="HS512")), what="refresh token").algorithm == "HS512"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("opaque", id="opaque"),
        pytest.param(f"{HEAD}.{BODY}", id="B-01 signature part missing"),
        pytest.param(f"{HEAD}.{BODY}.", id="B-01 empty signature"),
        pytest.param(f"{HEAD}..{TAIL}", id="empty payload"),
        pytest.param(f".{BODY}.{TAIL}", id="empty header"),
        pytest.param("..", id="B-09 only dots"),
        pytest.param(f"{RIGHT}.{TAIL}", id="B-09 four parts"),
        pytest.param(f"{RIGHT}.a.b.c", id="B-09 six parts"),
        pytest.param("." * 100_000, id="100000 parts"),
        pytest.param(json.dumps({"payload": BODY, "protected": HEAD, "signature": TAIL}), id="B-09 JSON serialisation"),
        pytest.param(f" {RIGHT}", id="B-10 space before"),
        pytest.param(f"{RIGHT}\n", id="B-10 line end after"),
        pytest.param(f"{RIGHT}=", id="B-10 padding"),
        pytest.param(f"{HEAD}=.{BODY}.{TAIL}", id="B-10 padded header"),
        pytest.param(f"{HEAD}.{BODY}==.{TAIL}", id="B-10 padded payload"),
        pytest.param(f"{HEAD}.{BODY}.{TAIL[:-2]}+/", id="B-10 the other alphabet"),
        pytest.param(f"{HEAD}.{BODY[:9]} {BODY[9:]}.{TAIL}", id="B-10 space inside"),
        pytest.param(f"{HEAD}.{BODY[:9]}\r\n{BODY[9:]}.{TAIL}", id="B-10 line end inside"),
        pytest.param(f"{HEAD}.{BODY}.{TAIL[:-1]}{chr(ord(TAIL[-1]) + 1)}", id="B-10 non-zero trailing bits"),
        pytest.param(f"Bearer {RIGHT}", id="with the scheme of a header"),
        pytest.param(f"{HEAD}.{BODY}.\ud800", id="surrogate"),
        pytest.param(f"{HEAD}.{BODY}.ä\u202e\x1b[31m", id="control characters"),
        pytest.param(RIGHT + "A" * TOKEN_LIMIT, id="B-21 over 128 KiB"),
    ],
)
def test_what_is_not_a_compact_token_is_refused(token: str) -> None:
    refused(token, "format")


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("opaque", "not a signed JWT: its parts are 1, not 3"),
        (' {"payload": "x"}', "in JSON form"),
        (f"{HEAD}.{BODY}.", "empty signature"),
        (f"{HEAD}.{BODY}.{TAIL}=", "signature of the ID token is malformed: not base64url"),
    ],
    ids=["opaque", "json", "no-signature", "padding"],
)
def test_the_message_says_what_is_wrong_with_the_form(token: str, words: str) -> None:
    assert words in refused(token, "format").message


def test_an_encrypted_token_has_its_own_message() -> None:
    """B-09."""
    error = refused(f"{HEAD}.{BODY}.{TAIL}.{BODY}.{TAIL}", "encryption")
    assert "encrypted (JWE)" in error.message
    assert "encryption" in str(error.hint)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="B-21 list"),
        pytest.param(b'"text"', id="B-21 string"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"alg":"ES256","a":"\xff"}', id="B-21 not UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"alg":"ES256"}', id="byte order mark"),
        pytest.param('{"alg":"ES256"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"alg":"ES256","a":"\\ud800"}', id="B-21 lone surrogate"),
        pytest.param(b'{"alg":"ES256","alg":"ES256"}', id="B-11 member twice, equal"),
        pytest.param(b'{"alg":"ES256","iss":"a","iss":"b"}', id="B-11 member twice"),
        pytest.param(b'{"alg":"ES256","exp":NaN}', id="B-12 NaN"),
        pytest.param(b'{"alg":"ES256","exp":Infinity}', id="B-12 Infinity"),
        pytest.param(b'{"alg":"ES256","exp":1e400}', id="B-12 1e400"),
        pytest.param(b'{"alg":"ES256","exp":' + b"9" * 5000 + b"}", id="B-12 5000 digits"),
        pytest.param(b'{"alg":"ES256"} x', id="something after"),
        pytest.param(b'{"alg":"ES256","a":' + b"[" * 5000 + b"]" * 500 + b"}", id="B-21 deep"),
    ],
)
@pytest.mark.parametrize("where", ["header", "payload"])
def test_a_part_that_is_not_one_json_object_is_refused(octets: bytes, where: str) -> None:
    """The signature is right: only the form is not."""
    token = SIGNER.mint(claims(), raw_header=octets) if where == "header" else SIGNER.mint(octets)
    assert where in refused(token, "format").message


@pytest.mark.parametrize("levels", [40_000, 100_000])
def test_deep_nesting_is_refused_without_recursion(levels: int) -> None:
    """B-21."""
    refused(SIGNER.mint(b'{"a":' * levels + b"1" + b"}" * levels), "format")
    refused(SIGNER.mint(b'{"a":' + b"[" * levels), "format")


def test_a_header_over_its_limit_is_refused() -> None:
    """B-07: also when it is only a long kid."""
    refused(SIGNER.mint(claims(), kid="k" * 10_240), "format")


def test_a_header_up_to_its_limit_is_read() -> None:
    room = HEADER_LIMIT - len(json.dumps({"alg": "ES256", "typ": "JWT", "kid": ""}))
    assert read_jws(Secret(SIGNER.mint(claims(), kid="k" * room)))
    refused(SIGNER.mint(claims(), kid="k" * (room + 1)), "format")


def test_a_token_up_to_its_limit_is_read() -> None:
    """The limit counts characters of the whole token."""
    padding = (TOKEN_LIMIT - len(SIGNER.mint(claims(x="")))) * 3 // 4
    token = SIGNER.mint(claims(x="x" * padding))
    assert TOKEN_LIMIT - 4 <= len(token) <= TOKEN_LIMIT
    assert read_jws(Secret(token)).length == len(token)
    refused(SIGNER.mint(claims(x="x" * (padding + 4))), "format")


def test_a_megabyte_of_groups_is_refused() -> None:
    """B-21."""
    error = refused(SIGNER.mint(claims(groups=[f"group-{number}" for number in range(80_000)])), "format")
    assert "groups" in str(error.hint)


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", [b"", b"signature"])
def test_an_unsigned_token_is_refused(name: str, signature: bytes) -> None:
    """B-01: in any letter case, with and without something in the third part."""
    error = refused(compact({"alg": name}, claims(), signature), "algorithm")
    assert "not signed" in error.message


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(ABSENT, "does not say how it is signed", id="B-04 absent"),
        pytest.param(None, "alg is null", id="B-04 null"),
        pytest.param(["ES256"], "alg is a list", id="B-04 list"),
        pytest.param({"ES256": 1}, "alg is an object", id="object"),
        pytest.param(256, "alg is a number", id="number"),
        pytest.param(True, "alg is a boolean", id="boolean"),
        pytest.param("", "alg is empty", id="empty"),
    ],
)
def test_an_algorithm_that_is_not_a_name_is_refused(value: object, found: str) -> None:
    assert refused(SIGNER.mint(claims(), alg=value), "algorithm").message.endswith(found)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"crit": ["exp"], "exp": 1}, id="B-08 crit"),
        pytest.param({"crit": ["b64"], "b64": True}, id="B-08 crit with b64"),
        pytest.param({"crit": []}, id="B-08 crit empty"),
        pytest.param({"crit": None}, id="B-08 crit null"),
        pytest.param({"crit": "alg"}, id="B-08 crit a string"),
        pytest.param({"b64": False}, id="B-08 b64 false"),
        pytest.param({"b64": True}, id="b64 true without crit"),
        pytest.param({"zip": "DEF"}, id="B-08 zip"),
        pytest.param({"cty": "JWT"}, id="B-09 cty JWT"),
        pytest.param({"cty": "application/jwt"}, id="B-09 cty application/jwt"),
        pytest.param({"kid": 7}, id="B-07 kid a number"),
        pytest.param({"kid": None}, id="kid null"),
        pytest.param({"kid": ["key-1"]}, id="kid a list"),
    ],
)
def test_a_header_that_changes_the_meaning_is_refused(header: dict[str, Any]) -> None:
    refused(SIGNER.mint(claims(), **header), "header")


# Algorithms


def test_the_algorithms_are_fixed() -> None:
    """RFC 8725 section 3.1: a list in code, and nothing with a shared secret in it."""
    expected = {f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)}
    assert expected == KUBERNETES_ALGORITHMS
    assert expected | {"EdDSA", "Ed25519"} == ALGORITHMS


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_an_algorithm_that_is_allowed_passes(name: str) -> None:
    check_algorithm(name, ALGORITHMS)
    check_algorithm(name, frozenset({name}))


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_an_algorithm_that_is_not_allowed_is_refused(name: str) -> None:
    with pytest.raises(VerificationError, match="metadata lists") as caught:
        check_algorithm(name, ALGORITHMS - {name})
    assert caught.value.step == "algorithm"


def test_a_provider_that_lists_nothing_acceptable_is_named_as_such() -> None:
    with pytest.raises(VerificationError, match="metadata lists none that is accepted"):
        check_algorithm("RS256", frozenset({"HS256", "none"}))


@pytest.mark.parametrize("known", sorted(ALGORITHMS))
@pytest.mark.parametrize(
    "change", [lambda name: name + "1", lambda name: name[:-1], str.swapcase, lambda name: " " + name]
)
def test_a_name_that_is_nearly_right_is_refused(known: str, change: Any) -> None:
    with pytest.raises(VerificationError, match="not accepted"):
        check_algorithm(change(known), ALGORITHMS | {change(known)})


@pytest.mark.parametrize("name", ["none", "", "ES256K", "RSA1_5", "A128KW", "dir", "Ed448", "\x1b[31mRS256"])
def test_other_names_are_refused_even_when_the_provider_lists_them(name: str) -> None:
    with pytest.raises(VerificationError, match="not accepted") as caught:
        check_algorithm(name, frozenset({name}))
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("name", ["HS256", "HS384", "HS512", "hs256", "HS1024"])
def test_a_shared_secret_is_refused_with_the_cure(name: str) -> None:
    """B-03: whatever the provider lists."""
    with pytest.raises(VerificationError, match="shared secret") as caught:
        check_algorithm(name, ALGORITHMS | {name})
    assert caught.value.step == "algorithm"
    assert "Authentik" in str(caught.value.hint)
    assert "Auth0" in str(caught.value.hint)


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_each_algorithm_has_its_hash(name: str) -> None:
    """Core section 3.1.3.6; Ed25519 hashes with SHA-512."""
    digest = hashlib.new(f"sha{name[2:]}" if name[2:] in {"256", "384", "512"} else "sha512", b"token").digest()
    assert left_half_hash(name, Secret("token")) == b64(digest[: len(digest) // 2])


def test_the_hash_of_the_specification() -> None:
    """Core appendix A.3: an access token and its at_hash."""
    token = Secret("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")
    assert left_half_hash("RS256", token) == "77QmUPtjPfzWtF2AnpK9RQ"
