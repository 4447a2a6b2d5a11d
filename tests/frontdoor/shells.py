"""The front doors as they are installed, started by every shell that may be ``/bin/sh`` somewhere."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "kubelogin_py/frontdoor.sh"
TALOS = Path(__file__).parents[2] / "talos_cred/frontdoor.sh"
NO_PATH = "/nowhere"
"""For ``PATH``: whatever is not a builtin fails."""

SHELLS = {
    "dash": ("dash", "sh"),
    "bash": ("bash", "bash"),
    "bash-as-sh": ("bash", "sh"),
    "bash-posix": ("bash", "bash", "--posix"),
    "busybox": ("busybox", "sh"),
    "mksh": ("mksh", "mksh"),
    "mksh-as-sh": ("mksh", "sh"),
    "zsh": ("zsh", "zsh", "--emulate", "sh"),
    "zsh-as-sh": ("zsh", "sh"),
}
"""The program and the words it is started with."""

EACH = [pytest.param(name, marks=pytest.mark.required(words[0])) for name, words in SHELLS.items()]
"""Every shell, skipped by name where it is missing."""

# Stands where the interpreter is, and tells what it was started with.
_PYTHON = r"""#!/bin/sh
printf '%s\0' "$@"
exit 77
"""
MISS = 77
"""How it ends."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a call.

    :param answer: what was printed when the shell answered; ``None`` when Python was asked.
    :param asked: the words Python was given after ours, when it was asked.
    """

    answer: bytes | None
    asked: list[bytes] | None
    stderr: bytes


class Door:
    """The script, installed beside an interpreter that only tells what it is given.

    :param directory: becomes the installation.
    :param edit: text to put before another text of the script, to look into it.
    :param source: the script.
    :param name: of the command.
    """

    def __init__(
        self, directory: Path, *, edit: tuple[str, str] | None = None, source: Path = SOURCE, name: str = "kubelogin"
    ) -> None:
        self.bin = directory / "bin"
        self.bin.mkdir(parents=True)
        self.script = self.bin / name
        text = source.read_text(encoding="utf-8")
        if edit:
            assert text.count(edit[1]) == 1
            text = text.replace(edit[1], edit[0] + edit[1])
        self.script.write_text(text, encoding="utf-8")
        self.script.chmod(0o755)
        self.python = self.bin / "python"
        self.python.write_text(_PYTHON, encoding="utf-8")
        self.python.chmod(0o755)

    def start(
        self,
        shell: str,
        arguments: Iterable[str],
        environ: Mapping[str, str],
        *,
        flags: Sequence[str] = (),
        script: str | Path | None = None,
        tracer: Sequence[str] = (),
        **options,
    ) -> subprocess.CompletedProcess[bytes]:
        """Start a shell with the script.

        :param environ: all its variables.
        :param flags: more flags for the shell.
        :param script: another way to the script, such as a link.
        :param tracer: a command to start the shell with.
        """
        words, executable = command(shell, *flags, str(script or self.script), *arguments), program(shell)
        if tracer:
            # It takes the name of what it starts from a file's.
            name = self.bin / words[0]
            name.symlink_to(executable)
            words, executable = [*tracer, str(name), *words[1:]], tracer[0]
        return subprocess.run(
            words, executable=executable, env={"PATH": NO_PATH, **environ}, capture_output=True, check=False, **options
        )

    def start_into(
        self, shell: str, arguments: Iterable[str], environ: Mapping[str, str], stdout: int
    ) -> tuple[int, bytes]:
        """Start a shell whose standard output is a file descriptor; return its exit code and what it complained of."""
        words = command(shell, str(self.script), *arguments)
        done = subprocess.run(
            words,
            executable=program(shell),
            env={"PATH": NO_PATH, **environ},
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
        return done.returncode, done.stderr

    def ask(self, shell: str, arguments: Iterable[str], environ: Mapping[str, str], **options) -> Reply:
        """Start a shell with the script and return what came of it; it must be one thing or the other."""
        done = self.start(shell, arguments, environ, **options)
        if done.returncode == MISS:
            assert done.stdout.endswith(b"\0")
            ours, code, *asked = done.stdout[:-1].split(b"\0")
            assert (ours, code) == (b"-I", b"-c")
            assert asked[0] == b"from kubelogin_py.__main__ import main; main()"
            return Reply(None, asked[1:], done.stderr)
        assert done.returncode == 0, done
        return Reply(done.stdout, None, done.stderr)


def program(shell: str) -> str:
    """Return the path of a shell's program."""
    found = shutil.which(SHELLS[shell][0], path=os.environ["PATH"])
    assert found
    return found


def command(shell: str, *words: str) -> list[str]:
    """Return the words that start a shell, to be given with the program as executable."""
    return [*SHELLS[shell][1:], *words]
