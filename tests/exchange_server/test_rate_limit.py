"""The limit of requests per address."""

import pytest

from examples.exchange_server import rate_limit
from examples.exchange_server.rate_limit import RateLimit
from tests.exchange_server.world import Clock


def accepted(limit: RateLimit, address: str, times: int) -> list[bool]:
    return [limit.accepts(address) for _ in range(times)]


def test_no_limit_accepts_everything_and_remembers_nobody() -> None:
    limit = RateLimit(0, 60.0, Clock())
    assert all(accepted(limit, "a", 1000))
    assert len(limit) == 0


def test_so_many_are_accepted_and_then_refused() -> None:
    assert accepted(RateLimit(3, 60.0, Clock()), "a", 5) == [True, True, True, False, False]


def test_another_address_has_its_own_count() -> None:
    limit = RateLimit(1, 60.0, Clock())
    assert accepted(limit, "a", 2) == [True, False]
    assert accepted(limit, "b", 2) == [True, False]


def test_the_window_slides() -> None:
    """Each request is free again a window after itself, not all at once."""
    clock = Clock()
    limit = RateLimit(2, 60.0, clock)
    assert limit.accepts("a")
    clock.time += 40
    assert accepted(limit, "a", 2) == [True, False]
    clock.time += 20
    assert accepted(limit, "a", 2) == [True, False]


def test_refused_requests_do_not_prolong_the_wait() -> None:
    clock = Clock()
    limit = RateLimit(1, 60.0, clock)
    assert limit.accepts("a")
    for _ in range(59):
        clock.time += 1
        assert not limit.accepts("a")
    clock.time += 1
    assert limit.accepts("a")


def test_quiet_addresses_are_forgotten() -> None:
    clock = Clock()
    limit = RateLimit(1, 60.0, clock)
    for number in range(50):
        limit.accepts(str(number))
    clock.time += rate_limit.SWEEP_SECONDS + 1
    limit.accepts("new")
    assert len(limit) == 1


def test_many_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "ADDRESSES_LIMIT", 10)
    limit = RateLimit(1, 60.0, Clock())
    for number in range(100):
        assert limit.accepts(str(number))
    assert len(limit) == 10
