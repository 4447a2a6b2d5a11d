"""``setup``: help without a provider; otherwise claims and a command that three readers understand."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubelogin_py.cli.option import PLUGIN
from kubelogin_py.cli.options import options_of
from kubelogin_py.compat import pflag
from kubelogin_py.errors import SignInError
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.settings import GrantType, Storage
from tests.cli.calls import CLAIMS, Application, Credential, Outcome, call, raising
from tests.support.environment import clean

PROVIDER = ("--oidc-issuer-url=https://id.example.com", "--oidc-client-id=kubernetes")
SETUP = ("setup", *PROVIDER)

WHOLE = """\
Authentication in progress...
## Authenticated with the OpenID Connect Provider

You got the token with the following claims:

```
{
  "iss": "https://id.example.com",
  "sub": "alice-id",
  "aud": "kubernetes",
  "exp": 1577840400,
  "iat": 1577836800
}
```

## Set up the kubeconfig

You can run the following command to set up the kubeconfig:

```
kubectl config set-credentials oidc \\
  --exec-api-version=client.authentication.k8s.io/v1 \\
  --exec-interactive-mode=IfAvailable \\
  --exec-command=kubectl \\
  --exec-arg=oidc-login \\
  --exec-arg=get-token \\
  --exec-arg=--oidc-issuer-url=https://id.example.com \\
  --exec-arg=--oidc-client-id=kubernetes
```
"""


def command(err: str) -> str:
    """Return the command that was shown."""
    return err.rpartition("the kubeconfig:\n\n```\n")[2].partition("\n```")[0]


def shown(*arguments: str) -> list[str]:
    """Return what the shell makes of the command, after ``get-token``."""
    words = shlex.split(command(call(*SETUP, *arguments).err).replace("\\\n", ""))
    assert words[:4] == ["kubectl", "config", "set-credentials", "oidc"]
    return words[words.index("--exec-arg=get-token") + 1 :]


def test_everything_is_on_standard_error() -> None:
    application = Application()
    assert call(*SETUP, application=application) == Outcome(0, "", WHOLE)
    ((settings, verbosity),) = application.asked
    assert (settings.provider.issuer, verbosity) == ("https://id.example.com", 0)
    # Whoever calls it wants this sign-in, whatever became of the last one.
    assert settings.login.asked_for


def test_the_cache_is_never_used() -> None:
    application = Application()
    call(*SETUP, application=application)
    assert application.asked[0][0].cache.storage is Storage.NONE


HELP = {
    "nothing": [],
    "issuer-only": [PROVIDER[0]],
    "client-only": [PROVIDER[1]],
    "issuer-empty": ["--oidc-issuer-url=", PROVIDER[1]],
    "other-flags": ["--grant-type=device-code", "--oidc-extra-scope=email"],
}


@pytest.mark.parametrize("arguments", HELP.values(), ids=HELP)
def test_without_issuer_or_client_it_shows_its_help(arguments: list[str]) -> None:
    application = Application()
    outcome = call("setup", *arguments, application=application)
    assert (outcome.code, outcome.err, application.asked) == (0, "", [])
    assert outcome == call("setup", "--help")
    assert "Usage:\n  kubelogin setup [options]" in outcome.out


FAULTS = {
    "grant-type": (["setup", "--grant-type=x"], "error: setup: grant-type must be one of ("),
    "pkce": ([*SETUP, "--oidc-pkce-method=x"], "error: setup: oidc-pkce-method must be one of (auto|no|S256)"),
    "force-refresh": ([*SETUP, "--force-refresh"], "error: unknown flag: --force-refresh"),
}


@pytest.mark.parametrize(("arguments", "message"), FAULTS.values(), ids=FAULTS)
def test_a_bad_flag_ends_before_any_sign_in(arguments: list[str], message: str) -> None:
    application = Application()
    outcome = call(*arguments, application=application)
    assert (outcome.code, outcome.out, application.asked) == (1, "", [])
    assert outcome.err.startswith(message)
    assert outcome.err.count("\n") == 1


def test_a_sign_in_that_fails_is_exit_code_1() -> None:
    outcome = call(*SETUP, application=Application(fails=raising(SignInError("denied"))))
    assert outcome == Outcome(1, "", "Authentication in progress...\nerror: setup: denied\n")


# Flags as the user gives them, and what the kubeconfig must have for them.
FLAGS: dict[str, tuple[list[str], list[str]]] = {
    "scopes-in-a-list": (
        ["--oidc-extra-scope=groups,email,name"],
        ["--oidc-extra-scope=groups", "--oidc-extra-scope=email", "--oidc-extra-scope=name"],
    ),
    "scopes-repeated": (
        ["--oidc-extra-scope", "email", "--oidc-extra-scope=profile"],
        ["--oidc-extra-scope=email", "--oidc-extra-scope=profile"],
    ),
    "scope-with-a-comma": (['--oidc-extra-scope="a,b",c'], ['--oidc-extra-scope="a,b"', "--oidc-extra-scope=c"]),
    "no-scope": (["--oidc-extra-scope="], []),
    "listen-addresses": (
        ["--listen-address=127.0.0.1:9090,127.0.0.1:9091"],
        ["--listen-address=127.0.0.1:9090", "--listen-address=127.0.0.1:9091"],
    ),
    "map": (
        ["--oidc-auth-request-extra-params=audience=api", "--oidc-auth-request-extra-params=ttl=86400,reauth=false"],
        [
            "--oidc-auth-request-extra-params=audience=api",
            "--oidc-auth-request-extra-params=ttl=86400",
            "--oidc-auth-request-extra-params=reauth=false",
        ],
    ),
    "map-with-a-comma": (
        ["--oidc-auth-request-extra-params=audience=api,b"],
        ["--oidc-auth-request-extra-params=audience=api,b"],
    ),
    "map-with-an-equals-sign": (
        ["--oidc-auth-request-extra-params=hint=Zm9vYg=="],
        ["--oidc-auth-request-extra-params=hint=Zm9vYg=="],
    ),
    "header": (["--oidc-request-header=Origin=http://localhost"], ["--oidc-request-header=Origin=http://localhost"]),
    "switch": (["--skip-open-browser"], ["--skip-open-browser=true"]),
    "switch-off": (["--insecure-skip-tls-verify=false"], ["--insecure-skip-tls-verify=false"]),
    "number": (["--authentication-timeout-sec=0x10"], ["--authentication-timeout-sec=16"]),
    "pkce": (["--oidc-pkce-method=S256"], ["--oidc-pkce-method=S256"]),
    "grant": (["--grant-type=device-code"], ["--grant-type=device-code"]),
    "redirect": (["--oidc-redirect-url=http://localhost:8000/"], ["--oidc-redirect-url=http://localhost:8000/"]),
    "authority": (
        ["--certificate-authority=/a b/ca.crt", "--certificate-authority=/it's"],
        ["--certificate-authority=/a b/ca.crt", "--certificate-authority=/it's"],
    ),
    "no-tilde-expansion": (["--certificate-authority=~/ca.crt"], ["--certificate-authority=~/ca.crt"]),
    "authority-data": (["--certificate-authority-data=QUJD=="], ["--certificate-authority-data=QUJD=="]),
    "renegotiation": (["--tls-renegotiation-once"], ["--tls-renegotiation-once=true"]),
    "default-given": (["--grant-type=auto"], ["--grant-type=auto"]),
    "shell-characters": (["--browser-command=$(rm -rf ~); `x` & \\ \"q\" 'p' *"], []),
    "logging-is-not-copied": (["-v1", "--logtostderr", "--vmodule=a=1"], []),
}


@pytest.mark.parametrize(("arguments", "expected"), FLAGS.values(), ids=FLAGS)
def test_get_token_receives_what_setup_was_given(arguments: list[str], expected: list[str]) -> None:
    """Through the shell's quotes and kubectl's CSV to the same values."""
    words = [_field(word) for word in shown(*arguments)]
    assert words[:2] == list(PROVIDER)
    if expected or "browser" not in arguments[0]:
        assert words[2:] == expected
    rows = options_of(PLUGIN, {})
    logging = ("-v1", "--logtostderr", "--vmodule=a=1")
    wanted = pflag.parse(rows, [*PROVIDER, *(word for word in arguments if word not in logging)])
    assert pflag.parse(rows, words).values == wanted.values


WEIRD = ['a="b"', 'a=1,"b=x"""', 'a=","', 'a=1,"b=x,y=z"', "a=é", 'a="', "a=", '"a=1,2",b=3']


@pytest.mark.parametrize("text", WEIRD)
def test_any_pair_is_read_back_as_itself(text: str) -> None:
    rows = options_of(PLUGIN, {})
    flag = f"--oidc-auth-request-extra-params={text}"
    words = [_field(word) for word in shown(flag)]
    name = "oidc-auth-request-extra-params"
    assert pflag.parse(rows, words).pairs(name) == pflag.parse(rows, [flag]).pairs(name)


def _field(word: str) -> str:
    """Return what kubectl makes of one ``--exec-arg``."""
    from kubelogin_py.compat.comma_separated import read_record

    name, _, text = word.partition("=")
    assert name == "--exec-arg"
    (field,) = read_record(text)
    return field


SECRETS = {
    "client-secret": (["--oidc-client-secret=canary"], ["--oidc-client-secret=YOUR_CLIENT_SECRET"]),
    "header": (
        ["--oidc-request-header=Authorization=canary", "--oidc-request-header=Origin=x"],
        ["--oidc-request-header=Authorization=YOUR_AUTHORIZATION", "--oidc-request-header=Origin=x"],
    ),
    "header-of-ones-own": (
        ["--oidc-request-header=X-Api-Key=canary"],
        ["--oidc-request-header=X-Api-Key=YOUR_X_API_KEY"],
    ),
    "param": (
        ["--oidc-auth-request-extra-params=client_secret=canary"],
        ["--oidc-auth-request-extra-params=client_secret=YOUR_CLIENT_SECRET"],
    ),
}


@pytest.mark.parametrize(("arguments", "expected"), SECRETS.values(), ids=SECRETS)
def test_b_79_a_secret_is_never_printed(arguments: list[str], expected: list[str]) -> None:
    application = Application()
    outcome = call(*SETUP, *arguments, application=application)
    assert "canary" not in outcome.err + outcome.out
    assert [_field(word) for word in shown(*arguments)][2:] == expected
    assert outcome.err.splitlines()[-1].startswith("note: secrets are not shown; put yours in place of YOUR_")
    assert "canary" in repr((application.asked[0][0].provider.client_secret and "canary") or application.asked)


def test_an_empty_secret_needs_no_placeholder() -> None:
    outcome = call(*SETUP, "--oidc-client-secret=")
    assert "YOUR_" not in outcome.err


def test_a_value_that_looks_like_a_placeholder_is_none() -> None:
    assert "note: secrets" not in call("setup", PROVIDER[0], "--oidc-client-id=YOUR_CLIENT_ID").err


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("\x1b]0;x\x07", "\\u001b]0;x\\u0007"),
        ("\u202e", "\\u202e"),
        ("\x7f\x9b", "\\u007f\\u009b"),
        ("José", "Jos\\u00e9"),
    ],
    ids=["escape", "direction", "delete", "beyond-ascii"],
)
def test_claims_can_t_speak_to_the_terminal(value: str, text: str) -> None:
    claims = Claims.read({**CLAIMS, "name": value, "groups": [value], "nested": {value: [1, None, True]}})
    outcome = call(*SETUP, application=Application(Credential(claims=claims)))
    assert outcome.err.isascii()
    assert re.sub(r"[ -~\n]", "", outcome.err) == ""
    assert f'"name": "{text}"' in outcome.err


def test_flags_can_t_speak_to_the_terminal() -> None:
    outcome = call(*SETUP, "--browser-command=\x1b]0;x\x07\n\u202e")
    assert re.sub(r"[ -~\n]", "", outcome.err) == ""


def test_a_token_without_claims_is_said_to_be_one() -> None:
    outcome = call(*SETUP, application=Application(Credential(claims=None)))
    assert outcome.code == 0
    assert "You got an access token" in outcome.err
    assert "kubectl config set-credentials oidc" in outcome.err


def test_the_grant_is_the_one_chosen() -> None:
    application = Application()
    call(*SETUP, "--grant-type=device-code", "-v2", application=application)
    ((settings, verbosity),) = application.asked
    assert (settings.login.grant_type, verbosity) == (GrantType.DEVICE_CODE, 2)


@pytest.mark.required("kubectl")
def test_kubectl_writes_what_was_meant(tmp_path: Path) -> None:
    """The command as a person pastes it, through a real shell and a real kubectl."""
    arguments = [
        "--oidc-extra-scope=groups,email",
        "--oidc-auth-request-extra-params=audience=api,b",
        "--oidc-auth-request-extra-params=hint=Zm9vYg==",
        '--certificate-authority=/it\'s a "$HOME"/ca.crt',
        "--grant-type=device-code",
        "--skip-open-browser",
    ]
    config = tmp_path / "config"
    script = command(call(*SETUP, *arguments).err)
    env = clean(tmp_path / "home", KUBECONFIG=str(config))
    subprocess.run(["/bin/sh", "-ec", script], env=env, check=True, timeout=30, capture_output=True)
    (entry,) = yaml.safe_load(config.read_text(encoding="utf-8"))["users"]
    found: dict[str, Any] = entry["user"]["exec"]
    assert entry["name"] == "oidc"
    assert (found["apiVersion"], found["interactiveMode"]) == ("client.authentication.k8s.io/v1", "IfAvailable")
    assert found["command"] == "kubectl"
    assert found["args"][:2] == ["oidc-login", "get-token"]
    rows = options_of(PLUGIN, {})
    assert pflag.parse(rows, found["args"][2:]).values == pflag.parse(rows, [*PROVIDER, *arguments]).values
