"""Verifies ID tokens (OpenID Connect Core section 3.1.3.7); PyJWT does the arithmetic of the signature."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jwt.algorithms import get_default_algorithms
from jwt.exceptions import PyJWTError

from .claims import Claims, TokenError, check_audience, check_kind, check_subject, check_times
from .provider import Known, Provider
from .settings import Settings
from .strict_jwt import ASYMMETRIC, HMAC, Jwt, MalformedTokenError, read_jwt

_ALGORITHMS = get_default_algorithms()


@dataclass(frozen=True, slots=True)
class IdToken:
    """A verified ID token.

    :param signing_input: what was signed, the same for every spelling of the token.
    :param good_until: when this server will refuse it, in seconds since 1970.
    """

    claims: Claims
    signing_input: bytes = field(repr=False)
    good_until: float


class Verifier:
    """Verifies the ID tokens of one client at one provider.

    :param now: the time in seconds since 1970.
    """

    def __init__(self, settings: Settings, provider: Provider, now: Callable[[], float]) -> None:
        self._settings, self._provider, self._now = settings, provider, now
        self._secret = settings.client_secret.encode() if settings.allow_hmac else b""
        self._algorithms = ASYMMETRIC | {name for name, length in HMAC.items() if len(self._secret) >= length}

    async def verify(self, token: str) -> IdToken:
        """Return a token whose every check passed.

        :raises AudienceError: it was issued to another client.
        :raises TokenError: anything else is wrong with it.
        :raises UnreachableError: the provider's keys can't be had, so that nobody knows.
        """
        try:
            read = read_jwt(token, self._algorithms)
        except MalformedTokenError as error:
            raise TokenError(str(error)) from None
        if read.claims.get("iss") not in _spellings(self._settings.issuer_url):
            raise TokenError(f"iss {ascii(read.claims.get('iss'))[:200]} is not the issuer")
        issuer = await self._check_signature(read)
        if read.claims["iss"] != issuer:
            raise TokenError(f"iss differs from the issuer {issuer!a}", read.claims)
        check_subject(read.claims)
        check_kind(read.claims)
        check_audience(read.claims, self._settings.client_id)
        good_until = check_times(read.claims, self._now(), self._settings.max_token_age)
        return IdToken(read.claims, read.signing_input, good_until)

    async def _check_signature(self, token: Jwt) -> str:
        """Return the issuer as the provider writes it, once one of its keys verifies the token."""
        if token.algorithm in HMAC:
            if not _verifies(token, self._secret):
                raise TokenError("the signature is wrong")
            return self._settings.issuer_url
        known = await self._provider.known()
        verdict = _verdict(token, known)
        # The key may be newer than what is known. A wrong signature under a known kid is just wrong.
        if verdict and (token.key_id is None or not known.keys.candidates(token)):
            known = await self._provider.look_again()
            verdict = _verdict(token, known)
        if verdict:
            raise TokenError(verdict)
        return known.issuer


def _spellings(issuer: str) -> tuple[str, str]:
    bare = issuer.removesuffix("/")
    return bare, bare + "/"


def _verdict(token: Jwt, known: Known) -> str:
    """Return why no key verifies the token; empty when one does."""
    candidates = known.keys.candidates(token)
    if not candidates:
        return f"no key of the provider fits alg {token.algorithm}, kid {ascii(token.key_id)[:80]}"
    return "" if any(_verifies(token, key.public) for key in candidates) else "the signature is wrong"


def _verifies(token: Jwt, key: Any) -> bool:
    algorithm = _ALGORITHMS[token.algorithm]
    try:
        return bool(algorithm.verify(token.signing_input, algorithm.prepare_key(key), token.signature))
    except (PyJWTError, ValueError, TypeError):
        return False
