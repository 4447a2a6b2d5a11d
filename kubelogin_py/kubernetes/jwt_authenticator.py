"""What an API server is told about one provider, whichever way it is told (structured configuration or flags).

The names are those of the ``AuthenticationConfiguration`` (Kubernetes, "Authenticating", OpenID Connect tokens).
"""

from dataclasses import dataclass

from kubelogin_py.oidc.jose import KUBERNETES_ALGORITHMS

DEFAULT_PREFIX = "oidc:"
"""Stands before names of users and groups, so that no provider can name a user of somebody else."""

RESERVED = "system:"
"""Kubernetes' own users and groups begin with this."""

FLAG_ALGORITHMS = frozenset({"RS256"})
"""What ``--oidc-signing-algs`` is when nobody sets it."""


@dataclass(frozen=True, slots=True)
class JwtAuthenticator:
    """One issuer that an API server trusts.

    :param issuer: its URL; tokens must name it byte for byte.
    :param audiences: a token must be for at least one of them.
    :param username_claim: the claim that holds the user's name.
    :param username_prefix: stands before it.
    :param groups_claim: the claim that holds the groups; empty when groups are not taken from tokens.
    :param groups_prefix: stands before each of them.
    :param algorithms: signature algorithms accepted; those that the structured configuration accepts by default.
    :param required_claims: claims and the text that each must have.
    :param certificate_authority: PEM of the authority that the provider's certificate comes from; empty for a public
        one.
    """

    issuer: str
    audiences: tuple[str, ...]
    username_claim: str = "sub"
    username_prefix: str = DEFAULT_PREFIX
    groups_claim: str = "groups"
    groups_prefix: str = DEFAULT_PREFIX
    algorithms: frozenset[str] = KUBERNETES_ALGORITHMS
    required_claims: tuple[tuple[str, str], ...] = ()
    certificate_authority: str = ""
