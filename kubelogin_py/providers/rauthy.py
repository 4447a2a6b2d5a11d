"""Rauthy: EdDSA for new clients, and a refresh that comes early ends everything."""

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
    name="rauthy",
    title="Rauthy",
    issuer="https://HOST/auth/v1/",
    issuer_slash=True,
    registration=Registration(
        client_type="Confidential off (PKCE S256 comes with it)",
        grant_types=("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"),
        redirect_uris=EVERY_LOOPBACK,
        redirect_rule="byte for byte, or up to a * at the end; no exception for loopback",
        scopes=("openid", "email", "profile", "groups"),
        steps=(
            "Clients > Add new client: ID CLIENT, Confidential off, the redirect URIs above",
            "Authentication Flows: authorization_code, refresh_token; device_code if wanted",
            "Scopes: allow openid, email, profile and groups",
            "Token > ID Token Algorithm: RS256 (new clients have EdDSA, which Kubernetes can't verify); Save",
        ),
    ),
    scopes=("email", "profile", "groups"),
    username_claim="email",
    groups_claim="groups",
    refresh=RefreshRules(
        rotates=True,
        grace=5.0,
        reuse_ends_session=True,
        too_early=60.0,
        lifetime="48 hours, 72 hours for the device flow",
    ),
    signing=Signing(
        default="EdDSA",
        offered=("RS256", "RS384", "RS512", "EdDSA"),
        remark="new clients have EdDSA, which Kubernetes can't verify: set the ID token algorithm to RS256",
    ),
    id_token_lifetime=1800.0,
    device=Device(supported=True, remark="with the flow device_code in the client; the code is valid for 5 minutes"),
    ending=Ending(revocation=True, end_session=True),
    hints={
        Symptom.ISSUER: "the issuer ends in a slash: https://HOST/auth/v1/",
        Symptom.ALGORITHM: "set the client's ID token algorithm to RS256: new clients have EdDSA",
        Symptom.REDIRECT_URI: "enter exactly this one at the client's redirect URIs, port included",
        Symptom.INVALID_REQUEST: "enter exactly the redirect URI at the client's redirect URIs, port included",
        Symptom.INVALID_SCOPE: "allow the scope in the client; offline_access is not known there, and not needed",
        Symptom.INVALID_CLIENT: "switch Confidential off, or give the secret",
        Symptom.UNAUTHORIZED_CLIENT: "switch this flow on in the client's Authentication Flows",
        Symptom.NO_DEVICE_FLOW: "switch device_code on in the client's Authentication Flows",
        Symptom.REFUSED_REFRESH: "sessions end after 48 hours, and all at once when a refresh token is used more than "
        "60 seconds before its access token expires",
        Symptom.NO_REFRESH_TOKEN: "switch refresh_token on in the client's Authentication Flows",
        Symptom.NO_EMAIL: "allow and request the scope email",
        Symptom.EMAIL_NOT_VERIFIED: "the user has to confirm the address by mail, or an administrator does",
        Symptom.NO_GROUPS: "allow and request the scope groups",
    },
    documentation="https://sebadob.github.io/rauthy/",
    sources=("rauthy f6223305c, source",),
    as_of="2026-06-25",
)
