"""Proof Key for Code Exchange: only who asked can redeem the code (RFC 7636)."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from kubelogin_py.secret import Secret

METHOD = "S256"
"""The only method ever sent: ``plain`` protects nothing once the request is seen (RFC 7636 section 7.2)."""

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def challenge(verifier: Secret) -> str:
    """Return the S256 code challenge of a code verifier (RFC 7636 section 4.2).

    :param verifier: 43 to 128 unreserved characters, fresh for each sign-in (section 4.1).
    :raises ValueError: it is anything else; that is a fault of the caller, not of a person or provider.
    """
    if not _VERIFIER.fullmatch(verifier.reveal()):
        raise ValueError("a code verifier has 43 to 128 unreserved characters")
    digest = sha256(verifier.reveal().encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
