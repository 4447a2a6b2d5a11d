"""One exchange in a thread of its own, so that whoever waits for it can stop waiting at any moment.

A socket's time-out bounds one read, not a server that sends a byte now and then, and nothing bounds the system's name
lookup. So the exchange runs in a daemon thread, and its caller waits in short slices: it can leave at the deadline
or on Ctrl-C, whatever the thread is doing. What it leaves behind is cut off from the network and ends by itself.
"""

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from kubelogin_py.ports import Clock

T = TypeVar("T")

# Where a signal does not wake the waiting thread, Ctrl-C is noticed between two slices.
_SLICE = 0.1


class OverdueError(Exception):
    """An exchange did not end in time.

    :param sent: whether the request may have left this machine.
    :param seconds: how long it was given.
    """

    def __init__(self, *, sent: bool, seconds: float) -> None:
        super().__init__(f"{seconds:g} s passed")
        self.sent = sent
        self.seconds = seconds


class CrowdedError(OSError):
    """This user may start no further thread or process; nothing has left."""


class AbandonedError(Exception):
    """Nobody waits for this exchange any more; seen by its own thread only."""


class Wire:
    """How far an exchange came on the network, and the scissors for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._twin: socket.socket | None = None
        self._cut = False
        self._standing = False

    @property
    def standing(self) -> bool:
        """Whether the connection stands, TLS included, so that the request may have left."""
        return self._standing

    def opened(self, connection: socket.socket) -> None:
        """Note a new connection, before it is used.

        :raises AbandonedError: the exchange was cut meanwhile.
        """
        # A duplicate stays good when TLS takes the original's descriptor over, or when the original is closed.
        twin = connection.dup()
        with self._lock:
            previous, self._twin = self._twin, twin
        if previous is not None:
            previous.close()
        if self._cut:
            self.cut()
            raise AbandonedError

    def stands(self) -> None:
        """Note that the request is about to be sent.

        :raises AbandonedError: the exchange was cut meanwhile: it must not be sent.
        """
        with self._lock:
            if self._cut:
                raise AbandonedError
            self._standing = True

    def cut(self) -> bool:
        """End the connection and return whether the request may have left; after ``False`` it never will."""
        with self._lock:
            self._cut = True
            twin, self._twin = self._twin, None
        if twin is not None:
            # It wakes the thread that reads from the connection; one that was closed meanwhile is fine.
            with twin, contextlib.suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)
        return self._standing


class _Outcome(Generic[T]):
    """What became of an exchange, set by its thread and looked at when that has ended."""

    # ``concurrent.futures`` has this, too, and would have to be imported, with ``logging``.
    returned: T
    raised: BaseException | None = None

    def result(self) -> T:
        if self.raised is not None:
            raise self.raised
        return self.returned


def nothing() -> None:
    """Do nothing."""


def bounded(
    work: Callable[[Wire], T],
    *,
    clock: Clock,
    connect: float,
    total: float,
    meanwhile: Callable[[], object] = nothing,
) -> T:
    """Run an exchange and return or raise what it returned or raised.

    :param work: does the exchange and tells the wire how far it came.
    :param connect: seconds until the connection must stand.
    :param total: seconds until it must all be over.
    :param meanwhile: what the caller does before it waits.
    :raises OverdueError: one of them passed.
    :raises CrowdedError: it could not begin.
    """
    wire = Wire()
    outcome: _Outcome[T] = _Outcome()
    thread = threading.Thread(target=_run, args=(work, wire, outcome), name="kubelogin-http", daemon=True)
    begin = clock.monotonic()
    try:
        try:
            thread.start()
        except RuntimeError as error:
            raise CrowdedError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error
        meanwhile()
        # Joining, not waiting for the outcome: a caller that forks next must be the only thread.
        while thread.is_alive():
            limit = total if wire.standing else min(connect, total)
            rest = begin + limit - clock.monotonic()
            if rest <= 0:
                raise OverdueError(sent=wire.cut(), seconds=limit)
            thread.join(min(rest, _SLICE))
    finally:
        wire.cut()
    return outcome.result()


def _run(work: Callable[[Wire], T], wire: Wire, outcome: _Outcome[T]) -> None:
    try:
        outcome.returned = work(wire)
    except BaseException as error:  # noqa: BLE001 -- every failure belongs to the caller, none to stderr
        outcome.raised = error
