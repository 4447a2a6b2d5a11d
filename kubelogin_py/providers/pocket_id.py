"""Pocket-ID: passkeys only, and the best behaved of all."""

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
    name="pocket-id",
    title="Pocket ID",
    issuer="https://HOST",
    registration=Registration(
        client_type="Public Client (PKCE comes with it)",
        grant_types=(),
        redirect_uris=EVERY_LOOPBACK,
        redirect_rule="byte for byte, * as in globs; newer versions take any port of a loopback URI without one",
        steps=(
            "Administration > OIDC Clients > Add OIDC Client: name CLIENT, the callback URLs above",
            "switch Public Client on, and Save; copy the Client ID",
            "Administration > User Groups: make a group, add its people",
            "in the client, Allowed User Groups: choose the groups that may sign in, or Unrestrict",
        ),
    ),
    scopes=("email", "profile", "groups"),
    username_claim="email",
    groups_claim="groups",
    refresh=RefreshRules(rotates=True, reuse_ends_session=True, lifetime="30 days, renewed by each refresh"),
    signing=Signing(default="RS256", offered=("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA")),
    id_token_lifetime=3600.0,
    device=Device(supported=True, remark="always on; the code is valid for 15 minutes"),
    # It has no revocation endpoint; its end-session endpoint ends the grant by the id_token_hint.
    ending=Ending(revocation=False, end_session=True, end_session_revokes=True),
    hints={
        Symptom.REDIRECT_URI: "'Invalid callback URL': enter exactly this one in the client's Callback URLs",
        Symptom.ACCESS_DENIED: "are you in one of the client's Allowed User Groups?",
        Symptom.REFUSED_REFRESH: "group access is checked again on each refresh: were you removed from the client's "
        "Allowed User Groups?",
        Symptom.INVALID_CLIENT: "a client that is not a Public Client needs its secret; "
        "switch Public Client on to do without one",
        Symptom.ISSUER: "the issuer is Pocket ID's APP_URL, without a slash at the end",
        Symptom.UNREACHABLE: "INTERNAL_APP_URL puts its host into the metadata for everybody, and this machine must "
        "reach it, over https; leave that setting out if only servers need it",
        Symptom.NO_EMAIL: "request the scope email, and give the user an e-mail address",
        Symptom.EMAIL_NOT_VERIFIED: "Application Configuration > Emails Verified, or verify the address by mail",
        Symptom.NO_GROUPS: "request the scope groups, and put the person in a user group; "
        "versions 1.11.0 to 1.11.2 lose them on refresh: update",
    },
    documentation="https://pocket-id.org/docs/client-examples",
    sources=("pocket-id d258d952 (after 2.9.0), source", "pocket-id issue 987"),
    as_of="2026-08-22",
)
