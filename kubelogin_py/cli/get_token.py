"""``kubelogin get-token``: the credential plugin that kubectl starts."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kubelogin_py.cli.binding import check_required, settings_of
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.option import LOGIN, Option
from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.errors import CoolDownError, SignInError
from kubelogin_py.kubernetes.exec_credential import VARIABLE, read_exec_info, render
from kubelogin_py.settings import Settings
from kubelogin_py.text import printable


@dataclass(frozen=True, slots=True)
class Request:
    """What a call of ``get-token`` asks for.

    :param settings: what the user chose.
    :param verbosity: 0 for silence, 1 for the steps, 2 for the requests as well.
    :param api_version: the version that the answer must have.
    """

    settings: Settings
    verbosity: int
    api_version: str


def run(invocation: Invocation) -> None:
    """Obtain a credential and write it to standard output as one ExecCredential."""
    request = read_request(invocation.rows, invocation.parsed, invocation.environment)
    try:
        credential = invocation.sign_in(request.settings, request.verbosity)
    except CoolDownError as error:
        raise SignInError(f"{error.message}; to sign in now, run: {_login_command(invocation)}") from None
    body = render(request.api_version, credential.token, credential.usable_until)
    invocation.stdout.write(body)
    _remember(invocation, request, credential.session_key, body)


def read_request(rows: Iterable[Option], parsed: Parsed, environment: Mapping[str, str]) -> Request:
    """Return what is asked for, checked before anything is sent.

    :raises UsageError: a mandatory option is missing.
    :raises SettingsError: a value can't be used, or client-go speaks a version that we don't.
    """
    rows = tuple(rows)
    check_required(rows, parsed)
    settings = settings_of(rows, parsed, environment)
    info = read_exec_info(environment.get(VARIABLE))
    # Without word from client-go (a person calls, or an old kubectl) our terminal is what we were given.
    interactive = _is_terminal() if info.interactive is None else info.interactive
    login = replace(settings.login, interactive=interactive)
    # As they were given, before they are put in order: int128/kubelogin names its sessions by that.
    cache = replace(settings.cache, former_scopes=parsed.texts("oidc-extra-scope"))
    return Request(replace(settings, login=login, cache=cache), parsed.number("v"), info.api_version)


def _login_command(invocation: Invocation) -> str:
    import shlex  # noqa: PLC0415 -- for a failure alone

    from kubelogin_py.cli.setup_command import arguments_of  # noqa: PLC0415 -- as above

    words = (shlex.quote(argument.text) for argument in arguments_of(invocation.rows, invocation.parsed))
    line = " ".join(("kubelogin", LOGIN, *words))
    return printable(line, len(line))


def _remember(invocation: Invocation, request: Request, session_key: str, body: bytes) -> None:
    """Keep the answer for the next start. kubectl has it already: no fault here may turn that into a failure."""
    if invocation.remember_answer is None:
        return
    try:
        invocation.remember_answer(request.settings, request.verbosity, invocation.arguments, session_key, body)
    except Exception as error:  # noqa: BLE001 -- the next start is only slower for it
        if request.verbosity >= 1:
            invocation.stderr.line(f"note: the answer was not kept for the next start ({type(error).__name__})")


def _is_terminal() -> bool:
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):
        return False
