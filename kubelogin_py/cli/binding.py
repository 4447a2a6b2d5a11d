"""From options to settings, by the table: no option is named here."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from kubelogin_py.cli.home import expanded, home_directory
from kubelogin_py.cli.option import Option
from kubelogin_py.cli.option_values import UNCHANGED
from kubelogin_py.compat.flag_values import Value
from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.errors import SettingsError, UsageError
from kubelogin_py.settings import Cache, Login, Provider, Settings, Tls


def check_required(rows: Iterable[Option], parsed: Parsed) -> None:
    """Make sure every mandatory option has a value.

    :raises UsageError: naming the first that is missing.
    """
    for row in rows:
        if row.required and not parsed.values[row.name]:
            raise UsageError(f"--{row.name} is missing")


def settings_of(rows: Iterable[Option], parsed: Parsed, environment: Mapping[str, str]) -> Settings:
    """Return the settings that the command line asks for.

    :param environment: for the home directory.
    :raises SettingsError: a value is not one of its choices, or can't be used.
    """
    bound = [row for row in rows if row.field]
    for row in bound:
        if row.choices and parsed.values[row.name] not in row.choices:
            raise SettingsError(f"{row.name} must be one of ({'|'.join(row.choices)})")
    home = home_directory(environment)
    groups: dict[str, dict[str, Any]] = {"provider": {}, "login": {}, "cache": {}, "tls": {}}
    for row in bound:
        group, _, name = row.field.partition(".")
        converted = row.convert(_usable(row, parsed.values[row.name], home))
        if converted is not UNCHANGED:
            groups[group][name] = converted
    return Settings(
        provider=Provider(**groups["provider"]),
        tls=Tls(**groups["tls"]),
        login=Login(**groups["login"]),
        cache=Cache(**groups["cache"]),
    )


def notes(rows: Iterable[Option], parsed: Parsed) -> list[str]:
    """Return what is to be said at verbosity 1 about the options that were used, each once."""
    return [f"note: --{row.name} {row.note}" for row in rows if row.note and row.name in parsed.given]


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
