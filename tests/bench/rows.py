"""The commands that are timed: what each row of the report starts."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.installation import FLOOR, Installation
from tests.bench.scene import LONG, TYPICAL, Distant, plant_answer
from tests.bench.timing import Command

BASE = "`python -I -S -c pass`"
VENV = "`python -I -c pass` of the virtual environment"
RUN = "`talos-cred run -- true`"
RUN_PYTHON = f"{RUN}, left to Python"
CAT = "`cat` of the answer's file"
INSTALLED = "hit: the installed command"
UPSTREAM = "int128/kubelogin"
PYTHON_HIT = "hit: Python fast path"
MISS = "miss: the session is fresh, the answer is gone"
REFRESH = "refresh, {} ms round trip"
BUNDLE = f"{REFRESH.format(0)}, with a CA bundle"
ROUND_TRIPS = (0, 10, 25)
_DOCUMENT = b'{"kind":"ExecCredential"'
_MAIN = "from kubelogin_py.__main__ import main; main()"


def base(installation: Installation) -> Command:
    """Return what everything is compared with: an interpreter that does nothing."""
    return Command(BASE, FLOOR, [FLOOR, "-I", "-S", "-c", "pass"], installation.environ)


def start(installation: Installation) -> Command:
    """Return the start of the interpreter that the product is installed with."""
    return Command(VENV, installation.python, [installation.python, "-I", "-c", "pass"], installation.environ)


def hits(installation: Installation) -> list[Command]:
    """Return the ways to a cached answer, and what they are compared with."""
    environ = installation.environ
    file = str(plant_answer(TYPICAL, environ))
    plant_answer(LONG, environ)
    script = installation.kubelogin
    link = Path(environ["HOME"], "kubelogin")
    link.symlink_to(script)
    commands = [
        base(installation),
        start(installation),
        Command(CAT, "/bin/cat", ["cat", file], environ, b"v1beta1"),
        Command(INSTALLED, script, [script, *TYPICAL], environ, _DOCUMENT),
        Command("hit: the same through a link", str(link), [str(link), *TYPICAL], environ, _DOCUMENT),
        Command("hit: 11 flags, 700 characters", script, [script, *LONG], environ, _DOCUMENT),
    ]
    for name in ("dash", "bash", "busybox", "mksh", "zsh"):
        if shutil.which(name):
            shell = _as_sh(name, Path(environ["HOME"]))
            commands.append(Command(f"hit: {name} as sh", shell, [shell, script, *TYPICAL], environ, _DOCUMENT))
    python = [installation.python, "-I", "-c", _MAIN, *TYPICAL]
    return [*commands, Command(PYTHON_HIT, installation.python, python, environ, _DOCUMENT)]


def sessions(installation: Installation, distant: Distant, upstream: str | None) -> list[Command]:
    """Return what is asked of a session: an answer while it is fresh, and to be refreshed from near and far.

    :raises subprocess.CalledProcessError: a person could not sign in.
    """
    environ, program = installation.environ, installation.kubelogin
    commands = [base(installation)]
    for name, path in (("", program), (f" ({UPSTREAM})", upstream)):
        if path is None:
            continue
        cache = f"sessions{name}".replace("/", "-")
        arguments = distant.arguments(cache)
        distant.sign_in(path, arguments, environ)
        if not name:
            gone = _forget(distant.directory / cache)
            commands.append(Command(MISS, path, [path, *arguments], environ, _DOCUMENT, gone))
        else:
            commands.append(Command(f"cached token{name}", path, [path, *arguments], environ, _DOCUMENT))
        words = [path, *arguments, "--force-refresh"]
        commands += [
            Command(REFRESH.format(far) + name, path, words, environ, _DOCUMENT, distant.relay.round_trip(far))
            for far in ROUND_TRIPS
        ]
        bundled = distant.arguments(f"{cache}-bundle", ca=distant.bundle)
        distant.sign_in(path, bundled, environ)
        words = [path, *bundled, "--force-refresh"]
        commands.append(Command(BUNDLE + name, path, words, environ, _DOCUMENT, distant.relay.round_trip(0)))
    return commands


def optional(installation: Installation, distant: Distant) -> tuple[list[Command], list[str]]:
    """Return the commands beside the plugin that exist and work, and the names of those that do not."""
    environ = installation.environ
    status = [installation.kubelogin, "status", f"--token-cache-dir={distant.directory / 'sessions'}"]
    wanted = [Command("`kubelogin status`", installation.kubelogin, status, environ)]
    talos = installation.bin / "talos-cred"
    if talos.exists():
        config = _talosconfig(distant.directory)
        variables = {**environ, "TALOSCONFIG": str(config)}
        # The front door has no passes for odd names.
        for name, options in ((RUN, []), (RUN_PYTHON, [f"--context-name={_ODD}"])):
            wanted.append(Command(name, str(talos), [str(talos), "run", *options, "--", "true"], variables))
    missing = [] if talos.exists() else ["`talos-cred run`"]
    working = [command for command in wanted if _works(command)]
    missing += [command.name for command in wanted if command not in working]
    return [base(installation), start(installation), *working], missing


def _works(command: Command) -> bool:
    words = [command.program, *command.words[1:]]
    return subprocess.run(words, env=dict(command.environ), capture_output=True, check=False).returncode == 0


def _as_sh(name: str, home: Path) -> str:
    """Return a path by which a shell is called sh."""
    folder = home / "shells" / name
    folder.mkdir(parents=True)
    link = folder / "sh"
    link.symlink_to(str(shutil.which(name)))
    return str(link)


def _forget(cache: Path) -> Callable[[], object]:
    def forget() -> None:
        for answer in cache.glob("answer*"):
            answer.unlink()

    return forget


_ODD = "a b"


def _talosconfig(directory: Path) -> Path:
    """Write a talosconfig whose certificate was found good, at rest, and return its path."""
    from talos_cred import fastrun

    path = directory / "talosconfig"
    path.write_text("context: a\ncontexts:\n    a:\n        crt: Q0VSVA==\n", encoding="utf-8")
    folder = Path(fastrun.beside(str(path)))
    folder.mkdir(0o700)
    for name in ("a", _ODD):
        note = folder / fastrun.file_name("good", name)
        note.write_bytes(fastrun.note(time.time() - 60, time.time() + 86400, "Q0VSVA=="))
        note.chmod(0o600)
    os.utime(path, (time.time() - 30,) * 2)
    return path
