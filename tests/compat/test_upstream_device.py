"""int128/kubelogin's unit tests of the device code grant, as black-box rows by their names."""

from collections.abc import Callable

import pytest

from tests.compat.plugin import Plugin, claims, failed, token
from tests.support.scripted_provider import DEVICE_CODE, USER_CODE, Answer

DEVICE = ["--grant-type=device-code"]
PAGES: dict[str, tuple[dict[str, object], str]] = {
    "complete URI": ({"verification_uri_complete": "{issuer}/activate?user_code=X"}, "/activate"),
    "URI": ({}, "/activate"),
    "Google URL": ({"verification_uri": None, "verification_url": "{issuer}/google"}, "/google"),
}


@pytest.mark.parametrize(("changes", "path"), PAGES.values(), ids=PAGES)
def test_device(changes: dict[str, object], path: str, plugin_at: Callable[..., Plugin]) -> None:
    """The page is opened, and both it and the code are shown, also when the page has the code already."""
    plugin = plugin_at()
    issuer = plugin.provider.issuer
    plugin.provider.device_response = {
        name: value.format(issuer=issuer) if isinstance(value, str) else value for name, value in changes.items()
    }
    plugin.provider.answers = [Answer(error="authorization_pending"), Answer()]
    done = plugin.run(*DEVICE)
    assert claims(done)["sub"] == "SUBJECT"
    assert f"    {issuer}{path.removesuffix('?user_code=X')}\n" in done.stderr
    assert f"    {USER_CODE}\n" in done.stderr
    assert plugin.page
    opened = next(one for one in plugin.provider.seen if one.path == path)
    assert opened.query.get("user_code") == ("X" if "complete" in str(changes) else None)
    assert [one.form["device_code"] for one in plugin.provider.token_requests] == [DEVICE_CODE] * 2


def test_device_authorization_error(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at(device_authorization_endpoint=None)
    failed(plugin.run(*DEVICE), "error: get-token: ", "device_authorization_endpoint")


@pytest.mark.parametrize("error", ["access_denied", "expired_token", "invalid_grant"])
def test_device_exchange_error(error: str, plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.answers = [Answer(error=error)]
    failed(plugin.run(*DEVICE, "--skip-open-browser"), "error: get-token: ")
    assert len(plugin.provider.token_requests) == 1


def test_device_launch_error_does_not_abort(plugin_at: Callable[..., Plugin]) -> None:
    assert token(plugin_at().run(*DEVICE, "--browser-command=/does/not/exist", browser=False))


def test_device_skip(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run(*DEVICE, "--skip-open-browser"))
    assert not plugin.was_opened
