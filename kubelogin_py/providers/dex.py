"""Dex: a broker, whose connectors decide about groups and refresh tokens."""

from kubelogin_py.providers.profile import Device, Ending, Profile, RefreshRules, Registration, Signing, Symptom

PROFILE = Profile(
    name="dex",
    title="Dex",
    issuer="https://HOST/dex",
    registration=Registration(
        client_type="public: true",
        grant_types=(),
        redirect_uris=(),
        redirect_rule="a public client without redirectURIs takes any loopback port and path, the device grant's page "
        "included; a list takes byte for byte what is in it, and needs /device/callback for the device grant",
        steps=(
            "staticClients: {id: CLIENT, name: Kubernetes, public: true}, without redirectURIs; restart Dex",
            "choose a connector that knows groups and can refresh, such as ldap, oidc, github or microsoft",
        ),
    ),
    scopes=("email", "profile", "groups", "offline_access"),
    username_claim="email",
    groups_claim="groups",
    groups_remark="as the connector calls it, such as ORG:TEAM for GitHub",
    refresh=RefreshRules(
        scope="offline_access",
        rotates=True,
        grace=3.0,
        reuse_ends_session=True,
        lifetime="until expiry.refreshTokens says, where the connector can refresh",
    ),
    signing=Signing(default="RS256", offered=("RS256", "ES256")),
    id_token_lifetime=86400.0,
    device=Device(supported=True, remark="always on; the code is valid for 5 minutes; asking too often is punished"),
    ending=Ending(revocation=False, end_session=False),
    hints={
        Symptom.REDIRECT_URI: "'Unregistered redirect_uri': leave redirectURIs out of a public client, or add this one",
        Symptom.INVALID_REQUEST: "'Unregistered redirect_uri': leave redirectURIs out of a public client, or add the "
        "redirect URI, and /device/callback for the device grant",
        Symptom.INVALID_CLIENT: "public: true, or give the secret of the static client",
        Symptom.INVALID_SCOPE: "Dex knows openid, email, profile, groups, offline_access, federated:id and "
        "audience:server:client_id:ID",
        Symptom.ISSUER: "the issuer is the issuer of Dex's configuration, letter for letter, its path included",
        Symptom.REFUSED_REFRESH: "expiry.refreshTokens has passed, or a used token came again",
        Symptom.AUDIENCE: "with audience:server:client_id:ID there are two audiences: azp must be this client",
        Symptom.NO_REFRESH_TOKEN: "request offline_access; a connector that can't refresh (saml, authproxy) gives none",
        Symptom.NO_EMAIL: "request the scope email; the connector must know addresses",
        Symptom.EMAIL_NOT_VERIFIED: "the connector says so: insecureSkipEmailVerified of oidc, for example, trusts it",
        Symptom.NO_GROUPS: "request the scope groups; the connector must be configured for them "
        "(github: orgs, ldap: groupSearch, oidc: insecureEnableGroups)",
    },
    documentation="https://dexidp.io/docs/guides/kubernetes/",
    sources=("dexidp/dex ab64ed77, source",),
    as_of="2026-08-06",
)
