"""The device authorization grant, its polls on a clock that only the test moves."""

import json

import pytest

from kubelogin_py.errors import Error, OAuthError, ProviderError, SettingsError, SignInError, TransientError
from kubelogin_py.oidc import device
from kubelogin_py.oidc.device import Done, Wait, next_poll, read_device_authorization
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret

GOOD = {
    "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://id.example.com/device",
    "verification_uri_complete": "https://id.example.com/device?user_code=WDJB-MJHT",
    "expires_in": 900,
    "interval": 5,
}


def answer(document, status=200, url="https://id.example.com/token", **headers):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Response(url, status, {"content-type": "application/json", **headers}, body)


def read(url="https://id.example.com/device_authorization", **changes):
    """Read a good response with these changes; ``...`` leaves a member out."""
    document = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return read_device_authorization(answer(document, url=url))


PENDING = answer({"error": "authorization_pending"}, 400)
SLOW_DOWN = answer({"error": "slow_down"}, 400)
TOKENS = answer({"access_token": "a", "token_type": "bearer", "id_token": "h.p.s"})
FAULT = answer(b"<html>", 503)
TIMEOUT = TransientError("timed out")


def poll_times(outcomes, interval=5.0):
    """Play these outcomes and return when each poll was made, and the last step."""
    now, times, step = 0.0, [], Wait(interval)
    for outcome in outcomes:
        assert isinstance(step, Wait)
        now += step.seconds
        times.append(now)
        step = next_poll(outcome, step)
    return times, step


def test_form_of_the_request():
    assert device.authorization_form("kubernetes", "email openid") == [
        ("client_id", "kubernetes"),
        ("scope", "email openid"),
    ]
    form = device.authorization_form("kubernetes", "openid", code_challenge="c", extra_params=(("audience", "x"),))
    assert form[2:] == [("code_challenge", "c"), ("code_challenge_method", "S256"), ("audience", "x")]


@pytest.mark.parametrize("name", ["client_id", "scope", "code_challenge", "client_secret", "Scope"])
def test_extra_parameter_that_the_sign_in_sets_itself_is_refused(name):
    """B-89."""
    with pytest.raises(SettingsError):
        device.authorization_form("kubernetes", "openid", extra_params=((name, "x"),))


def test_everything_in_the_response_is_read():
    authorization = read()
    assert authorization.device_code == Secret(GOOD["device_code"])
    assert authorization.user_code == "WDJB-MJHT"
    assert authorization.verification_uri == "https://id.example.com/device"
    assert authorization.verification_uri_complete == GOOD["verification_uri_complete"]
    assert (authorization.expires_in, authorization.interval) == (900.0, 5.0)
    assert GOOD["device_code"] not in repr(authorization)


@pytest.mark.parametrize("name", ["device_code", "user_code", "verification_uri", "expires_in"])
@pytest.mark.parametrize("value", [..., None, "", True, []], ids=repr)
def test_response_that_lacks_a_member_is_refused(name, value):
    """B-54."""
    with pytest.raises(ProviderError, match=name):
        read(**{name: value})


def test_legacy_name_of_the_verification_uri():
    """Google."""
    authorization = read(verification_uri=..., verification_url="https://www.google.com/device")
    assert authorization.verification_uri == "https://www.google.com/device"
    assert read(verification_url="https://evil.example").verification_uri == GOOD["verification_uri"]


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [(..., 5.0), (None, 5.0), (5, 5.0), ("5", 5.0), (2.5, 2.5), (0, 1.0), (0.1, 1.0), (60, 60.0), (10**9, 60.0)],
)
def test_interval_is_read_and_clamped(interval, seconds):
    """B-54."""
    assert read(interval=interval).interval == seconds


@pytest.mark.parametrize(
    ("expires_in", "seconds"), [(900, 900.0), ("900", 900.0), (0, 30.0), (30, 30.0), (1800, 1800.0), (10**9, 1800.0)]
)
def test_lifetime_is_read_and_clamped(expires_in, seconds):
    """B-54."""
    assert read(expires_in=expires_in).expires_in == seconds


@pytest.mark.parametrize("name", ["interval", "expires_in"])
@pytest.mark.parametrize("value", [-1, "-1", -0.5, True, "soon", "", [], {}], ids=repr)
def test_time_that_is_no_time_is_refused(name, value):
    """B-54."""
    with pytest.raises(ProviderError, match=name):
        read(**{name: value})


@pytest.mark.parametrize("user_code", ["WDJB-MJHT", "abc123", "123 456 789", "A.B_C", "x" * 64])
def test_plain_user_codes(user_code):
    assert read(user_code=user_code).user_code == user_code


@pytest.mark.parametrize(
    "user_code",
    [
        "A" * 65,
        "A" * 10_240,
        "ABCD\u200b-EFGH",
        "\u0410BCD-EFGH",
        "ABCD\u202eEFGH",
        "\x1b[31mABCD",
        "ABCD\nEFGH",
        "ABCD\n",
        "ABCD\r",
        "-ABCD",
        "ABCD-",
        "AB  CD",
        "<b>",
        "\uff21BCD",
        1234,
    ],
    ids=ascii,
)
def test_user_code_that_could_mislead_is_refused_and_not_shown(user_code):
    """B-54, B-71."""
    with pytest.raises(ProviderError, match="malformed user_code") as refused:
        read(user_code=user_code)
    assert str(user_code) not in refused.value.message


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "http://id.example.com/device",
        "http://localhost/device",
        "\\\\server\\share",
        "-x",
        "https://u:p@id.example.com/",
        "https://id.example.com\\@evil.example",
        "https://id.example.com/\x1b",
        "id.example.com/device",
        7,
    ],
)
def test_unsafe_verification_uri_is_refused_and_the_complete_one_ignored(uri):
    """B-73."""
    with pytest.raises(ProviderError, match=r"verification_uri of id\.example\.com is refused") as refused:
        read(verification_uri=uri)
    assert str(uri) not in refused.value.message
    assert read(verification_uri_complete=uri).verification_uri_complete is None


def test_provider_on_this_machine_may_show_its_page_there():
    local = "http://localhost:5556/device"
    assert read(url="http://localhost:5556/code", verification_uri=local).verification_uri == local


def test_refused_device_request_says_why():
    with pytest.raises(OAuthError, match="device authorization request was refused") as refused:
        read_device_authorization(answer({"error": "unauthorized_client"}, 400))
    assert "enable the grant" in str(refused.value.hint)
    with pytest.raises(TransientError):
        read_device_authorization(answer(b"", 503))


def test_every_poll_is_preceded_by_the_interval_also_the_first():
    times, step = poll_times([PENDING, PENDING, PENDING, TOKENS])
    assert times == [5, 10, 15, 20]
    assert isinstance(step, Done)
    assert step.tokens.id_token == Secret("h.p.s")


def test_slow_down_adds_five_seconds_to_all_later_polls():
    """B-55."""
    times, _ = poll_times([PENDING, SLOW_DOWN, PENDING, PENDING, SLOW_DOWN, PENDING, TOKENS])
    assert times == [5, 10, 20, 30, 40, 55, 70]


def test_slow_down_each_time():
    """B-55."""
    times, _ = poll_times([SLOW_DOWN] * 6)
    assert times == [5, 15, 30, 50, 75, 105]


def test_slow_down_is_not_undone_above_the_longest_interval():
    times, _ = poll_times([SLOW_DOWN, PENDING], interval=60.0)
    assert times == [60, 125]


@pytest.mark.parametrize("fault", [FAULT, TIMEOUT, answer({"error": "server_error"}, 500), answer(b"", 429)])
def test_faults_double_the_wait_and_an_answer_restores_it(fault):
    """B-55."""
    times, _ = poll_times([PENDING, fault, fault, fault, PENDING, TOKENS])
    assert times == [5, 10, 20, 40, 80, 85]


def test_back_off_stops_at_a_minute_and_never_overflows():
    times, step = poll_times([TIMEOUT] * 3000)
    assert times[:5] == [5, 15, 35, 75, 135]
    assert isinstance(step, Wait)
    assert step.seconds == 60.0


def test_slow_down_is_remembered_through_faults():
    times, _ = poll_times([SLOW_DOWN, TIMEOUT, PENDING, TOKENS])
    assert times == [5, 15, 35, 45]


@pytest.mark.parametrize(("asked", "waited"), [("20", 20), ("3", 10), ("86400", 60), ("soon", 10)])
def test_retry_after_is_heeded_within_bounds(asked, waited):
    times, _ = poll_times([answer(b"", 503, **{"retry-after": asked}), PENDING])
    assert times == [5, 5 + waited]


def test_retry_after_of_a_network_fault_is_heeded():
    times, _ = poll_times([TransientError("busy", retry_after=30.0), PENDING, PENDING])
    assert times == [5, 35, 40]


@pytest.mark.parametrize("status", [400, 401, 403, 428, 429, 200])
def test_codes_decide_whatever_the_status(status):
    """Google answers 428 and 403."""
    times, _ = poll_times(
        [answer({"error": "authorization_pending"}, status), answer({"error": "slow_down"}, status), PENDING]
    )
    assert times == [5, 10, 20]


@pytest.mark.parametrize("before", [[], [PENDING], [SLOW_DOWN, TIMEOUT]])
@pytest.mark.parametrize(
    ("document", "kind", "message"),
    [
        ({"error": "access_denied"}, SignInError, "denied or cancelled at id.example.com"),
        ({"error": "expired_token"}, SignInError, "expired before"),
        ({"error": "invalid_grant"}, OAuthError, "invalid_grant"),
        ({"error": "invalid_client"}, OAuthError, "invalid_client"),
        ({"error": "authorization_pending1"}, OAuthError, "authorization_pending1"),
        ({"error": "slow_down "}, OAuthError, "slow_down"),
        ({"error": 7}, ProviderError, "not a name"),
        ({"message": "no"}, ProviderError, "status 400"),
        (b"<html>", ProviderError, "status 400"),
    ],
)
def test_any_other_answer_ends_the_polls(before, document, kind, message):
    """B-55."""
    _, step = poll_times(before)
    with pytest.raises(Error, match=message) as ended:
        next_poll(answer(document, 400), step)
    assert isinstance(ended.value, kind)


def test_success_without_tokens_ends_the_polls():
    with pytest.raises(ProviderError, match="access_token"):
        next_poll(answer({"token_type": "bearer"}), Wait(5.0))
