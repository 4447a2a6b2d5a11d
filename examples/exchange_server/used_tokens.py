"""Remembers which ID tokens have been exchanged, so that each is good for one certificate."""

import hashlib
import heapq
from collections.abc import Callable


class UsedTokens:
    """Tokens used since the start of this process.

    :param now: the time in seconds since 1970.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._used: set[bytes] = set()
        self._ends: list[tuple[float, bytes]] = []

    def claim(self, signing_input: bytes, good_until: float) -> bool:
        """Return whether a token is used for the first time, and remember it for as long as it is good.

        :param signing_input: what its signature is over: an ECDSA signature has a second form, this has not.
        :param good_until: when it will be refused anyway, in seconds since 1970.
        """
        self._forget()
        digest = hashlib.sha256(signing_input).digest()
        if digest in self._used:
            return False
        self._used.add(digest)
        heapq.heappush(self._ends, (good_until, digest))
        return True

    def release(self, signing_input: bytes) -> None:
        """Forget a token that was claimed, but for which there was no certificate."""
        self._used.discard(hashlib.sha256(signing_input).digest())

    def __len__(self) -> int:
        return len(self._used)

    def _forget(self) -> None:
        # The token is refused from its end on, so an entry must outlive that very moment.
        while self._ends and self._ends[0][0] < self._now():
            self._used.discard(heapq.heappop(self._ends)[1])
