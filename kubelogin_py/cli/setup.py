"""``kubelogin setup``: sign in once, and show what came back and how to use it."""

import json
from dataclasses import replace

from kubelogin_py.cli import setup_command
from kubelogin_py.cli.binding import check_required, settings_of
from kubelogin_py.cli.commands import command_named
from kubelogin_py.cli.help import help_text
from kubelogin_py.cli.invocation import Credential, Invocation
from kubelogin_py.cli.option import SETUP, Topic
from kubelogin_py.cli.terminal import is_lent
from kubelogin_py.errors import UsageError
from kubelogin_py.settings import Cache, Settings, Storage

_FENCE = "```"
_KUBECONFIG_JOBS = ("write-kubeconfig", "convert", "undo")


def run(invocation: Invocation) -> None:
    """Sign in without the token cache, and show the claims and the kubectl command on standard error.

    Without an issuer or a client ID it is the help of this command that is shown, on standard output.
    """
    parsed = invocation.parsed
    _check_together(invocation)
    if parsed.flag("convert") or parsed.flag("undo"):
        from kubelogin_py.cli import setup_convert  # noqa: PLC0415 -- slow to import

        setup_convert.run(invocation)
        return
    if parsed.flag("write-kubeconfig"):
        _write_kubeconfig(invocation)
        return
    if "platform" in parsed.given:
        from kubelogin_py.cli import setup_platform  # noqa: PLC0415 -- slow to import

        setup_platform.run(invocation, _sign_in)
        return
    settings = settings_of(invocation.rows, parsed, invocation.environment, tilde=False)
    command = command_named(SETUP)
    if command is not None and not (settings.provider.issuer and settings.provider.client_id):
        invocation.stdout.write(help_text(command, invocation.environment).encode())
        return
    _sign_in(invocation, replace(settings, cache=Cache(storage=Storage.NONE)))
    invocation.stderr.lines(_instructions(invocation))


def _check_together(invocation: Invocation) -> None:
    """Refuse options that would go unnoticed.

    :raises UsageError: naming two that do not go together, or one that needs another.
    """
    parsed = invocation.parsed
    jobs = [
        name for name in ("platform", *_KUBECONFIG_JOBS) if name in parsed.given and parsed.values[name] is not False
    ]
    if len(jobs) > 1:
        raise UsageError(f"--{jobs[0]} and --{jobs[1]} exclude one another", hint="call setup once for each")
    if "platform" in jobs:
        return
    alone = next((row.name for row in invocation.rows if row.topic is Topic.CLUSTER and row.name in parsed.given), "")
    if alone:
        raise UsageError(f"--{alone} needs --platform")


def _write_kubeconfig(invocation: Invocation) -> None:
    """Sign in as kubectl will, so that it finds the session, and write the kubeconfig."""
    from kubelogin_py.cli import setup_kubeconfig  # noqa: PLC0415 -- slow to import

    parsed = setup_kubeconfig.absolute(invocation)
    check_required(invocation.rows, parsed)
    settings = settings_of(invocation.rows, parsed, invocation.environment)
    plan = setup_kubeconfig.plan(invocation)
    if not (parsed.flag("dry-run") or parsed.flag("no-sign-in")):
        _sign_in(invocation, settings)
    setup_kubeconfig.carry_out(plan, invocation)


def _sign_in(invocation: Invocation, settings: Settings) -> Credential:
    """Sign in, and show the claims."""
    invocation.stderr.line("Authentication in progress...")
    login = replace(settings.login, interactive=is_lent(), asked_for=True)
    credential = invocation.sign_in(replace(settings, login=login), invocation.parsed.number("v"))
    invocation.stderr.lines(_claims(credential))
    return credential


def _claims(credential: Credential) -> list[str]:
    lines = ["## Authenticated with the OpenID Connect Provider", ""]
    if credential.claims is None:
        return [*lines, "You got an access token; what it says is between the provider and the API server.", ""]
    # The provider chose these words: everything but plain ASCII is escaped, so none of it can reach the terminal.
    claims = json.dumps(dict(credential.claims.raw), indent=2, ensure_ascii=True)
    return [*lines, "You got the token with the following claims:", "", _FENCE, *claims.splitlines(), _FENCE, ""]


def _instructions(invocation: Invocation) -> list[str]:
    arguments = setup_command.arguments_of(invocation.rows, invocation.parsed)
    lines = ["## Set up the kubeconfig", "", "You can run the following command to set up the kubeconfig:", ""]
    lines += [_FENCE, *setup_command.command(arguments), _FENCE]
    hidden = dict.fromkeys(argument.hidden for argument in arguments if argument.hidden)
    if hidden:
        lines += ["", f"note: secrets are not shown; put yours in place of {' and '.join(hidden)}"]
    return lines
