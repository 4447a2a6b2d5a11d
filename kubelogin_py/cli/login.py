"""``kubelogin login``: sign in outside kubectl, for the plugin to find."""

import time
from dataclasses import replace

from kubelogin_py.cli import plugin_call
from kubelogin_py.cli.invocation import Credential, Invocation
from kubelogin_py.cli.terminal import is_lent
from kubelogin_py.cli.times import local_time, relative
from kubelogin_py.settings import Settings
from kubelogin_py.text import printable


def run(invocation: Invocation) -> None:
    """Sign in, or refresh, as ``get-token`` with the same options would, and say who is signed in until when.

    A person wants this, so an earlier sign-in that failed counts for nothing.
    """
    call = plugin_call.meant(invocation)
    settings = call.settings()
    login = replace(settings.login, interactive=is_lent(), asked_for=True)
    credential = invocation.sign_in(replace(settings, login=login), call.verbosity)
    invocation.stderr.line(_outcome(settings, credential))


def _time(seconds: float) -> str:
    return f"{local_time(seconds)} ({relative(seconds - time.time())})"


def _outcome(settings: Settings, credential: Credential) -> str:
    who = printable(credential.claims.person if credential.claims else settings.provider.client_id)
    account = f" (account {printable(settings.login.account)})" if settings.login.account else ""
    until = f"; the token serves until {_time(credential.usable_until)}" if credential.usable_until else ""
    return f"signed in to {printable(settings.provider.issuer)} as {who}{account}{until}"
