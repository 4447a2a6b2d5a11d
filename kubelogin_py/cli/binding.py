"""From options to settings, by the table: no option is named here, but those that a named provider stands in for."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from kubelogin_py.cli.home import expanded, home_directory
from kubelogin_py.cli.option import Option
from kubelogin_py.cli.option_values import UNCHANGED
from kubelogin_py.compat.flag_values import Value
from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.errors import SettingsError, UsageError
from kubelogin_py.settings import PROFILE_BY_ISSUER, Cache, Login, Provider, Settings, Tls

_SCOPES, _PARAMS = "oidc-extra-scope", "oidc-auth-request-extra-params"


def check_required(rows: Iterable[Option], parsed: Parsed) -> None:
    """Make sure every mandatory option has a value.

    :raises UsageError: naming the first that is missing.
    """
    for row in rows:
        if row.required and not parsed.values[row.name]:
            raise UsageError(f"--{row.name} is missing")


def check_choices(rows: Iterable[Option], parsed: Parsed) -> None:
    """Make sure every option with choices has one of them.

    :raises SettingsError: naming the first that has not.
    """
    for row in rows:
        # What nobody said may be nothing.
        if row.choices and parsed.values[row.name] not in (*row.choices, row.default):
            raise SettingsError(f"{row.name} must be one of ({'|'.join(row.choices)})")


def settings_of(
    rows: Iterable[Option],
    parsed: Parsed,
    environment: Mapping[str, str],
    *,
    provider: Provider | None = None,
    tilde: bool = True,
) -> Settings:
    """Return the settings that the command line asks for.

    :param environment: for the home directory.
    :param provider: what is known from elsewhere, for a command that is not told the provider.
    :param tilde: whether ``~`` stands for the home directory.
    :raises SettingsError: a value is not one of its choices, or can't be used.
    """
    groups = values_of(rows, parsed, environment, tilde=tilde)
    chosen = replace(provider, **groups["provider"]) if provider else Provider(**groups["provider"])
    return Settings(
        provider=chosen if chosen.profile == PROFILE_BY_ISSUER else _completed(chosen, parsed),
        tls=Tls(**groups["tls"]),
        login=Login(**groups["login"]),
        cache=Cache(**groups["cache"]),
    )


def _completed(provider: Provider, parsed: Parsed) -> Provider:
    """Return a provider that the user named, completed; a command that has no such option finds all in a kubeconfig."""
    from kubelogin_py import providers  # noqa: PLC0415 -- for those who name one

    said = {name for name in (_SCOPES, _PARAMS) if name in parsed.given or name not in parsed.values}
    return providers.completed(provider, scopes_given=_SCOPES in said, params_given=_PARAMS in said)


def values_of(
    rows: Iterable[Option], parsed: Parsed, environment: Mapping[str, str], *, tilde: bool = True
) -> dict[str, dict[str, Any]]:
    """Return the fields of the settings that the rows set, by group and name.

    :param environment: for the home directory.
    :param tilde: whether ``~`` stands for the home directory.
    :raises SettingsError: a value is not one of its choices, or can't be used.
    """
    rows = tuple(rows)
    check_choices(rows, parsed)
    home = home_directory(environment) if tilde else None
    groups: dict[str, dict[str, Any]] = {"provider": {}, "login": {}, "cache": {}, "tls": {}}
    for row in rows:
        if not row.field:
            continue
        group, _, name = row.field.partition(".")
        converted = row.convert(_usable(row, parsed.values[row.name], home))
        if converted is not UNCHANGED:
            groups[group][name] = converted
    return groups


def _usable(row: Option, value: Value, home: str | None) -> Value:
    """Return the value with paths expanded; an empty path is one not given."""
    if not row.path:
        _check_unicode(row.name, value)
        return value
    if isinstance(value, str):
        return expanded(value or str(row.default), home)
    return tuple(expanded(path, home) for path in cast("tuple[str, ...]", value))


def _check_unicode(name: str, value: object) -> None:
    """Refuse bytes that are no UTF-8: only paths may have them, everything else goes to the provider as text."""
    if isinstance(value, tuple):
        for part in value:
            _check_unicode(name, part)
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise SettingsError(f"--{name}: the value is not UTF-8") from None
