"""Programs that are started. The home of ``subprocess``."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubelogin_py.errors import Error
from kubelogin_py.text import printable


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended: its exit code and both streams; foreign text."""

    code: int
    stdout: str
    stderr: str


def captured(command: Sequence[str], environment: Mapping[str, str], *, seconds: float) -> Done:
    """Return how a program ended; one that can't be started, or takes too long, has failed.

    :param seconds: it may take at most.
    """
    try:
        done = subprocess.run(  # noqa: S603 -- a list without a shell
            list(command),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
        )
    except (OSError, subprocess.SubprocessError):
        return Done(1, "", f"{command[0]} could not be run")
    return Done(done.returncode, done.stdout, done.stderr)


def waited_for(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program with our own streams and return its exit code.

    :raises Error: it can't be started.
    """
    try:
        return subprocess.run(list(command), env=dict(environment), check=False).returncode  # noqa: S603 -- no shell
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "can't be started").lower()
        raise Error(f"{printable(command[0], 100)}: {reason}") from None
