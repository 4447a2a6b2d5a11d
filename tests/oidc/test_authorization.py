"""The authorization request, and which callbacks are believed."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from kubelogin_py.errors import (
    Error,
    MetadataError,
    OAuthError,
    ProviderError,
    SettingsError,
    SignInError,
    StrayCallbackError,
)
from kubelogin_py.oidc.authorization import CODE_LIMIT, build_request, read_callback
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.secret import Secret

ISSUER = "https://id.example.com"
METADATA = Metadata(
    issuer=ISSUER, token_endpoint=f"{ISSUER}/t", jwks_uri=f"{ISSUER}/k", authorization_endpoint=f"{ISSUER}/authorize"
)
PROMISING = replace(METADATA, iss_parameter_supported=True)
STATE = "state-of-this-sign-in-0123456789abcdefghij"
NONCE = "nonce-of-this-sign-in-0123456789abcdefghij"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def build(metadata=METADATA, **changes):
    arguments = {
        "client_id": "kubernetes",
        "scope": "email openid",
        "redirect_uri": "http://localhost:8000",
        "state": Secret(STATE),
        "nonce": Secret(NONCE),
        "code_verifier": Secret(VERIFIER),
        **changes,
    }
    return build_request(metadata, **arguments)


def at_endpoint(endpoint):
    return replace(METADATA, authorization_endpoint=endpoint)


def sent(request):
    return parse_qsl(urlsplit(request.url).query, keep_blank_values=True)


def callback(metadata=METADATA, **parameters):
    return read_callback(urlencode(parameters), build(), metadata)


def test_request_has_every_parameter_once_and_in_order():
    assert build().url == (
        f"{ISSUER}/authorize?access_type=offline&client_id=kubernetes"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        f"&nonce={NONCE}&redirect_uri=http%3A%2F%2Flocalhost%3A8000&response_type=code&scope=email+openid&state={STATE}"
    )


def test_request_remembers_what_its_response_is_held_against():
    request = build(redirect_uri="http://LOCALHOST:8000/a?b=c")
    assert request.redirect_uri == "http://LOCALHOST:8000/a?b=c"
    assert dict(sent(request))["redirect_uri"] == request.redirect_uri
    assert (request.state, request.nonce, request.code_verifier) == (Secret(STATE), Secret(NONCE), Secret(VERIFIER))


def test_request_shown_by_accident_shows_nothing():
    shown = repr(build())
    assert STATE not in shown
    assert NONCE not in shown
    assert VERIFIER not in shown


def test_challenge_is_sent_though_the_metadata_is_silent_or_offers_plain_only():
    assert METADATA.code_challenge_methods is None
    assert dict(sent(build()))["code_challenge_method"] == "S256"
    plain = replace(METADATA, code_challenge_methods=("plain",))
    assert dict(sent(build(plain)))["code_challenge_method"] == "S256"


def test_without_a_verifier_there_is_no_challenge():
    assert not [name for name, _ in sent(build(code_verifier=None)) if name.startswith("code_challenge")]


def test_without_a_redirect_uri_none_is_sent():
    assert "redirect_uri" not in dict(sent(build(redirect_uri=None)))


def test_extra_parameters_are_added_in_their_place():
    extra = (("prompt", "consent"), ("login_hint", "a b&c=d"), ("max_age", "60"), ("resource", "x"), ("resource", "y"))
    pairs = sent(build(extra_params=extra))
    assert [pair for pair in pairs if pair[0] in dict(extra)] == sorted(extra, key=lambda pair: pair[0])
    assert [name for name, _ in pairs] == sorted(name for name, _ in pairs)


def test_access_type_is_the_users_to_change():
    assert [pair for pair in sent(build(extra_params=(("access_type", "online"),))) if pair[0] == "access_type"] == [
        ("access_type", "online")
    ]


@pytest.mark.parametrize(
    "name",
    [
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "scope",
        "request",
        "request_uri",
        "client_secret",
        "State",
        " state",
        "STATE ",
    ],
)
def test_extra_parameter_that_would_switch_a_check_off_is_refused(name):
    """B-89; some providers ignore the case of names."""
    with pytest.raises(SettingsError, match="extra parameter"):
        build(extra_params=(("prompt", "login"), (name, "x")))


@pytest.mark.parametrize("pair", [("", "x"), ("a\udcff", "x"), ("a", "x\udcff")])
def test_extra_parameter_that_is_no_text_is_refused(pair):
    with pytest.raises(SettingsError) as refused:
        build(extra_params=(pair,))
    assert refused.value.message.isprintable()


def test_client_id_that_is_no_text_is_refused():
    with pytest.raises(SettingsError):
        build(client_id="a\udcff")


@pytest.mark.parametrize(
    ("endpoint", "start"),
    [
        (f"{ISSUER}/a?p=b2c%2F1&x", f"{ISSUER}/a?p=b2c%2F1&x&access_type=offline&"),
        (f"{ISSUER}/a?", f"{ISSUER}/a?access_type=offline&"),
        (f"{ISSUER}/a?&&p=1&", f"{ISSUER}/a?p=1&access_type=offline&"),
        (f"{ISSUER}/a?access_type=online", f"{ISSUER}/a?access_type=offline&"),
        (ISSUER, f"{ISSUER}?access_type=offline&"),
    ],
)
def test_query_of_the_endpoint_is_kept_and_nothing_is_sent_twice(endpoint, start):
    """B-39."""
    request = build(at_endpoint(endpoint))
    assert request.url.startswith(start)
    names = [name for name, _ in sent(request)]
    assert len(names) == len(set(names))


def test_users_parameter_replaces_the_endpoints_own():
    request = build(at_endpoint(f"{ISSUER}/a?prompt=none&p=1"), extra_params=(("prompt", "login"),))
    assert [value for name, value in sent(request) if name == "prompt"] == ["login"]
    assert ("p", "1") in sent(request)


@pytest.mark.parametrize("own", ["response_type=token", "st%61te=x", "Redirect_URI=https://evil.example", "p=1&nonce"])
def test_endpoint_that_would_contradict_the_request_is_refused(own):
    with pytest.raises(MetadataError, match="it sets"):
        build(at_endpoint(f"{ISSUER}/a?{own}"))


def test_provider_without_an_authorization_endpoint_is_refused():
    with pytest.raises(MetadataError, match="authorization_endpoint"):
        build(at_endpoint(None))


def test_provider_that_takes_pushed_requests_only_is_refused_before_a_browser_opens():
    metadata = replace(METADATA, require_pushed_authorization_requests=True)
    with pytest.raises(MetadataError, match="pushed"):
        build(metadata)


def test_code_of_our_response_is_returned():
    assert callback(state=STATE, code="SplxlO/+ b=") == Secret("SplxlO/+ b=")


def test_parameters_nobody_asked_for_are_ignored():
    assert callback(state=STATE, code="c", session_state="x", scope="openid", authuser="0", hd="") == Secret("c")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("", id="B-57 nothing"),
        pytest.param("code=c", id="B-57 absent"),
        pytest.param("code=c&state=", id="B-57 empty"),
        pytest.param(f"code=c&state={STATE}1", id="B-57 one character more"),
        pytest.param(f"code=c&state={STATE[:-1]}", id="B-57 one character less"),
        pytest.param(f"code=c&state={STATE.upper()}", id="B-57 other case"),
        pytest.param(f"code=c&state={STATE}&state={STATE}", id="B-57 doubled"),
        pytest.param(f"code=c&state={STATE}&state=", id="B-57 doubled, one empty"),
        pytest.param(f"code=c&state=x&state={STATE}", id="B-57 right one last"),
        pytest.param(f"code=c&State={STATE}", id="B-57 other name"),
        pytest.param("code=c&state=" + "s" * 100 * 1024, id="B-57 100 KiB"),
        pytest.param(f"state={STATE}&code=" + "c" * 200 * 1024, id="200 KiB in all"),
        pytest.param(f"state={STATE}&code=c" + "&x=1" * 100, id="a hundred parameters"),
        pytest.param("code=c&state=%FF%FE", id="state that is not UTF-8"),
        pytest.param("code=c&state=\u00e9", id="state that is not ASCII"),
        pytest.param("error=access_denied&state=wrong", id="error without our state"),
        pytest.param("error=access_denied", id="error without state"),
        pytest.param(f"code=c&state={STATE}1&iss=https://evil.example", id="wrong issuer too"),
        pytest.param("access_token=a&state=wrong", id="tokens without our state"),
        pytest.param(f"code=c;state={STATE}", id="semicolons"),
        pytest.param("%", id="a lone percent"),
    ],
)
def test_callback_without_our_state_is_stray_whatever_else_it_says(query):
    """The sign-in goes on, and none of the words in it are repeated."""
    with pytest.raises(StrayCallbackError) as stray:
        read_callback(query, build(), PROMISING)
    assert "evil" not in stray.value.message
    assert STATE not in stray.value.message


def test_denial_at_the_provider_ends_the_sign_in_in_its_own_words():
    with pytest.raises(SignInError, match=r"denied or cancelled at id\.example\.com \(User said no\)") as denied:
        callback(state=STATE, error="access_denied", error_description="User said no")
    assert denied.value.hint


@pytest.mark.parametrize(
    "error",
    [
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
        "invalid_target",
    ],
)
def test_registered_error_is_shown_with_its_description_and_a_hint(error):
    """B-58."""
    with pytest.raises(OAuthError, match=rf"sign-in was refused by id\.example\.com: {error} \(because\)") as refused:
        callback(state=STATE, error=error, error_description="because")
    assert refused.value.error == error
    assert refused.value.hint


def test_error_nobody_registered_is_shown_too():
    with pytest.raises(OAuthError) as refused:
        callback(state=STATE, error="my_own_error")
    assert refused.value.error == "my_own_error"


def test_invalid_scope_hints_at_offline_access():
    with pytest.raises(OAuthError) as refused:
        callback(state=STATE, error="invalid_scope")
    assert "offline_access" in str(refused.value.hint)


HOSTILE = "\x1b[2J\x1b]8;;https://evil.example\x07click\x1b]52;c;AAAA\x07\x9b31m\r\n\u202eerror: \u200b" + "x" * 5000


@pytest.mark.parametrize("error", ["invalid_request", "access_denied", HOSTILE])
def test_foreign_words_are_escaped_cut_and_on_one_line(error):
    """B-58, B-71, B-72."""
    with pytest.raises(Error) as refused:
        callback(state=STATE, error=error, error_description=HOSTILE)
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 1000
    assert getattr(refused.value, "error", "").isprintable()


def test_description_in_a_foreign_encoding_does_not_hide_the_error():
    with pytest.raises(OAuthError, match="invalid_scope"):
        read_callback(f"state={STATE}&error=invalid_scope&error_description=gr%FCn", build(), METADATA)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param("code=c&error=access_denied", "more than a code", id="B-59 code and error"),
        pytest.param("code=c&code=c", "code more than once", id="B-59 code twice"),
        pytest.param("code=c&code=", "code more than once", id="B-59 code twice, one empty"),
        pytest.param("code=", "no code", id="B-59 code empty"),
        pytest.param("", "no code", id="B-59 code absent"),
        pytest.param("code=" + "c" * (CODE_LIMIT + 1), "malformed code", id="B-59 code too long"),
        pytest.param("code=c%0d%0aHost:%20evil", "malformed code", id="code with line end"),
        pytest.param("code=%C3%A9", "malformed code", id="code not ASCII"),
        pytest.param("code=%FF", "malformed code", id="code not UTF-8"),
        pytest.param("error=a&error=b", "error more than once", id="error twice"),
        pytest.param("error=a&error_description=b&error_description=c", "more than once", id="description twice"),
        pytest.param("code=c&access_token=a", "more than a code", id="B-69 access token"),
        pytest.param("code=c&id_token=a.b.c", "more than a code", id="B-69 ID token"),
        pytest.param("id_token=a.b.c", "more than a code", id="B-69 ID token alone"),
    ],
)
def test_contradictory_response_with_our_state_ends_the_sign_in(query, reason):
    with pytest.raises(ProviderError, match=reason) as refused:
        read_callback(f"state={STATE}&{query}", build(), METADATA)
    assert "evil" not in refused.value.message


def test_longest_code_is_accepted():
    assert callback(state=STATE, code="c" * CODE_LIMIT) == Secret("c" * CODE_LIMIT)


def test_empty_parameters_count_as_absent():
    """RFC 6749 section 3.1."""
    assert callback(state=STATE, code="c", error="", iss="") == Secret("c")


@pytest.mark.parametrize("metadata", [METADATA, PROMISING], ids=["not promised", "promised"])
@pytest.mark.parametrize(
    "query",
    [
        pytest.param(f"iss={ISSUER}1", id="B-60 one character more"),
        pytest.param(f"iss={ISSUER}/", id="B-60 slash more"),
        pytest.param(f"iss={ISSUER[:-1]}", id="B-60 one character less"),
        pytest.param("iss=https://ID.example.com", id="B-60 other case"),
        pytest.param("iss=https://evil.example", id="B-60 other"),
        pytest.param(f"iss={ISSUER}&iss={ISSUER}", id="B-60 doubled"),
        pytest.param(f"iss={ISSUER}&iss=https://evil.example", id="B-60 doubled, second wrong"),
        pytest.param("iss=https://evil.example&error=access_denied&error_description=words", id="B-60 with error"),
    ],
)
def test_response_of_another_issuer_is_refused(query, metadata):
    separator = "" if "error" in query else "&code=canary-code"
    with pytest.raises(ProviderError) as refused:
        read_callback(f"state={STATE}{separator}&{query}", build(), metadata)
    assert "canary" not in refused.value.message
    assert "words" not in refused.value.message
    assert not isinstance(refused.value, OAuthError)


def test_issuer_that_was_promised_must_be_there():
    """B-60, RFC 9207 section 2.4."""
    for parameters in ({"code": "c"}, {"code": "c", "iss": ""}):
        with pytest.raises(ProviderError, match="does not name its issuer"):
            callback(PROMISING, state=STATE, **parameters)
    assert callback(PROMISING, state=STATE, code="c", iss=ISSUER) == Secret("c")
    assert callback(METADATA, state=STATE, code="c", iss=ISSUER) == Secret("c")


def test_error_without_the_promised_issuer_still_says_what_it_is():
    with pytest.raises(OAuthError, match="invalid_scope"):
        callback(PROMISING, state=STATE, error="invalid_scope")
