"""Tokens that were exchanged already."""

from examples.exchange_server.used_tokens import UsedTokens
from tests.exchange_server.world import Clock


def test_a_token_can_be_claimed_once() -> None:
    clock = Clock()
    used = UsedTokens(clock)
    assert used.claim(b"a", clock() + 60)
    assert not used.claim(b"a", clock() + 60)
    assert used.claim(b"b", clock() + 60)


def test_a_released_token_can_be_claimed_again() -> None:
    clock = Clock()
    used = UsedTokens(clock)
    used.claim(b"a", clock() + 60)
    used.release(b"a")
    assert used.claim(b"a", clock() + 60)
    assert not used.claim(b"a", clock() + 60)


def test_a_token_is_remembered_to_the_very_end_and_no_longer() -> None:
    clock = Clock()
    used = UsedTokens(clock)
    for number in range(100):
        used.claim(str(number).encode(), clock() + 60)
    clock.time += 60
    assert not used.claim(b"0", clock())
    clock.time += 1
    used.claim(b"new", clock() + 60)
    assert len(used) == 1
