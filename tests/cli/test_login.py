"""``kubelogin login``: which options count, and what is said."""

import json
import re
import time
from pathlib import Path

import pytest

from kubelogin_py.errors import CoolDownError
from tests.cli.calls import Application, call, raising

PROVIDER = ("--oidc-issuer-url=https://id.example.com", "--oidc-client-id=kubernetes")


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    stanza = {
        "args": ["oidc-login", "-v2", "get-token", *PROVIDER, "--oidc-extra-scope=email"],
        "env": [{"name": "KUBECACHEDIR", "value": "/caches"}],
    }
    other = {"args": ["eks", "get-credentials"]}
    config = {
        "current-context": "one",
        "contexts": [{"name": "one", "context": {"user": "u"}}, {"name": "two", "context": {"user": "v"}}],
        "users": [{"name": "u", "user": {"exec": stanza}}, {"name": "v", "user": {"exec": other}}],
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def test_who_is_signed_in_and_until_when_is_said_on_standard_error() -> None:
    application = Application()
    done = call("login", *PROVIDER, application=application)
    assert (done.code, done.out) == (0, "")
    assert re.fullmatch(
        r"signed in to https://id\.example\.com as alice-id; "
        r"the token serves until 2020-01-01 01:00:00 \+0000 UTC \(\d+ days ago\)\n",
        done.err,
    )
    ((settings, verbosity),) = application.asked
    assert settings.login.asked_for
    assert verbosity == 0


@pytest.mark.parametrize("flags", [(), ("--context=one",)], ids=["current context", "named"])
def test_the_kubeconfig_has_the_options(kubeconfig: Path, flags: tuple[str, ...]) -> None:
    """Its environment counts, too, and what is given on the command line counts instead."""
    application = Application()
    done = call("login", f"--kubeconfig={kubeconfig}", "--grant-type=device-code", *flags, application=application)
    assert done.code == 0, done.err
    ((settings, verbosity),) = application.asked
    assert settings.provider.issuer == "https://id.example.com"
    assert settings.provider.extra_scopes == ("email",)
    assert settings.login.grant_type == "device-code"
    assert settings.cache.directory == Path("/caches/oidc-login")
    assert verbosity == 2


def test_a_context_of_another_plugin_is_refused(kubeconfig: Path) -> None:
    done = call("login", f"--kubeconfig={kubeconfig}", "--context=two")
    assert (done.code, done.out) == (1, "")
    assert "does not sign in with this program" in done.err


def test_half_a_provider_is_refused() -> None:
    done = call("login", PROVIDER[0])
    assert done.code == 1
    assert done.err == "error: --oidc-client-id is missing\n"


def test_the_plugin_names_this_command_while_nobody_is_asked() -> None:
    """In one line, ready for a shell; a secret is not shown."""
    resting = Application(fails=raising(CoolDownError("nobody is asked again for 48 seconds", rest=48.0)))
    secret = "--oidc-client-secret=hush"
    done = call("get-token", *PROVIDER, secret, "--oidc-extra-scope=a b", application=resting)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1] == (
        "error: get-token: nobody is asked again for 48 seconds; to sign in now, run: kubelogin login "
        "--oidc-issuer-url=https://id.example.com --oidc-client-id=kubernetes "
        "--oidc-client-secret=YOUR_CLIENT_SECRET '--oidc-extra-scope=a b'"
    )
