"""The verdict on a token, as a person reads it: a row for each thing that the API server looks at."""

import textwrap
from collections.abc import Iterable, Iterator

from kubelogin_py.kubernetes.verdict_row import Row, State
from kubelogin_py.text import printable

_STATE = 6
_NAME = 17
_NARROWEST = 40


def lines(rows: Iterable[Row], *, width: int) -> Iterator[str]:
    """Yield the table.

    :param width: columns there are.
    """
    room = max(_NARROWEST, width - _STATE - _NAME)
    blank = " " * (_STATE + _NAME)
    for row in rows:
        first, *rest = _wrapped(row.cause, room)
        yield f"{row.state.value:<{_STATE}}{row.name.value:<{_NAME}}{first}".rstrip()
        yield from (blank + line for line in rest)
        if row.state is not State.PASS and row.cure:
            first, *rest = _wrapped(row.cure, room - 2)
            yield f"{blank}> {first}"
            yield from (f"{blank}  {line}" for line in rest)


def _wrapped(text: str, room: int) -> list[str]:
    return textwrap.wrap(printable(text, len(text)), room, break_on_hyphens=False, break_long_words=False) or [""]
