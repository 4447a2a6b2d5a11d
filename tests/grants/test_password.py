"""Signing in with a name and a password given to us: asked for on the terminal, sent once, kept nowhere."""

import pytest

from kubelogin_py.errors import OAuthError, SettingsError, SignInError
from kubelogin_py.grants.password import obtain
from kubelogin_py.login import sign_in
from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType
from tests.support.fake_provider import refusal
from tests.support.world import KEY, Scene

ASKED = [("Username: ", True), ("Password: ", False)]


@pytest.fixture
def scene() -> Scene:
    """A person who types right."""
    scene = Scene()
    scene.console.answers = {"Username: ": "alice", "Password: ": "password-canary"}
    return scene


GIVEN = {
    "nothing": ({}, ASKED),
    "username": ({"username": "alice"}, ASKED[1:]),
    "password": ({"password": Secret("password-canary")}, ASKED[:1]),
    "both": ({"username": "alice", "password": Secret("password-canary")}, []),
}


@pytest.mark.parametrize(("given", "asked"), GIVEN.values(), ids=GIVEN)
def test_what_is_missing_is_asked_for_and_the_password_is_not_shown(scene: Scene, given, asked) -> None:
    obtain(scene.sign_in(**given, extra_scopes=("email",)))
    assert scene.console.prompts == asked
    assert scene.provider.forms == [
        {
            "grant_type": "password",
            "username": "alice",
            "password": "password-canary",
            "scope": "email openid",
            "client_id": "kubernetes",
        }
    ]


def test_without_a_terminal_it_ends_before_anything_is_sent(scene: Scene) -> None:
    """B-109."""
    scene.console.answers = {}
    with pytest.raises(SignInError, match="terminal"):
        obtain(scene.sign_in(username="alice"))
    assert scene.provider.count("/token") == 0


@pytest.mark.parametrize("empty", ["Username: ", "Password: "])
def test_an_empty_answer_is_not_sent(scene: Scene, empty: str) -> None:
    scene.console.answers[empty] = ""
    with pytest.raises(SignInError, match="was given"):
        obtain(scene.sign_in())
    assert scene.provider.count("/token") == 0


def test_white_space_around_a_name_is_dropped_and_in_a_password_kept(scene: Scene) -> None:
    scene.console.answers = {"Username: ": " alice\t", "Password: ": " pass word "}
    obtain(scene.sign_in())
    assert (scene.provider.forms[0]["username"], scene.provider.forms[0]["password"]) == ("alice", " pass word ")


def test_the_deprecation_is_said_once(scene: Scene) -> None:
    obtain(scene.sign_in())
    assert len(scene.console.warnings) == 1
    assert "deprecated" in scene.console.warnings[0]


def test_a_password_on_the_command_line_is_warned_about(scene: Scene) -> None:
    """Never accepted from there in silence."""
    obtain(scene.sign_in(username="alice", password=Secret("password-canary")))
    assert [line for line in scene.console.warnings if "list of processes" in line]
    assert "password-canary" not in scene.console.text


def test_a_wrong_password_is_told_with_what_else_there_is(scene: Scene) -> None:
    given = scene.sign_in()
    scene.provider.scripted = [refusal("invalid_grant", error_description="nope")]
    with pytest.raises(SignInError, match="denied") as caught:
        obtain(given)
    assert "device-code" in str(caught.value.hint)
    assert "password-canary" not in f"{caught.value.message}{caught.value.hint}"


def test_another_refusal_stays_what_it_is(scene: Scene) -> None:
    given = scene.sign_in()
    scene.provider.scripted = [refusal("unauthorized_client")]
    with pytest.raises(OAuthError) as caught:
        obtain(given)
    assert caught.value.error == "unauthorized_client"


def test_extra_parameters_are_sent(scene: Scene) -> None:
    obtain(scene.sign_in(extra_params=(("audience", "api"),)))
    assert scene.provider.forms[0]["audience"] == "api"


@pytest.mark.parametrize("name", ["username", "Password", "grant_type", "scope", "client_id"])
def test_an_extra_parameter_that_the_request_sets_is_refused_before_anybody_is_asked(scene: Scene, name: str) -> None:
    with pytest.raises(SettingsError):
        obtain(scene.sign_in(extra_params=((name, "x"),)))
    assert scene.console.prompts == []


def test_the_answer_is_wanted_within_the_time_allowed(scene: Scene) -> None:
    obtain(scene.sign_in(authentication_timeout=42.0))
    assert scene.console.deadlines == [1042.0, 1042.0]


def test_the_password_is_kept_nowhere(scene: Scene) -> None:
    sign_in(scene.settings(grant_type=GrantType.PASSWORD), scene.world, key=KEY)
    assert scene.kept is not None
    assert "password-canary" not in "".join(
        token.reveal() for token in (scene.kept.id_token, scene.kept.refresh_token) if token
    )
    assert scene.kept.refresh_token == Secret("refresh-1")


def test_auto_with_a_username_is_this_grant(scene: Scene) -> None:
    sign_in(scene.settings(username="alice"), scene.world, key=KEY)
    assert scene.provider.forms[0]["grant_type"] == "password"
    assert "listen" not in scene.events


def test_a_session_is_refreshed_without_the_password(scene: Scene) -> None:
    scene.keep_expired_session()
    sign_in(scene.settings(username="alice"), scene.world, key=KEY)
    assert [form["grant_type"] for form in scene.provider.forms] == ["refresh_token"]
    assert scene.console.prompts == []
