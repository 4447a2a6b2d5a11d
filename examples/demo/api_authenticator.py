"""Kubernetes' rules for ID tokens, with another JWT library than the product's.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens
"""

import base64
import json
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = [f"{family}{size}" for family in ("RS", "ES", "PS") for size in ("256", "384", "512")]
"""What Kubernetes takes: neither EdDSA nor the symmetric ones."""

NOT_BEFORE_LEEWAY = 60
"""Seconds that Kubernetes forgives for ``nbf``; it forgives none for ``exp``."""


class Refused(Exception):  # noqa: N818 -- what happened, not a fault of the program
    """The token is not taken; the text says why."""


Rule = Callable[[Mapping[str, Any]], None]
"""Raises ``Refused`` for claims, or for a user, that break it."""


@dataclass
class Authenticator:
    """Kubernetes' rules for ID tokens."""

    issuer: str
    client_id: str
    ca: str | None = None
    ca_text: str | None = None
    audiences: tuple[str, ...] = ()
    algorithms: list[str] = field(default_factory=lambda: list(ALGORITHMS))
    username_claim: str = "email"
    username_prefix: str = "oidc:"
    groups_claim: str = "groups"
    groups_prefix: str = "oidc:"
    uid_claim: str = ""
    claim_rules: Sequence[Rule] = ()
    user_rules: Sequence[Rule] = ()
    _keys: KeySet | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def user(self, token: str) -> tuple[str, list[str]]:
        """Return the name and groups of the token's bearer.

        :raises Refused: the token is not for this API server, or not good any more.
        """
        claims = self._verified(token)
        if claims.get("iss") != self.issuer:
            raise Refused(f"iss is {claims.get('iss')!r}, not {self.issuer!r}")
        audience = claims.get("aud")
        wanted = self.audiences or (self.client_id,)
        if not set(wanted) & set(audience if isinstance(audience, list) else [audience]):
            raise Refused(f"aud {audience!r} does not contain {' or '.join(map(repr, wanted))}")
        now = time.time()
        if not isinstance(claims.get("exp"), int | float) or claims["exp"] < now:
            raise Refused("token has expired" if "exp" in claims else "no exp claim")
        if isinstance(claims.get("nbf"), int | float) and claims["nbf"] > now + NOT_BEFORE_LEEWAY:
            raise Refused("token is not valid yet (nbf)")
        if not isinstance(claims.get("iat", 0), int | float):
            raise Refused("iat is not a number")
        if not isinstance(claims.get("sub", ""), str | None):
            raise Refused("sub is not text")
        if self.uid_claim and self.uid_claim not in claims:
            raise Refused(f"no {self.uid_claim} claim to take the UID from")
        for rule in self.claim_rules:
            rule(claims)
        name, groups = self._username(claims), self._groups(claims)
        for rule in self.user_rules:
            rule({"username": name, "groups": groups, "uid": str(claims.get(self.uid_claim, ""))})
        return name, [*groups, "system:authenticated"]

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            header = json.loads(_decoded(token.partition(".")[0]))
        except ValueError:
            raise Refused("not a JWT") from None
        algorithm = header.get("alg") if isinstance(header, dict) else None
        if algorithm not in self.algorithms:
            raise Refused(f"alg {algorithm!r} is not among {' '.join(self.algorithms)}")
        # A key that is not known yet may be new: look once more, as Kubernetes does.
        for fresh in (False, True):
            try:
                return dict(jwt.decode(token, self._key_set(fresh=fresh), self.algorithms).claims)
            except (JoseError, ValueError) as error:
                reason = f"signature does not verify ({type(error).__name__})"
        raise Refused(reason)

    def _username(self, claims: dict[str, Any]) -> str:
        # As Go has it, null is an empty text.
        name = "" if claims.get(self.username_claim, 0) is None else claims.get(self.username_claim)
        if not isinstance(name, str):
            raise Refused(f"no {self.username_claim} claim to take the user name from")
        if self.username_claim == "email" and claims.get("email_verified", True) is not True:
            raise Refused("email_verified is not true")
        return self.username_prefix + name

    def _groups(self, claims: dict[str, Any]) -> list[str]:
        groups = claims.get(self.groups_claim, []) if self.groups_claim else []
        groups = [groups] if isinstance(groups, str) else [] if groups is None else groups
        groups = ["" if group is None else group for group in groups] if isinstance(groups, list) else groups
        if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
            raise Refused(f"{self.groups_claim} is neither a string nor a list of strings")
        return [self.groups_prefix + group for group in groups]

    def _key_set(self, *, fresh: bool) -> KeySet:
        with self._lock:
            if fresh or self._keys is None:
                metadata = self._fetch(f"{self.issuer.removesuffix('/')}/.well-known/openid-configuration")
                self._keys = KeySet.import_key_set(self._fetch(metadata["jwks_uri"]))
            return self._keys

    def _fetch(self, url: str) -> Any:
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca, cadata=self.ca_text)),
        )
        try:
            with opener.open(url, timeout=10) as response:
                return json.load(response)
        except (OSError, ValueError) as error:
            raise Refused(f"the provider cannot be asked for its keys: {error}") from error


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
