"""Single values of the configuration."""

import pytest

from examples.exchange_server import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300),
        ("1h30m", 5400),
        ("90s", 90),
        ("0", 0),
        ("0s", 0),
        ("1.5h", 5400),
        ("250ms", 0.25),
        (".5s", 0.5),
        (" 1m ", 60),
        ("1h1m1s1ms", 3661.001),
    ],
)
def test_a_duration_is_read_as_go_writes_it(text: str, seconds: float) -> None:
    assert values.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "5M", "+5m", "-5m", "5m!", "1d", "1e3s", "∞"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        values.duration(text)


@pytest.mark.parametrize(("seconds", "text"), [(300, "5m0s"), (3600, "1h0m0s"), (59, "59s"), (5430, "1h30m30s")])
def test_a_duration_is_written_as_go_writes_it(seconds: int, text: str) -> None:
    assert values.written_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (":8443", ("", 8443)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:8443", ("::1", 8443)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),
    ],
)
def test_a_listener_is_host_and_port(text: str, parts: tuple[str, int]) -> None:
    assert values.listen_address(text) == parts


@pytest.mark.parametrize("name", ["10.0.0.1", "10.0.0.1:50000", "node-1.example", "::1", "[::1]:50000", "[fd00::1]"])
def test_an_endpoint_may_be_any_of_these(name: str) -> None:
    assert values.endpoints(name) == (name,)


@pytest.mark.parametrize("name", ["https://x", "a b", "a\nb", "$(id)", "a@b", "a:b", "[::1", "fe80::1%eth0", "a/b"])
def test_an_endpoint_must_not_be_any_of_these(name: str) -> None:
    with pytest.raises(ValueError, match="neither a host nor host:port"):
        values.endpoints([name])


@pytest.mark.parametrize(
    ("url", "usable"),
    [
        ("https://id.example.com/realms/a", True),
        ("http://localhost:1234", True),
        ("http://127.0.0.2:1234", True),
        ("http://[::1]:1234", True),
        ("http://id.example.com", False),
        ("http://localhost.evil.example", False),
        ("https://", False),
        ("https://a b/", False),
        ("https://[::1", False),
        ("ftp://localhost", False),
        ("https://exämple.com", False),
        ("", False),
    ],
)
def test_a_provider_is_asked_over_https_or_on_this_machine(url: str, usable: bool) -> None:
    assert values.is_web_address(url) is usable
