"""The two streams: standard output belongs to the answer alone, standard error to the person."""

import os
import select
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Self

from kubelogin_py import colour
from kubelogin_py.errors import OutputError
from kubelogin_py.text import printable


class Stdout:
    """Standard output, written once.

    :param descriptor: where to write; ``None`` when standard output was closed when we were started.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def claim(cls) -> Self:
        """Take the real standard output and let file descriptor 1 lead to standard error from now on.

        Whatever a library or a child process prints can then no longer spoil the answer: client-go decodes
        all of standard output as one document. Descriptors 0 to 2 are open afterwards, so that no file opened
        later can be mistaken for one of them.
        """
        for descriptor in (0, 2):
            _open_if_closed(descriptor)
        real = None if _open_if_closed(1) else os.dup(1)
        os.dup2(2, 1)
        # Python gives a stream that was closed at start-up no object, and `print` would then raise.
        sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
        return cls(real)

    def write(self, document: bytes) -> None:
        """Write the whole document and close; there is nothing to be written after it.

        :raises OutputError: it could not be written; a part of it may have been.
        """
        if self._descriptor is None:
            raise OutputError("standard output is closed")
        rest = memoryview(document)
        try:
            while rest:
                rest = rest[_write_some(self._descriptor, rest) :]
            # Some file systems report a full disk only now.
            self.close()
        except OSError as error:
            raise OutputError(f"can't write to standard output: {printable(error.strerror)}") from None

    def width(self) -> int | None:
        """Return the columns of the terminal that it is; ``None`` when it is none."""
        try:
            return None if self._descriptor is None else os.get_terminal_size(self._descriptor).columns or None
        except OSError:
            return None

    def is_terminal(self) -> bool:
        """Return whether it is a terminal."""
        try:
            return self._descriptor is not None and os.isatty(self._descriptor)
        except OSError:
            return False

    def close(self) -> None:
        """Close it, so that its reader sees the end; again is fine."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


class Stderr:
    """Standard error, by lines. It may be closed or full: a message is never a reason to fail."""

    def line(self, text: str) -> None:
        """Show a line, in colour on a terminal."""
        self.lines([text])

    def lines(self, texts: Iterable[str]) -> None:
        """Show lines that belong together: what a browser says to the same terminal does not come between them."""
        with suppress(OSError, ValueError, AttributeError):
            if colour.is_wanted(os.environ, is_terminal=sys.stderr.isatty()):
                texts = map(colour.message, texts)
            sys.stderr.write("".join(f"{text}\n" for text in texts))
            sys.stderr.flush()


def _write_some(descriptor: int, rest: memoryview) -> int:
    try:
        return os.write(descriptor, rest)
    except BlockingIOError:
        # Whoever holds the other end may have made the pipe non-blocking for us, too.
        select.select([], [descriptor], [])
        return 0


def _open_if_closed(descriptor: int) -> bool:
    """Open the null device in place of a closed descriptor; return whether that was needed."""
    try:
        os.fstat(descriptor)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)
        return True
    return False
