"""The pages a browser shows: what they say, and that nothing from outside becomes markup."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from kubelogin_py import pages
from kubelogin_py.errors import SettingsError

ISSUER = "https://id.example.com"
HOSTILE = "<script>alert(1)</script>\"'&\x1b[2J\u202e\u200b\nx"

PAGES = {
    "signed in": pages.signed_in("alice@example.test", ISSUER),
    "signed in, nobody named": pages.signed_in("", ISSUER),
    "signed in, going on": pages.signed_in("alice", ISSUER, next_url="https://example.com/success?a=1&b=2"),
    "signed in, hostile": pages.signed_in(HOSTILE, HOSTILE),
    "failed": pages.failed("access denied by the provider", "Ask for access, then run the command again."),
    "failed, hostile": pages.failed(HOSTILE, HOSTILE),
    "already finished": pages.already_finished(),
    "stray": pages.stray(),
}


class Reading(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, str] = {}
        self.text = ""
        self._inside = [""]
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self._inside.append(tag)

    def handle_endtag(self, tag):
        assert self._inside.pop() == tag

    def handle_data(self, data):
        self.texts[self._inside[-1]] = self.texts.get(self._inside[-1], "") + data
        if self._inside[-1] != "style":
            self.text += data


@pytest.fixture(params=PAGES.values(), ids=PAGES.keys())
def page(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_page_has_a_language_a_title_and_one_heading(page: str) -> None:
    read = Reading(page)
    assert ("lang", "en") in read.attributes
    assert read.tags.count("title") == read.tags.count("h1") == read.tags.count("main") == 1
    assert read.texts["title"] == read.texts["h1"] != ""


def test_a_page_has_no_script_and_loads_nothing(page: str) -> None:
    read = Reading(page)
    assert not {"script", "img", "iframe", "link", "object", "form", "base"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name.startswith("on") or name in {"src", "style"}]
    assert "url(" not in read.texts["style"].lower()
    assert "@import" not in read.texts["style"]


def test_the_policy_allows_exactly_the_style_of_the_page(page: str) -> None:
    digest = base64.b64encode(hashlib.sha256(Reading(page).texts["style"].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in pages.CONTENT_SECURITY_POLICY
    assert pages.CONTENT_SECURITY_POLICY.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in pages.CONTENT_SECURITY_POLICY


def test_a_page_follows_the_persons_light_or_dark_setting(page: str) -> None:
    assert "color-scheme:light dark" in page


def test_foreign_text_is_shown_and_never_markup() -> None:
    read = Reading(PAGES["failed, hostile"])
    assert "<script>alert(1)</script>\"'&\\x1b[2J\\u{202e}\\u{200b}\\x0ax" in read.text


def test_foreign_text_is_cut() -> None:
    assert len(pages.failed("x" * 10_000, "")) < len(PAGES["failed"]) + 600


def test_the_page_of_success_says_who_where_and_that_it_may_be_closed() -> None:
    text = Reading(PAGES["signed in"]).text
    assert "Authenticated" in text
    assert "alice@example.test" in text
    assert ISSUER in text
    assert "close this window" in text


def test_a_nameless_sign_in_names_nobody() -> None:
    assert "Signed in as" not in PAGES["signed in, nobody named"]


def test_the_page_of_failure_says_what_failed_and_what_to_do() -> None:
    text = Reading(PAGES["failed"]).text
    assert "Sign-in failed" in text
    assert "access denied by the provider" in text
    assert "Ask for access, then run the command again." in text


def test_going_on_leads_to_the_page_chosen_beforehand() -> None:
    read = Reading(PAGES["signed in, going on"])
    assert ("content", "0;URL=https://example.com/success?a=1&b=2") in read.attributes
    assert ("href", "https://example.com/success?a=1&b=2") in read.attributes


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "javascript:alert(1)",
        "//example.com",
        "https://",
        "https://example.com/a b",
        "https://example.com/'x",
        'https://example.com/"x',
        "https://example.com/<x",
        "https://example.com\\@evil.example",
        "https://example.com/\r\nx",
        "https://exämple.com/",
        "",
    ],
)
def test_going_on_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        pages.signed_in("alice", ISSUER, next_url=url)


def test_no_page_takes_part_in_a_caller_mistake() -> None:
    """Every page is whole: begins as HTML and ends."""
    for page in PAGES.values():
        assert re.fullmatch(r"<!DOCTYPE html>\n<html.*</html>\n", page, re.DOTALL)


def test_the_page_that_leads_on_to_sign_out_can_lead_nowhere_else() -> None:
    """The address is the provider's, with an ID token in it: quoted, not shown, and sent on to nobody."""
    url = "https://id.example.com/end?a='\"><script>&client_id=k&id_token_hint=a.b.c"
    page = pages.signing_out("https://id.example.com/<b>", url)
    assert "<script>" not in page
    assert "<b>" not in page
    assert page.count("a.b.c") == 2
    assert (
        'content="0;URL=https://id.example.com/end?a=%27%22&gt;&lt;script&gt;&amp;client_id=k&amp;id_token_hint=a.b.c"'
        in page
    )
    assert '<meta name="referrer" content="no-referrer">' in page
