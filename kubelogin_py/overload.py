"""A provider that asks to be left alone for a while is left alone, by every process (RFC 9110 section 10.2.3)."""

from collections.abc import Iterator
from contextlib import contextmanager

from kubelogin_py.errors import TransientError
from kubelogin_py.ports import World
from kubelogin_py.settings import Settings

LONGEST = 300.0
"""Seconds for which a provider's wish counts at most: who knows whether a proxy on the way made it up."""


@contextmanager
def heeded(settings: Settings, world: World) -> Iterator[None]:
    """Ask the provider, unless it asked to be left alone; remember it when it does.

    A person who wants this very sign-in may try all the same.

    :raises TransientError: it asked for that a moment ago, and was not asked again.
    """
    until, now = world.attempts.put_off_until(), world.clock.now()
    if until is not None and 0 < until - now <= LONGEST and not settings.login.asked_for:
        raise TransientError(
            f"{settings.provider.issuer} asked for another {until - now:.0f} seconds without requests (temporary)",
            hint="wait, or run `kubelogin login` to try all the same",
            retry_after=until - now,
        )
    try:
        yield
    except TransientError as error:
        if error.retry_after is not None and error.retry_after > 0:
            world.attempts.put_off(world.clock.now() + min(error.retry_after, LONGEST))
        raise
