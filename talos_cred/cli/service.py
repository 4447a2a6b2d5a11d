"""``talos-cred service``: a user service that keeps a context fresh."""

import sys
from collections.abc import Mapping

from kubelogin_py.errors import UsageError
from kubelogin_py.text import printable
from talos_cred.adapters.service import UserService, program
from talos_cred.cli.context import answer, files_of, recalled, say

ACTIONS = ("install", "status", "remove", "show")


def run(action: str, context: str, talosconfig: str, environment: Mapping[str, str]) -> int:
    """Install, show, ask or remove the service of a context, and return the exit code.

    :param action: one of ``ACTIONS``; ``show`` prints the unit's text and changes nothing.
    """
    if action not in ACTIONS:
        raise UsageError(f"service {printable(action, 40)}: choose one of {', '.join(ACTIONS)}")
    files = files_of(talosconfig, environment)
    command = [*program(), "login", "--watch", "--unattended", "--context-name", context]
    command += ["--talosconfig", str(files.path.absolute())]
    service = UserService(context, command, environment)
    if action in {"install", "show"} and recalled(files, context) is None:
        raise UsageError(f"context {printable(context, 60)} was not made by talos-cred: run talos-cred login first")
    if sys.platform == "darwin" or action == "show":
        # launchd has no place for several such agents of one program; the person puts the file where it belongs.
        answer(service.plist() if sys.platform == "darwin" else service.unit())
        return 0
    if sys.platform == "win32":
        raise UsageError("there is no user service here; let the Task Scheduler run talos-cred login --watch")
    return _act(action, service, environment)


_SECRET = "TALOS_CRED_CLIENT_SECRET"  # noqa: S105 -- a name


def _act(action: str, service: UserService, environment: Mapping[str, str]) -> int:
    if action == "status":
        state = service.state()
        answer(f"{service.name}: {state}\n")
        return 0 if state == "active" else 1
    if action == "remove":
        say(f"{service.name} was {'removed' if service.remove() else 'not installed'}")
        return 0
    if environment.get(_SECRET):
        say(f"note: {_SECRET} is not written into the unit; a service reads it from a profile or --client-secret-file")
    service.install()
    say(f"{service.name} keeps the certificate fresh, now and after every login of this user")
    say("hint: `loginctl enable-linger` lets it run without one")
    return 0
