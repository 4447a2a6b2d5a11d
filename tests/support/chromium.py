"""A person in front of a real Chromium: ``chromium.py URL`` signs in at either provider, as ``--browser-command``.

Settings are ``SIGN_IN_USER``, ``SIGN_IN_PASSWORD``, ``SIGN_IN_USER_CODE``, ``SIGN_IN_CANCEL``,
``SIGN_IN_WRONG_PASSWORD_FIRST``, ``SIGN_IN_PROFILE``, the directory where cookies are kept from one run to the next
(nothing is kept without it), and ``SIGN_IN_PAGE``, the path without ending where the last page is left as
``.png``, ``.txt`` (its address and text) and ``.requests`` (a line per request: method and address without query).
It needs no other module of the tests, because it runs by itself.
"""

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, BrowserType, Error, Locator, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-quic",
    "--disable-component-update",
    "--disable-sync",
]
FORWARD = ("Sign in", "Continue", "Approve", "Allow", "Authorize")
BACK = ("Cancel", "Deny", "Abort")
PAGES = 30
WAIT = 20_000
"""Milliseconds a page may take."""


def main() -> int:
    """Return 0 once a page without a form was reached."""
    url, seen = sys.argv[1], list[str]()
    place = Path(os.environ.get("SIGN_IN_PAGE", "/dev/null"))
    with sync_playwright() as playwright:
        chromium, page = _started(playwright.chromium)
        page.set_default_timeout(WAIT)
        page.on("request", lambda request: seen.append(f"{request.method} {request.url.partition('?')[0]}"))
        try:
            done = _walk(page, url)
        finally:
            _leave(page, place, seen)
            chromium.close()
    # On standard output on purpose: a chatty browser must not harm the answer for kubectl.
    sys.stdout.write("chromium: done\n" if done else "chromium: lost my way\n")
    return 0 if done else 1


def _started(kind: BrowserType) -> tuple[Browser | BrowserContext, Page]:
    program, profile = shutil.which("chromium"), os.environ.get("SIGN_IN_PROFILE")
    if not profile:
        browser = kind.launch(executable_path=program, args=FLAGS)
        return browser, browser.new_page(ignore_https_errors=True)
    context = kind.launch_persistent_context(profile, executable_path=program, args=FLAGS, ignore_https_errors=True)
    return context, context.new_page()


def _walk(page: Page, url: str) -> bool:
    page.goto(url)
    wrong = bool(os.environ.get("SIGN_IN_WRONG_PASSWORD_FIRST"))
    for _ in range(PAGES):
        page.wait_for_load_state("load")
        try:
            # First of all: such a page may be gone before the next question.
            leads_on = page.locator("meta[http-equiv=refresh]").count()
            forms, buttons = page.locator("form").count(), page.get_by_role("button").count()
        except Error:
            # A page that submits itself went away in between.
            continue
        if not forms and not leads_on:
            return True
        if not buttons:
            page.wait_for_timeout(100)
            continue
        wrong = _fill(page, wrong=wrong)
        wanted = _button(page)
        with page.expect_navigation():
            wanted.click()
    return False


def _fill(page: Page, *, wrong: bool) -> bool:
    if os.environ.get("SIGN_IN_CANCEL"):
        return wrong
    code = page.locator("input[name=user_code]:visible")
    if code.count() and os.environ.get("SIGN_IN_USER_CODE"):
        code.fill(os.environ["SIGN_IN_USER_CODE"])
    if not page.get_by_label("Password").count():
        return wrong
    page.get_by_label("Username").fill(os.environ.get("SIGN_IN_USER", "alice"))
    page.get_by_label("Password").fill("not the password" if wrong else os.environ["SIGN_IN_PASSWORD"])
    return False


def _button(page: Page) -> Locator:
    labels = (*BACK, *FORWARD) if os.environ.get("SIGN_IN_CANCEL") else FORWARD
    for label in labels:
        found = page.get_by_role("button", name=label, exact=True)
        if found.count():
            return found.first
    raise SystemExit(f"chromium: no button that I know on {urlsplit(page.url).path}")


def _leave(page: Page, place: Path, seen: list[str]) -> None:
    if place == Path("/dev/null"):
        return
    place.with_suffix(".requests").write_text("\n".join(seen) + "\n", encoding="utf-8")
    try:
        text = f"{page.url.partition('?')[0]}\n{page.title()}\n{page.inner_text('body')}\n"
        place.with_suffix(".txt").write_text(text, encoding="utf-8")
        page.screenshot(path=place.with_suffix(".png"))
    except Error as error:
        place.with_suffix(".txt").write_text(f"no page: {error.message}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
