"""The OpenID provider, seen from here: its metadata and its key set, fetched when needed and kept for a while."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .fetch import Fetch, UnreachableError
from .key_set import KeySet, read_key_set
from .values import is_web_address

FRESH = 300.0
"""Seconds that a key set is used without asking again."""

USABLE = 3600.0
"""Seconds that a key set is used while the provider does not answer."""

BETWEEN_LOOKS = 10.0
"""Seconds between two fetches for the sake of a key that is not known."""

DEADLINE = 10.0
"""Seconds for metadata and key set together."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What the provider said.

    :param issuer: the issuer as it writes it itself.
    """

    issuer: str
    keys: KeySet


class Provider:
    """What is known of the provider.

    :param issuer: the issuer's URL; a slash at its end may be there or missing.
    :param fetch: how documents are got.
    :param monotonic: seconds that never go back.
    """

    def __init__(self, issuer: str, fetch: Fetch, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._fetch, self._monotonic = issuer, fetch, monotonic
        self._known: Known | None = None
        self._fetched_at = self._looked_at = self._failed_at = float("-inf")
        self._in_flight: asyncio.Task[Known] | None = None

    async def known(self) -> Known:
        """Return issuer and keys, fetched if they are not fresh; old ones do while the provider does not answer.

        :raises UnreachableError: nothing usable is known.
        """
        age = self._monotonic() - self._fetched_at
        if self._known and (age < FRESH or (age < USABLE and self._since(self._failed_at) < BETWEEN_LOOKS)):
            return self._known
        try:
            return await self._refresh()
        except UnreachableError:
            if self._known and age < USABLE:
                return self._known
            raise

    async def look_again(self) -> Known:
        """Return issuer and keys for a token whose key was not among them, fetched again unless that was just done.

        :raises UnreachableError: the provider does not answer, so that nobody knows.
        """
        if self._known and self._in_flight is None and self._since(self._looked_at) < BETWEEN_LOOKS:
            if self._failed_at >= self._looked_at:
                raise UnreachableError("it did not answer a moment ago")
            return self._known
        self._looked_at = self._monotonic()
        return await self._refresh()

    def _since(self, moment: float) -> float:
        return self._monotonic() - moment

    async def _refresh(self) -> Known:
        """Fetch, once for all who wait; the fetch outlives whoever gives up waiting."""
        if self._in_flight is None:
            self._in_flight = asyncio.create_task(self._read())
            self._in_flight.add_done_callback(self._landed)
        return await asyncio.shield(self._in_flight)

    def _landed(self, task: "asyncio.Task[Known]") -> None:
        self._in_flight = None
        if task.cancelled() or task.exception():
            self._failed_at = self._monotonic()
            return
        self._known, self._fetched_at = task.result(), self._monotonic()

    async def _read(self) -> Known:
        try:
            async with asyncio.timeout(DEADLINE):
                metadata = await self._fetch(self._issuer.removesuffix("/") + "/.well-known/openid-configuration")
                issuer, address = _read_metadata(metadata, self._issuer)
                return Known(issuer, read_key_set(await self._fetch(address)))
        except (UnreachableError, TimeoutError, ValueError) as error:
            reason = str(error) or f"no answer within {DEADLINE:.0f} s"
            logger.warning("provider %s: %s", self._issuer, reason)
            raise UnreachableError(reason) from None


def _read_metadata(metadata: dict[str, Any], expected: str) -> tuple[str, str]:
    """Return issuer and ``jwks_uri`` of provider metadata (OpenID Connect Discovery section 4.3).

    A slash at the end may differ from what was configured; tokens are compared with the provider's own spelling.
    """
    issuer, address = metadata.get("issuer"), metadata.get("jwks_uri")
    if not isinstance(issuer, str) or issuer.removesuffix("/") != expected.removesuffix("/"):
        raise UnreachableError(f"its metadata is that of {ascii(issuer)[:200]}")
    if not isinstance(address, str) or not is_web_address(address):
        raise UnreachableError("its metadata has no usable jwks_uri")
    return issuer, address
