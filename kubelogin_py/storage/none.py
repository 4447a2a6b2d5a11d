"""The token store that keeps nothing."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from kubelogin_py.session import Session


class NoneStore:
    """Keeps nothing, and so has nothing to lock; takes what every store takes and needs none of it."""

    def __init__(self, *_place: object, **_surroundings: object) -> None:
        pass

    def load(self, key: str) -> Session | None:
        """Return ``None``."""

    def save(self, key: str, session: Session) -> None:
        """Forget it at once."""

    def delete(self, key: str) -> None:
        """Return: it is not there."""

    def lock(self, key: str, *, deadline: float, doing: str) -> AbstractContextManager[None]:  # noqa: ARG002 -- the port's
        """Return a lock that everybody holds: there is nothing to share."""
        return nullcontext()

    def keep_answer(self, arguments: Sequence[str], key: str, body: bytes) -> bool:  # noqa: ARG002 -- as DiskStore's
        """Return ``False``: an answer is kept only beside its session."""
        return False
