"""The verdict says what the stand-in API server does, which judges by Kubernetes' rules with another JWT library.

Both were held against the API server's own code (k8s.io/apiserver 0.37.2, its OIDC authenticator) on these tokens.
"""

import importlib
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from kubelogin_py.kubernetes import platform_files
from kubelogin_py.kubernetes.jwt_authenticator import JwtAuthenticator
from kubelogin_py.kubernetes.platform import Platform, choose
from kubelogin_py.kubernetes.received_token import ReceivedToken
from kubelogin_py.kubernetes.verdict import accepted, judge
from kubelogin_py.secret import Secret
from tests.support.providers import DEMO

ISSUER = "https://id.example.com"
KEYS = {
    "RS256": RSAKey.generate_key(2048, {"kid": "RS256"}),
    "PS512": RSAKey.generate_key(2048, {"kid": "PS512"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "ES384"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "EdDSA"}),
}
SERVERS = {
    "subject": JwtAuthenticator(ISSUER, ("kubernetes", "shared"), required_claims=(("hd", "example.com"),)),
    "email": JwtAuthenticator(ISSUER, ("kubernetes",), username_claim="email", username_prefix="", groups_prefix=""),
    "no-groups": JwtAuthenticator(ISSUER, ("kubernetes",), groups_claim=""),
}
CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "issuer": {"iss": ISSUER + "/"},
    "no-issuer": {"iss": None},
    "audience": {"aud": "other"},
    "second-audience": {"aud": "shared"},
    "audiences": {"aud": ["other", "kubernetes"]},
    "no-audience": {"aud": None},
    "expired": {"exp": -1},
    "no-expiry": {"exp": None},
    "not-yet": {"nbf": 900},
    "soon": {"nbf": 40},
    "not-so-soon": {"nbf": 200},
    "iat-text": {"iat": "x"},
    "email-empty": {"email": ""},
    "groups-null-in-list": {"groups": ["a", None]},
    "no-subject-and-no-email": {"sub": None, "email": None},
    "no-subject": {"sub": None},
    "subject-number": {"sub": 7},
    "subject-empty": {"sub": ""},
    "no-email": {"email": None},
    "not-verified": {"email_verified": False},
    "verified-as-text": {"email_verified": "true"},
    "nothing-about-verified": {"email_verified": None},
    "groups-object": {"groups": {"admin": {}}},
    "groups-number": {"groups": 7},
    "groups-mixed": {"groups": ["a", 7]},
    "groups-text": {"groups": "a"},
    "no-groups": {"groups": None},
    "group-of-kubernetes": {"groups": ["system:masters"]},
    "user-of-kubernetes": {"sub": "system:admin", "email": "system:admin"},
    "hd": {"hd": "example.org"},
    "hd-number": {"hd": 1},
    "no-hd": {"hd": None},
}
TIMES = ("exp", "nbf")


def token(algorithm: str, changes: dict[str, Any]) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": "alice",
        "aud": "kubernetes",
        "iat": now,
        "exp": now + 600,
        "email": "alice@example.com",
        "email_verified": True,
        "groups": ["developers"],
        "hd": "example.com",
    }
    claims |= {name: now + value if name in TIMES and value else value for name, value in changes.items()}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": algorithm}, kept, KEYS[algorithm], [algorithm])


@pytest.fixture(scope="module", params=SERVERS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[JwtAuthenticator, Any, Any]:
    """Return what an API server is told, that server's authenticator, and what it raises."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(DEMO))
    configuration = importlib.import_module("api_configuration")
    refused = importlib.import_module("api_authenticator").Refused
    patch.undo()
    server = SERVERS[request.param]
    file = Path(tmp_path_factory.mktemp("told"), "authentication.yaml")
    file.write_text(platform_files.files(choose(Platform.GENERIC, "1.34"), server)[0].text, encoding="utf-8")
    authenticator = configuration.read_configuration(file).authenticator
    authenticator._keys = KeySet([*KEYS.values()])
    authenticator._key_set = lambda *, fresh: authenticator._keys
    return server, authenticator, refused


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("algorithm", KEYS)
def test_the_verdict_is_the_api_servers(told: tuple[JwtAuthenticator, Any, Any], algorithm: str) -> None:
    server, authenticator, refused = told
    for name, changes in CHANGES.items():
        text = token(algorithm, changes)
        try:
            authenticator.user(text)
            taken, reason = True, ""
        except refused as error:
            taken, reason = False, str(error)
        rows = judge(ReceivedToken.read(Secret(text)), server, now=time.time())
        assert accepted(rows) is taken, (name, reason, [row for row in rows if row.state.value == "fail"])
