"""Which call of ``get-token`` a command for people is about: that of a context, or that of the options themselves."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kubelogin_py.cli.binding import check_required, settings_of
from kubelogin_py.cli.home import home_directory
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.option import PLUGIN, Option
from kubelogin_py.cli.options import options_of
from kubelogin_py.compat import pflag
from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.errors import Error, SettingsError, UsageError
from kubelogin_py.kubernetes import kubeconfig, kubeconfig_exec
from kubelogin_py.settings import Settings
from kubelogin_py.text import printable

_PROVIDER = frozenset({"oidc-issuer-url", "oidc-client-id"})
_KUBECONFIG = frozenset({"context", "kubeconfig"})


@dataclass(frozen=True, slots=True)
class PluginCall:
    """One call of ``get-token``, as kubectl would make it or as the command line describes it.

    :param parsed: its options.
    :param environment: the environment variables it has.
    :param context: the context of the kubeconfig it belongs to; empty for the current one, and for none.
    """

    parsed: Parsed
    environment: Mapping[str, str] = field(repr=False)
    context: str = ""

    @property
    def verbosity(self) -> int:
        """0 for silence, 1 for the steps, 2 for the requests as well."""
        return self.parsed.number("v")

    def settings(self) -> Settings:
        """Return what it asks for, its former sessions included.

        :raises UsageError: a mandatory option is missing.
        :raises SettingsError: a value can't be used.
        """
        rows = options_of(PLUGIN, self.environment)
        check_required(rows, self.parsed)
        settings = settings_of(rows, self.parsed, self.environment)
        cache = replace(settings.cache, former_scopes=self.parsed.texts("oidc-extra-scope"))
        return replace(settings, cache=cache)


def names_provider(parsed: Parsed) -> bool:
    """Return whether the command line itself describes the call, so that no kubeconfig is asked."""
    return bool(_PROVIDER & set(parsed.given)) and not _KUBECONFIG & set(parsed.given)


def meant(invocation: Invocation) -> PluginCall:
    """Return the call that the options describe: from the kubeconfig, unless the provider is named among them.

    Other options that are given count instead of those in the kubeconfig.

    :raises SettingsError: there is no such context, or its user does not sign in with this program.
    """
    own, environment = invocation.parsed, invocation.environment
    if names_provider(own):
        return PluginCall(own, environment)
    call = of_context(locations(invocation), own.text("context"), environment, own)
    if isinstance(environment, MutableMapping):
        # kubectl would set them, too; a proxy, for one, is no option of ours.
        environment.update(call.environment)
    return call


def of_context(
    paths: Sequence[Path], context: str, environment: Mapping[str, str], own: Parsed | None = None
) -> PluginCall:
    """Return the call of a context.

    :param paths: the kubeconfig files, the first one most.
    :param context: empty for the current one.
    :param own: options that count instead of those in the kubeconfig.
    :raises SettingsError: there is no such context, or its user does not sign in with this program.
    """
    plugin = kubeconfig_exec.find(paths, context=context)
    merged = {**environment, **dict(plugin.environment)}
    rows = options_of(PLUGIN, merged)
    words = _after_name(plugin.arguments)
    if words is None:
        raise SettingsError(
            f'user "{printable(plugin.user)}" in {printable(str(plugin.path))} does not sign in with this program: '
            f"{PLUGIN} is not among the arguments of its exec section"
        )
    try:
        parsed = pflag.parse(rows, words)
    except UsageError as error:
        message = f'the exec section of user "{printable(plugin.user)}": {error.message}'
        raise SettingsError(message, hint=error.hint) from None
    return PluginCall(_with_own(rows, parsed, own) if own else parsed, merged, context)


def of_all_contexts(invocation: Invocation) -> Iterator[PluginCall]:
    """Yield the call of every context whose user signs in with this program; others are passed over in silence."""
    paths = locations(invocation)
    try:
        names = kubeconfig.context_names(paths)
    except Error:
        return
    for name in names:
        try:
            yield of_context(paths, name, invocation.environment)
        except Error:
            continue


def locations(invocation: Invocation) -> tuple[Path, ...]:
    """Return the kubeconfig files that count."""
    environment = invocation.environment
    return kubeconfig.locations(invocation.parsed.text("kubeconfig"), environment, home_directory(environment))


def _after_name(arguments: tuple[str, ...]) -> list[str] | None:
    """Return the arguments without the command's name, which may follow flags and kubectl's name of the plugin."""
    if PLUGIN not in arguments:
        return None
    place = arguments.index(PLUGIN)
    return [word for word in arguments[:place] if word.startswith("-")] + list(arguments[place + 1 :])


def _with_own(rows: tuple[Option, ...], found: Parsed, own: Parsed) -> Parsed:
    chosen = {row.name: own.values[row.name] for row in rows if row.name in own.given}
    return replace(found, values={**found.values, **chosen}, given=tuple(dict.fromkeys((*found.given, *own.given))))
