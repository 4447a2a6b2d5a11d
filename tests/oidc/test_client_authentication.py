"""Where the client's credentials go, and when a second place may be tried."""

import pytest

from kubelogin_py.oidc.client_authentication import (
    ClientAuthentication,
    authenticated,
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
