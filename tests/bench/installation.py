"""The product as people have it: its wheel, built now, in a virtual environment of its own."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.components import ROOT
from tests.support.environment import BIN

FLOOR = sys._base_executable  # type: ignore[attr-defined]
"""The interpreter itself, outside of any virtual environment."""


@dataclass(frozen=True, slots=True)
class Installation:
    """An installed product.

    :param bin: where its commands are.
    :param environ: the clean environment that everything is timed in.
    """

    bin: Path
    environ: dict[str, str]

    @property
    def kubelogin(self) -> str:
        """Path of the command."""
        return str(self.bin / "kubelogin")

    @property
    def python(self) -> str:
        """Path of the interpreter."""
        return str(self.bin / "python")


def install(directory: Path) -> Installation:
    """Build the wheel and install it, not editable and with what it needs, the way pipx and uv lay it out.

    :raises subprocess.CalledProcessError: that did not work, such as without the package index.
    """
    # Isolated (-I), or the sources in the working directory would be found first.
    python = [sys.executable, "-I"]
    _run(*python, "-m", "build", "--quiet", "--wheel", "--no-isolation", f"--outdir={directory}/wheel", ROOT)
    [wheel] = (directory / "wheel").glob("*.whl")
    _run(FLOOR, "-I", "-m", "venv", "--without-pip", directory / "venv")
    pip = [*python, "-m", "pip", "--python", directory / "venv/bin/python", "--disable-pip-version-check"]
    _run(*pip, "install", "--quiet", wheel)
    home = directory / "home"
    home.mkdir()
    environ = {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    return Installation(directory / "venv/bin", environ)


def upstream() -> str | None:
    """Return the path of int128/kubelogin, the one written in Go, when it is on PATH."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which("kubelogin", path=folder)
        if found and Path(found).parent != BIN and _is_go(found):
            return found
    return None


def _is_go(program: str) -> bool:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and "go1" in done.stdout


def _run(*command: str | Path) -> None:
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
