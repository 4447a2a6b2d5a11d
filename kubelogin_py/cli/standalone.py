"""``kubelogin`` without a command: sign in the kubeconfig's user and keep the tokens in the kubeconfig."""

from collections.abc import Mapping
from dataclasses import replace

from kubelogin_py.cli import option_values
from kubelogin_py.cli.binding import settings_of, values_of
from kubelogin_py.cli.home import home_directory
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.option import PLUGIN
from kubelogin_py.cli.options import options_of
from kubelogin_py.cli.terminal import is_lent
from kubelogin_py.cli.times import local_time
from kubelogin_py.compat import pflag
from kubelogin_py.errors import Error, SettingsError, UsageError
from kubelogin_py.kubernetes import kubeconfig
from kubelogin_py.kubernetes.kubeconfig import AuthProvider
from kubelogin_py.settings import Cache, Provider, Settings
from kubelogin_py.text import printable


def run(invocation: Invocation) -> None:
    """Refresh or obtain the tokens of the kubeconfig's user, and say until when they serve.

    Nothing is said while the token in the kubeconfig is still good.
    """
    verbosity = invocation.parsed.number("v")
    chosen = _chosen(invocation)
    found = _auth_provider(invocation)
    if verbosity >= 1:
        where = printable(str(found.path))
        invocation.stderr.line(f'using the authentication provider of user "{printable(found.user)}" in {where}')
    settings = _settings(chosen, found, invocation.environment)
    credential = invocation.sign_in_to_kubeconfig(settings, verbosity, found.path, found.user)
    if credential.token != found.id_token and credential.claims is not None:
        invocation.stderr.line(f"You got a valid token until {local_time(credential.claims.expires_at)}")


def _chosen(invocation: Invocation) -> Settings:
    """Return what the flags say; the provider is still to be found."""
    nobody = Provider(issuer="", client_id="")
    try:
        return settings_of(invocation.rows, invocation.parsed, invocation.environment, provider=nobody, tilde=False)
    except SettingsError as error:
        raise UsageError(f"invalid option: {error.message}", hint=error.hint) from None


def _auth_provider(invocation: Invocation) -> AuthProvider:
    parsed, environment = invocation.parsed, invocation.environment
    try:
        return kubeconfig.find(
            kubeconfig.locations(parsed.text("kubeconfig"), environment, home_directory(environment)),
            context=parsed.text("context"),
            user=parsed.text("user"),
        )
    except Error as error:
        message = f"could not find the current authentication provider: {error.message}"
        raise SettingsError(message, hint=error.hint) from None


def _settings(chosen: Settings, found: AuthProvider, environment: Mapping[str, str]) -> Settings:
    """Return the flags' settings with what the kubeconfig says about the provider; both lists of authorities count."""
    tls = replace(
        chosen.tls,
        certificate_authorities=(*chosen.tls.certificate_authorities, *_given(found.certificate_authority)),
        certificate_authority_data=(
            *chosen.tls.certificate_authority_data,
            *_given(found.certificate_authority_data),
        ),
    )
    provider = replace(
        chosen.provider,
        issuer=found.issuer,
        client_id=found.client_id,
        client_secret=found.client_secret,
        extra_scopes=option_values.scopes((found.extra_scopes,)),
    )
    # Nothing is cached, but whoever signs in holds a lock in the usual place.
    rows = [row for row in options_of(PLUGIN, environment) if row.name == "token-cache-dir"]
    directory = values_of(rows, pflag.parse(rows, ()), environment)["cache"]["directory"]
    login = replace(chosen.login, interactive=is_lent(), asked_for=True)
    return replace(chosen, provider=provider, tls=tls, login=login, cache=Cache(directory=directory))


def _given(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
