"""What became of the last sign-in at a provider, and how long nobody is asked again after one that failed.

kubectl calls a failing plugin several times for one command, and dashboards call it for ever. Without a memory each
call would open a browser.
"""

from dataclasses import dataclass

COOL_DOWN = 60.0
"""Seconds without another attempt after the first one that failed; each further one doubles them."""

LONGEST_COOL_DOWN = 600.0
"""Seconds at most."""

_REMEMBERED = 3600.0
"""Seconds after which an earlier failure no longer lengthens the next cool-down."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in that was begun and did not succeed.

    :param began_at: UTC seconds.
    :param ended_at: UTC seconds; ``None`` while it is under way, or when its process was killed.
    :param reason: why it failed, printable; empty while nobody knows.
    :param failures: how many there were one after the other, this one included.
    :param caller: names the command of the person that it was for; empty when that is not known.
    """

    began_at: float
    ended_at: float | None = None
    reason: str = ""
    failures: int = 1
    caller: str = ""

    def rest(self, now: float) -> float:
        """Return the seconds that remain of the cool-down; none when the clock was set back meanwhile.

        :param now: UTC seconds.
        """
        since = self.began_at if self.ended_at is None else self.ended_at
        length = min(COOL_DOWN * 2.0 ** min(self.failures - 1, 10), LONGEST_COOL_DOWN)
        return max(0.0, since + length - now) if now >= since else 0.0

    def following(self, now: float, caller: str) -> "Attempt":
        """Return the attempt that begins now after this one."""
        lately = 0 <= now - self.began_at < _REMEMBERED
        return Attempt(now, failures=self.failures + 1 if lately else 1, caller=caller)
