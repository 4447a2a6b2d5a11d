"""Both providers pass the same table of flows."""

import base64
import json
import threading
import time
import warnings
from collections.abc import Callable

import pytest
import requests
from joserfc.errors import SecurityWarning

from examples.demo.sign_in import Wish
from tests.support.providers import CERTIFIED, EMBEDDED, KINDS, Provider
from tests.support.relying_party import RelyingParty

BOB, CAROL = Wish(user="bob", password="builder"), Wish(user="carol", password="christmas")
StartProvider = Callable[..., Provider]


def header(token: str) -> dict[str, str]:
    segment = token.partition(".")[0]
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))


def error(response: requests.Response) -> str:
    assert response.status_code in {400, 401}, response.text
    return response.json()["error"]


def test_discovery_names_the_issuer_and_what_the_plugin_needs(provider: Provider) -> None:
    metadata = provider.metadata
    assert metadata["issuer"] == provider.issuer
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    for endpoint in ("device_authorization", "revocation", "userinfo", "end_session"):
        assert metadata[f"{endpoint}_endpoint"].startswith(provider.issuer + "/")


def test_the_key_set_is_public_and_has_a_key_per_algorithm(provider: Provider) -> None:
    keys = provider.fetch(provider.metadata["jwks_uri"])["keys"]
    assert {key["alg"] for key in keys} == {"RS256", "PS256", "ES256", "ES384", "EdDSA"}
    assert not any(private in key for key in keys for private in ("d", "p", "q"))


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://localhost:8000",
        "http://localhost:18000/",
        "http://127.0.0.1:43211/callback",
        "http://[::1]:43211/callback",
    ],
)
def test_code_with_pkce_signs_in_at_any_loopback_port(provider: Provider, redirect_uri: str) -> None:
    party = RelyingParty(provider, redirect_uri=redirect_uri)
    answer = party.authorize()
    assert (answer["state"], answer["iss"]) == (party.state, provider.issuer)
    tokens = party.exchange(answer["code"]).json()
    claims = party.claims(tokens["id_token"])
    assert (claims["iss"], claims["sub"], claims["nonce"]) == (provider.issuer, "alice", party.nonce)
    assert claims["aud"] in ("kubernetes", ["kubernetes"])
    assert (claims["email"], claims["email_verified"]) == ("alice@example.test", True)
    assert claims["groups"] == ["developers", "admins"]
    assert claims["exp"] - claims["iat"] == 3600
    assert tokens["token_type"].lower() == "bearer"
    assert tokens["refresh_token"]


def test_claims_follow_the_scope(provider: Provider) -> None:
    party = RelyingParty(provider, scope="openid email")
    assert {"groups", "name"}.isdisjoint(party.claims(party.sign_in()["id_token"]))


def test_users_differ_in_what_kubernetes_looks_at(provider: Provider) -> None:
    party = RelyingParty(provider)
    assert party.claims(party.sign_in(BOB)["id_token"])["email_verified"] is False
    party = RelyingParty(provider)
    assert party.claims(party.sign_in(CAROL)["id_token"])["groups"] == "developers"


def test_a_wrong_verifier_is_refused_and_a_missing_one_too(provider: Provider) -> None:
    party = RelyingParty(provider)
    wrong = party.exchange(party.authorize()["code"], code_verifier="x" * 43)
    assert error(wrong) == "invalid_grant"
    assert error(party.token("authorization_code", code=party.authorize()["code"], redirect_uri=party.redirect_uri))


def test_a_code_counts_once_and_its_second_use_kills_the_tokens(provider: Provider) -> None:
    party = RelyingParty(provider)
    code = party.authorize()["code"]
    tokens = party.exchange(code).json()
    assert error(party.exchange(code)) == "invalid_grant"
    assert error(party.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_another_redirect_uri_at_the_token_endpoint_is_refused(provider: Provider) -> None:
    party = RelyingParty(provider)
    assert error(party.exchange(party.authorize()["code"], redirect_uri="http://localhost:8001")) == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "http://localhost:8000/elsewhere"},
        {"redirect_uri": "https://evil.example.test/callback"},
        {"client_id": "nobody"},
    ],
    ids=["unregistered-path", "not-loopback", "unknown-client"],
)
def test_a_request_that_cannot_be_trusted_ends_on_a_page(provider: Provider, changes: dict[str, str]) -> None:
    party = RelyingParty(provider)
    assert party.visit(party.authorization_url(**changes)).startswith("400 ")


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": None, "code_challenge_method": None},
    ],
    ids=["plain", "method-left-out", "no-pkce"],
)
def test_pkce_is_s256_or_nothing_works(provider: Provider, changes: dict[str, str | None]) -> None:
    answer = RelyingParty(provider).authorize(**changes)
    assert (answer["error"], answer["iss"]) == ("invalid_request", provider.issuer)


def test_a_wrong_password_shows_the_form_again(provider: Provider) -> None:
    party = RelyingParty(provider)
    answer = party.authorize(Wish(wrong_password_first=True))
    assert "code" in answer
    assert any(line.startswith("POST ") and line.endswith(" 401") for line in provider.request_lines())


def test_cancelling_comes_back_as_access_denied_with_state_and_issuer(provider: Provider) -> None:
    party = RelyingParty(provider)
    answer = party.authorize(Wish(cancel=True))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", party.state, provider.issuer)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "EdDSA"])
def test_each_algorithm_has_its_client(provider: Provider, algorithm: str) -> None:
    party = RelyingParty(provider, client_id=f"kubernetes-{algorithm.lower()}")
    token = party.sign_in()["id_token"]
    assert header(token)["alg"] == algorithm
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        assert party.claims(token)["sub"] == "alice"


@pytest.mark.parametrize("client_id", ["kubernetes-basic", "kubernetes-post"])
def test_confidential_clients_need_their_odd_secret(provider: Provider, client_id: str) -> None:
    party = RelyingParty(provider, client_id=client_id)
    code = party.authorize()["code"]
    public = provider.request(
        "POST",
        provider.metadata["token_endpoint"],
        data={"grant_type": "authorization_code", "client_id": client_id, "code": code},
    )
    assert error(public) == "invalid_client"
    tokens = party.exchange(code).json()
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_refresh_rotates_and_brings_a_new_id_token(provider: Provider) -> None:
    party = RelyingParty(provider)
    first = party.sign_in()
    second = party.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    claims = party.claims(second["id_token"])
    assert (claims["sub"], claims["groups"]) == ("alice", ["developers", "admins"])
    assert claims.get("auth_time") == party.claims(first["id_token"]).get("auth_time")


def test_reuse_of_a_refresh_token_kills_the_whole_family(provider: Provider) -> None:
    party = RelyingParty(provider)
    first = party.sign_in()
    second = party.refresh(first["refresh_token"]).json()
    assert userinfo(provider, second["access_token"]) == 200
    assert error(party.refresh(first["refresh_token"])) == "invalid_grant"
    assert error(party.refresh(second["refresh_token"])) == "invalid_grant"
    assert userinfo(provider, second["access_token"]) == 401


def userinfo(provider: Provider, access_token: str) -> int:
    headers = {"Authorization": f"Bearer {access_token}"}
    return provider.request("GET", provider.metadata["userinfo_endpoint"], headers=headers).status_code


@pytest.mark.parametrize("kind", KINDS)
def test_refreshes_that_race_have_at_most_one_winner_and_none_in_the_end(
    started_provider: StartProvider, kind: str
) -> None:
    provider = started_provider(kind, refresh_latency=0.3)
    party = RelyingParty(provider)
    token = party.sign_in()["refresh_token"]
    answers: list[requests.Response] = []
    racers = [threading.Thread(target=lambda: answers.append(party.refresh(token))) for _ in range(5)]
    started = time.monotonic()
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert time.monotonic() - started < 20
    won = [answer.json()["refresh_token"] for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert error(party.refresh(won[0])) == "invalid_grant"


def test_revocation_by_a_public_client_ends_the_refresh_token(provider: Provider) -> None:
    party = RelyingParty(provider)
    token = party.sign_in()["refresh_token"]
    response = party.post(provider.metadata["revocation_endpoint"], token=token, token_type_hint="refresh_token")
    assert response.status_code == 200
    assert error(party.refresh(token)) == "invalid_grant"


def test_logout_comes_back_to_the_application(provider: Provider) -> None:
    party = RelyingParty(provider)
    token = party.sign_in()["id_token"]
    answer = provider.request(
        "GET",
        provider.metadata["end_session_endpoint"],
        params={"id_token_hint": token, "post_logout_redirect_uri": "http://localhost:8000/"},
        allow_redirects=False,
    )
    assert answer.status_code in {200, 302, 303}


@pytest.mark.parametrize("complete", [False, True], ids=["typed-code", "complete-uri"])
def test_device_is_pending_then_approved_once(provider: Provider, complete: bool) -> None:
    party = RelyingParty(provider)
    device = party.device_authorization()
    assert error(party.poll(device["device_code"])) == "authorization_pending"
    url = device["verification_uri_complete" if complete else "verification_uri"]
    last = party.visit(url, Wish(user_code="" if complete else device["user_code"], wrong_password_first=True))
    assert last == "200 Device connected"
    tokens = party.poll(device["device_code"]).json()
    assert party.claims(tokens["id_token"])["groups"] == ["developers", "admins"]
    assert party.refresh(tokens["refresh_token"]).json()["id_token"]
    assert error(party.poll(device["device_code"])) == "invalid_grant"


def test_device_denied(provider: Provider) -> None:
    party = RelyingParty(provider)
    device = party.device_authorization()
    party.visit(device["verification_uri_complete"], Wish(cancel=True))
    assert error(party.poll(device["device_code"])) == "access_denied"


@pytest.mark.parametrize("kind", KINDS)
def test_device_expires(started_provider: StartProvider, kind: str) -> None:
    party = RelyingParty(started_provider(kind, device_ttl=1))
    device = party.device_authorization()
    time.sleep(2.1)
    assert error(party.poll(device["device_code"])) == "expired_token"


def test_embedded_device_slows_a_hasty_client_down(started_provider: StartProvider) -> None:
    party = RelyingParty(started_provider(EMBEDDED, device_interval=1))
    device = party.device_authorization()
    assert device["interval"] == 1
    codes = [error(party.poll(device["device_code"])) for _ in range(2)]
    time.sleep(1.1)
    codes.append(error(party.poll(device["device_code"])))
    assert codes == ["authorization_pending", "slow_down", "slow_down"]


def test_embedded_device_holds_the_client_to_its_challenge(started_provider: StartProvider) -> None:
    party = RelyingParty(started_provider(EMBEDDED))
    device = party.device_authorization(code_challenge=party.challenge, code_challenge_method="S256")
    party.visit(device["verification_uri_complete"])
    assert error(party.poll(device["device_code"])) == "invalid_grant"
    assert error(party.poll(device["device_code"], code_verifier="x" * 43)) == "invalid_grant"
    assert party.poll(device["device_code"], code_verifier=party.verifier).status_code == 200


def test_embedded_refresh_token_can_depend_on_offline_access(started_provider: StartProvider) -> None:
    provider = started_provider(EMBEDDED, refresh_always=False)
    assert "refresh_token" not in RelyingParty(provider).sign_in()
    assert "refresh_token" in RelyingParty(provider, scope="openid offline_access").sign_in()


def test_embedded_rotation_can_forgive_a_lost_answer(started_provider: StartProvider) -> None:
    """For as long as it was told, and never a token that is older than that."""
    provider = started_provider(EMBEDDED, refresh_grace=3)
    party = RelyingParty(provider)
    first = party.sign_in()["refresh_token"]
    lost = [party.refresh(first) for _ in range(3)]
    assert [one.status_code for one in lost] == [200] * 3
    assert len({one.json()["refresh_token"] for one in lost}) == 3
    time.sleep(3.1)
    assert error(party.refresh(first)) == "invalid_grant"
    assert error(party.refresh(lost[-1].json()["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize("kind", KINDS)
def test_options_choose_algorithm_and_lifetime_over_plain_http(started_provider: StartProvider, kind: str) -> None:
    provider = started_provider(kind, https=False, algorithm="ES384", id_token_ttl=7)
    assert provider.issuer.startswith("http://localhost:")
    party = RelyingParty(provider)
    token = party.sign_in()["id_token"]
    claims = party.claims(token)
    assert header(token)["alg"] == "ES384"
    assert claims["exp"] - claims["iat"] == 7


def test_requests_are_counted_by_endpoint(provider: Provider) -> None:
    party = RelyingParty(provider)
    party.sign_in()
    assert (provider.count("token_endpoint"), provider.count("jwks_uri"), provider.count("discovery")) == (1, 0, 0)
    provider.forget()
    assert provider.count() == 0


def test_certified_provider_takes_pushed_requests_and_introspection(started_provider: StartProvider) -> None:
    provider = started_provider(CERTIFIED)
    party = RelyingParty(provider, client_id="kubernetes-basic")
    pushed = party.post(
        provider.metadata["pushed_authorization_request_endpoint"],
        client_id=party.client_id,
        response_type="code",
        redirect_uri=party.redirect_uri,
        scope=party.scope,
        code_challenge=party.challenge,
        code_challenge_method="S256",
    )
    assert pushed.status_code == 201
    token = party.sign_in()["access_token"]
    assert party.post(provider.metadata["introspection_endpoint"], token=token).json()["active"] is True
