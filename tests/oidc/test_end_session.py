"""The address at which a person's session in the browser is ended."""

from urllib.parse import parse_qs, urlsplit

import pytest

from kubelogin_py.errors import ProviderError
from kubelogin_py.oidc.end_session import end_session_url
from kubelogin_py.oidc.urls import LIMIT
from kubelogin_py.secret import Secret

ENDPOINT = "https://id.example.com/logout"


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, keep_blank_values=True)


def test_it_names_the_session_and_the_client() -> None:
    url = end_session_url(ENDPOINT, client_id="k8s &é", id_token=Secret("a.b.c"))
    assert url.startswith(f"{ENDPOINT}?")
    assert query_of(url) == {"client_id": ["k8s &é"], "id_token_hint": ["a.b.c"]}


def test_the_endpoints_own_query_stays_and_contradicts_nothing() -> None:
    url = end_session_url(f"{ENDPOINT}?tenant=a&client%5Fid=evil&id_token_hint=x", client_id="k", id_token=Secret("t"))
    assert query_of(url) == {"tenant": ["a"], "client_id": ["k"], "id_token_hint": ["t"]}


@pytest.mark.parametrize("token", [None, Secret("x" * LIMIT)], ids=["none", "too long"])
def test_without_a_hint_that_can_be_sent_the_provider_asks(token: Secret | None) -> None:
    assert query_of(end_session_url(ENDPOINT, client_id="k", id_token=token)) == {"client_id": ["k"]}


def test_it_is_an_address_for_a_browser() -> None:
    with pytest.raises(ProviderError):
        end_session_url("file:///etc/passwd", client_id="k", id_token=None)
