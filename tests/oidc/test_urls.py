"""URLs are refused before anything could open, start or fetch them."""

import pytest

from kubelogin_py.errors import Error, MetadataError, ProviderError, SettingsError
from kubelogin_py.oidc import urls

SAFE = [
    "https://id.example.com",
    "https://id.example.com/",
    "https://id.example.com:8443/realms/main%20hall",
    "https://login_host.example.com/application/o/app/",
    "https://[2001:db8::1]:443/x",
    "HTTPS://Id.Example.com/~a/b;c=d",
    "https://xn--mnchen-3ya.example/x",
    "http://localhost:5556/dex",
    "http://LOCALHOST/dex",
    "http://127.0.0.1:1",
    "http://127.8.9.10:65535",
    "http://[::1]:8080",
]

UNSAFE = [
    pytest.param("http://id.example.com/auth", "http, not https", id="B-24 http"),
    pytest.param("file:///etc/passwd", "scheme is file", id="B-24 file"),
    pytest.param("ftp://id.example.com/x", "scheme is ftp", id="B-24 ftp"),
    pytest.param("data:text/html,x", "scheme is data", id="B-24 data"),
    pytest.param("/authorize", "does not begin with https", id="B-24 relative"),
    pytest.param("//id.example.com/authorize", "does not begin with https", id="B-24 scheme-relative"),
    pytest.param("", "empty", id="B-24 empty"),
    pytest.param(7, "not a string", id="B-24 number"),
    pytest.param(None, "not a string", id="B-24 null"),
    pytest.param(["https://id.example.com"], "not a string", id="B-24 list"),
    pytest.param("https://user@id.example.com/x", "user name", id="B-39 user"),
    pytest.param("https://user:secret@id.example.com/x", "user name", id="B-39 password"),
    pytest.param("https://@id.example.com/x", "user name", id="B-39 empty userinfo"),
    pytest.param("https://id.example.com\\@evil.example/x", "backslash", id="B-39 backslash"),
    pytest.param("https://id.example.com/\tx", "control", id="B-39 tab"),
    pytest.param("https://id.example.com/x\r\nHost: evil", "control", id="B-39 CR LF"),
    pytest.param("https://id.example.com/x\n", "control", id="B-39 trailing line end"),
    pytest.param(" https://id.example.com/x", "white space", id="B-73 leading blank"),
    pytest.param("https://id.example.com/a b", "white space", id="B-73 blank"),
    pytest.param("https://id.example.com/\x00", "control", id="NUL"),
    pytest.param("https://id.example.com/\u202e", "control", id="B-71 bidi"),
    pytest.param("https://id.example.com/\ud800", "control", id="lone surrogate"),
    pytest.param("https://id.example.com:0/x", "malformed", id="B-39 port 0"),
    pytest.param("https://id.example.com:65536/x", "malformed", id="port 65536"),
    pytest.param("https://id.example.com:/x", "malformed", id="port empty"),
    pytest.param("https://id.example.com:443x/x", "malformed", id="port with letter"),
    pytest.param("https://id.example.com:\u0664/x", "punycode", id="port in other digits"),
    pytest.param("https://m\u00fcnchen.example/x", "xn--mnchen-3ya.example", id="B-39 IDN"),
    pytest.param("https://id.ex\u0430mple.com/x", "xn--", id="B-39 Cyrillic look-alike"),
    pytest.param("https://id.example.com/\u00fc", "percent-encoded", id="non-ASCII path"),
    pytest.param("javascript:alert(1)", "scheme is javascript", id="B-73 javascript"),
    pytest.param("JavaScript://id.example.com/%0aalert(1)", "scheme is javascript", id="B-73 javascript with host"),
    pytest.param("vbscript:x", "scheme is vbscript", id="B-73 vbscript"),
    pytest.param("\\\\server\\share", "backslash", id="B-73 UNC"),
    pytest.param("//server/share", "does not begin with https", id="B-73 UNC with slashes"),
    pytest.param("ms-msdt:/id", "scheme is ms-msdt", id="B-73 custom scheme"),
    pytest.param("--remote-debugging-port=1", "does not begin with https", id="B-73 leading dashes"),
    pytest.param("-https://id.example.com", "does not begin with https", id="B-73 leading dash"),
    pytest.param("https://-option/x", "malformed", id="dash before host"),
    pytest.param("%action", "replace", id="B-73 percent action"),
    pytest.param("https://id.example.com/%action", "replace", id="B-73 percent action in path"),
    pytest.param("https://id.example.com/?a=%c3%ACTION", "replace", id="B-73 percent action as text"),
    pytest.param("https://id.example.com/%s", "percent-encoded", id="placeholder"),
    pytest.param("https://id.example.com/?a=%PATH%", "percent-encoded", id="B-74 variable"),
    pytest.param("https://id.example.com/`id`", "percent-encoded", id="B-74 backquote"),
    pytest.param("https://id.example.com/|calc", "percent-encoded", id="B-74 pipe"),
    pytest.param("https://id.example.com/^x", "percent-encoded", id="B-74 caret"),
    pytest.param('https://id.example.com/"x', "percent-encoded", id="B-74 quote"),
    pytest.param("https://id.example.com/<x>", "percent-encoded", id="angle brackets"),
    pytest.param("https:id.example.com", "no host", id="no slashes"),
    pytest.param("https:/id.example.com", "no host", id="one slash"),
    pytest.param("https://", "no host", id="nothing"),
    pytest.param("https:///path", "no host", id="no host"),
    pytest.param("https://?x", "no host", id="query for a host"),
    pytest.param("https://.example.com/", "malformed", id="empty label"),
    pytest.param("https://a..example.com/", "malformed", id="doubled dot"),
    pytest.param("https://ex%61mple.com/", "malformed", id="escaped host"),
    pytest.param("https://[::1", "malformed", id="open bracket"),
    pytest.param("https://[::1]x/", "malformed", id="text after bracket"),
    pytest.param("https://[1:2]/", "malformed", id="no IPv6 address"),
    pytest.param("https://[fe80::1%25eth0]/", "malformed", id="zone"),
    pytest.param("https://" + "a" * 254, "malformed", id="host too long"),
    pytest.param("https://id.example.com/" + "a" * urls.LIMIT, "longer than", id="too long"),
    pytest.param("http://localhost.example.com/", "http, not https", id="loopback as a prefix"),
    pytest.param("http://127.0.0.1.example.com/", "http, not https", id="loopback address as a prefix"),
    pytest.param("http://128.0.0.1/", "http, not https", id="almost loopback"),
    pytest.param("http://[::2]/", "http, not https", id="almost IPv6 loopback"),
    pytest.param("http://0.0.0.0/", "http, not https", id="any address"),
    pytest.param("http://[::ffff:127.0.0.1]/", "http, not https", id="mapped loopback"),
]


@pytest.mark.parametrize("url", SAFE)
def test_safe_urls_pass_every_check_unchanged(url):
    assert urls.check_issuer(url) == url
    assert urls.check_endpoint(url, "token_endpoint") == url
    assert urls.check_browser_url(url) == url


@pytest.mark.parametrize(("url", "reason"), UNSAFE)
def test_unsafe_url_is_refused_as_endpoint_and_for_the_browser(url, reason):
    with pytest.raises(MetadataError, match=reason) as endpoint:
        urls.check_endpoint(url, "token_endpoint of id.example.com")
    assert endpoint.value.message.startswith("token_endpoint of id.example.com is refused: ")
    with pytest.raises(ProviderError, match=reason):
        urls.check_browser_url(url)


@pytest.mark.parametrize(("url", "reason"), [case for case in UNSAFE if isinstance(case.values[0], str)])
def test_unsafe_url_is_refused_as_issuer(url, reason):
    with pytest.raises(SettingsError, match=reason) as refused:
        urls.check_issuer(url)
    assert refused.value.hint
    assert "secret" not in refused.value.message
    assert refused.value.message.isprintable()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a\\b", "file:///etc/passwd", "https://u:pw@h/x"])
def test_refused_url_is_not_repeated_as_a_link(url):
    """A terminal would make a link of it."""
    for check in (urls.check_browser_url, lambda url: urls.check_endpoint(url, "jwks_uri")):
        with pytest.raises(Error) as refused:
            check(url)
        assert url not in refused.value.message
        assert "pw" not in refused.value.message


@pytest.mark.parametrize("tail", ["?a=b", "?", "#x", "#"])
def test_issuer_has_no_query_and_no_fragment(tail):
    with pytest.raises(SettingsError):
        urls.check_issuer("https://id.example.com" + tail)


def test_issuer_on_http_is_refused_with_the_reason_kubernetes_has():
    with pytest.raises(SettingsError) as refused:
        urls.check_issuer("http://id.example.com")
    assert "Kubernetes" in str(refused.value.hint)


def test_address_of_the_metadata_is_not_an_issuer():
    with pytest.raises(SettingsError) as refused:
        urls.check_issuer("https://id.example.com/.well-known/openid-configuration")
    assert "leave out" in str(refused.value.hint)


def test_issuer_without_scheme_gets_an_example():
    with pytest.raises(SettingsError) as refused:
        urls.check_issuer("id.example.com")
    assert "https://id.example.com" in str(refused.value.hint)


def test_endpoint_keeps_its_own_query():
    url = "https://id.example.com/authorize?p=b2c_1_policy&x=%2F"
    assert urls.check_endpoint(url, "authorization_endpoint") == url


def test_endpoint_has_no_fragment_but_a_page_for_people_may():
    url = "https://id.example.com/#/device"
    with pytest.raises(MetadataError, match="fragment"):
        urls.check_endpoint(url, "token_endpoint")
    assert urls.check_browser_url(url) == url


def test_http_on_loopback_can_be_switched_off():
    with pytest.raises(MetadataError):
        urls.check_endpoint("http://localhost/token", "token_endpoint", http_loopback=False)
    with pytest.raises(ProviderError):
        urls.check_browser_url("http://localhost/token", http_loopback=False)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("[::1]", True),
        ("0:0:0:0:0:0:0:1", True),
        ("localhost.", False),
        ("localhost1", False),
        ("127.1", False),
        ("126.0.0.1", False),
        ("::", False),
        ("0.0.0.0", False),
        ("", False),
        ("example.com", False),
    ],
)
def test_loopback_hosts(host, loopback):
    assert urls.is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://id.example.com/a?code=x#y", "https://id.example.com/a"),
        ("https://user:pw@id.example.com:8443/a@b?c", "https://id.example.com:8443/a@b"),
        ("user:pw@id.example.com/a", "id.example.com/a"),
        ("https://id.example.com\x1b[31m/x", "https://id.example.com\\x1b[31m/x"),
        ("no url at all", "no url at all"),
        ("", ""),
    ],
)
def test_url_for_messages_has_no_query_and_no_userinfo(url, shown):
    assert urls.without_query(url) == shown


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Id.Example.com:8443/a", "id.example.com"),
        ("http://[::1]:8000/", "::1"),
        ("https://[broken", ""),
        ("nothing", ""),
        ("", ""),
    ],
)
def test_host_of_a_url(url, host):
    assert urls.host_of(url) == host


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://id.example.com/authorize?a=b", "https://id.example.com"),
        ("https://ID.example.com:443/", "https://id.example.com"),
        ("https://id.example.com:8443", "https://id.example.com:8443"),
        ("http://[::1]:80/x", "http://[::1]"),
        ("http://localhost:443/x", "http://localhost:443"),
    ],
)
def test_origin(url, origin):
    assert urls.origin_of(url) == origin
