"""Reads the configuration: a YAML file, and environment variables that win over it."""

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import yaml

from . import values
from .policy import advise, check
from .settings import ConfigError, Rule, Settings

PREFIX = "TALOSCTL_OIDC_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
FILE_LIMIT = 1 << 20
"""Bytes of a configuration file."""

Warn = Callable[[str], None]

READERS: dict[str, values.Reader] = {
    "issuer_url": values.issuer,
    "issuer_ca": values.text,
    "client_id": values.text,
    "client_secret": values.text,
    "client_secret_file": values.text,
    "allow_hmac": values.boolean,
    "max_token_age": values.duration,
    "one_use": values.boolean,
    "endpoints": values.endpoints,
    "ca_cert": values.text,
    "ca_key": values.text,
    "ca_cert_data": values.text,
    "ca_key_data": values.text,
    "talos_config": values.text,
    "talos_endpoints": values.endpoints,
    "cert_ttl": values.duration,
    "max_ttl": values.duration,
    "roles": values.names,
    "extra_roles": values.names,
    "listen": values.text,
    "insecure": values.boolean,
    "tls_cert": values.text,
    "tls_key": values.text,
    "tls_sans": values.names,
    "data_dir": values.text,
    "audit_log": values.text,
    "admin_token": values.text,
    "rate_limit_requests": values.integer,
    "rate_limit_window": values.duration,
    "ip_allowlist": values.networks,
    "trusted_proxies": values.networks,
}
"""How each setting is read; its variable is the prefix and the name in capitals. Rules stand in the file only."""

_RBAC = "rbac"
_UNSET = ("", "~", "null", "Null", "NULL")


class _Loader(yaml.BaseLoader):
    """Reads every scalar as text, as it stands there, and refuses a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 -- PyYAML's signature
        """Return the mapping of a node."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def load(path: str, environment: Mapping[str, str], warn: Warn) -> Settings:
    """Return the settings of the file and the environment.

    :param path: YAML file; empty for none, or for the one that ``TALOSCTL_OIDC_CONFIG`` names.
    :param environment: an empty variable counts as not set.
    :param warn: is told what was not understood, or is risky.
    :raises ConfigError: something is missing, malformed or contradictory.
    """
    given = {name: value for name, value in environment.items() if value.strip()}
    path = path or given.get(CONFIG_VARIABLE, "")
    document = _document(path) if path else {}
    found = _from_file(document, path, warn) | _from_environment(given, warn)
    settings = _with_secret(Settings(**found))  # type: ignore[arg-type] # READERS give each field its type
    check(settings)
    for line in advise(settings):
        warn(line)
    return settings


def _document(path: str) -> dict[str, object]:
    try:
        with Path(path).open("rb") as file:
            content = file.read(FILE_LIMIT + 1)
        if len(content) > FILE_LIMIT:
            raise ConfigError(f"{path} is larger than {FILE_LIMIT >> 20} MiB")
        # A subclass of BaseLoader, which makes nothing but texts, lists and mappings.
        document = yaml.load(content, _Loader)
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable as YAML"
        raise ConfigError(f"{path}{where}: {problem}") from None
    if document in ("", None):
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path} must be a mapping of settings")
    return {str(name): value for name, value in document.items()}


def _from_file(document: Mapping[str, object], path: str, warn: Warn) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in document.items():
        if name == _RBAC:
            found |= _rbac(value, path, warn)
        elif name not in READERS:
            warn(_unknown(f"{path}: setting", name, [*READERS, _RBAC]))
        elif value not in _UNSET:
            found[name] = _read(READERS[name], value, f"{path}: {name}")
    return found


def _from_environment(given: Mapping[str, str], warn: Warn) -> dict[str, object]:
    variables = {PREFIX + name.upper(): name for name in READERS}
    for variable in given:
        if variable.startswith(PREFIX) and variable not in variables and variable != CONFIG_VARIABLE:
            warn(_unknown("variable", variable, variables))
    return {
        name: _read(READERS[name], given[variable], variable)
        for variable, name in variables.items()
        if variable in given
    }


def _read(reader: values.Reader, value: object, where: str) -> object:
    scalars = value if isinstance(value, list) else [value]
    if not all(isinstance(scalar, str) for scalar in scalars):
        raise ConfigError(f"{where} must be a text or a list of texts")
    try:
        return reader(value)  # type: ignore[arg-type] # looked at above
    except ValueError as error:
        raise ConfigError(f"{where} {error}") from None


def _rbac(section: object, path: str, warn: Warn) -> dict[str, object]:
    if section in _UNSET:
        return {}
    found = _mapping(section, f"{path}: rbac", ("rules", "split_strings"), warn)
    rules = found.get("rules", [])
    if rules in _UNSET:
        rules = []
    if not isinstance(rules, list):
        raise ConfigError(f"{path}: rbac.rules must be a list")
    result: dict[str, object] = {
        "rules": tuple(_rule(rule, f"{path}: rule {n}", warn) for n, rule in enumerate(rules, 1))
    }
    if "split_strings" in found:
        result["split_strings"] = _read(values.boolean, found["split_strings"], f"{path}: rbac.split_strings")
    return result


def _rule(rule: object, where: str, warn: Warn) -> Rule:
    found = _mapping(rule, where, ("claim", "value", "roles"), warn)
    claim, value = found.get("claim"), found.get("value")
    if not isinstance(claim, str) or not claim or not isinstance(value, str) or not value:
        raise ConfigError(f"{where} needs a claim and a value, both texts")
    if "roles" not in found:
        raise ConfigError(f"{where} needs roles; [] denies")
    roles = _read(values.names, found["roles"], f"{where}: roles")
    return Rule(claim, value, roles)  # type: ignore[arg-type] # what names returns


def _mapping(value: object, where: str, known: Iterable[str], warn: Warn) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a mapping")
    for name in value:
        if name not in known:
            warn(_unknown(f"{where}: setting", str(name), known))
    return value


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"{what} {name!a} is not known and has no effect" + (f"; did you mean {close[0]}?" if close else "")


def _with_secret(settings: Settings) -> Settings:
    if not settings.client_secret_file:
        return settings
    try:
        secret = Path(settings.client_secret_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"can't read client_secret_file {settings.client_secret_file}: {error}") from None
    return dataclasses.replace(settings, client_secret=secret)
