"""A client that signs in as itself."""

import pytest

from kubelogin_py.errors import OAuthError, ProviderError, SettingsError
from kubelogin_py.grants.client_credentials import obtain
from kubelogin_py.login import sign_in
from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType
from tests.oidc.minting import new_signer
from tests.support.fake_provider import refusal
from tests.support.world import KEY, Scene

SECRET = Secret("s+e cret")


@pytest.fixture
def scene() -> Scene:
    """A provider that gives what is usual: an access token alone."""
    scene = Scene()
    scene.provider.token_response = {"id_token": None, "refresh_token": None}
    return scene


def access_token(scene: Scene, **claims: object) -> str:
    now = int(scene.clock.now())
    return scene.provider.key.mint({"iss": "https://id.example.com", "aud": "api", "exp": now + 600, **claims})


def run(scene: Scene, **changed: object):
    changed = {"use_access_token": True, "client_secret": SECRET, **changed}
    return sign_in(scene.settings(grant_type=GrantType.CLIENT_CREDENTIALS, **changed), scene.world, key=KEY)


def test_scope_and_extra_parameters_are_in_the_body_and_nobody_is_asked(scene: Scene) -> None:
    obtain(scene.sign_in(use_access_token=True, extra_scopes=("api",), extra_params=(("audience", "a,b"),)))
    assert scene.provider.forms == [
        {"grant_type": "client_credentials", "scope": "api openid", "audience": "a,b", "client_id": "kubernetes"}
    ]
    assert scene.console.prompts == []
    assert not {"browser", "listen"} & set(scene.events)


METHODS = {
    "nothing said": (None, ("kubernetes", "s+e cret")),
    "basic": (["client_secret_basic"], ("kubernetes", "s+e cret")),
    "post": (["client_secret_post"], None),
}


@pytest.mark.parametrize(("listed", "basic"), METHODS.values(), ids=METHODS)
def test_the_metadata_says_where_the_secret_belongs(scene: Scene, listed, basic) -> None:
    scene.provider.metadata = {"token_endpoint_auth_methods_supported": listed}
    run(scene)
    (request,) = [request for request in scene.provider.requests if request.path == "/token"]
    assert request.basic == basic
    assert request.form.get("client_secret") == (None if basic else "s+e cret")


def test_without_an_id_token_the_option_is_named(scene: Scene) -> None:
    with pytest.raises(ProviderError, match="no id_token") as caught:
        run(scene, use_access_token=False)
    assert "--oidc-use-access-token" in str(caught.value.hint)
    assert "access-canary" not in f"{caught.value.message}{caught.value.hint}"
    assert scene.store.sessions == {}


def test_an_id_token_serves_where_there_is_one(scene: Scene) -> None:
    scene.provider.token_response = {"refresh_token": None}
    credential = run(scene, use_access_token=False)
    assert credential.claims is not None
    assert credential.token == credential.session.id_token


def test_it_is_cached_and_asked_for_again_when_expired(scene: Scene) -> None:
    first = run(scene)
    assert run(scene).token == first.token
    assert scene.provider.count("/token") == 1
    scene.clock.passed += 3600
    run(scene)
    assert [form["grant_type"] for form in scene.provider.forms] == ["client_credentials"] * 2


def test_a_token_of_another_issuer_is_for_the_api_server_to_judge(scene: Scene) -> None:
    """int128/kubelogin looks at nothing but its form; so do APIs whose tokens have an issuer and keys of their own."""
    for token in (
        access_token(scene, iss="https://sts.example.com"),
        new_signer(key_id="unknown").mint({"iss": "x", "exp": int(scene.clock.now()) + 600}),
    ):
        scene.provider.token_response["access_token"] = token
        scene.store.sessions.clear()
        credential = run(scene)
        assert credential.token.reveal() == token
        assert credential.session.expires_at == scene.clock.now() + 600
    assert scene.console.warnings == []


def test_an_expired_token_is_refused_whoever_made_it(scene: Scene) -> None:
    scene.provider.token_response["access_token"] = access_token(
        scene, iss="https://sts.example.com", exp=int(scene.clock.now())
    )
    with pytest.raises(ProviderError, match="expired"):
        run(scene)


PARAMS = {
    "grant type": (("grant_type", "urn:example:own"),),
    "assertion": (("client_assertion_type", "t"), ("client_assertion", "a.b.c")),
    "client named again": (("client_id", "kubernetes"),),
    "secret in the body": (("client_secret", "canary"),),
}


@pytest.mark.parametrize("params", PARAMS.values(), ids=PARAMS)
def test_parameters_that_kubeconfigs_have_are_sent(scene: Scene, params: tuple[tuple[str, str], ...]) -> None:
    """The body is no URL: nothing of it is seen by a browser, a proxy or a log."""
    run(scene, client_secret=None, extra_params=params)
    assert dict(params).items() <= scene.provider.forms[0].items()


REFUSED = {
    "scope": ((("scope", "x"),), None),
    "another client": ((("client_id", "other"),), None),
    "secret twice": ((("client_secret", "x"),), SECRET),
    "no name": ((("", "x"),), None),
}


@pytest.mark.parametrize(("params", "secret"), REFUSED.values(), ids=REFUSED)
def test_a_parameter_that_contradicts_the_request_is_refused(scene: Scene, params, secret) -> None:
    with pytest.raises(SettingsError):
        run(scene, extra_params=params, client_secret=secret)
    assert scene.provider.count("/token") == 0


def test_a_refused_client_is_told(scene: Scene) -> None:
    given = scene.sign_in(use_access_token=True)
    scene.provider.scripted = [refusal("unauthorized_client")]
    with pytest.raises(OAuthError):
        obtain(given)
