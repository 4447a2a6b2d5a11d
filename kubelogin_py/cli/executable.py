"""The installed command, as a kubeconfig may name it."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

NAME = "kubelogin.exe" if os.name == "nt" else "kubelogin"


def own_command(environment: Mapping[str, str], *, beside: Path = Path(sys.executable)) -> str:
    """Return the absolute path of this program, best one that stays the same when it is installed anew.

    pipx and uv put a link into a directory of ``PATH``; what it leads to may move. Where nothing is found, the bare
    name, which kubectl looks for on ``PATH``.

    :param environment: for ``PATH``.
    :param beside: this interpreter; the command is installed beside it.
    """
    own = beside.parent / NAME
    for directory in environment.get("PATH", "").split(os.pathsep):
        candidate = Path(directory) / NAME
        if Path(directory).is_absolute() and os.access(candidate, os.X_OK) and _is(candidate, own):
            return str(candidate)
    return str(own) if os.access(own, os.X_OK) else NAME


def _is(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
