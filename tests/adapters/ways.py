"""The two ways in which a request is sent; the rules are the same for both."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from kubelogin_py.adapters import http_client, http_proxied
from kubelogin_py.adapters.http_client import Send

WAYS: dict[str, Send] = {"as-it-is-sent": http_client.send, "by-the-library-for-proxies": http_proxied.send}

_CHOSEN: ContextVar[Send] = ContextVar("chosen", default=http_client.send)


@contextmanager
def chosen(name: str) -> Iterator[None]:
    """Let a way be the one that tests use."""
    token = _CHOSEN.set(WAYS[name])
    yield
    _CHOSEN.reset(token)


def way() -> Send:
    """Return the chosen way."""
    return _CHOSEN.get()
