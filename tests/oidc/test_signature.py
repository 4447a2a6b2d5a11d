"""The arithmetic: what the specifications' own examples say, every algorithm, and every way not to be a signature."""

import subprocess
import sys

import pytest

from kubelogin_py.oidc.jose import ALGORITHMS
from kubelogin_py.oidc.key_set import KeySet
from kubelogin_py.oidc.signature import is_public_key, verifies
from tests.oidc.minting import b64, new_signer, public_members, response, signature

JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
EXAMPLES = {
    "RFC 7515 A.2": (
        {
            "kty": "RSA",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
            "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
            "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethF"
            "kMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
            "e": "AQAB",
        },
        "RS256",
        f"eyJhbGciOiJSUzI1NiJ9.{JOE}",
        (
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr"
            "7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--x"
            "i12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_Ioy"
            "pGlUPQGe77Rw"
        ),
    ),
    "RFC 7515 A.3": (
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        "ES256",
        f"eyJhbGciOiJFUzI1NiJ9.{JOE}",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ),
    "RFC 8037 A.4": (
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "EdDSA",
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    ),
}


def octets(text: str) -> bytes:
    from kubelogin_py.oidc import base64url

    return base64url.decode(text)


@pytest.mark.parametrize(("members", "algorithm", "signed", "made"), EXAMPLES.values(), ids=EXAMPLES)
def test_the_examples_of_the_specifications(members: dict[str, str], algorithm: str, signed: str, made: str) -> None:
    assert is_public_key(members)
    assert verifies(members, algorithm, signed.encode(), octets(made))
    assert not verifies(members, algorithm, signed.encode() + b"x", octets(made))


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_algorithm_verifies_its_own_signature_and_nothing_else(algorithm: str) -> None:
    signer = new_signer(algorithm)
    members, signed = public_members(signer.private), b"what was signed"
    made = signature(signer.private, algorithm, signed)
    assert verifies(members, algorithm, signed, made)
    assert not verifies(members, algorithm, signed + b"!", made)
    for place in (0, len(made) // 2, -1):
        spoilt = bytearray(made)
        spoilt[place] ^= 1
        assert not verifies(members, algorithm, signed, bytes(spoilt))
    for other in (b"", made[:-1], made + b"\0", bytes(len(made))):
        assert not verifies(members, algorithm, signed, other)
    for name in ALGORITHMS - {algorithm, "EdDSA", "Ed25519"}:
        assert not verifies(members, name, signed, made), name
    assert not verifies(public_members(new_signer(algorithm).private), algorithm, signed, made)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(bytes(32))},
        {"kty": "EC", "crv": "P-999", "x": b64(bytes(32)), "y": b64(bytes(32))},
        {"kty": "RSA", "n": "AQ", "e": "AQAB"},
        {"kty": "RSA", "n": "not base64!", "e": "AQAB"},
        {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(31))},
    ],
    ids=str,
)
def test_what_is_no_key_verifies_nothing(members: dict[str, str]) -> None:
    assert not is_public_key(members)
    assert not any(verifies(members, algorithm, b"", bytes(64)) for algorithm in ALGORITHMS)


def test_a_kept_key_set_is_read_without_computing_and_its_false_keys_verify_nothing() -> None:
    """They were looked at when it was fetched; whoever exchanged the file afterwards wins nothing."""
    signer = new_signer("ES256")
    off_curve = signer.jwk(y=b64(bytes(32)))
    read = KeySet.read(response({"keys": [off_curve]}), kept=True)
    signed = b"x"
    assert not read.keys[0].public.is_sound()
    assert not verifies(read.keys[0].public.members, "ES256", signed, signature(signer.private, "ES256", signed))
    code = (
        "import sys; from kubelogin_py.oidc.key_set import KeySet; from kubelogin_py.response import Response\n"
        "KeySet.read(Response('https://x/jwks', 200, {}, sys.argv[1].encode()), kept=True)\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('cryptography', 'jwt')])"
    )
    document = response({"keys": [signer.jwk()]}).body.decode()
    done = subprocess.run([sys.executable, "-c", code, document], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
