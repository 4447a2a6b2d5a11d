"""The first record of a comma-separated text, by the rules of Go's ``encoding/csv``.

pflag splits its list flags with that reader, so kubeconfigs rely on its rules: a quoted field may hold commas
and line ends, a doubled quote is a quote, nothing is trimmed, empty lines before the record are skipped, and
whatever follows the record is dropped. Python's ``csv`` differs in every one of these.
"""

_BARE = 'bare " in non-quoted-field'
_QUOTE = 'extraneous or missing " in quoted-field'


def read_record(text: str) -> tuple[str, ...]:
    """Return the fields of the first record; none when the text is empty.

    :raises ValueError: in Go's words, with line and column, when a quote is out of place; ``EOF`` when there is
        nothing but line ends.
    """
    return _Reader(text).record() if text else ()


class _Reader:
    """Reads one record, counting lines and, from 1 and in bytes, columns as Go does."""

    def __init__(self, text: str) -> None:
        self._lines = _lines(text)
        self._line_number = 0
        self._start = 0
        self._column = 1
        self._rest = ""

    def record(self) -> tuple[str, ...]:
        """Return all fields of the record."""
        while self._rest in ("", "\n"):
            if not self._next_line():
                raise ValueError("EOF")
        self._start = self._line_number
        fields: list[str] = []
        more = True
        while more:
            field, more = self._quoted() if self._rest.startswith('"') else self._plain()
            fields.append(field)
        return tuple(fields)

    def _plain(self) -> tuple[str, bool]:
        """Return the field that starts here, and whether a comma follows it."""
        field, comma, _ = self._rest.partition(",")
        if not comma:
            field = field.removesuffix("\n")
        before, quote, _ = field.partition('"')
        if quote:
            raise self._error(self._column + _size(before), _BARE)
        self._skip(len(field) + len(comma))
        return field, bool(comma)

    def _quoted(self) -> tuple[str, bool]:
        """Return the quoted field that starts here, and whether a comma follows it."""
        field = ""
        self._skip(1)
        while True:
            part, quote, _ = self._rest.partition('"')
            field += part
            self._skip(len(part) + len(quote))
            if quote and self._rest.startswith('"'):
                field += '"'
                self._skip(1)
            elif quote:
                return field, self._after_quote()
            elif self._next_line():
                self._column = 1
            else:
                raise self._error(self._column, _QUOTE)

    def _after_quote(self) -> bool:
        """Return whether a comma follows; only a comma or the end of the line may."""
        if self._rest.startswith(","):
            self._skip(1)
            return True
        if self._rest in ("", "\n"):
            return False
        raise self._error(self._column - 1, _QUOTE)

    def _skip(self, characters: int) -> None:
        self._column += _size(self._rest[:characters])
        self._rest = self._rest[characters:]

    def _next_line(self) -> bool:
        if not self._lines:
            return False
        self._rest = self._lines.pop(0)
        self._line_number += 1
        return True

    def _error(self, column: int, words: str) -> ValueError:
        where = f"parse error on line {self._line_number}, column {column}: {words}"
        return ValueError(where if self._line_number == self._start else f"record on line {self._start}; {where}")


def _lines(text: str) -> list[str]:
    """Return the lines, each ended by one line feed, and what follows the last without its carriage return."""
    *ended, last = text.split("\n")
    lines = [line.removesuffix("\r") + "\n" for line in ended]
    last = last.removesuffix("\r")
    return [*lines, last] if last else lines


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
