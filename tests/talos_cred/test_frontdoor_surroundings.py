"""The front door among links, shells' flags and hostile environments, and what the command gets of it all."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.frontdoor.shells import EACH
from tests.frontdoor.test_counts import FORKS
from tests.frontdoor.test_environment import PYTHON, VARIABLES
from tests.frontdoor.test_handing_over import LINKS
from tests.support.environment import BIN, clean
from tests.talos_cred.door import CALL, Talos, TalosDoor

_STARTS_AS_SH = [name for name in EACH if name.values != ("bash",)]
_SHELLS_OWN = {"PWD", "OLDPWD", "SHLVL", "_", "LOGNAME", "USERNAME"}


@pytest.fixture
def door(tmp_path: Path) -> TalosDoor:
    return TalosDoor(tmp_path / "in stalled")


@pytest.fixture
def talos(tmp_path: Path) -> Talos:
    made = Talos(tmp_path / "me")
    made.leave()
    return made


def tool(door: TalosDoor, name: str, script: str) -> None:
    (door.tools / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (door.tools / name).chmod(0o755)


def run(door: TalosDoor, shell: str, talos: Talos, *words: str, **options) -> subprocess.CompletedProcess[bytes]:
    return door.start(shell, ["run", "--", *words], {**talos.environ, "PATH": door.path}, **options)


# What it costs


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.required("strace")
def test_it_is_one_process_and_two_programs(
    shell: str, door: TalosDoor, talos: Talos, tmp_path: Path, required: Callable[[str], Path]
) -> None:
    """The shell and the command, or the shell and Python; nothing is forked."""
    shutil.copy("/bin/true", door.tools / "tell")
    shutil.copy("/bin/true", door.python)
    for words in (["run", "--", "tell"], ["login"]):
        log = door.bin / "log"
        tracer = (str(required("strace")), "-f", "-qq", "-e", "trace=process", "-o", str(log))
        done = door.start(shell, words, {**talos.environ, "PATH": door.path}, tracer=tracer)
        assert done.returncode == 0
        calls = log.read_text(errors="replace")
        (door.bin / Path(shell_name(calls))).unlink(missing_ok=True)
        assert len(re.findall(r"\bexecve\(.*= 0$", calls, re.MULTILINE)) == 2
        assert ("tell" if words[0] == "run" else "python") in calls.splitlines()[-2]
        assert not FORKS.search(calls)


def shell_name(calls: str) -> str:
    """Return under which name a traced shell was started."""
    return re.findall(r'execve\("([^"]+)"', calls)[0].rpartition("/")[2]


# Where it is


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("make", LINKS.values(), ids=LINKS)
def test_links_lead_to_the_command_and_to_the_interpreter(
    shell: str, make: Callable[[TalosDoor, Path], Path], door: TalosDoor, talos: Talos, tmp_path: Path
) -> None:
    link = make(door, talos.home / "link")
    link = link.with_name("talos-cred") if link.name == "kubelogin" else link
    assert door.call(shell, CALL, talos.environ, script=link).ran == [b"tell", b""]
    # It keeps the name by which it was called: that is what a service is to start.
    assert door.call(shell, ["login", "*"], talos.environ, script=link).asked == [os.fsencode(link), b"login", b"*"]


@pytest.mark.parametrize("shell", EACH)
def test_a_relative_way_to_it_is_followed_from_where_it_is(
    shell: str, door: TalosDoor, talos: Talos, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(os.path.relpath(door.script, tmp_path))
    for directory, words in (
        (tmp_path, "./link"),
        (tmp_path, "link"),
        (door.bin, "../../link"),
        (door.bin, "talos-cred"),
    ):
        reply = door.call(shell, ["login"], talos.environ, script=words, cwd=directory)
        assert reply.asked == [words.encode(), b"login"]


def test_the_kernel_starts_it_by_its_shebang(door: TalosDoor, talos: Talos, tmp_path: Path) -> None:
    """Found on PATH, also through an entry that stands for the working directory."""
    call = "import os, sys; os.execvp('talos-cred', ['talos-cred', *sys.argv[1:]])"
    for entry, directory in ((str(door.bin), tmp_path), ("", door.bin), (".", door.bin)):
        environ = {**talos.environ, "PATH": f"{entry}:{door.path}"}
        for arguments, code, begin in ((CALL, 7, b"tell\0"), (["x"], 77, b"-I\0-c\0")):
            start = [sys.executable, "-I", "-c", call, *arguments]
            done = subprocess.run(start, env=environ, cwd=directory, capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (code, b"")
            assert done.stdout.startswith(begin)


@pytest.mark.parametrize("shell", EACH)
def test_without_python_it_says_so(shell: str, door: TalosDoor) -> None:
    door.python.unlink()
    done = door.start(shell, ["login"], {})
    assert (done.returncode, done.stdout) == (1, b"")
    message = f"talos-cred: there is no Python beside {door.script}; install kubelogin-py again\n"
    assert done.stderr == message.encode()


@pytest.mark.parametrize("shell", EACH)
def test_installed_for_a_user_the_version_of_the_packages_is_started(shell: str, door: TalosDoor) -> None:
    door.python.unlink()
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    package = door.bin.parent / f"lib/{version}/site-packages/talos_cred"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    main = "def main():\n import sys\n print(sys.argv, sys.flags.isolated)\n"
    (package / "__main__.py").write_text(main, encoding="utf-8")
    environ = {"PATH": f"{Path(sys._base_executable).parent}:{os.environ['PATH']}"}
    for flags in ([], ["-f"]):
        done = door.start(shell, ["x y", "*"], environ, flags=flags)
        assert (done.stdout.decode(), done.stderr) == (f"{[str(door.script), 'x y', '*']} 1\n", b"")


# What is around it


@pytest.mark.parametrize("shell", EACH)
def test_variables_change_nothing(shell: str, door: TalosDoor, talos: Talos) -> None:
    names = (
        "file",
        "context",
        "flag",
        "value",
        "told",
        "next",
        "talosctl",
        "word",
        "asked",
        "config",
        "folder",
        "pass",
    )
    more = ("seen", "first", "second", "self", "link", "bin", "main", "site", "python", "command")
    ours = {f"our_{name}": "$(touch pwned)" for name in (*names, *more)}
    for name, variables in {**VARIABLES, "names": ours}.items():
        if name == "PATH":
            continue
        environ = {**talos.environ, **variables}
        reply = door.call(shell, [*CALL, "*", "a  b"], environ, cwd=talos.home)
        assert reply.ran == [b"tell", b"", b"*", b"a  b"], name
        # bash itself complains at its start of a language that is not installed.
        assert reply.stderr == b"" or name == "LC_ALL", name
        reply = door.call(shell, ["status", "é", "*"], environ, cwd=talos.home)
        assert reply.asked == [os.fsencode(word) for word in (door.script, "status", "é", "*")], name
    assert not list(talos.home.rglob("pwned"))


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("flags", ["-u", "-e", "-f", "-C", "-a", "-eufC"])
def test_flags_change_nothing(shell: str, flags: str, door: TalosDoor, talos: Talos) -> None:
    reply = door.call(shell, [*CALL, "*"], talos.environ, flags=[flags])
    assert (reply.ran, reply.stderr) == ([b"tell", b"", b"*"], b"")
    reply = door.call(shell, ["run", "--context=b", "--", "talosctl"], talos.environ, flags=[flags])
    assert (reply.ran, reply.stderr) == (None, b"")
    reply = door.call(shell, ["run"], {}, flags=[flags])
    assert (reply.asked, reply.stderr) == ([os.fsencode(door.script), b"run"], b"")


@pytest.mark.parametrize("shell", _STARTS_AS_SH)
def test_no_start_up_file_is_read_and_no_function_called(
    shell: str, door: TalosDoor, talos: Talos, tmp_path: Path
) -> None:
    evil = f": >'{tmp_path}/pwned'"
    names = (".profile", ".bashrc", ".zshenv", ".zshrc", ".mkshrc", ".shinit")
    for path in (tmp_path / "planted", *(talos.home / name for name in names)):
        path.write_text(f"{evil}\n", encoding="utf-8")
    start = {"ENV": str(tmp_path / "planted"), "BASH_ENV": str(tmp_path / "planted"), "ZDOTDIR": str(talos.home)}
    functions = ["read", "command", "our_command", "test", "tell", "readlink", "echo"]
    environ = {**talos.environ, **start, **{f"BASH_FUNC_{name}%%": f"() {{ {evil}; }}" for name in functions}}
    (tmp_path / "link").symlink_to(door.script)
    for script in (door.script, tmp_path / "link"):
        assert door.call(shell, CALL, environ, script=script).ran == [b"tell", b""]
        assert door.call(shell, ["login"], environ, script=script).asked == [os.fsencode(script), b"login"]
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("shell", EACH)
def test_capitals_and_small_letters_are_never_the_same(shell: str, door: TalosDoor, talos: Talos) -> None:
    """bash can be told otherwise; then it leaves everything to Python."""
    environ = {**talos.environ, "BASHOPTS": "nocasematch"}
    assert (door.call(shell, CALL, environ).ran is None) == shell.startswith("bash")
    assert door.call(shell, ["RUN", "--", "tell"], environ).ran is None


@pytest.mark.parametrize("how", [*PYTHON])
def test_nothing_planted_for_python_is_run(how: str, door: TalosDoor, tmp_path: Path) -> None:
    """Python is started isolated."""
    planted = tmp_path / "planted"
    user_site = planted / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    user_site.mkdir(parents=True)
    for directory in (planted, user_site):
        for name in ("sitecustomize", "usercustomize", "talos_cred", "signal", "typer"):
            (directory / f"{name}.py").write_text(f"open({str(tmp_path / 'pwned')!r}, 'w')\n", encoding="utf-8")
    door.python.write_text(f'#!/bin/sh\nexec "{BIN}/python" "$@"\n', encoding="utf-8")
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **PYTHON[how](planted)}
    done = subprocess.run([door.script, "version"], env=environ, cwd=planted, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"talos-cred ")
    assert not (tmp_path / "pwned").exists()


# What the command gets


@pytest.mark.parametrize("shell", EACH)
def test_the_command_gets_the_environment_as_it_was(shell: str, door: TalosDoor, talos: Talos) -> None:
    """But for what shells themselves set at their start."""
    for variables in ({}, {"LC_ALL": "C.UTF-8"}, {"LC_ALL": ""}, {"TALOSCONFIG": "/x", "A": "b c\n"}):
        given = {**talos.environ, "PATH": door.path, "LANG": "C", **variables}
        done = door.start(shell, ["run", "--", "env", "-0"], given)
        got = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)
        assert {name: value for name, value in got.items() if name not in _SHELLS_OWN} == given, variables


@pytest.mark.parametrize("shell", EACH)
def test_a_shell_that_exports_everything_exports_nothing_of_ours(shell: str, door: TalosDoor, talos: Talos) -> None:
    done = run(door, shell, talos, "env", flags=["-a"])
    assert b"HOME=" in done.stdout
    assert b"our_" not in done.stdout


@pytest.mark.parametrize("shell", EACH)
def test_the_command_gets_its_talosconfig_and_nothing_else_new(shell: str, door: TalosDoor, talos: Talos) -> None:
    given = {**talos.environ, "PATH": door.path, "TALOSCONFIG": "/x"}
    call = ["run", f"--talosconfig={talos.config}", "--", "env", "-0"]
    done = door.start(shell, call, given)
    got = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)
    expected = {**given, "TALOSCONFIG": str(talos.config)}
    assert {name: value for name, value in got.items() if name not in _SHELLS_OWN} == expected


@pytest.mark.parametrize("shell", EACH)
def test_the_command_reads_and_writes_what_we_were_given(shell: str, door: TalosDoor, talos: Talos) -> None:
    """The here-document stood in for it only meanwhile, and nothing else is open."""
    tool(door, "tell", "cat; ls /proc/$$/fd >&2; exec pwd -P")
    done = run(door, shell, talos, "tell", input=b"typed\n", cwd=talos.home)
    plain = subprocess.run([door.tools / "tell"], input=b"typed\n", capture_output=True, check=False, cwd=talos.home)
    assert (done.stdout, done.stderr) == (plain.stdout, plain.stderr)


@pytest.mark.parametrize("shell", EACH)
def test_how_the_command_ends_is_how_we_end(shell: str, door: TalosDoor, talos: Talos) -> None:
    for code in (0, 1, 2, 126, 127, 130, 255):
        tool(door, "tell", f"exit {code}")
        assert run(door, shell, talos, "tell").returncode == code
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGKILL):
        tool(door, "tell", f"kill -{number.value} $$; exit 0")
        assert run(door, shell, talos, "tell").returncode == -number


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("ignored", [[], [signal.SIGINT], [signal.SIGPIPE, signal.SIGHUP]], ids=str)
def test_what_is_ignored_stays_so_and_nothing_else(
    shell: str, ignored: list[signal.Signals], door: TalosDoor, talos: Talos
) -> None:
    def prepare() -> None:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    words = ["grep", "-E", "Sig(Ign|Blk|Cgt)", "/proc/self/status"]
    done = run(door, shell, talos, *words, preexec_fn=prepare)
    plain = subprocess.run(words, capture_output=True, preexec_fn=prepare, check=True)
    assert done.stdout == plain.stdout


@pytest.mark.parametrize("shell", EACH)
def test_the_program_is_run_and_not_what_the_shell_has_itself(shell: str, door: TalosDoor, talos: Talos) -> None:
    """mksh would run its own, so that this is left to Python."""
    for name in ("echo", "printf", "true", "kill", "[", "test"):
        tool(door, name, f"echo program '{name}' \"$@\"")
        done = run(door, shell, talos, name, "-n", "a")
        assert done.stdout == f"program {name} -n a\n".encode() or done.stdout.startswith(b"-I\0"), name
        assert done.returncode == 0 or shell.startswith("mksh"), name


@pytest.mark.parametrize("shell", EACH)
def test_a_command_that_can_not_be_started(shell: str, door: TalosDoor, talos: Talos) -> None:
    """Python says so, or the shell does where it finds out too late; the exit code is a shell's in either case."""
    (door.tools / "plain").write_text("x\n")
    (door.tools / "broken").write_text("#!/nowhere/interpreter\n")
    (door.tools / "broken").chmod(0o755)
    shutil.copy(BIN / "talos-cred", door.script)
    door.python.write_text(f'#!/bin/sh\nexec "{BIN}/python" "$@"\n', encoding="utf-8")
    for word, codes in (
        ("no-such-command", {127}),
        (f"{door.tools}/plain", {126}),
        (str(door.tools), {126}),
        (f"{door.tools}/broken", {126, 127}),
    ):
        done = run(door, shell, talos, word)
        assert done.returncode in codes, word
        assert done.stdout == b""
        assert done.stderr
    done = run(door, shell, talos, "no-such-command")
    assert done.stderr == b"error: no-such-command: no such command\n"


# With Python in our place


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The command as it is installed here, by a link as pipx and uv make them."""
    link = tmp_path / "bin/talos-cred"
    link.parent.mkdir()
    link.symlink_to(BIN / "talos-cred")
    return link


@pytest.mark.parametrize("passing", [False, True])
def test_python_and_the_door_give_the_command_the_same_signals(installed: Path, tmp_path: Path, passing: bool) -> None:
    """Python ignores a broken pipe, which the command must not inherit: it would never end."""
    talos = Talos(tmp_path / "me")
    if passing:
        talos.leave()
    else:
        talos.touch(0)
    words = ["run", "--", "grep", "SigIgn", "/proc/self/status"]
    done = subprocess.run([installed, *words], env={**clean(talos.home)}, capture_output=True, check=False)
    plain = subprocess.run(words[2:], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (plain.stdout, b"")
    assert bool(talos.files()) is passing
