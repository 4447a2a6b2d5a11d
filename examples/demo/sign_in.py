"""An automatic sign-in that takes the browser's place: it fills in a provider's forms by plain HTTP.

Run ``python examples/demo/sign_in.py URL``, or let a wrapper with the settings below in its environment be the
``--browser-command``. It knows no provider: on each page it fills in the fields it has values for and presses the
button whose label it knows, until a page without a form is reached.
"""

import argparse
import os
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

FORWARD = ("sign in", "sign-in", "log in", "continue", "approve", "allow", "authorize", "yes")
BACK = ("cancel", "deny", "abort", "no")
PAGES = 20
"""Forms and redirects followed at most before giving up."""


@dataclass
class Form:
    """One HTML form: where it goes, what it holds, and the buttons that send it as (label, name, value)."""

    name: str = ""
    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """The forms, the title and the problem notice of an HTML page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.title = ""
        self._open: Form | None = None
        self._buttons: list[tuple[Form | None, str, str, str]] = []
        self._within = ""
        self._label = ""
        self.feed(html)
        for owner, name, value, label in self._buttons:
            form = owner or (self.forms[0] if self.forms else Form())
            form.buttons.append((label.strip(" []\n").lower(), name, value))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a field or a button."""
        have = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(have.get("id", ""), have.get("action", ""), have.get("method", "get").lower())
            self.forms.append(self._open)
        elif tag == "input" and self._open and have.get("name"):
            self._open.fields[have["name"]] = have.get("value", "")
        elif tag == "button":
            owner = next((form for form in self.forms if form.name == have.get("form")), self._open)
            self._buttons.append((owner, have.get("name", ""), have.get("value", ""), ""))
        if tag in {"button", "title"}:
            self._within = tag

    def handle_endtag(self, tag: str) -> None:
        """Note where a form, a button or the title ends."""
        if tag == "form":
            self._open = None
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        """Note the title and the labels of buttons."""
        if self._within == "title":
            self.title += data
        elif self._within == "button":
            owner, name, value, label = self._buttons[-1]
            self._buttons[-1] = (owner, name, value, label + data)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person wants: to sign in, after one slip if wished, or to cancel."""

    user: str = "alice"
    password: str = "wonderland"
    user_code: str = ""
    cancel: bool = False
    wrong_password_first: bool = False


class Person:
    """Somebody with a wish in front of a browser.

    :param ca: PEM file of the certificate authority; the usual ones without.
    """

    def __init__(self, wish: Wish, ca: str | None = None) -> None:
        self._chosen = wish
        self._wrong_password_due = wish.wrong_password_first
        self._sent_password = False
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = ca or True

    def sign_in(self, url: str) -> str:
        """Walk from the first page to the last and return the last one's status and title.

        :raises SystemExit: the provider refused, or the walk does not end.
        """
        with self.http:
            response = self.http.get(url, timeout=30)
            for _ in range(PAGES):
                page = Page(response.text if "html" in response.headers.get("Content-Type", "") else "")
                if not page.forms:
                    return f"{response.status_code} {page.title.strip()}"
                response = self._submit(page.forms[0], response.url)
        raise SystemExit(f"sign-in: still asked after {PAGES} pages")

    def _submit(self, form: Form, url: str) -> requests.Response:
        filled = dict(form.fields)
        if "password" in filled:
            filled |= {"username": self._chosen.user, "password": self._password()}
        if "user_code" in filled and self._chosen.user_code:
            filled["user_code"] = self._chosen.user_code
        filled |= self._button(form)
        target = urljoin(url, form.action) if form.action else url
        if form.method == "post":
            return self.http.post(target, data=filled, timeout=60)
        return self.http.get(target, params=filled, timeout=60)

    def _password(self) -> str:
        if self._chosen.cancel:
            return ""
        if self._wrong_password_due:
            self._wrong_password_due = False
            return "not the password"
        if self._sent_password:
            raise SystemExit(f"sign-in: the provider did not take {self._chosen.user}'s password")
        self._sent_password = True
        return self._chosen.password

    def _button(self, form: Form) -> dict[str, str]:
        known = [(label, name, value) for label, name, value in form.buttons if label.startswith(BACK + FORWARD)]
        back = [(name, value) for label, name, value in known if label.startswith(BACK)]
        forward = [(name, value) for label, name, value in known if not label.startswith(BACK)]
        pressed = (back or forward) if self._chosen.cancel else forward
        return dict(pair for pair in pressed[:1] if pair[0])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    env = os.environ.get
    parser.add_argument("url")
    parser.add_argument("--user", default=env("SIGN_IN_USER", "alice"))
    parser.add_argument("--password", default=env("SIGN_IN_PASSWORD", "wonderland"))
    parser.add_argument("--ca", default=env("SIGN_IN_CA"), help="PEM file of the certificate authority")
    parser.add_argument("--user-code", default=env("SIGN_IN_USER_CODE", ""), help="device code to type")
    parser.add_argument("--cancel", action="store_true", default=bool(env("SIGN_IN_CANCEL")), help="cancel or deny")
    wrong = bool(env("SIGN_IN_WRONG_PASSWORD_FIRST"))
    parser.add_argument("--wrong-password-first", action="store_true", default=wrong)
    return parser.parse_args()


def main() -> None:
    chosen = vars(_arguments())
    url, ca = chosen.pop("url"), chosen.pop("ca")
    try:
        last = Person(Wish(**chosen), ca).sign_in(url)
    except requests.RequestException as error:
        raise SystemExit(f"sign-in: {type(error).__name__} on the way") from None
    # On standard output on purpose: a browser that talks there must not harm the answer for kubectl.
    sys.stdout.write(f"sign-in: last page: {last}\n")


if __name__ == "__main__":
    main()
