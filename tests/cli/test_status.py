"""Who is signed in, as a person and as a program are told; no token is ever among it."""

import base64
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from kubelogin_py import wiring
from kubelogin_py.cli.main import main
from kubelogin_py.cli.output import Stdout
from kubelogin_py.cli.times import relative
from kubelogin_py.errors import StorageError
from kubelogin_py.refresh_due import Setback
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.storage.ahead import DiskAhead
from tests.cli.calls import Lines, Outcome
from tests.storage.surroundings import KEY, OTHER_KEY, ShiftedClock, disk_store

REFRESH = "refresh-canary"
SIGNATURE = "signature-canary"


def token(**claims: Any) -> str:
    body = {"iss": "https://id.example.com", "sub": "alice-id", "aud": "kubernetes", "iat": int(time.time()), **claims}
    parts = ({"alg": "ES256"}, {"exp": int(time.time()) + 3600, **body})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join((*encoded, base64.urlsafe_b64encode(SIGNATURE.encode()).decode().rstrip("=")))


def session(seconds: float = 2550.0, **claims: Any) -> Session:
    return Session(
        issuer="https://id.example.com",
        client_id="kubernetes",
        id_token=Secret(token(**claims)),
        refresh_token=Secret(REFRESH),
        expires_at=time.time() + seconds,
        lifetime=3600.0,
    )


class Scene:
    """A cache directory, and what the command says about it."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "cache"
        self.store = disk_store(self.directory)

    def call(self, *arguments: str, command: str = "status") -> Outcome:
        """Run the command as wired, its output into a pipe."""
        reading, writing = os.pipe()
        stdout, stderr = Stdout(writing), Lines()
        words = (command, f"--token-cache-dir={self.directory}", *arguments)
        code = main(
            words,
            {"HOME": "/home/me"},
            stdout=stdout,
            stderr=stderr,
            sign_in=_never,
            kept_sessions=wiring.kept_sessions,
        )
        stdout.close()
        with os.fdopen(reading, encoding="utf-8") as answer:
            return Outcome(code, answer.read(), stderr.text)


def _never(*_: object) -> Any:
    raise AssertionError("nobody signs in")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.parametrize("command", ["status", "whoami"])
def test_a_session_is_told_as_a_person_reads_it(scene: Scene, command: str) -> None:
    scene.store.save(KEY, session(email="alice@example.test", groups=["admins", "devs"]))
    done = scene.call(command=command)
    assert (done.code, done.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert lines["who"] == "alice@example.test (alice-id)"
    assert lines["issuer"] == "https://id.example.com"
    assert lines["client"] == "kubernetes"
    assert lines["groups"] == "admins, devs"
    assert re.match(r"in 4[12] minutes \(20", lines["expires"])
    assert lines["refresh"] == "there is a refresh token"
    assert lines["stored"] == str(scene.directory / f"session-{KEY}.json")


def test_a_program_gets_the_same(scene: Scene) -> None:
    scene.store.save(KEY, session(email="alice@example.test", groups="admins"))
    done = scene.call("--output=json")
    (found,) = json.loads(done.out)
    assert found.pop("expires_in") == pytest.approx(2550, abs=60)
    assert found.pop("expires_at").endswith("Z")
    assert found == {
        "subject": "alice-id",
        "email": "alice@example.test",
        "groups": ["admins"],
        "issuer": "https://id.example.com",
        "client_id": "kubernetes",
        "account": None,
        "refresh_token": True,
        "storage": "disk",
        "file": str(scene.directory / f"session-{KEY}.json"),
        "fault": None,
        "refresh_ahead_failure": None,
    }


@pytest.mark.parametrize("output", ["table", "json"])
def test_every_session_is_told_and_no_token(scene: Scene, output: str) -> None:
    scene.store.save(KEY, session(email="alice@example.test"))
    scene.store.save(OTHER_KEY, session(-7200, sub="bob-id"))
    done = scene.call(f"--output={output}")
    assert done.out.index("alice-id") < done.out.index("bob-id")
    for secret in (REFRESH, SIGNATURE, token(sub="bob-id"), "eyJ"):
        assert secret not in done.out + done.err


def test_what_is_over_says_so(scene: Scene) -> None:
    scene.store.save(KEY, session(-7210))
    assert "2 hours ago (" in scene.call().out


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_refresh_ahead_that_failed_is_shown(scene: Scene, output: str) -> None:
    scene.store.save(KEY, session())
    ahead = DiskAhead(scene.directory, clock=ShiftedClock(), environment={})
    ahead.keep(KEY, Setback(time.time() - 300, "id.example.com: connection refused"))
    done = scene.call(f"--output={output}")
    assert "id.example.com: connection refused" in done.out
    assert ("5 minutes ago" in done.out) == (output == "table")


def test_text_of_others_reaches_no_terminal_raw(scene: Scene) -> None:
    scene.store.save(KEY, session(email="a\x1b[31m\u202e@x", groups=["g\n\x07who      root"]))
    for output in ("table", "json"):
        out = scene.call(f"--output={output}").out
        assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert len([line for line in scene.call().out.splitlines() if line.startswith("who")]) == 1


@pytest.mark.parametrize(
    ("output", "text"), [("table", "nobody is signed in: there is no session in "), ("json", "[]\n")]
)
@pytest.mark.parametrize("made", [False, True])
def test_without_a_session_a_line_says_so(scene: Scene, output: str, text: str, made: bool) -> None:
    if made:
        scene.directory.mkdir(mode=0o700)
    done = scene.call(f"--output={output}")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(text)
    assert scene.directory.exists() == made


def test_nothing_is_changed_or_removed(scene: Scene) -> None:
    """Not even a file that can't be read: it is only named."""
    scene.store.save(KEY, session())
    scene.directory.joinpath(f"session-{KEY}.json").write_bytes(b"{")
    before = sorted(path.name for path in scene.directory.iterdir())
    done = scene.call()
    assert (done.code, done.err) == (0, "")
    assert "fault" in done.out
    assert sorted(path.name for path in scene.directory.iterdir()) == before


def test_a_directory_that_can_not_be_read_is_an_error(scene: Scene) -> None:
    scene.directory.write_text("a file")
    done = scene.call()
    assert (done.code, done.out) == (StorageError("").exit_code, "")
    assert done.err.startswith("error: status: ")


def test_an_unknown_output_is_refused(scene: Scene) -> None:
    done = scene.call("--output=yaml")
    assert done.code == 1
    assert "table|json" in done.err


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_no_line_is_wider_than_the_terminal(scene: Scene, columns: int) -> None:
    import fcntl
    import pty
    import struct
    import termios

    scene.store.save(KEY, session(email="alice@example.test", groups=[f"group-{n}" for n in range(40)]))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    main(
        ("status", f"--token-cache-dir={scene.directory}"),
        {"HOME": "/home/me"},
        stdout=Stdout(slave),
        stderr=Lines(),
        sign_in=_never,
        kept_sessions=wiring.kept_sessions,
    )
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert max(map(len, shown.splitlines())) <= columns
    assert "group-39" in shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "in 0 seconds"),
        (1, "in 1 second"),
        (59.9, "in 59 seconds"),
        (60, "in 1 minute"),
        (-60, "1 minute ago"),
        (7199, "in 1 hour"),
        (-86400 * 3, "3 days ago"),
    ],
)
def test_times_are_said_in_words(seconds: float, text: str) -> None:
    assert relative(seconds) == text
