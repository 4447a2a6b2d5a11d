"""A cache directory with one finished answer, and the ways in which a file is none."""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from kubelogin_py import fastpath
from tests.frontdoor.command_lines import MINIMAL
from tests.storage.surroundings import credential

EXPIRY, TOKEN = b"2099-01-01T00:00:00Z", b"id-token-1"
SESSION = b"a" * 64
KEPT = EXPIRY + b" " + TOKEN
"""The second line of an answer."""


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
        self.session = self.directory / f"session-{SESSION.decode()}.json"
        self.session.touch(0o600)
        self.write()

    def write(self, contents: bytes | None = None, *, seconds: float = 3600) -> None:
        """Write the file anew, fresh for some seconds."""
        if contents is None:
            contents = self.contents()
        self.file.write_bytes(contents)
        self.file.chmod(0o600)
        self.expire(int(time.time()) + seconds)

    def contents(self, **changed: bytes) -> bytes:
        """Return what is in the file, with lines changed: ``key``, ``kept``, ``origin``."""
        lines = {"key": self.key.encode(), "kept": KEPT, "origin": b"session " + SESSION, **changed}
        return b"".join(line + b"\n" for line in lines.values())

    def write_token(self, token: str) -> bytes:
        """Let the answer have another token; return the document."""
        self.write(self.contents(kept=EXPIRY + b" " + token.encode()))
        return credential(token, version=self.key.partition("|")[0])

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


def plant_link_to_session(place: Place) -> None:
    place.session.rename(place.directory / "aside")
    place.session.symlink_to(place.directory / "aside")


def plant_directory_as_session(place: Place) -> None:
    place.session.unlink()
    place.session.mkdir(0o700)


def kept_as(kept: bytes) -> Callable[[Place], object]:
    return lambda place: place.write(place.contents(kept=kept))


NOT_SERVED: dict[str, Callable[[Place], object]] = {
    "absent": lambda place: place.file.unlink(),
    "no-directory": lambda place: shutil.rmtree(place.directory),
    "link": plant_link,
    "fifo": plant_fifo,
    "directory": plant_directory,
    "empty": lambda place: place.write(b""),
    "one-line": lambda place: place.write(place.key.encode() + b"\n"),
    "cut-in-the-key": lambda place: place.write(place.contents()[:30]),
    "cut-in-the-token": lambda place: place.write(place.contents()[: len(place.key) + len(KEPT) - 1]),
    "cut-before-the-line-end": lambda place: place.write(place.contents()[: len(place.key) + 1 + len(KEPT)]),
    "empty-line-before": lambda place: place.write(b"\n" + place.contents()),
    "empty-line-between": kept_as(b""),
    "no-session": lambda place: place.session.unlink(),
    "session-a-link": plant_link_to_session,
    "session-a-directory": plant_directory_as_session,
    "session-of-another": lambda place: place.write(place.contents(origin=b"session " + b"b" * 64)),
    "no-origin": lambda place: place.write(place.contents()[: -len(SESSION) - 9]),
    "empty-origin": lambda place: place.write(place.contents(origin=b"")),
    "cut-in-the-origin": lambda place: place.write(place.contents()[:-1]),
    "short-origin": lambda place: (
        place.session.rename(place.directory / "session-a.json"),
        place.write(place.contents(origin=b"session a")),
    ),
    "longer-origin": lambda place: place.write(place.contents(origin=b"session " + SESSION + b"a")),
    "other-key": lambda place: place.write(place.contents(key=place.key.encode() + b" ")),
    "key-prefix": lambda place: place.write(place.contents(key=place.key.encode()[:-1])),
    "blank-before-key": lambda place: place.write(b" " + place.contents()),
    "no-token": kept_as(EXPIRY),
    "empty-token": kept_as(EXPIRY + b" "),
    "no-expiry": kept_as(TOKEN),
    "token-as-long-as-an-expiry": kept_as(b"x" * len(EXPIRY)),
    "empty-expiry": kept_as(b" " + TOKEN),
    "token-first": kept_as(TOKEN + b" " + EXPIRY),
    "longer-expiry": kept_as(b"1" + KEPT),
    "shorter-expiry": kept_as(KEPT[1:]),
    "blank-in-expiry": kept_as(KEPT.replace(b"T", b" ")),
    "blank-before": kept_as(b" " + KEPT),
    "blank-after": kept_as(KEPT + b" "),
    "two-blanks": kept_as(KEPT.replace(b" ", b"  ")),
    "tab": kept_as(KEPT.replace(b" ", b"\t")),
    "two-tokens": kept_as(KEPT + b" " + TOKEN),
    "a-document": lambda place: place.write(place.contents(kept=place.body.strip())),
    "quote-in-expiry": kept_as(KEPT.replace(b"T", b'"')),
    "not-ascii": kept_as(KEPT + b"\xff"),
    "utf-8": kept_as(KEPT + "ö".encode()),
    "star": kept_as(EXPIRY + b" /*/*"),
    "stars": kept_as(b"* /*/*"),
    "backslash": kept_as(KEPT + rb"\\"),
    "escape": kept_as(KEPT + rb"\u0041"),
    "quote": kept_as(KEPT + b'"'),
    "brace": kept_as(KEPT + b"}"),
    "dollar": kept_as(KEPT + b"$HOME"),
    "backquote": kept_as(KEPT + b"`id`"),
    "control-character": kept_as(KEPT + b"\x07"),
    "line-ends-of-dos": lambda place: place.write(place.contents().replace(b"\n", b"\r\n")),
}
"""What both doors refuse."""

EXPOSED: dict[str, Callable[[Place], object]] = {
    "group-reads": lambda place: place.file.chmod(0o640),
    "others-read": lambda place: place.file.chmod(0o604),
    "directory-open": lambda place: place.directory.chmod(0o750),
}
"""What only Python can see: a shell has no eye for modes."""
