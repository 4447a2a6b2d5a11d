"""``kubelogin login``: sign in outside kubectl, for the plugin to find."""

from collections.abc import Mapping, MutableMapping
from dataclasses import replace

from kubelogin_py.cli.binding import check_required, notes, settings_of
from kubelogin_py.cli.home import home_directory
from kubelogin_py.cli.invocation import Credential, Invocation
from kubelogin_py.cli.option import PLUGIN, Option
from kubelogin_py.cli.options import options_of
from kubelogin_py.cli.standalone import local_time
from kubelogin_py.cli.terminal import is_lent
from kubelogin_py.compat import pflag
from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.errors import SettingsError, UsageError
from kubelogin_py.kubernetes import kubeconfig, kubeconfig_exec
from kubelogin_py.text import printable

_PROVIDER = frozenset({"oidc-issuer-url", "oidc-client-id"})


def run(invocation: Invocation) -> None:
    """Sign in, or refresh, as ``get-token`` with the same options would, and say who is signed in until when.

    A person wants this, so an earlier sign-in that failed counts for nothing.
    """
    parsed, environment = _plugin_command_line(invocation)
    rows = options_of(PLUGIN, environment)
    check_required(rows, parsed)
    verbosity = parsed.number("v")
    if verbosity >= 1:
        for note in notes(rows, parsed):
            invocation.stderr.line(note)
    settings = settings_of(rows, parsed, environment)
    login = replace(settings.login, interactive=is_lent(), asked_for=True)
    credential = invocation.sign_in(replace(settings, login=login), verbosity)
    invocation.stderr.line(_outcome(settings.provider.issuer, settings.provider.client_id, credential))


def _plugin_command_line(invocation: Invocation) -> tuple[Parsed, Mapping[str, str]]:
    """Return the options of ``get-token`` and its environment: from the kubeconfig, unless the provider is named here.

    Other options that are given here count instead of those in the kubeconfig.
    """
    own, environment = invocation.parsed, invocation.environment
    from_kubeconfig = {"context", "kubeconfig"} & set(own.given) or not _PROVIDER & set(own.given)
    if not from_kubeconfig:
        return own, environment
    paths = kubeconfig.locations(own.text("kubeconfig"), environment, home_directory(environment))
    plugin = kubeconfig_exec.find(paths, context=own.text("context"))
    if isinstance(environment, MutableMapping):
        # kubectl would set them, too; a proxy, for one, is no option of ours.
        environment.update(plugin.environment)
    merged = {**environment, **dict(plugin.environment)}
    rows = options_of(PLUGIN, merged)
    words = _after_name(plugin.arguments)
    if words is None:
        raise SettingsError(
            f'user "{printable(plugin.user)}" in {printable(str(plugin.path))} does not sign in with this program: '
            f"{PLUGIN} is not among the arguments of its exec section"
        )
    try:
        return _with_own(rows, pflag.parse(rows, words), own), merged
    except UsageError as error:
        message = f'the exec section of user "{printable(plugin.user)}": {error.message}'
        raise SettingsError(message, hint=error.hint) from None


def _after_name(arguments: tuple[str, ...]) -> list[str] | None:
    """Return the arguments without the command's name, which may follow flags and kubectl's name of the plugin."""
    if PLUGIN not in arguments:
        return None
    place = arguments.index(PLUGIN)
    return [word for word in arguments[:place] if word.startswith("-")] + list(arguments[place + 1 :])


def _with_own(rows: tuple[Option, ...], found: Parsed, own: Parsed) -> Parsed:
    chosen = {row.name: own.values[row.name] for row in rows if row.name in own.given}
    return replace(found, values={**found.values, **chosen}, given=tuple(dict.fromkeys((*found.given, *own.given))))


def _outcome(issuer: str, client_id: str, credential: Credential) -> str:
    who = printable(credential.claims.person if credential.claims else client_id)
    until = f"; the token serves until {local_time(credential.usable_until)}" if credential.usable_until else ""
    return f"signed in to {printable(issuer)} as {who}{until}"
