"""Each provider's own words, recorded: our discovery takes them, its profile fits them, and its tokens are verified."""

import base64
import hashlib
import hmac
import json
from datetime import date

import pytest

from kubelogin_py import providers
from kubelogin_py.errors import MetadataError, VerificationError
from kubelogin_py.kubernetes.jwt_authenticator import JwtAuthenticator
from kubelogin_py.kubernetes.received_token import ReceivedToken
from kubelogin_py.kubernetes.verdict import accepted, judge
from kubelogin_py.kubernetes.verdict_row import Row, RowName, State
from kubelogin_py.oidc import jose
from kubelogin_py.oidc.id_token import check_continuity, read_unverified
from kubelogin_py.providers.profile import Profile, Symptom
from kubelogin_py.refresh_due import due_at
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session, margin
from tests.oidc.minting import ABSENT, NONCE, NOW
from tests.providers.recordings import PLACE, Recording, recording

USELESS = {"none", "HS256", "HS384", "HS512"}
"""For a public client, whatever is on offer."""


@pytest.fixture(params=providers.NAMES)
def one(request: pytest.FixtureRequest) -> Recording:
    return recording(request.param)


def profile(one: Recording) -> Profile:
    return providers.named(one.name)


def verdict(one: Recording, token: Secret, **server: str) -> dict[RowName, Row]:
    """Return what an API server configured as the profile recommends says to a token, by row."""
    known = profile(one)
    configured = {"username_claim": known.username_claim, "groups_claim": known.groups_claim, **server}
    authenticator = JwtAuthenticator(one.issuer, (one.client_id,), **configured)
    rows = judge(ReceivedToken.read(token), authenticator, now=NOW, hints=known.hints)
    return {row.name: row for row in rows}


def test_a_recording_says_where_it_is_from() -> None:
    """Of what date, what in it is recorded, and what is not."""
    assert {path.stem for path in PLACE.iterdir()} == set(providers.NAMES)
    for name in providers.NAMES:
        about = recording(name).about
        assert min(len(about[part]) for part in ("source", "recorded", "reconstructed")) > 5
        assert date.fromisoformat(about["date"]).isoformat() == providers.named(name).as_of


def test_discovery_takes_it(one: Recording) -> None:
    metadata = one.metadata()
    assert metadata.issuer == one.issuer == one.about["metadata"]["issuer"]
    assert metadata.algorithms(jose.ALGORITHMS)
    assert metadata.authorization_endpoint


def test_its_profile_is_picked(one: Recording) -> None:
    found = providers.profile_for(one.issuer, endpoints=one.metadata())
    assert found is profile(one)


@pytest.mark.parametrize("name", sorted(set(providers.NAMES) - {"pocket-id", "zitadel", "authelia"}))
def test_its_profile_is_picked_before_there_is_metadata(name: str) -> None:
    assert providers.profile_for(recording(name).issuer) is providers.named(name)


def test_the_profile_says_what_the_provider_says(one: Recording) -> None:
    metadata, known = one.metadata(), profile(one)
    assert one.issuer.endswith("/") is known.issuer_slash
    assert (metadata.revocation_endpoint is not None) is known.ending.revocation
    assert (metadata.end_session_endpoint is not None) is known.ending.end_session
    assert (metadata.device_authorization_endpoint is not None) is known.device.supported
    assert one.about["lifetime"] == known.id_token_lifetime
    assert one.about["header"]["alg"] == known.signing.default
    assert known.signing.default in (metadata.id_token_signing_alg_values or ())
    assert set(known.signing.offered) >= set(metadata.id_token_signing_alg_values or ()) - USELESS


def test_scopes_that_are_recommended_are_on_offer(one: Recording) -> None:
    """Unless the list there is for clients of every kind, or a custom scope has to be made first."""
    made_there = {"okta": {"groups"}, "keycloak": set[str]()}.get(one.name, set())
    assert set(profile(one).scopes) - made_there <= set(one.metadata().scopes_supported or ())


def test_its_token_is_verified(one: Recording) -> None:
    claims = one.verified(one.token())
    assert one.client_id in claims.audience
    assert claims.person == one.about["claims"].get("email", claims.subject)


def test_its_token_serves_for_most_of_its_life(one: Recording) -> None:
    """Also where it lives for two minutes."""
    lifetime = one.about["lifetime"]
    assert margin(float(lifetime)) <= lifetime * 0.1
    session = Session(one.issuer, one.client_id, expires_at=NOW + lifetime, lifetime=float(lifetime))
    assert session.usable_until is not None
    assert session.usable_until >= NOW + lifetime * 0.9


@pytest.mark.parametrize("name", sorted(set(providers.NAMES) - {"rauthy", "authentik", "authelia", "google"}))
def test_an_api_server_as_recommended_takes_it(name: str) -> None:
    """With the name and the groups that the profile recommends."""
    one = recording(name)
    rows = verdict(one, one.token())
    assert accepted(rows.values()), rows
    assert rows[RowName.USERNAME].state is State.PASS
    assert rows[RowName.GROUPS].state is State.PASS


def test_a_refreshed_token_continues_the_session(one: Recording) -> None:
    """The nonce is repeated by some, dropped by the others; both are right (Core section 12.2)."""
    first = one.verified(one.token())
    again = one.token(nonce=NONCE if one.about.get("refresh", {}).get("nonce") == "repeated" else ABSENT)
    digest = hashlib.sha256(NONCE.encode()).hexdigest()
    assert check_continuity(one.verified(again, nonce=None), first, nonce_sha256=digest) == ()


def test_an_issuer_with_another_slash_is_told_so(one: Recording) -> None:
    wrong = one.issuer.rstrip("/") if one.issuer.endswith("/") else f"{one.issuer}/"
    with pytest.raises(MetadataError) as caught:
        one.read(wrong)
    assert f"use --oidc-issuer-url={one.issuer}" in (caught.value.hint or "")
    assert caught.value.member == "issuer"


# What is odd about each.


def test_pocket_id_may_have_its_endpoints_on_another_host() -> None:
    one = recording("pocket-id")
    inside = "https://pocket-id.internal"
    moved = one.metadata(token_endpoint=f"{inside}/api/oidc/token", jwks_uri=f"{inside}/.well-known/jwks.json")
    assert providers.profile_for(one.issuer, endpoints=moved) is profile(one)
    with pytest.raises(MetadataError, match="token_endpoint"):
        one.metadata(token_endpoint="http://pocket-id.internal/api/oidc/token")


def test_pocket_id_gives_no_way_to_revoke_and_ends_a_session_in_the_browser() -> None:
    one = recording("pocket-id")
    assert one.metadata().revocation_endpoint is None
    assert one.metadata().end_session_endpoint
    assert profile(one).ending.end_session_revokes


def test_zitadel_names_the_whole_project_and_says_whose_the_token_is() -> None:
    one = recording("zitadel")
    claims = one.verified(one.token())
    assert len(claims.audience) == 3
    assert claims.raw["azp"] == one.client_id
    for azp in (ABSENT, "268002042629511700"):
        with pytest.raises(VerificationError) as caught:
            one.verified(one.token(azp=azp))
        assert caught.value.step in {"audience", "authorized_party"}
    row = verdict(one, one.token())[RowName.AUDIENCE]
    assert row.state is State.WARN
    assert row.cure == profile(one).hint(Symptom.AUDIENCE)


def test_zitadels_roles_are_an_object_which_kubernetes_refuses() -> None:
    one = recording("zitadel")
    (roles,) = [name for name in one.about["claims"] if name.endswith(":roles")]
    row = verdict(one, one.token(), groups_claim=roles)[RowName.GROUPS]
    assert row.state is State.FAIL
    assert row.cure == profile(one).hint(Symptom.GROUPS_NOT_NAMES)
    assert "setClaim" in row.cure


def test_kanidm_has_an_issuer_for_each_client_and_es256() -> None:
    one = recording("kanidm")
    assert one.issuer.endswith(f"/{one.client_id}")
    assert one.metadata().algorithms(jose.ALGORITHMS) == {"ES256"}
    by_flags = JwtAuthenticator(one.issuer, (one.client_id,), algorithms=frozenset({"RS256"}))
    rows = judge(ReceivedToken.read(one.token()), by_flags, now=NOW, hints=profile(one).hints)
    assert [row.name for row in rows if row.state is State.FAIL] == [RowName.SIGNING_ALGS]
    assert accepted(verdict(one, one.token()).values())


def test_kanidm_has_no_device_flow() -> None:
    one = recording("kanidm")
    with pytest.raises(MetadataError) as caught:
        one.metadata().endpoint("device_authorization_endpoint")
    assert caught.value.member == "device_authorization_endpoint"
    assert profile(one).hint(Symptom.NO_DEVICE_FLOW)


def test_authentik_without_a_signing_key_is_found_out_before_anybody_signs_in() -> None:
    one = recording("authentik")
    metadata = one.metadata(id_token_signing_alg_values_supported=["HS256"])
    with pytest.raises(MetadataError) as caught:
        metadata.algorithms(jose.ALGORITHMS)
    assert caught.value.member == "id_token_signing_alg_values_supported"


def test_a_token_with_a_secret_key_is_nobodys_proof() -> None:
    """HS256: authentik's without a signing key, Auth0's where an application chose it."""
    for name in ("authentik", "auth0"):
        one = recording(name)
        parts = (json.dumps({"alg": "HS256", "typ": "JWT"}).encode(), json.dumps(one.claims()).encode())
        signed = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
        mac = hmac.digest(b"the client secret", signed.encode(), "sha256")
        token = Secret(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")
        with pytest.raises(VerificationError) as caught:
            one.verified(token)
        assert caught.value.step == "algorithm"
        row = verdict(one, token)[RowName.ALGORITHM]
        assert (row.state, row.cure) == (State.FAIL, profile(one).hint(Symptom.ALGORITHM))


def test_authentik_verifies_no_address_since_2025_10() -> None:
    one = recording("authentik")
    assert accepted(verdict(one, one.token()).values())
    row = verdict(one, one.token(), username_claim="email")[RowName.EMAIL_VERIFIED]
    assert (row.state, row.cure) == (State.FAIL, profile(one).hint(Symptom.EMAIL_NOT_VERIFIED))


def test_keycloaks_tokens_live_for_five_minutes_and_are_refreshed_in_the_last() -> None:
    one = recording("keycloak")
    kept = Session(one.issuer, one.client_id, one.token(), None, Secret("opaque"), expires_at=NOW + 299, lifetime=300.0)
    assert kept.usable_until == NOW + 269
    assert due_at(kept) == NOW + 209


def test_dex_may_have_two_audiences_when_we_are_the_party() -> None:
    """Cross-client scopes: audience:server:client_id:…"""
    one = recording("dex")
    both = ["api-server", one.client_id]
    assert one.verified(one.token(aud=both, azp=one.client_id)).audience == tuple(both)
    with pytest.raises(VerificationError):
        one.verified(one.token(aud=both, azp="api-server"))


def test_google_is_asked_for_a_refresh_token_by_a_parameter_and_never_by_a_scope() -> None:
    one = recording("google")
    assert "offline_access" not in (one.metadata().scopes_supported or ())
    assert dict(profile(one).params)["access_type"] == "offline"
    assert profile(one).groups_claim == ""
    assert accepted(verdict(one, one.token()).values())


def test_google_without_its_scheme_is_a_legacy_that_is_not_taken() -> None:
    one = recording("google")
    with pytest.raises(VerificationError) as caught:
        one.verified(one.token(iss="accounts.google.com"))
    assert caught.value.step == "issuer"


@pytest.mark.parametrize("tenant", ["common", "organizations"])
def test_entra_id_for_any_tenant_can_not_be_verified(tenant: str) -> None:
    one = recording("entra-id")
    with pytest.raises(MetadataError) as caught:
        one.read(
            f"https://login.microsoftonline.com/{tenant}/v2.0",
            issuer="https://login.microsoftonline.com/{tenantid}/v2.0",
        )
    assert "put your tenant ID in the place" in (caught.value.hint or "")


def test_entra_id_says_nothing_of_pkce_and_gets_it_all_the_same() -> None:
    """The challenge is sent whatever the metadata says; see grants."""
    assert recording("entra-id").metadata().code_challenge_methods is None


def test_entra_id_with_too_many_groups_only_says_where_they_are() -> None:
    one = recording("entra-id")
    overage = {
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": "https://graph.windows.net"}},
    }
    row = verdict(one, one.token(groups=ABSENT, **overage))[RowName.GROUPS]
    assert (row.state, row.cure) == (State.FAIL, profile(one).hint(Symptom.GROUPS_ELSEWHERE))


def test_entra_ids_address_is_not_said_to_be_verified() -> None:
    """Kubernetes takes an address of which nothing is said; whoever owns the account can change it."""
    one = recording("entra-id")
    assert "email_verified" not in one.claims()
    assert accepted(verdict(one, one.token(), username_claim="email").values())
    assert profile(one).username_claim == "oid"


def test_okta_has_an_org_server_besides() -> None:
    one = recording("okta")
    org = "https://example.okta.com"
    places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
    metadata = one.read(org, issuer=org, **{name: f"{org}/oauth2/v1/{end}" for name, end in places.items()})
    assert providers.profile_for(org, endpoints=metadata) is profile(one)


def test_auth0s_claim_of_groups_is_a_url() -> None:
    one = recording("auth0")
    assert profile(one).groups_claim.startswith("https://")
    assert "oidc:admins" in verdict(one, one.token())[RowName.GROUPS].cause
    assert one.metadata().algorithms(jose.ALGORITHMS) == {"RS256", "PS256"}


def test_gitlabs_groups_are_direct() -> None:
    one = recording("gitlab")
    rows = verdict(one, one.token(), groups_claim="groups")
    assert (rows[RowName.GROUPS].state, rows[RowName.GROUPS].cure) == (
        State.WARN,
        profile(one).hint(Symptom.NO_GROUPS),
    )
    assert "company/platform" in verdict(one, one.token())[RowName.GROUPS].cause


def test_gitlabs_tokens_serve_although_they_are_short() -> None:
    session = Session("https://gitlab.com", "k", expires_at=NOW + 120, lifetime=120.0)
    assert session.usable_until == NOW + 108


def test_authelia_without_a_claims_policy_says_nobodys_name() -> None:
    one = recording("authelia")
    rows = verdict(one, one.token())
    assert rows[RowName.USERNAME].state is State.FAIL
    assert rows[RowName.GROUPS].cure == profile(one).hint(Symptom.NO_GROUPS)
    assert "claims_policies" in rows[RowName.GROUPS].cure
    with_policy = one.token(preferred_username="alice", groups=["admins"])
    assert accepted(verdict(one, with_policy).values())


def test_rauthys_new_clients_sign_what_kubernetes_can_not_read() -> None:
    one = recording("rauthy")
    assert one.verified(one.token())
    row = verdict(one, one.token())[RowName.ALGORITHM]
    assert (row.state, row.cure) == (State.FAIL, profile(one).hint(Symptom.ALGORITHM))
    assert accepted(verdict(one, one.token(algorithm="RS256")).values())


def test_rauthys_refresh_token_says_when_it_may_be_used_first() -> None:
    """Earlier use ends all of the person's sessions: neither ahead of time, nor when forced (see refresh)."""
    one = recording("rauthy")
    lifetime = one.about["lifetime"]
    early = profile(one).refresh.too_early
    assert early == 60.0
    not_before = NOW + lifetime - early
    claims = {**one.about["refresh"]["token_claims"], "nbf": not_before, "exp": NOW + 48 * 3600}
    parts = [json.dumps({"alg": "EdDSA"}).encode(), json.dumps(claims).encode(), b"signature"]
    token = Secret(".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts))
    kept = Session(
        one.issuer, one.client_id, one.token(), None, token, expires_at=NOW + lifetime, lifetime=float(lifetime)
    )
    assert due_at(kept) == not_before
    assert (
        due_at(Session(one.issuer, one.client_id, one.token(), None, Secret("opaque"), NOW + 1800, 1800.0)) < not_before
    )


def test_nobodys_token_is_read_as_another_kind(one: Recording) -> None:
    """Claims such as typ and type are theirs to set; only the header's tells kinds of tokens apart."""
    assert read_unverified(one.token()).issuer == one.issuer
