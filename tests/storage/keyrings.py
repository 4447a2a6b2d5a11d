"""Keyrings in memory, with the limits and faults of real ones."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kubelogin_py.errors import StorageError

WINDOWS_LIMIT = 2560
"""Bytes of a secret that Windows' Credential Manager takes; the library writes two per character."""


@dataclass
class MemoryKeyring:
    """Keeps items in memory, shared by all who are given the same one, as processes of one user share theirs.

    :param fails: returns the error to raise on every call, or ``None``.
    :param before_set: happens right before an item is written, as if another process did it.
    :param limit: bytes of UTF-16 a secret may have.
    """

    items: dict[tuple[str, str], str] = field(default_factory=dict)
    fails: Callable[[], StorageError | None] = lambda: None
    before_set: Callable[[], None] = lambda: None
    after_set: Callable[[], None] = lambda: None
    limit: int = WINDOWS_LIMIT
    calls: list[str] = field(default_factory=list)
    name: str = "keyring of the test"

    def get(self, service: str, account: str) -> str | None:
        self._call("get")
        return self.items.get((service, account))

    def set(self, service: str, account: str, secret: str) -> str | None:
        self._call("set")
        if len(secret.encode("utf-16-le")) > self.limit:
            raise StorageError("(1783, 'CredWrite', 'The stub received bad data')")
        self.before_set()
        self.items[service, account] = secret
        self.after_set()
        return self.items.get((service, account))

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if error := self.fails():
            raise error
