"""One call of the program: its environment, and what is remembered where it points."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubelogin_py.errors import OutputError, SettingsError
from talos_cred import profiles, record, wiring
from talos_cred.adapters.files import Files
from talos_cred.adapters.known_servers import config_directory
from talos_cred.cli import choices, option
from talos_cred.cli.options import LOGIN
from talos_cred.profiles import Profiles
from talos_cred.record import Record
from talos_cred.settings import DEFAULT_CONTEXT, Settings

_IDENTITY = ("provider", "oidc-issuer-url", "client-id", "server")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one login was asked to do.

    :param settings: the settings.
    :param values: the value of every option.
    :param options: what is kept for renewals.
    :param profile: the profile, or empty.
    """

    settings: Settings
    values: Mapping[str, Any]
    options: Mapping[str, Any]
    profile: str


def say(line: str) -> None:
    """Show a line to the person, on standard error; it may be closed."""
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def answer(text: str) -> None:
    """Write a command's answer to standard output.

    :raises OutputError: it did not get there.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError) as error:
        reason = (getattr(error, "strerror", None) or "it is closed").lower()
        raise OutputError(f"standard output can't be written to: {reason}") from error


def read_profiles(environment: Mapping[str, str]) -> Profiles:
    """Return the profiles of ``$TALOS_CRED_CONFIG`` or ``~/.config/talos-cred/config.yaml``; none without a file.

    :raises SettingsError: the file can't be used.
    """
    directory = config_directory(environment)
    given = environment.get("TALOS_CRED_CONFIG", "")
    path = Path(given) if given else directory / "config.yaml" if directory else None
    names = {row.name for row in LOGIN if not row.once}
    try:
        text = path.read_bytes().decode("utf-8") if path else ""
    except FileNotFoundError:
        if given:
            raise SettingsError(f"{given}: there is no such file") from None
        text = ""
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {(getattr(error, 'strerror', None) or 'not UTF-8').lower()}") from None
    return profiles.read(text, str(path), names)


def files_of(talosconfig: str, environment: Mapping[str, str]) -> Files:
    """Return the talosconfig that is meant.

    :param talosconfig: as given; empty for talosctl's own search.
    """
    given = talosconfig or environment.get("TALOS_CRED_TALOSCONFIG", "")
    return wiring.files(Path(choices.talosconfig_of(given, environment)))


def recalled(files: Files, context: str) -> Record | None:
    """Return what is remembered of a context; what can't be read is as if absent."""
    contents = files.recall("record", context)
    try:
        return record.read(contents) if contents is not None else None
    except ValueError:
        return None


def remembered(files: Files) -> list[Record]:
    """Return what is remembered of all contexts."""
    found = []
    for contents in files.remembered("record"):
        try:
            found.append(record.read(contents))
        except ValueError:
            continue
    return found


def choose(
    given: Mapping[str, Any], profile: str, environment: Mapping[str, str], read: Profiles | None = None
) -> Chosen:
    """Return what a login is asked to do: by flags, environment, profile, and for the rest by the last login.

    The last login counts only when nobody names a provider, client or server anew.

    :param given: values of the command line by parameter.
    :param read: the profiles, when they were read already.
    :raises Error: see ``errors``.
    """
    further: list[tuple[str, Mapping[str, Any]]] = []
    if profile:
        further.append((f"profile {profile}", (read or read_profiles(environment)).named(profile)))
    values, chosen = option.resolved(LOGIN, given, environment, *further)
    if not any(name in chosen for name in _IDENTITY):
        path = choices.written(values["talosconfig"], environment)
        kept = recalled(wiring.files(Path(path)), values["context-name"])
        if kept:
            profile = profile or kept.profile
            if kept.profile and not further:
                further.append((f"profile {kept.profile}", _still(kept.profile, environment)))
            further.append(("the last login", kept.options))
            values, chosen = option.resolved(LOGIN, given, environment, *further)
    settings = choices.settings_of(values, environment)
    return Chosen(settings, values, option.kept(LOGIN, chosen), profile)


def context_name(given: str | None, environment: Mapping[str, str]) -> str:
    """Return the context that is named by flag or environment, or the usual one."""
    return given or environment.get("TALOS_CRED_CONTEXT_NAME") or DEFAULT_CONTEXT


def _still(profile: str, environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Return a profile of the last login; it may be gone."""
    return read_profiles(environment).values.get(profile, {})
