"""faketime's memory: what a killed one leaves behind would stop the next one that is given its process number."""

import re
from contextlib import suppress
from pathlib import Path

_MEMORY = Path("/dev/shm")
_NAME = re.compile(r"(?:sem\.)?faketime_(?:sem|shm)_(\d+)")


def forget_the_dead() -> None:
    """Remove the semaphores and the memory of those that run no more."""
    for entry in _MEMORY.glob("*faketime_*"):
        named = _NAME.fullmatch(entry.name)
        if named and not Path("/proc", named[1]).exists():
            with suppress(OSError):
                entry.unlink()
