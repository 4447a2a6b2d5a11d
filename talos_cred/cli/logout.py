"""``talos-cred logout``: the session is revoked, its tokens and our context are removed."""

from collections.abc import Mapping

from kubelogin_py.errors import Error
from kubelogin_py.text import printable
from talos_cred import wiring
from talos_cred.adapters.files import Files
from talos_cred.cli import choices, option
from talos_cred.cli.context import files_of, read_profiles, recalled, remembered, say
from talos_cred.cli.options import LOGIN
from talos_cred.record import Record
from talos_cred.talosconfig import Talosconfig


def run(context: str, talosconfig: str, *, everything: bool, environment: Mapping[str, str]) -> int:
    """Sign out of one context, or of all that a sign-in made, and return the exit code."""
    files = files_of(talosconfig, environment)
    records = remembered(files) if everything else [kept for kept in [recalled(files, context)] if kept]
    if not records:
        say(f"context {printable(context, 100)} was not made by talos-cred; nothing was changed")
        return 0
    code = 0
    for kept in records:
        _forget(kept, files)
        sharing = _sharing(kept, files)
        if not sharing:
            code = max(code, _end_session(kept, environment))
        elif not everything:
            say(f"the session is kept for {', '.join(sharing)}; --all ends it")
    return code


def _forget(kept: Record, files: Files) -> None:
    """Remove the context; certificates that were copied elsewhere stay good until they expire."""
    name = kept.context

    def edit(text: str) -> str:
        config = Talosconfig(text, files.shown)
        if config.context(name) is None:
            return text
        return config.without_context(name, current=_next_current(config, kept))

    files.change(edit)
    files.withdraw(name)
    for prefix in ("good", "record"):
        files.forget(prefix, name)
    say(f"context {printable(name, 100)} was removed; its certificate can't be revoked and ends by itself")


def _next_current(config: Talosconfig, kept: Record) -> str:
    """Return the current context from now on: unchanged, else the one before ours, else the only one, else none."""
    others = [name for name in config.contexts if name != kept.context]
    if config.current != kept.context:
        return config.current
    if kept.previous in others:
        return kept.previous
    return others[0] if len(others) == 1 else ""


def _sharing(kept: Record, files: Files) -> list[str]:
    """Return the contexts that go on with the session of one."""
    key = kept.session_key
    return [printable(other.context, 60) for other in remembered(files) if key and other.session_key == key]


def _end_session(kept: Record, environment: Mapping[str, str]) -> int:
    """End a session, and return the exit code: 1 when tokens may still be there."""
    if not kept.session_key:
        return 0
    profile = read_profiles(environment).values.get(kept.profile, {})
    values, _ = option.resolved(LOGIN, {}, {}, ("profile", profile), ("the last login", kept.options))
    try:
        session = wiring.session(choices.sign_in_of(values, environment), environment)
        session.end()
    except Error as error:
        say(f"error: the session was not ended: {error.message}")
        return 1
    if session.key != kept.session_key:
        say("error: the settings changed since the login; its tokens may still be in the token cache")
        return 1
    return 0
