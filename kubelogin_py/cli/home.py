"""The home directory, found as kubectl's own libraries find it, and the ``~`` that stands for it."""

import os
from collections.abc import Mapping
from pathlib import Path


def home_directory(environment: Mapping[str, str], *, windows: bool = os.name == "nt") -> str | None:
    """Return the home directory, or ``None`` when the environment names none.

    On POSIX it is ``HOME`` and nothing else. On Windows kubectl (``k8s.io/client-go/util/homedir``) looks for
    one that holds a kubeconfig, else takes the first it can write to, the first that exists, the first named.
    """
    home = environment.get("HOME", "")
    if not windows:
        return home or None
    drive, path = environment.get("HOMEDRIVE", ""), environment.get("HOMEPATH", "")
    profile = environment.get("USERPROFILE", "")
    combined = drive + path if drive and path else ""
    for candidate in (home, combined, profile):
        if candidate and Path(candidate, ".kube", "config").exists():
            return candidate
    named = [candidate for candidate in (home, profile, combined) if candidate]
    existing = [candidate for candidate in named if Path(candidate).exists()]
    writable = [candidate for candidate in existing if Path(candidate).is_dir() and os.access(candidate, os.W_OK)]
    return next(iter([*writable, *existing, *named]), None)


def expanded(path: str, home: str | None) -> str:
    """Return a path with its leading ``~`` replaced by the home directory, also in ``~bob/x``.

    Without a home directory, and without a ``~``, it is returned as it is.
    """
    if home is None or not path.startswith("~"):
        return path
    clean = os.path.normpath(home + os.sep + path[1:])
    # Go knows no meaning of two slashes at the start.
    return "/" + clean.lstrip("/") if clean.startswith("//") else clean
