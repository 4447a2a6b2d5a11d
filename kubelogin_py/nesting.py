"""A guard against a sign-in that starts itself: a browser command or a wrapped kubectl that ends up here again.

What we start inherits an environment variable that names the sign-in it belongs to. Whoever finds his own sign-in
there would wait for the process that waits for him. A browser lives on for days, and what is started from it
inherits the variable, too: so it counts only while that process lives and its time is not over.
"""

import os
import sys
from collections.abc import Mapping

from kubelogin_py.errors import SignInError

VARIABLE = "KUBELOGIN_WITHIN"
"""Environment variable with the sign-ins that this process was started by: ``pid:until:key``, separated by blanks."""

DEEPEST = 3
"""Sign-ins within sign-ins, of whatever providers, beyond which it is a loop."""

_GRACE = 60.0
_KEY_LENGTH = 24
_PARTS = 3


def check(environment: Mapping[str, str], key: str, *, now: float) -> None:
    """Refuse a sign-in that was started by itself.

    :param key: of the sign-in.
    :param now: UTC seconds.
    :raises SignInError: it is one, or there are too many within one another.
    """
    within = _living(environment, now)
    if key[:_KEY_LENGTH] not in within and len(within) < DEEPEST:
        return
    raise SignInError(
        "this sign-in was started by itself: the browser command, or a wrapper around kubectl, runs this plugin again",
        hint="let them run without it; `kubelogin login` signs in outside kubectl",
    )


def marked(environment: Mapping[str, str], key: str, *, now: float, seconds: float) -> dict[str, str]:
    """Return the environment for what a sign-in starts.

    :param key: of the sign-in.
    :param now: UTC seconds.
    :param seconds: how long it may take.
    """
    before = environment.get(VARIABLE, "").split()[-DEEPEST:]
    own = f"{os.getpid()}:{now + seconds + _GRACE:.0f}:{key[:_KEY_LENGTH]}"
    return {**environment, VARIABLE: " ".join([*before, own])}


def _living(environment: Mapping[str, str], now: float) -> list[str]:
    """Return the keys of the sign-ins that are under way."""
    found = (entry.split(":") for entry in environment.get(VARIABLE, "").split())
    return [parts[2] for parts in found if len(parts) == _PARTS and _counts(parts[0], parts[1], now)]


def _counts(pid: str, until: str, now: float) -> bool:
    return pid.isdecimal() and until.isdecimal() and now < int(until) and _is_alive(int(pid))


if sys.platform == "win32":

    def _is_alive(_pid: int) -> bool:
        """Return ``True``: asking would need a handle, and the time limit is enough."""
        return True

else:

    def _is_alive(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True
