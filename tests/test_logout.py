"""Signing out: what the provider is told, what is removed, and that the second never waits for the first."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from kubelogin_py.errors import Error, NotSentError, StorageError, TransientError
from kubelogin_py.logout import REQUEST_TIMEOUT, SignedOut, sign_out
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from tests.support.fake_provider import ISSUER, FakeProvider, refusal
from tests.support.world import KEY, Scene, query_of

ENDPOINTS = {"revocation_endpoint": f"{ISSUER}/revoke", "end_session_endpoint": f"{ISSUER}/end"}


@dataclass
class MemoryCopies:
    """What is kept in any form; can be told that it stays."""

    kept: list[Session | None]
    events: list[str]
    on_remove: Callable[[], None] = lambda: None
    files: int = 3

    def sessions(self, key: str) -> list[Session | None]:
        assert key == KEY
        return list(self.kept)

    def remove(self, key: str) -> int:
        self.events.append("remove")
        self.on_remove()
        count = self.files if self.kept else 0
        self.kept = []
        return count


@dataclass
class Leaving:
    """Somebody signed in who signs out."""

    scene: Scene = field(default_factory=Scene)

    def __post_init__(self) -> None:
        self.scene.provider.metadata = dict(ENDPOINTS)
        self.copies = MemoryCopies([self.scene.keep_session()], self.scene.events)

    def end(self, *, browser: bool = False, **changed: Any) -> SignedOut:
        return sign_out(self.scene.settings(**changed), self.scene.world, self.copies, key=KEY, browser=browser)

    @property
    def provider(self) -> FakeProvider:
        return self.scene.provider

    @property
    def lines(self) -> list[str]:
        return self.scene.console.lines


@pytest.fixture
def leaving() -> Leaving:
    return Leaving()


def test_the_refresh_token_is_given_back_before_the_copies_go(leaving: Leaving) -> None:
    assert leaving.end() == SignedOut(was_kept=True)
    assert leaving.provider.given_back == ["refresh-0"]
    request = leaving.provider.requests[-1]
    assert (request.path, request.timeout) == ("/revoke", REQUEST_TIMEOUT)
    assert request.form["token_type_hint"] == "refresh_token"
    assert request.form["client_id"] == "kubernetes"
    events = leaving.scene.events
    assert events.index("lock") < events.index("POST /revoke") < events.index("remove") < events.index("unlock")
    assert leaving.copies.kept == []
    assert leaving.lines[0] == f"revoked the refresh token of alice@example.test at {ISSUER}"
    assert "refresh-0" not in leaving.scene.console.text


def test_a_confidential_client_proves_itself_and_tries_the_other_way(leaving: Leaving) -> None:
    leaving.provider.scripted = [refusal("invalid_client", 401)]
    assert leaving.end(client_secret=Secret("s")) == SignedOut(was_kept=True)
    first, second = [request for request in leaving.provider.requests if request.path == "/revoke"]
    assert first.basic == ("kubernetes", "s")
    assert second.form["client_secret"] == "s"


def test_each_token_is_given_back_once(leaving: Leaving) -> None:
    """The same session may be kept twice; an older one of another program has a token of its own."""
    (kept,) = leaving.copies.kept
    leaving.copies.kept = [kept, kept, replace(kept, refresh_token=Secret("older"))]
    leaving.end()
    assert leaving.provider.given_back == ["refresh-0", "older"]
    assert leaving.provider.count("/.well-known/openid-configuration") == 1


def test_without_a_refresh_token_an_access_token_is_given_back(leaving: Leaving) -> None:
    (kept,) = leaving.copies.kept
    leaving.copies.kept = [replace(kept, refresh_token=None, access_token=Secret("access"))]
    leaving.end()
    assert leaving.provider.given_back == ["access"]
    assert leaving.provider.requests[-1].form["token_type_hint"] == "access_token"


def test_an_id_token_alone_needs_no_network(leaving: Leaving) -> None:
    (kept,) = leaving.copies.kept
    leaving.copies.kept = [replace(kept, refresh_token=None)]
    assert leaving.end() == SignedOut(was_kept=True)
    assert leaving.provider.requests == []
    assert "there is no refresh token" in leaving.lines[0]


def test_a_token_of_another_provider_is_sent_nowhere(leaving: Leaving) -> None:
    """A file that was tampered with: its token is removed, and nobody gets it."""
    (kept,) = leaving.copies.kept
    leaving.copies.kept = [replace(kept, issuer="https://evil.example.com")]
    assert leaving.end() == SignedOut(was_kept=True)
    assert leaving.provider.requests == []
    assert leaving.copies.kept == []


def test_a_provider_that_takes_no_tokens_back_is_no_fault(leaving: Leaving) -> None:
    leaving.provider.metadata = {"end_session_endpoint": f"{ISSUER}/end"}
    assert leaving.end() == SignedOut(was_kept=True)
    assert leaving.lines[0] == (
        f"note: {ISSUER} takes no tokens back, so the refresh token of alice@example.test lives on there "
        "until it expires; --sso may end it in the browser"
    )
    assert leaving.copies.kept == []


def test_what_is_known_of_a_provider_is_said(leaving: Leaving) -> None:
    """Pocket ID has no revocation endpoint; its end-session page ends the grant."""
    leaving.provider.metadata = {"end_session_endpoint": f"{ISSUER}/end"}
    assert leaving.end(profile="pocket-id") == SignedOut(was_kept=True)
    assert leaving.lines[0].startswith("note: Pocket ID takes no tokens back")
    assert leaving.lines[0].endswith("; --sso ends it in the browser")


FAULTS: dict[str, Any] = {
    "not sent": NotSentError("POST https://id.example.com/revoke: connection refused (temporary)"),
    "lost": TransientError("POST https://id.example.com/revoke: connection reset by peer (temporary)"),
    "unavailable": refusal("server_error", 503),
    "unsupported": refusal("unsupported_token_type"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_copies_go_whatever_the_provider_says(leaving: Leaving, fault: Any) -> None:
    leaving.provider.scripted = [fault]
    outcome = leaving.end()
    assert outcome.was_kept
    (said,) = outcome.faults
    assert said.startswith("the refresh token of alice@example.test could not be revoked: ")
    assert f"warning: {said}" in leaving.lines
    assert leaving.copies.kept == []
    assert leaving.provider.count("/revoke") == 1


def test_the_copies_go_when_the_person_does_not_want_to_wait(leaving: Leaving) -> None:
    leaving.provider.scripted = [KeyboardInterrupt()]  # type: ignore[list-item]

    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    leaving.provider.post = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        leaving.end()
    assert leaving.copies.kept == []
    assert not leaving.scene.store.locked


def test_copies_that_stay_are_an_error(leaving: Leaving) -> None:
    def stay() -> None:
        raise StorageError("can't remove x: read-only file system")

    leaving.copies.on_remove = stay
    with pytest.raises(StorageError):
        leaving.end()
    assert leaving.provider.given_back == ["refresh-0"]


def test_one_that_can_not_be_read_is_a_fault(leaving: Leaving) -> None:
    """The keyring is locked, or the file damaged: it goes, and its refresh token lives on."""
    leaving.copies.kept.append(None)
    assert leaving.end() == SignedOut(was_kept=True, faults=("a session that can't be read could not be revoked",))
    assert leaving.provider.given_back == ["refresh-0"]
    assert leaving.copies.kept == []


def test_nothing_is_said_where_nothing_was_kept(leaving: Leaving) -> None:
    leaving.copies.kept = []
    assert leaving.end() == SignedOut(was_kept=False)
    assert leaving.lines == []
    assert leaving.provider.requests == []


def test_a_token_that_was_handed_out_is_spoken_of_until_it_expires(leaving: Leaving) -> None:
    leaving.end()
    assert any(line.startswith("note: a token that was handed out serves until ") for line in leaving.lines)
    (kept,) = [leaving.scene.keep_expired_session()]
    leaving.copies.kept, leaving.scene.console.lines = [kept], []
    leaving.end()
    assert not any("handed out" in line for line in leaving.lines)


def test_the_browser_is_led_on_by_a_page_and_the_token_is_in_no_argument(leaving: Leaving) -> None:
    """Every user of this machine can read the arguments of a browser."""
    (kept,) = leaving.copies.kept
    browser = leaving.scene.browser
    browser.visit = lambda url: setattr(browser, "queries", [url.partition("?")[2]])  # type: ignore[method-assign]
    assert leaving.end(browser=True) == SignedOut(was_kept=True)
    (opened,) = browser.opened
    assert set(query_of(opened)) == {"state"}
    assert leaving.scene.page is not None
    status, page = leaving.scene.page
    assert status == 200
    assert kept.id_token is not None
    assert f"{ISSUER}/end?client_id=kubernetes&amp;id_token_hint={kept.id_token.reveal()}" in page
    assert kept.id_token.reveal() not in leaving.scene.console.text


def test_somebody_else_gets_no_page(leaving: Leaving) -> None:
    browser = leaving.scene.browser
    browser.visit = lambda _url: setattr(browser, "queries", ["", "state=guess", "x=1"])  # type: ignore[method-assign]
    outcome = leaving.end(browser=True)
    assert outcome.faults == (
        "the session in the browser was not ended: no browser came for the page that leads there",
    )
    assert leaving.scene.page is None
    assert leaving.copies.kept == []


def test_without_a_browser_the_bare_address_is_shown(leaving: Leaving) -> None:
    leaving.end(browser=True, skip_open_browser=True)
    assert leaving.lines[-1].endswith(f"{ISSUER}/end?client_id=kubernetes")
    leaving.scene.browser.starts = False
    leaving.end(browser=True)
    assert leaving.lines[-1].endswith(f"{ISSUER}/end?client_id=kubernetes")


def test_a_provider_without_that_page_is_a_fault_where_it_was_asked_for(leaving: Leaving) -> None:
    leaving.provider.metadata = {"revocation_endpoint": f"{ISSUER}/revoke"}
    (fault,) = leaving.end(browser=True).faults
    assert "names no end_session_endpoint" in fault


def test_a_provider_that_can_not_be_reached_is_asked_once(leaving: Leaving) -> None:
    down: list[Any] = [TransientError("GET …: connection refused (temporary)")]
    leaving.provider.scripted_documents = {"/.well-known/openid-configuration": down}
    assert len(leaving.end(browser=True).faults) == 2
    assert len(leaving.provider.requests) == 1


def test_an_issuer_that_is_none_is_refused_before_anything(leaving: Leaving) -> None:
    with pytest.raises(Error):
        leaving.end(issuer="http://id.example.com")
    assert leaving.copies.kept
    assert leaving.provider.requests == []
