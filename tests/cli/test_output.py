"""Standard output: one document, whole, or an error."""

import errno
import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kubelogin_py.cli.output import Stderr, Stdout
from kubelogin_py.errors import OutputError


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        with suppress(OSError):
            os.close(descriptor)


def test_the_document_is_written_and_the_end_is_seen(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    Stdout(writing).write(b"document\n")
    assert os.read(reading, 100) == b"document\n"
    assert os.read(reading, 100) == b""


@pytest.mark.skipif(sys.platform == "win32", reason="pipes can't be non-blocking there")
@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "non-blocking"])
def test_a_document_larger_than_the_pipe_is_written_whole(pipe: tuple[int, int], blocking: bool) -> None:
    reading, writing = pipe
    os.set_blocking(writing, blocking)
    document = os.urandom(1 << 20)
    got = bytearray()

    def drain() -> None:
        while chunk := os.read(reading, 1 << 14):
            got.extend(chunk)

    reader = threading.Thread(target=drain)
    reader.start()
    Stdout(writing).write(document)
    reader.join(timeout=10)
    assert bytes(got) == document


def test_b_76_a_reader_that_is_gone_is_an_error(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.close(reading)
    with pytest.raises(OutputError, match="can't write to standard output: Broken pipe"):
        Stdout(writing).write(b"document\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_b_76_a_full_disk_is_an_error() -> None:
    with pytest.raises(OutputError, match="No space left"):
        Stdout(os.open("/dev/full", os.O_WRONLY)).write(b"document\n")


def test_b_76_a_closed_stream_is_an_error() -> None:
    with pytest.raises(OutputError, match="standard output is closed"):
        Stdout(None).write(b"document\n")


def test_nothing_is_written_twice(pipe: tuple[int, int]) -> None:
    _, writing = pipe
    stdout = Stdout(writing)
    stdout.write(b"document\n")
    with pytest.raises(OutputError):
        stdout.write(b"document\n")


def test_it_can_be_closed_without_a_document(pipe: tuple[int, int]) -> None:
    """A child that outlives the command closes it, or its reader would wait for the child."""
    reading, writing = pipe
    stdout = Stdout(writing)
    stdout.close()
    stdout.close()
    assert os.read(reading, 1) == b""


class Unwritable(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


class Full(io.StringIO):
    """A stream that finds out when it is flushed that the disk is full."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "full")


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [None, closed(), Unwritable(), Full()], ids=["none", "closed", "broken", "full"])
def test_b_76_a_message_that_can_t_be_shown_is_no_error(
    stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    Stderr().line("message")


def test_a_message_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    Stderr().line("message")
    assert capsys.readouterr() == ("", "message\n")


def test_lines_that_belong_together_are_written_at_once() -> None:
    """What a browser says to the same terminal can't come between them; each message here is one write."""
    program = "from kubelogin_py.cli.output import Stderr; Stderr().lines(map(str, range(500)))"
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        subprocess.run([sys.executable, "-c", program], stderr=theirs, check=True, timeout=30)
        ours.setblocking(False)
        assert ours.recv(1 << 16).decode() == "".join(f"{number}\n" for number in range(500))
