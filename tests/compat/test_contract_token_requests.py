"""Client authentication, the other flows, and the way to the provider, row by row.

Rows that say "differs" hold what was decided otherwise; ``docs/migrating.md`` explains each.
"""

from collections.abc import Callable

import pytest

from tests.compat.plugin import PASSWORD_GRANT, Plugin, failed, token
from tests.support.certificates import Certificates
from tests.support.scripted_provider import METADATA, Answer

PARAMS = "--oidc-auth-request-extra-params"
EXPIRED = 5
"""Seconds of a token that has served its time when it is issued."""

# 1.9

SECRET = "p+o/s t%=&:"
WITH_SECRET = f"--oidc-client-secret={SECRET}"
PUBLIC: dict[str, list[str]] = {
    "authcode": [],
    "password": [*PASSWORD_GRANT],
    "device-code": ["--grant-type=device-code", "--skip-open-browser"],
}


@pytest.mark.parametrize("words", PUBLIC.values(), ids=[f"1.9 no secret: {grant}" for grant in PUBLIC])
def test_a_public_client(words: list[str], plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run(*words))
    posted = [one for one in plugin.provider.seen if one.method == "POST"]
    assert {one.form.get("client_id") for one in posted} == {"kubernetes"}
    assert not any("authorization" in one.headers or "client_secret" in one.form for one in posted)


CONFIDENTIAL = {**PUBLIC, "client-credentials": ["--grant-type=client-credentials"]}


@pytest.mark.parametrize("words", CONFIDENTIAL.values(), ids=[f"1.9 secret: {grant}" for grant in CONFIDENTIAL])
def test_a_confidential_client_starts_with_basic(words: list[str], plugin_at: Callable[..., Plugin]) -> None:
    """Id and secret are form-encoded first; the provider's decoding proves it."""
    plugin = plugin_at()
    assert token(plugin.run(*words, WITH_SECRET))
    sent = plugin.provider.token_requests[-1]
    assert sent.basic == ("kubernetes", SECRET)
    assert "client_secret" not in sent.form


@pytest.mark.parametrize("words", CONFIDENTIAL.values(), ids=[f"1.9 body: {grant}" for grant in CONFIDENTIAL])
def test_a_client_of_the_body_is_found_out(words: list[str], plugin_at: Callable[..., Plugin]) -> None:
    """After ``invalid_client`` only; a code is sent once, in the place that serves."""
    plugin = plugin_at()
    plugin.provider.client_method = "client_secret_post"
    assert token(plugin.run(*words, WITH_SECRET))
    assert plugin.provider.token_requests[-1].form["client_secret"] == SECRET
    assert len([one for one in plugin.provider.seen if "code" in one.form]) == (1 if words == [] else 0)


def test_1_9_differs_the_metadata_is_read(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at(token_endpoint_auth_methods_supported=["client_secret_post"])
    assert token(plugin.run(*PASSWORD_GRANT, WITH_SECRET))
    posted = [one for one in plugin.provider.seen if one.method == "POST"]
    assert [(one.basic, one.form["client_secret"]) for one in posted] == [(None, SECRET)]


def test_1_9_differs_another_error_is_not_answered_by_sending_it_again(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.answers = [Answer(error="invalid_grant")]
    failed(plugin.run(WITH_SECRET), "invalid_grant")
    assert len(plugin.provider.token_requests) == 1


@pytest.mark.parametrize("secret", [[], [WITH_SECRET]], ids=["public", "confidential"])
def test_1_9_refresh(secret: list[str], plugin_at: Callable[..., Plugin]) -> None:
    """Grant type and refresh token; an answer without a new one keeps the old one."""
    plugin = plugin_at()
    plugin.provider.answers = [Answer(EXPIRED, "ONE"), Answer(EXPIRED, None), Answer()]
    for _ in range(3):
        assert token(plugin.run(*PASSWORD_GRANT, *secret))
    refreshes = plugin.provider.token_requests[1:]
    client = {} if secret else {"client_id": "kubernetes"}
    assert [one.form for one in refreshes] == [{"grant_type": "refresh_token", "refresh_token": "ONE", **client}] * 2


# How many requests; 1.10.

ACCESS = ["--grant-type=client-credentials", WITH_SECRET, "--oidc-use-access-token"]
COUNTS: dict[str, tuple[list[str], list[Answer], list[str]]] = {
    "authcode": ([], [], [METADATA, "/certs", "/auth", "/token"]),
    "device code": (
        ["--grant-type=device-code", "--skip-open-browser"],
        [Answer(error="authorization_pending")],
        [METADATA, "/certs", "/device", "/token", "/token"],
    ),
    "client credentials with an opaque access token": (
        ACCESS,
        [Answer(members={"id_token": None})],
        [METADATA, "/certs", "/token"],
    ),
}


@pytest.mark.parametrize(
    ("words", "answers", "paths"), COUNTS.values(), ids=[f"1.10 requests: {row}" for row in COUNTS]
)
def test_requests(words: list[str], answers: list[Answer], paths: list[str], plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.answers = answers
    assert token(plugin.run(*words))
    assert plugin.provider.paths() == paths
    plugin.provider.forget()
    assert token(plugin.run(*words))
    assert plugin.provider.paths() == []


def test_1_10_requests_of_a_refresh(plugin_at: Callable[..., Plugin]) -> None:
    """One; theirs makes three."""
    plugin = plugin_at()
    plugin.provider.answers = [Answer(EXPIRED)]
    assert token(plugin.run(*PASSWORD_GRANT))
    plugin.provider.forget()
    assert token(plugin.run(*PASSWORD_GRANT))
    assert plugin.provider.paths() == ["/token"]


def test_1_10_device_code_sends_what_it_must(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at(code_challenge_methods_supported=None)
    assert token(plugin.run("--grant-type=device-code", "--skip-open-browser", "--oidc-extra-scope=email"))
    (asked,) = [one for one in plugin.provider.seen if one.path == "/device"]
    assert asked.form == {"client_id": "kubernetes", "scope": "email openid"}


def test_1_10_device_code_differs_a_deadline(plugin_at: Callable[..., Plugin]) -> None:
    """Theirs polls for ever."""
    plugin = plugin_at()
    plugin.provider.answers = [Answer(error="authorization_pending")] * 20
    words = ["--grant-type=device-code", "--skip-open-browser", "--authentication-timeout-sec=2"]
    done = plugin.run(*words)
    failed(done, "in time")
    assert done.seconds < 15


def test_1_10_client_credentials_need_an_id_token(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.answers = [Answer(members={"id_token": None})]
    failed(plugin.run("--grant-type=client-credentials", WITH_SECRET), "error: get-token: ", "id_token")


CLIENT_PARAMS = {"1.10 client-credentials: grant_type may be overridden": ("grant_type=x", True),
                 "1.10 client-credentials: scope may not": ("scope=x", False)}  # fmt: skip


@pytest.mark.parametrize(("param", "accepted"), CLIENT_PARAMS.values(), ids=CLIENT_PARAMS)
def test_client_credentials_params(param: str, accepted: bool, plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    done = plugin.run("--grant-type=client-credentials", WITH_SECRET, f"{PARAMS}={param}")
    if accepted:
        assert token(done)
        assert plugin.provider.token_requests[0].form["grant_type"] == "x"
    else:
        failed(done, "extra parameter scope is refused")


# 1.11


def test_1_11_given_authorities_are_the_only_ones(plugin_at: Callable[..., Plugin], certificates: Certificates) -> None:
    """What the system trusts does not count beside a flag."""
    plugin = plugin_at(https=True)
    trusting = {"SSL_CERT_FILE": str(certificates.ca)}
    assert token(plugin.run(*PASSWORD_GRANT, env=trusting))
    done = plugin.run(*PASSWORD_GRANT, f"--certificate-authority={certificates.other_ca}", env=trusting)
    failed(done, "unknown authority")


def test_1_11_a_token_response_is_capped(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.answers = [Answer(members={"padding": "x" * (1 << 20)})]
    failed(plugin.run(*PASSWORD_GRANT), "error: get-token: ")
