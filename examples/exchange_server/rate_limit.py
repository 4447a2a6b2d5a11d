"""A limit of requests per address, as a sliding window."""

import time
from collections import deque
from collections.abc import Callable

SWEEP_SECONDS = 300.0
"""Seconds between two removals of addresses that are quiet."""

ADDRESSES_LIMIT = 100_000
"""Addresses remembered; the one seen first is forgotten for the one too many."""


class RateLimit:
    """Accepts so many requests per address in any window of time; refused ones do not count.

    :param requests: how many; 0 accepts all.
    :param window: seconds.
    :param monotonic: seconds that never go back.
    """

    def __init__(self, requests: int, window: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._requests, self._window, self._monotonic = requests, window, monotonic
        self._accepted: dict[str, deque[float]] = {}
        self._swept_at = monotonic()

    def accepts(self, address: str) -> bool:
        """Return whether a request of the address is within the limit, and count it if so."""
        if not self._requests:
            return True
        now = self._monotonic()
        if now - self._swept_at > SWEEP_SECONDS:
            self._sweep(now)
        times = self._accepted.get(address)
        if times is None:
            if len(self._accepted) >= ADDRESSES_LIMIT:
                del self._accepted[next(iter(self._accepted))]
            times = self._accepted[address] = deque()
        while times and times[0] <= now - self._window:
            times.popleft()
        if len(times) >= self._requests:
            return False
        times.append(now)
        return True

    def __len__(self) -> int:
        return len(self._accepted)

    def _sweep(self, now: float) -> None:
        self._swept_at = now
        old = [address for address, times in self._accepted.items() if not times or times[-1] <= now - self._window]
        for address in old:
            del self._accepted[address]
