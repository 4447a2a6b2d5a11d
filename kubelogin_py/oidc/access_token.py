"""Access tokens: how long they serve, and what can be verified of them.

To a client an access token is a text without meaning (RFC 6749 section 1.4). One that is a signed JWT is meant to be
verified by whoever takes it, and so can be verified here (RFC 9068 section 4), except for its audience, which is the
API and not us. Of any other it is known only how long the provider says it lives (RFC 6749 section 5.1).
"""

from dataclasses import dataclass

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc import base64url
from kubelogin_py.oidc.claims import time_claim, utc
from kubelogin_py.oidc.expected import CLOCK_SKEW
from kubelogin_py.oidc.jose import ALGORITHMS, HEADER_LIMIT, Jws, read_jws
from kubelogin_py.oidc.key_set import KeySet
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

_WHAT = "access token"
_SIGNED_PARTS = 3
_LIFETIME_LIMIT = 10 * 365.25 * 86400
_SHOWN = 200
_CHECK_CLOCK = "check this machine's clock (date -u) and the provider's"


@dataclass(frozen=True, slots=True)
class Lifespan:
    """How long a token serves.

    :param expires_at: UTC seconds; ``None`` when nobody said.
    :param lifetime: seconds from issue to expiry; ``None`` when nobody said.
    """

    expires_at: float | None
    lifetime: float | None


def is_signed_jwt(token: Secret) -> bool:
    """Whether it claims to be a signed JWT: three parts, the first a JOSE header (RFC 7515 section 3.1).

    An encrypted one (RFC 7516) can be read by nobody but the API, so it is as opaque as any other text.
    """
    parts = token.reveal().split(".")
    if len(parts) != _SIGNED_PARTS or len(parts[0]) > 2 * HEADER_LIMIT:
        return False
    try:
        return "alg" in read_object(base64url.decode(parts[0]))
    except ValueError:
        return False


def opaque_lifespan(*, now: float, expires_in: float | None) -> Lifespan:
    """Return how long a token serves that says nothing itself.

    :param now: UTC seconds when it was issued.
    :param expires_in: seconds, as the token response has it.
    """
    return Lifespan(None if expires_in is None else now + expires_in, expires_in)


def verify(token: Secret, key_set: KeySet, *, issuer: str, now: float) -> Lifespan:
    """Return how long a signed JWT serves, after its issuer, expiry and signature were checked.

    :param key_set: the keys of the issuer, and of nobody else.
    :param issuer: the configured issuer, byte for byte.
    :param now: UTC seconds.
    :raises UnknownKeyError: no key fits or made the signature; a key set fetched anew may help.
    :raises VerificationError: anything else that is wrong with it; ``step`` says what.
    """
    jws = read_jws(token, what=_WHAT)
    # The provider's metadata lists the algorithms of its ID tokens only.
    key_set.verify(jws, ALGORITHMS, what=_WHAT)
    found = jws.payload.get("iss")
    if found != issuer:
        shown = printable(found, _SHOWN) if isinstance(found, str) else "nobody"
        raise VerificationError(
            f"the access token is of issuer {shown}, not of {printable(issuer, _SHOWN)}",
            step="issuer",
            hint="ask the provider for an access token to an API of yours (scope or audience); this one is another's",
        )
    return _checked_lifespan(jws, now)


def unverified_lifespan(token: Secret, *, now: float) -> Lifespan:
    """Return how long a signed JWT serves by its own word; only form and time are checked.

    :raises VerificationError: its form or its time is wrong.
    """
    return _checked_lifespan(read_jws(token, what=_WHAT), now)


def _checked_lifespan(jws: Jws, now: float) -> Lifespan:
    """Return when it expires, which it must not have done yet: the API server has no leeway either."""
    expires_at = time_claim(jws.payload, "exp", step="expiry", what=_WHAT)
    issued_at = time_claim(jws.payload, "iat", step="issued_at", what=_WHAT)
    not_before = time_claim(jws.payload, "nbf", step="not_before", what=_WHAT)
    clock = f"this machine's clock says {utc(now)}"
    if expires_at is None:
        raise VerificationError(f"the {_WHAT} has no exp claim", step="expiry")
    if expires_at <= now:
        raise VerificationError(f"the {_WHAT} expired at {utc(expires_at)}; {clock}", step="expiry", hint=_CHECK_CLOCK)
    if expires_at - now > _LIFETIME_LIMIT:
        raise VerificationError(
            f"the {_WHAT} expires more than ten years ahead, at {utc(expires_at)}; {clock}", step="expiry"
        )
    if not_before is not None and not_before > now + CLOCK_SKEW:
        raise VerificationError(
            f"the {_WHAT} is not valid before {utc(not_before)}, in the future; {clock}",
            step="not_before",
            hint=_CHECK_CLOCK,
        )
    return Lifespan(expires_at, None if issued_at is None else max(0.0, expires_at - issued_at))
