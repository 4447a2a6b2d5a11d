"""The front door of ``talos-cred``, and a home with a talosconfig whose certificate is good."""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from talos_cred import fastrun
from tests.frontdoor.shells import MISS, TALOS, Door

NOW = time.time()
CERTIFICATE = "Q0VSVA=="
CONTEXTS = ("a", "b", "admin@prod", "prod.example.com", "A_b-1", "-d", "a b", "ü", "x/y")
CALL = ["run", "--", "tell"]

# The command: tells what it was started with.
_TELL = r"""#!/bin/sh
printf '%s\0' "${0##*/}" "${TALOSCONFIG-}" "$@"
exit 7
"""
_RAN = 7


class BecameError(BaseException):
    """Python would have become a command, with this environment."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a call.

    :param ran: the command's name, its ``TALOSCONFIG`` and its words; ``None`` when Python was asked.
    :param asked: the words Python was given, the script's name first.
    """

    ran: list[bytes] | None
    asked: list[bytes] | None
    stderr: bytes


class Talos:
    """A talosconfig at rest, with notes that its certificates are good.

    :param home: made if it is not there.
    :param place: of the talosconfig, in the home.
    """

    def __init__(self, home: Path, place: str = ".talos/config") -> None:
        self.home = home
        self.config = home / place
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(fastrun.beside(str(self.config)))
        self.folder.mkdir(mode=0o700)
        self.environ = {"HOME": str(home)}
        self.write()
        for name in CONTEXTS:
            self.note(name)

    def write(self, current: str = "a", *, age: float = 60, certificate: str = CERTIFICATE) -> None:
        """Write the talosconfig, as if some seconds ago."""
        self.config.write_text(f"context: {current}\ncontexts:\n    a:\n        crt: {certificate}\n", encoding="utf-8")
        self.touch(age)

    def touch(self, age: float) -> None:
        """Let the talosconfig have been changed some seconds ago."""
        os.utime(self.config, (time.time() - age,) * 2)

    def note(self, name: str = "a", *, since: float = 600, seconds: float = 3600) -> None:
        """Note that a context's certificate is good."""
        contents = fastrun.note(time.time() - since, time.time() + seconds, CERTIFICATE)
        (self.folder / fastrun.file_name("good", name)).write_bytes(contents)

    def files(self) -> list[str]:
        """Return the names of the passes' files."""
        return sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("good"))

    def forget(self) -> None:
        """Remove all passes."""
        for name in self.files():
            (self.folder / name).unlink()

    def decide(self, arguments: list[str], environ: Mapping[str, str]) -> list[bytes] | None:
        """Let Python decide, which leaves a pass, and return what the command would tell."""

        def become(command: list[str], inherited: Mapping[str, str], options: Mapping[str, str]) -> None:
            told = options.get("talosconfig") or inherited.get("TALOSCONFIG", "")
            raise BecameError([os.fsencode(word) for word in (Path(command[0]).name, told, *command[1:])])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fastrun, "become", become)
            try:
                fastrun.main(arguments, environ)
            except BecameError as done:
                return done.args[0]
        return None

    def leave(self, *options: str, **environ: str) -> list[Path]:
        """Let Python leave a pass, and return its files."""
        self.forget()
        assert self.decide(["run", *options, "--", "tell"], {**self.environ, **environ})
        found = [self.folder / name for name in self.files()]
        assert len(found) == 2
        return found


class TalosDoor(Door):
    """The script beside an interpreter that only tells what it is given, and commands that do."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, source=TALOS, name="talos-cred")
        self.tools = directory / "tools"
        self.tools.mkdir()
        for name in ("tell", "talosctl"):
            (self.tools / name).write_text(_TELL, encoding="utf-8")
            (self.tools / name).chmod(0o755)

    @property
    def path(self) -> str:
        """For ``PATH``: the commands."""
        return f"{self.tools}:/usr/bin:/bin"

    def call(self, shell: str, arguments: Iterable[str], environ: Mapping[str, str], **options) -> Reply:
        """Start a shell with the script and return what came of it; it must be one thing or the other."""
        done = self.start(shell, arguments, {"PATH": self.path, **environ}, **options)
        words = done.stdout.split(b"\0")[:-1]
        if done.returncode == MISS:
            assert words[:2] == [b"-I", b"-c"]
            assert words[2] == b"import sys; del sys.argv[0]; from talos_cred.__main__ import main; main()"
            return Reply(None, words[3:], done.stderr)
        assert done.returncode == _RAN, done
        return Reply(words, None, done.stderr)
