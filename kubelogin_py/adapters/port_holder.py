"""Who listens on a port of this machine, as far as it can be known: on Linux, a process of the same user."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kubelogin_py.text import printable

_TABLES = ("net/tcp", "net/tcp6")
_LISTENING = "0A"
_NAME_LENGTH = 40


def holder(port: int, *, proc: Path = Path("/proc")) -> str | None:
    """Return the process that listens on a port, such as ``process 4711 (python3)``; ``None`` when nobody can say.

    :param proc: where the system tells of its processes (proc(5)).
    """
    sockets = {f"socket:[{inode}]" for inode in _inodes(port, proc)}
    if not sockets:
        return None
    for directory in proc.glob("[0-9]*"):
        if any(link in sockets for link in _open_files(directory)):
            return f"process {directory.name}{_name(directory)}"
    return None


def _inodes(port: int, proc: Path) -> Iterator[str]:
    """Yield the numbers of the sockets that listen on a port, whatever its address."""
    for table in _TABLES:
        with suppress(OSError, ValueError, IndexError):
            for line in (proc / table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _open_files(directory: Path) -> Iterator[str]:
    """Yield what a process has open; nothing for another user's."""
    with suppress(OSError):
        for entry in (directory / "fd").iterdir():
            # It may close a file, or end, meanwhile.
            with suppress(OSError):
                yield str(entry.readlink())


def _name(directory: Path) -> str:
    with suppress(OSError, ValueError):
        name = (directory / "comm").read_text(encoding="utf-8").strip()
        if re.fullmatch(r"[\w. +:/-]+", name):
            return f" ({printable(name, _NAME_LENGTH)})"
    return ""
