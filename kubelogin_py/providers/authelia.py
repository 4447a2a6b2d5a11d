"""Authelia: what is in an ID token is decided by a claims policy."""

from kubelogin_py.providers.profile import (
    LOCALHOST,
    Device,
    Ending,
    Profile,
    RefreshRules,
    Registration,
    Signing,
    Symptom,
)

_POLICY = (
    "claims_policies: {kubernetes: {id_token: [email, email_verified, preferred_username, groups]}}, "
    "and in the client claims_policy: kubernetes"
)

PROFILE = Profile(
    name="authelia",
    title="Authelia",
    issuer="https://HOST",
    registration=Registration(
        client_type="public: true (PKCE comes with it)",
        grant_types=("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"),
        redirect_uris=(*LOCALHOST, "http://127.0.0.1"),
        redirect_rule="byte for byte, upper and lower case included; any port of 127.0.0.1, not of localhost",
        scopes=("openid", "email", "profile", "groups", "offline_access"),
        steps=(
            "identity_providers.oidc.clients: client_id CLIENT, public: true, the redirect_uris above",
            "scopes: openid, email, profile, groups, offline_access; grant_types: the ones above",
            "require_pkce: true, pkce_challenge_method: S256, token_endpoint_auth_method: none",
            f"{_POLICY} (from 4.39 on nothing of this is in ID tokens by itself)",
        ),
    ),
    scopes=("email", "profile", "groups", "offline_access"),
    username_claim="preferred_username",
    groups_claim="groups",
    refresh=RefreshRules(scope="offline_access", rotates=True, reuse_ends_session=True, lifetime="90 minutes"),
    signing=Signing(
        default="RS256", offered=("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
    ),
    id_token_lifetime=3600.0,
    device=Device(supported=True, remark="from 4.39, with the grant type of that name in the client"),
    ending=Ending(revocation=True, end_session=False),
    hints={
        Symptom.REDIRECT_URI: "enter exactly this one in redirect_uris; localhost needs its port, 127.0.0.1 does not",
        Symptom.INVALID_REQUEST: "enter exactly the redirect URI in redirect_uris; localhost needs its port",
        Symptom.INVALID_SCOPE: "add the scope to the client's scopes; offline_access also wants refresh_token "
        "in its grant_types",
        Symptom.INVALID_CLIENT: "public: true and token_endpoint_auth_method: none, or give the secret",
        Symptom.UNAUTHORIZED_CLIENT: "add the grant to the client's grant_types",
        Symptom.NO_DEVICE_FLOW: "the device flow needs Authelia 4.39 and the grant in the client's grant_types",
        Symptom.ACCESS_DENIED: "the client's authorization_policy must allow you",
        Symptom.ISSUER: "the issuer is the root URL by which Authelia was reached, without a slash at the end",
        Symptom.REFUSED_REFRESH: "refresh tokens live for 90 minutes: lifespans.refresh_token makes it longer",
        Symptom.NO_REFRESH_TOKEN: "offline_access in the client's scopes and refresh_token in its grant_types; "
        "request offline_access",
        Symptom.NO_EMAIL: f"from 4.39 a claims policy is needed: {_POLICY}",
        Symptom.EMAIL_NOT_VERIFIED: f"from 4.39 a claims policy is needed: {_POLICY}",
        Symptom.NO_GROUPS: f"from 4.39 a claims policy is needed: {_POLICY}",
    },
    documentation="https://www.authelia.com/integration/openid-connect/clients/kubelogin/",
    sources=("authelia docs: clients, provider, introduction, kubelogin, claims, 4.39 release",),
    as_of="2026-08-22",
)
