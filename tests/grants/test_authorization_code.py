"""Signing in with the browser."""

import string

import pytest

from kubelogin_py.errors import Error, OAuthError, ProviderError, SignInError, TransientError, VerificationError
from kubelogin_py.grants.authorization_code import obtain
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import PkceMethod
from tests.support.fake_provider import ISSUER, answer, refusal
from tests.support.world import Scene, challenge_of, query_of, redirect

UNRESERVED = set(string.ascii_letters + string.digits + "-._~")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def run(scene: Scene, **changed: object) -> Session:
    return obtain(scene.sign_in(**changed))


def asked(scene: Scene) -> dict[str, str]:
    """The parameters of the one authorization request."""
    (url,) = scene.browser.opened
    return query_of(url)


def page(scene: Scene) -> tuple[int, str]:
    assert scene.page is not None
    return scene.page


def respond(scene: Scene, *queries: dict[str, str | None]) -> None:
    """Let the provider send the browser back with these changes to a good response, one after the other."""
    scene.browser.respond = lambda asked: [redirect(asked, **changed) for changed in queries]


def test_the_request_asks_for_a_code_with_everything_that_binds_the_answer_to_us(scene: Scene) -> None:
    run(scene, extra_scopes=("email", "groups"))
    (url,) = scene.browser.opened
    assert url.startswith(f"{ISSUER}/authorize?")
    request = asked(scene)
    assert request.pop("state") != request.pop("nonce")
    assert len(request.pop("code_challenge")) == 43
    assert request == {
        "access_type": "offline",
        "client_id": "kubernetes",
        "code_challenge_method": "S256",
        "redirect_uri": "http://localhost:8000",
        "response_type": "code",
        "scope": "email groups openid",
    }


def test_state_nonce_and_verifier_have_256_bits_and_are_three_values(scene: Scene) -> None:
    """R35 to R37: 43 characters of 6 bits each, all of them unreserved."""
    run(scene)
    verifier = scene.provider.forms[0]["code_verifier"]
    values = [asked(scene)["state"], asked(scene)["nonce"], verifier]
    assert sorted(values) == sorted(scene.entropy.drawn)
    assert all(len(value) == 43 and set(value) <= UNRESERVED for value in values)
    assert challenge_of(verifier) == asked(scene)["code_challenge"]


def test_no_two_sign_ins_send_the_same_values(scene: Scene) -> None:
    run(scene)
    run(scene)
    first, second = map(query_of, scene.browser.opened)
    assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))


@pytest.mark.parametrize("methods", [None, [], ["plain"], ["S256", "plain"]], ids=repr)
@pytest.mark.parametrize("chosen", [PkceMethod.AUTO, PkceMethod.S256])
def test_pkce_is_sent_whatever_the_provider_advertises(scene: Scene, methods: object, chosen: PkceMethod) -> None:
    """R38, D9: a downgrade would begin with metadata that does not mention it."""
    scene.provider.metadata = {"code_challenge_methods_supported": methods}
    run(scene, pkce=chosen)
    assert asked(scene)["code_challenge_method"] == "S256"
    assert challenge_of(scene.provider.forms[0]["code_verifier"]) == asked(scene)["code_challenge"]


def test_pkce_is_left_out_only_where_the_user_says_no(scene: Scene) -> None:
    scene.provider.metadata = {"code_challenge_methods_supported": ["S256"]}
    run(scene, pkce=PkceMethod.NO)
    assert not {"code_challenge", "code_challenge_method"} & asked(scene).keys()
    assert "code_verifier" not in scene.provider.forms[0]


@pytest.mark.parametrize(
    "redirect_url", [None, "http://127.0.0.1:8000/callback?a=b%20c", "http://LOCALHOST:18000/", "http://[::1]:8000/x"]
)
def test_the_redirect_uri_is_the_same_in_both_requests(scene: Scene, redirect_url: str | None) -> None:
    """R33: byte for byte."""
    run(scene, redirect_url=redirect_url)
    assert scene.provider.forms[0]["redirect_uri"] == asked(scene)["redirect_uri"]
    assert asked(scene)["redirect_uri"] == (redirect_url or "http://localhost:8000")


def test_the_code_is_traded_for_tokens(scene: Scene) -> None:
    session = run(scene)
    form = scene.provider.forms[0]
    assert form.pop("code_verifier")
    assert form == {
        "grant_type": "authorization_code",
        "code": "code-canary",
        "redirect_uri": "http://localhost:8000",
        "client_id": "kubernetes",
    }
    assert session.refresh_token == Secret("refresh-1")


def test_the_listener_tries_the_addresses_of_the_user_and_is_closed_afterwards(scene: Scene) -> None:
    run(scene, listen_addresses=("127.0.0.1:9999",))
    assert scene.listener.addresses == ("127.0.0.1:9999",)
    assert not scene.listener.open


def test_without_a_port_no_browser_is_opened(scene: Scene) -> None:
    scene.listener.busy = True
    with pytest.raises(SignInError, match="no available port"):
        run(scene)
    assert scene.browser.opened == []


@pytest.mark.parametrize(
    "junk",
    [
        {"state": None},
        {"state": ""},
        {"state": "wrong"},
        {"state": "x" * 100_000},
        {"state": None, "error": "access_denied", "code": None},
        {"state": "wrong", "error": "server_error"},
        {"state": "wrong", "iss": "https://evil.example"},
    ],
    ids=["no state", "empty", "wrong", "huge", "error without state", "error with wrong state", "foreign issuer"],
)
def test_what_does_not_carry_our_state_is_ignored(scene: Scene, junk: dict[str, str | None]) -> None:
    """B-57: anybody can send such a request, so it must not end a sign-in."""
    respond(scene, junk, junk, {})
    run(scene)
    assert scene.listener.callback is not None
    assert len(scene.listener.callback.refused) == 2
    assert scene.provider.count("/token") == 1
    assert page(scene)[0] == 200


def test_a_doubled_state_is_ignored(scene: Scene) -> None:
    """B-57: one of the two may be right."""
    scene.browser.respond = lambda asked: [f"{redirect(asked)}&state=wrong", redirect(asked)]
    run(scene)
    assert scene.provider.count("/token") == 1


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code": None, "error": "access_denied"}, SignInError),
        ({"code": None, "error": "server_error", "error_description": "db\x1b[2J down"}, OAuthError),
        ({"error": "access_denied"}, ProviderError),
        ({"code": None}, ProviderError),
        ({"code": "x" * 9000}, ProviderError),
        ({"iss": "https://evil.example"}, ProviderError),
        ({"id_token": "a.b.c"}, ProviderError),
        ({"access_token": "a"}, ProviderError),
    ],
    ids=[
        "B-58 denied", "B-58 error", "B-59 code and error", "B-59 no code", "B-59 huge code", "B-60 another issuer",
        "B-69 an ID token", "B-69 an access token",
    ],
)  # fmt: skip
def test_a_wrong_answer_to_our_request_ends_the_sign_in_before_the_code_leaves(
    scene: Scene, changed: dict[str, str | None], error: type[Error]
) -> None:
    respond(scene, changed, {})
    with pytest.raises(error) as caught:
        run(scene)
    assert scene.provider.count("/token") == 0
    status, shown = page(scene)
    assert status == 400
    assert "Sign-in failed" in shown
    assert "\x1b" not in shown + caught.value.message


def test_a_missing_issuer_that_was_promised_ends_the_sign_in(scene: Scene) -> None:
    """B-60, RFC 9207."""
    scene.provider.metadata = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(ProviderError):
        run(scene)
    assert scene.provider.count("/token") == 0


def test_the_issuer_in_the_answer_may_be_ours(scene: Scene) -> None:
    respond(scene, {"iss": ISSUER})
    run(scene)
    assert page(scene)[0] == 200


def test_the_page_says_who_signed_in_and_where(scene: Scene) -> None:
    run(scene)
    status, shown = page(scene)
    assert status == 200
    assert "alice@example.test" in shown
    assert ISSUER in shown


def test_a_name_is_shown_as_text(scene: Scene) -> None:
    scene.provider.claims = {"email": "<script>alert(1)</script>\u202e"}
    run(scene)
    assert "<script" not in page(scene)[1]
    assert "\u202e" not in page(scene)[1]


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda provider: provider.claims.update(nonce="another"), VerificationError),
        (lambda provider: provider.claims.update(exp=1), VerificationError),
        (lambda provider: provider.token_response.update(id_token=None), ProviderError),
        (lambda provider: provider.scripted.append(refusal("invalid_grant")), OAuthError),
        (lambda provider: provider.scripted.append(answer({}, 503)), TransientError),
        (lambda provider: provider.scripted.append(TransientError("connection reset by peer")), TransientError),
    ],
    ids=["nonce", "expired", "B-45 no ID token", "refused", "503", "network"],
)
def test_the_page_after_a_failure_says_so(scene: Scene, spoil, error: type[Error]) -> None:
    """Only a verified token gets the other one; and a code is never sent twice."""
    spoil(scene.provider)
    with pytest.raises(error):
        run(scene)
    assert page(scene)[0] == 400
    assert scene.provider.count("/token") == 1


BASIC, POST = "client_secret_basic", "client_secret_post"


@pytest.mark.parametrize("methods", [None, [BASIC, POST], [BASIC], [POST]])
def test_the_code_is_sent_once_even_when_the_client_is_refused(scene: Scene, methods: list[str] | None) -> None:
    """RFC 6749 section 4.1.2: a second arrival counts as theft."""
    scene.provider.metadata = {"token_endpoint_auth_methods_supported": methods}
    scene.provider.registered_method = "tls_client_auth"
    with pytest.raises(OAuthError) as caught:
        run(scene, client_secret=Secret("secret"))
    assert caught.value.error == "invalid_client"
    assert scene.provider.codes_seen == 1


@pytest.mark.parametrize("registered", [BASIC, POST])
@pytest.mark.parametrize("methods", [None, [], [BASIC, POST], ["private_key_jwt"]])
def test_the_method_is_found_out_before_there_is_a_code(
    scene: Scene, methods: list[str] | None, registered: str
) -> None:
    """Where the metadata leaves it open, a client registered for either method signs in, and its code is sent once."""
    scene.provider.metadata = {"token_endpoint_auth_methods_supported": methods}
    scene.provider.registered_method = registered
    run(scene, client_secret=Secret("s:e/c ret"))
    question, redeemed = [request for request in scene.provider.requests if request.path == "/token"]
    assert "code" not in question.form
    assert redeemed.form["code"]
    assert bool(redeemed.basic) == (registered == BASIC)


def test_without_an_answer_to_that_question_the_first_method_is_used(scene: Scene) -> None:
    scene.provider.scripted = [TransientError("connection reset by peer"), None]
    run(scene, client_secret=Secret("s:e/c ret"))
    assert [bool(request.basic) for request in scene.provider.requests if request.path == "/token"] == [True, True]


@pytest.mark.parametrize("method", [BASIC, POST])
def test_a_confidential_client_authenticates_as_the_metadata_says(scene: Scene, method: str) -> None:
    """One method listed is one request, with id and secret in that place and in no other."""
    scene.provider.metadata = {"token_endpoint_auth_methods_supported": [method, "private_key_jwt"]}
    run(scene, client_secret=Secret("s:e/c ret"))
    (request,) = [request for request in scene.provider.requests if request.path == "/token"]
    if method == BASIC:
        assert request.basic == ("kubernetes", "s:e/c ret")
        assert not {"client_id", "client_secret"} & request.form.keys()
    else:
        assert request.basic is None
        assert (request.form["client_id"], request.form["client_secret"]) == ("kubernetes", "s:e/c ret")


def test_pages_of_the_provider_may_ask_before_they_reach_this_machine(scene: Scene) -> None:
    """Private network access: preflights are answered for the authorization endpoint's origin and no other."""
    run(scene)
    assert scene.listener.allowed_origin == "https://id.example.com"


def test_a_public_client_sends_its_id_only(scene: Scene) -> None:
    """R44: an empty Basic header would be a wrong password to some providers."""
    run(scene)
    request = next(request for request in scene.provider.requests if request.path == "/token")
    assert request.basic is None
    assert "client_secret" not in request.form


def test_nobody_is_waited_for_longer_than_allowed(scene: Scene) -> None:
    scene.browser.respond = lambda _: []
    begin = scene.clock.monotonic()
    with pytest.raises(SignInError):
        run(scene, authentication_timeout=42.0)
    assert scene.clock.monotonic() - begin == 42.0
    assert not scene.listener.open


def test_the_person_is_told_what_happens(scene: Scene) -> None:
    run(scene, authentication_timeout=42.0)
    assert scene.console.lines == [f"signing in to {ISSUER} in your browser; waiting up to 42 seconds"]


def visit_by_hand(scene: Scene) -> None:
    """Let the person copy the URL from the terminal into a browser somewhere."""
    told = scene.console.tell

    def read(line: str) -> None:
        told(line)
        _, here, url = line.partition("Please visit the following URL in your browser: ")
        if here:
            scene.browser.visit(url)

    scene.console.tell = read  # type: ignore[method-assign]


def test_a_browser_that_does_not_start_leaves_the_url_on_the_terminal(scene: Scene) -> None:
    """B-75."""
    scene.browser.starts = False
    visit_by_hand(scene)
    run(scene)
    assert page(scene)[0] == 200
    assert any("--grant-type=device-code" in line for line in scene.console.lines)


def test_a_browser_is_not_opened_where_it_is_not_wanted(scene: Scene) -> None:
    visit_by_hand(scene)
    run(scene, skip_open_browser=True)
    assert scene.browser.opened == []
    assert "browser" not in scene.events
    assert page(scene)[0] == 200
    assert not any("could be started" in line for line in scene.console.lines)
