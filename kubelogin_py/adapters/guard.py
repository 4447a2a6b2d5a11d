"""Bringing a refresh to its end although this process was told to stop.

Once a refresh request has left, a provider that rotates refresh tokens may already have replaced ours. If the
answer is not saved, the session is lost, and with reuse detection even revoked. A person's Ctrl-C must end the
command at once all the same. So the exchange runs in a child of its own session: a signal, even SIGKILL, ends
only the waiting parent, and the child saves what the provider answers. It holds the session's lock while it
does (an ``flock`` belongs to the open file, which both share) and is bounded by the deadline of its requests.
"""

import contextlib
import io
import os
import pickle
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar, cast

from kubelogin_py.errors import Error, TransientError
from kubelogin_py.secret import Secret

T = TypeVar("T")

_STOPPING = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
_CHUNK = 65536


class DeferringGuard:
    """Puts signals off until the work is done: for embedding programs, and where a process can't be forked."""

    def run(self, work: Callable[[], T]) -> T:
        """Run the work; a signal that arrives meanwhile is delivered afterwards."""
        if threading.current_thread() is not threading.main_thread():
            return work()
        arrived: list[int] = []
        before = {number: signal.signal(number, lambda got, _frame: arrived.append(got)) for number in _STOPPING}
        try:
            return work()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if arrived:
                signal.raise_signal(arrived[0])


class DetachingGuard:
    """Runs the work in a child that outlives us.

    :param on_detach: closes, in the child, what only the parent may keep open: the real stdout, whose reader
        waits for every writer to go.
    """

    def __init__(self, on_detach: Callable[[], None]) -> None:
        self._on_detach = on_detach

    def run(self, work: Callable[[], T]) -> T:
        """Run the work in a child and return or raise what it returned or raised."""
        with contextlib.ExitStack() as stack:
            try:
                child, answer_read, lines_read = self._started(work, stack)
            except OSError:
                # Too many processes or open files: then signals wait, which needs neither.
                return DeferringGuard().run(work)
            answer = _collect(answer_read, lines_read)
        # Reaped only here: after a signal the parent ends before its child does.
        return cast("T", _unpacked(answer if _ended_well(child) else b""))

    def _started(self, work: Callable[[], object], stack: contextlib.ExitStack) -> tuple[int, int, int]:
        """Start the child; return its process id and our ends of the pipes, which the stack closes."""
        with contextlib.ExitStack() as ends:
            answer_read, answer_write = _pipe(stack, ends)
            lines_read, lines_write = _pipe(stack, ends)
            # From here to the child's own handlers no signal may strike: it would end the child, too.
            with _signals_blocked():
                child = os.fork()
                if child == 0:
                    # Nothing of the child may ever leave this block: it would be a second program.
                    try:
                        _close(answer_read)
                        _close(lines_read)
                        self._become_detached(lines_write)
                        _answer(work, answer_write)
                    finally:
                        os._exit(1)
        return child, answer_read, lines_read

    def _become_detached(self, lines_write: int) -> None:
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.dup2(lines_write, 2)
        self._on_detach()


def system_guard(on_detach: Callable[[], None]) -> DeferringGuard | DetachingGuard:
    """Return the guard for this system.

    Only Linux forks: on macOS the system's trust and proxy services may not be used after a fork.
    """
    return DetachingGuard(on_detach) if sys.platform == "linux" else DeferringGuard()


def _pipe(reading: contextlib.ExitStack, writing: contextlib.ExitStack) -> tuple[int, int]:
    """Return both ends of a pipe, each of which its stack closes."""
    read, write = os.pipe()
    reading.callback(_close, read)
    writing.callback(_close, write)
    return read, write


def _close(descriptor: int) -> None:
    """Close an end of a pipe; an error here must not look as if no child had been started."""
    with contextlib.suppress(OSError):
        os.close(descriptor)


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _answer(work: Callable[[], Any], answer_write: int) -> NoReturn:
    """Do the work in the child, tell the parent how it went, and end."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    try:
        packed = _packed((True, work()))
    except Exception as error:  # noqa: BLE001 -- whatever it was, the parent raises it again
        packed = _packed((False, error))
    # The parent may be gone by now; what had to be done is done.
    with contextlib.suppress(OSError), os.fdopen(answer_write, "wb") as pipe:
        pipe.write(packed)
    os._exit(0)


def _ended_well(child: int) -> bool:
    """Reap the child and return whether it said all it had to say."""
    try:
        return os.waitpid(child, 0)[1] == 0
    except ChildProcessError:
        # Whoever started us ignores SIGCHLD, and we with them: the system has reaped it already.
        return True


def _collect(answer_read: int, lines_read: int) -> bytes:
    """Return the child's answer; what it says on stderr meanwhile is passed on as it comes."""
    answer = bytearray()
    # Unlike `select` it takes descriptors beyond 1023: whoever started us may have left many open.
    waiting = select.poll()
    for descriptor in (answer_read, lines_read):
        waiting.register(descriptor, select.POLLIN)
    open_ends = 2
    while open_ends:
        for ready, _ in waiting.poll():
            chunk = os.read(ready, _CHUNK)
            if not chunk:
                waiting.unregister(ready)
                open_ends -= 1
            elif ready == answer_read:
                answer += chunk
            else:
                with contextlib.suppress(OSError):
                    os.write(2, chunk)
    return bytes(answer)


class _Pickler(pickle.Pickler):
    """Packs a secret or an exception; only for the pipe between the two halves of this process."""

    def reducer_override(self, packed: object) -> Any:  # noqa: ANN401 -- pickle's own protocol
        if isinstance(packed, Secret):
            return Secret, (packed.reveal(),)
        if isinstance(packed, Error):
            return _rebuilt, (type(packed), packed.args, dict(vars(packed)))
        if isinstance(packed, Exception):
            import traceback  # noqa: PLC0415 -- for this alone

            # A fault of ours: its place, for whoever looks for it; its message nobody checked for secrets.
            place = "".join(traceback.format_tb(packed.__traceback__)).rstrip()
            return _rebuilt, (type(packed), (), {"__notes__": [place]})
        return NotImplemented


def _rebuilt(kind: type[Exception], arguments: tuple[object, ...], attributes: dict[str, object]) -> Exception:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    vars(error).update(attributes)
    return error


def _packed(outcome: tuple[bool, object]) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer).dump(outcome)
    return buffer.getvalue()


def _unpacked(answer: bytes) -> object:
    if not answer:
        raise TransientError(
            "the refresh ended before its result was known",
            hint="run the command again; if it asks for a sign-in, the provider had already replaced the session",
        )
    # Only ever our own child's bytes, through a pipe nobody else holds.
    good, outcome = cast("tuple[bool, object]", pickle.loads(answer))  # noqa: S301 -- see above
    if isinstance(outcome, Exception) and not good:
        raise outcome
    return outcome
