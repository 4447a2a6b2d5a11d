"""Okta: every port has to be registered, and every scope allowed."""

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

PROFILE = Profile(
    name="okta",
    title="Okta",
    issuer="https://ORG.okta.com/oauth2/SERVER, or https://ORG.okta.com",
    registration=Registration(
        client_type="OIDC, Native Application, client authentication None (PKCE comes with it)",
        grant_types=("Authorization Code", "Refresh Token", "Device Authorization"),
        redirect_uris=EVERY_LOOPBACK,
        redirect_rule="byte for byte, port and slash included",
        scopes=("openid", "email", "profile", "groups", "offline_access"),
        steps=(
            "Applications > Create App Integration: OIDC, Native Application, name CLIENT",
            "Grant type: Authorization Code and Refresh Token; Device Authorization if wanted",
            "Sign-in redirect URIs: the ones above; Assignments: the groups that may sign in",
            "org server: Sign On > OpenID Connect ID Token > Groups claim filter: groups, Matches regex .*",
            "custom server: Security > API > the server: a claim groups for the ID token, and a scope groups",
        ),
    ),
    scopes=("email", "profile", "groups", "offline_access"),
    username_claim="email",
    groups_claim="groups",
    refresh=RefreshRules(
        scope="offline_access", rotates=True, grace=30.0, reuse_ends_session=True, lifetime="7 days without use"
    ),
    signing=Signing(default="RS256", offered=("RS256",)),
    id_token_lifetime=3600.0,
    device=Device(supported=True, remark="on Identity Engine, with the grant type Device Authorization"),
    ending=Ending(revocation=True, end_session=True),
    hints={
        Symptom.REDIRECT_URI: "enter exactly this one, port included, at Sign-in redirect URIs",
        Symptom.INVALID_REQUEST: "enter the redirect URI exactly, port included, at Sign-in redirect URIs",
        Symptom.INVALID_SCOPE: "the authorization server must have this scope; offline_access needs the Refresh Token "
        "grant, groups on a custom server a scope of that name",
        Symptom.ACCESS_DENIED: "Assignments: is the app assigned to you? the server's Access Policies must allow it",
        Symptom.INVALID_CLIENT: "client authentication None needs no secret; is this the right Okta organization?",
        Symptom.UNAUTHORIZED_CLIENT: "General > Grant type: switch this grant on",
        Symptom.NO_DEVICE_FLOW: "General > Grant type: Device Authorization, on Identity Engine",
        Symptom.ISSUER: "the issuer is that of the authorization server, without a slash at the end: "
        "https://ORG.okta.com/oauth2/default, or https://ORG.okta.com for the org server",
        Symptom.NO_REFRESH_TOKEN: "General > Grant type: Refresh Token, and request offline_access",
        Symptom.NO_EMAIL: "request the scopes email and profile",
        Symptom.NO_GROUPS: "org server: Sign On > Groups claim filter; custom server: a claim groups for the ID token",
        Symptom.SHORT_LIFETIME: "the org server's ID tokens live for an hour, whatever is configured",
    },
    documentation="https://developer.okta.com/docs/guides/implement-grant-type/authcodepkce/main/",
    sources=("Okta developer documentation", "int128/kubelogin issue 863", "devforum.okta.com 17934"),
    as_of="2026-08-22",
)
