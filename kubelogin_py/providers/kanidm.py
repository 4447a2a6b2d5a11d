"""Kanidm: one issuer per client, ES256, and no scope that was not mapped."""

from kubelogin_py.providers.profile import Device, Ending, Profile, RefreshRules, Registration, Signing, Symptom

PROFILE = Profile(
    name="kanidm",
    title="Kanidm",
    issuer="https://HOST/oauth2/openid/CLIENT",
    issuer_per_client=True,
    registration=Registration(
        client_type="public (create-public; PKCE is compulsory)",
        grant_types=(),
        redirect_uris=(),
        redirect_rule="enable-localhost-redirects takes any loopback host, port and path, for public clients",
        scopes=("openid", "email", "profile", "groups"),
        steps=(
            "kanidm system oauth2 create-public CLIENT Kubernetes https://kubernetes.io",
            "kanidm system oauth2 enable-localhost-redirects CLIENT",
            "kanidm group create k8s_users && kanidm group add-members k8s_users PERSON",
            "kanidm system oauth2 update-scope-map CLIENT k8s_users openid email profile groups",
        ),
    ),
    scopes=("email", "profile", "groups"),
    refuses_other_scopes=True,
    username_claim="preferred_username",
    groups_claim="groups",
    groups_remark="name@DOMAIN beside the group's UUID; with the scope groups_name in place of groups, the short name",
    # Used tokens are told from new ones by the second: two refreshes in one second already look like a theft.
    refresh=RefreshRules(rotates=True, grace=0.0, reuse_ends_session=True, lifetime="16 hours"),
    signing=Signing(
        default="ES256",
        offered=("ES256", "RS256"),
        remark="in flags, the API server needs --oidc-signing-algs=ES256; RS256 is there by "
        "`kanidm system oauth2 warning-enable-legacy-crypto CLIENT` alone",
    ),
    id_token_lifetime=900.0,
    device=Device(supported=False, remark="in development builds only"),
    ending=Ending(revocation=True, end_session=False),
    hints={
        Symptom.ACCESS_DENIED: "a scope that is not mapped ends the sign-in: "
        "`kanidm system oauth2 update-scope-map CLIENT GROUP openid ...`, or leave it out of --oidc-extra-scope; "
        "are you in that group?",
        Symptom.INVALID_SCOPE: "map the scope: `kanidm system oauth2 update-scope-map CLIENT GROUP openid ...`; "
        "offline_access is not needed",
        Symptom.REDIRECT_URI: "`kanidm system oauth2 enable-localhost-redirects CLIENT`, for public clients",
        Symptom.INVALID_REQUEST: "`kanidm system oauth2 enable-localhost-redirects CLIENT`; PKCE can't be left out",
        Symptom.ISSUER: "the issuer is https://HOST/oauth2/openid/CLIENT, one per client, without a slash at the end",
        Symptom.REFUSED_REFRESH: "sessions end after 16 hours, and at once when a refresh token is used twice",
        Symptom.NO_DEVICE_FLOW: "Kanidm has none: use --grant-type=authcode-keyboard on machines without a browser",
        Symptom.ALGORITHM: "Kanidm signs with ES256: the API server needs --oidc-signing-algs=ES256, "
        "or a structured configuration",
        Symptom.NO_EMAIL: "map the scope email, and give the person a mail address: `kanidm person update`",
        Symptom.NO_GROUPS: "map and request the scope groups, or groups_name for short names",
    },
    documentation="https://kanidm.github.io/kanidm/stable/integrations/oauth2.html",
    sources=("kanidm f72676f73, source", "richtman.au's guide, 2025-08-31"),
    as_of="2026-08-20",
)
