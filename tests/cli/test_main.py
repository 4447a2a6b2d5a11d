"""The command line in one process, with a sign-in of our own: streams and exit codes, row by row."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from kubelogin_py import __version__
from kubelogin_py.cli.main import main
from kubelogin_py.cli.output import Stderr, Stdout
from kubelogin_py.errors import Error, OAuthError, SettingsError, TransientError
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Settings

ISSUER = "https://issuer.example.com"
GET_TOKEN = ("get-token", f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=YOUR_CLIENT_ID")
V1 = {"KUBERNETES_EXEC_INFO": '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{}}'}
ANSWER = (
    '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false},'
    '"status":{"expirationTimestamp":"2020-01-01T01:00:00Z","token":"a.b.c"}}\n'
)


@dataclass(frozen=True)
class Credential:
    token: Secret = field(default=Secret("a.b.c"))
    usable_until: float | None = 1577840400.0
    session_key: str = "key"


@dataclass
class SignIn:
    """Obtains the same credential for everybody, and remembers what it was asked."""

    credential: Credential = field(default_factory=Credential)
    asked: list[tuple[Settings, int]] = field(default_factory=list)
    fails: Callable[[], None] = lambda: None

    def __call__(self, settings: Settings, verbosity: int) -> Credential:
        self.asked.append((settings, verbosity))
        self.fails()
        return self.credential


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


class Lines(Stderr):
    """Standard error, kept."""

    def __init__(self) -> None:
        self.text = ""

    def lines(self, texts: Iterable[str]) -> None:
        self.text += "".join(f"{text}\n" for text in texts)


def run(
    arguments: Sequence[str],
    sign_in: SignIn | None = None,
    environment: Mapping[str, str] | None = None,
    remember_answer: Callable[..., object] | None = None,
) -> Outcome:
    reading, writing = os.pipe()
    stdout, stderr = Stdout(writing), Lines()
    try:
        variables = {"HOME": "/home/me", **(environment or {})}
        code = main(
            arguments,
            variables,
            stdout=stdout,
            stderr=stderr,
            sign_in=sign_in or SignIn(),
            remember_answer=remember_answer,
        )
        stdout.close()
        with os.fdopen(reading, encoding="utf-8", closefd=False) as file:
            return Outcome(code, file.read(), stderr.text)
    finally:
        stdout.close()
        os.close(reading)


def test_get_token_writes_one_document() -> None:
    sign_in = SignIn()
    outcome = run(GET_TOKEN, sign_in, V1)
    assert outcome == Outcome(0, ANSWER, "")
    assert [(asked.provider.issuer, verbosity) for asked, verbosity in sign_in.asked] == [(ISSUER, 0)]


def test_without_exec_info_the_answer_is_v1beta1() -> None:
    version = json.loads(run(GET_TOKEN).out)["apiVersion"]
    assert version == "client.authentication.k8s.io/v1beta1"


def test_a_token_without_expiry_has_no_timestamp() -> None:
    status = json.loads(run(GET_TOKEN, SignIn(Credential(usable_until=None))).out)["status"]
    assert status == {"token": "a.b.c"}


@pytest.mark.parametrize("flag", ["-v1", "-v2", "-v9"])
def test_standard_output_is_the_same_at_any_verbosity(flag: str) -> None:
    sign_in = SignIn()
    outcome = run((*GET_TOKEN, flag), sign_in, V1)
    assert (outcome.code, outcome.out) == (0, ANSWER)
    assert sign_in.asked[0][1] == int(flag[2:])


def test_b_79_a_secret_on_the_command_line_is_warned_about_once_and_never_shown() -> None:
    """Only those who ask for the steps are told: the message would otherwise come with every kubectl command."""
    arguments = (*GET_TOKEN, "--oidc-client-secret=hunter2")
    assert run(arguments).err == ""
    told = run((*arguments, "-v1")).err
    assert told.count("--oidc-client-secret") == 1
    assert "hunter2" not in told


def test_flags_without_effect_are_accepted_and_named_once() -> None:
    arguments = (*GET_TOKEN, "--logtostderr", "--one_output=true", "--tls-renegotiation-once", "--logtostderr")
    assert run(arguments).err == ""
    told = run((*arguments, "-v1")).err.splitlines()
    assert [line.split()[1] for line in told] == ["--tls-renegotiation-once", "--logtostderr", "--one_output"]


def test_a_deprecated_flag_works_and_says_so() -> None:
    outcome = run((*GET_TOKEN, "--oidc-use-pkce"), None, V1)
    assert outcome.out == ANSWER
    assert outcome.err == (
        "Flag --oidc-use-pkce has been deprecated, use --oidc-pkce-method instead. "
        "Note that PKCE is automatically enabled by default.\n"
    )


FAILURES = {
    "issuer-missing": (["get-token"], "error: --oidc-issuer-url is missing"),
    "client-missing": (["get-token", "--oidc-issuer-url=x"], "error: --oidc-client-id is missing"),
    "grant": (
        [*GET_TOKEN, "--grant-type=x"],
        (
            "error: get-token: grant-type must be one of "
            "(auto|authcode|authcode-keyboard|password|device-code|client-credentials)"
        ),
    ),
    "storage": (
        [*GET_TOKEN, "--token-cache-storage=x"],
        "error: get-token: token-cache-storage must be one of (auto|disk|keyring|none)",
    ),
    "pkce": (
        [*GET_TOKEN, "--oidc-pkce-method=plain"],
        "error: get-token: oidc-pkce-method must be one of (auto|no|S256)",
    ),
    "unknown-flag": ([*GET_TOKEN, "--x"], "error: unknown flag: --x"),
    "unknown-flag-first": (["--x"], "error: unknown flag: --x"),
    "abbreviated": ([*GET_TOKEN, "--user=x"], "error: unknown flag: --user"),
    "unknown-short": (["-x"], "error: unknown shorthand flag: 'x' in -x"),
    "no-argument": (["get-token", "--oidc-issuer-url"], "error: flag needs an argument: --oidc-issuer-url"),
    "bad-bool": (
        [*GET_TOKEN, "--skip-open-browser=yes"],
        (
            'error: invalid argument "yes" for "--skip-open-browser" flag: '
            'strconv.ParseBool: parsing "yes": invalid syntax'
        ),
    ),
    "bool-with-a-word": (
        [*GET_TOKEN, "--skip-open-browser", "false"],
        'error: unknown command "false" for "kubelogin get-token"',
    ),
    "bad-int": (
        [*GET_TOKEN, "--authentication-timeout-sec=1m"],
        (
            'error: invalid argument "1m" for "--authentication-timeout-sec" flag: '
            'strconv.ParseInt: parsing "1m": invalid syntax'
        ),
    ),
    "bad-syntax": (["get-token", "---x"], "error: bad flag syntax: ---x"),
    "TooManyArgs-root": (["some"], 'error: unknown command "some" for "kubelogin"'),
    "TooManyArgs-get-token": (["get-token", "foo"], 'error: unknown command "foo" for "kubelogin get-token"'),
    "TooManyArgs-setup": (["setup", "foo"], 'error: unknown command "foo" for "kubelogin setup"'),
    "TooManyArgs-clean": (["clean", "foo"], 'error: unknown command "foo" for "kubelogin clean"'),
    "TooManyArgs-version": (["version", "foo"], 'error: unknown command "foo" for "kubelogin version"'),
    "words-before-missing": (["get-token", "--", "--x"], 'error: unknown command "--x" for "kubelogin get-token"'),
    "root-flag-of-get-token": (["--force-refresh"], "error: unknown flag: --force-refresh"),
    "get-token-flag-of-root": ([*GET_TOKEN, "--version"], "error: unknown flag: --version"),
    "control-characters": (["a\x1b[2J\nb"], 'error: unknown command "a\\x1b[2J\\nb" for "kubelogin"'),
}


@pytest.mark.parametrize(("arguments", "message"), FAILURES.values(), ids=FAILURES)
def test_a_usage_error_is_one_line_and_exit_code_1(arguments: list[str], message: str) -> None:
    sign_in = SignIn()
    assert run(arguments, sign_in) == Outcome(1, "", message + "\n")
    assert sign_in.asked == []


def test_b_87_a_bad_exec_info_ends_before_any_sign_in() -> None:
    sign_in = SignIn()
    outcome = run(
        GET_TOKEN, sign_in, {"KUBERNETES_EXEC_INFO": '{"apiVersion":"client.authentication.k8s.io/v1alpha1"}'}
    )
    assert outcome.code == 1
    assert outcome.out == ""
    error, hint = outcome.err.splitlines()
    assert error.endswith("invalid KUBERNETES_EXEC_INFO: unknown apiVersion: client.authentication.k8s.io/v1alpha1")
    assert error.startswith("error: get-token: ")
    assert hint.startswith("hint: ")
    assert sign_in.asked == []


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


ERRORS = {
    "transient": (
        TransientError("can't reach https://issuer.example.com: no such host", hint="check the network"),
        "error: get-token: can't reach https://issuer.example.com: no such host\nhint: check the network\n",
    ),
    "oauth": (
        OAuthError("refused: invalid_client", error="invalid_client"),
        "error: get-token: refused: invalid_client\n",
    ),
    "settings": (SettingsError("the issuer is not https"), "error: get-token: the issuer is not https\n"),
}


@pytest.mark.parametrize(("error", "text"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_the_sign_in_is_told_with_its_hint(error: Error, text: str) -> None:
    assert run(GET_TOKEN, SignIn(fails=raising(error))) == Outcome(1, "", text)


def test_ctrl_c_is_one_line_and_exit_code_130() -> None:
    assert run(GET_TOKEN, SignIn(fails=raising(KeyboardInterrupt()))) == Outcome(130, "", "error: interrupted\n")


def test_b_78_a_fault_of_ours_is_one_line_without_its_message() -> None:
    outcome = run(GET_TOKEN, SignIn(fails=raising(RuntimeError("canary"))))
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("error: internal error ")
    assert "RuntimeError" in outcome.err
    assert "canary" not in outcome.err


def test_b_78_the_traceback_is_for_those_who_ask() -> None:
    url = "https://issuer.example.com/callback?code=canary"
    outcome = run(GET_TOKEN, SignIn(fails=raising(RuntimeError(f"at {url}"))), {"KUBELOGIN_DEBUG": "1"})
    assert "Traceback (most recent call last)" in outcome.err
    assert "https://issuer.example.com/callback?***" in outcome.err
    assert "canary" not in outcome.err


def test_a_token_that_is_no_token_is_an_error() -> None:
    outcome = run(GET_TOKEN, SignIn(Credential(token=Secret("hunter2\nX-Evil: 1"))))
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: get-token: ")
    assert "hunter2" not in outcome.err


def test_version_goes_to_standard_error() -> None:
    outcome = run(["version"])
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith(f"kubelogin version {__version__} (python3.")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "some"], ["--version=true"], ["-v1", "--version"]])
def test_the_version_flag_writes_to_standard_output(arguments: list[str]) -> None:
    assert run(arguments) == Outcome(0, f"kubelogin version {__version__}\n", "")


HELPS = {
    "root": (["--help"], "kubelogin [command]"),
    "root-short": (["-h"], "kubelogin [command]"),
    "root-before-command": (["--help", "get-token"], "kubelogin [command]"),
    "get-token": (["get-token", "--help"], "kubelogin get-token"),
    "get-token-short": ([*GET_TOKEN, "-h"], "kubelogin get-token"),
    "get-token-with-words": (["get-token", "foo", "-h"], "kubelogin get-token"),
    "command": (["help"], "kubelogin [command]"),
    "command-get-token": (["help", "get-token"], "kubelogin get-token"),
    "command-version": (["help", "version"], "kubelogin version"),
    "command-unknown": (["help", "foo"], "kubelogin [command]"),
    "command-completion": (["help", "completion", "bash"], "kubelogin completion"),
    "setup": (["setup", "--help"], "kubelogin setup"),
    "clean": (["clean", "-h"], "kubelogin clean"),
    "completion": (["completion", "bash", "--help"], "kubelogin completion"),
    "help-of-help": (["help", "--help"], "kubelogin help"),
    "version": (["version", "--help"], "kubelogin version"),
}


@pytest.mark.parametrize(("arguments", "usage"), HELPS.values(), ids=HELPS)
def test_help_goes_to_standard_output(arguments: list[str], usage: str) -> None:
    sign_in = SignIn()
    outcome = run(arguments, sign_in)
    assert (outcome.code, outcome.err) == (0, "")
    assert f"Usage:\n  {usage}" in outcome.out
    assert sign_in.asked == []


def test_help_off_is_no_help() -> None:
    assert run([*GET_TOKEN, "--help=false"], None, V1).out == ANSWER


def test_a_bad_flag_counts_before_help() -> None:
    assert run(["get-token", "--help", "--x"]) == Outcome(1, "", "error: unknown flag: --x\n")


def test_b_76_an_answer_that_can_t_be_written_is_an_error() -> None:
    stderr = Lines()
    code = main(GET_TOKEN, {}, stdout=Stdout(None), stderr=stderr, sign_in=SignIn())
    assert (code, stderr.text) == (1, "error: get-token: standard output is closed\n")


def test_the_answer_is_remembered_as_it_was_written() -> None:
    kept: list[tuple[object, ...]] = []
    outcome = run((*GET_TOKEN, "-v1"), None, V1, lambda *answer: kept.append(answer))
    ((settings, verbosity, arguments, key, body),) = kept
    assert outcome.out == ANSWER
    assert (verbosity, arguments, key, body) == (1, (*GET_TOKEN, "-v1"), "key", ANSWER.encode())
    assert settings.provider.issuer == ISSUER


def test_an_answer_that_could_not_be_written_is_not_remembered() -> None:
    """kubectl did not get it, and will ask again."""
    kept: list[tuple[object, ...]] = []
    main(
        GET_TOKEN,
        {},
        stdout=Stdout(None),
        stderr=Lines(),
        sign_in=SignIn(),
        remember_answer=lambda *answer: kept.append(answer),
    )
    assert kept == []


def test_an_answer_that_can_t_be_remembered_is_still_a_success() -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("canary")

    assert run(GET_TOKEN, None, V1, fail) == Outcome(0, ANSWER, "")
    told = run((*GET_TOKEN, "-v1"), None, V1, fail)
    assert (told.code, told.out) == (0, ANSWER)
    assert told.err == "note: the answer was not kept for the next start (RuntimeError)\n"
