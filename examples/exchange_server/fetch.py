"""Gets JSON documents from the provider; httpx2 has its home here."""

import ssl
from typing import Any, Protocol

import httpx2

from .settings import ConfigError, Settings
from .strict_jwt import read_object

DOCUMENT_LIMIT = 1 << 20
"""Bytes of a document."""


class UnreachableError(Exception):
    """The provider does not answer, or not with what it should; later it may."""


class Fetch(Protocol):
    """Gets JSON documents."""

    async def __call__(self, url: str) -> dict[str, Any]:
        """Return the document of a URL.

        :raises UnreachableError: there is none.
        """


class HttpFetch:
    """Gets documents over HTTP, without following redirects and never more than 1 MiB."""

    def __init__(self, settings: Settings) -> None:
        tls = ssl.create_default_context()
        if settings.issuer_ca:
            try:
                tls.load_verify_locations(settings.issuer_ca)
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"can't read issuer_ca {settings.issuer_ca}: {error}") from None
        # Encoded documents are not asked for: their size would not be known before they are unpacked.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        # It is asked so seldom that a connection kept open would mostly be found closed by the other side.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.AsyncClient(verify=tls, headers=headers, timeout=5.0, limits=limits)

    async def __call__(self, url: str) -> dict[str, Any]:
        """Return the document of a URL."""
        body = bytearray()
        try:
            async with self._http.stream("GET", url) as response:
                if response.status_code != httpx2.codes.OK:
                    raise UnreachableError(f"{url} answered {response.status_code}")
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > DOCUMENT_LIMIT:
                        raise UnreachableError(f"{url} answered more than 1 MiB")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UnreachableError(f"{url}: {type(error).__name__}: {error}") from None
        try:
            return read_object(bytes(body))
        except ValueError as error:
            raise UnreachableError(f"{url} answered no JSON: {error}") from None

    async def close(self) -> None:
        """Close what is open."""
        await self._http.aclose()
