"""Where the client's credentials go, and when a second place may be tried."""

from base64 import b64decode

import pytest

from kubelogin_py.errors import SettingsError
from kubelogin_py.oidc.client_authentication import (
    ClientAuthentication,
    authenticated,
    basic_credentials,
    choose,
    is_settled,
)
from kubelogin_py.secret import Secret

NONE, BASIC, POST = ClientAuthentication.NONE, ClientAuthentication.BASIC, ClientAuthentication.POST
GRANT = [("grant_type", "refresh_token"), ("refresh_token", Secret("r"))]


@pytest.mark.parametrize(
    ("supported", "methods"),
    [
        pytest.param(None, (BASIC, POST), id="nothing said means Basic"),
        pytest.param((), (BASIC, POST), id="empty list"),
        pytest.param(("client_secret_basic", "client_secret_post"), (BASIC, POST), id="both"),
        pytest.param(("client_secret_post", "client_secret_basic"), (BASIC, POST), id="both, form first"),
        pytest.param(("client_secret_basic",), (BASIC, POST), id="Basic only"),
        pytest.param(("client_secret_post",), (POST, BASIC), id="form only"),
        pytest.param(("client_secret_post", "private_key_jwt", "none"), (POST, BASIC), id="form among others"),
        pytest.param(("private_key_jwt",), (BASIC, POST), id="neither"),
    ],
)
def test_methods_of_a_confidential_client(supported, methods):
    assert choose(supported, has_secret=True) == methods


@pytest.mark.parametrize(
    ("supported", "has_secret", "settled"),
    [
        pytest.param(None, False, True, id="public"),
        pytest.param(None, True, False, id="nothing said"),
        pytest.param((), True, False, id="empty"),
        pytest.param(("client_secret_basic",), True, True, id="Basic only"),
        pytest.param(("client_secret_post", "none"), True, True, id="form only"),
        pytest.param(("client_secret_basic", "client_secret_post"), True, False, id="both"),
        pytest.param(("private_key_jwt",), True, False, id="neither"),
    ],
)
def test_whether_the_metadata_leaves_a_doubt(supported, has_secret, settled):
    assert is_settled(supported, has_secret=has_secret) is settled


@pytest.mark.parametrize("supported", [None, (), ("client_secret_basic",), ("none",)])
def test_public_client_has_one_method_even_where_the_provider_does_not_list_it(supported):
    assert choose(supported, has_secret=False) == (NONE,)


def test_public_client_sends_its_id_in_the_form_and_no_header():
    request = authenticated(GRANT, NONE, "kubernetes", None)
    assert request.form == (*GRANT, ("client_id", "kubernetes"))
    assert request.basic is None


def test_basic_leaves_the_form_alone():
    request = authenticated(GRANT, BASIC, "kubernetes", Secret("s"))
    assert request.form == tuple(GRANT)
    assert request.basic == ("kubernetes", Secret("s"))


def test_form_method_adds_id_and_secret():
    request = authenticated(GRANT, POST, "kubernetes", Secret("s"))
    assert request.form == (*GRANT, ("client_id", "kubernetes"), ("client_secret", Secret("s")))
    assert request.basic is None


@pytest.mark.parametrize("method", [NONE, POST])
def test_client_id_is_never_sent_twice(method):
    """The device authorization request has one of its own."""
    request = authenticated([("client_id", "kubernetes"), ("scope", "openid")], method, "kubernetes", Secret("s"))
    assert [name for name, _ in request.form].count("client_id") == 1


@pytest.mark.parametrize("method", [BASIC, POST])
def test_method_with_secret_needs_one(method):
    with pytest.raises(ValueError, match="needs a client secret"):
        authenticated(GRANT, method, "kubernetes", None)


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
def test_basic_credentials_are_form_encoded_first(client_id, secret, pair):
    assert b64decode(basic_credentials(client_id, Secret(secret)).reveal()).decode() == pair


def test_basic_credentials_of_the_rfc_as_sent():
    sent = basic_credentials("s6BhdRkqt3", Secret("7Fjfp0ZBr1KtDRbnfVdmIw")).reveal()
    assert sent == "czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"


def test_credentials_that_are_not_text_are_refused_without_being_shown():
    with pytest.raises(SettingsError) as refused:
        basic_credentials("kubernetes", Secret("canary\udcff"))
    assert "canary" not in refused.value.message
