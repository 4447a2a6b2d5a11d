"""The configuration: a YAML file, the environment over it, and what neither may say."""

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml

from examples.exchange_server.configuration import FILE_LIMIT, READERS, load
from examples.exchange_server.settings import ConfigError, Rule, Settings

SEED = """
issuer_url: https://idp.example.com/application/o/talos-oidc/
client_id: your-client-id
endpoints:
  - 10.0.0.1
  - 10.0.0.2
ca_cert: talos-ca.crt
ca_key: talos-ca.key
listen: ":8443"
cert_ttl: "5m"
roles:
  - os:admin
rate_limit_requests: 10
rate_limit_window: "1m"
ip_allowlist:
  - 192.168.1.0/24
  - 10.0.0.50
"""
RBAC = """
rbac:
  rules:
    - claim: groups
      value: platform-admins
      roles:
        - os:admin
    - claim: groups
      value: developers
      roles:
        - os:reader
"""
ENVIRONMENT = {
    "TALOSCTL_OIDC_CA_CERT": "talos-ca.crt",
    "TALOSCTL_OIDC_CA_KEY": "talos-ca.key",
    "TALOSCTL_OIDC_ISSUER_URL": "https://idp.example.com/application/o/talos-oidc/",
    "TALOSCTL_OIDC_CLIENT_ID": "client-from-environment",
    "TALOSCTL_OIDC_ENDPOINTS": "10.0.0.1, 10.0.0.2",
}

Load = Callable[..., Settings]


@pytest.fixture
def warnings() -> list[str]:
    """What was warned of."""
    return []


@pytest.fixture
def read(tmp_path: Path, warnings: list[str]) -> Load:
    """Load a text as the file, with an environment."""

    def load_text(text: str | bytes | None = SEED, environment: Mapping[str, str] | None = None) -> Settings:
        path = tmp_path / "config.yaml"
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(str(path) if text is not None else "", environment or {}, warnings.append)

    return load_text


def test_the_file_of_the_guide_is_understood(read: Load, warnings: list[str]) -> None:
    settings = read()
    assert settings.issuer_url == "https://idp.example.com/application/o/talos-oidc/"
    assert settings.endpoints == ("10.0.0.1", "10.0.0.2")
    assert (settings.ca_cert, settings.ca_key, settings.listen) == ("talos-ca.crt", "talos-ca.key", ":8443")
    assert (settings.ttl, settings.static_roles) == (300, ("os:admin",))
    assert (settings.rate_limit_requests, settings.rate_limit_window) == (10, 60.0)
    assert settings.ip_allowlist == (ip_network("192.168.1.0/24"), ip_network("10.0.0.50"))
    assert warnings == []


def test_the_environment_of_the_guide_is_enough(read: Load, warnings: list[str]) -> None:
    more = {"LISTEN": ":8443", "CERT_TTL": "10m", "ROLES": "os:admin,os:reader", "INSECURE": "TRUE"}
    settings = read(None, ENVIRONMENT | {f"TALOSCTL_OIDC_{name}": value for name, value in more.items()})
    assert settings.endpoints == ("10.0.0.1", "10.0.0.2"), "parts are trimmed"
    assert (settings.ttl, settings.static_roles, settings.insecure) == (600, ("os:admin", "os:reader"), True)
    assert len(warnings) == 1, "insecure is warned of"


def test_the_environment_wins_over_the_file(read: Load) -> None:
    settings = read(SEED + "insecure: true\n", ENVIRONMENT | {"TALOSCTL_OIDC_INSECURE": "false"})
    assert settings.client_id == "client-from-environment"
    assert settings.insecure is False


def test_an_empty_variable_is_not_set(read: Load) -> None:
    settings = read(SEED, {"TALOSCTL_OIDC_CLIENT_ID": "", "TALOSCTL_OIDC_ROLES": "  "})
    assert (settings.client_id, settings.static_roles) == ("your-client-id", ("os:admin",))


def test_the_file_may_be_named_by_the_environment(tmp_path: Path, warnings: list[str]) -> None:
    path = tmp_path / "named.yaml"
    path.write_text(SEED)
    settings = load("", {"TALOSCTL_OIDC_CONFIG": str(path)}, warnings.append)
    assert settings.client_id == "your-client-id"
    assert warnings == []


def test_what_was_not_said_has_a_default(read: Load) -> None:
    settings = read(None, ENVIRONMENT)
    assert (settings.listen, settings.ttl, settings.static_roles) == (":8443", 300, ("os:admin",))
    assert (settings.one_use, settings.max_token_age, settings.max_ttl) == (True, 300.0, 3600.0)
    assert (settings.audit_log, settings.rate_limit_requests, settings.insecure) == ("-", 0, False)


def test_every_setting_has_a_variable(read: Load) -> None:
    """All but the rules; and every field of the settings can be set."""
    fields = set(Settings.__dataclass_fields__)
    assert fields - set(READERS) == {"rules", "split_strings"}
    assert set(READERS) <= fields


def test_an_unknown_setting_is_warned_of_and_guessed(read: Load, warnings: list[str]) -> None:
    read(SEED + "cert_tll: 1h\nnonsense: 1\n" + RBAC + "  mode: strict\n", {"TALOSCTL_OIDC_ROLLES": "os:admin"})
    told = "\n".join(warnings)
    for expected in (
        "'cert_tll'",
        "did you mean cert_ttl?",
        "'nonsense'",
        "'mode'",
        "did you mean TALOSCTL_OIDC_ROLES?",
    ):
        assert expected in told


def test_variables_of_others_are_nobodys_business(read: Load, warnings: list[str]) -> None:
    read(SEED, {"TALOSCONFIG": "x", "PATH": "/bin"})
    assert warnings == []


def test_rules_are_read_in_their_order(read: Load) -> None:
    settings = read(SEED.replace("roles:\n  - os:admin\n", "") + RBAC)
    assert settings.rules == (
        Rule("groups", "platform-admins", ("os:admin",)),
        Rule("groups", "developers", ("os:reader",)),
    )
    assert settings.static_roles == (), "with rules, nobody gets a role without one"
    assert settings.split_strings is False


@pytest.mark.parametrize("section", ["rbac: {rules: []}\n", "rbac:\n  rules:\n", "rbac: {}\n"])
def test_an_empty_list_of_rules_grants_nothing(read: Load, warnings: list[str], section: str) -> None:
    assert read(SEED.replace("roles:\n  - os:admin\n", "") + section).static_roles == ()
    assert any("nobody can get a role" in warning for warning in warnings)


def test_roles_beside_rules_are_a_fallback_that_is_warned_of(read: Load, warnings: list[str]) -> None:
    assert read(SEED + RBAC).static_roles == ("os:admin",)
    assert any("whoever matches no rule still gets os:admin" in warning for warning in warnings)


def test_no_roles_can_be_said_in_the_file(read: Load) -> None:
    assert read(SEED.replace("  - os:admin\n", "  []\n") + RBAC).static_roles == ()


def test_a_scalar_is_the_text_that_stands_there(read: Load) -> None:
    """A client identifier of digits stays what it is, leading zeros included."""
    assert read(SEED.replace("your-client-id", "007")).client_id == "007"
    assert read(SEED + "client_secret: 0x10\n").client_secret == "0x10"
    assert read(SEED + "admin_token: ~\n").admin_token == ""


def test_a_secret_may_stand_in_a_file_of_its_own(read: Load, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file\n")
    settings = read(SEED + f"client_secret: direct\nclient_secret_file: {secret}\n")
    assert settings.client_secret == "from the file"
    with pytest.raises(ConfigError, match="client_secret_file"):
        read(SEED + "client_secret_file: /does/not/exist\n")


def test_secrets_are_not_in_a_representation(read: Load) -> None:
    secrets = "client_secret: seeecret1\nca_key_data: seeecret2\nca_cert_data: x\nadmin_token: seeecret3\n"
    assert "seeecret" not in repr(read(SEED + secrets))


BAD_FILES = {
    "no YAML": ("a: [", "config.yaml line 1"),
    "a list": ("- a\n", "must be a mapping"),
    "a text": ("hello\n", "must be a mapping"),
    "a key twice": (SEED + "client_id: other\n", "'client_id' stands twice"),
    "a rule's key twice": (SEED + "rbac: {rules: [{claim: a, claim: b, value: c, roles: []}]}", "'claim' stands twice"),
    "not UTF-8": (b"client_id: \xff\xfe", "not readable as YAML"),
    "very deep": ("a: " + "[" * 800, "not readable as YAML"),
    "very large": ("#" + " " * FILE_LIMIT + "\n", "larger than 1 MiB"),
}


@pytest.mark.parametrize(("text", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_is_no_configuration_is_refused(read: Load, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(text)


def test_a_tag_calls_nothing(read: Load) -> None:
    """What a tag asks for is not made; the text behind it is just text."""
    assert read(SEED + "data_dir: !!python/name:os.getcwd data\n").data_dir == "data"
    with pytest.raises(ConfigError, match="data_dir must be one text"):
        read(SEED + "data_dir: !!python/object/apply:os.getcwd []\n")


def test_a_file_that_is_not_there_is_an_error(warnings: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"can't read /does/not/exist: No such file"):
        load("/does/not/exist", ENVIRONMENT, warnings.append)


MISSING = {
    "issuer": ("issuer_url: https://idp.example.com/application/o/talos-oidc/\n", "issuer_url is required"),
    "client": ("client_id: your-client-id\n", "client_id is required"),
    "endpoints": ("endpoints:\n  - 10.0.0.1\n  - 10.0.0.2\n", "endpoints is required"),
    "CA's key": ("ca_key: talos-ca.key\n", "key .* is missing"),
    "CA's certificate": ("ca_cert: talos-ca.crt\n", "certificate .* is missing"),
    "CA": ("ca_cert: talos-ca.crt\nca_key: talos-ca.key\n", "ca_cert and ca_key, their _data, or talos_config"),
}


@pytest.mark.parametrize(("line", "message"), MISSING.values(), ids=MISSING.keys())
def test_what_is_required_must_be_there(read: Load, line: str, message: str) -> None:
    assert line in SEED
    with pytest.raises(ConfigError, match=message):
        read(SEED.replace(line, ""))


BAD_VALUES = {
    "issuer over http": "issuer_url: http://idp.example.com",
    "issuer with a query": "issuer_url: https://idp.example.com/?a=b",
    "issuer with a fragment": "issuer_url: https://idp.example.com/#a",
    "issuer with a person": "issuer_url: https://a@idp.example.com/",
    "issuer without a scheme": "issuer_url: idp.example.com",
    "an endpoint that is a URL": "endpoints: ['https://10.0.0.1']",
    "an endpoint that is a command": "endpoints: ['$(id)']",
    "endpoints of nothing": "endpoints: ','",
    "a listener without a port": "listen: localhost",
    "a listener with a long port": "listen: ':65536'",
    "a listener without brackets": "listen: '::1:8443'",
    "a duration without a unit": "cert_ttl: 300",
    "a duration of words": "cert_ttl: five minutes",
    "a negative duration": "cert_ttl: -5m",
    "no lifetime": "cert_ttl: 0",
    "half a second": "cert_ttl: 500ms",
    "a limit of words": "rate_limit_requests: many",
    "a negative limit": "rate_limit_requests: -1",
    "a limit without a window": "rate_limit_window: 0s",
    "an address that is none": "ip_allowlist: [10.0.0.256]",
    "a prefix that is none": "trusted_proxies: [10.0.0.0/33]",
    "neither true nor false": "insecure: maybe",
    "a list for a text": "client_id: [a, b]",
    "a mapping for a text": "client_id: {a: b}",
    "a list in a list": "roles: [[os:admin]]",
    "a certificate without a key": "tls_cert: server.crt",
    "a key without a certificate": "tls_key: server.key",
    "a certificate for plain http": "{tls_cert: a, tls_key: b, insecure: true}",
    "an unknown role": "roles: [os:wizard]",
    "a malformed role": "roles: ['os: admin']",
    "a role with control characters": 'roles: ["os:\\eadmin"]',
    "the impersonator": "roles: [os:impersonator]",
    "an unknown role in a rule": "rbac: {rules: [{claim: a, value: b, roles: [admin]}]}",
    "the impersonator in a rule": "rbac: {rules: [{claim: a, value: b, roles: [os:impersonator]}]}",
    "rules that are no list": "rbac: {rules: {claim: a}}",
    "a rule that is no mapping": "rbac: {rules: [groups]}",
    "a rule without a claim": "rbac: {rules: [{value: b, roles: [os:reader]}]}",
    "a rule with an empty value": "rbac: {rules: [{claim: a, value: '', roles: [os:reader]}]}",
    "a rule with a list of values": "rbac: {rules: [{claim: a, value: [b], roles: [os:reader]}]}",
    "a rule without roles": "rbac: {rules: [{claim: a, value: b}]}",
    "rbac that is no mapping": "rbac: [a]",
    "HMAC without a secret": "allow_hmac: true",
    "HMAC with a short secret": "{allow_hmac: true, client_secret: short}",
}


@pytest.mark.parametrize("line", BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_a_value_that_makes_no_sense_is_refused(read: Load, line: str) -> None:
    """Refused when the server starts, not when somebody needs it."""
    document = yaml.load(SEED, yaml.BaseLoader) | yaml.load(line, yaml.BaseLoader)
    with pytest.raises(ConfigError):
        read(yaml.safe_dump(document))


def test_an_error_names_where_it_is(read: Load) -> None:
    with pytest.raises(ConfigError, match=r"config\.yaml: cert_ttl must be a duration"):
        read(SEED.replace('"5m"', "soon"))
    with pytest.raises(ConfigError, match="TALOSCTL_OIDC_CERT_TTL must be a duration"):
        read(SEED, {"TALOSCTL_OIDC_CERT_TTL": "soon"})
    with pytest.raises(ConfigError, match=r"config\.yaml: rule 2 needs roles"):
        read(SEED + RBAC.replace("      roles:\n        - os:reader\n", ""))


@pytest.mark.parametrize("role", ["os:impersonator", "os:something-new"])
def test_an_unusual_role_is_granted_where_the_operator_says_so_twice(read: Load, role: str) -> None:
    settings = read(SEED.replace("os:admin", role) + f"extra_roles: [{role}]\n")
    assert settings.static_roles == (role,)


ADVICE = {
    "plain http": ("insecure: true\n", "unencrypted"),
    "a secret without use": ("client_secret: x\n", "client_secret is not used"),
    "an API that is not there": ("admin_token: x\n", "admin_token is not used"),
    "a lifetime that is cut": ("max_ttl: 1m\n", "certificates live 1m0s"),
    "a secret that signs": (f"allow_hmac: true\nclient_secret: {'x' * 32}\n", "sign in as anybody"),
    "two authorities": ("talos_config: x\n", "talos_config is not used"),
}


@pytest.mark.parametrize(("line", "warning"), ADVICE.values(), ids=ADVICE.keys())
def test_what_is_risky_or_without_effect_is_warned_of(read: Load, warnings: list[str], line: str, warning: str) -> None:
    read(SEED + line)
    assert len(warnings) == 1
    assert warning in warnings[0]


def test_a_lifetime_is_never_more_than_the_most(read: Load) -> None:
    assert read(SEED.replace('"5m"', "8h")).ttl == 3600
    assert read(SEED.replace('"5m"', "8h") + "max_ttl: 24h\n").ttl == 28800
