"""Which commands a wheel installs: the front doors in shell, or on Windows Python's own entry points.

A wheel can't carry both under one name. So ``py3-none-any`` has the scripts, and installers on Windows prefer a wheel
that is tagged for Windows. ``KUBELOGIN_PY_WHEEL`` says which to make: ``any``, ``win_amd64``, ``win_arm64`` or
``win32``; without it, what suits the machine that builds.
"""

import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

VARIABLE = "KUBELOGIN_PY_WHEEL"
FRONT_DOORS = {
    "kubelogin": "kubelogin_py/frontdoor.sh",
    "kubectl-oidc_login": "kubelogin_py/frontdoor.sh",
    "talos-cred": "talos_cred/frontdoor.sh",
}
"""Commands that are a script where there is sh, and the script."""

_WINDOWS = ("win_amd64", "win_arm64", "win32")


def platform() -> str:
    """Return ``any`` or the Windows platform tag of the wheel to build.

    :raises ValueError: the variable names neither.
    """
    natural = sysconfig.get_platform().replace("-", "_") if sys.platform == "win32" else "any"
    wanted = os.environ.get(VARIABLE) or natural
    if wanted not in ("any", *_WINDOWS):
        raise ValueError(f"{VARIABLE} is {wanted!r} instead of one of any, {', '.join(_WINDOWS)}")
    return wanted


class Commands(MetadataHookInterface):
    """Adds the entry points: those of the table in pyproject.toml that are not a script."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the ``scripts`` of the project."""
        entry_points: dict[str, str] = self.config["scripts"]
        left_out = FRONT_DOORS if platform() == "any" else {}
        metadata["scripts"] = {name: target for name, target in entry_points.items() if name not in left_out}


class FrontDoors(BuildHookInterface[Any]):
    """Adds the scripts under their names, or tags the wheel for Windows."""

    def initialize(self, _version: str, build_data: dict[str, Any]) -> None:
        """Prepare a wheel, also an editable one."""
        if self.target_name != "wheel":
            return
        if platform() != "any":
            build_data["tag"] = f"py3-none-{platform()}"
            return
        self._copies = Path(tempfile.mkdtemp())
        build_data["shared_scripts"].update(self._copied())

    def finalize(self, _version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Remove the copies."""
        if hasattr(self, "_copies"):
            shutil.rmtree(self._copies)

    def _copied(self) -> Iterator[tuple[str, str]]:
        # One file can be had under one name only.
        for name, script in FRONT_DOORS.items():
            copy = self._copies / name
            # Whatever became of line ends and mode on the way here.
            copy.write_bytes(Path(self.root, script).read_bytes().replace(b"\r\n", b"\n"))
            copy.chmod(0o755)
            yield str(copy), name
