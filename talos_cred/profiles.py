"""Profiles: options by name, in a file that people write.

::

    defaults:
      provider: https://id.example.com
      client-id: talos
    profiles:
      prod:
        server: https://exchange.prod.example.com:8443
        context-name: prod
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kubelogin_py.errors import SettingsError
from kubelogin_py.text import printable
from talos_cred.yaml_document import Document, NotPlainError


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles of one file.

    :param values: options by name, by profile; the defaults are merged in.
    :param shown: where they came from, for messages.
    """

    values: Mapping[str, Mapping[str, Any]]
    shown: str

    def named(self, name: str) -> Mapping[str, Any]:
        """Return a profile.

        :raises SettingsError: there is none of this name.
        """
        if name not in self.values:
            known = ", ".join(printable(known, 60) for known in self.values) or "none"
            raise SettingsError(f"there is no profile {printable(name, 60)} in {self.shown} (there are: {known})")
        return self.values[name]


def read(text: str, shown: str, options: Collection[str]) -> Profiles:
    """Return the profiles in a file's text.

    :param options: names that an option may have.
    :raises SettingsError: it is malformed, or has an option that does not exist.
    """
    try:
        members = Document(text).value or {}
    except NotPlainError as error:
        raise SettingsError(f"{shown}: {error}") from None
    if not isinstance(members, dict):
        raise SettingsError(f"{shown}: it is not a mapping")
    unknown = set(members) - {"defaults", "profiles"}
    if unknown:
        raise SettingsError(f"{shown}: {printable(min(map(str, unknown)), 60)} is neither defaults nor profiles")
    defaults = _options(members.get("defaults"), f"{shown}: defaults", options)
    profiles = _mapping(members.get("profiles"), f"{shown}: profiles")
    found = {name: {**defaults, **_options(value, f"{shown}: {name}", options)} for name, value in profiles.items()}
    for name, values in found.items():
        # A profile's own name is the natural name of its context.
        values.setdefault("context-name", name)
    return Profiles(found, shown)


def _options(value: object, where: str, options: Collection[str]) -> dict[str, Any]:
    found = _mapping(value, where)
    for name in found:
        if name not in options:
            raise SettingsError(
                f"{where}: there is no option {printable(name, 60)}", hint="see talos-cred login --help"
            )
    return found


def _mapping(value: object, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise SettingsError(f"{printable(where, 200)}: it is not a mapping")
    return value
