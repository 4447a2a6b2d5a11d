"""Times as people and programs read them."""

import time
from datetime import UTC, datetime

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_LAST_SECOND = 2e11


def local_time(seconds: float) -> str:
    """Return UTC seconds as int128/kubelogin shows them: ``2026-01-31 10:28:51 +0900 JST``."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %z %Z")


def relative(seconds: float) -> str:
    """Return a time from now as a person says it: ``in 42 minutes``, ``3 hours ago``."""
    length = abs(seconds)
    size, name = next(((size, name) for size, name in _UNITS if length >= size), _UNITS[-1])
    count = int(length // size)
    text = f"{count} {name}{'' if count == 1 else 's'}"
    return f"in {text}" if seconds >= 0 else f"{text} ago"


def utc(seconds: float) -> str:
    """Return UTC seconds as RFC 3339 has them: ``2026-01-31T01:28:51Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(min(seconds, _LAST_SECOND)))
