"""The talosconfig as a file: what is not a plain file of ours is refused, and a failed write changes nothing."""

import os
import stat
import threading
from pathlib import Path

import pytest

from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.terminal import Terminal
from talos_cred import fastrun
from talos_cred.adapters.files import Files
from talos_cred.errors import TalosconfigError


def files(path: Path) -> Files:
    return Files(path, clock=SystemClock(), console=Terminal(0, None, interactive=False))


def test_a_missing_file_is_empty_and_made_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "config"
    assert files(path).read() == ""
    files(path).change(lambda _: "context: a\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("make", ["directory", "fifo", "large", "binary"])
def test_what_is_no_talosconfig_is_refused_without_waiting(tmp_path: Path, make: str) -> None:
    """T-08: fifty megabytes, a directory, a pipe that nobody writes to, bytes that are no text."""
    path = tmp_path / "config"
    if make == "directory":
        path.mkdir()
    elif make == "fifo":
        os.mkfifo(path)
    elif make == "large":
        with path.open("wb") as file:
            file.truncate(50 << 20)
    else:
        path.write_bytes(b"\xff\xfe")
    with pytest.raises(TalosconfigError, match="config"):
        files(path).read()


def test_an_edit_that_fails_leaves_the_file_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("context: a\n")

    def edit(_: str) -> str:
        raise TalosconfigError("no")

    with pytest.raises(TalosconfigError):
        files(path).change(edit)
    assert path.read_text() == "context: a\n"


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """The name of the temporary file would be too long, so that it can't be made."""
    path = tmp_path / ("x" * 240)
    path.write_text("context: a\n")
    with pytest.raises(TalosconfigError):
        files(path).change(lambda _: "context: b\n")
    assert path.read_text() == "context: a\n"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == [path.name]


def test_others_lose_the_right_to_read_a_file_that_did_not_change(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("context: a\n")
    path.chmod(0o644)
    files(path).change(lambda text: text)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_writers_take_turns_and_none_is_lost(tmp_path: Path) -> None:
    """T-09: each reads what the one before wrote."""
    path = tmp_path / "config"

    def add(number: int) -> None:
        files(path).change(lambda text: f"{text}{number}\n")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, path.read_text().split())) == list(range(12))


def test_writers_by_different_links_take_turns(tmp_path: Path) -> None:
    """A talosconfig among a person's dotfiles is known by its own path and by a link to it."""
    (tmp_path / "link").symlink_to(tmp_path / "config")

    def add(number: int) -> None:
        files(tmp_path / ("link" if number % 2 else "config")).change(lambda text: f"{text}{number}\n")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, (tmp_path / "config").read_text().split())) == list(range(12))


def test_what_another_program_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    """talosctl and editors take no lock of ours."""
    path = tmp_path / "config"
    path.write_text("a\n")
    seen: list[str] = []

    def edit(text: str) -> str:
        seen.append(text)
        if len(seen) == 1:
            path.write_text("a\ntheirs\n")
        return f"{text}ours\n"

    files(path).change(edit)
    assert path.read_text() == "a\ntheirs\nours\n"
    assert seen == ["a\n", "a\ntheirs\n"]


def test_a_file_that_never_rests_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "config"

    def edit(text: str) -> str:
        path.write_text(f"{text}x")
        return "ours"

    with pytest.raises(TalosconfigError, match="again and again"):
        files(path).change(edit)
    assert set(path.read_text()) == {"x"}
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["config"]


def test_what_is_remembered_is_private_and_forgotten(tmp_path: Path) -> None:
    kept = files(tmp_path / "config")
    assert kept.recall("record", "a/b") is None
    kept.remember("record", "a/b", b"1")
    kept.remember("record", "c", b"2")
    assert kept.recall("record", "a/b") == b"1"
    assert sorted(kept.remembered("record")) == [b"1", b"2"]
    folder = Path(fastrun.beside(str(tmp_path / "config")))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()} == {0o600}
    kept.forget("record", "a/b")
    kept.forget("record", "a/b")
    assert kept.recall("record", "a/b") is None


def test_a_link_in_place_of_what_is_remembered_is_not_followed(tmp_path: Path) -> None:
    kept = files(tmp_path / "config")
    kept.remember("record", "a", b"1")
    folder = Path(fastrun.beside(str(tmp_path / "config")))
    (tmp_path / "elsewhere").write_bytes(b"2")
    (folder / "record-a").unlink()
    (folder / "record-a").symlink_to(tmp_path / "elsewhere")
    assert kept.recall("record", "a") is None
