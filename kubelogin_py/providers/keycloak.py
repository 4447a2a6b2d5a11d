"""Keycloak: short tokens, refreshed often, and groups that a mapper puts into them."""

from kubelogin_py.providers.profile import (
    ANY_PORT,
    Device,
    Ending,
    Profile,
    RefreshRules,
    Registration,
    Signing,
    Symptom,
)

_MAPPER = (
    "client > Client scopes > CLIENT-dedicated > Add mapper > By configuration > Group Membership: "
    "name and claim groups, Full group path off, Add to ID token on"
)

PROFILE = Profile(
    name="keycloak",
    title="Keycloak",
    issuer="https://HOST/realms/REALM",
    registration=Registration(
        client_type="OpenID Connect, Client authentication off",
        grant_types=("Standard flow", "OAuth 2.0 Device Authorization Grant"),
        redirect_uris=ANY_PORT,
        redirect_rule="byte for byte, but any port of localhost and 127.0.0.1 without one, and * at the end",
        steps=(
            "Clients > Create client: OpenID Connect, Client ID CLIENT",
            "Client authentication off; Standard flow on; OAuth 2.0 Device Authorization Grant on if wanted",
            "Valid redirect URIs: the ones above",
            "Advanced > Proof Key for Code Exchange Code Challenge Method: S256",
            _MAPPER,
        ),
    ),
    scopes=("email", "profile"),
    username_claim="preferred_username",
    groups_claim="groups",
    groups_remark="with Full group path on, each begins with a slash: /admins",
    refresh=RefreshRules(
        rotates=None,
        lifetime="30 minutes without use, 10 hours in all (SSO Session Idle and Max); offline_access makes it longer",
    ),
    signing=Signing(
        default="RS256",
        offered=("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"),
    ),
    id_token_lifetime=300.0,
    device=Device(supported=True, remark="Capability config > OAuth 2.0 Device Authorization Grant, for each client"),
    ending=Ending(revocation=True, end_session=True, end_session_revokes=True),
    hints={
        Symptom.REDIRECT_URI: "'Invalid parameter: redirect_uri': enter http://localhost, without a port, "
        "at the client's Valid redirect URIs",
        Symptom.INVALID_SCOPE: "client > Client scopes: add the scope, as Default or Optional",
        Symptom.INVALID_CLIENT: "switch Client authentication off, or give the secret of the client's Credentials",
        Symptom.UNAUTHORIZED_CLIENT: "client > Capability config: switch the flow on; "
        "a confidential client needs its secret",
        Symptom.NO_DEVICE_FLOW: "client > Capability config: switch OAuth 2.0 Device Authorization Grant on",
        Symptom.ISSUER: "the issuer is https://HOST/realms/REALM, without a slash at the end; "
        "only old versions, or http-relative-path, have /auth before it",
        Symptom.REFUSED_REFRESH: "SSO Session Idle or Max has passed, or with Revoke Refresh Token a used one came "
        "again: set Refresh Token Max Reuse to 0 and the session times to a working day",
        Symptom.NO_EMAIL: "request the scope email, and give the user an address",
        Symptom.EMAIL_NOT_VERIFIED: "Users > Details: Email verified, or use preferred_username as username",
        Symptom.NO_GROUPS: _MAPPER,
        Symptom.SHORT_LIFETIME: "Realm settings > Tokens > Access Token Lifespan",
    },
    documentation="https://www.keycloak.org/docs/latest/server_admin/#_oidc_clients",
    sources=("keycloak RedirectUtils.java", "keycloak server administration guide"),
    as_of="2026-08-22",
)
