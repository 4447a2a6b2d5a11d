"""A token as it was received, read without judging it: the verdict has to say what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from kubelogin_py.oidc import base64url
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.secret import Secret


@dataclass(frozen=True, slots=True)
class ReceivedToken:
    """What can be read in a token without a key; none of it is verified.

    :param parts: how many parts it has: three of a signed JWT, five of an encrypted one.
    :param length: its characters.
    :param header: the members of its header; empty when it can't be read.
    :param claims: its claims; empty when they can't be read.
    """

    parts: int
    length: int
    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, token: Secret) -> Self:
        """Return what can be read in a token, whatever it is."""
        text = token.reveal()
        parts = text.split(".")
        if len(parts) != 3:  # noqa: PLR2004 -- RFC 7515 section 7.1: header, payload, signature
            return cls(len(parts), len(text))
        return cls(len(parts), len(text), _object(parts[0]), _object(parts[1]))

    def texts(self, claim: str) -> tuple[str, ...]:
        """Return what is text in a claim, which may be a text or a list."""
        value = self.claims.get(claim)
        listed = value if isinstance(value, list) else [value]
        return tuple(one for one in listed if isinstance(one, str))


def _object(part: str) -> Mapping[str, Any]:
    try:
        return MappingProxyType(read_object(base64url.decode(part)))
    except ValueError:
        return {}
