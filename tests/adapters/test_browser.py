"""Starting browsers: real programs, which print, hang, fail or are not there."""

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kubelogin_py.adapters.browser import SystemBrowser
from kubelogin_py.errors import ProviderError

URL = "https://id.example.com/authorize?client_id=kubernetes&state=a-b_c~d&scope=openid%20email"
# Everything that means something to some shell and may stand in a URL.
SHELL_URL = "https://id.example.com/$(id)/a;b&c'd*e!f?x=$HOME&y=%24%28id%29#z"

pytestmark = pytest.mark.timeout(30)


class Desk:
    """A directory of programs that write down how they were started."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "bin"
        self.directory.mkdir()
        self.log = directory / "log"
        self.reports: list[str] = []

    def program(self, name: str, then: str = "") -> str:
        """Make a program that notes its arguments, environment and standard files, then does something."""
        path = self.directory / name
        path.write_text(
            f"#!{sys.executable} -I\n"
            "import json, os, sys, time\n"
            "note = {'name': os.path.basename(sys.argv[0]), 'arguments': sys.argv[1:], 'environment': dict(os.environ),"
            " 'stdin': os.path.realpath('/dev/fd/0'), 'session': os.getsid(0), 'process': os.getpid(),"
            " 'descriptors': sorted(int(fd) for fd in os.listdir('/dev/fd'))}\n"
            f"open({str(self.log)!r}, 'a').write(json.dumps(note) + '\\n')\n"
            f"{then}\n"
        )
        path.chmod(0o755)
        return str(path)

    def browser(self, command: str | None = None, platform: str = "linux", **environment: str) -> SystemBrowser:
        return SystemBrowser(command, self.environment(**environment), platform, self.reports.append)

    def environment(self, **environment: str) -> Mapping[str, str]:
        return {"PATH": str(self.directory), **environment}

    @property
    def notes(self) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def settled_notes(self, number: int = 1) -> list[dict]:
        until = time.monotonic() + 5
        while len(self.notes) < number and time.monotonic() < until:
            time.sleep(0.02)
        return self.notes


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(autouse=True, scope="module")
def no_process_is_left_to_the_collector() -> Iterator[None]:
    """No "subprocess still running" warning, which would be an error here."""
    yield
    gc.collect()


def arguments(desk: Desk) -> list[list[str]]:
    return [note["arguments"] for note in desk.notes]


# ---- which program


def test_a_command_gets_the_url_as_its_only_argument(desk: Desk) -> None:
    assert desk.browser(desk.program("my-browser")).open(URL)
    assert arguments(desk) == [[URL]]


def test_a_command_is_found_by_name_in_path(desk: Desk) -> None:
    desk.program("my-browser")
    assert desk.browser("my-browser").open(URL)
    assert arguments(desk) == [[URL]]


def test_a_program_whose_name_has_blanks_is_not_split(desk: Desk) -> None:
    """It is a name first, as it always was; a command line only when no such program exists."""
    name = desk.program("my browser")
    desk.program("my")
    assert desk.browser(name).open(URL)
    assert [(note["name"], note["arguments"]) for note in desk.notes] == [("my browser", [URL])]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("my-browser --new-window", ["--new-window", URL]),
        ("my-browser --profile 'At work' -x", ["--profile", "At work", "-x", URL]),
        ("my-browser %s --last", [URL, "--last"]),
        ("my-browser --url=%s", [f"--url={URL}"]),
        ("my-browser $HOME `id` ; echo", ["$HOME", "`id`", ";", "echo", URL]),
    ],
)
def test_a_command_line_is_split_without_a_shell(desk: Desk, line: str, expected: list[str]) -> None:
    desk.program("my-browser")
    assert desk.browser(line).open(URL)
    assert arguments(desk) == [expected]


def test_a_home_directory_sign_is_not_expanded(desk: Desk) -> None:
    assert not desk.browser("~/my-browser", HOME=str(desk.directory)).open(URL)


def test_a_command_comes_before_everything_else(desk: Desk) -> None:
    for name in ("xdg-open", "other"):
        desk.program(name)
    assert desk.browser(desk.program("mine"), BROWSER="other", DISPLAY=":0").open(URL)
    assert [note["name"] for note in desk.notes] == ["mine"]


def test_a_command_that_is_missing_is_reported_and_nothing_else_is_tried(desk: Desk) -> None:
    desk.program("xdg-open")
    assert not desk.browser("no-such-browser", DISPLAY=":0").open(URL)
    assert desk.reports == ["browser no-such-browser was not found"]
    assert not desk.notes


@pytest.mark.parametrize("line", ["'unclosed", "   ", "%s", "x%s"])
def test_a_command_that_is_no_command_starts_nothing(desk: Desk, line: str) -> None:
    assert not desk.browser(line).open(URL)


@pytest.mark.parametrize("display", ["DISPLAY", "WAYLAND_DISPLAY"])
@pytest.mark.parametrize("launcher", ["xdg-open", "x-www-browser", "www-browser"])
def test_on_linux_the_desktops_launchers_are_tried(desk: Desk, launcher: str, display: str) -> None:
    desk.program(launcher)
    assert desk.browser(**{display: "0"}).open(URL)
    assert [(note["name"], note["arguments"]) for note in desk.notes] == [(launcher, [URL])]


def test_on_linux_they_are_tried_in_order_until_one_starts(desk: Desk) -> None:
    """xdg-open fails with status 3 when it knows no browser; another may."""
    desk.program("xdg-open", "sys.exit(3)")
    desk.program("www-browser")
    assert desk.browser(DISPLAY=":0").open(URL)
    assert [note["name"] for note in desk.notes] == ["xdg-open", "www-browser"]


def test_without_a_display_nothing_is_started(desk: Desk) -> None:
    """B-75: over SSH a launcher could only fail, or start a text browser on our terminal."""
    desk.program("xdg-open")
    started = time.monotonic()
    assert not desk.browser(DISPLAY="").open(URL)
    assert time.monotonic() - started < 5
    assert not desk.notes


def test_without_a_display_a_named_browser_is_started(desk: Desk) -> None:
    assert desk.browser(desk.program("mine")).open(URL)
    assert desk.browser(BROWSER=desk.program("other")).open(URL)
    assert [note["name"] for note in desk.notes] == ["mine", "other"]


def test_without_any_launcher_it_says_so(desk: Desk) -> None:
    assert not desk.browser(DISPLAY=":0").open(URL)


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("one", [["one", URL]]),
        ("one --new %s", [["one", "--new", URL]]),
        ("one %s &", [["one", URL]]),
        ("one --to=%s -x", [["one", f"--to={URL}", "-x"]]),
        ("missing:one:two", [["one", URL]]),
        ("bad:one", [["bad", URL], ["one", URL]]),
        (":'unclosed:one", [["one", URL]]),
        ("bad", [["bad", URL], ["xdg-open", URL]]),
    ],
)
def test_the_variable_browser_is_a_list_of_commands(desk: Desk, variable: str, expected: list[list[str]]) -> None:
    for name in ("one", "two", "xdg-open"):
        desk.program(name)
    desk.program("bad", "sys.exit(1)")
    assert desk.browser(BROWSER=variable, DISPLAY=":0").open(URL)
    assert [[note["name"], *note["arguments"]] for note in desk.notes] == expected


@pytest.mark.parametrize(
    "variable",
    [
        'sh -c "one %s"',
        "sh -c %s",
        "sh -c",
        "bash -lc",
        "env sh -ec %s",
        'env X=1 one "--script=open %s"',
        "%s",
        "one%s",
    ],
)
def test_a_command_that_would_run_the_url_is_refused(desk: Desk, variable: str) -> None:
    """B-82, S03: whatever is in the URL, it is an argument, never part of a script or a program's name."""
    for name in ("sh", "bash", "env", "one"):
        desk.program(name)
    assert not desk.browser(BROWSER=variable).open(URL)
    assert not desk.browser(variable).open(URL)
    assert not desk.notes
    assert len(desk.reports) == 2


@pytest.mark.parametrize("line", ["sh /some/script", "sh -c 'exec one \"$0\"'"])
def test_a_script_may_take_the_url_as_an_argument(desk: Desk, line: str) -> None:
    desk.program("sh")
    assert desk.browser(line).open(URL)
    assert desk.notes[0]["arguments"][-1] == URL


def test_on_macos_open_is_used(desk: Desk) -> None:
    desk.program("open")
    assert desk.browser(platform="darwin").open(URL)
    assert [(note["name"], note["arguments"]) for note in desk.notes] == [("open", [URL])]


@pytest.mark.parametrize("variable", ["WSL_DISTRO_NAME", "WSL_INTEROP"])
@pytest.mark.parametrize(
    ("program", "expected"),
    [("rundll32.exe", ["url.dll,FileProtocolHandler", URL]), ("wslview", [URL])],
)
def test_under_wsl_the_browser_of_windows_is_used(desk: Desk, program: str, expected: list[str], variable: str) -> None:
    """No display is needed for it, and no command interpreter is in between."""
    desk.program(program)
    assert desk.browser(**{variable: "Debian"}).open(URL)
    assert arguments(desk) == [expected]


def test_under_wsl_powershell_never_sees_a_dollar_sign(desk: Desk) -> None:
    """wslview puts the URL between double quotes of PowerShell, which runs ``$(…)`` there."""
    desk.program("wslview")
    assert not desk.browser(WSL_DISTRO_NAME="Debian").open("https://id.example.com/$(calc)")
    assert not desk.notes


class Windows:
    """``os.startfile`` as Windows has it."""

    def __init__(self, error: OSError | None = None) -> None:
        self.opened: list[str] = []
        self._error = error

    def __call__(self, url: str) -> None:
        if self._error:
            raise self._error
        self.opened.append(url)


def test_on_windows_the_shells_own_call_is_used(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = Windows()
    monkeypatch.setattr(os, "startfile", windows, raising=False)
    assert desk.browser(platform="win32").open(SHELL_URL)
    assert windows.opened == [SHELL_URL]


def test_on_windows_a_missing_association_is_reported(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "startfile", Windows(OSError("no application")), raising=False)
    assert not desk.browser(platform="win32").open(URL)
    assert desk.reports == ["the default browser could not be started: no application"]


@pytest.mark.parametrize("name", ["browser.bat", "Browser.CMD"])
def test_on_windows_a_batch_file_is_refused(desk: Desk, name: str) -> None:
    """B-74: cmd.exe would read ``&`` and ``%`` in the URL."""
    path = desk.program(name)
    assert not desk.browser(path, platform="win32").open(URL)
    assert not desk.notes
    assert "batch file" in desk.reports[0]


def test_on_windows_backslashes_and_quotes_of_a_path_are_kept(desk: Desk) -> None:
    browser = desk.browser('"C:\\Program Files\\b.exe" --new', platform="win32")
    assert list(browser._candidates(URL)) == [["C:\\Program Files\\b.exe", "--new", URL]]


# ---- which URL


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "vbscript:x",
        "\\\\server\\share",
        "ms-settings:x",
        "--new-window",
        "-https://id.example.com",
        "%action",
        " https://id.example.com",
        "https://id.example.com/a b",
        "https://id.example.com/`id`",
        'https://id.example.com/"x',
        "https://id.example.com/%PATH%",
        "https://user@id.example.com/",
        "https://id.example.com\\@evil.example/",
        "https://id.example.com/\x1b]8;;x",
        "http://id.example.com/",
        "",
    ],
)
def test_an_unsafe_url_starts_nothing(desk: Desk, url: str) -> None:
    """B-73, S01: the provider chooses this URL."""
    browser = desk.browser(desk.program("mine"), BROWSER=desk.program("other"), DISPLAY=":0")
    with pytest.raises(ProviderError):
        browser.open(url)
    assert not desk.notes


def test_what_a_shell_would_read_arrives_as_it_is(desk: Desk) -> None:
    """B-74: one argument, byte for byte."""
    assert desk.browser(desk.program("mine")).open(SHELL_URL)
    assert arguments(desk) == [[SHELL_URL]]


# ---- how it runs


def test_its_standard_files_session_and_environment(desk: Desk) -> None:
    assert desk.browser(desk.program("mine"), MY_SETTING="kept").open(URL)
    note = desk.notes[0]
    assert note["stdin"] == "/dev/null"
    assert note["session"] != os.getsid(0)
    assert note["environment"]["MY_SETTING"] == "kept"
    assert "HOME" not in note["environment"]


def test_it_inherits_no_file_of_ours(desk: Desk, tmp_path: Path) -> None:
    """Not even one that was made inheritable: a lock or a socket would stay open as long as the browser."""
    with (tmp_path / "lock").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        assert desk.browser(desk.program("mine")).open(URL)
        assert ours.fileno() > 2
    # Listing them takes one descriptor itself.
    assert desk.notes[0]["descriptors"] == [0, 1, 2, 3]


def test_what_it_prints_goes_to_stderr(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    """B-75: one line on stdout would break the ExecCredential."""
    printing = "print('on stdout', flush=True); print('on stderr', file=sys.stderr, flush=True); time.sleep(0.1)"
    assert desk.browser(desk.program("mine", printing)).open(URL)
    time.sleep(0.1)
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "on stdout\non stderr\n"


def test_a_failure_at_once_is_no_browser(desk: Desk) -> None:
    """As root Chromium ends with an error; the person must be shown the URL then."""
    program = desk.program("mine", "time.sleep(0.2); sys.exit(7)")
    assert not desk.browser(program).open(URL)
    assert desk.reports == [f"browser {program} failed with status 7"]


def test_a_death_at_once_is_no_browser(desk: Desk) -> None:
    assert not desk.browser(desk.program("mine", "os.kill(os.getpid(), 9)")).open(URL)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.write_text("no program header\n"), id="no header"),
        pytest.param(lambda path: path.write_text("#!/no/such/interpreter\n"), id="no interpreter"),
        pytest.param(lambda path: path.write_bytes(b"\x7fELF broken"), id="broken binary"),
    ],
)
def test_a_program_that_can_not_be_started_is_no_browser(desk: Desk, make) -> None:
    path = desk.directory / "mine"
    make(path)
    path.chmod(0o755)
    assert not desk.browser(str(path)).open(URL)
    assert "could not be started" in desk.reports[0]


def test_a_directory_or_plain_file_is_no_browser(desk: Desk) -> None:
    (desk.directory / "file").write_text("x")
    assert not desk.browser(str(desk.directory)).open(URL)
    assert not desk.browser(str(desk.directory / "file")).open(URL)


def test_a_program_that_ends_well_is_not_waited_for(desk: Desk) -> None:
    """The best of some: the others may have waited for a processor."""
    took = []
    for _ in range(3):
        started = time.monotonic()
        assert desk.browser(desk.program("mine")).open(URL)
        took.append(time.monotonic() - started)
    assert min(took) < 0.9


def test_a_browser_that_stays_open_is_not_waited_for(desk: Desk) -> None:
    started = time.monotonic()
    assert desk.browser(desk.program("mine", "time.sleep(4)")).open(URL)
    assert time.monotonic() - started < 2


SCRIPT = """
import gc, os, sys
from kubelogin_py.adapters.browser import SystemBrowser
opened = SystemBrowser(sys.argv[1], os.environ, sys.platform).open("https://id.example.com/")
gc.collect()
print("the answer" if opened else "not opened")
"""


def run_with(program: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", SCRIPT, program]
    return subprocess.run(command, text=True, check=False, timeout=10, **options)


def test_a_browser_that_outlives_us_holds_nothing_of_ours(desk: Desk) -> None:
    """Whoever reads our stdout and stderr sees their end when we end, not when the browser is closed."""
    started = time.monotonic()
    done = run_with(desk.program("mine", "time.sleep(5)"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert time.monotonic() - started < 4
    assert (done.returncode, done.stdout, done.stderr) == (0, "the answer\n", "")


def test_a_browser_that_outlives_us_may_go_on_printing(desk: Desk, tmp_path: Path) -> None:
    """It gets an error it can ignore, not a signal that kills it."""
    alive = tmp_path / "alive"
    program = desk.directory / "chatting"
    program.write_text(f"#!/bin/sh\nsleep 1.5\necho chat\necho more chat\n: > {alive}\n")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": os.defpath}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    assert run_with(str(program), env=environment, **pipes).returncode == 0
    assert not alive.exists()
    until = time.monotonic() + 5
    while not alive.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert alive.exists()


def test_a_chatty_browser_without_a_stderr_of_ours_harms_nothing(desk: Desk, tmp_path: Path) -> None:
    """With stderr closed at the start, descriptor 2 may be any file of ours by now."""
    program = desk.program("mine", "print('chat', flush=True)")
    file = tmp_path / "file"
    script = f"open({str(file)!r}, 'w'); f = open({str(file)!r}, 'w')\n{SCRIPT}"
    shell = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", script, program]
    done = subprocess.run(shell, stdout=subprocess.PIPE, text=True, check=False, timeout=10)
    assert (done.returncode, done.stdout) == (0, "the answer\n")
    assert file.read_text() == ""


def test_no_zombie_and_no_thread_stays(desk: Desk) -> None:
    before = set(threading.enumerate())
    assert desk.browser(desk.program("mine")).open(URL)
    until = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < until:
        time.sleep(0.01)
    assert not set(threading.enumerate()) - before
    with pytest.raises(ChildProcessError):
        os.waitpid(desk.notes[0]["process"], os.WNOHANG)
