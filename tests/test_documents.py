"""The provider's documents between two runs: a refresh with them is one request."""

from dataclasses import replace

import pytest

from kubelogin_py.documents import MAXIMUM_AGE
from kubelogin_py.errors import Error, NotSentError
from kubelogin_py.login import sign_in
from kubelogin_py.response import Response
from tests.oidc.minting import new_signer
from tests.support.fake_provider import refusal
from tests.support.world import KEY, Scene


@pytest.fixture
def scene() -> Scene:
    """Signed in, documents kept, and the token just expired."""
    scene = Scene()
    sign_in(scene.settings(), scene.world, key=KEY)
    scene.keep_expired_session()
    assert scene.documents.kept is not None
    scene.documents.kept = replace(scene.documents.kept, fetched_at=scene.clock.now())
    scene.events.clear()
    return scene


def requests(scene: Scene) -> list[str]:
    return [event for event in scene.events if event.startswith(("GET", "POST"))]


def refresh(scene: Scene) -> list[str]:
    """Refresh, and return the requests it took."""
    sign_in(scene.settings(), scene.world, key=KEY)
    return requests(scene)


FETCHED = ["GET /.well-known/openid-configuration", "GET /keys", "POST /token"]


def test_a_refresh_with_kept_documents_is_one_request(scene: Scene) -> None:
    assert refresh(scene) == ["POST /token"]


@pytest.mark.parametrize("age", [MAXIMUM_AGE, MAXIMUM_AGE + 1, -1])
def test_documents_of_another_time_are_fetched_again(scene: Scene, age: float) -> None:
    """Too old, or from the future after a clock was set."""
    assert scene.documents.kept is not None
    scene.documents.kept = replace(scene.documents.kept, fetched_at=scene.clock.now() - age)
    assert refresh(scene) == FETCHED
    assert scene.documents.kept.fetched_at == scene.clock.now()


def changed_metadata(scene: Scene, old: bytes, new: bytes) -> None:
    kept = scene.documents.kept
    assert kept is not None
    assert old in kept.metadata.body
    scene.documents.kept = replace(kept, metadata=replace(kept.metadata, body=kept.metadata.body.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"issuer": "https://id.example.com"', b'"issuer": "https://id.example.com1"'),
        (b"https://id.example.com/token", b"http://id.example.com/token"),
        (b"https://id.example.com/keys", b"https://id.example.com/other-keys"),
        (b"{", b"["),
    ],
    ids=["issuer", "http", "key set of elsewhere", "no JSON"],
)
def test_kept_documents_pass_every_check_or_are_fetched(scene: Scene, old: bytes, new: bytes) -> None:
    changed_metadata(scene, old, new)
    assert refresh(scene) == FETCHED


def test_a_damaged_key_set_is_fetched(scene: Scene) -> None:
    kept = scene.documents.kept
    assert kept is not None
    scene.documents.kept = replace(kept, key_set=Response(kept.key_set.url, 200, kept.key_set.headers, b'{"keys": []}'))
    assert refresh(scene) == FETCHED


def test_a_new_key_is_fetched_and_kept(scene: Scene) -> None:
    """The provider rotated its keys: one more request now, none the next time."""
    scene.provider.key = new_signer("ES256", "two")
    assert refresh(scene) == ["POST /token", "GET /keys"]
    scene.clock.passed += 3595
    scene.events.clear()
    assert scene.documents.kept is not None
    scene.documents.kept = replace(scene.documents.kept, fetched_at=scene.clock.now())
    assert refresh(scene) == ["POST /token"]


@pytest.mark.parametrize("outcome", ["token not verified", "client refused", "endpoint moved", "host gone"])
def test_what_did_not_hold_is_not_kept(scene: Scene, outcome: str) -> None:
    """The next run asks anew; this one says what was wrong."""
    if outcome == "token not verified":
        scene.provider.claims = {"iss": "https://id.example.com1"}
    else:
        answers: dict[str, Response | Exception] = {
            "client refused": refusal("invalid_client", 401),
            "endpoint moved": Response("x", 404, {}, b""),
            "host gone": NotSentError("no such host"),
        }
        scene.provider.scripted = [answers[outcome]] * 2
    with pytest.raises(Error):
        refresh(scene)
    assert scene.documents.kept is None


def test_a_sign_in_asks_for_both(scene: Scene) -> None:
    """Nobody waits for two more requests while a person signs in, and a moved provider is found."""
    scene.provider.scripted = [refusal("invalid_grant")]
    scene.browser.starts = True
    assert refresh(scene)[:3] == ["POST /token", *FETCHED[:2]]
