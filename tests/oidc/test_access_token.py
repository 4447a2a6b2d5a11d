"""Access tokens: a signed JWT is verified, any other text is what the provider says it is."""

from typing import Any

import pytest

from kubelogin_py.errors import UnknownKeyError, VerificationError
from kubelogin_py.oidc.access_token import Lifespan, is_signed_jwt, opaque_lifespan, unverified_lifespan, verify
from kubelogin_py.secret import Secret
from tests.oidc.minting import ABSENT, ISSUER, NOW, Signer, b64, claims, key_set, new_signer


@pytest.fixture(scope="module")
def signer() -> Signer:
    return new_signer()


def minted(signer: Signer, *, typ: object = "at+jwt", **changes: Any) -> Secret:
    return Secret(signer.mint(claims(**{"aud": "https://api.example.com", "nonce": ABSENT, **changes}), typ=typ))


def lifespan(signer: Signer, **changes: Any) -> Lifespan:
    return verify(minted(signer, **changes), key_set(signer.jwk()), issuer=ISSUER, now=NOW)


ACCEPTED = {
    "RFC 9068": {},
    "typ JWT": {"typ": "JWT"},
    "no typ": {"typ": ABSENT},
    "no audience": {"aud": ABSENT},
    "no subject": {"sub": ABSENT},
    "Keycloak": {"typ": "JWT", "azp": "other", "scope": "openid"},
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_issuer_expiry_and_signature_are_what_counts(signer: Signer, changes: dict[str, Any]) -> None:
    """The audience is the API's, not ours."""
    assert lifespan(signer, **changes) == Lifespan(NOW + 3600, 3601.0)


def test_without_an_issue_time_the_lifetime_is_not_known(signer: Signer) -> None:
    assert lifespan(signer, iat=ABSENT) == Lifespan(NOW + 3600, None)


REFUSED = {
    "issuer": ({"iss": "https://evil.example"}, "issuer"),
    "issuer with a slash": ({"iss": ISSUER + "/"}, "issuer"),
    "no issuer": ({"iss": ABSENT}, "issuer"),
    "issuer a list": ({"iss": [ISSUER]}, "issuer"),
    "expired": ({"exp": int(NOW)}, "expiry"),
    "no expiry": ({"exp": ABSENT}, "expiry"),
    "expiry a string": ({"exp": "4000000000"}, "expiry"),
    "expiry true": ({"exp": True}, "expiry"),
    "expiry in milliseconds": ({"exp": int(NOW) * 1000}, "expiry"),
    "not yet valid": ({"nbf": int(NOW) + 61}, "not_before"),
    "issued at a word": ({"iat": "now"}, "issued_at"),
}


@pytest.mark.parametrize(("changes", "step"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_with_it_is_named(signer: Signer, changes: dict[str, Any], step: str) -> None:
    with pytest.raises(VerificationError) as caught:
        lifespan(signer, **changes)
    assert caught.value.step == step
    assert "access token" in caught.value.message


def test_a_signature_of_another_key_is_refused(signer: Signer) -> None:
    with pytest.raises(UnknownKeyError) as caught:
        verify(minted(new_signer()), key_set(signer.jwk()), issuer=ISSUER, now=NOW)
    assert "access token" in caught.value.message


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"crit": ["x"]}], ids=str)
def test_a_header_that_nobody_could_rely_on_is_refused(signer: Signer, header: dict[str, Any]) -> None:
    token = Secret(signer.mint(claims(), **header))
    assert is_signed_jwt(token)
    with pytest.raises(VerificationError) as caught:
        verify(token, key_set(signer.jwk()), issuer=ISSUER, now=NOW)
    assert "access token" in caught.value.message


OPAQUE = {
    "word": "opaque",
    "Google": "ya29.a0AfH6SMC-x.y",
    "dots": "a.b.c",
    "encrypted": ".".join([b64(b'{"alg":"dir","enc":"A128GCM"}'), "", "a", "b", "c"]),
    "three parts, no header": f"{b64(b'[]')}.{b64(b'{}')}.x",
    "three parts, no algorithm": f"{b64(b'{}')}.{b64(b'{}')}.x",
    "huge": "a" * 100_000 + ".b.c",
}


@pytest.mark.parametrize("text", OPAQUE.values(), ids=OPAQUE)
def test_what_does_not_claim_to_be_a_signed_jwt_is_opaque(text: str) -> None:
    assert not is_signed_jwt(Secret(text))


def test_a_signed_jwt_is_known(signer: Signer) -> None:
    assert is_signed_jwt(minted(signer))


def test_an_opaque_token_lives_as_long_as_the_provider_says() -> None:
    assert opaque_lifespan(now=NOW, expires_in=60.0) == Lifespan(NOW + 60, 60.0)
    assert opaque_lifespan(now=NOW, expires_in=None) == Lifespan(None, None)


def test_unverified_only_form_and_time_count(signer: Signer) -> None:
    assert unverified_lifespan(minted(signer, iss="https://sts.example.com"), now=NOW).expires_at == NOW + 3600
    for changes in ({"exp": int(NOW)}, {"exp": ABSENT}, {"exp": "soon"}):
        with pytest.raises(VerificationError):
            unverified_lifespan(minted(signer, **changes), now=NOW)
