"""The helper process by itself: one line in, lines out, and an end in every case."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kubelogin_py

ROOT = str(Path(kubelogin_py.__file__).parents[1])
PROGRAM = "import sys; sys.path[:] += sys.argv[1:]; from kubelogin_py.adapters.keyring_process import main; main()"


def helper(*flags: str, home: Path, close: bool = False, request: bytes) -> tuple[int, list[dict[str, Any]]]:
    """Run it on a request and return its exit code and what it says."""
    environment = {
        "HOME": str(home),
        "PATH": os.defpath,
        "PYTHON_KEYRING_BACKEND": "tests.adapters.keyring_backends.File",
        "KEYRING_TEST_DIRECTORY": str(home),
    }
    with subprocess.Popen(
        [sys.executable, "-I", *flags, "-c", PROGRAM, ROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(request)
        process.stdin.flush()
        if close:
            process.stdin.close()
        said = [json.loads(line) for line in process.stdout]
    return process.returncode, said


def request(do: str, *arguments: str, **more: str) -> bytes:
    return json.dumps({"do": do, "arguments": arguments, **more}).encode() + b"\n"


def test_it_says_when_the_keyring_is_asked_and_which_it_is(tmp_path: Path) -> None:
    assert helper(home=tmp_path, request=request("get", "service", "account")) == (
        0,
        [{"asking": True}, {"keyring": "keyring backends File"}, {"value": None}],
    )


@pytest.mark.parametrize("text", [b"", b'{"do":"get"'], ids=["nothing", "half a request"])
def test_without_a_request_it_ends(tmp_path: Path, text: bytes) -> None:
    assert helper(home=tmp_path, close=True, request=text) == (1, [])


@pytest.mark.parametrize(
    "asked",
    [request("give"), request("get", "service"), request("set", "service", "account")],
    ids=["verb", "one", "no secret"],
)
def test_a_request_it_does_not_know_is_an_error(tmp_path: Path, asked: bytes) -> None:
    code, said = helper(home=tmp_path, request=asked)
    assert code == 0
    assert "nobody knows how to" in said[-1]["error"]["message"]


def test_without_the_library_there_is_no_keyring(tmp_path: Path) -> None:
    """An installation that leaves it out has everything but this."""
    code, said = helper("-S", home=tmp_path, request=request("get", "service", "account"))
    assert code == 0
    (answer,) = said
    assert answer["error"]["absent"] is True
    assert answer["error"]["message"] == "Python's keyring library can't be loaded (no keyring)"
    assert "--token-cache-storage=disk" in answer["error"]["hint"]
