"""Signing in on another device."""

from typing import Any

import pytest

from kubelogin_py.errors import (
    Error,
    MetadataError,
    NotSentError,
    OAuthError,
    ProviderError,
    SignInError,
    TransientError,
)
from kubelogin_py.grants.device import obtain
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import PkceMethod
from tests.support.fake_provider import DEVICE, ISSUER, Lost, answer, refusal
from tests.support.world import Scene, challenge_of

PENDING = "authorization_pending"
BROKEN = TransientError("POST https://id.example.com/token: connection reset by peer (temporary)")
COMPLETE = f"{ISSUER}/activate?user_code=ABCD-EFGH"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def run(scene: Scene, **changed: object) -> Session:
    return obtain(scene.sign_in(**changed))


def polls(scene: Scene) -> list[float]:
    """Seconds from the beginning to each poll."""
    return [request.at - 1000.0 for request in scene.provider.requests if request.path == "/token"]


def device_request(scene: Scene) -> dict[str, str]:
    return next(request.form for request in scene.provider.requests if request.path == "/device")


def told(scene: Scene) -> str:
    return "\n".join(scene.console.lines)


def test_a_confirmed_code_gives_a_session(scene: Scene) -> None:
    scene.provider.device_answers = [PENDING, PENDING]
    session = run(scene, extra_scopes=("email",))
    assert session.refresh_token == Secret("refresh-1")
    assert session.nonce_sha256 is None
    assert device_request(scene) == {"client_id": "kubernetes", "scope": "email openid"}
    assert scene.provider.forms == 3 * [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": "device-secret",
            "client_id": "kubernetes",
        }
    ]


@pytest.mark.parametrize("device", [{}, {"verification_uri_complete": COMPLETE}], ids=["plain", "complete"])
@pytest.mark.parametrize("changed", [{}, {"skip_open_browser": True}], ids=["open", "skip"])
def test_address_and_code_are_always_shown(scene: Scene, device: dict[str, str], changed: dict[str, bool]) -> None:
    """R51: the person compares the code also where the browser already knows it."""
    scene.provider.device_response = device
    run(scene, **changed)
    assert DEVICE["verification_uri"] in [line.strip() for line in scene.console.lines]
    assert DEVICE["user_code"] in [line.strip() for line in scene.console.lines]


def test_who_asks_for_what_is_shown(scene: Scene) -> None:
    """R55: a code that somebody else sent is recognised by that."""
    run(scene)
    assert "alice@laptop" in told(scene)
    assert ISSUER in told(scene)
    assert "kubernetes" in told(scene)
    assert "only if that was you" in told(scene)


def test_the_device_code_is_shown_nowhere(scene: Scene) -> None:
    run(scene)
    assert "device-secret" not in scene.console.text


@pytest.mark.parametrize(
    ("device", "url"),
    [
        ({"verification_uri_complete": COMPLETE}, COMPLETE),
        ({}, DEVICE["verification_uri"]),
        ({"verification_uri_complete": "javascript:alert(1)"}, DEVICE["verification_uri"]),
    ],
    ids=["complete", "plain", "unsafe"],
)
def test_the_browser_is_opened_on_the_page_of_the_code(scene: Scene, device: dict[str, str], url: str) -> None:
    scene.provider.device_response = device
    run(scene)
    assert scene.browser.opened == [url]


def test_the_browser_is_opened_after_the_code_was_shown(scene: Scene) -> None:
    seen: list[str] = []
    scene.browser.visit = lambda _: seen.extend(scene.console.lines)  # type: ignore[method-assign]
    run(scene)
    assert DEVICE["user_code"] in [line.strip() for line in seen]


def test_the_browser_is_not_opened_where_it_is_not_wanted(scene: Scene) -> None:
    run(scene, skip_open_browser=True)
    assert "browser" not in scene.events


def test_a_browser_that_does_not_start_is_no_failure(scene: Scene) -> None:
    scene.browser.starts = False
    assert run(scene)


@pytest.mark.parametrize("methods", [["S256"], ["plain", "S256"]], ids=repr)
def test_pkce_is_sent_where_the_provider_knows_it(scene: Scene, methods: list[str]) -> None:
    """Issue and RFC 7636: the polls are tied to this process."""
    scene.provider.metadata = {"code_challenge_methods_supported": methods}
    scene.provider.device_answers = [PENDING]
    run(scene)
    request = device_request(scene)
    assert request["code_challenge_method"] == "S256"
    assert [challenge_of(form["code_verifier"]) for form in scene.provider.forms] == 2 * [request["code_challenge"]]


@pytest.mark.parametrize(
    ("methods", "pkce"),
    [
        (None, PkceMethod.AUTO),
        ([], PkceMethod.AUTO),
        (["plain"], PkceMethod.S256),
        (["S256"], PkceMethod.NO),
    ],
    ids=["unsaid", "none", "plain only", "not wanted"],
)
def test_pkce_is_left_out_where_the_provider_might_refuse_it(
    scene: Scene, methods: list[str] | None, pkce: PkceMethod
) -> None:
    scene.provider.metadata = {"code_challenge_methods_supported": methods}
    run(scene, pkce=pkce)
    assert "code_challenge" not in device_request(scene)
    assert "code_verifier" not in scene.provider.forms[0]


@pytest.mark.parametrize(
    ("outcomes", "times"),
    [
        ([], [5]),
        ([refusal(PENDING), refusal(PENDING)], [5, 10, 15]),
        ([refusal("slow_down"), refusal(PENDING), refusal("slow_down")], [5, 15, 25, 40]),
        ([BROKEN], [5, 15]),
        ([BROKEN, BROKEN, BROKEN, refusal(PENDING)], [5, 15, 35, 75, 80]),
        ([answer({}, 503), answer({}, 500)], [5, 15, 35]),
        ([answer({}, 429, retry_after="30")], [5, 35]),
        ([answer({}, 503, retry_after="86400")], [5, 65]),
        ([refusal("server_error", 500)], [5, 15]),
        ([NotSentError("connection refused"), refusal("slow_down"), refusal(PENDING)], [5, 15, 25, 35]),
    ],
    ids=[
        "at once", "pending", "slow_down stays", "a fault", "faults double the wait", "5xx", "Retry-After",
        "Retry-After for a day", "server_error", "mixed",
    ],
)  # fmt: skip
def test_the_provider_is_asked_at_these_times(
    scene: Scene, outcomes: list[Response | Exception], times: list[float]
) -> None:
    """B-55, R52, R53: after the interval, the first time too; slower for good when asked; doubling on faults."""
    scene.provider.scripted = [None, *outcomes]
    run(scene)
    assert polls(scene) == times


@pytest.mark.parametrize(
    ("interval", "first"),
    [(None, 5), (1, 1), ("7", 7), (0, 1), (1e9, 60), (2.5, 2.5)],
    ids=["default", "short", "text", "zero", "huge", "fraction"],
)
def test_the_interval_is_the_provider_s_within_reason(scene: Scene, interval: object, first: float) -> None:
    """B-54, R57."""
    scene.provider.device_response = {"interval": interval}
    run(scene)
    assert polls(scene) == [first]


@pytest.mark.parametrize(
    ("timeout", "expires_in", "seconds"),
    [(60.0, 600, 60), (600.0, 90, 90), (600.0, 1, 30), (7200.0, 1e9, 1800), (62.0, 600, 62)],
    ids=["our time", "the code's time", "shortest", "longest", "not a multiple"],
)
def test_nobody_is_waited_for_longer_than_allowed(
    scene: Scene, timeout: float, expires_in: float, seconds: float
) -> None:
    """R54: the earlier of our time and the code's ends it."""
    scene.provider.device_response = {"expires_in": expires_in}
    scene.provider.device_answers = [PENDING] * 2000
    with pytest.raises(SignInError, match="in time"):
        run(scene, authentication_timeout=timeout)
    assert scene.clock.monotonic() - 1000.0 == seconds
    assert polls(scene)[-1] <= seconds
    assert f"up to {seconds:.0f} seconds" in told(scene)


def test_a_provider_that_never_answers_is_given_up(scene: Scene) -> None:
    scene.provider.scripted = [None, *[BROKEN] * 100]
    with pytest.raises(SignInError, match="in time"):
        run(scene, authentication_timeout=180.0)
    assert scene.clock.monotonic() == 1180.0


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_clock_that_is_set_meanwhile_changes_no_wait(scene: Scene, seconds: float) -> None:
    """B-56."""
    scene.provider.device_answers = [PENDING, PENDING]
    jumps = iter([seconds])
    scene.provider.on_token_request = lambda: scene.clock.jump(next(jumps, 0.0))
    run(scene)
    assert polls(scene) == [5, 10, 15]


def test_no_exchange_may_outlast_the_sign_in(scene: Scene) -> None:
    scene.provider.device_answers = [PENDING]
    run(scene, authentication_timeout=60.0)
    assert [request.timeout for request in scene.provider.requests if request.method == "POST"] == [60.0, 55.0, 50.0]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("access_denied", SignInError),
        ("expired_token", SignInError),
        ("invalid_grant", OAuthError),
        ("invalid_client", OAuthError),
        ("unsupported_grant_type", OAuthError),
        ("made_up", OAuthError),
    ],
)
def test_any_other_error_ends_it(scene: Scene, error: str, kind: type[Error]) -> None:
    scene.provider.device_answers = [PENDING, error]
    with pytest.raises(kind):
        run(scene)
    assert polls(scene) == [5, 10]


@pytest.mark.parametrize(
    "document",
    [
        {"device_code": None},
        {"user_code": None},
        {"verification_uri": None},
        {"expires_in": None},
        {"interval": -1},
        {"interval": "soon"},
        {"expires_in": -1},
        {"user_code": "A" * 10_000},
        {"user_code": "AB\u200bCD"},
        {"user_code": "AB\x1b[2JCD"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "http://id.example.com/activate"},
    ],
    ids=repr,
)
def test_an_answer_that_can_not_be_used_or_shown_ends_it(scene: Scene, document: dict[str, Any]) -> None:
    """B-54, B-71, B-73: before anything of it is shown."""
    scene.provider.device_response = document
    with pytest.raises(ProviderError):
        run(scene)
    assert scene.console.lines == []
    assert scene.provider.count("/token") == 0


def test_the_old_name_of_the_address_is_understood(scene: Scene) -> None:
    """R50."""
    scene.provider.device_response = {"verification_uri": None, "verification_url": f"{ISSUER}/old"}
    run(scene)
    assert f"{ISSUER}/old" in told(scene)


def test_a_provider_without_this_grant_is_told(scene: Scene) -> None:
    scene.provider.metadata = {"device_authorization_endpoint": None}
    with pytest.raises(MetadataError, match="device_authorization_endpoint"):
        run(scene)


def test_a_confidential_client_authenticates_in_both_requests(scene: Scene) -> None:
    run(scene, client_secret=Secret("secret"))
    posts = [request for request in scene.provider.requests if request.method == "POST"]
    assert [request.basic for request in posts] == 2 * [("kubernetes", "secret")]


def test_a_confidential_client_refused_one_way_tries_the_other(scene: Scene) -> None:
    """The code is not spent by it: the client is looked at first."""
    scene.provider.scripted = [None, refusal("invalid_client", 401)]
    assert run(scene, client_secret=Secret("secret"))
    assert polls(scene) == [5, 5]


def test_a_lost_answer_ends_it_when_the_code_is_spent(scene: Scene) -> None:
    scene.provider.scripted = [None, Lost(), refusal("invalid_grant")]
    with pytest.raises(OAuthError):
        run(scene)


def test_ctrl_c_ends_the_wait(scene: Scene) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    scene.clock.sleep = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        run(scene)
    assert polls(scene) == []
