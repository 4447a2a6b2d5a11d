"""int128/kubelogin's unit tests of grants, browser and prompts, as black-box rows by their names."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.compat.plugin import PASSWORD_GRANT, Plugin, claims, failed, token
from tests.support import command
from tests.support.scripted_provider import ACCESS_TOKEN, CODE, Answer, Seen

PARAMS = "--oidc-auth-request-extra-params"
EXPIRED = 5
"""Seconds of a token that has served its time when it is issued."""

# Which grant the options choose, by what the token endpoint was asked for.

GRANT_OPTIONS = {
    "no flag": ([], "authorization_code"),
    "all authcode flags, username ignored": (
        [
            "--grant-type=authcode",
            "--authentication-timeout-sec=10",
            f"{PARAMS}=ttl=86400",
            "--username=USER",
            "--password=PASS",
        ],
        "authorization_code",
    ),
    "password": (["--grant-type=password", *PASSWORD_GRANT], "password"),
    "auto and a username is password": (["--grant-type=auto", *PASSWORD_GRANT], "password"),
    "client-credentials with params": (
        ["--grant-type=client-credentials", "--oidc-client-secret=S", f"{PARAMS}=audience=api"],
        "client_credentials",
    ),
    "device-code": (
        ["--grant-type=device-code", "--skip-open-browser"],
        "urn:ietf:params:oauth:grant-type:device_code",
    ),
}


@pytest.mark.parametrize(("flags", "grant"), GRANT_OPTIONS.values(), ids=GRANT_OPTIONS)
def test_grant_options(flags: list[str], grant: str, plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert claims(plugin.run(*flags))["sub"] == "SUBJECT"
    (sent,) = plugin.provider.token_requests
    assert sent.form["grant_type"] == grant
    assert plugin.was_opened == (grant == "authorization_code")


# Authentication.


def test_a_valid_refresh_token(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.answers = [Answer(EXPIRED, "VALID_REFRESH_TOKEN"), Answer()]
    first = plugin.run(*PASSWORD_GRANT)
    assert token(plugin.run(*PASSWORD_GRANT)) != token(first)
    sent = plugin.provider.token_requests[1].form
    assert (sent["grant_type"], sent["refresh_token"]) == ("refresh_token", "VALID_REFRESH_TOKEN")
    assert "scope" not in sent


def test_a_refused_refresh_token_and_then_the_browser(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.answers = [Answer(EXPIRED), Answer(error="invalid_grant"), Answer()]
    first = plugin.run()
    assert token(plugin.run()) != token(first)
    grants = [one.form["grant_type"] for one in plugin.provider.token_requests]
    assert grants == ["authorization_code", "refresh_token", "authorization_code"]


def test_a_refresh_that_fails_for_a_moment_opens_no_browser(plugin_at: Callable[..., Plugin]) -> None:
    """Theirs opens one for any failure. Ours keeps the session, and the next run goes on with it."""
    plugin = plugin_at()
    plugin.provider.answers = [Answer(EXPIRED), Answer(status=503)]
    assert token(plugin.run())
    plugin.provider.forget()
    failed(plugin.run(), "error: get-token: ", "503")
    assert plugin.provider.sign_ins == []
    assert token(plugin.run())
    assert plugin.provider.sign_ins == []


def test_client_credentials_with_an_audience(plugin_at: Callable[..., Plugin]) -> None:
    """The parameters are in the body, and the access token is handed out as it is, opaque or not."""
    plugin = plugin_at()
    plugin.provider.answers = [Answer(refresh_token=None, members={"id_token": None})]
    flags = ["--grant-type=client-credentials", "--oidc-client-secret=S", "--oidc-use-access-token"]
    assert token(plugin.run(*flags, f"{PARAMS}=audience=api")) == ACCESS_TOKEN
    (sent,) = plugin.provider.token_requests
    assert (sent.form["grant_type"], sent.form["audience"]) == ("client_credentials", "api")
    assert sent.basic == ("kubernetes", "S")


def _authorization(plugin: Plugin) -> dict[str, str]:
    return plugin.provider.sign_ins[0]


def _token_form(plugin: Plugin) -> dict[str, str]:
    return plugin.provider.token_requests[0].form


def _device_form(plugin: Plugin) -> dict[str, str]:
    found: Seen = next(one for one in plugin.provider.seen if one.path == "/device")
    return found.form


YIELDS: dict[str, tuple[list[str], Callable[[Plugin], dict[str, str]]]] = {
    "authcode": ([], _authorization),
    "client-credentials": (["--grant-type=client-credentials", "--oidc-client-secret=S"], _token_form),
    # Theirs drops them in these two; ours sends them.
    "device-code": (["--grant-type=device-code", "--skip-open-browser"], _device_form),
    "password": ([*PASSWORD_GRANT], _token_form),
}


@pytest.mark.parametrize(("flags", "where"), YIELDS.values(), ids=YIELDS)
def test_extra_params_of_a_grant(
    flags: list[str], where: Callable[[Plugin], dict[str, str]], plugin_at: Callable[..., Plugin]
) -> None:
    plugin = plugin_at()
    assert token(plugin.run(*flags, f"{PARAMS}=audience=api"))
    assert where(plugin)["audience"] == "api"


# Browser.


def test_browser_skip(plugin_at: Callable[..., Plugin]) -> None:
    """The provider's URL is shown, where theirs shows one of this machine; whoever follows it is signed in."""
    plugin = plugin_at()
    with plugin.terminal("--skip-open-browser") as terminal:
        url = terminal.read_until(r"Please visit the following URL in your browser: (\S+)\n")[1]
        assert not plugin.was_opened
        assert url.startswith(f"{plugin.provider.issuer}/auth?")
        command.run(url, home=plugin.home, command=plugin.browser)
        done = terminal.wait()
    assert token(done)


def test_browser_default(plugin_at: Callable[..., Plugin]) -> None:
    """The desktop's opener, found on PATH, when there is a display."""
    plugin = plugin_at()
    desktop = plugin.home / "desktop"
    desktop.mkdir()
    (desktop / "xdg-open").symlink_to(plugin.browser)
    done = plugin.run(browser=False, env={"DISPLAY": ":0", "PATH": f"{desktop}:/usr/bin:/bin"})
    assert token(done)
    assert plugin.was_opened


def test_browser_command(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run())
    assert plugin.was_opened


def test_browser_that_can_not_be_started(plugin_at: Callable[..., Plugin]) -> None:
    """The URL is shown and the sign-in goes on."""
    plugin = plugin_at()
    with plugin.terminal("--browser-command=/does/not/exist", browser=False) as terminal:
        url = terminal.read_until(r"Please visit the following URL in your browser: (\S+)\n")[1]
        command.run(url, home=plugin.home, command=plugin.browser)
        done = terminal.wait()
    assert token(done)
    assert "/does/not/exist was not found" in done.stderr


# Keyboard.

KEYBOARD = ["--grant-type=authcode-keyboard"]
REDIRECTS = {
    "no redirect": ([], "urn:ietf:wg:oauth:2.0:oob"),
    "redirect": (["--oidc-redirect-url=http://localhost"], "http://localhost"),
    "old flag": (["--oidc-redirect-url-authcode-keyboard=http://localhost:1"], "http://localhost:1"),
}


@pytest.mark.parametrize(("flags", "redirect"), REDIRECTS.values(), ids=REDIRECTS)
def test_keyboard(flags: list[str], redirect: str, plugin_at: Callable[..., Plugin]) -> None:
    """The code is passed on, with the redirect URI of the request, and with extra params."""
    plugin = plugin_at()
    with plugin.terminal(*KEYBOARD, *flags, f"{PARAMS}=ttl=86400") as terminal:
        url = terminal.read_until(r"Please visit the following URL in your browser: (\S+)\n")[1]
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (asked["redirect_uri"], asked["ttl"]) == (redirect, "86400")
        terminal.read_until("Enter code: ")
        plugin.provider._nonce = asked["nonce"]
        terminal.send(f"{CODE}\n")
        done = terminal.wait()
    assert token(done)
    (sent,) = plugin.provider.token_requests
    assert (sent.form["code"], sent.form["redirect_uri"]) == (CODE, redirect)
    assert not plugin.was_opened


# Password.

ASKED = {
    "asks both": (["--grant-type=password"], [("Username: ", "USER1"), ("Password: ", "PASS1")]),
    "asks password": (["--username=USER1"], [("Password: ", "PASS1")]),
    "uses both": ([*PASSWORD_GRANT], []),
}


@pytest.mark.parametrize(("flags", "typed"), ASKED.values(), ids=ASKED)
def test_ropc(flags: list[str], typed: list[tuple[str, str]], plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    with plugin.terminal(*flags) as terminal:
        for prompt, answer in typed:
            terminal.read_until(prompt)
            terminal.send(f"{answer}\n")
        done = terminal.wait()
    assert token(done)
    (sent,) = plugin.provider.token_requests
    assert (sent.form["username"], sent.form["password"]) == ("USER1", "PASS1")
    assert "PASS1" not in done.stderr


def test_ropc_a_wrong_password_concerns_nobody_else(plugin_at: Callable[..., Plugin]) -> None:
    """A script's other users, and people, sign in all the same; it is not sent again and again."""
    plugin = plugin_at()
    plugin.provider.answers = [Answer(error="invalid_grant")]
    failed(plugin.run("--username=USER1", "--password=WRONG"), "invalid_grant")
    assert token(plugin.run("--username=USER2", "--password=PASS2"))
    assert token(plugin.run())
    plugin.provider.forget()
    failed(plugin.run("--username=USER1", "--password=WRONG"), "the last sign-in", "invalid_grant")
    assert plugin.provider.token_requests == []


def test_ropc_prompt_error_is_an_error(plugin_at: Callable[..., Plugin]) -> None:
    """Nobody is there to answer."""
    plugin = plugin_at()
    done = plugin.run("--grant-type=password", stdin="")
    assert (done.code, done.stdout) == (1, "")
    assert "error: get-token: input is needed" in done.stderr
    assert plugin.provider.token_requests == []
