"""What may be sent, where to and when again: tables."""

import pytest

from kubelogin_py.adapters import http_policy as policy
from kubelogin_py.errors import ProviderError, SettingsError
from kubelogin_py.secret import Secret

URL = "https://id.example.com/realms/a/doc?state=1"


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "Transfer-Encoding", "CONNECTION", "Content-Type", "TE", "Proxy-Authorization"],
)
def test_framing_fields_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        policy.header_fields([("X-Good", "1"), (name, "1")])


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nHost", "X\n", "Ä", " X"])
def test_what_is_no_field_name_is_refused(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        policy.header_fields([(name, "1")])
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", ["a\r\nHost: evil", "a\nb", "a\rb", "a\x00", "ä", "a\x1b[2J"])
def test_what_is_no_field_value_is_refused_without_being_repeated(value: str) -> None:
    with pytest.raises(SettingsError, match="X-Key") as caught:
        policy.header_fields([("X-Key", f"hunter2{value}")])
    assert "hunter2" not in str(caught.value)


def test_fields_are_taken_over_and_the_last_of_one_name_counts() -> None:
    assert policy.header_fields([("X-Key", " a b\t"), ("Empty", ""), ("x-key", "c")]) == {"x-key": "c", "empty": ""}


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/other", "https://id.example.com/other"),
        ("other?a=b#c", "https://id.example.com/realms/a/other?a=b"),
        ("https://id.example.com/x", "https://id.example.com/x"),
        ("https://id.example.com:443/x", "https://id.example.com:443/x"),
        ("HTTPS://ID.example.com/x", "HTTPS://ID.example.com/x"),
        ("//id.example.com/x", "https://id.example.com/x"),
    ],
)
def test_a_redirect_within_the_origin(location: str, target: str) -> None:
    assert policy.redirect_target(URL, location).lower() == target.lower()


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        "https://evil.example/x",
        "https://id.example.com.evil.example/x",
        "https://id.example.com:8443/x",
        "http://id.example.com/x",
        "//evil.example/x",
        "https://user@id.example.com/x",
        "https://id.example.com@evil.example/x",
        "https://id.example.com:x/",
        "https://[/",
        "/a\\b",
        "\\\\evil.example/x",
        "/a b",
        "/ä",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_out_of_the_origin_is_refused(location: str | None) -> None:
    with pytest.raises(ProviderError) as caught:
        policy.redirect_target(URL, location)
    assert str(caught.value).startswith("GET https://id.example.com/realms/a/doc")
    assert "state=1" not in str(caught.value)


@pytest.mark.parametrize("location", [None, "", "https://[", "https://evil.example/?code=1", "/x\x1b[2J"])
def test_the_refusal_of_a_redirected_post_is_printable(location: str | None) -> None:
    message = str(policy.refused_post_redirect("https://id.example.com/token?x=1", location))
    assert message.startswith("POST https://id.example.com/token: a redirect to ")
    assert message.isprintable()
    assert "code=1" not in message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("12345678901", None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Thu, 99 Foo 1970", None),
        ("\x00", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert policy.retry_after({"retry-after": value}, now=10) == seconds


def test_nobody_said_when_to_come_back() -> None:
    assert policy.retry_after({}, now=10) is None


def test_bytes_that_are_no_utf_8_travel_as_typed() -> None:
    """An argument of the command line may hold any bytes."""
    typed = b"p\xe4ss".decode("utf-8", "surrogateescape")
    assert policy.encoded_form([("password", Secret(typed))]) == b"password=p%E4ss"
    assert policy.basic_credentials("id", Secret(typed)) == b"id:p%E4ss"


@pytest.mark.parametrize("text", ["\ud800", "a\udbff"])
def test_text_that_has_no_bytes_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        policy.encoded_form([("password", Secret(text))])
    with pytest.raises(SettingsError):
        policy.basic_credentials("id", Secret(text))


@pytest.mark.parametrize(
    ("client_id", "secret", "pair"),
    [
        # RFC 6749 section 2.3.1 has this example.
        pytest.param("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", "s6BhdRkqt3:7Fjfp0ZBr1KtDRbnfVdmIw", id="RFC 6749"),
        pytest.param("a:b", "c:d", "a%3Ab:c%3Ad", id="colons"),
        pytest.param("a b", "c+d/%&=", "a+b:c%2Bd%2F%25%26%3D", id="reserved"),
        # RFC 6749 appendix B encodes this text.
        pytest.param("id", " %&+\u00a3\u20ac", "id:+%25%26%2B%C2%A3%E2%82%AC", id="RFC 6749 appendix B"),
        pytest.param("a-b_c.d~e", "-_.~", "a-b_c.d~e:-_.~", id="unreserved"),
    ],
)
def test_basic_credentials_are_form_encoded_first(client_id: str, secret: str, pair: str) -> None:
    """RFC 6749 section 2.3.1: without it a colon or a non-ASCII letter breaks."""
    assert policy.basic_credentials(client_id, Secret(secret)).decode() == pair
