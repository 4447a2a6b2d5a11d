"""Provider metadata is this issuer's or nobody's, and names only addresses that are safe."""

import json

import pytest

from kubelogin_py.errors import MetadataError, TransientError
from kubelogin_py.oidc.discovery import Metadata, metadata_url, read_metadata
from kubelogin_py.response import Response

ISSUER = "https://id.example.com"
LOCAL = "http://localhost:5556/dex"
ALLOWED = frozenset({"RS256", "ES256", "EdDSA"})

DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "response_types_supported": ["code"],
    "id_token_signing_alg_values_supported": ["RS256", "HS256"],
}
ENDPOINTS = [
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
]
UNVISITED = ["revocation_endpoint", "end_session_endpoint", "userinfo_endpoint"]


def read(status=200, configured=ISSUER, **changes) -> Metadata:
    """Read the document with these changes; ``...`` leaves a member out."""
    document = {name: value for name, value in {**DOCUMENT, **changes}.items() if value is not ...}
    response = Response(metadata_url(configured), status, {}, json.dumps(document).encode())
    return read_metadata(response, configured)


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://id.example.com", "https://id.example.com/.well-known/openid-configuration"),
        ("https://id.example.com/", "https://id.example.com/.well-known/openid-configuration"),
        ("https://id.example.com//", "https://id.example.com//.well-known/openid-configuration"),
        ("https://id.example.com/o/app/", "https://id.example.com/o/app/.well-known/openid-configuration"),
        ("https://ID.example.com/A", "https://ID.example.com/A/.well-known/openid-configuration"),
    ],
)
def test_metadata_url_drops_one_slash_and_changes_nothing_else(issuer, url):
    assert metadata_url(issuer) == url


def test_everything_that_is_named_is_read():
    metadata = read(
        device_authorization_endpoint="https://other.example.com/device",
        pushed_authorization_request_endpoint=f"{ISSUER}/par",
        revocation_endpoint=f"{ISSUER}/revoke",
        end_session_endpoint=f"{ISSUER}/end",
        userinfo_endpoint=f"{ISSUER}/me",
        code_challenge_methods_supported=["S256", "plain"],
        token_endpoint_auth_methods_supported=["none"],
        scopes_supported=["openid"],
        grant_types_supported=["authorization_code"],
        authorization_response_iss_parameter_supported=True,
        require_pushed_authorization_requests=True,
        anything_else={"ignored": True},
    )
    assert metadata == Metadata(
        issuer=ISSUER,
        token_endpoint=f"{ISSUER}/token",
        jwks_uri=f"{ISSUER}/keys",
        authorization_endpoint=f"{ISSUER}/authorize",
        device_authorization_endpoint="https://other.example.com/device",
        pushed_authorization_request_endpoint=f"{ISSUER}/par",
        revocation_endpoint=f"{ISSUER}/revoke",
        end_session_endpoint=f"{ISSUER}/end",
        userinfo_endpoint=f"{ISSUER}/me",
        id_token_signing_alg_values=("RS256", "HS256"),
        code_challenge_methods=("S256", "plain"),
        token_endpoint_auth_methods=("none",),
        scopes_supported=("openid",),
        grant_types=("authorization_code",),
        iss_parameter_supported=True,
        require_pushed_authorization_requests=True,
    )


def test_what_is_not_named_is_absent_and_no_fault():
    metadata = read(authorization_endpoint=..., id_token_signing_alg_values_supported=..., response_types_supported=...)
    assert metadata.authorization_endpoint is None
    assert metadata.device_authorization_endpoint is None
    assert metadata.code_challenge_methods is None
    assert metadata.iss_parameter_supported is False


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        pytest.param(f"{ISSUER}/", "trailing slash differs: use --oidc-issuer-url=https://id.example.com/", id="slash"),
        pytest.param("https://ID.example.com", "upper and lower case", id="case"),
        pytest.param("http://id.example.com", "only http and https differ", id="scheme"),
        pytest.param("https://evil.example", "the one you trust", id="host"),
        pytest.param(f"{ISSUER}1", "the one you trust", id="one character more"),
        pytest.param(f"{ISSUER}INVALID", "the one you trust", id="conformance suite"),
        pytest.param(f"{ISSUER}/{{tenantid}}/v2.0", "your tenant ID", id="Entra placeholder"),
        pytest.param(" https://id.example.com", "the one you trust", id="blank before"),
        pytest.param(f"{ISSUER}\x1b]0;x\x07", "the one you trust", id="escape sequence"),
    ],
)
def test_issuer_that_differs_at_all_is_refused_with_the_likely_cure(named, hint):
    """B-25."""
    with pytest.raises(MetadataError) as refused:
        read(issuer=named)
    assert hint in str(refused.value.hint)
    assert ISSUER in refused.value.message
    assert (refused.value.message + str(refused.value.hint)).isprintable()


def test_issuer_configured_with_a_slash_too_many_is_told_to_drop_it():
    with pytest.raises(MetadataError) as refused:
        read(configured=f"{ISSUER}/")
    assert str(refused.value.hint).endswith(f"--oidc-issuer-url={ISSUER}")


@pytest.mark.parametrize("named", [None, 7, ["https://id.example.com"], "", True])
def test_issuer_that_is_no_name_is_refused(named):
    with pytest.raises(MetadataError):
        read(issuer=named)


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("value", [..., None])
def test_endpoint_that_every_grant_needs_must_be_there(name, value):
    with pytest.raises(MetadataError, match=f"id.example.com names no {name}"):
        read(**{name: value})


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("value", ["", 7, [], {}, True], ids=repr)
def test_needed_endpoint_of_the_wrong_type_is_refused(name, value):
    """B-24, B-38."""
    with pytest.raises(MetadataError, match=f"{name} of id.example.com is refused"):
        read(**{name: value})


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.com/x",
        "http://localhost/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "/x",
        "https://u:p@id.example.com/x",
        "https://id.example.com/x#y",
        "https://id.example.com\\x",
    ],
)
def test_unsafe_endpoint_stops_everything(name, url):
    """B-24, B-39; an https issuer does not send anybody to a port of this machine either."""
    with pytest.raises(MetadataError, match=f"{name} of id.example.com is refused"):
        read(**{name: url})


@pytest.mark.parametrize("name", UNVISITED)
@pytest.mark.parametrize("value", ["http://id.example.com/x", "javascript:alert(1)", "", None, 7, []], ids=repr)
def test_unsafe_endpoint_that_no_sign_in_visits_is_as_if_absent(name, value):
    assert getattr(read(**{name: value}), name) is None


@pytest.mark.parametrize("value", ["", None, 7, []], ids=repr)
def test_device_endpoint_that_is_no_text_is_as_if_absent(value):
    assert read(device_authorization_endpoint=value).device_authorization_endpoint is None


def test_endpoint_may_be_on_another_host_with_a_query_of_its_own():
    url = "https://login.example.net/authorize?p=policy"
    assert read(authorization_endpoint=url).authorization_endpoint == url


def test_provider_on_this_machine_may_use_http_there_and_nowhere_else():
    local = {
        "configured": LOCAL,
        "issuer": LOCAL,
        "authorization_endpoint": f"{LOCAL}/auth",
        "jwks_uri": "https://keys.example.com/keys",
    }
    assert read(**local, token_endpoint="http://127.0.0.1:5556/token").token_endpoint == "http://127.0.0.1:5556/token"
    with pytest.raises(MetadataError):
        read(**local, token_endpoint="http://id.example.com/token")


def test_missing_endpoint_of_the_chosen_grant_is_named():
    with pytest.raises(MetadataError, match="names no device_authorization_endpoint: it does not offer") as refused:
        read().endpoint("device_authorization_endpoint")
    assert "--grant-type" in str(refused.value.hint)
    assert read().endpoint("authorization_endpoint") == f"{ISSUER}/authorize"


@pytest.mark.parametrize("value", [None, "S256", {"S256": 1}, 7, ["S256"] * 10_000], ids=type)
def test_informing_list_of_the_wrong_shape_is_as_if_absent(value):
    """B-38."""
    assert read(code_challenge_methods_supported=value).code_challenge_methods is None


def test_entries_of_an_informing_list_that_are_no_names_are_left_out():
    assert read(scopes_supported=["openid", 7, None, ["x"]]).scopes_supported == ("openid",)


@pytest.mark.parametrize("value", [None, "RS256", {}, ["RS256", 7], ["RS256"] * 10_000], ids=type)
def test_algorithm_list_of_the_wrong_shape_is_refused(value):
    """B-38."""
    with pytest.raises(MetadataError, match="id_token_signing_alg_values_supported"):
        read(id_token_signing_alg_values_supported=value)


@pytest.mark.parametrize("value", ["true", 1, None, [True]], ids=repr)
def test_only_true_is_a_promise(value):
    metadata = read(authorization_response_iss_parameter_supported=value, require_pushed_authorization_requests=value)
    assert metadata.iss_parameter_supported is False
    assert metadata.require_pushed_authorization_requests is False


@pytest.mark.parametrize(
    ("listed", "usable"),
    [
        (["RS256"], {"RS256"}),
        (["RS256", "HS256", "none", "ES256"], {"RS256", "ES256"}),
        (..., ALLOWED),
    ],
)
def test_algorithms_are_those_both_sides_know(listed, usable):
    assert read(id_token_signing_alg_values_supported=listed).algorithms(ALLOWED) == usable


@pytest.mark.parametrize("listed", [["HS256"], ["none"], ["HS256", "none"], [], ["rs256"]])
def test_provider_without_a_usable_algorithm_is_refused(listed):
    """B-40."""
    with pytest.raises(MetadataError, match="no usable ID token algorithm") as refused:
        read(id_token_signing_alg_values_supported=listed).algorithms(ALLOWED)
    assert "RS256" in str(refused.value.hint)


def test_server_fault_is_transient_and_not_found_is_not():
    with pytest.raises(TransientError):
        read(status=503)
    with pytest.raises(MetadataError):
        read(status=404)
