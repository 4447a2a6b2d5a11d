"""The S256 code challenge."""

import pytest

from kubelogin_py.oidc import pkce
from kubelogin_py.secret import Secret


def test_vector_of_rfc_7636_appendix_b():
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert pkce.challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert pkce.METHOD == "S256"


@pytest.mark.parametrize("length", [43, 44, 127, 128])
def test_challenge_is_43_unreserved_characters_for_every_length(length):
    challenge = pkce.challenge(Secret("~" * length))
    assert len(challenge) == 43
    assert set(challenge) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("verifier", ["", "a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "\u00e9", "a" * 43 + "\n"])
def test_verifier_outside_the_rules_is_a_fault_of_the_caller(verifier):
    with pytest.raises(ValueError, match="43 to 128") as refused:
        pkce.challenge(Secret(verifier))
    assert not verifier or verifier not in str(refused.value)
