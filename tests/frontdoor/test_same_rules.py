"""The front door looks for the same file by the same key as the door in Python, in every shell."""

import os
from pathlib import Path

import pytest

from kubelogin_py import fastpath
from tests.frontdoor.command_lines import HOME, calls
from tests.frontdoor.shells import EACH, Door

# Where the script has found out what to look for.
_LOOK = """echo "$our_file"
  echo "$our_key"
  exit 3
  """
_BEFORE = "# Ours, a plain file,"


@pytest.mark.parametrize("shell", EACH)
def test_both_doors_look_for_the_same_file_by_the_same_key(shell: str, tmp_path: Path) -> None:
    """With builtins only, of which there is no other proof than a PATH that leads nowhere."""
    door = Door(tmp_path, edit=(_LOOK, _BEFORE))
    found = 0
    for arguments, variables in calls():
        environ = {"HOME": HOME, **variables}
        place = fastpath.key_for(arguments, environ)
        done = door.start(shell, arguments, environ)
        looked = None if done.returncode == 77 else done.stdout
        expected = place and os.fsencode(f"{place[0]}/{place[1]}\n{place[2]}\n")
        assert (looked, done.stderr) == (expected, b""), (arguments, variables)
        found += expected is not None
    assert found > 40


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("variables", [{}, {"HOME": ""}, {"HOME": "me"}, {"HOME": "."}, {"HOME": "~"}], ids=str)
def test_without_an_absolute_home_nothing_is_looked_for(shell: str, variables: dict[str, str], tmp_path: Path) -> None:
    door = Door(tmp_path, edit=(_LOOK, _BEFORE))
    call = ["get-token", "--oidc-issuer-url=https://x", "--oidc-client-id=y", "--token-cache-dir=/x"]
    assert fastpath.key_for(call, variables) is None
    assert door.start(shell, call, variables).returncode == 77


@pytest.mark.parametrize("shell", EACH)
@pytest.mark.parametrize("variable", ["LANG", "LC_CTYPE", "LC_ALL"])
def test_lengths_are_in_bytes_whatever_the_language(shell: str, variable: str, tmp_path: Path) -> None:
    door = Door(tmp_path, edit=("our_word=\u00e9; echo ${#our_word}; exit 3\n  ", _BEFORE))
    done = door.start(shell, calls()[0][0], {"HOME": HOME, variable: "C.UTF-8"})
    assert (done.returncode, done.stdout) == (3, b"2\n")


@pytest.mark.parametrize("shell", EACH)
def test_every_flag_of_one_door_is_known_to_the_other(shell: str, tmp_path: Path) -> None:
    door = Door(tmp_path, edit=(_LOOK, _BEFORE))
    flags = [*fastpath.PLAIN, *fastpath.PATHS, *fastpath.SECRETS, *fastpath.SWITCHES]
    for flag in flags:
        for call in (["get-token", f"{flag}=/x"], ["get-token", flag, "/x"]):
            place = fastpath.key_for(call, {"HOME": HOME})
            done = door.start(shell, call, {"HOME": HOME})
            assert (done.returncode == 3) == (place is not None), call
            assert place is None or done.stdout == f"{place[0]}/{place[1]}\n{place[2]}\n".encode()
