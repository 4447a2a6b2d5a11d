"""The page that the browser goes on to after the sign-in, chosen before it began."""

import pytest

from kubelogin_py.errors import SettingsError
from kubelogin_py.grants.authorization_code import obtain
from tests.support.world import Scene, redirect

NEXT = "https://app.example.com/welcome?from=kubelogin"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_browser_goes_on_to_it(scene: Scene) -> None:
    obtain(scene.sign_in(open_url_after_authentication=NEXT))
    assert scene.page is not None
    assert scene.page[0] == 200
    assert f'content="0;URL={NEXT}"' in scene.page[1]


def test_not_after_a_failure(scene: Scene) -> None:
    scene.browser.respond = lambda asked: [redirect(asked, code=None, error="server_error")]
    with pytest.raises(Exception, match="server_error"):
        obtain(scene.sign_in(open_url_after_authentication=NEXT))
    assert scene.page is not None
    assert NEXT not in scene.page[1]


def test_nothing_in_the_answer_changes_it(scene: Scene) -> None:
    scene.browser.respond = lambda asked: [f"{redirect(asked)}&next=https%3A%2F%2Fevil.example"]
    obtain(scene.sign_in(open_url_after_authentication=NEXT))
    assert scene.page is not None
    assert "evil" not in scene.page[1]


@pytest.mark.parametrize("url", ["http://app.example.com/x", "HTTP://localhost:3000"])
def test_a_page_over_http_is_left_out_and_the_sign_in_goes_on(scene: Scene, url: str) -> None:
    """A kubeconfig that has one must not fail for it."""
    obtain(scene.sign_in(open_url_after_authentication=url))
    assert scene.page is not None
    assert scene.page[0] == 200
    assert url not in scene.page[1]
    (warning,) = scene.console.warnings
    assert url in warning
    assert "https" in warning


@pytest.mark.parametrize(
    "url", ["http://a b", 'http://a"b', "http://", "javascript:alert(1)", 'https://a"b', "https://a b", ""]
)
def test_a_page_that_is_no_plain_https_one_is_refused_before_anything_is_opened(scene: Scene, url: str) -> None:
    with pytest.raises(SettingsError):
        obtain(scene.sign_in(open_url_after_authentication=url))
    assert not {"listen", "browser"} & set(scene.events)
