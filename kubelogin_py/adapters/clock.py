"""The system's clock and its source of randomness."""

import base64
import os
import select
import sys
import time

_TOKEN_BYTES = 32
_SLICE = 0.2


def _pause(seconds: float) -> None:
    if sys.platform == "win32":
        time.sleep(seconds)
    else:
        # A length, not a moment as for `time.sleep`: programs that shift a process's clock only get this one right.
        select.select((), (), (), seconds)


class SystemClock:
    """Time as the operating system tells it."""

    def now(self) -> float:
        """Return UTC seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, not at all for less than nothing; a signal's exception ends the wait, within a fifth of a second.

        In slices, since a signal that the system gives to another thread does not interrupt a wait of this one.
        """
        end = time.monotonic() + seconds
        while (remaining := end - time.monotonic()) > 0:
            _pause(min(remaining, _SLICE))


class SystemEntropy:
    """Randomness of the operating system."""

    def token(self) -> str:
        """Return 256 random bits as 43 characters of base64url without padding (RFC 4648 section 5)."""
        return base64.urlsafe_b64encode(os.urandom(_TOKEN_BYTES)).rstrip(b"=").decode("ascii")
