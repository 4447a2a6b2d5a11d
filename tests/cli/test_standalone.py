"""The program without a command: which settings come from the kubeconfig, which from the flags, and what is said."""

import os
import time
from pathlib import Path

import pytest

from kubelogin_py.cli.times import local_time
from kubelogin_py.errors import StorageError
from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType, PkceMethod, Storage
from tests.cli.calls import Application, Outcome, call, raising

NOTHING_FOUND = "error: login: could not find the current authentication provider: "


def config(name: str = "alice", **keys: str) -> str:
    keys = {"idp-issuer-url": "https://id.example.com", "client-id": "kubernetes", **keys}
    lines = "".join(f"        {key.replace('_', '-')}: {value}\n" for key, value in keys.items())
    return (
        f"current-context: c\ncontexts:\n- name: c\n  context: {{user: {name}}}\nusers:\n- name: {name}\n"
        f"  user:\n    auth-provider:\n      name: oidc\n      config:\n{lines}"
    )


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(config(), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_a_new_token_is_announced_on_standard_error(kubeconfig: Path) -> None:
    application = Application()
    outcome = call("--kubeconfig", str(kubeconfig), application=application)
    assert outcome == Outcome(0, "", "You got a valid token until 2020-01-01 01:00:00 +0000 UTC\n")
    ((settings, verbosity, path, user),) = application.asked
    assert (verbosity, path, user) == (0, kubeconfig, "alice")
    assert (settings.provider.issuer, settings.provider.client_id) == ("https://id.example.com", "kubernetes")


def test_a_token_that_is_still_good_is_not_mentioned(kubeconfig: Path) -> None:
    kubeconfig.write_text(config(id_token="a.b.c"), encoding="utf-8")
    assert call("--kubeconfig", str(kubeconfig)) == Outcome(0, "", "")


def test_the_time_is_the_persons_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    assert local_time(1577840400) == "2020-01-01 10:00:00 +0900 JST"


def test_what_the_kubeconfig_says_about_the_provider(kubeconfig: Path) -> None:
    kubeconfig.write_text(
        config(
            client_secret="hunter2",
            extra_scopes="'email,profile groups'",
            idp_certificate_authority="~/ca.crt",
            idp_certificate_authority_data="QUJD",
        ),
        encoding="utf-8",
    )
    application = Application()
    call("--kubeconfig", str(kubeconfig), application=application)
    settings = application.asked[0][0]
    assert settings.provider.client_secret == Secret("hunter2")
    assert settings.provider.scope == "email profile groups openid"
    assert settings.provider.redirect_url is None
    assert settings.provider.pkce is PkceMethod.AUTO
    assert settings.tls.certificate_authorities == ("~/ca.crt",)
    assert settings.tls.certificate_authority_data == ("QUJD",)


FLAGS = {
    "grant-type": (["--grant-type=device-code"], "login.grant_type", GrantType.DEVICE_CODE),
    "listen-address": (["--listen-address=127.0.0.1:0"], "login.listen_addresses", ("127.0.0.1:0",)),
    "skip-open-browser": (["--skip-open-browser"], "login.skip_open_browser", True),
    "browser-command": (["--browser-command=firefox"], "login.browser_command", "firefox"),
    "timeout": (["--authentication-timeout-sec=10"], "login.authentication_timeout", 10.0),
    "extra-params": (
        ["--oidc-auth-request-extra-params=ttl=1"],
        "provider.extra_params",
        (("ttl", "1"),),
    ),
    "authority": (["--certificate-authority=/a"], "tls.certificate_authorities", ("/a", "/k")),
    "authority-without-tilde-expansion": (
        ["--certificate-authority=~/a"],
        "tls.certificate_authorities",
        ("~/a", "/k"),
    ),
    "authority-data": (["--certificate-authority-data=A"], "tls.certificate_authority_data", ("A", "K")),
    "insecure": (["--insecure-skip-tls-verify"], "tls.insecure_skip_tls_verify", True),
    "renegotiation": (["--tls-renegotiation-freely"], "tls.insecure_skip_tls_verify", False),
    "cache": ([], "cache.storage", Storage.DISK),
    "asked-for": ([], "login.asked_for", True),
}


@pytest.mark.parametrize(("arguments", "field", "value"), FLAGS.values(), ids=FLAGS)
def test_flags_of_the_root(arguments: list[str], field: str, value: object, kubeconfig: Path) -> None:
    """Both lists of authorities count: the flags' and the kubeconfig's."""
    keys = {"idp-certificate-authority": "/k", "idp-certificate-authority-data": "K"}
    kubeconfig.write_text(config(**keys), encoding="utf-8")
    application = Application()
    outcome = call(*arguments, "--kubeconfig", str(kubeconfig), application=application)
    assert outcome.code == 0, outcome.err
    group, _, name = field.partition(".")
    assert getattr(getattr(application.asked[0][0], group), name) == value


UNKNOWN = [
    "--oidc-issuer-url",
    "--oidc-client-id",
    "--oidc-client-secret",
    "--oidc-extra-scope",
    "--oidc-redirect-url",
    "--oidc-request-header",
    "--oidc-pkce-method",
    "--oidc-use-pkce",
    "--oidc-use-access-token",
    "--force-refresh",
    "--token-cache-dir",
    "--token-cache-storage",
]


@pytest.mark.parametrize("flag", UNKNOWN)
def test_flags_that_the_root_does_not_have(flag: str) -> None:
    application = Application()
    outcome = call(f"{flag}=x", application=application)
    assert outcome == Outcome(1, "", f"error: unknown flag: {flag}\n")
    assert application.asked == []


def test_a_bad_value_is_found_before_the_kubeconfig_is_read() -> None:
    outcome = call("--grant-type=x", "--kubeconfig=/missing")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: invalid option: grant-type must be one of (auto|authcode|")


def test_a_stray_word_is_an_unknown_command(kubeconfig: Path) -> None:
    assert call("--kubeconfig", str(kubeconfig), "some") == Outcome(
        1, "", 'error: unknown command "some" for "kubelogin"\n'
    )


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "first", tmp_path / "second"]
    for path in paths:
        path.write_text(config(path.name), encoding="utf-8")
    return paths


CHOICES = {
    "current-context": ([], "first"),
    "context": (["--context=c"], "first"),
    "user": (["--user=second"], "second"),
    "user-over-context": (["--context=c", "--user=second"], "second"),
    "user-over-unknown-context": (["--context=x", "--user=second"], "second"),
    "empty-flags": (["--context=", "--user=", "--kubeconfig="], "first"),
}


@pytest.mark.parametrize(("arguments", "user"), CHOICES.values(), ids=CHOICES)
def test_who_signs_in(arguments: list[str], user: str, pair: list[Path]) -> None:
    application = Application()
    variables = {"KUBECONFIG": os.pathsep.join(map(str, pair))}
    outcome = call(*arguments, application=application, environment=variables)
    assert outcome.code == 0, outcome.err
    assert application.asked[0][2:] == (next(path for path in pair if path.name == user), user)


def test_the_flag_wins_over_the_variable(pair: list[Path]) -> None:
    application = Application()
    call("--kubeconfig", str(pair[1]), application=application, environment={"KUBECONFIG": str(pair[0])})
    assert application.asked[0][3] == "second"


def test_the_default_is_in_the_home_directory(tmp_path: Path) -> None:
    (tmp_path / "me" / ".kube").mkdir(parents=True)
    (tmp_path / "me" / ".kube" / "config").write_text(config(), encoding="utf-8")
    application = Application()
    assert call(application=application, environment={"HOME": str(tmp_path / "me")}).code == 0
    assert application.asked[0][2] == tmp_path / "me" / ".kube" / "config"


EXEC = (
    "current-context: c\ncontexts:\n- {name: c, context: {user: u}}\nusers:\n- {name: u, user: {exec: {command: x}}}\n"
)
MISSING = {
    "no-file": (None, "there is no kubeconfig: "),
    "no-context": ("users: []\n", 'context "" does not exist'),
    "no-user": (config().replace("{user: alice}", "{user: bob}"), 'user "bob" does not exist'),
    "not-oidc": (config().replace("name: oidc", "name: gcp"), "auth-provider.name of user "),
    "exec": (EXEC, 'auth-provider of user "u" in '),
    "no-issuer": (config(**{"idp-issuer-url": "''"}), "idp-issuer-url of user "),
    "broken": ("users: [\n", "config is not a kubeconfig: line 2: "),
}


@pytest.mark.parametrize(("text", "message"), MISSING.values(), ids=MISSING)
def test_nobody_to_sign_in_is_one_line_and_a_hint(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    application = Application()
    outcome = call("--kubeconfig", str(path), application=application)
    error = outcome.err.splitlines()[0]
    assert (outcome.code, outcome.out, application.asked) == (1, "", [])
    assert error.startswith(NOTHING_FOUND + message) or (error.startswith(NOTHING_FOUND) and message in error)
    assert text is None or path.read_text(encoding="utf-8") == text


def test_tokens_that_could_not_be_written_are_an_error(kubeconfig: Path) -> None:
    application = Application(fails=raising(StorageError("config is locked", hint="rm config.lock")))
    outcome = call("--kubeconfig", str(kubeconfig), application=application)
    assert outcome == Outcome(1, "", "error: login: config is locked\nhint: rm config.lock\n")


def test_verbosity_names_user_and_file(kubeconfig: Path) -> None:
    kubeconfig.write_text(config("'al\\e'", client_secret="canary"), encoding="utf-8")
    outcome = call("--kubeconfig", str(kubeconfig), "-v1", "--logtostderr")
    assert f'using the authentication provider of user "al\\e" in {kubeconfig}\n' in outcome.err
    assert "note: --logtostderr " in outcome.err
    assert "canary" not in outcome.err


def test_the_lock_is_kept_where_the_cache_would_be(kubeconfig: Path) -> None:
    application = Application()
    call("--kubeconfig", str(kubeconfig), application=application, environment={"KUBECACHEDIR": "/var/k"})
    assert application.asked[0][0].cache.directory == Path("/var/k/oidc-login")
