"""Access-token mode: what is handed out, cached and refreshed when the API server takes access tokens."""

from typing import Any

import pytest

from kubelogin_py.errors import MetadataError, TransientError, VerificationError
from kubelogin_py.login import Credential, sign_in
from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType
from tests.oidc.minting import new_signer
from tests.support.fake_provider import ISSUER, answer
from tests.support.world import KEY, Scene

OPAQUE = Secret("access-canary")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def run(scene: Scene, **changed: object) -> Credential:
    return sign_in(scene.settings(use_access_token=True, **changed), scene.world, key=KEY)


def jwt(scene: Scene, **claims: Any) -> str:
    now = int(scene.clock.now())
    right = {"iss": ISSUER, "aud": "api", "iat": now, "exp": now + 600, **claims}
    return scene.provider.key.mint({name: value for name, value in right.items() if value is not None}, typ="at+jwt")


def test_a_signed_access_token_is_handed_out_until_it_expires(scene: Scene) -> None:
    token = jwt(scene)
    scene.provider.token_response = {"access_token": token, "expires_in": 5}
    credential = run(scene)
    assert credential.token.reveal() == token
    assert credential.session.expires_at == scene.clock.now() + 600
    assert credential.usable_until == scene.clock.now() + 570
    assert scene.kept == credential.session
    assert scene.kept.access_token == Secret(token)


@pytest.mark.parametrize(("expires_in", "seconds"), [(600, 600.0), ("600", 600.0), (0.5, 0.5)], ids=repr)
def test_an_opaque_one_lives_as_long_as_the_provider_says(scene: Scene, expires_in: object, seconds: float) -> None:
    """B-43."""
    scene.provider.token_response = {"expires_in": expires_in}
    credential = run(scene)
    assert credential.token == OPAQUE
    assert credential.session.expires_at == scene.clock.now() + seconds


NONSENSE = [None, "soon", -1, 0, 1e18, True, [], "1e3"]


@pytest.mark.parametrize("expires_in", NONSENSE, ids=repr)
def test_of_an_unknown_lifetime_it_serves_one_command(scene: Scene, expires_in: object) -> None:
    """B-43: no expiry is told, nothing is cached, and the session is refreshed the next time."""
    scene.provider.token_response = {"expires_in": expires_in}
    first = run(scene)
    assert (first.token, first.usable_until) == (OPAQUE, None)
    assert scene.kept is not None
    assert scene.kept.access_token is None
    assert scene.kept.refresh_token == Secret("refresh-1")
    run(scene)
    assert [form["grant_type"] for form in scene.provider.forms] == ["authorization_code", "refresh_token"]


def test_of_an_unknown_lifetime_and_without_a_refresh_token_nothing_is_kept(scene: Scene) -> None:
    scene.keep_expired_session(access_token=Secret("old"), refresh_token=None)
    scene.provider.token_response = {"expires_in": None, "refresh_token": None, "id_token": None}
    assert run(scene).usable_until is None
    assert scene.kept is None


@pytest.mark.parametrize("token", ["opaque", "signed"])
def test_it_is_cached(scene: Scene, token: str) -> None:
    if token == "signed":
        scene.provider.token_response = {"access_token": jwt(scene)}
    first = run(scene)
    scene.events.clear()
    assert run(scene).token == first.token
    assert scene.events == []


WRONG = {
    "issuer": {"iss": "https://evil.example"},
    "expiry": {"exp": 1_800_000_000},
    "not_before": {"nbf": 1_800_000_061},
}


@pytest.mark.parametrize(("step", "claims"), WRONG.items(), ids=WRONG)
def test_a_signed_one_that_fails_a_check_is_refused(scene: Scene, step: str, claims: dict[str, Any]) -> None:
    scene.provider.token_response = {"access_token": jwt(scene, **claims)}
    with pytest.raises(VerificationError) as caught:
        run(scene)
    assert caught.value.step == step
    assert scene.kept is None
    assert scene.page is not None
    assert scene.page[0] == 400


def test_a_signature_of_a_stranger_is_refused_after_two_looks(scene: Scene) -> None:
    stranger = new_signer(key_id="two")
    now = int(scene.clock.now())
    scene.provider.token_response = {"access_token": stranger.mint({"iss": ISSUER, "exp": now + 600})}
    with pytest.raises(VerificationError) as caught:
        run(scene)
    assert caught.value.step == "key"
    assert scene.provider.count("/keys") == 2


def test_the_id_token_beside_it_is_optional(scene: Scene) -> None:
    scene.provider.token_response = {"id_token": None}
    credential = run(scene)
    assert (credential.token, credential.claims) == (OPAQUE, None)
    assert run(scene).token == OPAQUE
    assert scene.provider.count("/token") == 1


def test_the_id_token_beside_it_is_verified(scene: Scene) -> None:
    scene.provider.claims = {"nonce": "another"}
    with pytest.raises(VerificationError) as caught:
        run(scene)
    assert caught.value.step == "nonce"


def test_the_id_token_s_expiry_decides_nothing(scene: Scene) -> None:
    scene.provider.claims = {"exp": int(scene.clock.now()) + 1}
    credential = run(scene)
    assert credential.usable_until == scene.clock.now() + 3570
    assert scene.console.warnings == []


def test_a_provider_without_keys_will_do_for_an_opaque_token_alone(scene: Scene) -> None:
    scene.provider.token_response = {"id_token": None}
    scene.provider.scripted_documents["/keys"] = [answer({"keys": []})] * 9
    assert run(scene).token == OPAQUE


def test_a_provider_without_keys_will_not_do_for_an_id_token(scene: Scene) -> None:
    scene.provider.scripted_documents["/keys"] = [answer({"keys": []})] * 9
    with pytest.raises(MetadataError):
        run(scene)
    assert scene.kept is None


def expired(scene: Scene, **changed: Any) -> None:
    scene.keep_expired_session(access_token=Secret("access-old"), **changed)


@pytest.mark.parametrize("with_id_token", [True, False], ids=["ID token", "no ID token"])
def test_a_refresh_works_with_and_without_an_id_token(scene: Scene, with_id_token: bool) -> None:
    scene.provider.id_token_on_refresh = with_id_token
    expired(scene)
    old = scene.kept
    assert old is not None
    credential = run(scene)
    assert credential.token == OPAQUE
    assert [form["grant_type"] for form in scene.provider.forms] == ["refresh_token"]
    assert scene.kept is not None
    assert scene.kept.refresh_token == Secret("refresh-1")
    # The last ID token stays, for the next one to be compared with.
    assert (scene.kept.id_token == old.id_token) is not with_id_token


def test_a_refresh_of_a_session_that_never_had_an_id_token(scene: Scene) -> None:
    expired(scene, id_token=None)
    scene.provider.id_token_on_refresh = False
    assert run(scene).claims is None
    assert run(scene).token == OPAQUE
    assert scene.provider.count("/token") == 1


def test_a_refreshed_id_token_of_somebody_else_ends_the_session(scene: Scene) -> None:
    """Continuity is checked wherever an ID token tells."""
    expired(scene)
    scene.provider.claims = {"sub": "mallory"}
    with pytest.raises(VerificationError):
        run(scene)
    assert scene.kept is None


def test_a_refreshed_access_token_of_another_issuer_is_not_kept(scene: Scene) -> None:
    expired(scene)
    scene.provider.token_response = {"access_token": jwt(scene, iss="https://evil.example")}
    with pytest.raises(VerificationError):
        run(scene)
    assert scene.kept is not None
    assert scene.kept.refresh_token == Secret("refresh-0")


def test_a_network_fault_keeps_the_session(scene: Scene) -> None:
    expired(scene)
    scene.provider.scripted = [TransientError("connection reset")]
    with pytest.raises(TransientError):
        run(scene)
    assert scene.kept is not None
    assert scene.kept.refresh_token == Secret("refresh-0")
    assert "browser" not in scene.events


def test_force_refresh_refreshes_it(scene: Scene) -> None:
    scene.keep_session(access_token=Secret("access-old"))
    assert run(scene, force_refresh=True).token == OPAQUE


def test_force_refresh_takes_what_was_refreshed_while_it_waited(scene: Scene) -> None:
    old = scene.keep_session(access_token=Secret("access-old"))
    scene.store.on_lock = lambda: scene.keep_session(id_token=old.id_token, access_token=Secret("access-new"))
    assert run(scene, force_refresh=True).token == Secret("access-new")
    assert scene.provider.requests == []


def test_a_session_of_one_mode_is_never_the_other_s(scene: Scene) -> None:
    """Their keys differ; should one be found all the same, it is a miss."""
    scene.keep_session(refresh_token=None)
    assert run(scene).token == OPAQUE
    ordinary = sign_in(scene.settings(), scene.world, key=KEY)
    assert ordinary.token == ordinary.session.id_token


@pytest.mark.parametrize("grant_type", [GrantType.AUTHCODE, GrantType.DEVICE_CODE])
def test_every_grant_hands_it_out(scene: Scene, grant_type: GrantType) -> None:
    assert run(scene, grant_type=grant_type).token == OPAQUE


def test_no_token_is_told(scene: Scene) -> None:
    run(scene)
    assert "canary" not in scene.console.text
