"""``talos-cred run -- COMMAND …``: the certificate is made good first, then the command takes this one's place."""

import os
import sys
from collections.abc import Mapping, Sequence

from kubelogin_py.errors import Error, UsageError
from talos_cred import fastrun, renewal
from talos_cred.adapters.children import waited_for
from talos_cred.adapters.files import Files
from talos_cred.adapters.person import is_terminal
from talos_cred.cli.context import choose, files_of, recalled, say
from talos_cred.cli.login import attended, wish_of, world_of
from talos_cred.login import log_in, note_good, validity_of
from talos_cred.record import Record
from talos_cred.talosconfig import Talosconfig


def run(options: Mapping[str, str], command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Make the certificate good and become the command; contexts that no sign-in made are left alone.

    :param options: ``talosconfig`` and ``context``, where given.
    :param command: the command and its arguments.
    """
    if not command:
        raise UsageError("no command was given: talos-cred run -- talosctl version")
    options = fastrun.with_file(options, environment)
    files = files_of(options.get("talosconfig", ""), environment)
    config = Talosconfig(files.read(), files.shown)
    context = fastrun.context_of(options, command, environment) or config.current
    kept = recalled(files, context)
    if kept is not None:
        _make_good(files, config, kept, environment)
    elif options.get("context"):
        raise UsageError(f"context {context} was not made by talos-cred: run talos-cred login first")
    return _become(fastrun.prepared(command, options), environment, options)


def _make_good(files: Files, config: Talosconfig, kept: Record, environment: Mapping[str, str]) -> None:
    context = kept.context
    given = {"context_name": context, "talosconfig": str(files.path)}
    # Renewing is what the last login did; only a person at a terminal may be asked.
    chosen = choose(given, "", {name: value for name, value in environment.items() if name not in _NAMING})
    world = world_of(chosen, environment, attended=attended(given, environment) and is_terminal())
    validity = validity_of(config, context, kept)
    now = world.clock.now()
    if validity is not None and renewal.is_good(validity, now):
        note_good(config, context, validity, world)
        return
    try:
        log_in(wish_of(chosen), world)
    except Error as error:
        if not renewal.is_valid(validity, now):
            raise
        say(f"warning: the certificate was not renewed: {error.message}")


_NAMING = ("TALOS_CRED_CONTEXT_NAME", "TALOS_CRED_TALOSCONFIG", "TALOS_CRED_SERVER", "TALOS_CRED_PROVIDER")
"""Variables that would mean another context than the one the command is about."""


def _become(command: Sequence[str], environment: Mapping[str, str], options: Mapping[str, str]) -> int:
    if os.name != "nt":
        fastrun.become(command, environment, options)
    inherited = dict(environment)
    if options.get("talosconfig"):
        inherited["TALOSCONFIG"] = os.path.abspath(options["talosconfig"])  # noqa: PTH100 -- as on other systems
    sys.stdout.flush()
    # Windows can't replace a process: its caller would go on before the command has ended.
    return waited_for(command, inherited)
