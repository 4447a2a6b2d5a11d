"""A cache directory with one finished answer, and the ways in which a file is none."""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from kubelogin_py import fastpath
from tests.frontdoor.command_lines import MINIMAL
from tests.storage.surroundings import credential


class Place:
    """A home with an answer to a command line in it.

    :param home: made if it is not there.
    :param arguments: the command line.
    :param variables: environment variables beside ``HOME``.
    """

    def __init__(
        self, home: Path, arguments: list[str] | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        self.arguments = MINIMAL if arguments is None else arguments
        self.environ = {"HOME": str(home), **(variables or {})}
        place = fastpath.key_for(self.arguments, self.environ)
        assert place
        self.directory, self.key = Path(place[0]), place[2]
        self.file = self.directory / place[1]
        self.body = credential(version=self.key.partition("|")[0])
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        self.write()

    def write(self, contents: bytes | None = None, *, seconds: float = 3600) -> None:
        """Write the file anew, fresh for some seconds."""
        if contents is None:
            contents = self.contents()
        self.file.write_bytes(contents)
        self.file.chmod(0o600)
        self.expire(int(time.time()) + seconds)

    def contents(self, **changed: bytes) -> bytes:
        """Return what is in the file, with lines changed: ``key``, ``body``, ``origin``."""
        lines = {"key": self.key.encode(), "body": self.body.strip(), "origin": b"session " + b"a" * 64, **changed}
        return b"".join(line + b"\n" for line in lines.values())

    def expire(self, second: float) -> None:
        """Set the first second in which the answer must not be served."""
        os.utime(self.file, (second, second))

    def answer(self) -> bytes | None:
        """Return what Python finds."""
        return fastpath.answer(self.arguments, self.environ)


def plant_link(place: Place) -> None:
    place.file.rename(place.directory / "aside")
    place.file.symlink_to(place.directory / "aside")


def plant_fifo(place: Place) -> None:
    place.file.unlink()
    os.mkfifo(place.file, 0o600)
    place.expire(time.time() + 3600)


def plant_directory(place: Place) -> None:
    place.file.unlink()
    place.file.mkdir(0o600)
    place.expire(time.time() + 3600)


def body_with(old: bytes, new: bytes) -> Callable[[Place], object]:
    return lambda place: place.write(place.contents(body=place.body.strip().replace(old, new, 1)))


TOKEN = b"id-token-1"
NOT_SERVED: dict[str, Callable[[Place], object]] = {
    "absent": lambda place: place.file.unlink(),
    "no-directory": lambda place: shutil.rmtree(place.directory),
    "link": plant_link,
    "fifo": plant_fifo,
    "directory": plant_directory,
    "empty": lambda place: place.write(b""),
    "one-line": lambda place: place.write(place.key.encode() + b"\n"),
    "no-origin": lambda place: place.write(place.contents().rsplit(b"session", 1)[0]),
    "odd-origin": lambda place: place.write(place.contents(origin=b"sessions x")),
    "blank-before-origin": lambda place: place.write(place.contents(origin=b" session " + b"a" * 64)),
    "truncated": lambda place: place.write(place.contents()[:-1]),
    "more": lambda place: place.write(place.contents() + b"x"),
    "more-lines": lambda place: place.write(place.contents() + b"x\n"),
    "empty-line-more": lambda place: place.write(place.contents() + b"\n"),
    "empty-line-before": lambda place: place.write(b"\n" + place.contents()),
    "other-key": lambda place: place.write(place.contents(key=place.key.encode() + b" ")),
    "key-prefix": lambda place: place.write(place.contents(key=place.key.encode()[:-1])),
    "blank-before-key": lambda place: place.write(b" " + place.contents()),
    "other-version": body_with(b"/v1beta1", b"/v1"),
    "empty-body": lambda place: place.write(place.contents(body=b"")),
    "half-body": lambda place: place.write(place.contents(body=place.body.strip()[:-1])),
    "tail-of-body": lambda place: place.write(place.contents(body=place.body.strip()[1:])),
    "blank-before-body": lambda place: place.write(place.contents(body=b" " + place.body.strip())),
    "blank-after-body": lambda place: place.write(place.contents(body=place.body.strip() + b" ")),
    "foreign-body": lambda place: place.write(place.contents(body=b'{"a":"client.authentication.k8s.io/v1beta1"}')),
    "not-ascii": body_with(TOKEN, b"id-t\xffken"),
    "utf-8": body_with(TOKEN, "id-tökén".encode()),
    "star": body_with(TOKEN, b"/*/*"),
    "stars": body_with(b'"status"', b'*,*,"status"'),
    "empty-token": body_with(TOKEN, b""),
    "backslash": body_with(TOKEN, rb"id\token"),
    "escape": body_with(TOKEN, rb"\u0041"),
    "quote": body_with(TOKEN, b'id"token'),
    "blank-in-token": body_with(TOKEN, b"id token"),
    "control-character": body_with(TOKEN, b"id\x07token"),
    "second-token": body_with(b'"token"', b'"token":"x","token"'),
    "lost-quote": body_with(b',"status"', b",status"),
    "odd-time": body_with(b"2099-01-01T00:00:00Z", b'2099","x":"'),
    "no-time": body_with(b'"expirationTimestamp":"2099-01-01T00:00:00Z",', b""),
    "interactive": body_with(b"false", b"true"),
    "two-documents": lambda place: place.write(place.contents(body=place.body.strip() * 2)),
    "line-ends-of-dos": lambda place: place.write(place.contents().replace(b"\n", b"\r\n")),
    "much-more": lambda place: place.write(place.contents() + b" " * (1 << 16)),
}
"""What both doors refuse."""

EXPOSED: dict[str, Callable[[Place], object]] = {
    "group-reads": lambda place: place.file.chmod(0o640),
    "others-read": lambda place: place.file.chmod(0o604),
    "directory-open": lambda place: place.directory.chmod(0o750),
    "huge": lambda place: place.write(place.contents() + bytes(2 << 20)),
}
"""What only Python can see: a shell has no eye for modes, and reads over NUL bytes."""
