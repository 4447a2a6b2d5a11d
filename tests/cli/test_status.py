"""Who is signed in, as a person and as a program are told; no token is ever among it."""

import base64
import json
import os
import re
import time
import unicodedata
from dataclasses import replace
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
from kubelogin_py.settings import Provider, Settings
from kubelogin_py.storage.ahead import DiskAhead
from kubelogin_py.storage.keys import session_key
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
        self.environment: dict[str, str] = {}

    def call(self, *arguments: str, command: str = "status", into: int | None = None) -> Outcome:
        """Run the command as wired, its output into a pipe."""
        reading, writing = os.pipe()
        if into is not None:
            os.close(writing)
        stdout, stderr = Stdout(writing if into is None else into), Lines()
        named = () if "KUBECACHEDIR" in self.environment else (f"--token-cache-dir={self.directory}",)
        words = (command, *named, *arguments)
        code = main(
            words,
            {"HOME": "/home/me", **self.environment},
            stdout=stdout,
            stderr=stderr,
            sign_in=_never,
            kept_sessions=wiring.kept_sessions,
        )
        stdout.close()
        with os.fdopen(reading, encoding="utf-8") as answer:
            return Outcome(code, answer.read(), stderr.text)


def width_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


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
        "contexts": [],
        "refresh_token": True,
        "storage": "disk",
        "file": str(scene.directory / f"session-{KEY}.json"),
        "answers": 0,
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
    file = scene.directory.joinpath(f"session-{KEY}.json")
    file.write_bytes(b"{")
    before = sorted(path.name for path in scene.directory.iterdir())
    done = scene.call()
    assert (done.code, done.err) == (0, "")
    # Its copy is what the next command goes on with.
    assert "fault" not in done.out
    file.with_name(f"{file.name}.twin").write_bytes(b"{")
    done = scene.call()
    assert (done.code, done.err) == (0, "")
    assert "fault" in done.out
    assert sorted(path.name for path in scene.directory.iterdir()) == before
    assert file.read_bytes() == b"{"


def test_a_directory_that_can_not_be_read_is_an_error(scene: Scene) -> None:
    scene.directory.write_text("a file")
    done = scene.call()
    assert (done.code, done.out) == (StorageError("").exit_code, "")
    assert done.err.startswith("error: status: ")


def test_an_unknown_output_is_refused(scene: Scene) -> None:
    done = scene.call("--output=yaml")
    assert done.code == 1
    assert "table|json" in done.err


@pytest.mark.parametrize("columns", [18, 40, 80, 132])
def test_no_line_is_wider_than_the_terminal(scene: Scene, columns: int) -> None:
    import fcntl
    import pty
    import struct
    import termios

    groups = [f"group-{n}" for n in range(40)] + ["運用チーム" * 5]
    scene.store.save(KEY, session(email="alice@example.test", groups=groups))
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
    assert max(map(width_of, shown.splitlines())) <= columns
    assert "group-39" in re.sub(r"\s", "", shown)
    assert "運用チーム" * 5 in re.sub(r"\s", "", shown)


KUBECONFIG = {
    "current-context": "dev",
    "contexts": [{"name": name, "context": {"user": name}} for name in ("dev", "also-dev", "prod", "other")],
    "users": [
        *(
            {
                "name": name,
                "user": {"exec": {"args": ["get-token", f"--oidc-issuer-url={issuer}", "--oidc-client-id=k"]}},
            }
            for name, issuer in (("dev", "https://a"), ("also-dev", "https://a"), ("prod", "https://b"))
        ),
        {"name": "other", "user": {"token": "x"}},
    ],
}


@pytest.fixture
def contexts(scene: Scene, tmp_path: Path) -> Scene:
    """Sessions of two providers, and contexts of a kubeconfig that use them."""
    (tmp_path / "config").write_text(json.dumps(KUBECONFIG), encoding="utf-8")
    scene.environment = {"KUBECONFIG": str(tmp_path / "config"), "KUBECACHEDIR": str(tmp_path / "kube")}
    scene.directory = tmp_path / "kube/oidc-login"
    scene.store = disk_store(scene.directory)
    for issuer, person in (("https://a", "alice"), ("https://b", "bob")):
        settings = Settings(Provider(issuer, "k"))
        scene.store.save(session_key(settings), replace(session(sub=person, iss=issuer), issuer=issuer, account=person))
    return scene


def test_the_contexts_that_use_a_session_are_named(contexts: Scene) -> None:
    found = {one["issuer"]: one for one in json.loads(contexts.call("--output=json").out)}
    assert found["https://a"]["contexts"] == ["dev", "also-dev"]
    assert found["https://b"]["contexts"] == ["prod"]
    assert found["https://a"]["account"] == "alice"
    table = contexts.call().out
    assert "contexts  dev, also-dev\n" in table
    assert "account   bob\n" in table


@pytest.mark.parametrize(
    ("flags", "who"), [(("--context=prod",), "bob"), (("--context=dev",), "alice"), (("--kubeconfig=config",), "alice")]
)
def test_one_context_may_be_asked_for(
    contexts: Scene, flags: tuple[str, ...], who: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The current one, where a kubeconfig is named."""
    monkeypatch.chdir(tmp_path)
    done = contexts.call(*flags, "--output=json")
    (found,) = json.loads(done.out)
    assert found["subject"] == who


def test_a_context_that_nobody_is_signed_in_to(contexts: Scene) -> None:
    for path in contexts.directory.glob("session-*"):
        path.unlink()
    done = contexts.call("--context=prod")
    assert (done.code, done.err) == (0, "")
    assert done.out == f'nobody is signed in: there is no session of context "prod" in {contexts.directory}\n'


@pytest.mark.parametrize(("name", "text"), [("none", "does not exist"), ("other", "has no exec section")])
def test_a_context_of_others_is_refused(contexts: Scene, name: str, text: str) -> None:
    done = contexts.call(f"--context={name}")
    assert (done.code, done.out) == (1, "")
    assert text in done.err


def test_a_kubeconfig_that_can_not_be_read_hides_no_session(contexts: Scene, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("{", encoding="utf-8")
    done = contexts.call()
    assert (done.code, done.err) == (0, "")
    assert "alice" in done.out


def test_finished_answers_are_counted(contexts: Scene) -> None:
    key = session_key(Settings(Provider("https://a", "k")))
    (contexts.directory / "answer1-5,a.txt").write_text(f"x\ny\nsession {key}\n")
    assert "with 1 finished answer\n" in contexts.call().out


@pytest.mark.parametrize(
    ("environment", "coloured"), [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({}, False)]
)
def test_colour_is_for_terminals(scene: Scene, environment: dict[str, str], coloured: bool) -> None:
    import pty

    scene.store.save(KEY, session())
    master, slave = pty.openpty()
    scene.environment = environment
    scene.call(into=slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert ("\x1b[" in shown) == coloured
    assert "\x1b" not in scene.call().out


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
