"""From a token response to a session: no ID token is kept that was not verified."""

import hashlib
from typing import Any

import pytest

from kubelogin_py.documents import Documents
from kubelogin_py.errors import MetadataError, ProviderError, TransientError, UnknownKeyError, VerificationError
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.verification import Verifier, sha256
from tests.oidc.minting import new_signer
from tests.support.fake_provider import METADATA, answer
from tests.support.world import Scene

NONCE = Secret("nonce-of-this-sign-in")


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.provider.nonce = NONCE.reveal()
    return scene


def verifier(scene: Scene, **changed: object) -> Verifier:
    settings, world = scene.settings(**changed), scene.world
    return Verifier(settings, world, Documents(settings.provider.issuer, world))


def issued(scene: Scene, **claims: Any) -> TokenSet:
    return TokenSet(
        access_token=Secret("access-canary"),
        id_token=Secret(scene.provider.id_token(**claims)),
        refresh_token=Secret("refresh-1"),
    )


def fresh(scene: Scene, **claims: Any) -> Session:
    return verifier(scene).fresh(issued(scene, **claims), NONCE)


def test_a_good_token_set_becomes_a_session(scene: Scene) -> None:
    tokens = issued(scene)
    now = scene.clock.now()
    assert verifier(scene, extra_scopes=("email",)).fresh(tokens, NONCE) == Session(
        issuer="https://id.example.com",
        client_id="kubernetes",
        id_token=tokens.id_token,
        refresh_token=tokens.refresh_token,
        expires_at=now + 3600,
        lifetime=3600.0,
        scope="email openid",
        nonce_sha256=hashlib.sha256(NONCE.reveal().encode()).hexdigest(),
    )
    assert scene.console.lines == []


def test_the_granted_scope_is_kept_where_it_is_told(scene: Scene) -> None:
    tokens = TokenSet(Secret("a"), Secret(scene.provider.id_token()), scope="openid groups")
    assert verifier(scene).fresh(tokens, NONCE).scope == "openid groups"


def test_the_expiry_is_the_id_token_s_and_not_the_access_token_s(scene: Scene) -> None:
    tokens = TokenSet(Secret("a"), Secret(scene.provider.id_token()), expires_in=5.0)
    assert verifier(scene).fresh(tokens, NONCE).expires_at == scene.clock.now() + 3600


def test_a_response_without_an_id_token_names_the_scope_and_quotes_nothing(scene: Scene) -> None:
    """B-45."""
    with pytest.raises(ProviderError) as caught:
        verifier(scene).fresh(TokenSet(Secret("access-canary")), NONCE)
    assert "id_token" in caught.value.message
    assert "openid" in str(caught.value.hint)
    assert "canary" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("claims", "step"),
    [
        ({"iss": "https://id.example.com/"}, "issuer"),
        ({"aud": "kubernetes-2"}, "audience"),
        ({"azp": "other"}, "authorized_party"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": 1_799_999_999}, "expiry"),
        ({"iat": 1_800_000_061}, "issued_at"),
        ({"iat": 1_800_000_000 - 180 - 601}, "issued_at"),
        ({"nbf": 1_800_000_061}, "not_before"),
        ({"at_hash": "wrong"}, "at_hash"),
    ],
    ids=[
        "issuer", "audience", "azp", "nonce", "no nonce", "expired", "issued ahead", "issued long ago", "not yet valid",
        "at_hash",
    ],
)  # fmt: skip
def test_a_fresh_token_that_fails_a_check_is_refused(scene: Scene, claims: dict[str, Any], step: str) -> None:
    """Each check of ``oidc.id_token`` is switched on here; its own tests go through its cases."""
    with pytest.raises(VerificationError) as caught:
        fresh(scene, **claims)
    assert caught.value.step == step


def test_the_age_of_a_fresh_token_is_measured_against_the_time_allowed(scene: Scene) -> None:
    old = issued(scene, iat=int(scene.clock.now()) - 900)
    with pytest.raises(VerificationError):
        verifier(scene, authentication_timeout=180.0).fresh(old, NONCE)
    assert verifier(scene, authentication_timeout=300.0).fresh(old, NONCE)


def test_a_grant_without_a_nonce_takes_a_token_without_one(scene: Scene) -> None:
    """R56."""
    session = verifier(scene).fresh(issued(scene, nonce=None), None)
    assert session.nonce_sha256 is None


def test_an_algorithm_that_the_metadata_does_not_list_is_refused(scene: Scene) -> None:
    scene.provider.metadata = {"id_token_signing_alg_values_supported": ["RS256"]}
    with pytest.raises(VerificationError) as caught:
        fresh(scene)
    assert caught.value.step == "algorithm"


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_a_token_that_kubernetes_does_not_take_is_told(scene: Scene, algorithm: str) -> None:
    scene.provider.key = new_signer(algorithm, "one")
    scene.provider.metadata = {"id_token_signing_alg_values_supported": [algorithm]}
    fresh(scene)
    assert len(scene.console.warnings) == 1
    assert f"signed with {algorithm}" in scene.console.warnings[0]
    assert "RS256" in scene.console.warnings[0]


def test_a_token_that_lives_too_short_is_told(scene: Scene) -> None:
    """B-52."""
    fresh(scene, exp=int(scene.clock.now()) + 4)
    assert len(scene.console.warnings) == 1
    assert "expires in 4 seconds" in scene.console.warnings[0]


def test_a_token_too_large_for_many_proxies_is_told(scene: Scene) -> None:
    """B-21: it is taken all the same."""
    fresh(scene, groups=[f"group-{number:05}" for number in range(700)])
    assert len(scene.console.warnings) == 1
    assert "characters" in scene.console.warnings[0]


def test_an_unknown_key_is_looked_for_once_more(scene: Scene) -> None:
    """B-37: the provider may have rotated its keys since the set was read."""
    ours = verifier(scene)
    ours.prepare()
    scene.provider.key = new_signer(key_id="two")
    ours.fresh(issued(scene), NONCE)
    assert scene.provider.count("/keys") == 2


@pytest.mark.parametrize("same_id", [True, False], ids=["another key of that name", "another name"])
def test_a_key_that_stays_unknown_is_refused_after_two_looks(scene: Scene, same_id: bool) -> None:
    scene.provider.published = [scene.provider.key]
    scene.provider.key = new_signer(key_id="one" if same_id else "two")
    with pytest.raises(UnknownKeyError):
        fresh(scene)
    assert scene.provider.count("/keys") == 2


def test_a_wrong_claim_is_no_reason_to_read_the_keys_again(scene: Scene) -> None:
    with pytest.raises(VerificationError):
        fresh(scene, aud="other")
    assert scene.provider.count("/keys") == 1


def test_the_documents_are_read_once(scene: Scene) -> None:
    ours = verifier(scene)
    ours.prepare()
    ours.fresh(issued(scene), NONCE)
    ours.fresh(issued(scene), NONCE)
    assert (scene.provider.count(METADATA), scene.provider.count("/keys")) == (1, 1)


@pytest.mark.parametrize(
    ("path", "document", "error"),
    [
        (METADATA, answer({}, 404), MetadataError),
        (METADATA, answer({}, 503), TransientError),
        (METADATA, answer({"issuer": "https://evil.example"}), MetadataError),
        ("/keys", answer({}, 404), MetadataError),
        ("/keys", answer({}, 503), TransientError),
        ("/keys", answer({"keys": []}), MetadataError),
    ],
    ids=["no metadata", "metadata later", "another issuer", "no key set", "key set later", "no keys"],
)
def test_what_could_not_be_verified_is_known_beforehand(scene: Scene, path: str, document: Any, error) -> None:
    scene.provider.scripted_documents[path] = [document]
    with pytest.raises(error):
        verifier(scene).prepare()


def test_a_provider_that_publishes_private_keys_is_told(scene: Scene) -> None:
    """B-36: everybody could sign in its name, and only its operator can help."""
    scene.provider.scripted_documents["/keys"] = [answer({"keys": [{**scene.provider.key.jwk(), "d": "private"}]})]
    verifier(scene).prepare()
    assert len(scene.console.warnings) == 1
    assert "publishes private parts" in scene.console.warnings[0]


def test_a_nonce_is_remembered_by_its_hash() -> None:
    assert sha256(NONCE) == hashlib.sha256(NONCE.reveal().encode()).hexdigest()
