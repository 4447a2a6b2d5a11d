"""From a command line of get-token to settings: one row per flag, value, default and environment variable."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py.cli import get_token
from kubelogin_py.cli.get_token import Request
from kubelogin_py.cli.option import PLUGIN
from kubelogin_py.cli.options import options_of
from kubelogin_py.compat import pflag
from kubelogin_py.errors import SettingsError, UsageError
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Cache, GrantType, Login, PkceMethod, Provider, Renegotiation, Settings, Storage, Tls
from tests.cli.calls import call

ISSUER = "https://issuer.example.com"
MANDATORY = ("--oidc-issuer-url", ISSUER, "--oidc-client-id", "YOUR_CLIENT_ID")
ENVIRONMENT = {"HOME": "/home/me"}
V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"


def exec_info(**spec: object) -> str:
    return json.dumps({"kind": "ExecCredential", "apiVersion": V1, "spec": spec})


def request(*arguments: str, **environment: str) -> Request:
    variables = {**ENVIRONMENT, "KUBERNETES_EXEC_INFO": exec_info(interactive=False), **environment}
    rows = options_of(PLUGIN, variables)
    return get_token.read_request(rows, pflag.parse(rows, arguments), variables)


def settings(*arguments: str, **environment: str) -> Settings:
    return request(*MANDATORY, *arguments, **environment).settings


def without_former_scopes(found: Settings) -> Settings:
    return replace(found, cache=replace(found.cache, former_scopes=None))


def expected(
    *,
    provider: dict[str, object] | None = None,
    login: dict[str, object] | None = None,
    cache: dict[str, object] | None = None,
    tls: dict[str, object] | None = None,
) -> Settings:
    """Return the default settings with some fields changed."""
    return Settings(
        provider=Provider(**{"issuer": ISSUER, "client_id": "YOUR_CLIENT_ID", **(provider or {})}),
        login=Login(**(login or {})),
        cache=Cache(**{"directory": Path("/home/me/.kube/cache/oidc-login"), **(cache or {})}),
        tls=Tls(**(tls or {})),
    )


FLAGS = {
    "Defaults": ([], expected()),
    "issuer-as-written": (["--oidc-issuer-url=HTTPS://A/b/"], expected(provider={"issuer": "HTTPS://A/b/"})),
    "client-id": (["--oidc-client-id=other"], expected(provider={"client_id": "other"})),
    "secret": (["--oidc-client-secret=S"], expected(provider={"client_secret": Secret("S")})),
    "secret-starts-with-dash": (["--oidc-client-secret", "-S"], expected(provider={"client_secret": Secret("-S")})),
    "secret-empty": (["--oidc-client-secret="], expected()),
    "redirect": (
        ["--oidc-redirect-url", "http://localhost:8000/callback"],
        expected(provider={"redirect_url": "http://localhost:8000/callback"}),
    ),
    "redirect-empty": (["--oidc-redirect-url="], expected()),
    "ExtraScopes": (
        ["--oidc-extra-scope", "email", "--oidc-extra-scope", "profile"],
        expected(provider={"extra_scopes": ("email", "profile")}),
    ),
    "scopes-list": (
        ["--oidc-extra-scope=email,profile,groups"],
        expected(provider={"extra_scopes": ("email", "profile", "groups")}),
    ),
    "scopes-kanidm": (
        ["--oidc-extra-scope", "openid profile groups email"],
        expected(provider={"extra_scopes": ("profile", "groups", "email")}),
    ),
    "scopes-blank-after-comma": (
        ["--oidc-extra-scope=email, profile"],
        expected(provider={"extra_scopes": ("email", "profile")}),
    ),
    "scopes-empty": (["--oidc-extra-scope="], expected()),
    "headers": (
        ["--oidc-request-header=Origin=http://localhost", "--oidc-request-header", "X-A=1"],
        expected(provider={"request_headers": (("Origin", "http://localhost"), ("X-A", "1"))}),
    ),
    "params": (
        ["--oidc-auth-request-extra-params=ttl=86400", "--oidc-auth-request-extra-params=reauth=false"],
        expected(provider={"extra_params": (("ttl", "86400"), ("reauth", "false"))}),
    ),
    "params-list": (
        ["--oidc-auth-request-extra-params", "b=1,a=2"],
        expected(provider={"extra_params": (("b", "1"), ("a", "2"))}),
    ),
    "params-comma-in-value": (
        ["--oidc-auth-request-extra-params=audience=api,b"],
        expected(provider={"extra_params": (("audience", "api,b"),)}),
    ),
    "grant-auto": (["--grant-type=auto"], expected()),
    "grant-authcode": (["--grant-type=authcode"], expected(login={"grant_type": GrantType.AUTHCODE})),
    "grant-keyboard": (
        ["--grant-type", "authcode-keyboard"],
        expected(login={"grant_type": GrantType.AUTHCODE_KEYBOARD}),
    ),
    "grant-device": (["--grant-type=device-code"], expected(login={"grant_type": GrantType.DEVICE_CODE})),
    "listen": (["--listen-address=127.0.0.1:9090"], expected(login={"listen_addresses": ("127.0.0.1:9090",)})),
    "listen-several": (
        ["--listen-address=127.0.0.1:1,127.0.0.1:2", "--listen-address", "[::1]:3"],
        expected(login={"listen_addresses": ("127.0.0.1:1", "127.0.0.1:2", "[::1]:3")}),
    ),
    "listen-empty": (["--listen-address="], expected(login={"listen_addresses": ("127.0.0.1:0",)})),
    "skip-open-browser": (["--skip-open-browser"], expected(login={"skip_open_browser": True})),
    "skip-open-browser-off": (["--skip-open-browser=F"], expected()),
    "browser": (["--browser-command=~/b x"], expected(login={"browser_command": "~/b x"})),
    "browser-empty": (["--browser-command="], expected()),
    "timeout": (["--authentication-timeout-sec=60"], expected(login={"authentication_timeout": 60.0})),
    "timeout-hexadecimal": (["--authentication-timeout-sec=0x10"], expected(login={"authentication_timeout": 16.0})),
    "timeout-zero": (["--authentication-timeout-sec=0"], expected(login={"authentication_timeout": 0.0})),
    "timeout-negative": (["--authentication-timeout-sec", "-1"], expected(login={"authentication_timeout": 0.0})),
    "force-refresh": (["--force-refresh"], expected(login={"force_refresh": True})),
    "cache-dir": (["--token-cache-dir=/x"], expected(cache={"directory": Path("/x")})),
    "cache-dir-home": (["--token-cache-dir", "~/.kube/c"], expected(cache={"directory": Path("/home/me/.kube/c")})),
    "cache-dir-tilde-name": (["--token-cache-dir=~bob/x"], expected(cache={"directory": Path("/home/me/bob/x")})),
    "cache-dir-relative": (["--token-cache-dir=x"], expected(cache={"directory": Path("x")})),
    "cache-dir-empty": (["--token-cache-dir="], expected()),
    "cache-dir-no-variables": (["--token-cache-dir=$HOME/x"], expected(cache={"directory": Path("$HOME/x")})),
    "storage-disk": (["--token-cache-storage=disk"], expected()),
    "storage-none": (["--token-cache-storage=none"], expected(cache={"storage": Storage.NONE})),
    "storage-keyring": (["--token-cache-storage=keyring"], expected(cache={"storage": Storage.KEYRING})),
    "storage-auto": (["--token-cache-storage=auto"], expected(cache={"storage": Storage.AUTO})),
    "pkce-auto": (["--oidc-pkce-method=auto"], expected()),
    "pkce-no": (["--oidc-pkce-method=no"], expected(provider={"pkce": PkceMethod.NO})),
    "pkce-s256": (["--oidc-pkce-method=S256"], expected(provider={"pkce": PkceMethod.S256})),
    "old-pkce": (["--oidc-use-pkce"], expected(provider={"pkce": PkceMethod.S256})),
    "old-pkce-off": (["--oidc-use-pkce=false", "--oidc-pkce-method=no"], expected(provider={"pkce": PkceMethod.NO})),
    "old-pkce-wins": (["--oidc-use-pkce", "--oidc-pkce-method=no"], expected(provider={"pkce": PkceMethod.S256})),
    "ca-files": (
        ["--certificate-authority=~/.kube/ca.crt", "--certificate-authority", "/a,b.crt"],
        expected(tls={"certificate_authorities": ("/home/me/.kube/ca.crt", "/a,b.crt")}),
    ),
    "ca-data": (
        ["--certificate-authority-data=Q0E=", "--certificate-authority-data", "Q0Ey"],
        expected(tls={"certificate_authority_data": ("Q0E=", "Q0Ey")}),
    ),
    "insecure": (["--insecure-skip-tls-verify"], expected(tls={"insecure_skip_tls_verify": True})),
    "renegotiation-once": (
        ["--tls-renegotiation-once", "--tls-renegotiation-freely"],
        expected(tls={"renegotiation": Renegotiation.ONCE}),
    ),
    "renegotiation-freely": (
        ["--tls-renegotiation-freely"],
        expected(tls={"renegotiation": Renegotiation.FREELY}),
    ),
    "renegotiation-off": (["--tls-renegotiation-once=false"], expected()),
    "access-token": (["--oidc-use-access-token"], expected(provider={"use_access_token": True})),
    "grant-password": (["--grant-type=password"], expected(login={"grant_type": GrantType.PASSWORD})),
    "grant-client": (
        ["--grant-type=client-credentials"],
        expected(login={"grant_type": GrantType.CLIENT_CREDENTIALS}),
    ),
    "username": (["--username=USER"], expected(login={"username": "USER"})),
    "username-empty": (["--username="], expected()),
    "password": (["--password", "-p"], expected(login={"password": Secret("-p")})),
    "password-empty": (["--password="], expected()),
    "local-server": (
        ["--local-server-cert=~/c.pem", "--local-server-key", "/k.pem"],
        expected(login={"local_server_cert": "/home/me/c.pem", "local_server_key": "/k.pem"}),
    ),
    "local-server-empty": (["--local-server-cert=", "--local-server-key="], expected()),
    "next-page": (
        ["--open-url-after-authentication=https://app.example.com/?a=b#c"],
        expected(login={"open_url_after_authentication": "https://app.example.com/?a=b#c"}),
    ),
    "next-page-over-http": (
        ["--open-url-after-authentication=http://app.example.com"],
        expected(login={"open_url_after_authentication": "http://app.example.com"}),
    ),
    "next-page-empty": (["--open-url-after-authentication="], expected()),
    "old-port": (["--listen-port=18000"], expected(login={"listen_addresses": ("127.0.0.1:18000",)})),
    "old-ports": (
        ["--listen-port", "8000,18000", "--listen-port=28000", "--listen-address=127.0.0.1:1"],
        expected(login={"listen_addresses": ("127.0.0.1:8000", "127.0.0.1:18000", "127.0.0.1:28000")}),
    ),
    "old-host": (["--oidc-redirect-url-hostname=127.0.0.1"], expected(provider={"redirect_host": "127.0.0.1"})),
    "old-host-empty": (["--oidc-redirect-url-hostname="], expected()),
    "old-keyboard-redirect": (
        ["--oidc-redirect-url-authcode-keyboard=http://localhost"],
        expected(provider={"keyboard_redirect_url": "http://localhost"}),
    ),
    "old-cache-file": (
        ["--token-cache=~/.kube/oidc-login.token-cache", "--token-cache-dir=/x"],
        expected(cache={"directory": Path("/home/me/.kube/oidc-login.token-cache.d")}),
    ),
    "old-cache-file-empty": (["--token-cache="], expected()),
    "klog": (["--logtostderr=false", "--vmodule=a=1", "--log_file_max_size=1", "--one_output"], expected()),
}


@pytest.mark.parametrize(("arguments", "result"), FLAGS.values(), ids=FLAGS)
def test_a_flag_becomes_a_setting(arguments: list[str], result: Settings) -> None:
    assert without_former_scopes(settings(*arguments)) == result


FORMER_SCOPES = {
    "none": ([], ()),
    "order-and-openid": (["--oidc-extra-scope=email,openid", "--oidc-extra-scope=email"], ("email", "openid", "email")),
    "blanks": (["--oidc-extra-scope=openid profile, groups"], ("openid profile", " groups")),
    "empty": (["--oidc-extra-scope="], ()),
}


@pytest.mark.parametrize(("arguments", "scopes"), FORMER_SCOPES.values(), ids=FORMER_SCOPES)
def test_the_scopes_are_known_as_they_were_given(arguments: list[str], scopes: tuple[str, ...]) -> None:
    """int128/kubelogin names its sessions by them, and puts nothing in order."""
    assert settings(*arguments).cache.former_scopes == scopes


VARIABLES = {
    "cache": ({"KUBECACHEDIR": "/var/c"}, [], Path("/var/c/oidc-login")),
    "cache-empty": ({"KUBECACHEDIR": ""}, [], Path("oidc-login")),
    "cache-tilde": ({"KUBECACHEDIR": "~/c"}, [], Path("/home/me/c/oidc-login")),
    "cache-flag-wins": ({"KUBECACHEDIR": "/var/c"}, ["--token-cache-dir=/x"], Path("/x")),
    "cache-flag-empty": ({"KUBECACHEDIR": "/var/c"}, ["--token-cache-dir="], Path("/var/c/oidc-login")),
    "home": ({"HOME": "/elsewhere"}, [], Path("/elsewhere/.kube/cache/oidc-login")),
    "no-home": ({"HOME": ""}, [], None),
    "no-home-tilde-given": ({"HOME": ""}, ["--token-cache-dir=~/x"], None),
    "no-home-needed": ({"HOME": ""}, ["--token-cache-dir=/x"], Path("/x")),
    "no-home-cache-elsewhere": ({"HOME": "", "KUBECACHEDIR": "/var/c"}, [], Path("/var/c/oidc-login")),
}


@pytest.mark.parametrize(("environment", "arguments", "directory"), VARIABLES.values(), ids=VARIABLES)
def test_the_environment_says_where_the_cache_is(
    environment: dict[str, str], arguments: list[str], directory: Path | None
) -> None:
    assert settings(*arguments, **environment).cache.directory == directory


def test_scope_has_openid_once_and_last() -> None:
    assert settings("--oidc-extra-scope=openid,email").provider.scope == "email openid"
    assert settings("--oidc-extra-scope=email,openid,email").provider.scope == "email openid"
    assert settings().provider.scope == "openid"


USAGE_FAULTS = {
    "issuer-missing": (["--oidc-client-id=a"], "--oidc-issuer-url is missing"),
    "issuer-empty": (["--oidc-issuer-url=", "--oidc-client-id=a"], "--oidc-issuer-url is missing"),
    "client-missing": (["--oidc-issuer-url=https://a"], "--oidc-client-id is missing"),
    "both-missing": ([], "--oidc-issuer-url is missing"),
    "missing-before-choices": (["--grant-type=x"], "--oidc-issuer-url is missing"),
}


@pytest.mark.parametrize(("arguments", "message"), USAGE_FAULTS.values(), ids=USAGE_FAULTS)
def test_a_mandatory_flag_may_not_be_missing(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        request(*arguments)
    assert caught.value.message == message


GRANT = "grant-type must be one of (auto|authcode|authcode-keyboard|password|device-code|client-credentials)"
STORAGE = "token-cache-storage must be one of (auto|disk|keyring|none)"
PKCE = "oidc-pkce-method must be one of (auto|no|S256)"
SETTINGS_FAULTS = {
    "grant": (["--grant-type=implicit"], GRANT),
    "grant-empty": (["--grant-type="], GRANT),
    "grant-case": (["--grant-type=Auto"], GRANT),
    "storage": (["--token-cache-storage=file"], STORAGE),
    "storage-case": (["--token-cache-storage=Auto"], STORAGE),
    "storage-empty": (["--token-cache-storage="], STORAGE),
    "pkce": (["--oidc-pkce-method=plain"], PKCE),
    "pkce-case": (["--oidc-pkce-method=s256"], PKCE),
    "pkce-empty": (["--oidc-pkce-method="], PKCE),
    "grant-before-storage": (["--oidc-pkce-method=x", "--token-cache-storage=x", "--grant-type=x"], GRANT),
    "storage-before-pkce": (["--oidc-pkce-method=x", "--token-cache-storage=x"], STORAGE),
    "choices-before-values": (["--oidc-request-header=Host=x", "--oidc-pkce-method=x"], PKCE),
    "header": (
        ["--oidc-request-header=Host=x"],
        "--oidc-request-header: Host can't be set; it is part of how requests are sent",
    ),
    "next-page-ftp": (
        ["--open-url-after-authentication=ftp://app.example.com"],
        "page to open after the sign-in is refused: ftp://app.example.com",
    ),
    "next-page-script": (
        ["--open-url-after-authentication=javascript:alert(1)"],
        "page to open after the sign-in is refused: javascript:alert(1)",
    ),
    "not-utf-8": (["--oidc-client-id=\udcff"], "--oidc-client-id: the value is not UTF-8"),
    "list-not-utf-8": (["--oidc-extra-scope=a,\udcff"], "--oidc-extra-scope: the value is not UTF-8"),
    "pair-not-utf-8": (
        ["--oidc-auth-request-extra-params=a=\udcff"],
        "--oidc-auth-request-extra-params: the value is not UTF-8",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), SETTINGS_FAULTS.values(), ids=SETTINGS_FAULTS)
def test_a_value_that_can_t_be_used_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(*arguments)
    assert caught.value.message == message
    assert not isinstance(caught.value, UsageError)


PORT_FAULTS = {
    "word": ("http", 'strconv.Atoi: parsing "http": invalid syntax'),
    "blank": ("8000, 18000", 'strconv.Atoi: parsing " 18000": invalid syntax'),
    "base": ("0x10", 'strconv.Atoi: parsing "0x10": invalid syntax'),
    "empty": ("", 'strconv.Atoi: parsing "": invalid syntax'),
    "huge": ("9" * 30, f'strconv.Atoi: parsing "{"9" * 30}": value out of range'),
}


@pytest.mark.parametrize(("text", "reason"), PORT_FAULTS.values(), ids=PORT_FAULTS)
def test_a_port_that_is_no_number_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings(f"--listen-port={text}")
    assert caught.value.message == f'invalid argument "{text}" for "--listen-port" flag: {reason}'


def test_the_password_is_masked_at_once() -> None:
    assert "hunter2" not in repr(request(*MANDATORY, "--password=hunter2"))


def test_the_client_secret_is_masked_at_once() -> None:
    assert "hunter2" not in repr(request(*MANDATORY, "--oidc-client-secret=hunter2"))


VERBOSITIES = {"none": ([], 0), "joined": (["-v1"], 1), "apart": (["-v", "2"], 2), "long": (["--v=9"], 9)}


@pytest.mark.parametrize(("arguments", "verbosity"), VERBOSITIES.values(), ids=VERBOSITIES)
def test_the_verbosity_is_a_number(arguments: list[str], verbosity: int) -> None:
    assert request(*MANDATORY, *arguments).verbosity == verbosity


EXEC_INFOS = {
    "interactive": (exec_info(interactive=True), V1, True),
    "not-interactive": (exec_info(interactive=False), V1, False),
    "by-hand": ("", V1BETA1, False),
    "old-kubectl": (json.dumps({"kind": "ExecCredential", "apiVersion": V1BETA1, "spec": {}}), V1BETA1, False),
}


@pytest.mark.parametrize(("text", "version", "interactive"), EXEC_INFOS.values(), ids=EXEC_INFOS)
def test_client_go_decides_version_and_terminal(text: str, version: str, interactive: bool) -> None:
    """Only when client-go says nothing is our own standard input looked at; in a test it is no terminal."""
    asked = request(*MANDATORY, KUBERNETES_EXEC_INFO=text)
    assert (asked.api_version, asked.settings.login.interactive) == (version, interactive)


def test_a_bad_exec_info_is_refused_after_the_flags_were_checked() -> None:
    with pytest.raises(SettingsError, match="KUBERNETES_EXEC_INFO"):
        request(*MANDATORY, KUBERNETES_EXEC_INFO="[]")
    with pytest.raises(SettingsError, match="must be one of"):
        request(*MANDATORY, "--grant-type=x", KUBERNETES_EXEC_INFO="[]")


NOTES = {
    "none": ([], []),
    "secret": (
        ["--oidc-client-secret=hunter2"],
        ["note: --oidc-client-secret is visible to the other users of this machine in the list of processes"],
    ),
    "storage-auto": (["--token-cache-storage=auto"], []),
    "storage-disk": (["--token-cache-storage=disk"], []),
    "password": (
        ["--password=hunter2"],
        ["note: --password is visible to the other users of this machine in the list of processes"],
    ),
    "old-port": (["--listen-port=1"], ["note: --listen-port is an old name: use --listen-address=127.0.0.1:PORT"]),
    "klog-once": (
        ["--one_output", "--logtostderr", "--one_output"],
        ["note: --logtostderr has no effect here", "note: --one_output has no effect here"],
    ),
    "renegotiation": (
        ["--tls-renegotiation-once"],
        [
            (
                "note: --tls-renegotiation-once has no effect here: OpenSSL decides about renegotiation, "
                "and TLS 1.3 has none"
            )
        ],
    ),
}


@pytest.mark.parametrize(("arguments", "lines"), NOTES.values(), ids=NOTES)
def test_what_has_no_effect_or_is_unwise_has_a_note(arguments: list[str], lines: list[str]) -> None:
    assert call("get-token", *MANDATORY, *arguments, "-v1").err.splitlines() == lines
    assert call("get-token", *MANDATORY, *arguments).err == ""
