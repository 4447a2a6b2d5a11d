"""Every profile is complete, true to its own words, and found by its issuer or its metadata, or by nothing."""

import subprocess
import sys
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import pytest

import kubelogin_py
from kubelogin_py import providers
from kubelogin_py.errors import SettingsError
from kubelogin_py.oidc import jose
from kubelogin_py.providers.profile import Profile, Symptom
from kubelogin_py.settings import Provider


@pytest.mark.parametrize("name", providers.NAMES)
def test_a_profile_is_complete(name: str) -> None:
    profile = providers.named(name)
    assert profile.name == name
    for part in fields(Profile):
        if part.name not in {"groups_claim", "groups_remark", "params", "issuer_slash", "issuer_per_client"}:
            assert getattr(profile, part.name) not in (None, ""), part.name
    assert profile.registration.steps
    assert profile.sources
    assert profile.documentation.startswith("https://")
    assert date(2026, 1, 1) < date.fromisoformat(profile.as_of) < date(2027, 1, 1)
    assert profile.issuer.split(",")[0].endswith("/") is profile.issuer_slash
    assert set(profile.hints) <= set(Symptom)
    assert {Symptom.ISSUER, Symptom.REDIRECT_URI, Symptom.NO_GROUPS} <= set(profile.hints)


@pytest.mark.parametrize("name", providers.NAMES)
def test_words_for_people_fit_on_a_line_of_any_terminal(name: str) -> None:
    """Hints follow ``hint: `` in every encoding there is, and begin as the others do."""
    profile = providers.named(name)
    for text in (*profile.hints.values(), *profile.registration.steps, profile.registration.redirect_rule):
        assert text.isascii()
        assert text.isprintable()
        assert not text.endswith(".")


@pytest.mark.parametrize("name", providers.NAMES)
def test_offline_access_is_requested_exactly_where_refreshing_needs_it(name: str) -> None:
    profile = providers.named(name)
    assert ("offline_access" in profile.scopes) is (profile.refresh.scope == "offline_access")
    assert "openid" not in profile.scopes


@pytest.mark.parametrize("name", providers.NAMES)
def test_where_the_default_signature_is_of_no_use_there_is_advice(name: str) -> None:
    profile = providers.named(name)
    assert set(profile.signing.offered) & jose.KUBERNETES_ALGORITHMS
    if profile.signing.default not in jose.KUBERNETES_ALGORITHMS:
        assert profile.hint(Symptom.ALGORITHM)
        assert profile.signing.remark


def test_kanidm_is_asked_for_nothing_unasked() -> None:
    """One scope that is not mapped would end the sign-in."""
    assert [name for name in providers.NAMES if not providers.named(name).unasked_scopes] == ["kanidm"]


@dataclass(frozen=True)
class Endpoints:
    authorization_endpoint: str | None
    token_endpoint: str
    jwks_uri: str


BY_ISSUER = {
    "https://accounts.google.com": "google",
    "https://accounts.google.com/": "google",
    "https://login.microsoftonline.com/3f2a/v2.0": "entra-id",
    "https://login.microsoftonline.com/common/v2.0": "entra-id",
    "https://sts.windows.net/3f2a/": "entra-id",
    "https://acme.okta.com": "okta",
    "https://acme.oktapreview.com/oauth2/default": "okta",
    "https://acme.eu.auth0.com/": "auth0",
    "https://gitlab.com": "gitlab",
    "https://acme-x1y2.zitadel.cloud": "zitadel",
    "https://id.example.com/realms/kube": "keycloak",
    "https://id.example.com/auth/realms/kube/": "keycloak",
    "https://id.example.com/oauth2/openid/k8s": "kanidm",
    "https://id.example.com/oauth2/openid/k8s/": "kanidm",
    "https://id.example.com/application/o/kube-apiserver/": "authentik",
    "https://id.example.com/application/o/kube-apiserver": "authentik",
    "https://id.example.com/auth/v1": "rauthy",
    "https://example.com/dex": "dex",
    "HTTPS://Accounts.Google.com": "google",
}


@pytest.mark.parametrize(("issuer", "name"), BY_ISSUER.items())
def test_an_issuer_tells_its_provider(issuer: str, name: str) -> None:
    """With its slash, without it, and as people mistype it: that is what there is advice about."""
    found = providers.profile_for(issuer)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "https://id.example.com",
        "https://keycloak.example.com",
        "https://accounts.google.com.example.com",
        "https://example.com/accounts.google.com",
        "https://example.com?https://accounts.google.com",
        "https://okta.com.example.com",
        "https://evil.example.com/#/realms/kube",
        "https://id.example.com/realms/",
        "https://id.example.com/realms/a/b",
        "http://[",
        "\x00",
        "a" * 100_000,
    ],
)
def test_any_other_issuer_tells_nothing(issuer: str) -> None:
    assert providers.profile_for(issuer) is None


BY_ENDPOINTS = {
    ("https://id.example.com", "/authorize", "/api/oidc/token", "/.well-known/jwks.json"): "pocket-id",
    ("https://id.example.com", "/api/oidc/authorization", "/api/oidc/token", "/jwks.json"): "authelia",
    ("https://example.com/authelia", "/api/oidc/authorization", "/api/oidc/token", "/jwks.json"): "authelia",
    ("https://id.example.com", "/oauth/v2/authorize", "/oauth/v2/token", "/oauth/v2/keys"): "zitadel",
    ("https://id.example.com", "/auth", "/token", "/keys"): "dex",
    ("https://id.example.com/oauth2/default", "/v1/authorize", "/v1/token", "/v1/keys"): "okta",
    ("https://id.example.com", "/oauth2/v1/authorize", "/oauth2/v1/token", "/oauth2/v1/keys"): "okta",
    ("https://id.example.com/", "authorize", "oauth/token", ".well-known/jwks.json"): "auth0",
    ("https://git.example.com", "/oauth/authorize", "/oauth/token", "/oauth/discovery/keys"): "gitlab",
    ("https://example.com/gitlab", "/oauth/authorize", "/oauth/token", "/oauth/discovery/keys"): "gitlab",
}


@pytest.mark.parametrize(("place", "name"), BY_ENDPOINTS.items())
def test_where_the_issuer_is_any_url_the_endpoints_tell(place: tuple[str, ...], name: str) -> None:
    issuer, *below = place
    assert providers.profile_for(issuer) is None
    found = providers.profile_for(issuer, endpoints=Endpoints(*(issuer + path for path in below)))
    assert found is not None
    assert found.name == name


def test_endpoints_may_be_on_another_host() -> None:
    """Those of Pocket ID that no browser visits are, where it has an internal URL."""
    inside = ("http://pocket-id/api/oidc/token", "http://pocket-id/.well-known/jwks.json")
    endpoints = Endpoints("https://id.example.com/authorize", *inside)
    found = providers.profile_for("https://id.example.com", endpoints=endpoints)
    assert found is not None
    assert found.name == "pocket-id"


@pytest.mark.parametrize(
    "endpoints",
    [
        (None, "https://a/token", "https://a/keys"),
        ("https://a/authorize", "https://a/token", "https://a/keys"),
        ("https://[", "https://[", "https://["),
        ("", "", ""),
    ],
)
def test_other_endpoints_tell_nothing(endpoints: tuple[str, str, str]) -> None:
    assert providers.profile_for("https://id.example.com", endpoints=Endpoints(*endpoints)) is None


def test_a_name_counts_before_the_issuer() -> None:
    keycloak = "https://id.example.com/realms/kube"
    named = providers.profile_for(keycloak, "okta")
    assert named is not None
    assert named.name == "okta"
    assert providers.profile_for(keycloak, "none") is None
    assert providers.profile_for(keycloak, "auto") is providers.named("keycloak")


def test_another_name_is_an_error() -> None:
    with pytest.raises(SettingsError, match='no provider profile "keycloack"; there are: pocket-id, zitadel'):
        providers.profile_for("https://id.example.com", "keycloack")


def provider(profile: str, **said: tuple[object, ...]) -> Provider:
    return Provider("https://id.example.com/realms/kube", "kubernetes", profile=profile, **said)  # type: ignore[arg-type]


@pytest.mark.parametrize("profile", ["auto", "none"])
def test_nothing_is_added_unless_the_user_named_the_provider(profile: str) -> None:
    """A kubeconfig made for int128/kubelogin asks for what it says, and for nothing else."""
    assert providers.completed(provider(profile)) == provider(profile)


def test_a_named_provider_is_asked_for_what_it_recommends() -> None:
    found = providers.completed(provider("google"))
    assert found.extra_scopes == ("email", "profile")
    assert found.extra_params == (("access_type", "offline"), ("prompt", "consent"))
    assert providers.completed(provider("authentik")).scope == "email profile offline_access openid"
    assert providers.completed(provider("kanidm")).scope == "openid"


def test_what_the_user_said_stays() -> None:
    said = provider("google", extra_scopes=("email",), extra_params=(("hd", "example.com"),))
    assert providers.completed(said, scopes_given=True, params_given=True) == said
    nothing = providers.completed(provider("google"), scopes_given=True, params_given=True)
    assert (nothing.scope, nothing.extra_params) == ("openid", ())


@pytest.mark.parametrize(
    ("asked", "loaded"),
    [
        ("", set()),
        ("providers.profile_for('https://id.example.com/x')", {"recognition"}),
        ("providers.profile_for('https://id.example.com/realms/x')", {"recognition", "profile", "keycloak"}),
        ("providers.named('dex')", {"profile", "dex"}),
    ],
)
def test_only_the_profile_in_question_is_loaded(asked: str, loaded: set[str]) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(Path(kubelogin_py.__file__).parents[1])!r})\n"
        f"from kubelogin_py import providers\n{asked}\n"
        "print(*(name.rpartition('.')[2] for name in sys.modules if name.startswith('kubelogin_py.providers.')))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == loaded
