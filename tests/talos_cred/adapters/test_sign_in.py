"""Which ID token is exchanged: fresh where a refresh makes it so, and nobody is asked who is not there."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kubelogin_py import Cache, Claims, Secret, Session, Settings, SettingsError, SignInError, TransientError
from kubelogin_py import Provider as Client
from kubelogin_py.adapters.clock import SystemClock
from talos_cred.adapters.person import TerminalPerson
from talos_cred.adapters.sign_in import GivenTokens, SignInTokens
from talos_cred.errors import SignInNeededError
from tests.oidc.minting import new_signer

SETTINGS = Settings(Client("https://id", "talos"), cache=Cache())


class Quiet:
    def tell(self, line: str) -> None:
        pass

    def detail(self, level: int, line: str) -> None:
        pass

    def ask(self, prompt: str, *, deadline: float, visible: bool = False) -> Secret:
        raise SignInError("nobody is here")


@dataclass
class Credential:
    token: Secret
    claims: Claims
    session: Session
    session_key: str = "key"


@dataclass
class Provider:
    """A sign-in that gives token after token; ``calls`` says whether each was asked to refresh."""

    age: float = 0.0
    refreshable: bool = True
    error: Exception | None = None
    calls: list[bool] = field(default_factory=list)
    settings: list[Settings] = field(default_factory=list)
    _number: int = 0

    def __call__(self, settings: Settings) -> Credential:
        force = settings.login.force_refresh
        self.calls.append(force)
        self.settings.append(settings)
        if self.error and (force or not isinstance(self.error, TransientError)):
            raise self.error
        self._number += force
        now = time.time()
        issued = now if force else now - self.age
        claims = Claims("https://id", "alice", ("talos",), now + 600, issued, {})
        refresh = Secret("r") if self.refreshable else None
        return Credential(
            Secret(f"token {self._number}"), claims, Session("https://id", "talos", refresh_token=refresh)
        )


def tokens(provider: Provider, *, attended: bool = True, max_age: float = 300.0) -> SignInTokens:
    clock = SystemClock()
    person = TerminalPerson(Quiet(), clock=clock, attended=attended)
    return SignInTokens(SETTINGS, provider, max_age=max_age, clock=clock, person=person, attended=attended)


@pytest.mark.parametrize(
    ("provider", "calls"),
    [
        (Provider(age=10), [False]),
        (Provider(age=260), [False]),
        (Provider(age=275), [False, True]),
        (Provider(age=400), [False, True]),
        (Provider(age=400, refreshable=False), [False]),
        (Provider(age=400, error=TransientError("down")), [False, True]),
    ],
    ids=["fresh", "young", "about to be too old", "old", "old without refresh", "old, provider down"],
)
def test_an_old_token_is_refreshed_where_that_asks_nobody(provider: Provider, calls: list[bool]) -> None:
    assert tokens(provider).obtain(used="").text
    assert provider.calls == calls


def test_a_token_that_was_exchanged_is_not_exchanged_again() -> None:
    provider = Provider()
    first = tokens(provider).obtain(used="")
    second = tokens(provider).obtain(used=first.digest)
    assert first.text != second.text


def test_a_refused_token_is_replaced_or_given_up() -> None:
    provider = Provider()
    first = tokens(provider).obtain(used="")
    another = tokens(provider).renew(first)
    assert another
    assert another.text != first.text


def test_unattended_the_sign_in_has_nowhere_to_begin() -> None:
    """No browser, no listener, no device code: what needs a person is an error that says so."""
    provider = Provider(error=SignInError("no available port"))
    with pytest.raises(SignInNeededError):
        tokens(provider, attended=False).obtain(used="")
    login = provider.settings[0].login
    assert (login.grant_type, login.listen_addresses, login.skip_open_browser) == ("authcode", (), True)
    with pytest.raises(SignInError) as plain:
        tokens(provider).obtain(used="")
    assert not isinstance(plain.value, SignInNeededError)


def minted(expires: float) -> str:
    claims = {"iss": "https://id", "sub": "ci", "aud": "talos", "exp": expires, "iat": time.time()}
    return new_signer(key_id="one").mint(claims)


@pytest.fixture
def given(tmp_path: Path) -> Callable[[str], GivenTokens]:
    """Tokens of a file with this content."""

    def make(content: str) -> GivenTokens:
        (tmp_path / "token").write_text(content)
        return GivenTokens(str(tmp_path / "token"), None, clock=SystemClock())

    return make


def test_a_token_of_a_file_is_read_anew(given: Callable[[str], GivenTokens]) -> None:
    source = given(minted(time.time() + 300) + "\n")
    first = source.obtain(used="")
    assert source.renew(first) is None
    given(minted(time.time() + 400))
    another = source.renew(first)
    assert another
    assert another.person == "ci"


def test_a_token_that_expired_needs_another(given: Callable[[str], GivenTokens]) -> None:
    with pytest.raises(SignInNeededError, match="expired"):
        given(minted(time.time() - 60)).obtain(used="")


@pytest.mark.parametrize("content", ["", "opaque", "a.b.c", "x" * 70_000])
def test_what_is_no_id_token_is_refused_unseen(given: Callable[[str], GivenTokens], content: str) -> None:
    with pytest.raises(SettingsError) as refused:
        given(content).obtain(used="")
    assert "opaque" not in refused.value.message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        GivenTokens(str(tmp_path / "none"), None, clock=SystemClock()).obtain(used="")
