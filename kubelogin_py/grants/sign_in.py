"""What every grant is given, and what it gives back."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.ports import World
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in under way.

    :param settings: what the user chose.
    :param world: everything outside.
    :param metadata: the provider's.
    :param deadline: on the monotonic clock; the person is given up on then.
    :param verified: checks a fresh token set (and the nonce its ID token must carry, if one was sent), stores
        the session and returns it; raises ``VerificationError``.
    :param advised: lets every error inside say what to do about it at this provider.
    """

    settings: Settings
    world: World
    metadata: Metadata
    deadline: float
    verified: Callable[[TokenSet, Secret | None], Session]
    advised: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def remaining(self) -> float:
        """Seconds left."""
        return self.deadline - self.world.clock.monotonic()


class Grant(Protocol):
    """One way to obtain a token set."""

    def __call__(self, sign_in: SignIn) -> Session:
        """Return the verified session; raise an ``Error`` when the person or the provider says no."""
        ...
