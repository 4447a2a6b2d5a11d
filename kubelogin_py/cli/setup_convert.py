"""``kubelogin setup --convert``: users of a kubeconfig who sign in by other means become users of this plugin."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kubelogin_py.cli import client_secret, kubeconfig_report, setup_kubeconfig
from kubelogin_py.cli.binding import settings_of
from kubelogin_py.cli.executable import own_command
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.option import PLUGIN
from kubelogin_py.cli.options import options_of
from kubelogin_py.compat import pflag
from kubelogin_py.errors import Error, SettingsError
from kubelogin_py.kubernetes import kubeconfig, kubeconfig_file
from kubelogin_py.kubernetes.kubeconfig_convert import Conversion, conversions
from kubelogin_py.kubernetes.kubeconfig_edit import Edited, edited
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings
from kubelogin_py.text import printable
from kubelogin_py.wiring import setting_up


def run(invocation: Invocation) -> None:
    """Convert in every kubeconfig that counts, or put back what was before in the one that was written last.

    :raises SettingsError: there is no kubeconfig, or no copy of one.
    """
    paths = [path for path in setup_kubeconfig.files(invocation) if path.exists()]
    if not paths:
        raise SettingsError("there is no kubeconfig")
    dry_run = invocation.parsed.flag("dry-run")
    if invocation.parsed.flag("undo"):
        revision = setting_up.undo_kubeconfig(paths, dry_run=dry_run)
        kubeconfig_report.show(revision, invocation.stderr, dry_run=dry_run)
        return
    wanted = invocation.parsed.text("user")
    if wanted and not any(kubeconfig.entry([one], "users", wanted) for one in kubeconfig.read(paths)):
        raise SettingsError(f'user "{printable(wanted)}" does not exist', hint="kubectl config get-users")
    for path in paths:
        _convert(invocation, path, dry_run=dry_run)


def _convert(invocation: Invocation, path: Path, *, dry_run: bool) -> None:
    secrets: dict[Path, Secret] = {}

    def keep_secret(issuer: str, client_id: str, secret: Secret) -> Path:
        file = client_secret.file_of(issuer, client_id, invocation.environment)
        if secrets.setdefault(file, secret) != secret:
            raise SettingsError("two users of one client have different client secrets", hint="convert one with --user")
        return file

    def found(text: str) -> list[Conversion]:
        command = invocation.parsed.text("exec-command") or own_command(invocation.environment)
        every = conversions(path, text, command, keep_secret)
        wanted = invocation.parsed.text("user")
        return [one for one in every if not wanted or one.name == wanted]

    def change(text: str) -> Edited:
        return edited(text, [one.entry for one in found(text) if one.entry])

    users = found(kubeconfig_file.read(path) or "")
    for one in users:
        invocation.stderr.line(one.told)
    sessions: list[tuple[Settings, Session]] = []
    if not dry_run:
        # Before the kubeconfig stops having them.
        for file, secret in secrets.items():
            client_secret.keep(file, secret)
        sessions = list(_sessions(invocation, path, users))
    kubeconfig_report.show(
        setting_up.revise_kubeconfig(path, change, dry_run=dry_run), invocation.stderr, dry_run=dry_run
    )
    for settings, session in sessions:
        if setting_up.adopt_session(settings, session):
            invocation.stderr.line(
                f"the session at {printable(settings.provider.issuer)} goes on without a new sign-in"
            )


def _sessions(invocation: Invocation, path: Path, users: list[Conversion]) -> Iterator[tuple[Settings, Session]]:
    """Yield the sessions that the kubeconfig itself has, and the settings that kubectl will ask for them with."""
    rows = options_of(PLUGIN, invocation.environment)
    for user in users:
        if user.entry is None or not user.has_session:
            continue
        with suppress(Error):
            parsed = pflag.parse(rows, user.arguments[1:])
            settings = settings_of(rows, parsed, invocation.environment)
            session = setting_up.session_in_kubeconfig(path, user.name, settings)
            if session is not None:
                yield settings, session
