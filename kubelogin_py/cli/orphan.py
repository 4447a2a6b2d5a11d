"""Ending with the kubectl that started us: an orphan would keep its port and its browser tab for minutes.

A kubectl that is killed leaves its plugin running. So the system's timer has us look, now and then, whether our parent
is still the one that started us; a parent that is gone counts as a request to end.
"""

import os
import signal
import sys
from collections.abc import Mapping
from types import FrameType

from kubelogin_py.kubernetes.exec_credential import VARIABLE

INTERVAL = 1.0
"""Seconds between two looks."""

if sys.platform == "win32":

    def watch(_environment: Mapping[str, str]) -> None:
        """Do nothing: there is no timer signal, and a process keeps its parent's number for ever."""

else:

    def watch(environment: Mapping[str, str]) -> None:
        """Have this process told to end when its parent is gone, if client-go started it; a person may go on."""
        if VARIABLE not in environment or signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
            return
        parent = os.getppid()

        def look(_number: int, _frame: FrameType | None) -> None:
            if os.getppid() != parent:
                signal.setitimer(signal.ITIMER_REAL, 0)
                # By the usual way, which knows when it must wait.
                signal.raise_signal(signal.SIGTERM)

        signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, INTERVAL, INTERVAL)
