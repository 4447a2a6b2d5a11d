"""``talos-cred login``: a certificate in a context of the talosconfig."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kubelogin_py.errors import Error, UsageError
from kubelogin_py.oidc.claims import utc
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable
from talos_cred import separation, watch, wiring
from talos_cred.adapters.person import is_terminal
from talos_cred.cli import choices, option, process
from talos_cred.cli.context import Chosen, choose, read_profiles, say
from talos_cred.cli.options import LOGIN, UNATTENDED
from talos_cred.login import Outcome, Wish, log_in
from talos_cred.ports import World

_KUBECONFIG_LIMIT = 1 << 20


def run(given: Mapping[str, Any], names: Sequence[str], environment: Mapping[str, str]) -> int:
    """Log in, once or for each profile, and return the exit code.

    :param given: values of the command line by parameter.
    :param names: profiles.
    """
    values, by_whom = option.resolved(LOGIN, given, environment)
    if values["all"]:
        return _all(given, names, by_whom, environment)
    if len(names) > 1:
        raise UsageError("one profile at a time; --all logs in with every one")
    chosen = choose(given, names[0] if names else "", environment)
    _warn_of_shared_client(chosen, environment)
    _tell_of_ineffective(chosen, given)
    if values["watch"]:
        return _watch(chosen, given, environment)
    _log_in(chosen, given, environment)
    return 0


def wish_of(chosen: Chosen, *, force: bool = False) -> Wish:
    """Return what the login is to do."""
    settings = chosen.settings
    return Wish(settings.place, settings.policy, settings.server.url, chosen.options, chosen.profile, force)


def world_of(chosen: Chosen, environment: Mapping[str, str], *, attended: bool) -> World:
    """Return everything outside for a login."""
    token = environment.get(choices.ID_TOKEN, "").strip()
    return wiring.world(
        chosen.settings,
        attended=attended,
        verbosity=int(chosen.values["verbosity"]),
        environment=environment,
        id_token=Secret(token) if token else None,
    )


def attended(given: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """Return whether a person may be asked and a browser opened."""
    values, _ = option.resolved((UNATTENDED,), given, environment)
    return not values["unattended"]


_OF_ONE = ("server", "context-name", "watch", "use")
"""Options that every profile would get, and only one can have."""


def _all(
    given: Mapping[str, Any], names: Sequence[str], by_whom: Mapping[str, Any], environment: Mapping[str, str]
) -> int:
    """Log in with every profile; one that fails does not keep the others from it.

    :param by_whom: what the command line and the environment choose.
    """
    if names:
        raise UsageError("--all logs in with every profile: leave the name out")
    for row in LOGIN:
        if row.name in _OF_ONE and by_whom.get(row.name):
            named = f"--{row.name}" if given.get(row.parameter) else row.variable
            raise UsageError(f"{named} is about one profile, not about --all")
    read = read_profiles(environment)
    if not read.values:
        raise UsageError(f"there are no profiles in {read.shown}")
    code = 0
    for name in read.values:
        try:
            _log_in(choose(given, name, environment, read), given, environment)
        except Error as error:
            say(f"error: profile {printable(name, 60)}: {error.message}")
            if error.hint:
                say(f"hint: {error.hint}")
            code = max(code, error.exit_code)
    return code


def _log_in(chosen: Chosen, given: Mapping[str, Any], environment: Mapping[str, str]) -> Outcome:
    world = world_of(chosen, environment, attended=attended(given, environment))
    outcome = log_in(wish_of(chosen, force=chosen.settings.place.force), world)
    _report(chosen, outcome)
    return outcome


def _watch(chosen: Chosen, given: Mapping[str, Any], environment: Mapping[str, str]) -> int:
    """Log in with a person, if one is there, and then keep the certificate fresh without one, until told to end."""
    by_hand = attended(given, environment)
    world = world_of(chosen, environment, attended=False)
    command = ["talos-cred", "login", "--context-name", chosen.settings.place.context]
    if chosen.values["talosconfig"]:
        command += ["--talosconfig", str(chosen.settings.place.talosconfig)]
    first = (lambda: _log_in(chosen, given, environment)) if by_hand else None
    try:
        watch.watch(wish_of(chosen), world, command=shlex.join(command), first=first)
    except KeyboardInterrupt:
        if not process.requests:
            raise
    return 0


def _report(chosen: Chosen, outcome: Outcome) -> None:
    kept = outcome.record
    place = chosen.settings.place
    what = "certificate" if outcome.renewed else "certificate still good,"
    say(
        f"context {printable(place.context, 100)}: {what} until {utc(outcome.validity.not_after)}, "
        f"roles {', '.join(kept.known.roles)}" + (f", for {printable(kept.person, 100)}" if kept.person else "")
    )
    if outcome.renewed and is_terminal():
        say(f"try: talosctl --context {shlex.quote(place.context)} version")


def _tell_of_ineffective(chosen: Chosen, given: Mapping[str, Any]) -> None:
    """Say what a flag does not do that its namesake does elsewhere, or that somebody may expect of it."""
    if given.get("client_secret"):
        say("note: a client secret of the command line is kept nowhere, and renewals need it, too")
        say("hint: put it into TALOS_CRED_CLIENT_SECRET, a profile or a file (--client-secret-file)")
    if chosen.values["insecure-http"] and chosen.settings.server.url.lower().startswith("https:"):
        say("note: --insecure allows plain http and nothing else; the server's certificate is verified")


def _warn_of_shared_client(chosen: Chosen, environment: Mapping[str, str]) -> None:
    """Say when kubectl uses the same client: whoever sees its tokens could then make Talos certificates."""
    provider = chosen.settings.sign_in.provider
    home = environment.get("HOME", "")
    paths = environment.get("KUBECONFIG", f"{home}/.kube/config" if home else "")
    for path in filter(None, paths.split(":")):
        try:
            with Path(path).open("rb") as file:
                text = file.read(_KUBECONFIG_LIMIT).decode("utf-8")
        except (OSError, ValueError):
            continue
        if separation.is_shared(text, issuer=provider.issuer, client_id=provider.client_id):
            say(f"warning: kubectl uses the client {printable(provider.client_id, 60)}, too ({printable(path, 200)})")
            say("hint: give talos-cred an OIDC client of its own: the Kubernetes API server sees kubectl's tokens")
            return
