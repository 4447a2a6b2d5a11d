"""The table of options: exact names, types and defaults, and rows that fit together."""

from dataclasses import fields

import pytest

from kubelogin_py.cli import option_values
from kubelogin_py.cli.option import (
    CLEAN,
    COMPLETION,
    DOCTOR,
    EVERY_COMMAND,
    LOGIN,
    LOGOUT,
    PLUGIN,
    ROOT,
    SETUP,
    STATUS,
    TOKEN,
    WHOAMI,
    Option,
)
from kubelogin_py.cli.options import OPTIONS, options_of
from kubelogin_py.compat.flag_values import Value
from kubelogin_py.errors import SettingsError
from kubelogin_py.settings import Cache, Login, PkceMethod, Provider, Settings, Tls

GROUPS = {"provider": Provider, "login": Login, "cache": Cache, "tls": Tls}

# Type and default of each flag, as int128/kubelogin documents them; no-refresh-ahead, require-token-cache and provider
# are our own.
EXPECTED: dict[str, tuple[str, Value]] = {
    "provider": ("string", "auto"),
    "oidc-issuer-url": ("string", ""),
    "oidc-client-id": ("string", ""),
    "oidc-client-secret": ("string", ""),
    "oidc-client-secret-file": ("string", ""),
    "oidc-redirect-url": ("string", ""),
    "oidc-extra-scope": ("strings", ()),
    "oidc-use-access-token": ("", False),
    "oidc-request-header": ("stringToString", ()),
    "force-refresh": ("", False),
    "token-cache-dir": ("string", "~/.kube/cache/oidc-login"),
    "token-cache-storage": ("string", "disk"),
    "no-refresh-ahead": ("", False),
    "require-token-cache": ("", False),
    "certificate-authority": ("stringArray", ()),
    "certificate-authority-data": ("stringArray", ()),
    "insecure-skip-tls-verify": ("", False),
    "tls-renegotiation-once": ("", False),
    "tls-renegotiation-freely": ("", False),
    "oidc-use-pkce": ("", False),
    "oidc-pkce-method": ("string", "auto"),
    "grant-type": ("string", "auto"),
    "listen-address": ("strings", ("127.0.0.1:8000", "127.0.0.1:18000")),
    "allow-remote-callback": ("", False),
    "skip-open-browser": ("", False),
    "browser-command": ("string", ""),
    "authentication-timeout-sec": ("int", 180),
    "oidc-auth-request-extra-params": ("stringToString", ()),
    "local-server-cert": ("string", ""),
    "local-server-key": ("string", ""),
    "open-url-after-authentication": ("string", ""),
    "username": ("string", ""),
    "password": ("string", ""),
    "account": ("string", ""),
    "listen-port": ("ints", ()),
    "oidc-redirect-url-hostname": ("string", "localhost"),
    "oidc-redirect-url-authcode-keyboard": ("string", ""),
    "token-cache": ("string", ""),
    "v": ("Level", 0),
    "vmodule": ("string", ""),
    "logtostderr": ("", True),
    "alsologtostderr": ("", False),
    "stderrthreshold": ("string", "INFO"),
    "log_dir": ("string", ""),
    "log_file": ("string", ""),
    "log_file_max_size": ("uint", 1800),
    "add_dir_header": ("", False),
    "skip_headers": ("", False),
    "skip_log_headers": ("", False),
    "one_output": ("", False),
    "log_backtrace_at": ("string", ":0"),
    "legacy_stderr_threshold_behavior": ("", False),
    "alsologtostderrthreshold": ("string", "INFO"),
    "help": ("", False),
}
GLOBAL = list(EXPECTED)[list(EXPECTED).index("v") :]


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_get_token_has_the_flag(name: str, expected: tuple[str, Value]) -> None:
    row = next(row for row in options_of(PLUGIN, {}) if row.name == name)
    assert (row.kind.word, row.default) == expected


def test_get_token_has_no_other_flag() -> None:
    assert {row.name for row in options_of(PLUGIN, {})} == set(EXPECTED)


TRUST = {
    "certificate-authority",
    "certificate-authority-data",
    "insecure-skip-tls-verify",
    "tls-renegotiation-once",
    "tls-renegotiation-freely",
}
SIGN_IN = {
    "provider",
    "grant-type",
    "listen-address",
    "allow-remote-callback",
    "skip-open-browser",
    "browser-command",
    "authentication-timeout-sec",
    "oidc-auth-request-extra-params",
    "local-server-cert",
    "local-server-key",
    "open-url-after-authentication",
    "username",
    "password",
    "listen-port",
    "oidc-redirect-url-hostname",
    "oidc-redirect-url-authcode-keyboard",
}
PROVIDER = {
    "oidc-issuer-url",
    "oidc-client-id",
    "oidc-client-secret",
    "oidc-client-secret-file",
    "oidc-redirect-url",
    "oidc-extra-scope",
    "oidc-use-access-token",
    "oidc-request-header",
    "oidc-pkce-method",
    "oidc-use-pkce",
}
KUBECONFIG = {
    "kubeconfig",
    "write-kubeconfig",
    "user",
    "context",
    "cluster",
    "server",
    "cluster-certificate-authority",
    "fetch-ca",
    "ca-fingerprint",
    "exec-command",
    "use",
    "no-sign-in",
    "convert",
    "undo",
    "dry-run",
}
PLATFORM: dict[str, tuple[str, Value]] = {
    "platform": ("string", ""),
    "platform-version": ("string", ""),
    "style": ("string", ""),
    "write": ("string", ""),
    "audience": ("strings", ()),
    "username-claim": ("string", ""),
    "username-prefix": ("string", "oidc:"),
    "groups-claim": ("string", "groups"),
    "groups-prefix": ("string", "oidc:"),
    "required-claim": ("stringToString", ()),
    "admin-group": ("strings", ()),
    "admin-user": ("strings", ()),
    "view-group": ("strings", ()),
}
OF_COMMAND = {
    ROOT: {"version", "kubeconfig", "context", "user", *TRUST, *SIGN_IN},
    SETUP: {*PROVIDER, *TRUST, *SIGN_IN, *KUBECONFIG, *PLATFORM, "token-cache-dir", "token-cache-storage", "account"},
    CLEAN: {"token-cache-dir", "token-cache-storage"},
    COMPLETION: {"no-descriptions"},
    STATUS: {"token-cache-dir", "output", "kubeconfig", "context"},
    WHOAMI: {"token-cache-dir", "output", "kubeconfig", "context"},
    "help": set[str](),
    "version": set[str](),
}


@pytest.mark.parametrize(("command", "names"), OF_COMMAND.items(), ids=[name or "root" for name in OF_COMMAND])
def test_a_command_has_its_flags_the_global_ones_and_no_other(command: str, names: set[str]) -> None:
    """The flags of each of int128/kubelogin's commands: no provider flag on the root; setup has more than theirs."""
    assert {row.name for row in options_of(command, {})} == {*GLOBAL, *names}


OWN = {
    (ROOT, "kubeconfig"): ("string", ""),
    (ROOT, "context"): ("string", ""),
    (ROOT, "user"): ("string", ""),
    **{
        (SETUP, name): ("", False)
        if name in ("write-kubeconfig", "fetch-ca", "use", "no-sign-in", "convert", "undo", "dry-run")
        else ("string", "")
        for name in KUBECONFIG
    },
    **{(SETUP, name): expected for name, expected in PLATFORM.items()},
    (CLEAN, "token-cache-storage"): ("string", "auto"),
    (COMPLETION, "no-descriptions"): ("", False),
    **{(command, name): ("string", "") for command in (STATUS, WHOAMI) for name in ("kubeconfig", "context")},
    (STATUS, "output"): ("string", "table"),
    (WHOAMI, "output"): ("string", "table"),
}


@pytest.mark.parametrize("command", [ROOT, SETUP, CLEAN, COMPLETION, STATUS, WHOAMI])
def test_a_flag_is_the_same_everywhere(command: str) -> None:
    for row in options_of(command, {}):
        if row.name != "version":
            expected = OWN.get((command, row.name)) or EXPECTED[row.name]
            assert (row.kind.word, row.default) == expected, row.name


def test_names_and_letters_are_unique() -> None:
    for command in ("", *OF_COMMAND, PLUGIN):
        names = [row.name for row in options_of(command, {})]
        letters = [row.shorthand for row in options_of(command, {}) if row.shorthand]
        assert len(names) == len(set(names))
        assert sorted(letters) == ["h", "v"]


@pytest.mark.parametrize("row", [row for row in OPTIONS if row.field], ids=lambda row: row.name)
def test_a_default_becomes_the_default_of_its_field(row: Option) -> None:
    """The table and the settings can't drift apart: what is not given changes nothing."""
    group, _, name = row.field.partition(".")
    assert name in {field.name for field in fields(GROUPS[group])}
    converted = row.convert(row.default)
    if row.required or row.path or converted is option_values.UNCHANGED:
        return
    settings = Settings(Provider(issuer="", client_id=""))
    assert converted == getattr(getattr(settings, group), name)


@pytest.mark.parametrize("row", [row for row in OPTIONS if row.choices], ids=lambda row: row.name)
def test_every_choice_is_a_value(row: Option) -> None:
    # Where it is not to be chosen at all, it is empty.
    assert row.default in (*row.choices, "")
    assert [str(row.convert(choice)) for choice in row.choices] == list(row.choices)


READ_BY_THEIR_COMMAND = {"help", "version", "v", "all", "sso", "claims", *(name for _, name in OWN)}


@pytest.mark.parametrize("row", OPTIONS, ids=lambda row: row.name)
def test_a_row_has_an_effect_or_says_that_it_has_none(row: Option) -> None:
    assert row.field or row.note or row.name in READ_BY_THEIR_COMMAND
    assert bool(row.help)
    assert row.help.isascii()
    assert not row.deprecated or row.hidden
    assert set(row.commands) <= {*OF_COMMAND, PLUGIN, LOGIN, LOGOUT, TOKEN, DOCTOR, EVERY_COMMAND}


@pytest.mark.parametrize(
    "name",
    ["listen-port", "oidc-redirect-url-hostname", "oidc-redirect-url-authcode-keyboard", "token-cache"],
)
def test_a_flag_of_old_is_not_in_help_and_says_what_is_new(name: str) -> None:
    (row,) = [row for row in OPTIONS if row.name == name]
    assert row.hidden
    assert "is an old name" in row.note


def test_of_two_rows_for_one_field_the_one_that_wins_comes_last() -> None:
    """Later rows overwrite the field."""
    for field, names in {
        "login.listen_addresses": ["listen-address", "listen-port"],
        "cache.directory": ["token-cache-dir", "token-cache"],
        "tls.renegotiation": ["tls-renegotiation-freely", "tls-renegotiation-once"],
    }.items():
        assert [row.name for row in OPTIONS if row.field == field] == names


def test_the_old_pkce_flag_comes_after_the_new_one() -> None:
    """Later rows overwrite the field, and the old flag wins."""
    names = [row.name for row in OPTIONS if row.field == "provider.pkce"]
    assert names == ["oidc-pkce-method", "oidc-use-pkce"]
    assert option_values.forced_pkce(True) is PkceMethod.S256


CACHE_DIRECTORIES = {
    "unset": ({}, "~/.kube/cache/oidc-login"),
    "set": ({"KUBECACHEDIR": "/var/cache/kube"}, "/var/cache/kube/oidc-login"),
    "set-but-empty": ({"KUBECACHEDIR": ""}, "oidc-login"),
    "with-tilde": ({"KUBECACHEDIR": "~/kube"}, "~/kube/oidc-login"),
}


@pytest.mark.parametrize(("environment", "default"), CACHE_DIRECTORIES.values(), ids=CACHE_DIRECTORIES)
def test_the_default_cache_directory_follows_the_environment(environment: dict[str, str], default: str) -> None:
    row = next(row for row in options_of(PLUGIN, environment) if row.name == "token-cache-dir")
    assert row.default == default


SCOPES = {
    "none": ((), ()),
    "list": (("email", "profile"), ("email", "profile")),
    "blanks": (("openid profile groups email",), ("profile", "groups", "email")),
    "comma-and-blank": (("email", " profile"), ("email", "profile")),
    "comma-inside": (("a,b",), ("a", "b")),
    "tabs-and-line-ends": (("a\tb\n c ",), ("a", "b", "c")),
    "twice": (("email", "groups email"), ("email", "groups")),
    "openid-only": (("openid",), ()),
    "empty": (("", " "), ()),
}


@pytest.mark.parametrize(("values", "scopes"), SCOPES.values(), ids=SCOPES)
def test_scopes_are_split_at_commas_and_white_space(values: tuple[str, ...], scopes: tuple[str, ...]) -> None:
    assert option_values.scopes(values) == scopes


HEADERS = {
    "none": (),
    "origin": (("Origin", "http://localhost"),),
    "order-kept": (("X-B", "2"), ("X-A", "1")),
    "authorization": (("Authorization", "Basic YTpi"),),
    "inner-blank": (("X", "a b\tc"),),
    "empty-value": (("X", ""),),
    "one-character": (("X", "1"),),
}


@pytest.mark.parametrize("pairs", HEADERS.values(), ids=HEADERS)
def test_header_fields_pass_unchanged(pairs: tuple[tuple[str, str], ...]) -> None:
    assert option_values.request_headers(pairs) == pairs


BAD_HEADERS = {
    "B-90-value-line-feed": ("X", "canary\nX-Evil: 1"),
    "B-90-value-carriage-return": ("X", "canary\rX-Evil: 1"),
    "B-90-value-line-end-last": ("X", "canary\n"),
    "B-90-name-line-end": ("X\r\nEvil", "canary"),
    "B-90-name-blank": ("X Y", "canary"),
    "B-90-name-colon": ("X:", "canary"),
    "B-90-name-empty": ("", "canary"),
    "B-90-host": ("Host", "canary"),
    "B-90-length": ("content-LENGTH", "canary"),
    "B-90-encoding": ("Transfer-Encoding", "canary"),
    "B-90-connection": ("Connection", "canary"),
    "nul": ("X", "canary\x00"),
    "leading-blank": ("X", " canary"),
    "beyond-ascii": ("X", "canaryé"),
}


@pytest.mark.parametrize(("name", "value"), BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_header_field_that_could_change_the_request_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        option_values.request_headers((("Good", "1"), (name, value)))
    assert "canary" not in caught.value.message
    assert "\n" not in caught.value.message
    assert "\r" not in caught.value.message


TIMEOUTS = {180: 180.0, 1: 1.0, 0: 0.0, -5: 0.0, (1 << 63) - 1: 366 * 24 * 3600.0}


@pytest.mark.parametrize(("seconds", "timeout"), TIMEOUTS.items(), ids=map(str, TIMEOUTS))
def test_a_timeout_is_within_what_timers_can_do(seconds: int, timeout: float) -> None:
    assert option_values.timeout(seconds) == timeout
