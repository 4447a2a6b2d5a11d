"""The structured configuration of an API server: kind ``AuthenticationConfiguration`` of ``apiserver.config.k8s.io``.

Names that somebody chose are never part of an expression: a claim is named, not computed.
"""

from kubelogin_py.kubernetes.jwt_authenticator import JwtAuthenticator

ANONYMOUS: dict[str, object] = {
    "enabled": True,
    "conditions": [{"path": "/livez"}, {"path": "/readyz"}, {"path": "/healthz"}],
}
"""Load balancers and kubelets ask for these without signing in; without this block anybody may ask for more."""

_EMAIL_RULE = {
    "expression": "!has(claims.email_verified) || claims.email_verified == true",
    "message": "the email is not verified",
}
_USER_RULES = (
    {"expression": "!user.username.startsWith('system:')", "message": "the user name is reserved"},
    {"expression": "user.groups.all(group, !group.startsWith('system:'))", "message": "a group name is reserved"},
)


def configuration(authenticator: JwtAuthenticator, *, anonymous: bool = True) -> dict[str, object]:
    """Return what the configuration says, without kind and version.

    :param anonymous: whether this version of Kubernetes knows the anonymous block.
    """
    return {**({"anonymous": ANONYMOUS} if anonymous else {}), "jwt": [_jwt(authenticator)]}


def document(authenticator: JwtAuthenticator, api_version: str, *, anonymous: bool = True) -> dict[str, object]:
    """Return the whole document.

    :param api_version: its ``apiVersion``.
    :param anonymous: as above.
    """
    kind = {"apiVersion": api_version, "kind": "AuthenticationConfiguration"}
    return {**kind, **configuration(authenticator, anonymous=anonymous)}


def _jwt(authenticator: JwtAuthenticator) -> dict[str, object]:
    rules: list[object] = [{"claim": claim, "requiredValue": value} for claim, value in authenticator.required_claims]
    if authenticator.username_claim == "email":
        rules.append(dict(_EMAIL_RULE))
    return {
        "issuer": _issuer(authenticator),
        "claimMappings": _mappings(authenticator),
        **({"claimValidationRules": rules} if rules else {}),
        "userValidationRules": [dict(rule) for rule in _USER_RULES],
    }


def _issuer(authenticator: JwtAuthenticator) -> dict[str, object]:
    issuer: dict[str, object] = {"url": authenticator.issuer, "audiences": list(authenticator.audiences)}
    if len(authenticator.audiences) > 1:
        issuer["audienceMatchPolicy"] = "MatchAny"
    if authenticator.certificate_authority:
        issuer["certificateAuthority"] = authenticator.certificate_authority
    return issuer


def _mappings(authenticator: JwtAuthenticator) -> dict[str, object]:
    mappings: dict[str, object] = {
        "username": {"claim": authenticator.username_claim, "prefix": authenticator.username_prefix}
    }
    if authenticator.groups_claim:
        mappings["groups"] = {"claim": authenticator.groups_claim, "prefix": authenticator.groups_prefix}
    return {**mappings, "uid": {"claim": "sub"}}
