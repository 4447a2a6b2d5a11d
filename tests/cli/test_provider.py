"""``--provider``: what a name fills in, and what it leaves alone."""

import json
from pathlib import Path

import pytest

from kubelogin_py.settings import PROFILE_NAMES, Settings
from tests.cli.calls import Application, call

PROVIDER = ("--oidc-issuer-url=https://id.example.com/realms/kube", "--oidc-client-id=kubernetes")
SIGNING_IN = ["get-token", "login", "setup"]


def settings(*arguments: str) -> Settings:
    application = Application()
    done = call(*arguments, application=application)
    assert done.code == 0, done.err
    return application.asked[0][0]


@pytest.mark.parametrize("command", SIGNING_IN)
def test_a_named_provider_is_asked_for_the_scopes_it_needs(command: str) -> None:
    chosen = settings(command, *PROVIDER, "--provider=authentik").provider
    assert chosen.profile == "authentik"
    assert chosen.scope == "email profile offline_access openid"


@pytest.mark.parametrize("command", SIGNING_IN)
@pytest.mark.parametrize("given", [(), ("--provider=auto",), ("--provider=none",)], ids=["nothing", "auto", "none"])
def test_an_issuer_alone_adds_nothing(command: str, given: tuple[str, ...]) -> None:
    """As with int128/kubelogin, whose kubeconfigs go on to work as they did."""
    assert settings(command, *PROVIDER, *given).provider.scope == "openid"


@pytest.mark.parametrize(
    ("given", "scope"), [("--oidc-extra-scope=groups", "groups openid"), ("--oidc-extra-scope=", "openid")]
)
def test_scopes_that_are_given_stay(given: str, scope: str) -> None:
    assert settings("get-token", *PROVIDER, "--provider=authentik", given).provider.scope == scope


def test_parameters_that_are_given_stay() -> None:
    named = settings("get-token", *PROVIDER, "--provider=google").provider
    assert named.extra_params == (("access_type", "offline"), ("prompt", "consent"))
    given = settings("get-token", *PROVIDER, "--provider=google", "--oidc-auth-request-extra-params=hd=example.com")
    assert given.provider.extra_params == (("hd", "example.com"),)


def test_scopes_in_a_kubeconfig_are_given_as_well(tmp_path: Path) -> None:
    """Where the kubeconfig says all about the provider, a name only gives advice."""
    config = {"idp-issuer-url": "https://id.example.com", "client-id": "kubernetes", "extra-scopes": "email"}
    path = tmp_path / "config"
    user = {"name": "u", "user": {"auth-provider": {"name": "oidc", "config": config}}}
    path.write_text(json.dumps({"users": [user]}), encoding="utf-8")
    chosen = settings(f"--kubeconfig={path}", "--user=u", "--provider=authentik").provider
    assert (chosen.profile, chosen.scope) == ("authentik", "email openid")


@pytest.mark.parametrize("command", SIGNING_IN)
@pytest.mark.parametrize("name", ["keycloack", "Keycloak", "", " dex", "../dex"])
def test_another_name_is_an_error_that_lists_them_all(command: str, name: str) -> None:
    application = Application()
    done = call(command, *PROVIDER, f"--provider={name}", application=application)
    assert (done.code, done.out, application.asked) == (1, "", [])
    assert done.err.rstrip().endswith(f"provider must be one of (auto|none|{'|'.join(PROFILE_NAMES)})")


def test_setup_hands_the_name_on() -> None:
    done = call("setup", *PROVIDER, "--provider=dex")
    assert "--exec-arg=--provider=dex" in done.err
