"""The machine that was measured on, in words."""

import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path


def lines() -> list[str]:
    """Return what has a bearing on the figures, one fact per line."""
    return [
        time.strftime("%Y-%m-%d, %H:%M UTC", time.gmtime()),
        f"{_processor()}, {os.cpu_count()} processors, {_memory()}",
        f"{_system()}, Linux {platform.release()}" if sys.platform == "linux" else platform.platform(),
        f"Python {platform.python_version()} ({platform.python_compiler()})",
        f"`/bin/sh` is {Path('/bin/sh').resolve().name}; {', '.join(_shells())}",
        f"load average {_load()} before the first run (1, 5, 15 minutes)",
    ]


def _processor() -> str:
    found = re.search(r"(?m)^model name\s*: (.+)$", _text("/proc/cpuinfo"))
    return found[1] if found else platform.processor() or platform.machine()


def _memory() -> str:
    found = re.search(r"MemTotal:\s*(\d+)", _text("/proc/meminfo"))
    return f"{int(found[1]) / (1 << 20):.0f} GiB" if found else "memory unknown"


def _system() -> str:
    found = re.search(r'(?m)^PRETTY_NAME="(.+)"$', _text("/etc/os-release"))
    return found[1] if found else platform.system()


def _load() -> str:
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def _shells() -> list[str]:
    """Return the shells with the versions of their packages, where dpkg knows them."""
    found = []
    for name in ("dash", "bash", "busybox", "mksh", "zsh"):
        if not shutil.which(name):
            continue
        version = ""
        if shutil.which("dpkg-query"):
            command = ["dpkg-query", "-W", "-f=${Version}", name]
            version = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found.append(f"{name} {version}".strip())
    return found


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
