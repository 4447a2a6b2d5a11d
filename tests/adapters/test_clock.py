"""The system's clock and randomness."""

import re
import signal
import threading
import time

import pytest

from kubelogin_py.adapters.clock import SystemClock, SystemEntropy


def test_now_is_utc_seconds() -> None:
    assert abs(SystemClock().now() - time.time()) < 1


def test_the_monotonic_clock_goes_forward_by_what_was_slept() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0.02)
    assert 0.02 <= clock.monotonic() - before < 1


def test_sleeping_for_less_than_nothing_returns_at_once() -> None:
    SystemClock().sleep(-5)


def test_a_signal_ends_a_sleep() -> None:
    """Ctrl-C during a long wait is noticed soon, also when the system gives the signal to another thread."""
    started = time.monotonic()
    threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        SystemClock().sleep(30)
    assert time.monotonic() - started < 5


def test_tokens_are_256_bits_in_43_unreserved_characters() -> None:
    tokens = {SystemEntropy().token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)
