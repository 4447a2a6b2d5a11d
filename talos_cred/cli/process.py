"""The program as a process: its signals, and the one place where errors become text."""

import os
import signal
import sys
import warnings
from types import FrameType
from typing import NoReturn

from kubelogin_py.errors import Error
from kubelogin_py.text import printable
from talos_cred.cli.context import say

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]

requests: list[int] = []
"""Signals that asked us to end, other than Ctrl-C's: a service manager's, or the terminal went away."""


def run() -> NoReturn:
    """Run the command line of this process, and end the process."""
    code = 1
    try:
        _end_cleanly()
        code = _main(sys.argv[1:])
    except KeyboardInterrupt:
        say("error: interrupted")
        code = INTERRUPTED
    except Error as error:
        say(f"error: {error.message}")
        if error.hint:
            say(f"hint: {error.hint}")
        code = error.exit_code
    except Exception as error:  # noqa: BLE001 -- the last resort: a fault of ours is one line, not a traceback
        code = _fault(error)
    finally:
        _leave(code)


def _main(arguments: list[str]) -> int:
    # typer takes a while to import, which `run` in a hurry need not pay.
    from talos_cred.cli.app import main  # noqa: PLC0415 -- see above

    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    return main(arguments)


def _end_cleanly() -> None:
    """Let every request to end raise ``KeyboardInterrupt``; what was ignored at start-up (nohup) stays ignored."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _told)


def _told(number: int, _frame: FrameType | None) -> None:
    requests.append(number)
    raise KeyboardInterrupt


def _fault(error: Exception) -> int:
    """Say that the fault is ours: its kind and place, not its message, which nobody checked for secrets."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else "?"  # noqa: PTH119 -- of our own file
    if os.environ.get("TALOS_CRED_DEBUG") == "1":
        import traceback  # noqa: PLC0415 -- seldom needed

        for line in traceback.format_tb(error.__traceback__):
            say(printable(line, 2000))
    say(f"error: internal error {type(error).__name__} at {where}; set TALOS_CRED_DEBUG=1 to see more, and report it")
    return 1


def _leave(code: int) -> NoReturn:
    """End at once: no thread that was left behind can delay the end or print."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    os._exit(code)
