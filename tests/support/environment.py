"""The environment a test runs in: nothing of the developer's, nothing of the machine's certificates and proxies."""

import fnmatch
import os
import sys
from collections.abc import Iterable
from pathlib import Path

BIN = Path(sys.executable).parent
"""Where the executables of this virtual environment are, the product's among them."""

CLEARED = (
    "HOME",
    "KUBE*",
    "XDG_*",
    "BROWSER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "DBUS_*",
    "*_CA_BUNDLE",
    "*CA_CERTS*",
    "SSL_CERT_*",
    "SSLKEYLOGFILE",
    "GIT_SSL_*",
    "NIX_SSL_*",
    "GRPC_DEFAULT_SSL_*",
    "NODE_*",
    "*_PROXY",
    "*_proxy",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONWARNINGS",
    "PYTHON_KEYRING_BACKEND",
    "SIGN_IN_*",
    "TALOS*",
)
"""Patterns of the variables that must not reach a test."""


def cleared(names: Iterable[str]) -> list[str]:
    """Return those of the names that must not reach a test."""
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in CLEARED)]


def clean(home: Path, **extra: str) -> dict[str, str]:
    """Return a small environment with its own home directory, where this virtual environment comes first.

    :param extra: variables to add.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "TERM": "xterm", "TZ": "UTC", **extra}
