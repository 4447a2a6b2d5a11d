"""Work in a thread of its own, for which nobody waits longer than agreed."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

# Where a signal does not wake the waiting thread, Ctrl-C is noticed between two slices.
_SLICE = 0.1


def bounded(work: Callable[[], T], seconds: float) -> T:
    """Return or raise what the work does; what is left behind at the end of the time goes on unheard.

    :raises TimeoutError: it did not end in so many seconds.
    """
    outcome: Future[T] = Future()
    thread = threading.Thread(target=_run, args=(work, outcome), name="kubelogin-bounded", daemon=True)
    thread.start()
    for _ in range(max(1, round(seconds / _SLICE))):
        thread.join(_SLICE)
        if not thread.is_alive():
            return outcome.result()
    raise TimeoutError


def _run(work: Callable[[], T], outcome: Future[T]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # noqa: BLE001 -- every failure belongs to the caller, none to stderr
        outcome.set_exception(error)
