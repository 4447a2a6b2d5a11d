"""Entra ID (Azure AD): a tenant in the issuer, groups as object IDs, and no email_verified."""

from kubelogin_py.providers.profile import Device, Ending, Profile, RefreshRules, Registration, Signing, Symptom

PROFILE = Profile(
    name="entra-id",
    title="Microsoft Entra ID",
    issuer="https://login.microsoftonline.com/TENANT-ID/v2.0",
    registration=Registration(
        client_type="platform Mobile and desktop applications, Allow public client flows: Yes",
        grant_types=(),
        redirect_uris=("http://localhost",),
        redirect_rule="http://localhost takes any port; 127.0.0.1 only by the manifest, and with its port",
        steps=(
            "App registrations > New registration: name CLIENT, accounts of this directory only",
            "redirect URI: Public client/native, http://localhost; copy the application and the tenant ID",
            "Authentication > Settings: Allow public client flows: Yes",
            "Token configuration > Add groups claim: Groups assigned to the application, for the ID token",
            "Token configuration > Add optional claim: email, for the ID token",
            "Manifest: requestedAccessTokenVersion 2",
        ),
    ),
    scopes=("email", "profile", "offline_access"),
    # An address can be changed there by whoever owns the account, and nobody says that it was verified.
    username_claim="oid",
    groups_claim="groups",
    groups_remark="the object ID of the group; with app roles, their value in the claim roles",
    refresh=RefreshRules(scope="offline_access", rotates=False, lifetime="90 days, renewed by each refresh"),
    signing=Signing(default="RS256", offered=("RS256",)),
    id_token_lifetime=3600.0,
    device=Device(supported=True, remark="Allow public client flows: Yes"),
    ending=Ending(revocation=False, end_session=True),
    hints={
        Symptom.ISSUER: "the issuer names your tenant: https://login.microsoftonline.com/TENANT-ID/v2.0, "
        "not common, organizations or sts.windows.net",
        Symptom.REDIRECT_URI: "Authentication > Mobile and desktop applications: enter http://localhost",
        Symptom.INVALID_REQUEST: "register http://localhost under Mobile and desktop applications, and as no "
        "Single-page application: that wants requests from a browser",
        Symptom.INVALID_CLIENT: "Authentication: Allow public client flows: Yes; move the redirect URI from "
        "Single-page application or Web to Mobile and desktop applications",
        Symptom.UNAUTHORIZED_CLIENT: "Authentication: Allow public client flows: Yes; is this the right tenant?",
        Symptom.ACCESS_DENIED: "if the app requires assignment, are you assigned? is an admin's consent missing?",
        Symptom.NO_REFRESH_TOKEN: "request offline_access",
        Symptom.NO_EMAIL: "Token configuration > Add optional claim: email; the user needs an address. "
        "oid or sub serve without",
        Symptom.NO_GROUPS: "Token configuration > Add groups claim, for the ID token; or use app roles, claim roles",
        Symptom.GROUPS_ELSEWHERE: "more than 200 groups don't fit in a token, and the API server can't ask for them: "
        "choose Groups assigned to the application, or use app roles, claim roles",
    },
    documentation="https://learn.microsoft.com/entra/identity-platform/quickstart-register-app",
    sources=("Microsoft identity platform documentation", "int128/kubelogin issue 536 and its SPA hint"),
    as_of="2026-08-22",
)
