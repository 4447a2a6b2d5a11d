"""A public key asked directly; which JSON Web Keys are read at all is in the tests of key_set."""

from typing import Any

import pytest

from kubelogin_py.oidc.jose import read_jws
from kubelogin_py.oidc.public_key import PublicKey
from kubelogin_py.secret import Secret
from tests.oidc.minting import claims, new_signer

SIGNER = new_signer("ES256")
KEY = PublicKey.read(SIGNER.jwk())


def test_it_verifies_what_its_private_half_signed() -> None:
    assert KEY.verifies(read_jws(Secret(SIGNER.mint(claims()))))


@pytest.mark.parametrize("algorithm", ["ES384", "RS256", "EdDSA", "HS256", "ES2561", "none1"])
def test_it_serves_no_other_algorithm(algorithm: str) -> None:
    """The signature is right, and the header names an algorithm that such a key does not have."""
    assert not KEY.fits(algorithm)
    assert not KEY.verifies(read_jws(Secret(SIGNER.mint(claims(), alg=algorithm))))


def test_private_members_are_left_aside() -> None:
    key = PublicKey.read(SIGNER.jwk(d="c2VjcmV0", k="c2VjcmV0", x5c=["MIIB"]))
    assert set(key.members) == {"kty", "crv", "x", "y"}
    assert key == KEY


def test_it_can_not_be_changed() -> None:
    members: Any = KEY.members
    with pytest.raises(TypeError):
        members["x"] = "AAAA"
