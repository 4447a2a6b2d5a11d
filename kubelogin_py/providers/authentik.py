"""Authentik: the slash at the end of the issuer, and signing keys that have to be chosen."""

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
    name="authentik",
    title="authentik",
    issuer="https://HOST/application/o/SLUG/",
    issuer_slash=True,
    issuer_per_client=True,
    registration=Registration(
        client_type="Public",
        grant_types=(),
        redirect_uris=EVERY_LOOPBACK,
        redirect_rule="Strict: byte for byte; an empty list learns the first URI that is used",
        scopes=("email", "openid", "profile", "offline_access"),
        steps=(
            "Applications > Applications > Create with Provider: name CLIENT; the slug becomes part of the issuer",
            "provider type OAuth2/OpenID; client type Public; copy the Client ID",
            "Redirect URIs: the ones above, Strict",
            "Signing Key: choose one, such as the self-signed certificate; Encryption Key: none",
            "Advanced protocol settings > Scopes: add offline_access to email, openid and profile",
        ),
    ),
    scopes=("email", "profile", "offline_access"),
    username_claim="preferred_username",
    groups_claim="groups",
    refresh=RefreshRules(
        scope="offline_access",
        rotates=None,
        lifetime="30 days, as the provider's Refresh Token validity says",
    ),
    signing=Signing(
        default="RS256",
        offered=("RS256", "ES256"),
        remark="without a Signing Key tokens are signed with HS256, with an Encryption Key they are encrypted: "
        "neither is of use to Kubernetes",
    ),
    id_token_lifetime=3600.0,
    device=Device(supported=True, remark="System > Brands > Default flows: choose a Device code flow"),
    ending=Ending(revocation=True, end_session=True),
    hints={
        Symptom.ISSUER: "the issuer ends in a slash: https://HOST/application/o/SLUG/",
        Symptom.REDIRECT_URI: "'Redirect URI Error': enter this one at the provider's Redirect URIs, Strict",
        Symptom.INVALID_SCOPE: "Advanced protocol settings > Scopes: add the mapping of this scope",
        Symptom.INVALID_CLIENT: "client type Public needs no secret, Confidential does",
        Symptom.ACCESS_DENIED: "check the application's Policy / Group / User Bindings",
        Symptom.ALGORITHM: "without a Signing Key tokens are HS256: choose one in the provider's settings",
        Symptom.ENCRYPTION: "remove the Encryption Key in the provider's settings",
        Symptom.NO_DEVICE_FLOW: "System > Brands > Default flows: choose a Device code flow",
        Symptom.NO_REFRESH_TOKEN: "request offline_access, and add its mapping: Advanced protocol settings > Scopes",
        Symptom.NO_EMAIL: "request the scope email, and add its mapping: Advanced protocol settings > Scopes",
        Symptom.EMAIL_NOT_VERIFIED: "since 2025.10 email_verified is false: use preferred_username or sub as username, "
        "or a scope mapping of your own that says otherwise",
        Symptom.NO_GROUPS: "groups come with the scope profile; request it",
    },
    documentation="https://docs.goauthentik.io/add-secure-apps/providers/oauth2/",
    sources=("goauthentik docs and views/token.py", "authentik release notes 2024.2, 2025.10", "funkypenguin's guide"),
    as_of="2026-08-22",
)
