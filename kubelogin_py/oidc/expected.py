"""What an ID token must agree with (OpenID Connect Core section 3.1.3.7)."""

from dataclasses import dataclass

from kubelogin_py.oidc.jose import ALGORITHMS
from kubelogin_py.secret import Secret

CLOCK_SKEW = 60.0
"""Seconds by which the provider's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must agree with.

    :param issuer: the configured issuer, byte for byte.
    :param client_id: us.
    :param now: UTC seconds.
    :param algorithms: signature algorithms allowed, usually those of the provider's metadata.
    :param nonce: the nonce that was sent; ``None`` when none was, and then any is fine.
    :param access_token: the access token that came along, for ``at_hash``.
    :param code: the authorization code, for ``c_hash``.
    :param fresh_within: seconds since when a token of a new sign-in may have been issued; ``None`` for any.
    :param clock_skew: seconds by which the provider's clock may be ahead, for ``iat``, ``nbf`` and ``auth_time``.
    :param trusted_audiences: audiences besides us that need no ``azp``.
    :param max_age: the ``max_age`` that was sent, seconds.
    :param acr_values: the ``acr`` values of which one was demanded.
    """

    issuer: str
    client_id: str
    now: float
    algorithms: frozenset[str] = ALGORITHMS
    nonce: Secret | None = None
    access_token: Secret | None = None
    code: Secret | None = None
    fresh_within: float | None = None
    clock_skew: float = CLOCK_SKEW
    trusted_audiences: frozenset[str] = frozenset()
    max_age: float | None = None
    acr_values: frozenset[str] = frozenset()
