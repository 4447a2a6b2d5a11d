"""Base64url without padding (RFC 7515 section 2), in its one canonical form.

Python's decoder drops foreign characters and ignores stray trailing bits, so that many texts mean the same bytes.
A signed text must have one spelling only.
"""

import base64
import re

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def encode(octets: bytes) -> str:
    """Return the text for these bytes."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes this text spells.

    :raises ValueError: padding, another alphabet, white space, an impossible length or non-zero trailing bits.
    """
    if not _ALPHABET.fullmatch(text):
        raise ValueError("not base64url: a character that does not belong")
    try:
        octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ValueError("not base64url: an impossible length") from None
    if encode(octets) != text:
        raise ValueError("not base64url: trailing bits are not zero")
    return octets
