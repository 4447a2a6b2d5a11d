"""What the program before us left is gone on with: only on a miss, under our lock, and kept as our own."""

import pytest

from kubelogin_py.errors import TransientError
from kubelogin_py.login import Credential, sign_in
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from tests.support.fake_provider import CLIENT, ISSUER, METADATA, answer, refusal
from tests.support.world import KEY, NOW, Scene


@pytest.fixture
def scene() -> Scene:
    """Nothing of ours; a session of the program before us that is fresh for an hour."""
    scene = Scene()
    leave(scene)
    return scene


def leave(scene: Scene, *, seconds: int = 3600, **changed: object) -> None:
    token = scene.provider.id_token(exp=int(NOW) + seconds, iat=int(NOW) + seconds - 3600)
    values = {"id_token": Secret(token), "refresh_token": Secret("refresh-0"), "expires_at": NOW + seconds}
    scene.former.session = Session(ISSUER, CLIENT, **{**values, "lifetime": 3600.0, "scope": "openid", **changed})


def run(scene: Scene, **changed: object) -> Credential:
    return sign_in(scene.settings(**changed), scene.world, key=KEY)


def test_a_fresh_token_is_used_without_a_request_and_kept_as_our_own(scene: Scene) -> None:
    credential = run(scene)
    assert credential.token == scene.former.session.id_token
    assert scene.events == ["lock", "former", "save refresh-0", "unlock"]
    assert scene.kept == scene.former.session


def test_an_expired_one_takes_one_refresh(scene: Scene) -> None:
    leave(scene, seconds=-60)
    credential = run(scene)
    assert [form["grant_type"] for form in scene.provider.forms] == ["refresh_token"]
    assert scene.kept.refresh_token == Secret("refresh-1")
    assert credential.token == scene.kept.id_token
    assert "browser" not in scene.events


def test_a_refresh_token_alone_is_enough(scene: Scene) -> None:
    leave(scene, id_token=None, expires_at=None, lifetime=None)
    run(scene)
    assert [form["grant_type"] for form in scene.provider.forms] == ["refresh_token"]


def test_once_ours_it_is_not_looked_for_again(scene: Scene) -> None:
    run(scene)
    scene.former.session = None
    scene.events.clear()
    assert run(scene).token == scene.kept.id_token
    assert scene.events == []


def test_what_we_have_ourselves_counts_more(scene: Scene) -> None:
    ours = scene.keep_session(refresh_token=Secret("ours"))
    assert run(scene).token == ours.id_token
    assert scene.former.deadlines == []
    scene.keep_expired_session(refresh_token=None)
    run(scene)
    assert scene.former.deadlines == []


def test_what_another_process_just_obtained_counts_more(scene: Scene) -> None:
    scene.store.on_lock = scene.keep_session
    run(scene)
    assert scene.former.deadlines == []


def test_force_refresh_refreshes_it(scene: Scene) -> None:
    run(scene, force_refresh=True)
    assert [form["grant_type"] for form in scene.provider.forms] == ["refresh_token"]


def test_a_refusal_leads_to_one_sign_in_and_is_not_tried_again(scene: Scene) -> None:
    leave(scene, seconds=-60)
    scene.provider.scripted = [refusal("invalid_grant")]
    run(scene)
    assert [form["grant_type"] for form in scene.provider.forms] == ["refresh_token", "authorization_code"]
    run(scene)
    assert scene.former.deadlines == [1003.0]


def test_a_provider_that_can_not_be_reached_opens_no_browser(scene: Scene) -> None:
    leave(scene, seconds=-60)
    scene.provider.scripted_documents[METADATA] = [answer({}, 503)]
    with pytest.raises(TransientError):
        run(scene)
    assert "browser" not in scene.events
    assert scene.kept.refresh_token == Secret("refresh-0")


@pytest.mark.parametrize("changed", [{"issuer": "https://evil.example"}, {"client_id": "other"}], ids=str)
def test_a_foreign_one_is_a_miss(scene: Scene, changed: dict[str, str]) -> None:
    """B-86: nobody else's refresh token is sent anywhere."""
    values = {"issuer": ISSUER, "client_id": CLIENT, **changed}
    scene.former.session = Session(**values, refresh_token=Secret("canary"))
    run(scene)
    assert [form["grant_type"] for form in scene.provider.forms] == ["authorization_code"]


def test_a_store_that_can_not_keep_it_costs_a_warning(scene: Scene) -> None:
    scene.store.full = True
    assert run(scene).token == scene.former.session.id_token
    assert len(scene.console.warnings) == 1


def test_the_other_program_is_waited_for_only_a_little(scene: Scene) -> None:
    run(scene)
    assert scene.former.deadlines == [1003.0]


def test_in_access_token_mode_too(scene: Scene) -> None:
    leave(scene, id_token=None, access_token=Secret("access-former"))
    assert run(scene, use_access_token=True).token == Secret("access-former")
