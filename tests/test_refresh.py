"""The refresh: one request, never repeated once it may have left, saved before anything is said.

Ids name the rows of our fault table (B) and requirements (R).
"""

import base64
import json
from typing import Any

import pytest

from kubelogin_py.errors import (
    Error,
    MetadataError,
    NotSentError,
    OAuthError,
    ProviderError,
    TransientError,
    VerificationError,
)
from kubelogin_py.login import Credential, sign_in
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from tests.oidc.minting import new_signer
from tests.support.fake_provider import ISSUER, METADATA, Lost, answer, refusal
from tests.support.world import KEY, Scene

NOT_SENT = "POST https://id.example.com/token: connection refused (temporary)"
SENT = "POST https://id.example.com/token: connection reset by peer (temporary)"


@pytest.fixture
def scene() -> Scene:
    """An expired session whose refresh token is ``refresh-0``."""
    scene = Scene()
    scene.keep_expired_session()
    return scene


def run(scene: Scene, **changed: object) -> Credential:
    return sign_in(scene.settings(**changed), scene.world, key=KEY)


def grants(scene: Scene) -> list[str]:
    """The grants that the token endpoint was asked for."""
    return [form["grant_type"] for form in scene.provider.forms]


def sent(scene: Scene) -> list[str]:
    """The refresh tokens that were sent."""
    return [form["refresh_token"] for form in scene.provider.forms if "refresh_token" in form]


def kept(scene: Scene) -> Session:
    assert scene.kept is not None
    return scene.kept


def refresh_token(scene: Scene) -> str | None:
    token = kept(scene).refresh_token
    return token.reveal() if token else None


def test_a_refresh_happens_in_this_order(scene: Scene) -> None:
    """R66, R69: all that may fail comes first; "sent" is on disk before the token leaves, the new one before we go on.

    From the mark to the new token nothing can interrupt it.
    """
    credential = run(scene)
    assert scene.events == [
        "lock",
        f"GET {METADATA}",
        "GET /keys",
        "guard",
        "save refresh-0 as sent",
        "POST /token",
        "save refresh-1",
        "unguard",
        "unlock",
    ]
    assert credential.token == kept(scene).id_token
    assert credential.usable_until == kept(scene).usable_until


def test_the_request_carries_the_token_and_the_client_and_nothing_else(scene: Scene) -> None:
    """R63: a scope could only be wrong."""
    run(scene, extra_scopes=("email",))
    assert scene.provider.forms == [
        {"grant_type": "refresh_token", "refresh_token": "refresh-0", "client_id": "kubernetes"}
    ]


def test_the_mark_says_when_the_token_was_sent(scene: Scene) -> None:
    marks: list[float | None] = []
    scene.provider.on_token_request = lambda: marks.append(kept(scene).refresh_sent_at)
    run(scene)
    assert marks == [scene.clock.now()]
    assert kept(scene).refresh_sent_at is None


@pytest.mark.parametrize(
    ("issued", "newest"),
    [
        ({}, "refresh-1"),
        ({"refresh_token": None}, "refresh-0"),
        ({"refresh_token": ""}, "refresh-0"),
        ({"refresh_token": "refresh-0"}, "refresh-0"),
        ({"refresh_token": "another"}, "another"),
    ],
    ids=["rotated", "B-47 absent", "B-47 empty", "B-47 the same", "of another form"],
)
def test_the_newest_refresh_token_is_kept(scene: Scene, issued: dict[str, Any], newest: str) -> None:
    scene.provider.token_response = issued
    run(scene)
    assert refresh_token(scene) == newest


def test_refreshes_follow_one_another_with_a_rotating_provider(scene: Scene) -> None:
    """Each token is used once; a provider that watches for reuse has nothing to revoke."""
    for _ in range(5):
        run(scene)
        scene.clock.passed += 3600
    assert sent(scene) == ["refresh-0", "refresh-1", "refresh-2", "refresh-3", "refresh-4"]
    assert not scene.provider.revoked


def test_what_the_first_sign_in_said_is_kept_for_the_next_refreshes() -> None:
    """R61: the nonce of the sign-in is known as long as the session lives, also when tokens leave it out."""
    scene = Scene()
    run(scene, extra_scopes=("groups",))
    first = kept(scene)
    scene.provider.nonce = None
    scene.clock.passed += 3600
    run(scene, extra_scopes=("groups",))
    assert kept(scene).nonce_sha256 == first.nonce_sha256
    assert kept(scene).scope == first.scope


def test_a_nonce_that_comes_back_late_must_be_that_of_the_sign_in() -> None:
    """R61: leaving it out for a while is no way to get another one accepted."""
    scene = Scene()
    run(scene)
    nonce = scene.provider.nonce
    for said, fine in ((None, True), (nonce, True), (None, True), ("another", False)):
        scene.provider.nonce = said
        scene.clock.passed += 3600
        if fine:
            run(scene)
        else:
            with pytest.raises(VerificationError) as caught:
                run(scene)
            assert caught.value.step == "nonce"


def test_a_changed_scope_is_kept(scene: Scene) -> None:
    scene.provider.token_response = {"scope": "openid email"}
    run(scene)
    assert kept(scene).scope == "openid email"


# What is refused.


@pytest.mark.parametrize(
    "response",
    [
        refusal("invalid_grant", error_description="token expired"),
        refusal("invalid_grant", 401),
        refusal("invalid_grant", 200),
        refusal("invalid_request"),
        refusal("interaction_required"),
        Response(f"{ISSUER}/token", 400, {}, b""),
        Response(f"{ISSUER}/token", 401, {}, b""),
    ],
    ids=[
        "B-49 invalid_grant",
        "B-49 with 401",
        "B-41 with 200",
        "B-49 invalid_request",
        "asks for the person",
        "empty 400",
        "empty 401",
    ],
)
def test_a_refused_refresh_token_leads_to_one_sign_in_and_is_never_sent_again(scene: Scene, response: Response) -> None:
    scene.provider.scripted = [response]
    credential = run(scene)
    assert grants(scene) == ["refresh_token", "authorization_code"]
    assert credential.token == kept(scene).id_token
    assert any("has ended" in line for line in scene.console.lines)
    scene.clock.passed += 3600
    run(scene)
    assert sent(scene) == ["refresh-0", "refresh-1"]


def test_a_refused_refresh_token_is_gone_before_the_person_is_asked(scene: Scene) -> None:
    """A sign-in that is then abandoned must not leave a token behind that the next command would send again."""
    scene.provider.scripted = [refusal("invalid_grant")]
    scene.browser.respond = lambda _: []
    with pytest.raises(Error):
        run(scene)
    assert refresh_token(scene) is None
    assert kept(scene).refresh_sent_at is None
    with pytest.raises(Error):
        run(scene)
    assert sent(scene) == ["refresh-0"]


def test_the_reason_of_the_provider_is_told(scene: Scene) -> None:
    scene.provider.scripted = [refusal("invalid_grant", error_description="revoked by\x1b[2J admin")]
    run(scene)
    assert "invalid_grant (revoked by\\x1b[2J admin)" in scene.console.text


def test_a_token_that_somebody_replaced_meanwhile_is_used(scene: Scene) -> None:
    """Where no lock can be had, another process may have been faster; its session is as good as ours."""
    scene.provider.scripted = [refusal("invalid_grant")]
    scene.provider.on_token_request = lambda: scene.keep_session(refresh_token=Secret("refresh-elsewhere"))
    credential = run(scene)
    assert credential.token == kept(scene).id_token
    assert refresh_token(scene) == "refresh-elsewhere"
    assert grants(scene) == ["refresh_token"]


@pytest.mark.parametrize(
    "changed",
    [{"issuer": "https://evil.example"}, {"client_id": "other"}, {"id_token": Secret("a.b.c")}],
    ids=["of another issuer", "of another client", "unreadable"],
)
def test_what_somebody_else_left_is_not_used_blindly(scene: Scene, changed: dict[str, Any]) -> None:
    """Nor is it taken away: if the sign-in that follows is abandoned, it is still there."""
    scene.provider.scripted = [refusal("invalid_grant")]
    scene.provider.on_token_request = lambda: scene.keep_session(refresh_token=Secret("refresh-elsewhere"), **changed)
    scene.browser.respond = lambda _: []
    with pytest.raises(Error):
        run(scene)
    assert "browser" in scene.events
    assert refresh_token(scene) == "refresh-elsewhere"


@pytest.mark.parametrize("revoked", [False, True])
def test_an_expired_session_that_somebody_left_is_refreshed_once(scene: Scene, revoked: bool) -> None:
    """Its refresh token is the newest there is; whoever is refused it, too, signs in, and nothing goes in circles."""
    scene.provider.current = "refresh-5"
    scene.provider.revoked = revoked
    scene.provider.scripted = [refusal("invalid_grant")]
    left = [Secret("refresh-5"), Secret("refresh-6")]

    def replace_it() -> None:
        if left:
            scene.keep_session(refresh_token=left.pop(0), expires_at=1.0)
        if not left:
            scene.provider.on_token_request = lambda: None

    scene.provider.on_token_request = replace_it
    if not revoked:
        left.pop()
    credential = run(scene)
    assert credential.token == kept(scene).id_token
    assert grants(scene) == ["refresh_token", "refresh_token", *(["authorization_code"] if revoked else [])]
    assert sent(scene) == ["refresh-0", "refresh-5"]
    assert len([line for line in scene.console.lines if "has ended" in line]) == revoked


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client", "unsupported_grant_type", "whatever"])
def test_a_refused_client_keeps_the_token_and_asks_nobody(scene: Scene, error: str) -> None:
    """B-49: signing in would not help."""
    old = kept(scene)
    scene.provider.scripted = [refusal(error, 401)]
    with pytest.raises(OAuthError) as caught:
        run(scene)
    assert caught.value.error == error
    assert kept(scene) == old
    assert "browser" not in scene.events
    run(scene)
    assert sent(scene) == ["refresh-0", "refresh-0"]


def test_a_confidential_client_refused_one_way_tries_the_other(scene: Scene) -> None:
    scene.provider.scripted = [refusal("invalid_client", 401)]
    run(scene, client_secret=Secret("s:e/c ret"))
    first, second = [request for request in scene.provider.requests if request.path == "/token"]
    assert first.basic == ("kubernetes", "s:e/c ret")
    assert second.basic is None
    assert second.form["client_secret"] == "s:e/c ret"


# What is temporary.


@pytest.mark.parametrize(
    "outcome",
    [
        TransientError(SENT),
        Lost(),
        answer({}, 500),
        answer({"error": "server_error"}, 503),
        answer({}, 429, retry_after="5"),
        refusal("temporarily_unavailable"),
        Response(f"{ISSUER}/token", 200, {"content-type": "text/html"}, b"<html>portal</html>"),
        Response(f"{ISSUER}/token", 400, {"content-type": "text/html"}, b"<html>proxy</html>"),
        Response(f"{ISSUER}/token", 200, {}, b'{"access_token": "cut of'),
    ],
    ids=[
        "B-50 reset after send",
        "B-50 answer lost",
        "B-50 500",
        "B-50 503 with an error",
        "429",
        "temporarily_unavailable",
        "R68 a portal's page",
        "B-41 400 without JSON",
        "truncated",
    ],
)
def test_a_passing_fault_keeps_the_token_and_asks_nobody(scene: Scene, outcome: Any) -> None:
    """R66, R68: sent once, marked, and for the next command to try again."""
    scene.provider.scripted = [outcome]
    with pytest.raises(TransientError):
        run(scene)
    assert sent(scene) == ["refresh-0"]
    assert refresh_token(scene) == "refresh-0"
    assert kept(scene).refresh_sent_at == scene.clock.now()
    assert "browser" not in scene.events


def test_a_passing_fault_is_followed_by_success(scene: Scene) -> None:
    scene.provider.scripted = [answer({}, 503)]
    with pytest.raises(TransientError):
        run(scene)
    run(scene)
    assert refresh_token(scene) == "refresh-1"
    assert kept(scene).refresh_sent_at is None


def test_a_lost_answer_is_told_when_the_provider_has_rotated(scene: Scene) -> None:
    """B-103: the token is tried once more, and when that is refused the person learns why they sign in again."""
    scene.provider.scripted = [Lost()]
    with pytest.raises(TransientError):
        run(scene)
    run(scene)
    assert grants(scene) == ["refresh_token", "refresh_token", "authorization_code"]
    assert any("answer to its last refresh was lost" in line for line in scene.console.lines)


def test_a_lost_answer_costs_nothing_when_the_provider_does_not_rotate(scene: Scene) -> None:
    scene.provider.rotates = False
    scene.provider.scripted = [Lost()]
    with pytest.raises(TransientError):
        run(scene)
    run(scene)
    assert grants(scene) == ["refresh_token", "refresh_token"]
    assert scene.console.lines == []


def test_a_request_that_never_left_is_made_once_more(scene: Scene) -> None:
    """R66: connecting may be tried again at once."""
    scene.provider.scripted = [NotSentError(NOT_SENT)]
    run(scene)
    assert sent(scene) == ["refresh-0", "refresh-0"]
    assert refresh_token(scene) == "refresh-1"


def test_a_request_that_never_left_twice_is_given_up_without_a_mark(scene: Scene) -> None:
    old = kept(scene)
    scene.provider.scripted = [NotSentError(NOT_SENT), NotSentError(NOT_SENT)]
    with pytest.raises(NotSentError):
        run(scene)
    assert scene.provider.count("/token") == 2
    assert kept(scene) == old


def test_a_request_that_may_have_left_at_the_second_try_is_marked(scene: Scene) -> None:
    scene.provider.scripted = [NotSentError(NOT_SENT), TransientError(SENT)]
    with pytest.raises(TransientError):
        run(scene)
    assert scene.provider.count("/token") == 2
    assert kept(scene).refresh_sent_at == scene.clock.now()


def test_the_mark_of_a_lost_answer_outlives_a_request_that_never_left(scene: Scene) -> None:
    """The fate of the token is still as unknown as before."""
    scene.provider.scripted = [Lost()]
    with pytest.raises(TransientError):
        run(scene)
    lost_at = kept(scene).refresh_sent_at
    scene.clock.passed += 60
    scene.provider.scripted = [NotSentError(NOT_SENT), NotSentError(NOT_SENT)]
    with pytest.raises(NotSentError):
        run(scene)
    assert kept(scene).refresh_sent_at == lost_at


def test_nothing_is_sent_when_its_answer_could_not_be_verified(scene: Scene) -> None:
    """A provider that went over to HS256 would answer with a token we refuse, and the old one would be spent."""
    old = kept(scene)
    scene.provider.metadata = {"id_token_signing_alg_values_supported": ["HS256"]}
    with pytest.raises(MetadataError):
        run(scene)
    assert scene.provider.count("/token") == 0
    assert kept(scene) == old


@pytest.mark.parametrize(
    "response",
    [
        answer({"access_token": "a"}),
        answer({"access_token": "a", "token_type": "mac"}),
        answer({"access_token": "a\nb", "token_type": "Bearer"}),
        answer({"token_type": "Bearer"}),
        refusal(["invalid_grant"]),
        answer({"hello": "world"}, 400),
    ],
    ids=["B-42 no type", "B-42 mac", "B-44 newline", "B-44 absent", "B-41 error not a string", "B-41 no error"],
)
def test_an_answer_that_makes_no_sense_is_refused_and_the_token_kept(scene: Scene, response: Response) -> None:
    scene.provider.scripted = [response]
    with pytest.raises(ProviderError):
        run(scene)
    assert refresh_token(scene) == "refresh-0"
    assert "browser" not in scene.events


@pytest.mark.parametrize("expires_in", [None, "3600", -1, 0, 1e18, True], ids=repr)
def test_expires_in_says_nothing_about_the_id_token(scene: Scene, expires_in: object) -> None:
    """B-43."""
    scene.provider.token_response = {"expires_in": expires_in}
    assert run(scene).usable_until == scene.clock.now() + 3600 - 30


# What comes without an ID token.


def test_a_missing_id_token_is_asked_for_with_the_granted_scopes(scene: Scene) -> None:
    """B-46: the rotated token is on disk before the second request leaves."""
    scene.provider.id_token_on_refresh = False
    scene.provider.id_token_with_scope = True
    credential = run(scene)
    assert credential.token == kept(scene).id_token
    assert [form.get("scope") for form in scene.provider.forms] == [None, "openid"]
    assert scene.events[3:] == [
        "guard",
        "save refresh-0 as sent",
        "POST /token",
        "save refresh-1",
        "save refresh-1 as sent",
        "POST /token",
        "save refresh-2",
        "unguard",
        "unlock",
    ]


@pytest.mark.parametrize("rotates", [True, False], ids=["rotating", "not rotating"])
def test_a_provider_that_gives_none_at_all_leads_to_a_sign_in(scene: Scene, rotates: bool) -> None:
    scene.provider.id_token_on_refresh = False
    scene.provider.rotates = rotates
    run(scene)
    assert grants(scene) == ["refresh_token", "refresh_token", "authorization_code"]
    assert any("gives no ID token on refresh" in line for line in scene.console.lines)
    assert not scene.provider.revoked


def test_what_the_second_answer_rotated_is_not_lost_when_nobody_signs_in(scene: Scene) -> None:
    scene.provider.id_token_on_refresh = False
    scene.browser.respond = lambda _: []
    with pytest.raises(Error):
        run(scene)
    assert refresh_token(scene) == scene.provider.current == "refresh-2"
    assert kept(scene).refresh_sent_at is None


def test_the_second_request_is_left_out_when_openid_was_not_granted(scene: Scene) -> None:
    """R63: asking for more than was granted is refused."""
    scene.provider.id_token_on_refresh = False
    scene.provider.token_response = {"scope": "email"}
    run(scene)
    assert grants(scene) == ["refresh_token", "authorization_code"]


@pytest.mark.parametrize(
    ("refused", "left"),
    [(refusal("invalid_scope"), "refresh-1"), (refusal("invalid_grant"), None), (refusal("invalid_request"), None)],
    ids=["invalid_scope", "invalid_grant", "invalid_request"],
)
def test_a_refused_second_request_leads_to_a_sign_in(scene: Scene, refused: Response, left: str | None) -> None:
    """Otherwise a provider that dislikes the scope would lock the person out at every expiry."""
    scene.provider.id_token_on_refresh = False
    first = answer({"access_token": "a", "token_type": "Bearer", "refresh_token": "refresh-1"})
    scene.provider.scripted = [first, refused]
    scene.browser.respond = lambda _: []
    with pytest.raises(Error):
        run(scene)
    assert "browser" in scene.events
    assert refresh_token(scene) == left
    assert kept(scene).refresh_sent_at is None


def test_a_second_answer_that_is_lost_is_marked(scene: Scene) -> None:
    scene.provider.id_token_on_refresh = False
    first = answer({"access_token": "a", "token_type": "Bearer", "refresh_token": "refresh-1"})
    scene.provider.scripted = [first, TransientError(SENT)]
    with pytest.raises(TransientError):
        run(scene)
    assert refresh_token(scene) == "refresh-1"
    assert kept(scene).refresh_sent_at == scene.clock.now()
    assert "browser" not in scene.events


def test_force_refresh_does_not_give_the_old_token_when_there_is_no_new_one() -> None:
    """The kept token is still fresh, but the person asked for another."""
    scene = Scene()
    old = scene.keep_session()
    scene.provider.id_token_on_refresh = False
    first = answer({"access_token": "a", "token_type": "Bearer", "refresh_token": "refresh-1"})
    scene.provider.scripted = [first, refusal("invalid_grant")]
    scene.clock.passed += 10
    assert run(scene, force_refresh=True).token != old.id_token
    assert grants(scene)[-1] == "authorization_code"


# What comes with a wrong ID token.


@pytest.mark.parametrize(
    ("claims", "step"),
    [
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": ["kubernetes", "other"]}, "audience"),
        ({"azp": "other"}, "authorized_party"),
    ],
    ids=["B-48 issuer", "no issuer", "B-48 audience", "strange audience", "authorized party"],
)
def test_a_token_that_is_not_ours_changes_nothing(scene: Scene, claims: dict[str, Any], step: str) -> None:
    """Nothing that came with it is kept either."""
    old = kept(scene)
    scene.provider.claims = claims
    with pytest.raises(VerificationError) as caught:
        run(scene)
    assert caught.value.step == step
    assert kept(scene) == old
    assert "browser" not in scene.events


def test_another_person_s_token_drops_the_entry(scene: Scene) -> None:
    """B-48: whose session that is we can't know; the next command signs in."""
    scene.provider.claims = {"sub": "mallory-id"}
    with pytest.raises(VerificationError) as caught:
        run(scene)
    assert caught.value.step == "subject"
    assert scene.kept is None
    assert "browser" not in scene.events
    run(scene)
    assert grants(scene) == ["refresh_token", "authorization_code"]


def test_an_entry_that_can_not_be_dropped_is_told(scene: Scene) -> None:
    scene.provider.claims = {"sub": "mallory-id"}
    scene.store.full = True
    with pytest.raises(VerificationError):
        run(scene)
    assert any("read-only file system" in line for line in scene.console.warnings)


@pytest.mark.parametrize(
    ("before", "after", "step"),
    [
        ({}, {"nonce": "another"}, "nonce"),
        ({}, {"nonce": 7}, "nonce"),
        ({"auth_time": 1}, {"auth_time": 2}, "auth_time"),
        ({"azp": "kubernetes"}, {"azp": None}, "authorized_party"),
        ({"aud": ["kubernetes", "two"], "azp": "kubernetes"}, {"aud": "kubernetes"}, "audience"),
        ({}, {"iat": 1_700_000_000}, "issued_at"),
    ],
    ids=["nonce", "odd nonce", "auth_time", "azp", "audience lost", "older"],
)
def test_a_token_that_does_not_continue_the_session_ends_it(
    before: dict[str, Any], after: dict[str, Any], step: str
) -> None:
    """R61: refused; and since "sign in again" is what helps, the next command does."""
    scene = Scene()
    scene.provider.nonce = "the-nonce"
    scene.provider.claims = before
    scene.keep_expired_session()
    scene.provider.claims = {**before, **after}
    with pytest.raises(VerificationError) as caught:
        run(scene)
    assert caught.value.step == step
    assert "browser" not in scene.events
    scene.provider.claims = {}
    run(scene)
    assert grants(scene) == ["refresh_token", "authorization_code"]


@pytest.mark.parametrize(
    ("claims", "step"),
    [
        ({"iat": 1_900_000_000, "exp": 1_900_003_600}, "issued_at"),
        ({"exp": 1_700_000_000}, "expiry"),
        ({"nbf": 1_900_000_000}, "not_before"),
        ({"exp": None}, "expiry"),
        ({"sub": None}, "subject"),
        ({"at_hash": "wrong"}, "at_hash"),
        ({"type": "access-token"}, "type"),
    ],
    ids=["issued ahead", "expired", "not yet valid", "no expiry", "no subject", "at_hash", "another kind"],
)
def test_a_rotated_token_is_not_lost_with_an_id_token_that_can_not_be_used(
    scene: Scene, claims: dict[str, Any], step: str
) -> None:
    """A clock that is wrong today must not cost the session."""
    scene.provider.claims = claims
    with pytest.raises(VerificationError) as caught:
        run(scene)
    assert caught.value.step == step
    assert refresh_token(scene) == "refresh-1"
    assert kept(scene).refresh_sent_at is None
    scene.provider.claims = {}
    run(scene)
    assert sent(scene) == ["refresh-0", "refresh-1"]


def test_a_badly_signed_token_does_not_cost_the_rotated_one(scene: Scene) -> None:
    scene.provider.token_response = {"id_token": scene.provider.id_token() + "A"}
    with pytest.raises(VerificationError):
        run(scene)
    assert refresh_token(scene) == "refresh-1"


def test_keys_that_rotated_are_read_once_more_after_the_rotated_token_was_kept(scene: Scene) -> None:
    """B-37: reading them takes time and may fail."""
    old_key = scene.provider.key
    scene.provider.key = new_signer(key_id="two")
    scene.provider.scripted_documents["/keys"] = [answer({"keys": [old_key.jwk()]})]
    credential = run(scene)
    assert credential.token == kept(scene).id_token
    assert scene.events[3:] == [
        "guard",
        "save refresh-0 as sent",
        "POST /token",
        "save refresh-1",
        "GET /keys",
        "save refresh-1",
        "unguard",
        "unlock",
    ]


@pytest.mark.parametrize("fault", [TransientError(SENT), answer({"keys": []})], ids=["network", "no keys"])
def test_keys_that_can_not_be_read_again_do_not_cost_the_rotated_token(scene: Scene, fault: Any) -> None:
    old_key = scene.provider.key
    scene.provider.key = new_signer(key_id="two")
    scene.provider.scripted_documents["/keys"] = [answer({"keys": [old_key.jwk()]}), fault]
    with pytest.raises(Error):
        run(scene)
    assert refresh_token(scene) == "refresh-1"
    assert kept(scene).refresh_sent_at is None


def test_a_key_that_stays_unknown_is_looked_for_twice_only(scene: Scene) -> None:
    published = [scene.provider.key]
    scene.provider.key = new_signer(key_id="two")
    scene.provider.published = published
    with pytest.raises(VerificationError):
        run(scene)
    assert scene.provider.count("/keys") == 2


@pytest.mark.parametrize("name", ["groups", "email"])
def test_lost_claims_are_told(name: str) -> None:
    """R62: the token is used all the same."""
    scene = Scene()
    scene.provider.claims = {"groups": ["admins"]}
    scene.keep_expired_session()
    scene.provider.claims = {"groups": ["admins"], name: None}
    run(scene)
    assert len(scene.console.warnings) == 1
    assert f"has no {name}" in scene.console.warnings[0]


def test_a_refreshed_token_that_is_as_good_as_expired_is_given_with_a_warning(scene: Scene) -> None:
    """B-52: no loop; it may just do for this one command."""
    scene.provider.claims = {"exp": int(scene.clock.now()) + 3}
    credential = run(scene)
    assert credential.token == kept(scene).id_token
    assert len(scene.console.warnings) == 1
    assert "expires in 3 seconds" in scene.console.warnings[0]
    assert grants(scene) == ["refresh_token"]


# What must not be sent yet.


def jwt_shaped(**claims: object) -> Secret:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return Secret(f"e30.{payload}.c2ln")


def test_a_refresh_token_that_is_not_valid_yet_is_not_sent(scene: Scene) -> None:
    """R71, B-51: sent early it would end all of the person's sessions."""
    scene.keep_session(
        refresh_token=jwt_shaped(nbf=scene.clock.now() + 60), expires_at=scene.clock.now(), lifetime=60.0
    )
    run(scene)
    assert grants(scene) == ["authorization_code"]
    assert "in 60 seconds" in scene.console.warnings[0]


def test_a_refresh_token_that_is_not_valid_yet_is_not_forced(scene: Scene) -> None:
    """D5: the token at hand still serves."""
    session = scene.keep_session(refresh_token=jwt_shaped(nbf=scene.clock.now() + 60))
    assert run(scene, force_refresh=True).token == session.id_token
    assert scene.provider.requests == []
    assert len(scene.console.warnings) == 1


@pytest.mark.parametrize("claims", [{"nbf": 1_700_000_000}, {"nbf": "soon"}, {"nbf": None}, {}], ids=repr)
def test_any_other_refresh_token_is_sent(scene: Scene, claims: dict[str, object]) -> None:
    token = jwt_shaped(**claims)
    scene.provider.current = token.reveal()
    scene.provider.rotates = False
    scene.keep_session(refresh_token=token, expires_at=scene.clock.now())
    run(scene)
    assert sent(scene) == [token.reveal()]


# What can't be stored.


def test_a_full_disk_costs_one_warning_and_not_the_credential(scene: Scene) -> None:
    """R70."""
    old = kept(scene)
    scene.store.full = True
    credential = run(scene)
    assert credential.token != old.id_token
    assert len(scene.console.warnings) == 1
    assert "no space left on device" in scene.console.warnings[0]


def test_a_disk_that_fills_up_after_the_mark_keeps_the_mark(scene: Scene) -> None:
    """What was sent is known to the next command, even if the answer could not be kept."""

    def fill() -> None:
        scene.store.full = True

    scene.provider.on_token_request = fill
    run(scene)
    assert refresh_token(scene) == "refresh-0"
    assert kept(scene).refresh_sent_at is not None


def test_a_session_of_which_only_the_refresh_token_is_known_can_be_refreshed(scene: Scene) -> None:
    """Another program's cache may hold no more than that."""
    scene.keep_session(id_token=None, expires_at=None, lifetime=None)
    assert run(scene).token == kept(scene).id_token
    assert grants(scene) == ["refresh_token"]
