"""Would the API server take this token? The answer in rows, one for each thing that it looks at.

An API server says no more than 401; the reason is in its log alone. What it checks is known, so it can be said before
(Kubernetes, "Authenticating", OpenID Connect tokens; the API server's ``oidc.go``).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from kubelogin_py.kubernetes import verdict_claims, verdict_token
from kubelogin_py.kubernetes.jwt_authenticator import JwtAuthenticator
from kubelogin_py.kubernetes.received_token import ReceivedToken
from kubelogin_py.kubernetes.verdict_row import Case, Published, Row, State

Check = Callable[[Case], Row | None]

_ANY_TOKEN: tuple[Check, ...] = (verdict_token.form,)
_READABLE: tuple[Check, ...] = (
    verdict_token.algorithm,
    verdict_token.signing_algs,
    verdict_token.key,
    verdict_token.issuer,
    verdict_claims.audience,
    verdict_token.time,
    verdict_claims.subject,
    verdict_claims.username,
    verdict_claims.email_verified,
    verdict_claims.groups,
    verdict_claims.reserved,
    verdict_claims.required_claims,
    verdict_token.lifetime,
)
_BESIDE_THE_TOKEN: tuple[Check, ...] = (verdict_token.reach, verdict_token.refresh_token, verdict_token.size)


def judge(
    token: ReceivedToken,
    server: JwtAuthenticator,
    *,
    now: float,
    published: Published | None = None,
    refreshable: bool | None = None,
    hints: Mapping[Any, str] = MappingProxyType({}),
) -> tuple[Row, ...]:
    """Return the verdict, in the order in which the API server looks.

    :param token: as it was received.
    :param server: what the API server is configured with, or will be.
    :param now: UTC seconds.
    :param published: what the provider publishes, as far as it is known.
    :param refreshable: whether a refresh token came along; ``None`` when nobody knows.
    :param hints: what to do at this provider, by symptom, in place of the general cure: those of its profile.
    """
    case = Case(token, server, now, published or Published(), refreshable)
    checks = (*_ANY_TOKEN, *(_READABLE if token.claims else ()), *_BESIDE_THE_TOKEN)
    rows = (row for row in (check(case) for check in checks) if row is not None)
    return tuple(_with_hint(row, hints) for row in rows)


def accepted(rows: Iterable[Row]) -> bool:
    """Whether the API server would take the token."""
    return all(row.state is not State.FAIL for row in rows)


def _with_hint(row: Row, hints: Mapping[Any, str]) -> Row:
    hint = hints.get(row.symptom) if row.symptom else None
    return replace(row, cure=hint) if hint else row
