"""GitLab: ID tokens of two minutes, and groups in a claim of another name."""

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
    name="gitlab",
    title="GitLab",
    issuer="https://gitlab.com, or https://HOST",
    registration=Registration(
        client_type="Confidential unticked",
        grant_types=(),
        redirect_uris=EVERY_LOOPBACK,
        redirect_rule="byte for byte",
        scopes=("openid", "profile", "email"),
        steps=(
            "group or Admin > Applications > Add new application: name CLIENT, the redirect URIs above, one per line",
            "Confidential: untick; scopes: openid, profile and email; copy the Application ID",
        ),
    ),
    scopes=("email", "profile"),
    username_claim="email",
    groups_claim="groups_direct",
    groups_remark="the full path of the group: company/platform",
    refresh=RefreshRules(rotates=True, lifetime="without end, one use for each token"),
    signing=Signing(default="RS256", offered=("RS256",)),
    id_token_lifetime=120.0,
    device=Device(supported=True, remark="from GitLab 17.1"),
    ending=Ending(revocation=True, end_session=False),
    hints={
        Symptom.REDIRECT_URI: "'The redirect URI included is not valid': enter exactly this one, on a line of its own",
        Symptom.INVALID_SCOPE: "tick the scope in the application; offline_access is not known there, and not needed",
        Symptom.INVALID_CLIENT: "untick Confidential in the application, or give its secret",
        Symptom.UNAUTHORIZED_CLIENT: "the device flow needs GitLab 17.1 or later",
        Symptom.NO_DEVICE_FLOW: "the device flow needs GitLab 17.1 or later",
        Symptom.ISSUER: "the issuer is GitLab's external_url, without a slash at the end",
        Symptom.NO_EMAIL: "tick and request the scope email",
        Symptom.EMAIL_NOT_VERIFIED: "confirm the address in GitLab, or use sub as username",
        Symptom.NO_GROUPS: "ID tokens carry groups_direct, not groups: use that as the groups claim",
        Symptom.SHORT_LIFETIME: "GitLab's ID tokens live for 120 seconds; they are refreshed in time",
    },
    documentation="https://docs.gitlab.com/integration/openid_connect_provider/",
    sources=("GitLab docs: openid_connect_provider, api/oauth2", "int128/kubelogin issue 1129"),
    as_of="2026-08-22",
)
