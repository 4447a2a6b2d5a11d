"""The token cache on a bad disk, in a strange place, in the wrong hands: F08 to F12, F15 to F17, F32, F33, B-91 …"""

import ctypes
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py.secret import Secret
from kubelogin_py.storage import names as file_names
from kubelogin_py.storage import record
from tests.faults.scene import Scene, fill, injected, read_only, strace, tmpfs, token, warnings
from tests.storage.surroundings import KEY, NOBODY, ShiftedClock, disk_store, in_child
from tests.storage.surroundings import session as some_session
from tests.support import command
from tests.support.scripted_provider import ScriptedProvider

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda whole: whole[: len(whole) // 2],
    "zeros": lambda whole: bytes(len(whole)),
    "binary": lambda _: bytes(range(256)) * 4,
    "another document": lambda _: b'{"kind":"Config"}\n',
    "wrong types": lambda whole: whole.replace(b'"scope":"openid"', b'"scope":7'),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("has_copy", [True, False], ids=["with its copy", "without a copy"])
def test_f08_a_damaged_session(scene: Scene, damage: str, has_copy: bool) -> None:
    """Moved aside with its reason, the copy used; one warning, exit 0. Without a copy one sign-in follows."""
    session = scene.seed()
    broken = DAMAGE[damage](scene.file.read_bytes())
    scene.file.write_bytes(broken)
    if not has_copy:
        scene.twin.unlink()
    done = scene.call()
    assert (token(done) == session.id_token.reveal()) == has_copy
    assert len(warnings(done)) == 1
    assert f"{scene.file.name}.bad" in warnings(done)[0]
    assert (scene.cache / f"{scene.file.name}.bad").read_bytes() == broken
    assert scene.opened == (0 if has_copy else 1)
    quiet = scene.call()
    assert (token(quiet), quiet.stderr) == (token(done), "")


def test_f09_an_empty_session(scene: Scene) -> None:
    """As a damaged one, without the warning."""
    session = scene.seed()
    scene.file.write_bytes(b"")
    done = scene.call()
    assert (token(done), done.stderr, scene.opened) == (session.id_token.reveal(), "", 0)
    assert record.parse(scene.file.read_bytes()) == session


def test_f10_b104_a_session_of_a_newer_version(scene: Scene) -> None:
    """The older program does not touch it, works without the cache, and says so."""
    scene.seed()
    newer = scene.file.read_bytes().replace(b'"format":1', b'"format":2')
    scene.file.write_bytes(newer)
    done = scene.call()
    assert token(done)
    assert len(warnings(done)) == 1, done.stderr
    assert "newer version" in warnings(done)[0]
    assert scene.file.read_bytes() == newer
    assert scene.opened == 1


@pytest.mark.required("mount")
@pytest.mark.parametrize("pages", [1, 3])
def test_f11_a_nearly_full_disk(scene: Scene, tmp_path: Path, pages: int) -> None:
    """Some of what is written fits and some does not: the file is the old or the new one, whole."""
    with tmpfs(tmp_path / "small") as disk:
        scene.more = (f"--token-cache-dir={disk / 'cache'}",)
        _seed_elsewhere(scene, disk / "cache")
        (file,) = (disk / "cache").glob("session-*.json")
        before = record.parse(file.read_bytes())
        fill(disk)
        os.truncate(disk / "filler", (disk / "filler").stat().st_size - pages * 4096)
        done = scene.call(env={"XDG_RUNTIME_DIR": str(tmp_path)})
        assert token(done)
        assert len(warnings(done)) <= 1
        kept = record.parse(file.read_bytes())
        assert kept.id_token in {before.id_token, Secret(token(done))}
        assert bool(warnings(done)) == (kept.id_token == before.id_token)
        assert not list((disk / "cache").glob("temp-*"))
        assert scene.opened == 0


@pytest.mark.required("mount")
@pytest.mark.parametrize("options", [("size=8k",), ("nr_inodes=2",)], ids=["no space", "no inodes"])
def test_f11_a_disk_that_is_full_at_the_first_sign_in(scene: Scene, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Not even a lock file can be made: one warning all the same."""
    with tmpfs(tmp_path / "small", *options) as disk:
        if options == ("size=8k",):
            fill(disk)
        done = scene.call(f"--token-cache-dir={disk / 'cache'}", env={"XDG_RUNTIME_DIR": str(tmp_path)})
        assert token(done)
        assert len(warnings(done)) == 1, done.stderr
        assert f"{disk / 'cache'}" in warnings(done)[0]
        assert "no space left" in warnings(done)[0]
        assert "free some space" in done.stderr


@pytest.mark.required("mount")
def test_f11_b97_a_full_disk(scene: Scene, tmp_path: Path) -> None:
    """The credential is printed, exit 0, one warning with the path; what was there is there, and no more."""
    with tmpfs(tmp_path / "small") as disk:
        scene.more = (f"--token-cache-dir={disk / 'cache'}",)
        _seed_elsewhere(scene, disk / "cache")
        before = {path.name: path.read_bytes() for path in (disk / "cache").glob("session-*.json")}
        fill(disk)
        done = scene.call(env={"XDG_RUNTIME_DIR": str(tmp_path)})
        assert token(done)
        assert len(warnings(done)) == 1
        assert str(disk / "cache") in warnings(done)[0]
        assert "no space left" in warnings(done)[0]
        assert "free some space" in done.stderr
        after = {path.name: path.read_bytes() for path in (disk / "cache").glob("session-*.json")}
        assert after == before
        assert not list((disk / "cache").glob("temp-*"))
        assert scene.opened == 0


def _seed_elsewhere(scene: Scene, directory: Path) -> None:
    """Put an expired session into another directory, without a copy whose place could be used."""
    session = scene.seed(left=-5)
    shutil.rmtree(scene.cache)
    store = disk_store(directory)
    store.save(scene.key, replace(session, expires_at=time.time() - 5))
    with store.lock(scene.key, deadline=time.monotonic() + 5, doing="testing"):
        (directory / f"session-{scene.key}.json.twin").unlink()


@pytest.mark.required("strace")
@pytest.mark.parametrize("errno", ["ENOSPC", "EDQUOT", "EROFS", "EIO"])
def test_b97_each_way_a_write_fails(scene: Scene, tmp_path: Path, errno: str) -> None:
    """Every write, from the first on: the old entry is whole, the token printed, exit 0, one warning."""
    scene.seed(left=-5)
    before = scene.file.read_bytes()
    trace = tmp_path / "trace"
    done = scene.under(*strace(trace, f"fsync:error={errno}"))
    assert injected(trace)
    assert token(done)
    assert len(warnings(done)) == 1, done.stderr
    assert scene.file.read_bytes() == before
    assert not [name for name in scene.names if name.startswith("temp-")]


@pytest.mark.required("strace")
def test_b97_killed_between_write_and_rename(scene: Scene, tmp_path: Path) -> None:
    """The old entry is whole; the next one goes on with it."""
    scene.seed(left=-5)
    before = scene.file.read_bytes()
    trace = tmp_path / "trace"
    scene.under(*strace(trace, "fsync:signal=SIGKILL:when=1"))
    assert injected(trace)
    assert scene.file.read_bytes() == before
    assert scene.refreshes == 0
    assert token(scene.call())
    assert scene.opened == 0


AT_CWD, RENAME_EXCHANGE = -100, 2
HOMES = ["absent", "unset", "read-only", "of another user"]


@pytest.mark.required("mount")
@pytest.mark.parametrize("kind", HOMES)
def test_f12_a_home_that_can_not_be_used(scene: Scene, tmp_path: Path, kind: str) -> None:
    """The credential is printed, exit 0, and one warning names the directory."""
    scene.home.mkdir(exist_ok=True)
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    if kind == "read-only":
        with read_only(scene.home):
            done = scene.call(env=env)
    else:
        if kind == "of another user":
            os.chown(scene.home, NOBODY, NOBODY)
        home = {"absent": "/proc/1/nowhere", "unset": "", "of another user": str(scene.home)}[kind]
        done = scene.call(env={**env, "HOME": home})
    assert token(done)
    assert "Traceback" not in done.stderr
    assert len(warnings(done)) == 1, done.stderr
    assert "hint: " in done.stderr
    wanted = {"unset": "no home directory", "absent": "/proc/1/nowhere"}.get(kind, str(scene.home))
    assert wanted in warnings(done)[0]
    assert scene.opened == 1


@pytest.mark.required("mount")
def test_f32_what_was_obtained_is_printed_though_it_can_not_be_kept(scene: Scene, tmp_path: Path) -> None:
    """A sign-in and a refresh alike: exit 0 and one warning."""
    scene.seed(left=-5)
    with read_only(scene.cache):
        refreshed = scene.call(env={"XDG_RUNTIME_DIR": str(tmp_path)})
    assert token(refreshed)
    assert (scene.opened, scene.refreshes) == (0, 1)
    shutil.rmtree(scene.cache)
    scene.cache.mkdir(mode=0o700)
    with read_only(scene.cache):
        signed_in = scene.call(env={"XDG_RUNTIME_DIR": str(tmp_path)})
    assert token(signed_in)
    assert scene.opened == 1
    for done in (refreshed, signed_in):
        assert len([line for line in warnings(done) if "the next command may have to sign in again" in line]) == 1
        assert len(warnings(done)) == 1, done.stderr
        assert "read-only file system" in done.stderr


@pytest.mark.required("mount")
def test_f32_whoever_wants_it_gets_an_error_instead(scene: Scene, tmp_path: Path) -> None:
    """``--require-token-cache``: for machines on which a session that is lost each time must not go unnoticed."""
    scene.seed(left=-5)
    with read_only(scene.cache):
        refused = scene.call("--require-token-cache", env={"XDG_RUNTIME_DIR": str(tmp_path)})
    assert (refused.code, refused.stdout) == (1, "")
    assert "read-only file system" in refused.stderr
    assert "error: get-token: the session could not be kept" in refused.stderr
    shutil.rmtree(scene.cache)
    done = scene.call("--require-token-cache")
    assert (token(done), warnings(done)) == (scene.kept.id_token.reveal() if scene.kept.id_token else "", [])
    quiet = scene.call("--require-token-cache")
    assert (token(quiet), quiet.stderr) == (token(done), "")


CALLS = {
    "open": "openat",
    "read": "read",
    "write": "write",
    "fsync": "fsync",
    "rename": "rename,renameat,renameat2",
    "close": "close",
    "unlink": "unlink,unlinkat",
}


ONE_PROCESS = "clone:error=EAGAIN"
"""Leaves the program without a second process, so that its calls can be counted."""

AT_MOST = 4
"""Calls of one kind that fail, one after the other."""


def in_cache(trace: Path, scene: Scene) -> list[int]:
    """Return which calls of the first process touched a session or what is to become one, counted from 1."""
    lines = [line.split(maxsplit=1) for line in trace.read_text(errors="replace").splitlines()]
    calls = [call for process, call in lines if process == lines[0][0] and "clone(" not in call]
    ours = re.compile(rf"{re.escape(str(scene.cache))}.*(?:session-\w+\.json|temp-)")
    return [number for number, call in enumerate(calls, 1) if ours.search(call)]


@pytest.mark.required("strace")
@pytest.mark.parametrize("call", CALLS)
def test_f33_an_input_output_error_in_each_call_one_by_one(scene: Scene, tmp_path: Path, call: str) -> None:
    """Whichever it is: the credential is printed, at worst after a sign-in; the session is the old or the new one."""
    scene.seed(left=-5)
    counted = tmp_path / "counted"
    assert token(scene.under(*strace(counted, ONE_PROCESS, f"{CALLS[call]}:delay_enter=1:when=1")))
    numbers = in_cache(counted, scene)
    struck = 0
    for number in numbers[:: -(-len(numbers) // AT_MOST)]:
        session = scene.seed(left=-5)
        trace = tmp_path / f"trace-{number}"
        done = scene.under(*strace(trace, ONE_PROCESS, f"{CALLS[call]}:error=EIO:when={number}"))
        if not injected(trace, at=scene.cache):
            continue
        struck += 1
        assert token(done), done.stderr
        assert "Traceback" not in done.stderr
        kept = scene.kept
        assert kept.id_token in {session.id_token, Secret(token(done))}
        # What could not be kept is said.
        assert kept.id_token == Secret(token(done)) or warnings(done)
        assert scene.opened == 0 or call in {"open", "read"}
    assert struck >= 2, (numbers, counted.read_text()[-2000:])


@pytest.mark.required("strace")
def test_f33_calls_that_are_interrupted_are_made_again(scene: Scene, tmp_path: Path) -> None:
    """EINTR is no error."""
    scene.seed(left=-5)
    trace = tmp_path / "trace"
    calls = ["fsync:error=EINTR:when=1", "flock:error=EINTR:when=1"]
    done = scene.under(*strace(trace, *calls))
    assert injected(trace)
    assert token(done)
    assert scene.opened == 0


@pytest.mark.required("strace")
@pytest.mark.parametrize("call", ["clone", "clone3"], ids=["no process", "no thread"])
def test_f33_no_further_process_or_thread_may_be_started(scene: Scene, tmp_path: Path, call: str) -> None:
    """As where a user has as many as allowed: the refresh needs no process; without a thread nothing is sent."""
    scene.seed(left=-5)
    before, trace = scene.file.read_bytes(), tmp_path / "trace"
    done = scene.under(*strace(trace, f"{call}:error=EAGAIN"))
    assert injected(trace)
    assert "internal error" not in done.stderr
    if call == "clone":
        assert token(done)
        assert scene.refreshes == 1
    else:
        assert (done.code, done.stdout, scene.refreshes) == (1, "", 0)
        assert "(temporary)" in done.stderr
        assert scene.file.read_bytes() == before
    assert scene.opened == 0


@pytest.mark.required("strace")
def test_f15_without_locks_nothing_is_damaged(tmp_path: Path) -> None:
    """As on some network file systems: refreshing twice is allowed, a damaged file is not."""
    with ScriptedProvider() as provider:
        home = tmp_path / "home"
        words = ["get-token", f"--oidc-issuer-url={provider.issuer}", "--oidc-client-id=kubernetes", "--force-refresh"]
        browser = tmp_path / "browser"
        browser.write_text(
            f'#!/bin/sh\nexec {sys.executable} -c "import sys,urllib.request;'
            'urllib.request.urlopen(sys.argv[1])" "$1" >/dev/null 2>&1\n'
        )
        browser.chmod(0o755)
        words.append(f"--browser-command={browser}")
        assert command.run(*words, home=home).code == 0
        prefix = [str(part) for part in strace(tmp_path / "trace", "flock:error=ENOLCK")]
        line = [*prefix[1:], sys.executable, "-m", "kubelogin_py", *words]
        running = [command.start(*line, home=home, command=Path(prefix[0])) for _ in range(4)]
        done = command.together(running, deadline=100)
        assert [one.code for one in done] == [0] * 4, [one.stderr for one in done]
        assert injected(tmp_path / "trace")
        assert all("no file locks" in one.stderr for one in done)
        (path,) = (home / ".kube/cache/oidc-login").glob("session-*.json")
        kept = record.parse(path.read_bytes())
        assert kept.id_token is not None
        assert kept.id_token.reveal() in {token(one) for one in done}


@pytest.mark.required("strace")
def test_b100_where_the_cache_has_no_locks_the_runtime_directory_has_them(scene: Scene, tmp_path: Path) -> None:
    """It is said, once, and the refresh goes on."""
    scene.seed(left=-5)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    done = scene.under(*strace(tmp_path / "trace", "flock:error=ENOLCK:when=1"), env={"XDG_RUNTIME_DIR": str(runtime)})
    assert injected(tmp_path / "trace")
    assert token(done)
    assert f"has no file locks: no locks available; using {runtime / 'kubelogin'}" in done.stderr
    assert list((runtime / "kubelogin").glob("session-*.lock"))
    assert len(warnings(done)) == 1


@pytest.mark.required("strace")
def test_b100_modes_that_can_not_be_set_make_a_cache_unusable(scene: Scene, tmp_path: Path) -> None:
    """A file system that ignores modes would show the tokens to everybody."""
    scene.cache.mkdir(parents=True)
    scene.cache.chmod(0o755)
    done = scene.under(*strace(tmp_path / "trace", "fchmod:retval=0"), env={"XDG_RUNTIME_DIR": str(tmp_path)})
    assert injected(tmp_path / "trace")
    assert token(done)
    assert "can't keep other users out" in done.stderr
    assert not list(scene.cache.glob("session-*.json"))


def test_f16_b93_a_session_that_others_could_read(scene: Scene) -> None:
    """Closed to them, and said; the new file does not inherit the mode."""
    session = scene.seed()
    scene.cache.chmod(0o755)
    scene.file.chmod(0o644)
    done = scene.call()
    assert token(done) == session.id_token.reveal()
    assert len(warnings(done)) == 2
    assert stat.S_IMODE(scene.cache.stat().st_mode) == 0o700
    assert stat.S_IMODE(scene.file.stat().st_mode) == 0o600
    scene.file.chmod(0o644)
    scene.call("--force-refresh")
    assert stat.S_IMODE(scene.file.stat().st_mode) == 0o600


@pytest.mark.required("root")
def test_f16_a_session_of_another_user_is_refused(scene: Scene) -> None:
    scene.seed()
    os.chown(scene.file, NOBODY, NOBODY)
    done = scene.call()
    assert token(done)
    assert f"belongs to user {NOBODY}" in done.stderr
    assert scene.opened == 1


@pytest.mark.parametrize("kind", ["link", "dangling link", "hard link", "fifo", "directory"])
def test_f17_b92_what_is_no_plain_file_is_not_opened(scene: Scene, tmp_path: Path, kind: str) -> None:
    """A miss; what it leads to is as it was, and the new session takes its place where it can."""
    session = scene.seed()
    target = tmp_path / "target"
    target.write_bytes(scene.file.read_bytes())
    target.chmod(0o600)
    scene.file.unlink()
    if kind == "link":
        scene.file.symlink_to(target)
    elif kind == "dangling link":
        scene.file.symlink_to(tmp_path / "nowhere")
    elif kind == "hard link":
        os.link(target, scene.file)
    elif kind == "fifo":
        os.mkfifo(scene.file)
    else:
        scene.file.mkdir()
    before = target.read_bytes()
    done = scene.call(deadline=30)
    assert token(done) != session.id_token.reveal()
    assert target.read_bytes() == before
    assert not (tmp_path / "nowhere").exists()
    if kind != "directory":
        assert stat.S_ISREG(scene.file.lstat().st_mode)
        assert scene.file.lstat().st_nlink == 1


@pytest.mark.required("root")
@pytest.mark.parametrize("kind", ["link to ours", "link to another user's", "another user's", "writable by others"])
def test_b91_a_directory_that_may_be_anybody_s(scene: Scene, tmp_path: Path, kind: str) -> None:
    """A link in the user's own tree is fine when what it leads to is; the others are not used, and said so."""
    session = scene.seed()
    if kind.startswith("link"):
        real = tmp_path / "real"
        scene.cache.rename(real)
        scene.cache.symlink_to(real)
    if kind.endswith("another user's"):
        os.chown(scene.cache, NOBODY, NOBODY)
    if kind == "writable by others":
        scene.cache.chmod(0o777)
    done = scene.call(env={"XDG_RUNTIME_DIR": str(tmp_path)})
    is_used = kind == "link to ours"
    assert (token(done) == session.id_token.reveal()) == is_used
    assert len(warnings(done)) == (0 if is_used else 1), done.stderr
    assert scene.opened == (0 if is_used else 1)


@pytest.mark.parametrize("umask", [0o000, 0o777], ids="{:03o}".format)
def test_b94_the_umask_decides_nothing(scene: Scene, umask: int) -> None:
    wrapper = ["sh", "-c", f'umask {umask:03o}; exec "$@"', "sh"]
    scene.home.mkdir(exist_ok=True)
    assert token(scene.under(*[shutil.which("sh") or "/bin/sh", *wrapper[1:]]))
    levels = [scene.cache, scene.cache.parent, scene.cache.parent.parent]
    assert {stat.S_IMODE(path.stat().st_mode) for path in levels} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in scene.cache.iterdir()} == {0o600}


def test_b95_a_directory_that_is_exchanged_all_the_time(scene: Scene, tmp_path: Path) -> None:
    """Somebody swaps the cache for a link to elsewhere and back: nothing is ever written there."""
    scene.seed(left=-5)
    trap = tmp_path / "trap"
    trap.mkdir(mode=0o755)
    trap.chmod(0o777)
    stop = threading.Event()
    link = scene.cache.with_name("link")
    link.symlink_to(trap)
    system = ctypes.CDLL(None, use_errno=True)

    def swap() -> None:
        while not stop.is_set():
            # At once, so that there is always one or the other.
            assert system.renameat2(AT_CWD, bytes(scene.cache), AT_CWD, bytes(link), RENAME_EXCHANGE) == 0
            time.sleep(0.001)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        done = [scene.call(env={"XDG_RUNTIME_DIR": str(tmp_path)}) for _ in range(3)]
    finally:
        stop.set()
        thread.join()
    assert all("Traceback" not in one.stderr and "internal error" not in one.stderr for one in done)
    assert list(trap.iterdir()) == []


@pytest.mark.required("strace")
def test_b96_temporary_files_are_random_and_those_of_the_dead_are_swept(scene: Scene, tmp_path: Path) -> None:
    """Each killed writer leaves one, of a name that nobody can foresee; what only looks like one is left alone."""
    scene.seed(left=-5)
    for number in (1, 2, 3):
        scene.under(*strace(tmp_path / f"trace-{number}", "fsync:signal=SIGKILL:when=1"))
    left = {name for name in scene.names if re.fullmatch(r"temp-[0-9a-f]{32}", name)}
    assert len(left) == 3
    link, planted = scene.cache / f"temp-{'0' * 32}", scene.cache / "temp-planted"
    for path in (link, planted):
        path.symlink_to(scene.home / "elsewhere")
    assert token(scene.call())
    # Nobody can set back the time of a status.
    disk_store(scene.cache, clock=ShiftedClock(11)).save(KEY, some_session())
    assert not left & scene.names
    assert link.is_symlink()
    assert planted.is_symlink()
    assert not (scene.home / "elsewhere").exists()


@pytest.mark.parametrize("kind", ["100 MB", "newer"])
def test_b98_a_huge_or_newer_session_is_a_miss(scene: Scene, kind: str) -> None:
    """As are the damaged ones of F08: no crash, no delay, and a newer one stays."""
    scene.seed()
    if kind == "newer":
        scene.file.write_bytes(b'{"format":99}')
    else:
        with scene.file.open("wb") as file:
            file.truncate(100 << 20)
    done = scene.call()
    assert token(done)
    assert len(warnings(done)) >= 1
    assert scene.opened == 1
    assert (scene.file.read_bytes() == b'{"format":99}') == (kind == "newer")


def test_b102_backup_programs_are_told(scene: Scene) -> None:
    assert token(scene.call())
    tag = (scene.cache / "CACHEDIR.TAG").read_bytes()
    assert tag.startswith(b"Signature: 8a477f597d28d172789f06886806bc55")


@pytest.mark.required("root")
def test_b105_two_users_with_one_home(scene: Scene) -> None:
    """Neither reads the other's tokens, and both get theirs: root in a container, and sudo."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o777)
        os.chown(home, NOBODY, NOBODY)
        in_child(lambda: disk_store(home / ".kube/cache/oidc-login").save(KEY, some_session()), user=NOBODY)
        scene.home = home
        done = scene.call(env={"XDG_RUNTIME_DIR": str(home)})
        assert token(done)
        assert "belongs to user" in done.stderr
        owners = {path.stat().st_uid for path in (home / ".kube").rglob("*")}
        assert owners == {NOBODY}

    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        scene.home = home
        assert token(scene.call())

        def read() -> None:
            store = disk_store(home / ".kube/cache/oidc-login")
            assert store.load(scene.key) is None

        in_child(read, user=NOBODY)


def test_b110_a_file_that_somebody_has_open_is_replaced_with_patience(tmp_path: Path) -> None:
    """On Windows replacing fails for a moment then; here the system refuses, and the same code goes on trying."""
    program = (
        "import sys, time\n"
        "import kubelogin_py.storage.modes, kubelogin_py.storage.failures, kubelogin_py.storage.kernel_lock\n"
        "real, sys.platform = sys.platform, 'win32'\n"
        "import kubelogin_py.storage.files as files\n"
        "sys.platform = real\n"
        "refused = []\n"
        "def change():\n"
        "    if len(refused) < 3:\n"
        "        refused.append(1)\n"
        "        raise PermissionError(13, 'used by another process')\n"
        "began = time.monotonic()\n"
        "files._patiently(change)\n"
        "assert len(refused) == 3 and time.monotonic() - began < 5\n"
        "def always():\n"
        "    raise PermissionError(13, 'used by another process')\n"
        "began = time.monotonic()\n"
        "try:\n"
        "    files._patiently(always)\n"
        "except PermissionError:\n"
        "    assert 0.5 < time.monotonic() - began < 10\n"
        "else:\n"
        "    raise SystemExit(2)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_b110_names_leave_room_for_the_longest_path_of_windows() -> None:
    """260 characters with a home directory of 100."""
    longest = max(
        (file_names.session_file("a" * 64), file_names.bad_file("a" * 64), file_names.twin_file("a" * 64)), key=len
    )
    assert len(longest) + len("/.kube/cache/oidc-login/") + 100 < 260
