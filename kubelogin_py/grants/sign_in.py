"""What every grant is given, and what it gives back."""

from collections.abc import Callable
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
    """

    settings: Settings
    world: World
    metadata: Metadata
    deadline: float
    verified: Callable[[TokenSet, Secret | None], Session]

    @property
    def remaining(self) -> float:
        """Seconds left."""
        return self.deadline - self.world.clock.monotonic()


class Grant(Protocol):
    """One way to obtain a token set."""

    def __call__(self, sign_in: SignIn) -> Session:
        """Return the verified session; raise an ``Error`` when the person or the provider says no."""
        ...
