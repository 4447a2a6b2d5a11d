"""``kubelogin logout``: give sessions back to their provider and remove what is kept of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kubelogin_py.cli import plugin_call
from kubelogin_py.cli.binding import settings_of, values_of
from kubelogin_py.cli.clean import check_directory
from kubelogin_py.cli.home import home_directory
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.option import PLUGIN
from kubelogin_py.cli.options import options_of
from kubelogin_py.cli.plugin_call import PluginCall
from kubelogin_py.cli.terminal import is_lent
from kubelogin_py.errors import Error, ProviderError, SettingsError, StorageError, UsageError
from kubelogin_py.settings import Provider, Settings
from kubelogin_py.storage.keys import session_key
from kubelogin_py.text import printable

_ENDS_BY_ITSELF = "what was kept here is gone; end the session on the provider's own pages, or let it end by itself"
_NAMING = frozenset({"context", "kubeconfig", "oidc-issuer-url", "oidc-client-id", "account"})


@dataclass(frozen=True, slots=True)
class _Leaving:
    """One session to be ended.

    :param settings: how its provider is reached.
    :param key: names it.
    :param environment: the variables of the call that it belongs to.
    """

    settings: Settings
    key: str
    environment: Mapping[str, str] = field(repr=False)


def run(invocation: Invocation) -> None:
    """End the sessions that are meant: of a context, of a provider, or all of them.

    :raises ProviderError: what was kept is gone, but a provider was not told of it.
    :raises StorageError: something is still here.
    """
    own = invocation.parsed
    everything = own.flag("all")
    if everything and _NAMING & set(own.given):
        raise UsageError("--all means every session: leave out what names one")
    leavings = _many(invocation) if everything or plugin_call.names_provider(own) else [_one(invocation)]
    found, faults = _end(invocation, leavings)
    if everything:
        faults += _sweep(invocation)
    elif not found and not faults:
        invocation.stderr.line("nobody was signed in: there was nothing to remove")
    if faults:
        raise faults[0]


def _one(invocation: Invocation) -> _Leaving:
    call = plugin_call.meant(invocation)
    settings = call.settings()
    return _Leaving(settings, session_key(settings), call.environment)


def _many(invocation: Invocation) -> Sequence[_Leaving]:
    """Return all sessions, or all of the provider and client that are named, those surely kept first."""
    if "oidc-issuer-url" not in invocation.parsed.given and not invocation.parsed.flag("all"):
        raise UsageError("--oidc-issuer-url is missing")
    directory = _directory(invocation)
    found: dict[tuple[Path | None, str], _Leaving] = {}
    for leaving in (*_of_contexts(invocation), *_of_options(invocation), *_of_records(invocation, directory)):
        place = leaving.settings.cache.directory
        if _is_meant(invocation, leaving) and _is_place(invocation, place, directory):
            # A context knows best how its provider is reached.
            found.setdefault((place, leaving.key), leaving)
    kept = {one.key for one in invocation.kept_sessions(directory)}
    return sorted(found.values(), key=lambda leaving: leaving.key not in kept)


def _of_contexts(invocation: Invocation) -> Iterator[_Leaving]:
    for call in plugin_call.of_all_contexts(invocation):
        try:
            settings = call.settings()
        except SettingsError:
            continue
        yield _Leaving(settings, session_key(settings), call.environment)


def _of_options(invocation: Invocation) -> Iterator[_Leaving]:
    """Yield the session that a call of ``get-token`` with the same options has."""
    if "oidc-client-id" in invocation.parsed.given:
        settings = PluginCall(invocation.parsed, invocation.environment).settings()
        yield _Leaving(settings, session_key(settings), invocation.environment)


def _of_records(invocation: Invocation, directory: Path) -> Iterator[_Leaving]:
    """Yield what is kept, whoever made it; how its provider is reached, the options say."""
    rows = options_of(PLUGIN, invocation.environment)
    for kept in invocation.kept_sessions(directory):
        if kept.session is not None:
            whose = Provider(kept.session.issuer, kept.session.client_id)
            settings = settings_of(rows, invocation.parsed, invocation.environment, provider=whose)
            provider = replace(settings.provider, issuer=whose.issuer, client_id=whose.client_id)
            login = replace(settings.login, account=kept.session.account)
            yield _Leaving(replace(settings, provider=provider, login=login), kept.key, invocation.environment)


def _is_meant(invocation: Invocation, leaving: _Leaving) -> bool:
    own, provider = invocation.parsed, leaving.settings.provider
    named = {"oidc-issuer-url": provider.issuer, "oidc-client-id": provider.client_id}
    named["account"] = leaving.settings.login.account or ""
    return all(own.text(name) == value for name, value in named.items() if name in own.given)


def _is_place(invocation: Invocation, place: Path | None, directory: Path) -> bool:
    """Whether a cache directory is meant: any, unless one is named."""
    return "token-cache-dir" not in invocation.parsed.given or place == directory


def _end(invocation: Invocation, leavings: Sequence[_Leaving]) -> tuple[bool, list[Error]]:
    """End sessions, each as far as it goes; return whether anything was kept of them, and what went wrong."""
    found, faults, led = False, list[Error](), set[str]()
    for leaving in leavings:
        issuer = leaving.settings.provider.issuer
        browser = invocation.parsed.flag("sso") and issuer not in led
        led.add(issuer)
        login = replace(leaving.settings.login, interactive=is_lent(), asked_for=True)
        settings = replace(leaving.settings, login=login)
        try:
            outcome = invocation.sign_out(
                settings, invocation.parsed.number("v"), leaving.key, leaving.environment, browser
            )
        except Error as error:
            if faults:
                invocation.stderr.line(f"warning: {error.message}")
            faults.append(error)
            continue
        found = found or outcome.was_kept
        faults += [_untold(fault) for fault in outcome.faults]
    return found, faults


def _untold(fault: str) -> ProviderError:
    return ProviderError(f"signed out here, but not at the provider: {fault}", hint=_ENDS_BY_ITSELF)


def _sweep(invocation: Invocation) -> list[Error]:
    """Remove what else is kept: sessions of int128/kubelogin, and those that can't be read, which are faults."""
    directory = _directory(invocation)
    unreadable = [kept for kept in invocation.kept_sessions(directory) if kept.session is None]
    home = home_directory(invocation.environment)
    check_directory(directory, Path(home) if home else None)
    invocation.clean_directory(directory, invocation.parsed.number("v"))
    invocation.stderr.line(f"nothing is kept in {printable(str(directory))} any more")
    return [_untold(f"{kept.file.name} could not be read, nor revoked: {kept.fault}") for kept in unreadable]


def _directory(invocation: Invocation) -> Path:
    rows = options_of(PLUGIN, invocation.environment)
    directory = values_of(rows, invocation.parsed, invocation.environment)["cache"]["directory"]
    if not isinstance(directory, Path):
        raise StorageError("no home directory is known", hint="set HOME, or pass --token-cache-dir")
    return directory
