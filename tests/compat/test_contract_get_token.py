"""The flags of ``get-token``: type, default, values, environment and messages, row by row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubelogin_py.cli.option import PLUGIN
from kubelogin_py.cli.options import options_of
from kubelogin_py.settings import GrantType, PkceMethod, Renegotiation, Storage
from tests.cli.calls import Application, Outcome, call
from tests.compat.test_contract_parsing import ISSUER, MANDATORY, V1, asked

HOME_CACHE = Path("/home/me/.kube/cache/oidc-login")
DEFAULT_ADDRESSES = ("127.0.0.1:8000", "127.0.0.1:18000")
PARAMS = "oidc-auth-request-extra-params"

TYPES = {
    "oidc-issuer-url": "string",
    "oidc-client-id": "string",
    "oidc-client-secret": "string",
    "oidc-redirect-url": "string",
    "oidc-extra-scope": "strings",
    "oidc-use-access-token": "",
    "oidc-request-header": "stringToString",
    "force-refresh": "",
    "token-cache-dir": "string",
    "token-cache-storage": "string",
    "certificate-authority": "stringArray",
    "certificate-authority-data": "stringArray",
    "insecure-skip-tls-verify": "",
    "tls-renegotiation-once": "",
    "tls-renegotiation-freely": "",
    "oidc-use-pkce": "",
    "oidc-pkce-method": "string",
    "grant-type": "string",
    "listen-address": "strings",
    "skip-open-browser": "",
    "browser-command": "string",
    "authentication-timeout-sec": "int",
    "local-server-cert": "string",
    "local-server-key": "string",
    "open-url-after-authentication": "string",
    PARAMS: "stringToString",
    "username": "string",
    "password": "string",
}
"""Every flag of section 1.3 with its type."""


def of(path: str) -> Callable[[Any], object]:
    """Return a function that reads a field of the settings, a secret in clear."""

    def read(settings: Any) -> object:
        found = settings
        for name in path.split("."):
            found = getattr(found, name)
        return found.reveal() if hasattr(found, "reveal") else found

    return read


# Flag, what is given (``None`` is nothing), field, and what that becomes.
ROWS: dict[str, tuple[str, list[str], str, object]] = {
    "issuer as it is written": ("oidc-issuer-url", ["HTTPS://A/b/"], "provider.issuer", "HTTPS://A/b/"),
    "client": ("oidc-client-id", ["x"], "provider.client_id", "x"),
    "default": ("oidc-client-secret", [], "provider.client_secret", None),
    "secret": ("oidc-client-secret", ["S"], "provider.client_secret", "S"),
    "default redirect": ("oidc-redirect-url", [], "provider.redirect_url", None),
    "redirect": ("oidc-redirect-url", ["http://localhost:1/x"], "provider.redirect_url", "http://localhost:1/x"),
    "default scope": ("oidc-extra-scope", [], "provider.scope", "openid"),
    "scopes in order, openid last": ("oidc-extra-scope", ["b", "a"], "provider.scope", "b a openid"),
    "openid given, still last": ("oidc-extra-scope", ["openid,email"], "provider.scope", "email openid"),
    "default ID token": ("oidc-use-access-token", [], "provider.use_access_token", False),
    "access token": ("oidc-use-access-token", ["true"], "provider.use_access_token", True),
    "default headers": ("oidc-request-header", [], "provider.request_headers", ()),
    "header": ("oidc-request-header", ["Origin=a"], "provider.request_headers", (("Origin", "a"),)),
    "default refresh": ("force-refresh", [], "login.force_refresh", False),
    "forced refresh": ("force-refresh", ["true"], "login.force_refresh", True),
    "default directory": ("token-cache-dir", [], "cache.directory", HOME_CACHE),
    "directory": ("token-cache-dir", ["/x"], "cache.directory", Path("/x")),
    "directory at home": ("token-cache-dir", ["~/x"], "cache.directory", Path("/home/me/x")),
    "tilde and a name": ("token-cache-dir", ["~bob/x"], "cache.directory", Path("/home/me/bob/x")),
    "default storage": ("token-cache-storage", [], "cache.storage", Storage.DISK),
    "disk": ("token-cache-storage", ["disk"], "cache.storage", Storage.DISK),
    "keyring": ("token-cache-storage", ["keyring"], "cache.storage", Storage.KEYRING),
    "none": ("token-cache-storage", ["none"], "cache.storage", Storage.NONE),
    "default files": ("certificate-authority", [], "tls.certificate_authorities", ()),
    "files": ("certificate-authority", ["~/a", "/b"], "tls.certificate_authorities", ("/home/me/a", "/b")),
    "default data": ("certificate-authority-data", [], "tls.certificate_authority_data", ()),
    "data": ("certificate-authority-data", ["QQ==", "Qg=="], "tls.certificate_authority_data", ("QQ==", "Qg==")),
    "default verification": ("insecure-skip-tls-verify", [], "tls.insecure_skip_tls_verify", False),
    "no verification": ("insecure-skip-tls-verify", ["true"], "tls.insecure_skip_tls_verify", True),
    "default renegotiation": ("tls-renegotiation-once", [], "tls.renegotiation", Renegotiation.NEVER),
    "once": ("tls-renegotiation-once", ["true"], "tls.renegotiation", Renegotiation.ONCE),
    "freely": ("tls-renegotiation-freely", ["true"], "tls.renegotiation", Renegotiation.FREELY),
    "forced PKCE": ("oidc-use-pkce", ["true"], "provider.pkce", PkceMethod.S256),
    "default PKCE": ("oidc-pkce-method", [], "provider.pkce", PkceMethod.AUTO),
    "PKCE auto": ("oidc-pkce-method", ["auto"], "provider.pkce", PkceMethod.AUTO),
    "PKCE no": ("oidc-pkce-method", ["no"], "provider.pkce", PkceMethod.NO),
    "PKCE S256": ("oidc-pkce-method", ["S256"], "provider.pkce", PkceMethod.S256),
    "default grant": ("grant-type", [], "login.grant_type", GrantType.AUTO),
    **{f"grant {grant}": ("grant-type", [grant], "login.grant_type", grant) for grant in GrantType},
    "default addresses": ("listen-address", [], "login.listen_addresses", DEFAULT_ADDRESSES),
    "address": ("listen-address", ["127.0.0.1:9090"], "login.listen_addresses", ("127.0.0.1:9090",)),
    "default opening": ("skip-open-browser", [], "login.skip_open_browser", False),
    "no opening": ("skip-open-browser", ["true"], "login.skip_open_browser", True),
    "default browser": ("browser-command", [], "login.browser_command", None),
    "browser, its tilde left alone": ("browser-command", ["~/b"], "login.browser_command", "~/b"),
    "default timeout": ("authentication-timeout-sec", [], "login.authentication_timeout", 180.0),
    "timeout": ("authentication-timeout-sec", ["60"], "login.authentication_timeout", 60.0),
    "zero": ("authentication-timeout-sec", ["0"], "login.authentication_timeout", 0.0),
    "default certificate": ("local-server-cert", [], "login.local_server_cert", None),
    "certificate": ("local-server-cert", ["~/c"], "login.local_server_cert", "/home/me/c"),
    "default key": ("local-server-key", [], "login.local_server_key", None),
    "key": ("local-server-key", ["~/k"], "login.local_server_key", "/home/me/k"),
    "default page": ("open-url-after-authentication", [], "login.open_url_after_authentication", None),
    "page": (
        "open-url-after-authentication",
        ["https://example.com/success"],
        "login.open_url_after_authentication",
        "https://example.com/success",
    ),
    "default params": (PARAMS, [], "provider.extra_params", ()),
    "params": (PARAMS, ["ttl=1,a=b"], "provider.extra_params", (("ttl", "1"), ("a", "b"))),
    "default username": ("username", [], "login.username", None),
    "username": ("username", ["USER"], "login.username", "USER"),
    "default password": ("password", [], "login.password", None),
    "password": ("password", ["PASS"], "login.password", "PASS"),
}


@pytest.mark.parametrize(
    ("flag", "given", "field", "value"),
    ROWS.values(),
    ids=[f"1.3 --{flag}: {row}" for row, (flag, *_) in ROWS.items()],
)
def test_value(flag: str, given: list[str], field: str, value: object) -> None:
    assert of(field)(asked(*MANDATORY, *(f"--{flag}={text}" for text in given))) == value


@pytest.mark.parametrize(("flag", "word"), TYPES.items(), ids=[f"1.3 --{flag}: type" for flag in TYPES])
def test_type(flag: str, word: str) -> None:
    (row,) = [row for row in options_of(PLUGIN, {}) if row.name == flag]
    assert row.kind.word == word


@pytest.mark.parametrize("flag", TYPES, ids=[f"1.3 --{flag}: has a row" for flag in TYPES])
def test_every_flag_has_its_rows(flag: str) -> None:
    """A default, unless there is none, and a value."""
    given = [bool(words) for name, words, *_ in ROWS.values() if name == flag]
    mandatory = {"oidc-issuer-url", "oidc-client-id"}
    # What is not given is that of the row beside it.
    shares = {"tls-renegotiation-freely", "oidc-use-pkce"}
    assert True in given
    assert False in given or flag in mandatory | shares


WINNERS: dict[str, tuple[list[str], str, object]] = {
    "renegotiation once wins over freely": (
        ["--tls-renegotiation-freely", "--tls-renegotiation-once"],
        "tls.renegotiation",
        Renegotiation.ONCE,
    ),
    "the old PKCE flag wins over the new one": (
        ["--oidc-use-pkce", "--oidc-pkce-method=no"],
        "provider.pkce",
        PkceMethod.S256,
    ),
    "no flags exclude each other": (
        ["--grant-type=device-code", "--username=U", "--listen-address=127.0.0.1:1", "--skip-open-browser"],
        "login.grant_type",
        GrantType.DEVICE_CODE,
    ),
}


@pytest.mark.parametrize(("words", "field", "value"), WINNERS.values(), ids=[f"1.3 {row}" for row in WINNERS])
def test_together(words: list[str], field: str, value: object) -> None:
    assert of(field)(asked(*MANDATORY, *words)) == value


def failed(*words: str) -> Outcome:
    application = Application()
    outcome = call(*words, application=application, environment=V1)
    assert (outcome.code, outcome.out, application.asked) == (1, "", [])
    return outcome


GRANTS = "auto|authcode|authcode-keyboard|password|device-code|client-credentials"
BAD_GRANT, BAD_STORAGE, BAD_PKCE = "--grant-type=x", "--token-cache-storage=x", "--oidc-pkce-method=s256"

# In the order in which the faults are found: each row has all later faults as well.
MESSAGES: dict[str, tuple[list[str], str]] = {
    "stray word": (["some", BAD_GRANT], 'error: unknown command "some" for "kubelogin get-token"'),
    "no issuer": ([BAD_GRANT, BAD_STORAGE, BAD_PKCE], "error: --oidc-issuer-url is missing"),
    "empty issuer": (["--oidc-issuer-url=", BAD_GRANT], "error: --oidc-issuer-url is missing"),
    "no client": (
        [f"--oidc-issuer-url={ISSUER}", BAD_GRANT, BAD_STORAGE, BAD_PKCE],
        "error: --oidc-client-id is missing",
    ),
    "grant type": (
        [*MANDATORY[1:], BAD_GRANT, BAD_STORAGE, BAD_PKCE],
        f"error: get-token: grant-type must be one of ({GRANTS})",
    ),
    "storage": (
        [*MANDATORY[1:], BAD_STORAGE, BAD_PKCE],
        "error: get-token: token-cache-storage must be one of (auto|disk|keyring|none)",
    ),
    "PKCE method, exact case": (
        [*MANDATORY[1:], BAD_PKCE],
        "error: get-token: oidc-pkce-method must be one of (auto|no|S256)",
    ),
}


@pytest.mark.parametrize(("words", "line"), MESSAGES.values(), ids=[f"1.3 message: {row}" for row in MESSAGES])
def test_message(words: list[str], line: str) -> None:
    assert failed("get-token", *words).err.splitlines()[0] == line


def test_the_deprecated_flag_says_so_on_stderr() -> None:
    outcome = call(*MANDATORY, "--oidc-use-pkce", environment=V1)
    assert outcome.code == 0
    assert outcome.err == (
        "Flag --oidc-use-pkce has been deprecated, use --oidc-pkce-method instead. "
        "Note that PKCE is automatically enabled by default.\n"
    )


def test_the_deprecated_flag_is_not_in_help() -> None:
    outcome = call("get-token", "--help")
    assert outcome.code == 0
    assert "oidc-use-pkce" not in outcome.out
    assert "oidc-pkce-method" in outcome.out
