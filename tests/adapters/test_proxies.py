"""Go's proxy rules."""

import pytest

from kubelogin_py.adapters.proxies import exemption, proxy_for, variable_for, without_password
from kubelogin_py.errors import SettingsError

PROXY = "http://proxy.example.com:3128"
NO_PROXY = (
    "foobar.com, .barbaz.net, *.wildcard.io, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:443, 10.0.0.0/30, "
    "2001:db8::52:0:1, [2001:db8::52:0:2]:8443, [2001:db8::52:0:3]:443, 2002:db8:a::45/64, www.bücher.example"
)


@pytest.mark.parametrize(
    ("host", "proxied"),
    [
        ("localhost", False),
        ("LOCALHOST", False),
        ("127.0.0.1", False),
        ("127.0.0.2", False),
        ("[::1]", False),
        ("[::ffff:127.0.0.1]", False),
        ("[::2]", True),
        ("192.168.1.1", False),
        ("192.168.1.2", True),
        ("192.168.1.2:81", False),
        ("192.168.1.3", False),
        ("192.168.1.4", True),
        ("10.0.0.2", False),
        ("10.0.0.4", True),
        ("[::ffff:10.0.0.2]", False),
        ("[2001:db8::52:0:1]", False),
        ("[2001:db8::52:0:2]", True),
        ("[2001:db8::52:0:3]", False),
        ("[2002:db8:a::123]", False),
        ("[fe80::424b:c8be:1643:a1b6]", True),
        ("barbaz.net", True),
        ("www.barbaz.net", False),
        ("foobar.com", False),
        ("www.foobar.com", False),
        ("FOOBAR.com", False),
        ("foofoobar.com", True),
        ("baz.com", True),
        ("localhost.net", True),
        ("local.localhost", True),
        ("wildcard.io", True),
        ("nested.wildcard.io", False),
        ("awildcard.io", True),
        ("www.xn--bcher-kva.example", False),
    ],
)
def test_no_proxy(host: str, proxied: bool) -> None:
    """The table is that of Go's own test, and a few more rows."""
    environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": NO_PROXY}
    assert proxy_for(f"https://{host}/token", environment) == (PROXY if proxied else None)


@pytest.mark.parametrize(
    ("no_proxy", "proxied"),
    [
        ("", True),
        ("*", False),
        ("other.example, *", False),
        (" , ,", True),
        (":1", True),
        (":443", True),
        ("[]:443", True),
        ("com", False),
        ("*example.com", True),
        ("id.example.com:443", False),
        ("id.example.com:8443", True),
        ("id.example.com:", False),
        ("example.com/24", True),
        ("1.2.3.4/99", True),
        ("0.0.0.0/0", True),
    ],
)
def test_odd_no_proxy(no_proxy: str, proxied: bool) -> None:
    environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}
    assert (proxy_for("https://id.example.com/", environment) is not None) == proxied


def test_a_mask_written_out_is_no_range() -> None:
    environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/255.0.0.0"}
    assert proxy_for("https://10.0.0.1/", environment) == PROXY


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        pytest.param("https://id.example.com", {"HTTPS_PROXY": "http://a", "https_proxy": "http://b"}, "http://a"),
        pytest.param("https://id.example.com", {"HTTPS_PROXY": "", "https_proxy": "http://b"}, "http://b"),
        pytest.param("https://id.example.com", {"HTTP_PROXY": "http://a"}, None, id="not-of-this-scheme"),
        pytest.param("https://id.example.com", {"ALL_PROXY": "http://a"}, None, id="all-proxy-is-not-go"),
        pytest.param("http://id.example.com", {"HTTP_PROXY": "http://a", "HTTPS_PROXY": "http://b"}, "http://a"),
        pytest.param("http://id.example.com", {"HTTP_PROXY": "http://a", "REQUEST_METHOD": "GET"}, None, id="cgi"),
        pytest.param("http://id.example.com", {"http_proxy": "http://a", "REQUEST_METHOD": "GET"}, "http://a"),
        pytest.param("https://id.example.com", {"HTTPS_PROXY": "http://a", "REQUEST_METHOD": "GET"}, "http://a"),
        pytest.param("https://id.example.com", {"HTTPS_PROXY": "http://a", "no_proxy": "example.com"}, None),
        pytest.param(
            "https://id.example.com",
            {"HTTPS_PROXY": "http://a", "NO_PROXY": "other", "no_proxy": "example.com"},
            "http://a",
            id="upper-case-first",
        ),
        pytest.param("ftp://id.example.com", {"HTTP_PROXY": "http://a", "HTTPS_PROXY": "http://b"}, None),
    ],
)
def test_variables(url: str, environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(url, environment) == proxy


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("proxy.example.com:3128", "http://proxy.example.com:3128"),
        ("proxy", "http://proxy"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("user:p%40ss@proxy:8080", "http://user:p%40ss@proxy:8080"),
        ("https://proxy.example.com", "https://proxy.example.com"),
        ("socks5://127.0.0.1", "socks5://127.0.0.1"),
        ("socks5h://[::1]:1080", "socks5h://[::1]:1080"),
    ],
)
def test_forms_of_a_proxy(value: str, proxy: str) -> None:
    assert proxy_for("https://id.example.com", {"HTTPS_PROXY": value}) == proxy


@pytest.mark.parametrize(
    "value",
    [
        "ftp://user:hunter2@p",
        "socks4://p",
        "http://",
        "http://user:hunter2@",
        "http://p:x",
        "http://p:70000",
        "http://[p",
    ],
)
def test_what_is_no_proxy_is_refused_without_being_repeated(value: str) -> None:
    with pytest.raises(SettingsError, match="HTTPS_PROXY") as caught:
        proxy_for("https://id.example.com", {"HTTPS_PROXY": value})
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://user:p@ss@proxy:3128/x", "proxy:3128"),
        ("http://proxy", "proxy"),
        ("socks5h://u@[::1]:1080", "[::1]:1080"),
        ("http://pro\x1bxy:1", "pro\\x1bxy:1"),
    ],
)
def test_a_proxy_is_shown_without_its_password(proxy: str, shown: str) -> None:
    assert without_password(proxy) == shown


@pytest.mark.parametrize(
    ("url", "environment", "variable", "exempt"),
    [
        ("https://id.example.com", {}, "", ""),
        ("https://id.example.com", {"HTTPS_PROXY": "http://p:1"}, "HTTPS_PROXY", ""),
        (
            "https://id.example.com",
            {"https_proxy": "http://p:1", "NO_PROXY": "x, .example.com"},
            "https_proxy",
            ".example.com",
        ),
        ("https://10.1.2.3", {"HTTPS_PROXY": "http://p:1", "no_proxy": "10.0.0.0/8"}, "HTTPS_PROXY", "10.0.0.0/8"),
        ("https://localhost:1", {"HTTPS_PROXY": "http://p:1"}, "HTTPS_PROXY", "this machine"),
    ],
)
def test_what_decides_is_said(url: str, environment: dict[str, str], variable: str, exempt: str) -> None:
    assert variable_for(url, environment) == variable
    assert exemption(url, environment) == exempt
    assert (proxy_for(url, environment) is None) is (not variable or bool(exempt))
