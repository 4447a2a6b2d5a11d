"""A user service that keeps a context fresh: systemd's on Linux, a text for launchd."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.text import printable
from talos_cred import fastrun
from talos_cred.adapters.children import Done, captured
from talos_cred.errors import TalosconfigError

_SECONDS = 30.0

_UNIT = """\
[Unit]
Description=Talos certificate of context {context}
Documentation=man:systemd.service(5)
After=network-online.target

[Service]
Type=exec
ExecStart={command}
{environment}Restart=on-failure
RestartSec=30
# 1 and 2 need a person: trying again would only ask the server again.
RestartPreventExitStatus=1 2
# Told to end while it was still starting.
SuccessExitStatus=130
NoNewPrivileges=yes
UMask=0077

[Install]
WantedBy={target}
"""
_TARGET = "default.target"

_PLIST = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>{label}</string>
  <key>ProgramArguments</key><array>{arguments}</array>
  <key>RunAtLoad</key><true/>
  <key>ProcessType</key><string>Background</string>
</dict>
</plist>
"""


class UserService:
    """The service of one context.

    :param context: name of the context.
    :param command: what it runs.
    :param environment: the process's environment variables.
    """

    def __init__(self, context: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._context = context
        self._command = command
        self._environment = environment

    @property
    def name(self) -> str:
        """Its name for ``systemctl --user``."""
        # systemd reads % in names of units as its own; the file name's quoting becomes systemd's.
        return fastrun.file_name("talos-cred", self._context).replace("%", "\\x") + ".service"

    @property
    def path(self) -> Path:
        """Where its unit file is.

        :raises SettingsError: no home directory is known.
        """
        given = self._environment.get("XDG_CONFIG_HOME", "")
        home = self._environment.get("HOME", "")
        if not home and not given:
            raise SettingsError("no home directory is known to keep the unit file in")
        base = Path(given) if Path(given).is_absolute() else Path(home) / ".config"
        return base / "systemd" / "user" / self.name

    def unit(self) -> str:
        """Return the text of the unit file."""
        kept = [f"{name}={self._environment[name]}" for name in _KEPT if self._environment.get(name)]
        return _UNIT.format(
            context=printable(self._context).replace("%", "%%"),
            target=_TARGET,
            command=" ".join(_quoted(word).replace("$", "$$") for word in self._command),
            environment="".join(f"Environment={_quoted(pair)}\n" for pair in kept),
        )

    def plist(self) -> str:
        """Return the text of a launchd agent."""
        return _PLIST.format(
            label=escape(f"talos-cred.{self._context}"),
            arguments="".join(f"<string>{escape(word)}</string>" for word in self._command),
        )

    def install(self) -> None:
        """Write the unit file, and start it now and at every login.

        :raises StorageError: it could not be written or started.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self.unit(), encoding="utf-8")
            self.path.chmod(0o600)
        except OSError as error:
            raise _failed("write", self.path, error) from error
        self._systemctl("daemon-reload")
        self._systemctl("enable", "--now", self.name)

    def remove(self) -> bool:
        """Stop it and remove its unit file; return whether it was there.

        :raises StorageError: it is still there, or may still run.
        """
        if not self.path.exists():
            return False
        stopped = self._run("disable", "--now", self.name)
        wanted = self.path.with_name(f"{_TARGET}.wants") / self.name
        try:
            # Where systemd can't be asked, it must not come back with the next session.
            for path in (wanted, self.path):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise _failed("remove", self.path, error) from error
        if stopped.code != 0:
            raise StorageError(
                f"{self.name} was removed and may still run: {printable(stopped.stderr.strip(), 200)}",
                hint=f"where there is a user session of systemd: systemctl --user stop {shlex.quote(self.name)}",
            )
        self._systemctl("daemon-reload")
        return True

    def state(self) -> str:
        """Return what systemd says of it: ``active``, ``inactive``, ``failed``, or ``not installed``."""
        if not self.path.exists():
            return "not installed"
        return self._run("is-active", self.name).stdout.strip() or "unknown"

    def _systemctl(self, *words: str) -> None:
        done = self._run(*words)
        if done.code != 0:
            raise StorageError(
                f"systemctl --user {shlex.join(words)} failed: {printable(done.stderr.strip(), 200)}",
                hint=f"the unit file is {printable(str(self.path))}; is there a user session of systemd?",
            )

    def _run(self, *words: str) -> Done:
        return captured(["systemctl", "--user", *words], self._environment, seconds=_SECONDS)


_KEPT = (
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_CONFIG_HOME",
    "KUBECACHEDIR",
    "TALOS_HOME",
    "TALOS_CRED_CONFIG",
)
"""Variables that a service needs as the person has them; none is a secret unless a proxy's password is in it."""


def program() -> list[str]:
    """Return the command that starts this program, by its full path."""
    own = os.path.abspath(sys.argv[0])  # noqa: PTH100 -- a link in PATH stays the link
    if Path(own).name.startswith("talos-cred") and os.access(own, os.X_OK):
        return [own]
    return [sys.executable, "-m", "talos_cred"]


def _quoted(word: str) -> str:
    """Return a word as systemd reads it (systemd.syntax, "Quoting"); dollars mean something in commands only."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _failed(verb: str, path: Path, error: OSError) -> TalosconfigError:
    return TalosconfigError(f"can't {verb} {printable(str(path))}: {(error.strerror or 'failed').lower()}")
