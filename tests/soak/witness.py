"""Looks at the sessions on disk all the time: no reader may ever find one half written."""

import json
import threading
import time
from pathlib import Path

from tests.soak.callers import Context
from tests.soak.injections import Injector

INTERVAL = 0.1
"""Seconds between two looks."""


class Witness:
    """Finds sessions that can't be read although nobody damaged them on purpose.

    :param injector: knows what was damaged.
    """

    def __init__(self, contexts: list[Context], injector: Injector) -> None:
        self.looks = 0
        self.corrupt: list[str] = []
        self._directories = {context.directory for context in contexts}
        self._injector = injector
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(INTERVAL):
            for directory in self._directories:
                for path in [*directory.glob("session-*.json"), *directory.glob("session-*.json.twin")]:
                    self._look(path)

    def _look(self, path: Path) -> None:
        with self._injector.spoiling:
            try:
                contents = path.read_bytes()
            except FileNotFoundError:
                return
        self.looks += 1
        if contents not in self._injector.spoilt and not reads(contents):
            self.corrupt.append(f"{time.time():.1f} {path.parent.parent.name}/{path.name}: {contents[:200]!r}")


def reads(contents: bytes) -> bool:
    """Whether a session's file can be read."""
    try:
        return bool(json.loads(contents)["format"] == 1)
    except (ValueError, KeyError, TypeError):
        return False
