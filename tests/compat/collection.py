"""The tests that pytest finds in files, by their ids."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]


def collected(files: Iterable[str]) -> frozenset[str]:
    """Return the ids of the tests in files, with their parameters and without, and the files."""
    named = sorted(set(files))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *named],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    ids = done.stdout.splitlines()
    return frozenset([*ids, *(test.partition("[")[0] for test in ids), *named])
