"""The verdict: each row passes, warns and fails for what the API server takes, takes with a loss, and refuses."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kubelogin_py.kubernetes.jwt_authenticator import FLAG_ALGORITHMS, JwtAuthenticator
from kubelogin_py.kubernetes.received_token import ReceivedToken
from kubelogin_py.kubernetes.verdict import accepted, judge
from kubelogin_py.kubernetes.verdict_row import Published, Row, RowName, State
from kubelogin_py.oidc import base64url
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.key_set import Key, KeySet
from kubelogin_py.oidc.public_key import PublicKey
from kubelogin_py.secret import Secret

ISSUER = "https://id.example.com"
NOW = 1_700_000_000.0
SERVER = JwtAuthenticator(ISSUER, ("kubernetes",))
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "alice",
    "aud": "kubernetes",
    "exp": NOW + 3600,
    "iat": NOW,
    "email": "alice@example.com",
    "email_verified": True,
    "groups": ["developers", "admins"],
}
METADATA = Metadata(ISSUER, f"{ISSUER}/token", f"{ISSUER}/keys")
ABSENT = object()


def token(*, header: Mapping[str, Any] | None = None, **changes: Any) -> ReceivedToken:
    """Return a token as received; ``ABSENT`` takes a claim away."""
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not ABSENT}
    parts = [json.dumps(part).encode() for part in (header or {"alg": "RS256", "kid": "k"}, claims)]
    return ReceivedToken.read(Secret(".".join((*map(base64url.encode, parts), "c2ln"))))


def rows(received: ReceivedToken | None = None, server: JwtAuthenticator = SERVER, **known: Any) -> dict[str, Row]:
    return {row.name: row for row in judge(received or token(), server, **({"now": NOW} | known))}


def server(**changes: Any) -> JwtAuthenticator:
    return JwtAuthenticator(**({"issuer": ISSUER, "audiences": ("kubernetes",)} | changes))


def test_a_good_token_is_taken_and_says_who_one_is() -> None:
    found = rows(published=Published(METADATA), refreshable=True)
    assert {row.state for row in found.values()} == {State.PASS}
    assert accepted(found.values())
    assert [str(name) for name in found] == [
        "form",
        "algorithm",
        "issuer",
        "audience",
        "time",
        "username",
        "groups",
        "lifetime",
        "reach",
        "refresh-token",
        "size",
    ]
    assert found["username"].cause == 'you are "oidc:alice"'
    assert found["groups"].cause == 'groups: "oidc:developers", "oidc:admins"'
    assert not any(row.cure for row in found.values())


# What is received, and which row ends how, in which words of cause and cure.
TOKENS: dict[str, tuple[ReceivedToken, RowName, State, str, str]] = {
    "jwe": (ReceivedToken(5, 900), RowName.FORM, State.FAIL, "encrypted (JWE)", "turn off token encryption"),
    "opaque": (ReceivedToken.read(Secret("opaque")), RowName.FORM, State.FAIL, "it has 1 part, not 3", "ID token"),
    "unreadable": (ReceivedToken.read(Secret("a.b.c")), RowName.FORM, State.FAIL, "can't be read", "ID token"),
    "eddsa": (token(header={"alg": "EdDSA"}), RowName.ALGORITHM, State.FAIL, '"EdDSA"', "RS256"),
    "hs256": (token(header={"alg": "HS256"}), RowName.ALGORITHM, State.FAIL, '"HS256"', "RS256"),
    "none": (token(header={"alg": "none"}), RowName.ALGORITHM, State.FAIL, '"none"', "RS256"),
    "no-alg": (token(header={"kid": "k"}), RowName.ALGORITHM, State.FAIL, "signed with nothing", "RS256"),
    "alg-number": (token(header={"alg": 7}), RowName.ALGORITHM, State.FAIL, "signed with nothing", "RS256"),
    "es512": (token(header={"alg": "ES512"}), RowName.ALGORITHM, State.PASS, "ES512", ""),
    "ps384": (token(header={"alg": "PS384"}), RowName.ALGORITHM, State.PASS, "PS384", ""),
    "issuer-slash": (
        token(iss=ISSUER + "/"),
        RowName.ISSUER,
        State.FAIL,
        "they differ in the slash at the end",
        f'exactly "{ISSUER}/"',
    ),
    "issuer-case": (token(iss="https://ID.example.com"), RowName.ISSUER, State.FAIL, "upper and lower case", "exactly"),
    "issuer-tail": (
        token(iss=ISSUER + ".evil"),
        RowName.ISSUER,
        State.FAIL,
        'they differ from ".evil" and "" on',
        "exactly",
    ),
    "issuer-none": (token(iss=ABSENT), RowName.ISSUER, State.FAIL, "a token without issuer", "ID token"),
    "issuer-list": (token(iss=[ISSUER]), RowName.ISSUER, State.FAIL, "the issuer is a list", "ID token"),
    "audience-other": (token(aud="api"), RowName.AUDIENCE, State.FAIL, 'is for "api"', "--audience"),
    "audience-none": (token(aud=ABSENT), RowName.AUDIENCE, State.FAIL, "is for nobody", "aud"),
    "audience-empty": (token(aud=[]), RowName.AUDIENCE, State.FAIL, "is for nobody", "aud"),
    "audience-number": (token(aud=7), RowName.AUDIENCE, State.FAIL, "an audience that is a number", "aud"),
    "audience-list-of-one": (token(aud=["kubernetes"]), RowName.AUDIENCE, State.PASS, '"kubernetes"', ""),
    "audience-several": (
        token(aud=["kubernetes", "project"], azp="kubernetes"),
        RowName.AUDIENCE,
        State.WARN,
        'several: "kubernetes", "project", issued to "kubernetes" (azp)',
        "check azp",
    ),
    "audience-several-no-azp": (
        token(aud=["a", "kubernetes"]),
        RowName.AUDIENCE,
        State.WARN,
        "does not say to whom",
        "check azp",
    ),
    "expired": (token(exp=NOW), RowName.TIME, State.FAIL, "expired at 2023-11-14 22:13:20 UTC", "sign in again"),
    "no-expiry": (token(exp=ABSENT), RowName.TIME, State.FAIL, "(exp)", "ID token"),
    "expiry-text": (token(exp="soon"), RowName.TIME, State.FAIL, "(exp)", "ID token"),
    "expiry-boolean": (token(exp=True), RowName.TIME, State.FAIL, "(exp)", "ID token"),
    "not-yet": (token(nbf=NOW + 61), RowName.TIME, State.FAIL, "not valid before", "clocks"),
    "nbf-leeway": (token(nbf=NOW + 59), RowName.TIME, State.PASS, "valid until", ""),
    "iat-text": (token(iat="x"), RowName.TIME, State.FAIL, '"iat" is a string, not a number', "ID token"),
    "nbf-list": (token(nbf=[1]), RowName.TIME, State.FAIL, '"nbf" is a list, not a number', "ID token"),
    "iat-future": (token(iat=NOW + 100), RowName.TIME, State.PASS, "valid until", ""),
    "no-subject": (token(sub=ABSENT), RowName.USERNAME, State.FAIL, 'no claim "sub"', "--username-claim"),
    "subject-number": (token(sub=7), RowName.USERNAME, State.FAIL, '"sub" is a number', "--username-claim"),
    "subject-null": (token(sub=None), RowName.USERNAME, State.WARN, 'everybody would be "oidc:"', "--username-claim"),
    "subject-empty": (token(sub=""), RowName.USERNAME, State.WARN, '"sub" is empty', "--username-claim"),
    "groups-text": (token(groups="one"), RowName.GROUPS, State.PASS, '"oidc:one"', ""),
    "groups-none": (token(groups=ABSENT), RowName.GROUPS, State.WARN, 'no claim "groups"', "scope"),
    "groups-null": (token(groups=None), RowName.GROUPS, State.WARN, 'no claim "groups"', "scope"),
    "groups-empty": (token(groups=[]), RowName.GROUPS, State.WARN, "in no group", "add yourself"),
    "groups-object": (token(groups={"admin": {}}), RowName.GROUPS, State.FAIL, "is an object", "list of names"),
    "groups-number": (token(groups=7), RowName.GROUPS, State.FAIL, "is a number", "list of names"),
    "groups-mixed": (token(groups=["a", 7]), RowName.GROUPS, State.FAIL, "something else than text", "list"),
    "groups-null-in-list": (token(groups=["a", None]), RowName.GROUPS, State.PASS, '"oidc:a", "oidc:"', ""),
    "groups-elsewhere": (
        token(groups=ABSENT, _claim_names={"groups": "src1"}, _claim_sources={"src1": {}}),
        RowName.GROUPS,
        State.FAIL,
        "(_claim_names)",
        "fewer groups",
    ),
    "other-elsewhere": (
        token(groups=ABSENT, _claim_names={"roles": "src1"}),
        RowName.GROUPS,
        State.WARN,
        "no claim",
        "scope",
    ),
    "many-groups": (token(groups=list("abcdefg")), RowName.GROUPS, State.PASS, '"oidc:e" and 2 more', ""),
    "short": (token(exp=NOW + 59), RowName.LIFETIME, State.WARN, "lives 59 seconds", "a few minutes"),
    "a-minute": (token(exp=NOW + 60), RowName.LIFETIME, State.PASS, "lives 1 minute", ""),
    "long": (token(exp=NOW + 86401), RowName.LIFETIME, State.WARN, "lives 24 hours", "an hour or less"),
    "a-day": (token(exp=NOW + 86400), RowName.LIFETIME, State.PASS, "1440 minutes", ""),
    "no-iat": (token(iat=ABSENT), RowName.LIFETIME, State.PASS, "lives 60 minutes", ""),
    "large": (token(filler="x" * 6144), RowName.SIZE, State.WARN, "characters: proxies", "fewer groups"),
    "hostile-name": (token(sub="\x1b[2Jroot"), RowName.USERNAME, State.PASS, r"oidc:\x1b[2Jroot", ""),
    "hostile-issuer": (token(iss="\u202ehttps"), RowName.ISSUER, State.FAIL, r"\u{202e}https", "exactly"),
}


@pytest.mark.parametrize(("received", "name", "state", "cause", "cure"), TOKENS.values(), ids=TOKENS)
def test_each_row_for_each_token(received: ReceivedToken, name: RowName, state: State, cause: str, cure: str) -> None:
    found = rows(received)
    row = found[name]
    assert row.state is state
    assert cause in row.cause
    assert cure in row.cure
    assert bool(row.cure) == (state is not State.PASS)
    assert row.cause.isprintable()
    # One thing is wrong, so nothing else is.
    others = {one.state for one in found.values() if one.name is not name}
    assert State.FAIL not in others
    assert accepted(found.values()) == (state is not State.FAIL)


EMAIL = server(username_claim="email")
SERVERS: dict[str, tuple[JwtAuthenticator, dict[str, Any], RowName, State, str, str]] = {
    "issuer-http": (
        server(issuer="http://id.example.com"),
        {"iss": "http://id.example.com"},
        RowName.ISSUER,
        State.FAIL,
        "no https URL",
        "certificate",
    ),
    "issuer-of-google": (
        server(issuer="https://accounts.google.com"),
        {"iss": "accounts.google.com"},
        RowName.ISSUER,
        State.PASS,
        "accounts.google.com",
        "",
    ),
    "one-of-two-audiences": (server(audiences=("x", "kubernetes")), {}, RowName.AUDIENCE, State.PASS, "kubernetes", ""),
    "email": (EMAIL, {}, RowName.USERNAME, State.PASS, "oidc:alice@example.com", ""),
    "email-verified": (EMAIL, {}, RowName.EMAIL_VERIFIED, State.PASS, "verified", ""),
    "email-not-verified": (EMAIL, {"email_verified": False}, RowName.EMAIL_VERIFIED, State.FAIL, "not verified", "sub"),
    "email-verified-null": (EMAIL, {"email_verified": None}, RowName.EMAIL_VERIFIED, State.FAIL, "not verified", "sub"),
    "email-verified-text": (EMAIL, {"email_verified": "true"}, RowName.EMAIL_VERIFIED, State.FAIL, "a string", "sub"),
    "email-verified-number": (EMAIL, {"email_verified": 1}, RowName.EMAIL_VERIFIED, State.FAIL, "a number", "sub"),
    "email-empty": (EMAIL, {"email": ""}, RowName.USERNAME, State.WARN, "everybody would be", "sub"),
    "email-no-subject": (EMAIL, {"sub": ABSENT}, RowName.SUBJECT, State.FAIL, "is not there", "ID token"),
    "email-subject-number": (EMAIL, {"sub": 7}, RowName.SUBJECT, State.FAIL, "is a number, not text", "ID token"),
    "no-email": (EMAIL, {"email": ABSENT}, RowName.USERNAME, State.FAIL, 'no claim "email"', "scope"),
    "flags-es256": (
        server(algorithms=FLAG_ALGORITHMS),
        {"header": {"alg": "ES256"}},
        RowName.SIGNING_ALGS,
        State.FAIL,
        "signed with ES256, and the API server takes RS256 alone by default",
        "--oidc-signing-algs=ES256",
    ),
    "other-algs": (
        server(algorithms=frozenset({"PS256"})),
        {},
        RowName.SIGNING_ALGS,
        State.FAIL,
        "takes PS256 alone",
        "--oidc-signing-algs=RS256",
    ),
    "group-of-kubernetes": (
        server(groups_prefix=""),
        {"groups": ["system:masters"]},
        RowName.RESERVED,
        State.FAIL,
        '"system:masters" would be',
        "--groups-prefix",
    ),
    "user-of-kubernetes": (
        server(username_prefix=""),
        {"sub": "system:admin"},
        RowName.RESERVED,
        State.FAIL,
        '"system:admin" would be',
        "--username-prefix",
    ),
    "required-claim": (
        server(required_claims=(("email", "alice@example.com"),)),
        {},
        RowName.REQUIRED_CLAIMS,
        State.PASS,
        "all",
        "",
    ),
    "required-claim-missing": (
        server(required_claims=(("hd", "example.com"),)),
        {},
        RowName.REQUIRED_CLAIMS,
        State.FAIL,
        '"hd" is missing',
        "--required-claim",
    ),
    "required-claim-other": (
        server(required_claims=(("hd", "example.com"),)),
        {"hd": "example.org"},
        RowName.REQUIRED_CLAIMS,
        State.FAIL,
        '"hd" is "example.org"',
        "--required-claim",
    ),
    "required-claim-boolean": (
        server(required_claims=(("email_verified", "true"),)),
        {},
        RowName.REQUIRED_CLAIMS,
        State.FAIL,
        "is a boolean",
        "--required-claim",
    ),
}


@pytest.mark.parametrize("case", SERVERS.values(), ids=SERVERS)
def test_each_row_for_each_configuration(
    case: tuple[JwtAuthenticator, dict[str, Any], RowName, State, str, str],
) -> None:
    told, changes, name, state, cause, cure = case
    found = rows(token(**changes), told)
    assert found[name].state is state
    assert cause in found[name].cause
    assert cure in found[name].cure
    assert State.FAIL not in {row.state for row in found.values() if row.name is not name}


def test_what_is_not_asked_for_has_no_row() -> None:
    """No groups: an object in the claim does no harm. No email: nobody asks whether it was verified."""
    found = rows(token(groups={"a": 1}, email_verified=False), server(groups_claim=""))
    assert not {RowName.GROUPS, RowName.EMAIL_VERIFIED, RowName.KEY, RowName.REFRESH_TOKEN, RowName.REACH} & set(found)
    assert accepted(found.values())


KEY = Key("k", "RS256", PublicKey("RSA", None, 256, {}))
PUBLISHED: dict[str, tuple[Published, dict[str, Any], RowName, State, str, str]] = {
    "key": (Published(METADATA, KeySet((KEY,), "x")), {}, RowName.KEY, State.PASS, '"k"', ""),
    "key-without-name": (
        Published(METADATA, KeySet((KEY,), "x")),
        {"header": {"alg": "RS256"}},
        RowName.KEY,
        State.PASS,
        "the key",
        "",
    ),
    "key-unknown": (
        Published(METADATA, KeySet((KEY,), "x")),
        {"header": {"alg": "RS256", "kid": "new"}},
        RowName.KEY,
        State.FAIL,
        '"new" for RS256',
        "sign in again",
    ),
    "key-of-another-kind": (
        Published(METADATA, KeySet((KEY,), "x")),
        {"header": {"alg": "ES256", "kid": "k"}},
        RowName.KEY,
        State.FAIL,
        "for ES256",
        "sign in again",
    ),
    "issuer": (
        Published(Metadata(ISSUER + "/", f"{ISSUER}/token", f"{ISSUER}/keys")),
        {},
        RowName.ISSUER,
        State.FAIL,
        f'calls itself "{ISSUER}/"',
        "exactly",
    ),
    "reach": (
        Published(Metadata(ISSUER, f"{ISSUER}/token", "https://keys.example.net/x")),
        {},
        RowName.REACH,
        State.PASS,
        "must reach id.example.com and keys.example.net",
        "",
    ),
    "keys-here": (
        Published(Metadata(ISSUER, f"{ISSUER}/token", "https://127.0.0.1:8443/keys")),
        {},
        RowName.REACH,
        State.WARN,
        "127.0.0.1 is this machine",
        "a name",
    ),
    "keys-http": (
        Published(Metadata(ISSUER, f"{ISSUER}/token", "http://id.example.com/keys")),
        {},
        RowName.REACH,
        State.FAIL,
        "without https",
        "https",
    ),
    "private-authority": (
        Published(METADATA, private_authority=True),
        {},
        RowName.REACH,
        State.FAIL,
        "private authority",
        "--oidc-ca-file",
    ),
}


@pytest.mark.parametrize("case", PUBLISHED.values(), ids=PUBLISHED)
def test_each_row_for_what_is_published(case: tuple[Published, dict[str, Any], RowName, State, str, str]) -> None:
    published, changes, name, state, cause, cure = case
    found = rows(token(**changes), published=published)
    assert found[name].state is state
    assert cause in found[name].cause
    assert cure in found[name].cure
    assert State.FAIL not in {row.state for row in found.values() if row.name is not name}


def test_the_private_authority_is_told() -> None:
    told = server(certificate_authority="-----BEGIN CERTIFICATE-----")
    assert rows(None, told, published=Published(METADATA, private_authority=True))["reach"].state is State.PASS


def test_no_refresh_token_is_a_warning() -> None:
    row = rows(refreshable=False)["refresh-token"]
    assert (row.state, "offline_access" in row.cure) == (State.WARN, True)


HINTS: dict[str, tuple[ReceivedToken, JwtAuthenticator, RowName]] = {
    "encryption": (ReceivedToken(5, 900), SERVER, RowName.FORM),
    "algorithm": (token(header={"alg": "EdDSA"}), SERVER, RowName.ALGORITHM),
    "issuer": (token(iss=ISSUER + "/"), SERVER, RowName.ISSUER),
    "audience": (token(aud="other"), SERVER, RowName.AUDIENCE),
    "short_lifetime": (token(exp=NOW + 10), SERVER, RowName.LIFETIME),
    "no_refresh_token": (token(), SERVER, RowName.REFRESH_TOKEN),
    "no_email": (token(email=ABSENT), EMAIL, RowName.USERNAME),
    "email_not_verified": (token(email_verified=False), EMAIL, RowName.EMAIL_VERIFIED),
    "no_groups": (token(groups=ABSENT), SERVER, RowName.GROUPS),
    "groups_not_names": (token(groups={"a": {}}), SERVER, RowName.GROUPS),
    "groups_elsewhere": (token(groups=ABSENT, _claim_names={"groups": "x"}), SERVER, RowName.GROUPS),
}


@pytest.mark.parametrize("symptom", HINTS)
def test_a_provider_knows_its_own_cure(symptom: str) -> None:
    """The hint stands in for the general cure, in this row alone."""
    received, told, name = HINTS[symptom]
    hints = {symptom: "as this provider has it", "": "never shown"}
    cures = {row.name: row.cure for row in judge(received, told, now=NOW, refreshable=False, hints=hints)}
    assert cures[name] == "as this provider has it"
    assert [*cures.values()].count("as this provider has it") == 1
    assert "never shown" not in cures.values()


def test_an_unreadable_token_has_few_rows() -> None:
    assert set(rows(ReceivedToken.read(Secret("opaque")), refreshable=False)) == {"form", "refresh-token", "size"}


def test_claims_are_no_part_of_a_representation() -> None:
    assert "alice" not in repr(token())
