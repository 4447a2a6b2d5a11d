"""What every grant must do, whatever it is: one suite, run against each row of the table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from kubelogin_py.errors import Error, MetadataError, OAuthError, ProviderError, SignInError, VerificationError
from kubelogin_py.grants import GRANTS, grant
from kubelogin_py.grants.sign_in import SignIn
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import GrantType
from tests.support.fake_provider import ISSUER, answer, refusal
from tests.support.world import Scene, redirect

SESSION = Session(issuer=ISSUER, client_id="kubernetes", scope="of the suite")


@dataclass(frozen=True)
class Person:
    """How somebody goes through a grant.

    :param comes: lets them do their part.
    :param declines: lets them say no; ``None`` where nobody is asked.
    :param endpoint: member of the metadata without which the grant can't begin.
    """

    comes: Callable[[Scene], None]
    declines: Callable[[Scene], None] | None
    endpoint: str | None


def stay(_scene: Scene) -> None:
    """Do nothing special: the fakes of the world sign in by themselves."""


def decline_in_browser(scene: Scene) -> None:
    scene.browser.respond = lambda asked: [redirect(asked, code=None, error="access_denied")]


def decline_on_device(scene: Scene) -> None:
    scene.provider.device_answers = ["access_denied"]


def paste(scene: Scene) -> None:
    """Go to the URL on the terminal and paste what the browser shows in the end."""

    def pasted() -> str:
        line = next(line for line in scene.console.lines if "Please visit" in line)
        scene.browser.visit(line.partition("browser: ")[2])
        return f"http://localhost/?{scene.browser.queries[0]}"

    scene.console.answer = pasted


def decline_and_paste(scene: Scene) -> None:
    decline_in_browser(scene)
    paste(scene)


def type_in(scene: Scene) -> None:
    """Answer with a username and a password."""
    scene.console.answers = {"Username: ": "alice", "Password: ": "password-canary"}


def mistype(scene: Scene) -> None:
    type_in(scene)
    scene.provider.scripted = [refusal("invalid_grant")]


PEOPLE = {
    GrantType.AUTHCODE: Person(stay, decline_in_browser, "authorization_endpoint"),
    GrantType.AUTHCODE_KEYBOARD: Person(paste, decline_and_paste, "authorization_endpoint"),
    GrantType.DEVICE_CODE: Person(stay, decline_on_device, "device_authorization_endpoint"),
    GrantType.PASSWORD: Person(type_in, mistype, None),
    GrantType.CLIENT_CREDENTIALS: Person(stay, None, None),
}
WITHOUT_RANDOM_VALUES = {GrantType.PASSWORD, GrantType.CLIENT_CREDENTIALS}


@pytest.fixture
def scene() -> Iterator[Scene]:
    """No grant touches the store: what is obtained is stored by its caller, once verified."""
    scene = Scene()
    yield scene
    assert scene.store.saved == []
    assert scene.store.sessions == {}
    assert not scene.listener.open


@pytest.fixture(params=list(GRANTS), ids=str)
def grant_type(request: pytest.FixtureRequest) -> GrantType:
    return request.param


@pytest.fixture
def person(grant_type: GrantType) -> Person:
    assert grant_type in PEOPLE, "a new grant needs a person who goes through it here"
    return PEOPLE[grant_type]


def watched(sign_in: SignIn, outcome: Session | Error = SESSION) -> tuple[SignIn, list[tuple[TokenSet, Secret | None]]]:
    """Return the sign-in with a verification that remembers what it was given, and answers as told."""
    given: list[tuple[TokenSet, Secret | None]] = []

    def verified(token_set: TokenSet, nonce: Secret | None) -> Session:
        given.append((token_set, nonce))
        if isinstance(outcome, Error):
            raise outcome
        return outcome

    return replace(sign_in, verified=verified), given


def test_every_name_of_the_table_leads_to_a_grant(grant_type: GrantType) -> None:
    assert callable(grant(grant_type))


def test_there_is_a_grant_for_every_name_that_can_be_chosen() -> None:
    assert set(GRANTS) == set(GrantType) - {GrantType.AUTO}


def test_auto_is_the_browser() -> None:
    assert grant(GrantType.AUTO) is grant(GrantType.AUTHCODE)


def test_it_returns_what_the_verification_returned(scene: Scene, grant_type: GrantType, person: Person) -> None:
    """Asked once, with what the provider issued; a nonce is to be checked where one was sent."""
    person.comes(scene)
    sign_in, given = watched(scene.sign_in())
    assert grant(grant_type)(sign_in) is SESSION
    ((tokens, nonce),) = given
    assert tokens.id_token is not None
    assert tokens.access_token == Secret("access-canary")
    assert tokens.refresh_token == Secret("refresh-1")
    assert (nonce.reveal() if nonce else None) == scene.provider.nonce


def test_a_failed_verification_ends_it(scene: Scene, grant_type: GrantType, person: Person) -> None:
    person.comes(scene)
    failure = VerificationError("the ID token is wrong", step="test")
    sign_in, _ = watched(scene.sign_in(), failure)
    with pytest.raises(VerificationError) as caught:
        grant(grant_type)(sign_in)
    assert caught.value is failure
    assert scene.provider.count("/token") == 1


def test_its_tokens_pass_the_real_verification(scene: Scene, grant_type: GrantType, person: Person) -> None:
    person.comes(scene)
    session = grant(grant_type)(scene.sign_in())
    assert session.expires_at == scene.clock.now() + 3600


def test_a_person_who_declines_ends_it(scene: Scene, grant_type: GrantType, person: Person) -> None:
    if person.declines is None:
        pytest.skip("nobody is asked")
    person.declines(scene)
    with pytest.raises(SignInError, match="denied"):
        grant(grant_type)(scene.sign_in())


def test_a_client_that_is_refused_ends_it(scene: Scene, grant_type: GrantType, person: Person) -> None:
    person.comes(scene)
    sign_in = scene.sign_in(client_secret=Secret("secret"))
    scene.provider.scripted = [refusal("invalid_client", 401)] * 10
    with pytest.raises(OAuthError) as caught:
        grant(grant_type)(sign_in)
    assert caught.value.error == "invalid_client"


@pytest.mark.parametrize(
    "document",
    [{"token_type": "Bearer"}, {"access_token": "a", "token_type": "mac"}, {"access_token": "a\r\nb"}],
    ids=["no access token", "token type", "newline"],
)
def test_an_answer_that_makes_no_sense_ends_it(
    scene: Scene, grant_type: GrantType, person: Person, document: dict[str, str]
) -> None:
    """It is never quoted: there may be a token in it."""
    person.comes(scene)
    sign_in = scene.sign_in()
    spoiled = answer({**document, "id_token": "id-canary", "refresh_token": "refresh-canary"})
    # The device authorization request comes first where there is one.
    scene.provider.scripted = [*([None] if grant_type is GrantType.DEVICE_CODE else []), spoiled]
    with pytest.raises(ProviderError) as caught:
        grant(grant_type)(sign_in)
    assert "canary" not in f"{caught.value.message} {caught.value.hint} {scene.console.text}"


def test_a_provider_without_the_endpoint_it_needs_is_told(scene: Scene, grant_type: GrantType, person: Person) -> None:
    if person.endpoint is None:
        pytest.skip("the token endpoint is all it needs, and without one no metadata is accepted")
    person.comes(scene)
    scene.provider.metadata = {person.endpoint: None}
    with pytest.raises(MetadataError, match=person.endpoint) as caught:
        grant(grant_type)(scene.sign_in())
    assert "--grant-type" in str(caught.value.hint)
    assert "browser" not in scene.events


def test_the_scopes_of_the_user_are_asked_for(scene: Scene, grant_type: GrantType, person: Person) -> None:
    person.comes(scene)
    sign_in, given = watched(scene.sign_in(extra_scopes=("email", "groups")))
    grant(grant_type)(sign_in)
    assert given
    asked = [scene.provider.forms[0].get("scope"), *(request.form.get("scope") for request in scene.provider.requests)]
    in_urls = [*scene.browser.opened, *scene.console.lines]
    assert "email groups openid" in asked or any("scope=email+groups+openid" in text for text in in_urls)


def test_no_secret_is_told(scene: Scene, grant_type: GrantType, person: Person) -> None:
    """State and nonce are in the URL that the person is sent to, and nowhere else."""
    person.comes(scene)
    scene.provider.metadata = {"code_challenge_methods_supported": ["S256"]}
    grant(grant_type)(scene.sign_in(client_secret=Secret("secret-canary")))
    text = "\n".join(line for line in scene.console.text.splitlines() if "Please visit" not in line)
    secrets = {value for form in scene.provider.forms for name, value in form.items() if name != "grant_type"}
    known = {"kubernetes", "http://localhost:8000", "openid"}
    told = {secret for secret in secrets if secret not in known and secret in text}
    assert not told
    assert not [value for value in scene.entropy.drawn if value in text]


def test_a_second_sign_in_uses_new_random_values(scene: Scene, grant_type: GrantType, person: Person) -> None:
    person.comes(scene)
    scene.provider.metadata = {"code_challenge_methods_supported": ["S256"]}
    sign_in = scene.sign_in()
    grant(grant_type)(sign_in)
    first = len(scene.entropy.drawn)
    scene.console.lines.clear()
    grant(grant_type)(sign_in)
    assert (first == 0) is (grant_type in WITHOUT_RANDOM_VALUES)
    assert len(scene.entropy.drawn) == 2 * first
    assert len(set(scene.entropy.drawn)) == 2 * first
