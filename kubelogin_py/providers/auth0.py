"""Auth0: the slash at the end of the issuer, and groups under the name of a URL."""

from kubelogin_py.providers.profile import (
    EVERY_LOOPBACK,
    Device,
    Ending,
    Profile,
    RefreshRules,
    Registration,
    Signing,
    Symptom,
)

_ACTION = (
    "Actions > Triggers > post-login: api.idToken.setCustomClaim('https://kubernetes.io/groups', "
    "event.authorization?.roles ?? [])"
)

PROFILE = Profile(
    name="auth0",
    title="Auth0",
    issuer="https://TENANT.auth0.com/",
    issuer_slash=True,
    registration=Registration(
        client_type="Native",
        grant_types=("Authorization Code", "Refresh Token", "Device Code"),
        redirect_uris=EVERY_LOOPBACK,
        redirect_rule="byte for byte, port included",
        steps=(
            "Applications > Create Application: name CLIENT, type Native; copy the Client ID",
            "Settings > Allowed Callback URLs: the ones above",
            "Settings > Refresh Token Rotation: on, with an overlap period of some seconds",
            "Advanced Settings > Grant Types: Refresh Token; Device Code if wanted; > OAuth: RS256",
            _ACTION,
        ),
    ),
    scopes=("email", "profile", "offline_access"),
    username_claim="email",
    # Auth0 drops claims of its own making that are no URL. In CEL: claims["https://kubernetes.io/groups"].
    groups_claim="https://kubernetes.io/groups",
    groups_remark="the name of a role, by the Action",
    refresh=RefreshRules(
        scope="offline_access", rotates=None, grace=0.0, reuse_ends_session=True, lifetime="as the application says"
    ),
    signing=Signing(
        default="RS256",
        offered=("RS256", "PS256"),
        remark="HS256 can be chosen for each application: Advanced Settings > OAuth must say RS256",
    ),
    id_token_lifetime=36000.0,
    device=Device(supported=True, remark="Advanced Settings > Grant Types > Device Code, for each application"),
    ending=Ending(revocation=True, end_session=True),
    hints={
        Symptom.ISSUER: "the issuer ends in a slash: https://TENANT.auth0.com/",
        Symptom.REDIRECT_URI: "'Callback URL mismatch': enter exactly this one at Allowed Callback URLs",
        Symptom.UNAUTHORIZED_CLIENT: "Advanced Settings > Grant Types: switch this grant on",
        Symptom.INVALID_CLIENT: "type Native has no secret; any other type needs its own",
        Symptom.NO_DEVICE_FLOW: "Advanced Settings > Grant Types: Device Code",
        Symptom.ALGORITHM: "Advanced Settings > OAuth > JSON Web Token Signature Algorithm: RS256",
        Symptom.REFUSED_REFRESH: "with rotation, an overlap period of 0 seconds takes no token twice, "
        "not even after a lost answer",
        Symptom.NO_REFRESH_TOKEN: "request offline_access, and switch the Refresh Token grant on",
        Symptom.NO_EMAIL: "request the scope email",
        Symptom.EMAIL_NOT_VERIFIED: "verify the user's address, or use sub as username",
        Symptom.NO_GROUPS: f"{_ACTION}; the claim's name must be a URL",
    },
    documentation="https://auth0.com/docs/get-started/auth0-overview/create-applications/native-apps",
    sources=("Auth0 documentation: refresh token rotation, revocation, app impersonation",),
    as_of="2026-08-22",
)
