"""How int128/kubelogin reads its command line (pflag), row by row, through ours."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.calls import Application, call

ISSUER = "https://issuer.example.com"
MANDATORY = ("get-token", f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=YOUR_CLIENT_ID")
FREE_PORT = ("127.0.0.1:0",)
V1 = {"KUBERNETES_EXEC_INFO": '{"apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}'}


def asked(*words: str) -> Any:
    """Return the settings that a command line leads to."""
    application = Application()
    outcome = call(*words, application=application, environment=V1)
    assert outcome.code == 0, outcome.err
    return application.asked[0][0]


def _headers(settings: Any) -> object:
    return settings.provider.request_headers


def _params(settings: Any) -> object:
    return settings.provider.extra_params


def _scope(settings: Any) -> object:
    return settings.provider.scope


def _listen(settings: Any) -> object:
    return settings.login.listen_addresses


def _skip(settings: Any) -> object:
    return settings.login.skip_open_browser


def _timeout(settings: Any) -> object:
    return settings.login.authentication_timeout


def _authorities(settings: Any) -> object:
    return settings.tls.certificate_authorities


def _secret(settings: Any) -> object:
    return settings.provider.client_secret and settings.provider.client_secret.reveal()


def _issuer(settings: Any) -> object:
    return settings.provider.issuer


PARAMS = "--oidc-auth-request-extra-params"

READ: dict[str, tuple[list[str], Callable[[Any], object], object]] = {
    "1.2 a value as a word of its own": (["--oidc-issuer-url", "https://a"], _issuer, "https://a"),
    "1.2 a value after an equals sign": (["--oidc-issuer-url=https://a"], _issuer, "https://a"),
    "1.2 the last of several strings": (
        ["--oidc-issuer-url=https://a", "--oidc-issuer-url=https://b"],
        _issuer,
        "https://b",
    ),
    "1.2 a value that starts with a dash": (["--oidc-client-secret", "-S"], _secret, "-S"),
    "1.2 a value that looks like a flag": (
        ["--oidc-client-secret", "--skip-open-browser"],
        _secret,
        "--skip-open-browser",
    ),
    "1.2 an empty string is unset": (["--oidc-client-secret="], _secret, None),
    "1.2 two dashes end the flags": (["--oidc-client-secret=S", "--"], _secret, "S"),
    "1.2 bool: bare": (["--skip-open-browser"], _skip, True),
    **{
        f"1.2 bool: {word}": ([f"--skip-open-browser={word}"], _skip, True)
        for word in ["1", "t", "T", "TRUE", "true", "True"]
    },
    **{
        f"1.2 bool: {word}": ([f"--skip-open-browser={word}"], _skip, False)
        for word in ["0", "f", "F", "FALSE", "false", "False"]
    },
    "1.2 int: decimal": (["--authentication-timeout-sec=16"], _timeout, 16.0),
    "1.2 int: hexadecimal": (["--authentication-timeout-sec=0x10"], _timeout, 16.0),
    "1.2 int: octal": (["--authentication-timeout-sec=020"], _timeout, 16.0),
    "1.2 int: binary": (["--authentication-timeout-sec=0b10000"], _timeout, 16.0),
    "1.2 int: negative": (["--authentication-timeout-sec", "-1"], _timeout, 0.0),
    "1.2 strings: comma separated": (
        ["--listen-address=127.0.0.1:1,127.0.0.1:2"],
        _listen,
        ("127.0.0.1:1", "127.0.0.1:2"),
    ),
    "1.2 strings: repeated": (
        ["--listen-address=127.0.0.1:1", "--listen-address", "127.0.0.1:2"],
        _listen,
        ("127.0.0.1:1", "127.0.0.1:2"),
    ),
    "1.2 strings: the first use replaces the default": (["--listen-address=127.0.0.1:1"], _listen, ("127.0.0.1:1",)),
    "1.2 strings: CSV quotes": (['--oidc-extra-scope="a",b'], _scope, "a b openid"),
    "1.2 strings: empty is an empty list": (["--listen-address="], _listen, FREE_PORT),
    "1.2 strings: a scope with a leading blank": (
        ["--oidc-extra-scope=email, profile"],
        _scope,
        "email profile openid",
    ),
    "1.2 strings: an empty list of scopes": (["--oidc-extra-scope="], _scope, "openid"),
    "1.2 stringArray: commas stay": (
        ["--certificate-authority=/a,b", "--certificate-authority=/c"],
        _authorities,
        ("/a,b", "/c"),
    ),
    "1.2 stringToString: one pair": ([f"{PARAMS}=a=1"], _params, (("a", "1"),)),
    "1.2 stringToString: repeated": ([f"{PARAMS}=a=1", PARAMS, "b=2"], _params, (("a", "1"), ("b", "2"))),
    "1.2 stringToString: the later key wins": ([f"{PARAMS}=a=1", f"{PARAMS}=a=2"], _params, (("a", "2"),)),
    "1.2 stringToString: one equals sign keeps commas": (
        [f"{PARAMS}=audience=api,b"],
        _params,
        (("audience", "api,b"),),
    ),
    "1.2 stringToString: two are a list": ([f"{PARAMS}=a=1,b=2"], _params, (("a", "1"), ("b", "2"))),
    "1.2 stringToString: base64 at the end": ([f"{PARAMS}=hint=Zm9vYg=="], _params, (("hint", "Zm9vYg=="),)),
    "1.2 stringToString: header": (["--oidc-request-header=Origin=http://a"], _headers, (("Origin", "http://a"),)),
    "1.2 shorthand: -v2": (["-v2"], _skip, False),
    "1.2 shorthand: -v 2": (["-v", "2"], _skip, False),
    "1.2 shorthand: -v=2": (["-v=2"], _skip, False),
    "1.2 shorthand: --v=2": (["--v=2"], _skip, False),
}


@pytest.mark.parametrize(("words", "field", "value"), READ.values(), ids=READ)
def test_read(words: list[str], field: Callable[[Any], object], value: object) -> None:
    assert field(asked(*MANDATORY, *words)) == value


def test_flags_and_the_command_mix() -> None:
    """``kubelogin -v1 get-token …`` and flags after the command are the same call."""
    assert asked("-v1", *MANDATORY).provider.issuer == ISSUER


INVALID = 'error: invalid argument "{}" for "{}" flag: {}'

REFUSED: dict[str, tuple[list[str], str]] = {
    "1.2 no abbreviations": (["--user=x"], "error: unknown flag: --user"),
    "1.2 one dash": (["-oidc-client-id=x"], "error: unknown shorthand flag: 'o' in -oidc-client-id=x"),
    "1.2 an unknown flag": (["--x"], "error: unknown flag: --x"),
    "1.2 an unknown flag with a value": (["--x=y"], "error: unknown flag: --x"),
    "1.2 a value is missing": (["--grant-type"], "error: flag needs an argument: --grant-type"),
    "1.2 a bool takes no word of its own": (
        ["--skip-open-browser", "false"],
        'error: unknown command "false" for "kubelogin get-token"',
    ),
    "1.2 bool: yes": (
        ["--skip-open-browser=yes"],
        INVALID.format("yes", "--skip-open-browser", 'strconv.ParseBool: parsing "yes": invalid syntax'),
    ),
    "1.2 int: with a unit": (
        ["--authentication-timeout-sec=1m"],
        INVALID.format("1m", "--authentication-timeout-sec", 'strconv.ParseInt: parsing "1m": invalid syntax'),
    ),
    "1.2 stringToString: no equals sign": (
        [f"{PARAMS}=a"],
        INVALID.format("a", PARAMS, "a must be formatted as key=value"),
    ),
    "1.2 stringToString: nothing": ([f"{PARAMS}="], INVALID.format("", PARAMS, " must be formatted as key=value")),
    "1.2 stringToString: a piece without one": (
        [f"{PARAMS}=a=1,b=2,c"],
        INVALID.format("a=1,b=2,c", PARAMS, "c must be formatted as key=value"),
    ),
    "1.2 a positional word": (["some"], 'error: unknown command "some" for "kubelogin get-token"'),
    "1.2 a positional word after --": (["--", "--x"], 'error: unknown command "--x" for "kubelogin get-token"'),
}


@pytest.mark.parametrize(("words", "line"), REFUSED.values(), ids=REFUSED)
def test_refused(words: list[str], line: str) -> None:
    outcome = call(*MANDATORY, *words)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines()[0] == line
