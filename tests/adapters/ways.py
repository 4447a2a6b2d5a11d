"""The two ways in which a request is sent; the rules are the same for both."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from kubelogin_py.adapters import http_client, http_proxied
from kubelogin_py.adapters.http_client import Call, Send

Way = Callable[[Call], Send]
WAYS: dict[str, Way] = {"as-it-is-sent": http_client.way, "by-the-library-for-proxies": lambda _: http_proxied.send}

_CHOSEN: ContextVar[Way] = ContextVar("chosen", default=http_client.way)


@contextmanager
def chosen(name: str) -> Iterator[None]:
    """Let a way be the one that tests use."""
    token = _CHOSEN.set(WAYS[name])
    yield
    _CHOSEN.reset(token)


def way() -> Way:
    """Return the chosen way."""
    return _CHOSEN.get()
