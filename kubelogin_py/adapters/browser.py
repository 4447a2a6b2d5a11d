"""The person's browser: started on a checked URL, detached, without a shell, its output away from our stdout.

What is started never depends on the provider, only on the user's settings and system; the URL is always one argument
of its own. The standard library's launcher is not used: it has split ``BROWSER`` after putting the URL in.
"""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from kubelogin_py.oidc.urls import check_browser_url
from kubelogin_py.text import printable

_SETTLE_SECONDS = 1.0
"""How long a program has to fail; one that runs on, or ends well, counts as a browser."""
_SLICE = 0.2
_CHUNK = 4096
_LAUNCHERS = ("xdg-open", "x-www-browser", "www-browser")
# Tried in case they are there: one that is missing is no news.
_GUESSES = frozenset({*_LAUNCHERS, "rundll32.exe", "wslview"})
# The URL may stand alone or be the value of an option. Inside a longer text it could be part of a shell's script.
_PLACEHOLDER = re.compile(r"(?:--?[A-Za-z0-9][A-Za-z0-9_-]*=)?%s")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "csh", "tcsh", "fish", "pwsh"})
_SCRIPT_FOLLOWS = re.compile(r"-[A-Za-z]*c")
# Starting these on Windows starts cmd.exe, which reads `&` and `%` in a URL as its own.
_BATCH_FILES = (".bat", ".cmd")


class SystemBrowser:
    """Opens URLs in the browser of this system, or with the program the user named.

    :param command: program, name or path, started with the URL as its only argument; when there is no such
        program, a command line whose words come before the URL. ``None`` for the system's browser.
    :param environment: for ``PATH``, ``BROWSER``, ``DISPLAY``; handed to the program as it is.
    :param platform: as ``sys.platform``.
    :param report: told, in a line, what could not be started.
    """

    def __init__(
        self,
        command: str | None,
        environment: Mapping[str, str],
        platform: str,
        report: Callable[[str], None] | None = None,
    ) -> None:
        self._command = command
        self._environment = environment
        self._platform = platform
        self._report = report

    def open(self, url: str) -> bool:
        """Start a browser and return whether one started; never waits for it to end.

        :raises ProviderError: the URL is not safe to open; nothing was started.
        """
        checked = check_browser_url(url)
        if not self._command and self._platform == "win32":
            return self._shell_execute(checked)
        return any(self._start(argv) for argv in self._candidates(checked))

    def found(self) -> str:
        """Return the program that would be started first; empty when there is none. Nothing is started."""
        if not self._command and self._platform == "win32":
            return "the default browser"
        programs = (self._find(argv[0]) for argv in self._candidates("https://example.com/"))
        return next((program for program in programs if program), "")

    def _candidates(self, url: str) -> Iterator[list[str]]:
        """Yield the argument lists to try, in order."""
        if self._command and self._find(self._command):
            yield [self._command, url]
        elif self._command:
            yield from self._from_line(self._command, url)
        elif self._platform == "darwin":
            yield ["open", url]
        else:
            for line in self._environment.get("BROWSER", "").split(":"):
                yield from self._from_line(line.strip().removesuffix("&"), url)
            if self._is_wsl():
                yield from _on_windows_side(url)
            if self._environment.get("DISPLAY") or self._environment.get("WAYLAND_DISPLAY"):
                yield from ([launcher, url] for launcher in _LAUNCHERS)

    def _from_line(self, line: str, url: str) -> Iterator[list[str]]:
        """Yield the arguments of a command line: split first, the URL put in afterwards."""
        try:
            # On Windows a backslash is part of a path, not an escape.
            words = shlex.split(line, posix=self._platform != "win32")
        except ValueError as error:
            self._tell(f"browser command {printable(line, 100)} can't be read: {printable(error)}")
            return
        if not words:
            return
        if self._platform == "win32":
            words = [word.strip('"') for word in words]
        template = words if any("%s" in word for word in words) else [*words, "%s"]
        if _runs_url(template):
            self._tell(f"browser command {printable(line, 100)} is not used: it would run the URL as a script")
        else:
            yield [word.replace("%s", url) for word in template]

    def _is_wsl(self) -> bool:
        return "WSL_DISTRO_NAME" in self._environment or "WSL_INTEROP" in self._environment

    def _find(self, program: str) -> str | None:
        return shutil.which(program, path=self._environment.get("PATH", os.defpath))

    def _start(self, argv: list[str]) -> bool:
        program = self._find(argv[0])
        if program is None:
            if argv[0] not in _GUESSES:
                self._tell(f"browser {printable(argv[0], 100)} was not found")
            return False
        if self._platform == "win32" and program.lower().endswith(_BATCH_FILES):
            self._tell(f"browser {printable(program, 100)} is not used: a batch file would read the URL as a script")
            return False
        try:
            status = _status_within([program, *argv[1:]], self._environment, _SETTLE_SECONDS)
        except (OSError, ValueError) as error:
            self._tell(f"browser {printable(program, 100)} could not be started: {printable(error)}")
            return False
        if status:
            self._tell(f"browser {printable(program, 100)} failed with status {status}")
        return not status

    def _shell_execute(self, url: str) -> bool:
        try:
            # Only Windows has it; https URLs go to the default browser, without a command line in between.
            start: Callable[[str], None] = getattr(os, "startfile")  # noqa: B009 -- see above
            start(url)
        except (AttributeError, OSError) as error:
            self._tell(f"the default browser could not be started: {printable(error)}")
            return False
        return True

    def _tell(self, line: str) -> None:
        if self._report is not None:
            self._report(line)


def _runs_url(template: list[str]) -> bool:
    """Return whether some program would take the URL, in place of ``%s``, for itself or for a script."""
    if "%s" in template[0] or any("%s" in word and not _PLACEHOLDER.fullmatch(word) for word in template):
        return True
    has_shell = any(PurePath(word).name in _SHELLS for word in template)
    return has_shell and any(
        after == "%s" and _SCRIPT_FOLLOWS.fullmatch(before) for before, after in pairwise(template)
    )


def _on_windows_side(url: str) -> Iterator[list[str]]:
    yield ["rundll32.exe", "url.dll,FileProtocolHandler", url]
    # It hands the URL to PowerShell in double quotes, where a dollar sign begins an expression.
    if "$" not in url:
        yield ["wslview", url]


def _status_within(argv: list[str], environment: Mapping[str, str], seconds: float) -> int | None:
    """Start a program and return its exit status, or ``None`` when it still runs after these seconds."""
    output, its_output = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 -- a list without a shell; the URL was checked
            argv,
            stdin=subprocess.DEVNULL,
            stdout=its_output,
            stderr=its_output,
            env=dict(environment),
            # A browser that writes after we have ended must get an error, not a fatal signal.
            restore_signals=False,
            **_detached(),
        )
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(its_output)
    ended = threading.Event()
    threading.Thread(target=_pass_on, args=(output,), name="browser output", daemon=True).start()
    threading.Thread(target=_reap, args=(process, ended), name="browser", daemon=True).start()
    for _ in range(round(seconds / _SLICE)):
        if ended.wait(_SLICE):
            return process.returncode
    return None


def _detached() -> dict[str, Any]:
    """Return the arguments that keep our terminal's Ctrl-C from the browser."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    else:  # noqa: RET505 -- the type checker reads one branch per platform
        return {"start_new_session": True}


def _reap(process: subprocess.Popen[bytes], ended: threading.Event) -> None:
    process.wait()
    ended.set()


def _pass_on(output: int) -> None:
    """Copy what a browser prints to stderr as long as we live.

    It gets a pipe of ours instead of stderr itself: whoever reads our stderr waits until everyone has closed it,
    and a browser stays open for days.
    """
    # Without a stderr at the start, descriptor 2 may by now be some file of ours.
    has_stderr = sys.__stderr__ is not None
    while chunk := os.read(output, _CHUNK):
        with contextlib.suppress(OSError):
            if has_stderr:
                os.write(2, chunk)
    os.close(output)
