"""An HTTP response as a value."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Response:
    """A response that fitted our limits.

    :param url: where it came from, without query or userinfo; for messages.
    :param status: status code.
    :param headers: field names in lower case.
    :param body: body bytes.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
