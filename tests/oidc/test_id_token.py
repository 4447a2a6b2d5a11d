"""Every step of the verification, with tokens whose signature is right and one thing is wrong.

Wrong values are the right value and one character more or less, as the OpenID Foundation's suite does it: a
comparison by prefix would survive anything else.
"""

import base64
import dataclasses
import hashlib
import hmac
import json
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kubelogin_py.errors import UnknownKeyError, VerificationError
from kubelogin_py.oidc import id_token
from kubelogin_py.oidc.id_token import Claims, Expected
from kubelogin_py.oidc.jose import ALGORITHMS
from kubelogin_py.secret import Secret
from tests.oidc.minting import (
    ABSENT,
    CLIENT_ID,
    HASHES,
    ISSUER,
    NONCE,
    NOW,
    b64,
    claims,
    compact,
    encoded,
    key_set,
    new_rsa,
    new_signer,
)

SIGNER = new_signer("ES256")
KEYS = key_set(SIGNER.jwk())
ACCESS_TOKEN = "an-access-token"
NONCE_SENT = Secret(NONCE)

YEAR = 365.25 * 86400


def expected(**changes: Any) -> Expected:
    return dataclasses.replace(Expected(issuer=ISSUER, client_id=CLIENT_ID, now=NOW, nonce=NONCE_SENT), **changes)


def accepted(payload: dict[str, Any], **changes: Any) -> Claims:
    return id_token.verify(Secret(SIGNER.mint(payload)), KEYS, expected(**changes))


def refused(token: str, step: str, keys: Any = KEYS, **changes: Any) -> VerificationError:
    with pytest.raises(VerificationError) as caught:
        id_token.verify(Secret(token), keys, expected(**changes))
    error = caught.value
    assert error.step == step, error.message
    assert error.message.isprintable()
    assert (error.hint or "").isprintable()
    assert len(error.message) < 600
    assert error.message[0].islower()
    assert NONCE not in error.message
    return error


def claims_refused(step: str, changes: dict[str, Any], **also: Any) -> VerificationError:
    """The claims are refused with a right signature, and with the same words when the kept token is rechecked."""
    token = SIGNER.mint(claims(**changes))
    error = refused(token, step, **also)
    with pytest.raises(VerificationError) as caught:
        id_token.recheck(Secret(token), expected(**also))
    assert (caught.value.step, caught.value.message) == (step, error.message)
    return error


# What is accepted


def test_a_right_token_is_accepted() -> None:
    found = accepted(claims())
    assert found.issuer == ISSUER
    assert found.subject == "f81d4fae-7dec"
    assert found.audience == (CLIENT_ID,)
    assert (found.expires_at, found.issued_at, found.lifetime) == (NOW + 3600, NOW - 1, 3601)
    assert found.email == "kim@example.com"
    assert found.groups == ("admins", "developers")
    assert dict(found.raw) == claims()
    assert found.warnings == ()


@pytest.fixture(scope="module")
def rsa() -> Any:
    return new_rsa()


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_algorithm_is_accepted(algorithm: str, rsa: Any) -> None:
    """Also with its hash of the access token."""
    signer = new_signer(algorithm, private=rsa if algorithm[0] in "RP" else None)
    name = f"sha{algorithm[2:]}" if algorithm[2:] in HASHES else "sha512"
    digest = hashlib.new(name, ACCESS_TOKEN.encode()).digest()
    token = signer.mint(claims(at_hash=b64(digest[: len(digest) // 2])))
    found = id_token.verify(Secret(token), key_set(signer.jwk()), expected(access_token=Secret(ACCESS_TOKEN)))
    assert found.subject == claims()["sub"]


@pytest.mark.parametrize(
    ("changes", "also"),
    [
        pytest.param({"aud": [CLIENT_ID]}, {}, id="aud a list of one"),
        pytest.param({"aud": [CLIENT_ID, CLIENT_ID]}, {}, id="aud twice the same"),
        pytest.param({"aud": ["project", CLIENT_ID], "azp": CLIENT_ID}, {}, id="aud several with azp"),
        pytest.param({"aud": [CLIENT_ID, "api"]}, {"trusted_audiences": frozenset({"api"})}, id="aud trusted"),
        pytest.param({"azp": CLIENT_ID}, {}, id="azp is us"),
        pytest.param({"exp": NOW + 0.5}, {}, id="exp a fraction ahead"),
        pytest.param({"exp": NOW + 10 * YEAR}, {}, id="exp ten years ahead"),
        pytest.param({"iat": NOW + 60}, {}, id="iat at the end of the skew"),
        pytest.param({"iat": NOW - 0.25}, {"fresh_within": 780.0}, id="iat a fraction"),
        pytest.param({"iat": NOW - 780}, {"fresh_within": 780.0}, id="iat as old as allowed"),
        pytest.param({"iat": NOW - 7 * 86400}, {}, id="B-14 iat a week old on a refresh"),
        pytest.param({"iat": NOW + 300}, {"clock_skew": 300.0}, id="iat within a wider skew"),
        pytest.param({"nbf": NOW + 60}, {}, id="nbf at the end of the skew"),
        pytest.param({"nbf": NOW - 1}, {}, id="nbf past"),
        pytest.param({"sub": "s" * 255}, {}, id="sub of 255 characters"),
        pytest.param({"sub": "auth0|5f7c8e CN=Kim, O=x"}, {}, id="sub with spaces and signs"),
        pytest.param({"nonce": ABSENT}, {"nonce": None}, id="B-19 no nonce and none sent"),
        pytest.param({"nonce": "any"}, {"nonce": None}, id="B-19 a nonce though none was sent"),
        pytest.param({"groups": [f"group-{number}" for number in range(300)]}, {}, id="300 groups"),
        pytest.param({"groups": "admins"}, {}, id="groups a string"),
        pytest.param({"acr": "gold", "amr": ["otp"]}, {}, id="acr nobody asked for"),
        pytest.param({"acr": "gold"}, {"acr_values": frozenset({"gold", "silver"})}, id="acr demanded"),
        pytest.param({"auth_time": "yesterday"}, {}, id="auth_time nobody asked for"),
        pytest.param({"auth_time": NOW - 660}, {"max_age": 600.0}, id="auth_time at the end of age and skew"),
        pytest.param({"auth_time": NOW + 60}, {"max_age": 600.0}, id="auth_time at the end of the skew"),
        pytest.param({"at_hash": "wrong"}, {"access_token": None}, id="at_hash of nothing we have"),
        pytest.param({}, {"access_token": Secret(ACCESS_TOKEN)}, id="B-20 no at_hash"),
        pytest.param({"typ": "ID"}, {}, id="the mark of Keycloak's ID tokens"),
        pytest.param({"typ": "Id"}, {}, id="the mark of Rauthy's ID tokens"),
        pytest.param({"type": "id-token"}, {}, id="the mark of Pocket-ID's ID tokens"),
        pytest.param({"type": "service"}, {}, id="a type claim of somebody's own"),
        pytest.param({"events": {"https://example.com/event": {}}}, {}, id="other events"),
        pytest.param({"name": "Zoë 🦀", "address": {"country": "NL"}}, {}, id="text beyond ASCII"),
    ],
)
def test_what_is_right_in_another_form_is_accepted(changes: dict[str, Any], also: dict[str, Any]) -> None:
    payload = claims(**changes)
    assert dict(accepted(payload, **also).raw) == payload


@pytest.mark.parametrize("typ", [ABSENT, "JWT", "jwt", "application/jwt", "id_token", None, 5])
def test_other_header_types_do_not_matter(typ: object) -> None:
    assert id_token.verify(Secret(SIGNER.mint(claims(), typ=typ)), KEYS, expected())


def test_a_token_without_kid_is_accepted_with_one_key() -> None:
    assert id_token.verify(Secret(SIGNER.mint(claims(), kid=ABSENT)), KEYS, expected())


def test_a_large_token_is_accepted_with_a_warning() -> None:
    """B-21."""
    found = accepted(claims(groups=[f"group-{number:05}" for number in range(5_000)]))
    assert len(found.groups) == 5_000
    assert len(found.warnings) == 1
    assert "groups" in found.warnings[0]


def test_a_token_is_large_over_8_kib() -> None:
    """The warning begins where the header fields of common proxies end."""
    spare = (8192 - len(SIGNER.mint(claims(x="")))) * 3 // 4
    assert accepted(claims(x="x" * (spare - 3))).warnings == ()
    assert accepted(claims(x="x" * (spare + 3))).warnings


# What is not an ID token at all


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        pytest.param({}, {"typ": "at+jwt"}, id="B-22 at+jwt"),
        pytest.param({}, {"typ": "application/at+jwt"}, id="B-22 application/at+jwt"),
        pytest.param({}, {"typ": "AT+JWT"}, id="B-22 in capitals"),
        pytest.param({}, {"typ": "logout+jwt"}, id="B-22 logout+jwt"),
        pytest.param({}, {"typ": "dpop+jwt"}, id="B-22 dpop+jwt"),
        pytest.param(
            {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, {}, id="B-22 logout event"
        ),
        pytest.param({"type": "access-token"}, {}, id="Pocket-ID's access token"),
        pytest.param({"type": "oauth-access-token"}, {}, id="Pocket-ID's access token, before"),
        pytest.param({"type": "refresh-token"}, {}, id="Pocket-ID's refresh token"),
        pytest.param({"typ": "Bearer"}, {}, id="Keycloak's and Rauthy's access token"),
        pytest.param({"typ": "DPoP"}, {}, id="Rauthy's bound access token"),
        pytest.param({"typ": "Refresh"}, {}, id="a refresh token"),
        pytest.param({"typ": "Offline"}, {}, id="an offline token"),
        pytest.param({"typ": "Logout"}, {}, id="Keycloak's logout token"),
    ],
)
def test_another_kind_of_token_is_refused(changes: dict[str, Any], header: dict[str, Any]) -> None:
    """B-22: signed by the right key, for us, and not an ID token."""
    token = SIGNER.mint(claims(**changes), **header)
    refused(token, "type")
    with pytest.raises(VerificationError, match="another kind"):
        id_token.read_unverified(Secret(token))


@pytest.mark.parametrize(
    ("token", "step"),
    [
        pytest.param(compact({"alg": "none"}, claims(), b""), "algorithm", id="B-01 alg none"),
        pytest.param(compact({"alg": "NoNe", "kid": "key-1"}, claims(), b""), "algorithm", id="B-01 alg NoNe"),
        pytest.param(SIGNER.mint(claims()).rpartition(".")[0] + ".", "format", id="B-01 empty signature"),
        pytest.param(SIGNER.mint(claims()).rpartition(".")[0], "format", id="B-01 no signature part"),
        pytest.param(SIGNER.mint(claims(), crit=["exp"]), "header", id="B-08 crit"),
        pytest.param(SIGNER.mint(claims()) + ".a.b", "encryption", id="B-09 five parts"),
        pytest.param(SIGNER.mint(b'{"iss":"a","iss":"b"}'), "format", id="B-11 iss twice"),
        pytest.param(SIGNER.mint(claims(), alg="ES384"), "key", id="B-04 alg of another curve"),
        pytest.param(new_signer("ES256").mint(claims()), "signature", id="B-05 another key"),
        pytest.param(new_signer("ES256", "other").mint(claims()), "key", id="unknown kid"),
    ],
)
def test_form_and_signature_are_checked_first(token: str, step: str) -> None:
    """The details are in the tests of jose and key_set; here they stop the verification."""
    refused(token, step)


def test_the_signature_is_checked_before_the_claims() -> None:
    """A forged token can't choose which message is shown."""
    forged = new_signer("ES256").mint(claims(iss="https://evil.example", exp=0, aud=[]))
    assert isinstance(refused(forged, "signature"), UnknownKeyError)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_named_by_the_token_is_never_used(name: str) -> None:
    """B-06: keys come from the provider's key set and nowhere else."""
    attacker = new_signer("ES256")
    offers: dict[str, Any] = {"jwk": attacker.jwk(), "x5c": ["MIIB"]}
    offer = {name: offers.get(name, "https://evil.example/keys")}
    refused(attacker.mint(claims(), **offer), "signature")
    refused(attacker.mint(claims(), kid=ABSENT, **offer), "signature")
    assert id_token.verify(Secret(SIGNER.mint(claims(), **offer)), KEYS, expected())


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK", "x", "secret"])
@pytest.mark.parametrize("family", ["RS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("listed", [False, True], ids=["", "listed by the provider"])
def test_a_shared_secret_made_of_the_public_key_is_refused(form: str, family: str, listed: bool, rsa: Any) -> None:
    """B-02, B-03: HS256 keyed with what everybody knows, or with the client secret."""
    signer = new_signer(family, private=rsa if family == "RS256" else None)
    public = signer.private.public_key()
    secret = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK": json.dumps(signer.jwk()).encode(),
        "x": base64.urlsafe_b64decode(signer.jwk()["n" if family == "RS256" else "x"] + "=="),
        "secret": b"the-client-secret",
    }[form]
    signing_input = f"{encoded({'alg': 'HS256', 'kid': 'key-1'})}.{encoded(claims())}"
    mac = hmac.digest(secret, signing_input.encode(), "sha256")
    allowed = ALGORITHMS | {"HS256"} if listed else ALGORITHMS
    error = refused(f"{signing_input}.{b64(mac)}", "algorithm", key_set(signer.jwk(alg=ABSENT)), algorithms=allowed)
    assert "Authentik" in str(error.hint)


# Claims


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "nonce"])
def test_a_mandatory_claim_may_not_be_missing(name: str) -> None:
    step = {"iss": "issuer", "sub": "subject", "aud": "audience", "exp": "expiry", "iat": "issued_at", "nonce": "nonce"}
    error = claims_refused(step[name], {name: ABSENT})
    assert f"no {name}" in error.message


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        pytest.param(ISSUER + "1", "", id="one more character"),
        pytest.param(ISSUER[:-1], "", id="one less"),
        pytest.param(ISSUER[1:], "", id="one less in front"),
        pytest.param(ISSUER + "/", "slash", id="B-15 extra slash"),
        pytest.param(ISSUER.upper(), "case", id="B-15 other case"),
        pytest.param(ISSUER.replace("https", "http"), "", id="other scheme"),
        pytest.param(ISSUER.replace("example.com", "example.com:443"), "", id="default port"),
        pytest.param(ISSUER + " ", "", id="space after"),
        pytest.param(ISSUER + "\0", "", id="NUL after"),
        pytest.param(ISSUER + "\u202e", "", id="bidi after"),
        pytest.param("https://evil.example/\x1b[2J" + "x" * 5000, "", id="hostile"),
    ],
)
def test_another_issuer_is_refused(issuer: str, words: str) -> None:
    error = claims_refused("issuer", {"iss": issuer})
    assert ISSUER in error.message
    assert "--oidc-issuer-url" in str(error.hint)
    assert [word for word in ("slash", "case") if word in str(error.hint)] == words.split()


def test_a_missing_slash_is_explained_too() -> None:
    """B-15: and both values are shown."""
    error = claims_refused("issuer", {}, issuer=ISSUER + "/")
    assert "slash" in str(error.hint)
    assert f"{ISSUER}, not of {ISSUER}/" in error.message


@pytest.mark.parametrize("value", [[ISSUER], {"url": ISSUER}, 1, None, True, ""])
def test_an_issuer_that_is_not_text_is_refused(value: object) -> None:
    claims_refused("issuer", {"iss": value})


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(CLIENT_ID + "1", id="one more character"),
        pytest.param(CLIENT_ID[:-1], id="one less"),
        pytest.param(CLIENT_ID.upper(), id="other case"),
        pytest.param("", id="empty"),
        pytest.param([], id="B-16 empty list"),
        pytest.param(["other"], id="B-16 list without us"),
        pytest.param([CLIENT_ID + "1", CLIENT_ID[:-1]], id="B-16 list of neighbours"),
        pytest.param([CLIENT_ID, "other"], id="B-16 a stranger and no azp"),
        pytest.param(["other", CLIENT_ID], id="a stranger first"),
        pytest.param([CLIENT_ID, ""], id="an empty stranger"),
        pytest.param([CLIENT_ID, CLIENT_ID + "1"], id="a neighbour as stranger"),
        pytest.param({CLIENT_ID: True}, id="B-16 object"),
        pytest.param([[CLIENT_ID]], id="list in a list"),
        pytest.param([CLIENT_ID, None], id="null in the list"),
        pytest.param([CLIENT_ID, 5], id="number in the list"),
        pytest.param(None, id="null"),
        pytest.param(5, id="number"),
        pytest.param(f"{CLIENT_ID} other", id="two in one string"),
        pytest.param(["\x1b[31m" + "x" * 5000], id="hostile"),
    ],
)
def test_another_audience_is_refused(value: object) -> None:
    claims_refused("audience", {"aud": value})


def test_only_the_trusted_audiences_are_trusted() -> None:
    trusted = frozenset({"api"})
    claims_refused("audience", {"aud": [CLIENT_ID, "api1"]}, trusted_audiences=trusted)
    claims_refused("audience", {"aud": [CLIENT_ID, "api", "other"]}, trusted_audiences=trusted)
    claims_refused("audience", {"aud": ["api"]}, trusted_audiences=trusted)


def test_an_authorized_party_does_not_replace_the_audience() -> None:
    claims_refused("audience", {"aud": ["other"], "azp": CLIENT_ID})


@pytest.mark.parametrize("audience", [CLIENT_ID, [CLIENT_ID, "other"]], ids=["alone", "several"])
@pytest.mark.parametrize(
    "party",
    [CLIENT_ID + "1", CLIENT_ID[:-1], "other", "", [CLIENT_ID], None, 5, True, {}, "\x1b[31m" + "x" * 5000],
    ids=lambda value: repr(value)[:16],
)
def test_another_authorized_party_is_refused(party: object, audience: object) -> None:
    """B-17."""
    error = claims_refused("authorized_party", {"azp": party, "aud": audience})
    assert f"not to {CLIENT_ID}" in error.message


@pytest.mark.parametrize(("party", "shown"), [("other", "other (azp)"), (None, "null (azp)"), (["x"], "a list (azp)")])
def test_the_message_shows_the_authorized_party(party: object, shown: str) -> None:
    assert shown in claims_refused("authorized_party", {"azp": party}).message


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param("", id="B-18 empty"),
        pytest.param(5, id="B-18 number"),
        pytest.param(None, id="null"),
        pytest.param(["kim"], id="list"),
        pytest.param("s" * 256, id="B-18 256 characters"),
        pytest.param("kim\0", id="B-18 NUL"),
        pytest.param("kim\n", id="B-18 line end"),
        pytest.param("kim\x7f", id="delete"),
        pytest.param("kim\x1b[2J", id="escape sequence"),
        pytest.param("kim\u202e", id="bidi"),
        pytest.param("jürgen", id="beyond ASCII"),
    ],
)
def test_a_subject_that_is_no_identifier_is_refused(subject: object) -> None:
    claims_refused("subject", {"sub": subject})


NOT_NUMBERS = [
    pytest.param("1787003600", id="B-13 string"),
    pytest.param(True, id="B-13 bool"),
    pytest.param(None, id="B-13 null"),
    pytest.param([1787003600], id="list"),
    pytest.param({}, id="object"),
]


@pytest.mark.parametrize(("name", "step"), [("exp", "expiry"), ("iat", "issued_at"), ("nbf", "not_before")])
@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_a_time_that_is_not_a_number_is_refused(name: str, step: str, value: object) -> None:
    error = claims_refused(step, {name: value})
    assert name in error.message


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"9" * 5000])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_time_out_of_range_is_refused(name: str, value: bytes) -> None:
    """B-12."""
    payload = json.dumps(claims(**{name: "HERE"})).encode().replace(b'"HERE"', value)
    refused(SIGNER.mint(payload), "format")


@pytest.mark.parametrize("value", [1e300, -1e300, 10**19])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_time_no_calendar_knows_is_handled(name: str, value: float) -> None:
    """Far away dates can't be formatted, and must not end in a traceback."""
    step = {"exp": "expiry", "iat": "issued_at", "nbf": "not_before"}[name]
    if value < 0 and name != "exp":
        assert accepted(claims(**{name: value}))
    else:
        claims_refused(step, {name: value})
    if value < 0 and name == "iat":
        claims_refused(step, {name: value}, fresh_within=780.0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(NOW, id="this very second"),
        pytest.param(NOW - 0.001, id="a moment ago"),
        pytest.param(NOW - 30, id="within the skew"),
        pytest.param(0, id="B-13 zero"),
        pytest.param(-1, id="B-13 negative"),
        pytest.param(NOW // 10, id="one digit less"),
    ],
)
def test_an_expired_token_is_refused_without_leeway(value: float) -> None:
    error = claims_refused("expiry", {"exp": value}, clock_skew=600.0)
    assert "expired at" in error.message
    assert "UTC; this machine's clock says 2026-08-17 20:53:20 UTC" in error.message
    assert "clock" in str(error.hint)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(NOW + 10 * YEAR + 1, id="B-13 over ten years ahead"),
        pytest.param((NOW + 3600) * 10, id="one digit more"),
        pytest.param((NOW + 3600) * 1000, id="milliseconds"),
    ],
)
def test_an_expiry_far_ahead_is_refused(value: float) -> None:
    error = claims_refused("expiry", {"exp": value})
    assert "ten years" in error.message
    assert "milliseconds" in str(error.hint)


@pytest.mark.parametrize(("name", "step"), [("iat", "issued_at"), ("nbf", "not_before")])
@pytest.mark.parametrize("ahead", [61, 3600, NOW * 9])
def test_a_token_from_the_future_is_refused(name: str, step: str, ahead: float) -> None:
    """B-14: the message has both times and suggests the clock."""
    error = claims_refused(step, {name: NOW + ahead, "exp": NOW + 7200})
    assert "in the future" in error.message
    assert "this machine's clock says 2026-08-17 20:53:20 UTC" in error.message
    assert "check this machine's clock" in str(error.hint)


@pytest.mark.parametrize("ago", [781, 7 * 86400, NOW])
def test_an_old_token_is_refused_on_a_fresh_sign_in(ago: float) -> None:
    """B-14."""
    error = claims_refused("issued_at", {"iat": NOW - ago}, fresh_within=780.0)
    assert "this machine's clock says 2026-08-17 20:53:20 UTC" in error.message


@pytest.mark.parametrize(
    "nonce",
    [NONCE + "1", NONCE[:-1], NONCE[1:], NONCE.swapcase(), "", NONCE + "\0", " " + NONCE, None, 5, [NONCE], True, {}],
    ids=lambda value: repr(value)[:16],
)
def test_another_nonce_is_refused(nonce: object) -> None:
    """B-19."""
    assert "not the one we sent" in claims_refused("nonce", {"nonce": nonce}).message


@pytest.mark.parametrize("acr", ["gold1", "gol", "", ABSENT, None, ["gold"], {"gold": 1}])
def test_another_authentication_context_is_refused(acr: object) -> None:
    claims_refused("acr", {"acr": acr}, acr_values=frozenset({"gold", "silver"}))


@pytest.mark.parametrize("value", [ABSENT, NOW - 661, NOW + 61, "1787000000", True, None])
def test_a_sign_in_older_than_demanded_is_refused(value: object) -> None:
    claims_refused("auth_time", {"auth_time": value}, max_age=600.0)


def half_hash(name: str, text: str = ACCESS_TOKEN) -> str:
    digest = hashlib.new(name, text.encode()).digest()
    return b64(digest[: len(digest) // 2])


RIGHT_HASH = half_hash("sha256")


@pytest.mark.parametrize("claim", ["at_hash", "c_hash"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(RIGHT_HASH + "1", id="one more character"),
        pytest.param(RIGHT_HASH[:-1], id="one less"),
        pytest.param(RIGHT_HASH + "==", id="padded"),
        pytest.param(RIGHT_HASH.swapcase(), id="other case"),
        pytest.param(half_hash("sha384"), id="of another hash"),
        pytest.param(half_hash("sha512"), id="of a longer hash"),
        pytest.param(half_hash("sha256", ACCESS_TOKEN + "1"), id="of another token"),
        pytest.param(b64(hashlib.sha256(ACCESS_TOKEN.encode()).digest()), id="the whole hash"),
        pytest.param(b64(hashlib.sha256(ACCESS_TOKEN.encode()).digest()[16:]), id="the right half"),
        pytest.param("", id="empty"),
        pytest.param(None, id="null"),
        pytest.param([RIGHT_HASH], id="list"),
        pytest.param(5, id="number"),
    ],
)
def test_another_hash_is_refused(claim: str, value: object) -> None:
    """B-20, for the access token and for the code."""
    given = {"at_hash": "access_token", "c_hash": "code"}[claim]
    assert accepted(claims(**{claim: RIGHT_HASH}), **{given: Secret(ACCESS_TOKEN)})
    error = claims_refused(claim, {claim: value}, **{given: Secret(ACCESS_TOKEN)})
    assert ACCESS_TOKEN not in error.message


# A token as a whole


def test_no_single_wrong_character_is_ever_accepted() -> None:
    """Every position is replaced, removed and doubled in turn."""
    right = SIGNER.mint(claims())
    chance = random.Random(4)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0ä"
    for position in range(len(right)):
        other = chance.choice([letter for letter in alphabet if letter != right[position]])
        for part in (other, "", right[position] + other):
            wrong = right[:position] + part + right[position + 1 :]
            with pytest.raises(VerificationError):
                id_token.verify(Secret(wrong), KEYS, expected())


def test_parts_of_two_right_tokens_do_not_mix() -> None:
    first, second = (SIGNER.mint(claims(sub=name)).split(".") for name in ("kim", "lee"))
    refused(".".join([first[0], second[1], first[2]]), "signature")
    refused(".".join([first[0], first[1], second[2]]), "signature")


# What was kept


def test_a_kept_token_is_rechecked_without_a_key() -> None:
    assert id_token.recheck(Secret(SIGNER.mint(claims())), expected()).subject == claims()["sub"]


def test_a_kept_token_with_an_algorithm_not_allowed_is_refused() -> None:
    with pytest.raises(VerificationError, match="metadata lists"):
        id_token.recheck(Secret(SIGNER.mint(claims())), expected(algorithms=frozenset({"RS256"})))


def test_an_old_token_is_read_for_what_it_says() -> None:
    """Expired, of another issuer: that is for the caller to judge."""
    found = id_token.read_unverified(Secret(SIGNER.mint(claims(exp=5, iss="https://other.example"))))
    assert (found.expires_at, found.issuer) == (5, "https://other.example")


@pytest.mark.parametrize(
    ("token", "step"),
    [
        pytest.param("opaque", "format", id="opaque"),
        pytest.param(compact({"alg": "none"}, claims(), b""), "algorithm", id="unsigned"),
        pytest.param(compact({"alg": "HS256"}, claims(), b"mac"), "algorithm", id="shared secret"),
        pytest.param(compact({"alg": "ES256"}, claims(), b""), "format", id="signature cut off"),
        pytest.param(SIGNER.mint(claims(exp="soon")), "expiry", id="exp a string"),
        pytest.param(SIGNER.mint(claims(sub=ABSENT)), "subject", id="no sub"),
    ],
)
def test_a_kept_token_must_still_look_like_one(token: str, step: str) -> None:
    with pytest.raises(VerificationError) as caught:
        id_token.read_unverified(Secret(token))
    assert caught.value.step == step


def test_claims_can_not_be_changed() -> None:
    found = accepted(claims())
    with pytest.raises(TypeError):
        found.raw["sub"] = "me"  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.subject = "me"  # type: ignore[misc]
    assert "kim@example.com" not in repr(found)
