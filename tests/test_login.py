"""The one use case: from the cache, by refresh, or by signing in."""

import pytest

from kubelogin_py.errors import (
    Error,
    MetadataError,
    SettingsError,
    SignInError,
    StorageError,
    TransientError,
    VerificationError,
)
from kubelogin_py.login import Credential, sign_in
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import GrantType
from tests.support.fake_provider import ISSUER, METADATA, answer
from tests.support.world import KEY, Scene, redirect

SIGN_IN = [f"GET {METADATA}", "GET /keys", "listen", "browser", "POST /token", "save refresh-1", "page 200"]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def run(scene: Scene, **changed: object) -> Credential:
    return sign_in(scene.settings(**changed), scene.world, key=KEY)


def test_a_fresh_cached_token_costs_nothing(scene: Scene) -> None:
    """No request, no lock, no write, not a word."""
    session = scene.keep_session()
    credential = run(scene)
    assert credential.token == session.id_token
    assert credential.usable_until == session.usable_until
    assert credential.claims.subject == "alice-id"
    assert credential.session_key == KEY
    assert scene.events == []
    assert scene.console.lines == []


@pytest.mark.parametrize(
    ("lifetime", "left", "cached"),
    [
        (3600, 31, True),
        (3600, 30, False),
        (3600, -1, False),
        (120, 13, True),
        (120, 12, False),
        (40, 6, True),
        (40, 5, False),
    ],
)
def test_a_cached_token_serves_until_the_margin_before_its_expiry(
    scene: Scene, lifetime: float, left: float, cached: bool
) -> None:
    expires_at = scene.clock.now() + left
    token = scene.provider.id_token(exp=int(expires_at), iat=int(expires_at - lifetime))
    session = scene.keep_session(id_token=Secret(token), expires_at=expires_at, lifetime=float(lifetime))
    assert (run(scene).token == session.id_token) is cached
    assert (scene.provider.requests == []) is cached


@pytest.mark.parametrize("changed", [{"issuer": "https://evil.example"}, {"client_id": "other"}])
def test_a_session_of_another_issuer_or_client_is_neither_used_nor_sent(scene: Scene, changed: dict[str, str]) -> None:
    """B-86: whoever swaps the issuer in a kubeconfig gets no refresh token."""
    session = scene.keep_session(**changed)
    assert run(scene).token != session.id_token
    assert [form["grant_type"] for form in scene.provider.forms] == ["authorization_code"]
    assert "refresh-0" not in repr(scene.provider.requests)


@pytest.mark.parametrize(
    "claims", [{"iss": "https://evil.example"}, {"aud": "other"}], ids=["of another issuer", "for another client"]
)
def test_a_cached_token_that_says_something_else_is_not_used(scene: Scene, claims: dict[str, str]) -> None:
    session = scene.keep_session(id_token=Secret(scene.provider.id_token(**claims)), refresh_token=None)
    assert run(scene).token != session.id_token


@pytest.mark.parametrize(
    "changed",
    [
        {"id_token": Secret("not-a-token")},
        {"id_token": Secret("a.b.c")},
        {"id_token": None},
        {"expires_at": None, "lifetime": None},
    ],
    ids=["no token", "three parts", "absent", "no expiry"],
)
def test_whatever_is_odd_about_a_cached_session_makes_it_a_miss(scene: Scene, changed: dict[str, object]) -> None:
    scene.keep_session(**changed, refresh_token=None)
    assert run(scene).token == scene.store.saved[-1].id_token
    assert scene.provider.count("/token") == 1


def test_a_cached_token_that_can_not_be_read_is_not_continued(scene: Scene) -> None:
    """Nobody could tell whether the refreshed one is the same person's, so the person signs in."""
    scene.keep_session(id_token=Secret("a.b.c"))
    run(scene)
    assert [form["grant_type"] for form in scene.provider.forms] == ["authorization_code"]
    assert run(scene).token == scene.store.saved[-1].id_token


@pytest.mark.parametrize("issuer", ["http://id.example.com", "ftp://id.example.com", "", "https://"])
def test_an_issuer_that_is_not_https_is_refused_before_anything_else(scene: Scene, issuer: str) -> None:
    """B-23: not even the cache is asked."""
    scene.keep_session(issuer=issuer)
    with pytest.raises(SettingsError):
        run(scene, issuer=issuer)
    assert scene.events == []


def test_a_sign_in_happens_in_this_order(scene: Scene) -> None:
    """The listener stands before the browser starts, and the session is kept before the person is told."""
    credential = run(scene)
    assert scene.events == ["lock", *SIGN_IN, "unlock"]
    assert credential.token == scene.kept.id_token
    assert credential.usable_until == scene.kept.usable_until
    assert not scene.listener.open


def test_the_result_of_the_process_that_held_the_lock_is_used(scene: Scene) -> None:
    """B-53: twenty wait, one refreshes."""
    scene.keep_expired_session()
    scene.store.on_lock = scene.keep_session
    assert run(scene).token == scene.kept.id_token
    assert scene.events == ["lock", "unlock"]


def test_a_waiting_process_outlasts_the_sign_in_of_another(scene: Scene) -> None:
    run(scene, authentication_timeout=60.0)
    assert scene.store.deadlines == [1000.0 + 60.0 + 30.0]


def test_a_lock_that_can_not_be_had_in_time_is_told(scene: Scene) -> None:
    """After the wait we neither steal the lock nor go on without it."""

    def busy() -> None:
        raise StorageError("another process is signing in", hint="finish or end it")

    scene.store.on_lock = busy
    with pytest.raises(StorageError, match="another process"):
        run(scene)
    assert scene.provider.requests == []


def test_an_expired_session_with_a_refresh_token_needs_nobody(scene: Scene) -> None:
    old = scene.keep_expired_session()
    credential = run(scene)
    assert credential.token != old.id_token
    assert credential.token == scene.kept.id_token
    assert "browser" not in scene.events


def test_an_expired_session_without_a_refresh_token_leads_to_a_sign_in(scene: Scene) -> None:
    scene.keep_expired_session(refresh_token=None)
    run(scene)
    assert scene.events == ["lock", *SIGN_IN, "unlock"]


def test_force_refresh_uses_the_refresh_token_though_the_token_is_fresh(scene: Scene) -> None:
    scene.keep_session()
    scene.clock.passed += 10
    credential = run(scene, force_refresh=True)
    assert credential.claims.issued_at == scene.clock.now()
    assert [form["grant_type"] for form in scene.provider.forms] == ["refresh_token"]


def test_force_refresh_without_a_refresh_token_signs_in(scene: Scene) -> None:
    scene.keep_session(refresh_token=None)
    run(scene, force_refresh=True)
    assert scene.events == ["lock", *SIGN_IN, "unlock"]


def test_force_refresh_with_nothing_kept_signs_in(scene: Scene) -> None:
    run(scene, force_refresh=True)
    assert scene.events == ["lock", *SIGN_IN, "unlock"]


@pytest.mark.parametrize("before", [True, False], ids=["something kept before", "nothing kept before"])
def test_force_refresh_takes_what_was_refreshed_while_it_waited(scene: Scene, before: bool) -> None:
    """Ten tools that force a refresh at once make one request."""
    if before:
        scene.keep_session()

    def refreshed_elsewhere() -> None:
        scene.clock.passed += 10
        scene.keep_session(refresh_token=Secret("refresh-elsewhere"))

    scene.store.on_lock = refreshed_elsewhere
    assert run(scene, force_refresh=True).token == scene.kept.id_token
    assert scene.provider.requests == []


def test_force_refresh_does_not_take_the_failure_of_another_process_for_its_result(scene: Scene) -> None:
    """A refresh whose answer was lost changes the session, too, but it has the old token still."""
    old = scene.keep_session()
    scene.store.on_lock = lambda: scene.keep_session(id_token=old.id_token, refresh_sent_at=scene.clock.now())
    scene.clock.passed += 10
    assert run(scene, force_refresh=True).token != old.id_token
    assert scene.provider.count("/token") == 1


@pytest.mark.parametrize(
    "fault",
    [
        TransientError("GET https://id.example.com: lookup id.example.com: no such host (temporary)"),
        answer({}, 503),
        answer({}, 429, retry_after="60"),
    ],
    ids=["network", "503", "429"],
)
@pytest.mark.parametrize("path", [METADATA, "/keys"])
def test_a_provider_that_can_not_be_reached_opens_no_browser(scene: Scene, fault: object, path: str) -> None:
    """The expired session stays as it was: the same command may work in a minute."""
    old = scene.keep_expired_session()
    scene.provider.scripted_documents[path] = [fault]
    with pytest.raises(TransientError):
        run(scene)
    assert scene.kept == old
    assert "browser" not in scene.events
    assert not any(event.startswith("save") for event in scene.events)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda provider: provider.metadata.update(id_token_signing_alg_values_supported=["HS256"]),
        lambda provider: provider.metadata.update(id_token_signing_alg_values_supported=["none", "HS512"]),
        lambda provider: provider.scripted_documents.update({"/keys": [answer({"keys": []})]}),
        lambda provider: provider.scripted_documents.update({"/keys": [answer({})]}),
    ],
    ids=["HS256 only", "none", "no key", "no key set"],
)
@pytest.mark.parametrize("grant", [GrantType.AUTHCODE, GrantType.AUTHCODE_KEYBOARD, GrantType.DEVICE_CODE])
def test_a_provider_whose_tokens_can_not_be_verified_is_refused_before_anybody_signs_in(
    scene: Scene, grant: GrantType, spoil
) -> None:
    spoil(scene.provider)
    with pytest.raises(MetadataError):
        run(scene, grant_type=grant)
    assert not {"listen", "browser", "POST /token", "POST /device"} & set(scene.events)
    assert scene.console.lines == []


def test_a_session_that_can_not_be_stored_costs_one_warning_and_not_the_credential(scene: Scene) -> None:
    """B-97: the command works, and the person learns why the next one asks again."""
    scene.store.full = True
    credential = run(scene)
    assert credential.token.reveal().count(".") == 2
    assert len(scene.console.warnings) == 1
    assert "no space left on device" in scene.console.warnings[0]
    assert "hint: free some space" in scene.console.lines
    assert scene.page is not None
    assert scene.page[0] == 200


def test_a_token_that_fails_verification_is_not_kept(scene: Scene) -> None:
    scene.provider.claims = {"nonce": "another"}
    with pytest.raises(VerificationError):
        run(scene)
    assert scene.store.sessions == {}
    assert scene.page is not None
    assert scene.page[0] == 400


def test_a_failed_sign_in_leaves_the_old_session_alone(scene: Scene) -> None:
    old = scene.keep_expired_session(refresh_token=None)
    scene.browser.respond = lambda asked: [redirect(asked, code=None, error="access_denied")]
    with pytest.raises(SignInError):
        run(scene)
    assert scene.kept == old
    assert scene.events[-1] == "unlock"


def test_ctrl_c_during_the_sign_in_gives_the_lock_back(scene: Scene) -> None:
    def interrupted(_asked: dict[str, str]) -> list[str]:
        raise KeyboardInterrupt

    scene.browser.respond = interrupted
    with pytest.raises(KeyboardInterrupt):
        run(scene)
    assert not scene.store.locked
    assert not scene.listener.open
    assert scene.store.sessions == {}


def test_two_sign_ins_share_no_random_value(scene: Scene) -> None:
    run(scene)
    scene.store.sessions.clear()
    run(scene)
    assert len(scene.entropy.drawn) == len(set(scene.entropy.drawn)) == 6
    assert scene.browser.opened[0] != scene.browser.opened[1]


def test_a_session_remembers_whose_it_is_and_of_which_sign_in(scene: Scene) -> None:
    run(scene, extra_scopes=("email", "groups"))
    kept = scene.kept
    assert isinstance(kept, Session)
    assert (kept.issuer, kept.client_id, kept.scope) == (ISSUER, "kubernetes", "email groups openid")
    assert kept.lifetime == 3600.0
    assert kept.nonce_sha256 is not None
    assert scene.provider.nonce not in repr(kept)
    # Only access-token mode has a use for it.
    assert kept.access_token is None


def test_errors_are_ours(scene: Scene) -> None:
    """Nothing a provider answers becomes an exception of a library."""
    scene.provider.scripted_documents[METADATA] = [answer(["not", "an", "object"])]
    with pytest.raises(Error):
        run(scene)
