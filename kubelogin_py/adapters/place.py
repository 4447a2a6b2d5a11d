"""Signs that nobody sits before this machine's screen."""

from collections.abc import Mapping
from pathlib import Path

_MARKS = ("/.dockerenv", "/run/.containerenv")


def remoteness(environment: Mapping[str, str], *, root: str = "/") -> str:
    """Return why nobody may see a browser here, such as ``over SSH``; empty when nothing speaks for that.

    :param root: where the system's own files are.
    """
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return "over SSH"
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return "in a pod"
    if environment.get("container") or any(Path(root, mark.lstrip("/")).exists() for mark in _MARKS):
        return "in a container"
    return "in a pipeline" if environment.get("CI") else ""
