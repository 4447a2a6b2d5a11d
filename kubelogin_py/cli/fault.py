"""What is said when the fault is ours: one line, and more only for those who ask."""

import hashlib
import re
from collections.abc import Iterator, Mapping

from kubelogin_py.text import printable

VARIABLE = "KUBELOGIN_DEBUG"
"""Environment variable that, set to 1, asks for tracebacks."""

_LINE_LIMIT = 2000
# Queries and fragments of URLs carry codes and states; what looks like a JWT is one.
_QUERY = r"(\w+://[^\s?#'\"]*)[?#][^\s'\"]*"
_JWT = r"\beyJ[\w-]+\.[\w.-]+"


def lines(error: BaseException, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines about an unexpected exception, without its message: nobody checked that for secrets.

    :param environment: with ``KUBELOGIN_DEBUG=1`` the traceback is added, without local variables, and with
        URLs shortened to what comes before their query.
    """
    if environment.get(VARIABLE) == "1":
        yield from _traceback(error)
        advice = "please report it with the lines above"
    else:
        advice = f"set {VARIABLE}=1 to see where"
    yield f"error: internal error {identity(error)} ({type(error).__name__}); {advice}"


def identity(error: BaseException) -> str:
    """Return eight hex digits that are the same for the same exception raised from the same place."""
    import traceback  # noqa: PLC0415 -- for this alone

    frames = traceback.extract_tb(error.__traceback__)
    place = [f"{frame.filename.rpartition('kubelogin_py')[2]}:{frame.name}:{frame.lineno}" for frame in frames]
    return hashlib.sha256("\n".join([type(error).__qualname__, *place]).encode()).hexdigest()[:8]


def _traceback(error: BaseException) -> Iterator[str]:
    import traceback  # noqa: PLC0415 -- for this alone

    formatted = traceback.TracebackException.from_exception(error, capture_locals=False).format()
    for line in "".join(formatted).splitlines():
        yield printable(re.sub(_JWT, "***", re.sub(_QUERY, r"\1?***", line)), _LINE_LIMIT)
