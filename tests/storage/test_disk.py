"""Sessions on a real disk: modes, owners, links, damage, and processes that die in between."""

import contextlib
import errno
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py.errors import StorageError
from kubelogin_py.secret import Secret
from kubelogin_py.storage import kernel_lock, record
from kubelogin_py.storage.directories import opened
from kubelogin_py.storage.housekeeping import clean
from tests.storage.surroundings import (
    KEY,
    LOGIN_KEY,
    NOBODY,
    OTHER_KEY,
    RememberingConsole,
    ShiftedClock,
    disk_store,
    finished,
    forked,
    in_child,
    session,
)

FILE = f"session-{KEY}.json"
BAD = f"{FILE}.bad"
TWIN = f"{FILE}.twin"
IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root: a second user, a device or a mount")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A directory with one session in it."""
    directory = tmp_path / "cache"
    disk_store(directory).save(KEY, session())
    return directory


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that another user can reach."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        place = Path(name)
        place.chmod(0o777)
        yield place


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


# Modes


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077, 0o277, 0o777], ids="{:03o}".format)
def test_b94_modes_do_not_depend_on_the_umask(open_place: Path, umask: int) -> None:
    """Also for the directories above; without the rights of root, where there is another user to become."""

    def use() -> None:
        store = disk_store(open_place / "home/.kube/cache")
        with store.lock(KEY, deadline=time.monotonic() + 5, doing="testing"):
            store.save(KEY, session())
        with store.lock(KEY, deadline=time.monotonic() + 5, doing="testing again"):
            store.save(KEY, session("id-token-2"))
            loaded = store.load(KEY)
        assert loaded
        assert loaded.id_token == Secret("id-token-2")

    in_child(use, umask=umask, user=NOBODY if IS_ROOT else None)
    directory = open_place / "home/.kube/cache"
    assert {mode(level) for level in (directory, directory.parent, directory.parent.parent)} == {0o700}
    assert names(directory) == {FILE, TWIN, f"session-{KEY}.lock", "CACHEDIR.TAG"}
    assert {mode(path) for path in directory.iterdir()} == {0o600}


def test_b93_a_file_open_to_others_is_closed_and_said_so(cache: Path) -> None:
    (cache / FILE).chmod(0o644)
    console = RememberingConsole()
    store = disk_store(cache, console=console)
    assert store.load(KEY)
    assert mode(cache / FILE) == 0o600
    assert store.load(KEY)
    assert len(console.lines) == 1
    assert console.lines[0].startswith("warning: ")
    assert FILE in console.lines[0]


def test_b93_a_new_file_does_not_inherit_an_old_mode(cache: Path) -> None:
    (cache / FILE).chmod(0o644)
    disk_store(cache).save(KEY, session("id-token-2"))
    assert mode(cache / FILE) == 0o600


@pytest.mark.parametrize("wrong", [0o750, 0o755, 0o705, 0o701], ids="{:03o}".format)
def test_b91_a_directory_others_may_look_into_is_closed_and_said_so(cache: Path, wrong: int) -> None:
    cache.chmod(wrong)
    console = RememberingConsole()
    assert disk_store(cache, console=console).load(KEY)
    assert mode(cache) == 0o700
    assert len(console.lines) == 1
    assert str(cache) in console.lines[0]


@pytest.mark.parametrize("wrong", [0o770, 0o722, 0o777, 0o1777], ids="{:04o}".format)
def test_b91_a_directory_others_may_write_to_is_not_used(cache: Path, wrong: int) -> None:
    """What is found there may be anybody's, and what is put there may be taken."""
    cache.chmod(wrong)
    assert_not_used(cache, "other users may write to it")


def assert_not_used(directory: Path, reason: str) -> None:
    """A directory that can't be used costs nothing but the cache, and one warning."""
    before = names(directory) if directory.is_dir() else set()
    console = RememberingConsole()
    store = disk_store(directory, console=console)
    assert store.load(KEY) is None
    with store.lock(KEY, deadline=time.monotonic() + 5, doing="testing"):
        assert store.load(KEY) is None
    with pytest.raises(StorageError, match=reason) as caught:
        store.save(KEY, session("id-token-2"))
    assert caught.value.hint
    assert len([line for line in console.lines if line.startswith("warning: ")]) == 1
    assert reason in console.lines[0]
    assert (names(directory) if directory.is_dir() else set()) == before


@needs_root
def test_b91_a_directory_of_another_user_is_not_used(cache: Path) -> None:
    os.chown(cache, NOBODY, NOBODY)
    assert_not_used(cache, "belongs to user 65534")


@needs_root
def test_b84_root_leaves_nothing_in_the_home_of_another_user(open_place: Path) -> None:
    """With sudo HOME may still be the user's: a directory of root's there would lock that user out."""
    os.chown(open_place, NOBODY, NOBODY)
    assert_not_used(open_place / ".kube/cache", "this runs as root")
    assert names(open_place) == set()


@needs_root
def test_b105_another_user_can_neither_read_nor_use_a_cache(open_place: Path) -> None:
    directory = open_place / "cache"
    disk_store(directory).save(KEY, session())

    def look() -> None:
        assert disk_store(directory).load(KEY) is None
        with pytest.raises(StorageError):
            disk_store(directory).save(KEY, session("id-token-2"))

    in_child(look, user=NOBODY)
    assert disk_store(directory).load(KEY) == record.parse((directory / FILE).read_bytes())


def test_b91_a_link_to_a_directory_of_ours_is_fine(cache: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(cache)
    assert disk_store(link).load(KEY)


@pytest.mark.parametrize("kind", ["file", "dangling-link", "below-a-file"])
def test_f12_what_is_no_directory_is_not_used(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "dangling-link":
        place.symlink_to(tmp_path / "nowhere")
    else:
        place.write_text("")
    assert_not_used(place / "cache" if kind == "below-a-file" else place, "can't use")


def test_f12_without_a_home_directory_nothing_is_kept() -> None:
    console = RememberingConsole()
    store = disk_store(None, console=console)
    assert store.load(KEY) is None
    with store.lock(KEY, deadline=time.monotonic() + 5, doing="testing"):
        pass
    with pytest.raises(StorageError, match="no home directory"):
        store.save(KEY, session())
    store.delete(KEY)
    assert not store.keep_answer(["get-token"], KEY, b"{}\n")
    assert len([line for line in console.lines if line.startswith("warning: ")]) == 1


def test_looking_for_a_session_makes_no_directory(tmp_path: Path) -> None:
    console = RememberingConsole()
    assert disk_store(tmp_path / "cache", console=console).load(KEY) is None
    disk_store(tmp_path / "cache", console=console).delete(KEY)
    assert not (tmp_path / "cache").exists()
    assert console.lines == []


def test_b95_the_directory_is_not_exchanged_after_the_check(cache: Path, tmp_path: Path) -> None:
    """What was opened stays what is used, whatever stands at the path later."""
    with opened(cache, warn=print) as folder:
        cache.rename(tmp_path / "moved")
        cache.mkdir(0o777)
        (cache / FILE).write_bytes(b"planted")
        folder.write("session-new", b"ours")
        assert folder.read(FILE) != b"planted"
    assert names(cache) == {FILE}
    assert (tmp_path / "moved/session-new").exists()


# What may stand in the place of a file


def plant_link(path: Path, aside: Path) -> None:
    path.rename(aside)
    path.symlink_to(aside)


def plant_dangling_link(path: Path, aside: Path) -> None:
    path.unlink()
    path.symlink_to(aside / "nowhere")


def plant_hard_link(path: Path, aside: Path) -> None:
    os.link(path, aside)


def plant_fifo(path: Path, aside: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def plant_device(path: Path, aside: Path) -> None:
    path.unlink()
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))


PLANTS = [
    pytest.param(plant_link, id="link"),
    pytest.param(plant_dangling_link, id="dangling-link"),
    pytest.param(plant_hard_link, id="hard-link"),
    pytest.param(plant_fifo, id="fifo"),
    pytest.param(plant_device, id="device", marks=needs_root),
]


@pytest.mark.parametrize("plant", PLANTS)
def test_b92_what_is_no_plain_file_is_a_miss_and_gives_way(
    cache: Path, tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    """Reading does not hang, and writing replaces the entry itself and not what it leads to."""
    aside = tmp_path / "aside"
    before = (cache / FILE).read_bytes()
    plant(cache / FILE, aside)
    console = RememberingConsole()
    store = disk_store(cache, console=console)
    assert store.load(KEY) is None
    assert len(console.lines) == 1
    store.save(KEY, session("id-token-2"))
    loaded = store.load(KEY)
    assert loaded
    assert loaded.id_token == Secret("id-token-2")
    assert (cache / FILE).lstat().st_nlink == 1
    assert not aside.exists() or aside.read_bytes() == before


def test_b92_a_directory_in_the_place_of_a_file_is_a_miss(cache: Path) -> None:
    (cache / FILE).unlink()
    (cache / FILE).mkdir()
    store = disk_store(cache)
    assert store.load(KEY) is None
    with pytest.raises(StorageError, match="can't write"):
        store.save(KEY, session())
    assert names(cache) == {FILE, "CACHEDIR.TAG"}


@needs_root
def test_b92_a_file_of_another_user_is_a_miss(cache: Path) -> None:
    os.chown(cache / FILE, NOBODY, NOBODY)
    console = RememberingConsole()
    assert disk_store(cache, console=console).load(KEY) is None
    assert "belongs to user 65534" in console.lines[0]


# Damage


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: whole[: len(whole) // 2], id="truncated"),
        pytest.param(lambda whole: bytes(len(whole)), id="zeros"),
        pytest.param(lambda _: random.Random(7).randbytes(4096), id="binary"),
        pytest.param(lambda whole: whole.replace(b'"format":1', b'"format":"1"'), id="wrong-type"),
        pytest.param(lambda _: b"null\n", id="null"),
    ],
)
def test_f08_a_damaged_file_is_moved_aside_and_said_so_once(cache: Path, damage: Callable[[bytes], bytes]) -> None:
    broken = damage((cache / FILE).read_bytes())
    (cache / FILE).write_bytes(broken)
    (cache / TWIN).unlink()
    console = RememberingConsole()
    store = disk_store(cache, console=console)
    assert store.load(KEY) is None
    assert store.load(KEY) is None
    assert (cache / BAD).read_bytes() == broken
    assert len(console.lines) == 1
    assert BAD in console.lines[0]
    assert "id-token-1" not in console.lines[0]
    store.save(KEY, session("id-token-2"))
    assert store.load(KEY)


def test_f08_a_good_file_that_has_just_replaced_a_damaged_one_stays(cache: Path) -> None:
    """Another process may have signed in between our reading and our moving."""
    (cache / FILE).write_bytes(b"damaged")
    (cache / FILE).chmod(0o644)
    (cache / TWIN).unlink()

    class SavingConsole(RememberingConsole):
        """Has the other process act at the moment of the first warning, when the file is already open."""

        def tell(self, line: str) -> None:
            if not self.lines:
                disk_store(cache).save(KEY, session("id-token-2"))
            super().tell(line)

    loaded = disk_store(cache, console=SavingConsole()).load(KEY)
    assert loaded
    assert loaded.id_token == Secret("id-token-2")
    assert BAD not in names(cache)


def test_f08_a_good_file_that_was_moved_in_place_of_a_damaged_one_comes_back(cache: Path) -> None:
    """The other process may even sign in just before we move; its refresh token, just sent, has no copy then."""
    (cache / FILE).write_bytes(b"damaged")
    (cache / TWIN).unlink()
    saved = replace(session("id-token-2"), refresh_sent_at=1.0)

    def load() -> None:
        to_come = [saved]

        def save_before_the_move(event: str, arguments: tuple[object, ...]) -> None:
            if event == "os.rename" and arguments[0] == FILE and to_come:
                disk_store(cache).save(KEY, to_come.pop())

        sys.addaudithook(save_before_the_move)
        console = RememberingConsole()
        assert disk_store(cache, console=console).load(KEY) == saved
        assert not to_come
        assert console.lines == []

    in_child(load)
    assert disk_store(cache).load(KEY) == saved
    assert BAD not in names(cache)


def test_f09_an_empty_file_is_a_miss_without_a_word(cache: Path) -> None:
    (cache / FILE).write_bytes(b"")
    (cache / TWIN).unlink()
    console = RememberingConsole()
    assert disk_store(cache, console=console).load(KEY) is None
    assert console.lines == []
    assert BAD not in names(cache)


def test_b98_a_huge_file_is_a_miss_at_once(cache: Path) -> None:
    with (cache / FILE).open("wb") as file:
        file.truncate(100 << 20)
    console = RememberingConsole()
    assert disk_store(cache, console=console).load(KEY) is None
    assert "larger than" in console.lines[0]


def test_f10_a_file_of_a_newer_version_is_left_alone(cache: Path) -> None:
    """The older program works without the cache and says so; it does not destroy what it does not understand."""
    newer = (cache / FILE).read_bytes().replace(b'"format":1', b'"format":2')
    (cache / FILE).write_bytes(newer)
    console = RememberingConsole()
    store = disk_store(cache, console=console)
    assert store.load(KEY) is None
    assert "newer version" in console.lines[0]
    with pytest.raises(StorageError, match="newer version"):
        store.save(KEY, session("id-token-2"))
    assert (cache / FILE).read_bytes() == newer
    assert names(cache) == {FILE, TWIN, "CACHEDIR.TAG"}


def test_f10_signing_out_removes_a_file_of_a_newer_version(cache: Path) -> None:
    (cache / FILE).write_bytes(b'{"format":2}')
    disk_store(cache).delete(KEY)
    assert FILE not in names(cache)


# Writing


def test_b97_a_failed_write_leaves_the_old_session(cache: Path) -> None:
    """A limit on file sizes stands for a full disk: some bytes fit, the rest does not."""
    before = (cache / FILE).read_bytes()

    def write() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        with pytest.raises(StorageError, match="can't write"):
            disk_store(cache).save(KEY, session("id-token-2"))

    in_child(write)
    assert (cache / FILE).read_bytes() == before
    assert names(cache) == {FILE, "CACHEDIR.TAG"}


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    path.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", str(path)]
    if not IS_ROOT or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs root that may mount a tmpfs")
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


def test_b97_a_full_disk_leaves_the_old_session(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as directory:
        store = disk_store(directory)
        store.save(KEY, session())
        before = (directory / FILE).read_bytes()
        (directory / "filler").write_bytes(b"")
        with contextlib.suppress(OSError), (directory / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass
        with pytest.raises(StorageError, match="no space left") as caught:
            store.save(KEY, session("id-token-2" * 2000))
        assert caught.value.hint
        assert "free some space" in caught.value.hint
        assert (directory / FILE).read_bytes() == before
        assert not [name for name in names(directory) if name.startswith("temp-")]
        with store.lock(LOGIN_KEY, deadline=time.monotonic() + 5, doing="testing"):
            assert store.load(KEY)


def test_b97_a_read_only_disk_still_serves_and_locks_elsewhere(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as directory:
        disk_store(directory).save(KEY, session())
        subprocess.run(["mount", "-o", "remount,ro", str(directory)], check=True)
        console = RememberingConsole()
        store = disk_store(directory, console=console, environment={"TMPDIR": str(tmp_path)})
        assert store.load(KEY)
        assert console.lines == []
        with store.lock(KEY, deadline=time.monotonic() + 5, doing="testing"):
            assert names(tmp_path / f"kubelogin-{os.geteuid()}") == {f"session-{KEY}.lock"}
        with pytest.raises(StorageError, match="read-only"):
            store.save(KEY, session("id-token-2"))
        with pytest.raises(StorageError, match="read-only"):
            store.delete(KEY)


def test_f04_a_killed_writer_leaves_the_old_or_the_new_session(tmp_path: Path) -> None:
    """Forty writers are killed at random moments; what they leave is always one whole session."""
    directory = tmp_path / "cache"
    chance = random.Random(4)
    tokens = [f"id-token-{number}-" + "x" * 20_000 for number in range(2)]
    store = disk_store(directory)
    store.save(KEY, session(tokens[0]))

    def write_for_ever() -> None:
        while True:
            for token in tokens:
                store.save(KEY, session(token))

    for _ in range(40):
        child = forked(write_for_ever)
        time.sleep(chance.uniform(0.002, 0.02))
        os.kill(child, signal.SIGKILL)
        assert finished(child) == -signal.SIGKILL
        console = RememberingConsole()
        loaded = disk_store(directory, console=console).load(KEY)
        assert loaded
        assert loaded.id_token in {Secret(token) for token in tokens}
        assert console.lines == []
    disk_store(directory, clock=ShiftedClock(11)).save(KEY, session())
    assert not [name for name in names(directory) if name.startswith("temp-")]


def test_b96_only_files_of_dead_writers_are_removed(cache: Path) -> None:
    """One that is being written at this moment is locked, however long that takes; foreign names are not ours."""
    left, written = cache / f"temp-{'0' * 32}", cache / f"temp-{'1' * 32}"
    left.write_bytes(b"")
    # An answer being written has its time of expiry already.
    os.utime(left, (time.time() + 86400,) * 2)
    foreign = cache / "temp-of-somebody-else"
    foreign.write_bytes(b"")
    with written.open("wb") as writer:
        assert kernel_lock.try_lock(writer.fileno())
        disk_store(cache).save(KEY, session())
        # Too young to be sure on every machine.
        assert left.exists()
        disk_store(cache, clock=ShiftedClock(7200)).save(KEY, session())
        assert not left.exists()
        assert written.exists()
    disk_store(cache, clock=ShiftedClock(11)).save(KEY, session())
    assert not written.exists()
    assert foreign.exists()


def test_what_a_killed_writer_left_goes_with_all_that_people_remove(cache: Path) -> None:
    """``rm ~/.kube/cache/oidc-login/*`` leaves hidden files, and a token must not be in one."""

    def stop(_descriptor: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def write() -> None:
        os.fsync = stop
        disk_store(cache).save(KEY, session())

    assert finished(forked(write)) == -signal.SIGKILL
    assert any(b"refresh" in path.read_bytes() for path in cache.iterdir())
    subprocess.run(["/bin/sh", "-c", "rm *"], cwd=cache, check=True)
    assert names(cache) == set()


def test_a_file_that_is_removed_while_it_is_written_is_written_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody clears the directory at that moment: the new session is still not lost."""
    real, removed = os.replace, []

    def replace(old: str, new: str, **options: int) -> None:
        if not removed:
            removed.append(old)
            (cache / old).unlink()
        real(old, new, **options)

    monkeypatch.setattr(os, "replace", replace)
    disk_store(cache).save(KEY, session())
    assert removed
    assert disk_store(cache).load(KEY)


def test_b96_without_locks_their_age_alone_tells(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    left = cache / f"temp-{'0' * 32}"
    left.write_bytes(b"")
    disk_store(cache, clock=ShiftedClock(60)).save(KEY, session())
    assert left.exists()
    disk_store(cache, clock=ShiftedClock(3700)).save(KEY, session())
    assert not left.exists()


def test_b96_temporary_names_are_random_and_never_reused(cache: Path) -> None:
    with opened(cache, warn=print) as folder:
        seen = set()
        for _ in range(3):
            (cache / "directory").mkdir(exist_ok=True)
            with pytest.raises(StorageError) as caught:
                folder.write("directory", b"x")
            assert isinstance(caught.value.__cause__, OSError)
            seen.add(str(caught.value.__cause__.filename))
    assert len(seen) == 3


def test_sessions_do_not_touch_each_other(cache: Path) -> None:
    store = disk_store(cache)
    store.save(OTHER_KEY, session("id-token-2"))
    store.delete(KEY)
    assert store.load(KEY) is None
    assert store.load(OTHER_KEY)


@pytest.mark.parametrize("key", ["", "../" + "a" * 61, "A" * 64, "a" * 63, "a" * 64 + "\n", LOGIN_KEY])
def test_only_a_session_key_names_a_session(cache: Path, key: str) -> None:
    """A key becomes part of a path, so it is checked although only our own code makes it."""
    store = disk_store(cache)
    for use in (lambda: store.load(key), lambda: store.save(key, session()), lambda: store.delete(key)):
        with pytest.raises(ValueError, match="not a session key"):
            use()


def test_the_marker_that_a_refresh_was_sent_is_kept(cache: Path) -> None:
    store = disk_store(cache)
    marked = replace(session(), refresh_sent_at=1_800_000_000.0)
    store.save(KEY, marked)
    assert disk_store(cache).load(KEY) == marked


# The directory as a whole


def test_b102_a_cache_is_tagged_for_backup_programs(cache: Path) -> None:
    assert (cache / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55")


def test_b102_a_directory_with_other_files_is_not_tagged(tmp_path: Path) -> None:
    """Somebody's documents must not miss their backup because we were pointed there."""
    directory = tmp_path / "documents"
    directory.mkdir(0o700)
    (directory / "thesis.txt").write_text("years of work")
    disk_store(directory).save(KEY, session())
    assert names(directory) == {"thesis.txt", FILE, TWIN}


def test_b102_a_home_directory_is_not_tagged(tmp_path: Path) -> None:
    directory = tmp_path / "new-home"
    disk_store(directory, environment={"HOME": str(directory)}).save(KEY, session())
    assert names(directory) == {FILE, TWIN}


UPSTREAM = ["d" * 64, "d" * 64 + ".lock"]
FOREIGN = ["config", "session-.json", f"session-{KEY}.json.orig", "temp-x", "answer", "answers.txt", "Answer1-2,x.txt"]


@pytest.fixture
def full(cache: Path) -> Path:
    """A directory with everything of ours, int128/kubelogin's files and somebody's."""
    store = disk_store(cache)
    for key in (KEY, LOGIN_KEY):
        with store.lock(key, deadline=time.monotonic() + 5, doing="testing"):
            pass
    for name in [*UPSTREAM, *FOREIGN, BAD, f"session-{OTHER_KEY}.lock", f"temp-{'0' * 32}", "answer1-17,x,y.txt"]:
        (cache / name).write_bytes(b"x")
    (cache / "directory").mkdir()
    return cache


def test_b88_cleaning_removes_ours_and_nothing_else(full: Path) -> None:
    console = RememberingConsole()
    ours = names(full) - {*UPSTREAM, *FOREIGN, "directory"}
    assert set(clean(full, clock=ShiftedClock(), console=console)) == ours
    assert names(full) == {*UPSTREAM, *FOREIGN, "directory"}
    assert clean(full, clock=ShiftedClock(), console=console) == []
    assert console.lines == []


def test_b88_cleaning_a_home_directory_leaves_it_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "my-home"
    home.mkdir(0o755)
    home.chmod(0o755)
    (home / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# not ours\n")
    assert clean(home, clock=ShiftedClock(), console=RememberingConsole()) == []
    assert mode(home) == 0o755
    assert names(home) == {"CACHEDIR.TAG"}


def test_cleaning_nothing_is_fine(tmp_path: Path) -> None:
    assert clean(tmp_path / "nowhere", clock=ShiftedClock(), console=RememberingConsole()) == []


def test_cleaning_leaves_a_lock_in_use_and_removes_the_session(full: Path) -> None:
    """The sign-in under way may go on; who waits for it must not find another lock of the same name."""
    store = disk_store(full)
    with store.lock(KEY, deadline=time.monotonic() + 5, doing="signing in"):
        removed = clean(full, clock=ShiftedClock(), console=RememberingConsole())
    assert FILE in removed
    assert f"session-{KEY}.lock" not in removed
    assert f"session-{OTHER_KEY}.lock" in removed
    assert f"session-{KEY}.lock" in names(full)


@needs_root
def test_cleaning_the_directory_of_another_user_is_refused(full: Path) -> None:
    before = names(full)
    os.chown(full, NOBODY, NOBODY)
    with pytest.raises(StorageError, match="belongs to user"):
        clean(full, clock=ShiftedClock(), console=RememberingConsole())
    assert names(full) == before
