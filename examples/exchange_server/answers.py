"""What is answered, and why it was not a certificate."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class JsonResponse(Response):
    """A JSON document that nobody may keep."""

    media_type = "application/json"

    def __init__(self, content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(json.dumps(content) + "\n", status, NO_STORE | dict(headers or {}))


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 -- a decision, not a fault
    """A request is refused.

    :param status: of the response.
    :param error: text of the response; the same for all causes that a stranger must not tell apart.
    :param kind: type of the audit event.
    :param reason: for the audit log.
    :param headers: further headers of the response.
    :param claims: of the token, once they are known to be true.
    """

    status: int
    error: str
    kind: str
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] | None = field(default=None, repr=False)

    def response(self) -> JsonResponse:
        """Return what the client gets."""
        return JsonResponse({"error": self.error}, self.status, self.headers)


METHOD_NOT_ALLOWED = "method not allowed"
