"""Nothing in the environment, and no flag of the shell, changes what the front door does or makes it run anything."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.frontdoor.command_lines import POCKET_ID
from tests.frontdoor.place import NOT_SERVED, Place
from tests.frontdoor.shells import EACH, SHELLS, Door
from tests.storage.surroundings import credential
from tests.support.environment import BIN

# A POSIX shell reads no file at its start when nobody types into it. bash by its own name reads BASH_ENV; ours is sh.
_STARTS_AS_SH = [name for name in EACH if name.values != ("bash",)]

VARIABLES = {
    "IFS": {"IFS": "/-=e"},
    "IFS-empty": {"IFS": ""},
    "CDPATH": {"CDPATH": "/:/tmp"},
    "POSIXLY_CORRECT": {"POSIXLY_CORRECT": "1"},
    "GREP_OPTIONS": {"GREP_OPTIONS": "-v", "GREP_COLORS": "x"},
    "LC_ALL": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LC_COLLATE": "et_EE.UTF-8"},
    "LC_ALL-C.UTF-8": {"LC_ALL": "C.UTF-8"},
    "LC_ALL-empty": {"LC_ALL": ""},
    "SHELLOPTS": {"SHELLOPTS": "errexit:nounset:noglob:noclobber:allexport:physical"},
    "BASHOPTS": {"BASHOPTS": "extglob:nullglob:failglob:dotglob:nocaseglob:xpg_echo:inherit_errexit"},
    "TMPDIR": {"TMPDIR": "/tmp", "TMPPREFIX": "/tmp/zsh"},
    "names": {
        f"our_{name}": "$(touch pwned)"
        for name in (
            *("info", "start", "version", "directory", "key", "values", "flag", "word", "value", "ten", "hundred"),
            *("rest", "most", "file", "first", "body", "last", "time", "token", "answer", "locale", "self", "link"),
        )
    },
    "other-names": {"a": "b", "path": "/x", "status": "3", "argv": "x", "key": "x", "OPTARG": "x", "REPLY": "x"},
    "positional": {"1": "setup", "#": "0", "@": "x", "0": "/x"},
    "PATH": {"PATH": ""},
}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "installed")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "me", POCKET_ID)


@pytest.mark.parametrize("shell", EACH)
def test_variables_change_nothing(shell: str, door: Door, place: Place, tmp_path: Path) -> None:
    for name, variables in VARIABLES.items():
        reply = door.ask(shell, POCKET_ID, {**place.environ, **variables}, cwd=tmp_path)
        assert (reply.answer, reply.asked) == (credential(), None), name
        # bash itself complains at its start of a language that is not installed; once is enough.
        complaint = reply.stderr
        assert complaint == b"" or name == "LC_ALL", name
        reply = door.ask(shell, [*POCKET_ID, "é", "*"], {**place.environ, **variables}, cwd=tmp_path)
        assert reply.asked == [os.fsencode(word) for word in (*POCKET_ID, "é", "*")], name
        assert reply.stderr.count(b"setlocale") <= complaint.count(b"setlocale"), name
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("flags", ["-u", "-e", "-f", "-C", "-a", "-eufC"])
def test_flags_change_nothing(shell: str, flags: str, door: Door, place: Place) -> None:
    for script in (door.script, link_to(door)):
        reply = door.ask(shell, POCKET_ID, place.environ, flags=[flags], script=script)
        assert (reply.answer, reply.stderr) == (credential(), b"")
        reply = door.ask(shell, ["get-token", "*"], {"PATH": os.environ["PATH"]}, flags=[flags], script=script)
        assert (reply.asked, reply.stderr) == ([b"get-token", b"*"], b"")


def link_to(door: Door) -> Path:
    link = door.bin.parent / "link"
    if not link.is_symlink():
        link.symlink_to(door.script)
    return link


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("how", ["flag", "variable"])
def test_nothing_secret_is_traced(shell: str, how: str, door: Door, place: Place) -> None:
    """Neither for who debugs a shell nor for who can set a variable for bash."""
    flags = ["-xv"] if how == "flag" else []
    variables = {"SHELLOPTS": "xtrace:verbose", "PS4": "+ $our_value "} if how == "variable" else {}
    for arguments in (POCKET_ID, [*POCKET_ID, "--force-refresh"]):
        reply = door.ask(shell, arguments, {**place.environ, **variables}, flags=flags)
        assert (reply.answer is None) == (arguments is not POCKET_ID)
        assert b"Zr4u7" not in reply.stderr
        assert b"id-token-1" not in reply.stderr


@pytest.mark.parametrize("shell", _STARTS_AS_SH)
def test_no_start_up_file_is_read(shell: str, door: Door, place: Place, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    home = Path(place.environ["HOME"])
    for path in (
        planted,
        *(home / name for name in (".profile", ".bashrc", ".zshenv", ".zshrc", ".mkshrc", ".shinit")),
    ):
        path.write_text(f"echo planted; : >'{tmp_path}/pwned'\n", encoding="utf-8")
    variables = {"ENV": str(planted), "BASH_ENV": str(planted), "ZDOTDIR": str(home)}
    assert door.ask(shell, POCKET_ID, {**place.environ, **variables}).answer == credential()
    assert door.ask(shell, ["setup"], {**place.environ, **variables}).asked == [b"setup"]
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("shell", EACH)
def test_no_function_of_the_environment_is_called(shell: str, door: Door, place: Place, tmp_path: Path) -> None:
    """bash takes functions from the environment, also as sh."""
    evil = f"() {{ : >'{tmp_path}/pwned'; }}"
    names = ["echo", "read", "printf", "command", "readlink", "answer", "test", "true"]
    functions = {f"BASH_FUNC_{name}%%": evil for name in names}
    for script in (door.script, link_to(door)):
        assert door.ask(shell, POCKET_ID, {**place.environ, **functions}, script=script).answer == credential()
        environ = {**place.environ, **functions, "PATH": os.environ["PATH"]}
        assert door.ask(shell, ["setup"], environ, script=script).asked == [b"setup"]
    assert not (tmp_path / "pwned").exists()


@pytest.mark.required("bash")
def test_functions_of_the_environment_would_be_called(tmp_path: Path) -> None:
    """What the test above rests on."""
    environ = {"BASH_FUNC_echo%%": f"() {{ : >'{tmp_path}/pwned'; }}"}
    subprocess.run(["sh", "-c", "echo"], executable=shutil.which("bash"), env=environ, check=True)
    assert (tmp_path / "pwned").exists()


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("spoil", ["star", "stars"])
def test_no_directory_is_searched_for_stars_in_a_file(shell: str, spoil: str, door: Door, place: Place) -> None:
    """bash can be told to fail loudly where a star stands for nothing, which shows that it was tried."""
    NOT_SERVED[spoil](place)
    reply = door.ask(shell, POCKET_ID, {**place.environ, "BASHOPTS": "failglob"})
    assert (reply.answer, reply.stderr) == (None, b"")


@pytest.mark.parametrize("shell", EACH)
def test_capitals_and_small_letters_are_never_the_same(shell: str, door: Door, place: Place) -> None:
    """bash can be told otherwise; then it leaves everything to Python."""
    environ = {**place.environ, "BASHOPTS": "nocasematch"}
    reply = door.ask(shell, POCKET_ID, environ)
    assert (reply.answer is None) == shell.startswith("bash")
    place.environ["KUBERNETES_EXEC_INFO"] = (
        '{"kind":"EXECCREDENTIAL","apiVersion":"client.authentication.k8s.io/V1BETA1","spec":{}}'
    )
    assert door.ask(shell, POCKET_ID, {**environ, **place.environ}).answer is None


@pytest.mark.parametrize("shell", EACH)
def test_python_gets_the_environment_as_it_was(shell: str, door: Door, place: Place) -> None:
    """But for what shells themselves set at their start."""
    door.python.write_text("#!/bin/sh\nexec /usr/bin/env -0\n", encoding="utf-8")
    shells_own = {"PWD", "OLDPWD", "SHLVL", "_", "LOGNAME", "USERNAME"}
    for variables in ({}, {"LC_ALL": "C.UTF-8"}, {"LC_ALL": ""}, {"LC_ALL": "POSIX", "LC_CTYPE": "C.UTF-8"}):
        given = {"PATH": "/nowhere", **place.environ, **variables, "A": "b c", "KUBECACHEDIR": "/c", "LANG": "C"}
        # All of the script's variables have been used by the last word.
        done = door.start(shell, [*POCKET_ID, "--force-refresh"], given)
        got = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)
        assert {name: value for name, value in got.items() if name not in shells_own} == given


@pytest.mark.parametrize("shell", EACH)
def test_a_shell_that_exports_everything_exports_nothing_of_ours(shell: str, door: Door, place: Place) -> None:
    """There are secrets among the words, and Python starts browsers."""
    door.python.write_text("#!/bin/sh\nexec /usr/bin/env -0\n", encoding="utf-8")
    done = door.start(shell, [*POCKET_ID, "--password", "Zr4u7!", "x"], place.environ, flags=["-a"])
    assert b"HOME=" in done.stdout
    assert b"our_" not in done.stdout
    assert b"Zr4u7" not in done.stdout


@pytest.mark.parametrize("shell", EACH)
def test_a_temporary_directory_that_can_not_be_used_costs_the_answer_at_most(
    shell: str, door: Door, place: Place
) -> None:
    """Some shells keep a here-document in a file."""
    environ = {**place.environ, "TMPDIR": "/nonexistent", "TMPPREFIX": "/nonexistent/x"}
    reply = door.ask(shell, POCKET_ID, environ)
    assert reply.answer in (None, credential())
    assert reply.stderr == b""


PYTHON: dict[str, Callable[[Path], dict[str, str]]] = {
    "PYTHONPATH": lambda directory: {"PYTHONPATH": str(directory)},
    "PYTHONHOME": lambda directory: {"PYTHONHOME": str(directory)},
    "PYTHONSTARTUP": lambda directory: {"PYTHONSTARTUP": str(directory / "sitecustomize.py"), "PYTHONINSPECT": "1"},
    "PYTHONUSERBASE": lambda directory: {"PYTHONUSERBASE": str(directory)},
    "PYTHONBREAKPOINT": lambda _: {"PYTHONBREAKPOINT": "os.abort", "PYTHONWARNINGS": "error", "PYTHONVERBOSE": "1"},
    "working-directory": lambda _: {},
}


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A directory with modules that leave a trace when they are run."""
    made = tmp_path / "planted"
    user_site = made / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    user_site.mkdir(parents=True)
    for directory in (made, user_site):
        for name in ("sitecustomize", "usercustomize", "kubelogin_py", "signal", "threading"):
            (directory / f"{name}.py").write_text(f"open({str(tmp_path / 'pwned')!r}, 'w')\n", encoding="utf-8")
    return made


@pytest.mark.parametrize("plant", PYTHON.values(), ids=PYTHON)
def test_b81_nothing_planted_for_python_is_run(
    plant: Callable[[Path], dict[str, str]], planted: Path, door: Door, tmp_path: Path
) -> None:
    """Python is started isolated."""
    # A wrapper, because an interpreter is found to be of a virtual environment by its own place.
    door.python.write_text(f'#!/bin/sh\nexec "{BIN}/python" "$@"\n', encoding="utf-8")
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **plant(planted)}
    done = subprocess.run([door.script, "--version"], env=environ, cwd=planted, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"version" in done.stdout
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("how", ["PYTHONPATH", "working-directory"])
def test_what_is_planted_would_be_run(how: str, planted: Path, tmp_path: Path) -> None:
    """What the test above rests on: an interpreter that is not isolated runs it."""
    environ = {"HOME": str(tmp_path), **PYTHON[how](planted)}
    command = [str(BIN / "python"), "-c", "import kubelogin_py.__main__"]
    subprocess.run(command, env=environ, cwd=planted, capture_output=True, check=False)
    assert (tmp_path / "pwned").exists()


@pytest.mark.parametrize("shell", list(SHELLS))
def test_every_shell_of_the_table_is_a_component(shell: str) -> None:
    from tests.support.components import COMPONENTS

    assert SHELLS[shell][0] in COMPONENTS
