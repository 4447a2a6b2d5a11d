"""Programs on this machine: where one is, and whether it is ours. None is started."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_READ = 1 << 20
_OURS = b"kubelogin_py"
# ELF, Mach-O of every kind, PE.
_MACHINE_CODE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ")


def found(name: str, environment: Mapping[str, str]) -> Path | None:
    """Return the program that is started for a name, looked for on ``PATH``, or for a path; ``None`` for none."""
    with suppress(OSError, ValueError):
        where = shutil.which(name, path=environment.get("PATH", os.defpath))
        return Path(where) if where else None
    return None


def is_ours(program: Path) -> bool | None:
    """Return whether a program is kubelogin-py; ``None`` for a script that may lead there, or that can't be read."""
    try:
        with program.open("rb") as file:
            beginning = file.read(_READ)
    except OSError:
        return None
    if _OURS in beginning:
        return True
    return False if beginning.startswith(_MACHINE_CODE) else None
