"""Google: no groups, a secret that is none, and refresh tokens by a parameter of its own."""

from kubelogin_py.providers.profile import Device, Ending, Profile, RefreshRules, Registration, Signing, Symptom

PROFILE = Profile(
    name="google",
    title="Google",
    issuer="https://accounts.google.com",
    registration=Registration(
        client_type="OAuth client ID of type Desktop app; its secret is needed, and not confidential",
        grant_types=(),
        redirect_uris=(),
        redirect_rule="type Desktop: any port on loopback; type Web: byte for byte",
        steps=(
            "Google Cloud console > Google Auth Platform > Clients > Create client: type Desktop app",
            "copy the client ID and the client secret",
            "Audience: publish the app, or choose Internal; refresh tokens of an app in testing live for 7 days",
        ),
    ),
    scopes=("email", "profile"),
    params=(("access_type", "offline"), ("prompt", "consent")),
    username_claim="email",
    groups_claim="",
    refresh=RefreshRules(rotates=False, lifetime="until 6 months without use, or 7 days for an app in testing"),
    signing=Signing(default="RS256", offered=("RS256",)),
    id_token_lifetime=3600.0,
    device=Device(supported=True, remark="with a client of type TVs and Limited Input devices, and few scopes"),
    ending=Ending(revocation=True, end_session=False),
    hints={
        Symptom.INVALID_SCOPE: "Google refuses offline_access: leave it out of --oidc-extra-scope; "
        "--oidc-auth-request-extra-params=access_type=offline gives a refresh token",
        Symptom.INVALID_CLIENT: "Google wants the client secret of a Desktop app, too: --oidc-client-secret",
        Symptom.INVALID_REQUEST: "Google wants the client secret of a Desktop app, too: --oidc-client-secret",
        Symptom.REDIRECT_URI: "'redirect_uri_mismatch': use a client of type Desktop app, or enter this one",
        Symptom.ISSUER: "the issuer is https://accounts.google.com, without a slash at the end",
        Symptom.UNAUTHORIZED_CLIENT: "the device flow needs a client of type TVs and Limited Input devices",
        Symptom.NO_REFRESH_TOKEN: "--oidc-auth-request-extra-params=access_type=offline,prompt=consent; "
        "Google gives one at the first consent only",
        Symptom.NO_GROUPS: "Google's tokens have no groups: bind users, or put a broker such as Dex in between",
    },
    documentation="https://developers.google.com/identity/protocols/oauth2/native-app",
    sources=("Google Identity documentation", "int128/kubelogin issues on offline_access and client secrets"),
    as_of="2026-08-22",
)
