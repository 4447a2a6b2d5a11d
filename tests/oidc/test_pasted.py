"""What people paste: whole addresses, bare codes, and everything around them."""

from dataclasses import replace

import pytest

from kubelogin_py.errors import Error, OAuthError, ProviderError, SignInError
from kubelogin_py.oidc.authorization import AuthorizationRequest
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.pasted import read_pasted
from kubelogin_py.secret import Secret

ISSUER = "https://id.example.com"
STATE = "state-of-this-sign-in-0123456789abcdefghij"
CODE = "0.AXkA-canary/code_1~2.3"
METADATA = Metadata(issuer=ISSUER, token_endpoint=f"{ISSUER}/t", jwks_uri=f"{ISSUER}/k")
PROMISING = replace(METADATA, iss_parameter_supported=True)
QUERY = f"code={CODE}&state={STATE}"
ADDRESS = f"http://localhost:8000/?{QUERY}"
LONG = "c" * 6000


def request(redirect_uri="http://localhost:8000"):
    return AuthorizationRequest(f"{ISSUER}/authorize", redirect_uri, Secret(STATE), Secret("n"), None)


def read(text, metadata=METADATA, redirect_uri="http://localhost:8000"):
    code, checked = read_pasted(Secret(text), request(redirect_uri), metadata)
    return code.reveal(), checked


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ADDRESS, id="whole address"),
        pytest.param(f"http://localhost:8000?{QUERY}", id="without the slash"),
        pytest.param(f"HTTP://LocalHost:8000/?{QUERY}", id="other case"),
        pytest.param(f"localhost:8000/?{QUERY}", id="scheme hidden by the browser"),
        pytest.param(f"?{QUERY}", id="query with its mark"),
        pytest.param(QUERY, id="query alone"),
        pytest.param(f"state={STATE}&session_state=x&code={CODE}", id="state first"),
        pytest.param(f"{ADDRESS}&iss=https%3A%2F%2Fid.example.com", id="with issuer"),
        pytest.param(f"{ADDRESS}#_=_", id="with a fragment"),
        pytest.param(f"  {ADDRESS}\r\n", id="B-70 blanks"),
        pytest.param(f'"{ADDRESS}"', id="B-70 double quotes"),
        pytest.param(f" '{ADDRESS}' ", id="B-70 single quotes"),
        pytest.param(f"\u201c{ADDRESS}\u201d", id="B-70 typographic quotes"),
        pytest.param(f"<{ADDRESS}>", id="B-70 angle brackets"),
        pytest.param(f"{ADDRESS[:40]}\n  {ADDRESS[40:70]}\r\n{ADDRESS[70:]}", id="B-70 wrapped lines"),
        pytest.param(f"{CODE}#{STATE}", id="B-70 code#state"),
    ],
)
def test_code_with_the_state_of_this_sign_in(text):
    assert read(text) == (CODE, True)


@pytest.mark.parametrize("text", [CODE, f" {CODE}\n", f"'{CODE}'", CODE[:5] + "\n" + CODE[5:]])
def test_bare_code_is_returned_and_said_to_be_unchecked(text):
    assert read(text) == (CODE, False)


def test_bare_code_out_of_an_address_bar_is_decoded():
    assert read("4%2F0Ab_x%3D") == ("4/0Ab_x=", False)
    assert read("100%") == ("100%", False)


def test_long_codes_survive():
    """B-70: longer than a terminal's own line."""
    assert read(f"http://localhost:8000/?code={LONG}&state={STATE}") == (LONG, True)
    assert read(LONG) == (LONG, False)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ADDRESS + "1", id="B-70 one character more"),
        pytest.param(ADDRESS[:-1], id="B-70 one character less"),
        pytest.param(f"http://localhost:8000/?code={CODE}", id="B-70 no state"),
        pytest.param(f"{ADDRESS}&state={STATE}", id="doubled"),
        pytest.param(f"code={CODE}&state=other", id="query alone"),
        pytest.param(f"{CODE}#{STATE}1", id="code#state, one character more"),
        pytest.param(f"{CODE}#", id="code#"),
        pytest.param("http://localhost:8000/?error=access_denied&state=other", id="error of another sign-in"),
        pytest.param("http://localhost:8000/", id="no response at all"),
    ],
)
def test_anything_of_another_sign_in_is_refused(text):
    with pytest.raises(SignInError, match="state of this sign-in") as refused:
        read(text)
    assert "canary" not in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    "location",
    [
        "http://evil.example/",
        "http://localhost:8000.evil.example/",
        "http://localhost:8001/",
        "http://localhost/",
        "https://localhost:8000/",
        "http://127.0.0.1:8000/",
        "http://localhost:8000/other",
        "http://localhost:8000//",
        "http://localhost:8000@evil.example/",
        "http://user@localhost:8000/",
        "http://localhost:port/",
        "http://[/",
        "localhost:8001/",
        "evil.example/",
        f"{ISSUER}/authorize",
    ],
)
def test_address_of_another_place_is_refused(location):
    """B-70: also when the state is right, since somebody else may have received that code."""
    with pytest.raises(SignInError, match="not that of this sign-in") as refused:
        read(f"{location}?{QUERY}")
    assert "canary" not in refused.value.message + str(refused.value.hint)


def test_redirect_uri_with_a_path_and_default_port():
    assert read(f"https://cb.example.com:443/done?{QUERY}", redirect_uri="https://cb.example.com/done") == (CODE, True)


def test_without_a_redirect_uri_the_state_alone_decides():
    assert read(f"https://registered.example.com/cb?{QUERY}", redirect_uri=None) == (CODE, True)
    with pytest.raises(SignInError):
        read(f"https://registered.example.com/cb?{QUERY}1", redirect_uri=None)


def test_error_address_shows_its_error():
    """B-70."""
    with pytest.raises(OAuthError, match=r"invalid_scope \(no such scope\)"):
        read(f"http://localhost:8000/?error=invalid_scope&error_description=no+such+scope&state={STATE}")
    with pytest.raises(SignInError, match="denied or cancelled"):
        read(f"http://localhost:8000/?error=access_denied&state={STATE}")


def test_issuer_is_checked_as_in_a_callback():
    for query in (f"{QUERY}&iss={ISSUER}1", QUERY):
        with pytest.raises(ProviderError, match="issuer"):
            read(f"http://localhost:8000/?{query}", PROMISING)


def test_bare_code_of_a_provider_that_promises_its_issuer_is_unchecked_too():
    assert read(CODE, PROMISING) == (CODE, False)


@pytest.mark.parametrize("text", ["", " \r\n\t", "''", '""'])
def test_nothing_pasted_is_said(text):
    with pytest.raises(SignInError, match="nothing was pasted"):
        read(text)


@pytest.mark.parametrize("text", ["c" * 8193, "caf\u00e9", "c\x1b[200~", "c\x00", "x" * 200_000, "#" + STATE])
def test_what_can_be_no_code_is_refused(text):
    with pytest.raises(Error) as refused:
        read(text)
    assert refused.value.message.isprintable()
    assert text not in refused.value.message
