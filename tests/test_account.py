"""Several users at one provider: each has a session of its own, and the provider is told who is meant."""

from pathlib import Path

import pytest

from kubelogin_py.errors import VerificationError
from kubelogin_py.login import sign_in
from kubelogin_py.session import Session
from kubelogin_py.storage import record
from tests.support.world import KEY, Scene, query_of


@pytest.fixture
def scene() -> Scene:
    return Scene()


def signed_in(scene: Scene, **changed: object) -> Session:
    return sign_in(scene.settings(**changed), scene.world, key=KEY).session


def test_the_provider_is_given_the_name(scene: Scene) -> None:
    """OpenID Connect Core section 3.1.2.1."""
    session = signed_in(scene, account="alice@example.test")
    assert query_of(scene.browser.opened[0])["login_hint"] == "alice@example.test"
    assert session.account == "alice@example.test"


def test_nobody_is_named_without_an_account(scene: Scene) -> None:
    session = signed_in(scene)
    assert "login_hint" not in query_of(scene.browser.opened[0])
    assert session.account is None


def test_what_the_user_says_wins(scene: Scene) -> None:
    signed_in(scene, account="alice@example.test", extra_params=(("login_hint", "a-1"),))
    assert query_of(scene.browser.opened[0])["login_hint"] == "a-1"


def test_somebody_else_is_refused_before_anything_is_kept(scene: Scene) -> None:
    """The browser may still be signed in as another."""
    with pytest.raises(VerificationError, match=r"alice@example.test signed in, not bob@example.test"):
        signed_in(scene, account="bob@example.test")
    assert scene.kept is None
    assert scene.page is not None
    assert scene.page[0] == 400
    assert "alice@example.test signed in, not bob@example.test" in scene.page[1]


def test_a_refresh_keeps_the_account(scene: Scene) -> None:
    scene.keep_expired_session(account="work")
    assert signed_in(scene, account="work").account == "work"
    assert scene.browser.opened == []


def test_a_record_has_it_and_without_one_is_as_before() -> None:
    session = Session("https://id.example.com", "kubernetes", account="work")
    assert record.parse(record.render(session)) == session
    without = Session("https://id.example.com", "kubernetes")
    assert b"account" not in record.render(without)
    assert record.parse(record.render(without)) == without


def test_the_front_doors_know_the_option() -> None:
    """Both, or an answer of one account could be served to another."""
    package = Path(record.__file__).parents[1]
    for door in ("fastpath.py", "frontdoor.sh"):
        assert "--account" in (package / door).read_text(encoding="utf-8")
