"""``kubelogin version`` and ``kubelogin --version``."""

import sys

from kubelogin_py import __version__
from kubelogin_py.cli.commands import PROGRAM
from kubelogin_py.cli.invocation import Invocation

# The names that Kubernetes, too, gives these processors.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def run(invocation: Invocation) -> None:
    """Show name, version, interpreter and platform on standard error, as int128/kubelogin does."""
    import platform  # noqa: PLC0415 -- slow to import, and every command imports the line below

    machine = platform.machine().lower()
    where = f"{sys.platform}_{_ARCHITECTURES.get(machine, machine)}"
    invocation.stderr.line(f"{version_line()} (python{platform.python_version()} {where})")


def version_line() -> str:
    """Return the line that ``--version`` shows."""
    return f"{PROGRAM} version {__version__}"
