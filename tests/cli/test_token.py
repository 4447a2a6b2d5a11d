"""``kubelogin token``: what is written, for scripts, and nothing else on standard output."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from kubelogin_py.errors import CoolDownError, SignInError
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.secret import Secret
from tests.cli.calls import CLAIMS, Application, Credential, call, raising

PROVIDER = ("--oidc-issuer-url=https://id.example.com", "--oidc-client-id=kubernetes")


def signed(**payload: Any) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "ES256"}, payload))
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, "c2ln"))


def test_the_token_is_the_whole_answer() -> None:
    application = Application()
    done = call("token", *PROVIDER, application=application)
    assert (done.code, done.out, done.err) == (0, "a.b.c\n", "")
    ((settings, _),) = application.asked
    assert not settings.login.asked_for
    assert settings.cache.former_scopes == ()


def test_what_it_is_as_json() -> None:
    until = time.time() + 100
    done = call("token", *PROVIDER, "--output=json", application=Application(Credential(usable_until=until)))
    found = json.loads(done.out)
    assert found.pop("usable_for") in range(95, 101)
    assert found.pop("usable_until") == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))
    assert found == {
        "kind": "id_token",
        "token": "a.b.c",
        "issuer": "https://id.example.com",
        "client_id": "kubernetes",
    }


@pytest.mark.parametrize("output", ["raw", "json"])
def test_its_claims(output: str) -> None:
    claims = Claims.read({**CLAIMS, "name": "\x1b[31m\u202eJürgen"})
    done = call(
        "token", *PROVIDER, "--claims", f"--output={output}", application=Application(Credential(claims=claims))
    )
    assert json.loads(done.out) == claims.raw
    assert done.out.isascii()
    assert "\x1b" not in done.out
    assert "a.b.c" not in done.out


def test_the_claims_of_an_access_token_are_its_own() -> None:
    token = Credential(token=Secret(signed(aud="https://api.example.com")))
    done = call("token", *PROVIDER, "--oidc-use-access-token", "--claims", application=Application(token))
    assert json.loads(done.out) == {"aud": "https://api.example.com"}
    whole = call("token", *PROVIDER, "--oidc-use-access-token", "--output=json", application=Application(token))
    assert json.loads(whole.out)["kind"] == "access_token"


def test_an_opaque_access_token_has_none() -> None:
    token = Credential(token=Secret("opaque"))
    done = call("token", *PROVIDER, "--oidc-use-access-token", "--claims", application=Application(token))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: token: the access token of https://id.example.com has no claims")
    assert "opaque" not in done.err


def test_a_context_has_the_options(tmp_path: Path) -> None:
    config = {
        "contexts": [{"name": "dev", "context": {"user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {"args": ["oidc-login", "get-token", *PROVIDER]}}}],
    }
    (tmp_path / "config").write_text(json.dumps(config))
    done = call("token", "--context=dev", environment={"KUBECONFIG": str(tmp_path / "config")})
    assert (done.code, done.out) == (0, "a.b.c\n")
    # There is no current one.
    assert call("token", environment={"KUBECONFIG": str(tmp_path / "config")}).code == 1


FAILURES = {
    "denied": (SignInError("nobody was there", hint="ask again"), "hint: ask again"),
    "resting": (CoolDownError("nobody is asked", rest=1.0), "hint: `kubelogin login` with the same options"),
}


@pytest.mark.parametrize(("error", "hint"), FAILURES.values(), ids=FAILURES)
def test_a_failure_writes_nothing(error: SignInError, hint: str) -> None:
    done = call("token", *PROVIDER, application=Application(fails=raising(error)))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: token: {error.message}\n{hint}")


def test_an_unknown_output_is_refused_before_anybody_is_asked() -> None:
    application = Application()
    done = call("token", *PROVIDER, "--output=yaml", application=application)
    assert (done.code, done.out) == (1, "")
    assert "raw|json" in done.err
    assert application.asked == []
