"""Signing in with a browser elsewhere, and the answer carried over by hand."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from kubelogin_py.errors import Error, ProviderError, SignInError, VerificationError
from kubelogin_py.grants.keyboard import obtain
from kubelogin_py.session import Session
from kubelogin_py.settings import PkceMethod
from tests.support.world import Scene, challenge_of, query_of, redirect

REDIRECT_URL = "https://app.example.com/callback"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def run(scene: Scene, paste: Callable[[dict[str, str]], str], **changed: object) -> Session:
    """Sign in; ``paste`` makes what the person pastes from the parameters of the request."""
    scene.console.answer = lambda: paste(asked(scene))
    return obtain(scene.sign_in(**changed))


def asked(scene: Scene) -> dict[str, str]:
    """The parameters of the URL that was shown; the person goes there."""
    line = next(line for line in scene.console.lines if "Please visit the following URL in your browser: " in line)
    url = line.partition("browser: ")[2]
    scene.browser.visit(url)
    return query_of(url)


def whole(asked: dict[str, str]) -> str:
    return f"{REDIRECT_URL}?{redirect(asked)}"


def test_the_whole_address_is_taken_and_its_state_checked(scene: Scene) -> None:
    session = run(scene, whole, redirect_url=REDIRECT_URL)
    assert session.refresh_token is not None
    assert scene.console.warnings == []
    form = scene.provider.forms[0]
    assert (form["code"], form["redirect_uri"]) == ("code-canary", REDIRECT_URL)
    assert challenge_of(form["code_verifier"]) == asked(scene)["code_challenge"]


def test_a_bare_code_is_taken_with_a_warning(scene: Scene) -> None:
    """B-70."""
    run(scene, lambda _: "code-canary")
    assert len(scene.console.warnings) == 1
    assert scene.provider.forms[0]["code"] == "code-canary"


def test_a_code_with_its_state_needs_no_warning(scene: Scene) -> None:
    run(scene, lambda asked: f"code-canary#{asked['state']}")
    assert scene.console.warnings == []


@pytest.mark.parametrize(
    "dressed",
    [
        lambda asked: f'  "{whole(asked)}"  ',
        lambda asked: whole(asked)[:30] + "\r\n  " + whole(asked)[30:],
        lambda asked: f"'{whole(asked)}'",
    ],
    ids=["quotes and blanks", "wrapped", "single quotes"],
)
def test_quotes_and_blanks_do_no_harm(scene: Scene, dressed: Callable[[dict[str, str]], str]) -> None:
    run(scene, dressed, redirect_url=REDIRECT_URL)
    assert scene.provider.forms[0]["code"] == "code-canary"


@pytest.mark.parametrize(
    ("paste", "error"),
    [
        (lambda asked: f"{REDIRECT_URL}?{redirect(asked, state='wrong')}", SignInError),
        (lambda asked: f"{REDIRECT_URL}?{redirect(asked, state=None)}", SignInError),
        (lambda asked: f"https://evil.example/callback?{redirect(asked)}", SignInError),
        (lambda asked: f"{REDIRECT_URL}?{redirect(asked, code=None, error='access_denied')}", SignInError),
        (lambda asked: f"{REDIRECT_URL}?{redirect(asked, iss='https://evil.example')}", ProviderError),
        (lambda _: "code-canary#wrong-state", SignInError),
        (lambda _: "", SignInError),
        (lambda _: "x" * 9000, ProviderError),
    ],
    ids=["wrong state", "no state", "foreign place", "denied", "foreign issuer", "code with wrong state", "nothing",
         "huge"],
)  # fmt: skip
def test_a_wrong_answer_is_not_sent_anywhere(
    scene: Scene, paste: Callable[[dict[str, str]], str], error: type[Error]
) -> None:
    with pytest.raises(error):
        run(scene, paste, redirect_url=REDIRECT_URL)
    assert scene.provider.count("/token") == 0


REDIRECTS = {
    "none given": ({}, "urn:ietf:wg:oauth:2.0:oob"),
    "given": ({"redirect_url": REDIRECT_URL}, REDIRECT_URL),
    "given for this grant": ({"keyboard_redirect_url": REDIRECT_URL}, REDIRECT_URL),
    "the grant's own wins": (
        {"redirect_url": "http://localhost:8000", "keyboard_redirect_url": REDIRECT_URL},
        REDIRECT_URL,
    ),
}


@pytest.mark.parametrize(("given", "redirect_uri"), REDIRECTS.values(), ids=REDIRECTS)
def test_the_redirect_uri_is_the_one_given_else_the_out_of_band_one(
    scene: Scene, given: dict[str, str], redirect_uri: str
) -> None:
    """As kubelogin had it until 1.33: providers refuse a request that names none."""
    run(scene, lambda _: "code-canary", **given)
    assert asked(scene)["redirect_uri"] == redirect_uri
    assert scene.provider.forms[0]["redirect_uri"] == redirect_uri
    assert "listen" not in scene.events


def test_out_of_band_the_provider_s_own_page_may_be_pasted(scene: Scene) -> None:
    """Its address is the provider's choice; the state in it is checked all the same."""
    run(scene, lambda asked: f"https://id.example.com/approval?{redirect(asked)}")
    assert scene.provider.forms[0]["code"] == "code-canary"
    with pytest.raises(SignInError):
        run(scene, lambda asked: f"https://id.example.com/approval?{redirect(asked, state='wrong')}")


def test_no_browser_is_opened_here(scene: Scene) -> None:
    run(scene, whole, redirect_url=REDIRECT_URL)
    assert "browser" not in scene.events


def test_pkce_is_left_out_only_where_the_user_says_no(scene: Scene) -> None:
    run(scene, lambda _: "code-canary", pkce=PkceMethod.NO)
    assert "code_challenge" not in asked(scene)
    assert "code_verifier" not in scene.provider.forms[0]


def test_the_nonce_is_checked(scene: Scene) -> None:
    """The bare code of another sign-in brings another nonce."""
    scene.provider.claims = {"nonce": "of-another-sign-in"}
    with pytest.raises(VerificationError):
        run(scene, lambda _: "code-canary")


def test_a_percent_encoded_code_is_decoded(scene: Scene) -> None:
    run(scene, lambda _: quote("4/0Ab+c=", safe=""))
    assert scene.provider.forms[0]["code"] == "4/0Ab+c="


def test_without_a_terminal_nobody_is_waited_for(scene: Scene) -> None:
    with pytest.raises(SignInError, match="terminal"):
        obtain(scene.sign_in())
    assert scene.provider.count("/token") == 0


def test_the_answer_is_wanted_within_the_time_allowed(scene: Scene) -> None:
    run(scene, lambda _: "code-canary", authentication_timeout=42.0)
    assert scene.console.deadlines == [1042.0]
