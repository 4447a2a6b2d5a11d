"""The automatic sign-in of the demo, for Canaille: name and password are asked for on two pages."""

from typing import TYPE_CHECKING

from examples.demo import sign_in

if TYPE_CHECKING:
    import requests


class Person(sign_in.Person):
    """Somebody who is asked for the name first."""

    def _submit(self, form: sign_in.Form, url: str) -> "requests.Response":
        # As browsers do; over https its protection of forms looks at it.
        self.http.headers["Referer"] = url
        if "login" in form.fields:
            form.fields["login"] = self._chosen.user
        return super()._submit(form, url)


if __name__ == "__main__":
    sign_in.Person = Person  # type: ignore[misc]
    sign_in.main()
