"""What the server knows of the provider, and when it asks again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from examples.exchange_server.fetch import UnreachableError
from examples.exchange_server.provider import BETWEEN_LOOKS, FRESH, USABLE, Known, Provider
from tests.exchange_server.world import ISSUER, KEYS_URL, Clock, FakeProvider, new_key, public


class Bench:
    """A provider, seen through a clock."""

    def __init__(self, issuer: str = ISSUER) -> None:
        self.clock, self.fake = Clock(), FakeProvider()
        self.provider = Provider(issuer, self.fake, self.clock.monotonic)

    @property
    def fetches(self) -> int:
        return self.fake.asked.count(KEYS_URL)

    def run(self, *steps: Callable[[], Awaitable[Known]]) -> list[set[str | None] | str]:
        """Return for each step the names of the keys known, or what failed."""

        async def all_steps() -> list[set[str | None] | str]:
            found: list[set[str | None] | str] = []
            for step in steps:
                try:
                    found.append({key.key_id for key in (await step()).keys.keys})
                except UnreachableError as error:
                    found.append(str(error))
            return found

        return asyncio.run(all_steps())


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_keys_are_found_through_the_metadata(bench: Bench) -> None:
    assert bench.run(bench.provider.known) == [{"key-1"}]
    assert bench.fake.asked == [f"{ISSUER}/.well-known/openid-configuration", KEYS_URL]


def test_keys_are_kept_while_they_are_fresh(bench: Bench) -> None:
    bench.run(bench.provider.known, bench.provider.known)
    bench.clock.time += FRESH - 1
    bench.run(bench.provider.known)
    assert bench.fetches == 1
    bench.clock.time += 1
    bench.fake.rotate("key-2")
    assert bench.run(bench.provider.known) == [{"key-2"}], "a key that was withdrawn is forgotten"


def test_an_unknown_key_is_looked_for_once_in_a_while(bench: Bench) -> None:
    bench.run(bench.provider.known)
    bench.fake.rotate("key-2")
    assert bench.run(bench.provider.look_again) == [{"key-2"}]
    bench.fake.rotate("key-3")
    assert bench.run(bench.provider.look_again, bench.provider.look_again) == [{"key-2"}, {"key-2"}]
    assert bench.fetches == 2
    bench.clock.time += BETWEEN_LOOKS
    assert bench.run(bench.provider.look_again) == [{"key-3"}]


def test_down_at_the_first_request_and_up_at_the_second(bench: Bench) -> None:
    bench.fake.down = True
    assert bench.run(bench.provider.known) == ["connection refused"]
    bench.fake.down = False
    assert bench.run(bench.provider.known) == [{"key-1"}]


def test_old_keys_do_while_the_provider_is_down_but_not_for_ever(bench: Bench) -> None:
    bench.run(bench.provider.known)
    bench.fake.down = True
    bench.clock.time += FRESH
    assert bench.run(bench.provider.known) == [{"key-1"}]
    bench.clock.time += USABLE - FRESH
    assert bench.run(bench.provider.known) == ["connection refused"]


def test_a_provider_that_is_down_is_not_asked_for_every_request(bench: Bench) -> None:
    bench.run(bench.provider.known)
    bench.fake.down = True
    bench.clock.time += FRESH
    before = len(bench.fake.asked)
    bench.run(*[bench.provider.known] * 10)
    assert len(bench.fake.asked) == before + 1
    bench.clock.time += BETWEEN_LOOKS
    bench.run(bench.provider.known)
    assert len(bench.fake.asked) == before + 2


def test_nobody_knows_an_unknown_key_while_the_provider_is_down(bench: Bench) -> None:
    """It may be a new one: that is no reason to call a token bad."""
    bench.run(bench.provider.known)
    bench.fake.down = True
    assert bench.run(bench.provider.look_again, bench.provider.look_again) == [
        "connection refused",
        "it did not answer a moment ago",
    ]


def test_many_who_wait_cause_one_fetch(bench: Bench) -> None:
    async def all_at_once() -> list[Known]:
        return await asyncio.gather(*[bench.provider.known() for _ in range(50)])

    assert len(asyncio.run(all_at_once())) == 50
    assert bench.fetches == 1


def test_many_who_wait_in_vain_wait_once(bench: Bench) -> None:
    bench.fake.down = True

    async def all_at_once() -> list[Known | BaseException]:
        return await asyncio.gather(*[bench.provider.known() for _ in range(50)], return_exceptions=True)

    assert all(isinstance(one, UnreachableError) for one in asyncio.run(all_at_once()))
    assert len(bench.fake.asked) == 1


def test_who_gives_up_does_not_take_the_others_fetch_away(bench: Bench) -> None:
    release = asyncio.Event()

    async def slow(url: str) -> dict[str, object]:
        await release.wait()
        return await FakeProvider()(url)

    provider = Provider(ISSUER, slow)

    async def scene() -> Known:
        impatient, patient = asyncio.create_task(provider.known()), asyncio.create_task(provider.known())
        await asyncio.sleep(0)
        impatient.cancel()
        release.set()
        return await patient

    assert asyncio.run(scene()).keys


@pytest.mark.parametrize("configured", [ISSUER, ISSUER + "/"])
@pytest.mark.parametrize("written", [ISSUER, ISSUER + "/"])
def test_a_slash_at_the_end_may_differ_from_the_configuration(configured: str, written: str) -> None:
    bench = Bench(configured)
    bench.fake.metadata["issuer"] = written
    assert asyncio.run(bench.provider.known()).issuer == written


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"issuer": "https://evil.example"}, "evil"),
        ({"issuer": None}, "None"),
        ({"issuer": [ISSUER]}, "["),
        ({"jwks_uri": None}, "jwks_uri"),
        ({"jwks_uri": "http://id.example.com/keys"}, "jwks_uri"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
    ],
)
def test_metadata_of_another_or_without_keys_is_refused(bench: Bench, change: dict[str, object], says: str) -> None:
    bench.fake.metadata |= change
    (problem,) = bench.run(bench.provider.known)
    assert isinstance(problem, str)
    assert says in problem
    assert bench.fetches == 0


@pytest.mark.parametrize("keys", [[], None, {}, "x", [1], [{"kty": "oct", "k": "AAAA", "kid": "key-1"}]])
def test_a_key_set_without_a_usable_key_is_no_key_set(bench: Bench, keys: object) -> None:
    bench.fake.published = keys  # type: ignore[assignment]
    (problem,) = bench.run(bench.provider.known)
    assert isinstance(problem, str)
    assert "key" in problem


def test_keys_of_unknown_kinds_do_not_spoil_the_others(bench: Bench) -> None:
    bench.fake.published = [{"kty": "future", "kid": "x"}, *bench.fake.published, public(new_key("EdDSA", "ed"))]
    assert bench.run(bench.provider.known) == [{"key-1", "ed"}]
