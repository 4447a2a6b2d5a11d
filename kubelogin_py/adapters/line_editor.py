"""One line of input from the bytes of a terminal in raw mode: editing keys, escape sequences, pasted text; no I/O."""

from enum import Enum, auto

from kubelogin_py.errors import SignInError

LIMIT = 128 * 1024
"""Bytes of one line."""

_INTERRUPT, _END, _ERASE_LINE, _ERASE_WORD, _ESCAPE = 0x03, 0x04, 0x15, 0x17, 0x1B
_BACKSPACES = frozenset({0x08, 0x7F})
_LINE_ENDS = frozenset({0x0A, 0x0D})
_SPACE, _TILDE = 0x20, 0x7E
_PASTE_BEGINS, _PASTE_ENDS = b"200~", b"201~"
_CSI, _SS3 = ord("["), ord("O")
# An escape sequence of a keyboard is short; a longer one is not one.
_SEQUENCE_LIMIT = 32


class _Escape(Enum):
    NONE = auto()
    BEGUN = auto()
    CSI = auto()
    SS3 = auto()


class LineEditor:
    """Collects a line.

    Enter ends it only when nothing follows at once: a long URL is often pasted in several lines, and text that
    the terminal marks as pasted (bracketed paste) never ends a line. Line ends inside are dropped.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._escape = _Escape.NONE
        self._sequence = bytearray()
        self._pasting = False
        self._entered = False
        self._ended = False

    @property
    def entered(self) -> bool:
        """Whether Enter was the last key: the line is whole unless more comes at once."""
        return self._entered

    @property
    def ended(self) -> bool:
        """Whether the end of the input was asked for (Ctrl-D)."""
        return self._ended

    def feed(self, typed: bytes) -> None:
        """Take what was typed or pasted.

        :raises KeyboardInterrupt: Ctrl-C.
        :raises SignInError: more than ``LIMIT``.
        """
        for key in typed:
            if self._escape is not _Escape.NONE:
                self._in_sequence(key)
            elif key == _ESCAPE:
                self._escape = _Escape.BEGUN
            else:
                self._key(key)
        if len(self._line) > LIMIT:
            raise SignInError(f"the input is longer than {LIMIT // 1024} KiB")

    def text(self) -> str:
        """Return the line.

        :raises SignInError: it is not UTF-8.
        """
        return decoded(bytes(self._line))

    def _key(self, key: int) -> None:
        self._entered = key in _LINE_ENDS and not self._pasting
        if key >= _SPACE and key not in _BACKSPACES:
            self._line.append(key)
        elif key == _INTERRUPT:
            raise KeyboardInterrupt
        elif key == _END:
            self._ended = True
        elif key in _BACKSPACES:
            self._erase_character()
        elif key == _ERASE_LINE:
            self._line.clear()
        elif key == _ERASE_WORD:
            self._line = self._line.rstrip()
            while self._line and not self._line.endswith(b" "):
                self._line.pop()

    def _erase_character(self) -> None:
        # The bytes after the first of a UTF-8 character are 10xxxxxx.
        while self._line and self._line.pop() & 0xC0 == 0x80:  # noqa: PLR2004 -- see above
            pass

    def _in_sequence(self, key: int) -> None:
        """Swallow an arrow or function key; know the marks around pasted text."""
        if self._escape is _Escape.BEGUN:
            introducers = {_CSI: _Escape.CSI, _SS3: _Escape.SS3}
            self._escape = introducers.get(key, _Escape.NONE)
            self._sequence.clear()
            return
        self._sequence.append(key)
        over = self._escape is _Escape.SS3 or key > ord("?") or len(self._sequence) > _SEQUENCE_LIMIT
        if over:
            self._escape = _Escape.NONE
            self._pasting = (self._pasting or self._sequence == _PASTE_BEGINS) and self._sequence != _PASTE_ENDS


def decoded(line: bytes) -> str:
    """Return the text of a line.

    :raises SignInError: it is not UTF-8.
    """
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SignInError("the input is not UTF-8 text") from error
