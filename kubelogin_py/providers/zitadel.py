"""Zitadel: projects, whose applications share their audiences, and roles in place of groups."""

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

_ACTION = (
    "an Action on the flow Complement Token, triggers Pre Userinfo creation and Pre access token creation, makes the "
    "claim: api.v1.claims.setClaim('groups', an array of the role names in ctx.v1.user.grants)"
)

PROFILE = Profile(
    name="zitadel",
    title="Zitadel",
    issuer="https://HOST",
    registration=Registration(
        client_type="Application of type Native, authentication method None (PKCE)",
        grant_types=("Authorization Code", "Refresh Token", "Device Code"),
        redirect_uris=LOCALHOST,
        redirect_rule="type Native: any port on loopback; type Web: byte for byte, http in Development Mode only",
        steps=(
            "make a project for the cluster, and in it the roles that shall be groups",
            "project > General: switch Assert Roles on Authentication on",
            "project > New application: name CLIENT, type Native, the redirect URIs above; copy the Client ID",
            "application > Grant Types: add Refresh Token, and Device Code for machines without a browser",
            "application > Token Settings: switch User roles inside ID Token and User Info inside ID Token on",
            f"Actions: {_ACTION}",
            "project > Role Assignments: give each person their roles",
        ),
    ),
    scopes=("email", "profile", "offline_access"),
    username_claim="email",
    groups_claim="groups",
    groups_remark="the key of a project role, by the Action",
    refresh=RefreshRules(
        scope="offline_access", rotates=True, lifetime="30 days without use, 90 days in all, as the instance says"
    ),
    signing=Signing(default="RS256", offered=("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA")),
    id_token_lifetime=43200.0,
    device=Device(supported=True, remark="Grant Types > Device Code, for each application"),
    ending=Ending(revocation=True, end_session=True),
    hints={
        Symptom.REDIRECT_URI: "register this URI; an application of type Web takes http with Development Mode only, "
        "type Native takes any port on loopback",
        Symptom.UNAUTHORIZED_CLIENT: "application > Grant Types: switch this grant on",
        Symptom.NO_DEVICE_FLOW: "application > Grant Types: switch Device Code on",
        Symptom.ISSUER: "the issuer is the instance's domain, without a slash at the end",
        Symptom.AUDIENCE: "tokens name every application of the project and the project's ID: "
        "let Kubernetes expect the project's ID (Resource ID), and keep other systems in other projects",
        Symptom.NO_REFRESH_TOKEN: "application > Grant Types: switch Refresh Token on, and request offline_access",
        Symptom.NO_EMAIL: "application > Token Settings: switch User Info inside ID Token on, and request email",
        Symptom.EMAIL_NOT_VERIFIED: "verify the user's address, in the console or by mail",
        Symptom.NO_GROUPS: f"project > General: switch Assert Roles on Authentication on; {_ACTION}",
        Symptom.GROUPS_NOT_NAMES: f"project roles are an object, which Kubernetes refuses: {_ACTION}",
    },
    documentation="https://zitadel.com/docs/guides/integrate/login/oidc",
    sources=("zitadel docs: scopes, claims, endpoints", "Safespring's guide for Talos, 2025-10-03"),
    as_of="2026-08-22",
)
