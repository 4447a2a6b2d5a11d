"""What the front door does not answer itself: Python beside the script gets the call as it was."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.frontdoor.command_lines import MINIMAL
from tests.frontdoor.place import Place
from tests.frontdoor.shells import EACH, SOURCE, Door
from tests.storage.surroundings import credential


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "installed")


def absolute(door: Door, place: Path) -> Path:
    """As pipx and uv make them."""
    place.symlink_to(door.script)
    return place


def relative(door: Door, place: Path) -> Path:
    place.symlink_to(os.path.relpath(door.script, place.parent))
    return place


def link_to_link(door: Door, place: Path) -> Path:
    further = place.with_name("further")
    further.symlink_to(relative(door, place))
    return further


def directory_link(door: Door, place: Path) -> Path:
    place.symlink_to(door.bin)
    return place / "kubelogin"


def odd_name(door: Door, place: Path) -> Path:
    odd = place.with_name("-n a*b 'c\" $(x)")
    odd.symlink_to(door.script)
    return odd


LINKS = {
    "absolute": absolute,
    "relative": relative,
    "link-to-link": link_to_link,
    "directory": directory_link,
    "odd-name": odd_name,
}


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("make", LINKS.values(), ids=LINKS)
def test_links_lead_to_the_answer_and_to_the_interpreter(
    shell: str, make: Callable[[Door, Path], Path], door: Door, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / ".local/bin").mkdir(parents=True)
    link = make(door, home / ".local/bin/kubelogin")
    place = Place(home)
    assert door.ask(shell, MINIMAL, place.environ, script=link).answer == credential()
    # The one program there is need of where a link is, and on a miss only.
    environ = {**place.environ, "PATH": os.environ["PATH"]}
    assert door.ask(shell, ["setup"], environ, script=link).asked == [b"setup"]


@pytest.mark.parametrize("shell", EACH)
def test_a_relative_link_is_followed_from_where_it_is(shell: str, door: Door, tmp_path: Path) -> None:
    relative(door, tmp_path / "link")
    environ = {"PATH": os.environ["PATH"]}
    for directory, words in ((tmp_path, "./link"), (tmp_path, "link"), (door.bin, "../../link")):
        assert door.ask(shell, ["setup"], environ, script=words, cwd=directory).asked == [b"setup"]


@pytest.mark.parametrize("shell", EACH)
def test_the_tool_that_reads_links_is_the_systems(shell: str, door: Door, tmp_path: Path) -> None:
    """A PATH can't be defended against, but need not be trusted for this."""
    planted = tmp_path / "planted"
    planted.mkdir()
    for name in ("readlink", "python", "env"):
        (planted / name).write_text(f"#!/bin/sh\n: >'{tmp_path}/pwned'\n", encoding="utf-8")
        (planted / name).chmod(0o755)
    link = absolute(door, tmp_path / "link")
    environ = {"PATH": f"{planted}:{os.environ['PATH']}"}
    assert door.ask(shell, ["setup"], environ, script=link).asked == [b"setup"]
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("name", ["kubelogin", "kubectl-oidc_login"])
def test_the_kernel_starts_it_by_its_shebang(name: str, door: Door, tmp_path: Path) -> None:
    """As kubectl does: found on PATH, also through an empty entry, which stands for the working directory."""
    place = Place(tmp_path / "me")
    installed = door.bin / name
    installed.unlink(missing_ok=True)
    shutil.copy(SOURCE, installed)
    for entry, directory in ((str(door.bin), tmp_path), ("", door.bin), (".", door.bin)):
        call = f"import os, sys; os.execvp({name!r}, [{name!r}, *sys.argv[1:]])"
        environ = {**place.environ, "PATH": f"{entry}:/usr/bin:/bin"}
        for arguments, expected in ((MINIMAL, credential()), (["x"], b"x\0")):
            done = subprocess.run(
                [sys.executable, "-I", "-c", call, *arguments],
                env=environ,
                cwd=directory,
                capture_output=True,
                check=False,
            )
            assert done.stdout.endswith(expected), done
            assert done.stderr == b""


@pytest.mark.parametrize("shell", EACH)
def test_python_reads_what_we_were_given_to_read(shell: str, door: Door, tmp_path: Path) -> None:
    """The here-document and the answer's file stood in for it only meanwhile."""
    place = Place(tmp_path / "me")
    place.write(place.contents(key=b"other"))
    door.python.write_text("#!/bin/sh\nexec /bin/cat\n", encoding="utf-8")
    assert door.start(shell, MINIMAL, place.environ, input=b"typed\n").stdout == b"typed\n"


@pytest.mark.parametrize("shell", EACH)
def test_python_takes_the_place_of_the_shell(shell: str, door: Door) -> None:
    """Signals of kubectl reach it, and its end is the command's end."""
    door.python.write_text("#!/bin/sh\nkill -TERM $$\n", encoding="utf-8")
    assert door.start(shell, ["x"], {}).returncode == -signal.SIGTERM


@pytest.mark.parametrize("shell", EACH)
def test_without_python_it_says_so(shell: str, door: Door) -> None:
    door.python.unlink()
    done = door.start(shell, ["get-token"], {})
    assert (done.returncode, done.stdout) == (1, b"")
    message = f"kubelogin: there is no Python beside {door.script}; install kubelogin-py again\n"
    assert done.stderr == message.encode()


@pytest.mark.parametrize("shell", EACH)
def test_installed_for_a_user_the_version_of_the_packages_is_started(shell: str, door: Door, tmp_path: Path) -> None:
    """``pip install --user`` and ``--prefix`` put no interpreter beside the script."""
    door.python.unlink()
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = door.bin.parent / f"lib/{version}/site-packages"
    (site / "kubelogin_py").mkdir(parents=True)
    (site / "kubelogin_py/__init__.py").touch()
    main = "def main():\n import sys\n print(sys.argv[1:], sys.flags.isolated, 'found' in globals())\n"
    (site / "kubelogin_py/__main__.py").write_text(f"from kubelogin_dependency import found\n{main}", encoding="utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "more/kubelogin_dependency.py").write_text("found = True\n", encoding="utf-8")
    (site / "x.pth").write_text(f"{tmp_path}/more\n", encoding="utf-8")
    environ = {"PATH": f"{Path(sys._base_executable).parent}:{os.environ['PATH']}"}
    done = door.start(shell, ["x y", "*"], environ)
    assert (done.stdout, done.stderr) == (b"['x y', '*'] 1 True\n", b"")


# How a hit ends


@pytest.mark.parametrize("shell", EACH)
def test_a_reader_that_is_gone_ends_it_quietly(shell: str, door: Door, tmp_path: Path) -> None:
    place = Place(tmp_path / "me")
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        code, stderr = door.start_into(shell, MINIMAL, place.environ, pipe.fileno())
    assert code == -signal.SIGPIPE
    assert stderr == b""


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_answer_that_can_not_be_written_is_a_failure_and_not_written_again(
    shell: str, door: Door, tmp_path: Path
) -> None:
    place = Place(tmp_path / "me")
    door.python.write_text(f"#!/bin/sh\n: >'{tmp_path}/asked'\n", encoding="utf-8")
    with Path("/dev/full").open("wb") as full:
        code, _ = door.start_into(shell, MINIMAL, place.environ, full.fileno())
    assert code not in (0, 77)
    assert not (tmp_path / "asked").exists()
