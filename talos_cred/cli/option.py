"""What an option is: one row of the table of options, and how its value is found."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kubelogin_py.errors import SettingsError, UsageError
from kubelogin_py.text import printable

PREFIX = "TALOS_CRED_"
_LIST = re.compile(r"[,\s]+")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_TRUE, _FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})


class Kind(Enum):
    """Type of a value."""

    TEXT = "text"
    LIST = "list"
    FLAG = "flag"
    NUMBER = "number"
    SECONDS = "seconds"


_CALLED = {Kind.SECONDS: "time, such as 90s, 5m or 1h"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option.

    :param name: its name without dashes, also in profiles; the environment variable is made from it.
    :param kind: type of its value.
    :param help: what it does.
    :param default: value when nobody says anything.
    :param also: other names on the command line, without dashes.
    :param topic: heading it stands under.
    :param path: a leading ``~`` stands for the home directory, and a relative path is made absolute.
    :param once: about this call only: not kept for renewals, not read from profiles.
    :param secret: never kept beside the talosconfig.
    """

    name: str
    kind: Kind
    help: str
    default: Any = ""
    also: tuple[str, ...] = ()
    topic: str = "Login"
    path: bool = False
    once: bool = False
    secret: bool = False

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.upper().replace("-", "_")

    @property
    def parameter(self) -> str:
        """Its name as a Python parameter."""
        return self.name.replace("-", "_")

    def read(self, text: str, where: str) -> Any:  # noqa: ANN401 -- as many types as kinds
        """Return the value of a text.

        :param where: names the place, for a message.
        :raises UsageError: it is no such value.
        """
        if self.kind is Kind.LIST:
            return tuple(word for word in _LIST.split(text) if word)
        if self.kind is Kind.FLAG and text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        if self.kind is Kind.NUMBER and text.isascii() and text.isdecimal():
            return int(text[:9])
        if self.kind is Kind.SECONDS and (seconds := _seconds(text)) is not None:
            return seconds
        if self.kind is not Kind.TEXT:
            raise UsageError(f"{where}: {printable(text, 60)} is no {_CALLED.get(self.kind, self.kind.value)}")
        return text

    def typed(self, value: object, where: str) -> Any:  # noqa: ANN401 -- as many types as kinds
        """Return a value of the command line, where a list has several texts, each of one or more words."""
        if isinstance(value, list | tuple):
            return tuple(word for part in value for word in self.read(part, where))
        return self.read(value, where) if isinstance(value, str) else value

    def checked(self, value: object, where: str) -> Any:  # noqa: ANN401 -- as many types as kinds
        """Return a value of a profile or record, or raise ``UsageError``."""
        if isinstance(value, bool) and self.kind is Kind.FLAG:
            return value
        if isinstance(value, list | tuple) and self.kind is Kind.LIST and all(isinstance(part, str) for part in value):
            return tuple(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and self.kind in {Kind.NUMBER, Kind.SECONDS}:
            return value
        if isinstance(value, str):
            return self.read(value, where)
        raise UsageError(f"{where}: that is no {self.kind.value}")


def resolved(
    rows: tuple[Option, ...],
    given: Mapping[str, Any],
    environment: Mapping[str, str],
    *further: tuple[str, Mapping[str, Any]],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the value of every option by name, and those among them that somebody chose.

    The command line comes first, then the environment, then further places in their order, then the default.

    :param given: values of the command line by parameter; ``None`` and empty tuples for those not given.
    :param further: places such as a profile: what it is called in messages, and its values by name.
    :raises UsageError: a value is not of its type.
    """
    values: dict[str, Any] = {}
    chosen: dict[str, Any] = {}
    for row in rows:
        found = _chosen(row, given, environment, further)
        value = row.default if found is None else found
        if row.path and isinstance(value, str) and value:
            value = _absolute(value, environment)
        values[row.name] = value
        if found is not None:
            chosen[row.name] = value
    return values, chosen


def kept(rows: tuple[Option, ...], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of the chosen values for renewals: nothing secret, nothing about one call only."""
    names = {row.name for row in rows if not row.once and not row.secret}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in chosen.items() if name in names}


def _chosen(
    row: Option,
    given: Mapping[str, Any],
    environment: Mapping[str, str],
    further: tuple[tuple[str, Mapping[str, Any]], ...],
) -> Any:  # noqa: ANN401 -- as many types as kinds
    """Return the value that the nearest place gives to an option, or ``None``; an empty one gives nothing."""
    found = given.get(row.parameter)
    # A flag that is not on the command line is False there.
    if not _is_empty(found) and found is not False:
        return row.typed(found, f"--{row.name}")
    if environment.get(row.variable):
        return row.read(environment[row.variable], row.variable)
    for place, kept in () if row.once else further:
        found = row.checked(kept[row.name], f"{place}: {row.name}") if row.name in kept else None
        if not _is_empty(found):
            return found
    return None


def _is_empty(value: object) -> bool:
    return value is None or value == "" or value in ((), [])


def _seconds(text: str) -> float | None:
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def _absolute(path: str, environment: Mapping[str, str]) -> str:
    home = environment.get("HOME") or environment.get("USERPROFILE", "")
    if path == "~" or path.startswith("~/"):
        if not home:
            raise SettingsError(f"{printable(path, 100)}: no home directory is known")
        path = home + path[1:]
    return os.path.abspath(path)  # noqa: PTH100 -- pathlib keeps `..`
