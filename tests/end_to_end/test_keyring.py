"""``--token-cache-storage=keyring`` by the installed command, with a real gnome-keyring in a D-Bus session."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubelogin_py.compat.upstream_keys import UpstreamOptions, cache_keys
from tests.storage import secret_service
from tests.storage.secret_service import Session
from tests.support import command
from tests.support.command import KUBELOGIN, Terminal
from tests.support.processes import BUSY, free_port
from tests.support.providers import EMBEDDED, Provider, sign_in_script
from tests.support.relying_party import RelyingParty

pytestmark = [
    pytest.mark.required("dbus-run-session", "gnome-keyring"),
    pytest.mark.xdist_group("secret-service"),
]
OUR_ITEM = ("kubelogin-py", "token-cache-key-1")


@pytest.fixture
def provider(started_provider: Callable[..., Provider]) -> Provider:
    return started_provider(EMBEDDED)


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Session]:
    with secret_service.session(tmp_path / "desktop") as session:
        session.unlock()
        yield session


def words(provider: Provider, tmp_path: Path, *more: str, storage: str = "keyring") -> list[str]:
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca)
    return [
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        "--oidc-client-id=kubernetes",
        f"--certificate-authority={provider.ca}",
        f"--listen-address=127.0.0.1:{free_port()}",
        f"--browser-command={browser}",
        f"--token-cache-storage={storage}",
        *more,
    ]


def get_token(provider: Provider, session: Session, tmp_path: Path, *more: str, storage: str = "keyring"):
    """Run the plugin; an automatic browser signs in where it is needed."""
    line = words(provider, tmp_path, *more, storage=storage)
    return command.run(*line, home=session.home, env=session.environment)


def token(done: command.Result) -> str:
    assert done.code == 0, done.stderr
    found: str = json.loads(done.stdout)["status"]["token"]
    return found


def cache(session: Session) -> Path:
    return session.home / ".kube/cache/oidc-login"


def kinds(session: Session) -> set[str]:
    """Return what kinds of files that hold tokens are in the cache directory."""
    names = {path.name.split("-")[0] for path in cache(session).iterdir() if path.suffix != ".lock"}
    return names & {"sealed", "session", "answer1"}


def readable(session: Session) -> bytes:
    """Return all that can be read in the cache directory, also what base64 hides."""
    text = b""
    for path in cache(session).iterdir():
        contents = path.read_bytes()
        text += path.name.encode() + contents
        if path.name.startswith("sealed-"):
            text += base64.b64decode(json.loads(contents)["sealed"])
    return text


def test_sign_in_once_and_then_never(provider: Provider, desktop: Session, tmp_path: Path) -> None:
    """The second call makes no request, a refresh is kept, and no token can be read on disk at any time."""
    tokens = [token(get_token(provider, desktop, tmp_path))]
    provider.forget()
    again = get_token(provider, desktop, tmp_path)
    assert (token(again), again.stderr, provider.count()) == (tokens[0], "", 0)
    tokens.append(token(get_token(provider, desktop, tmp_path, "--force-refresh")))
    assert tokens[1] != tokens[0]
    assert provider.count("token_endpoint") == 1
    assert provider.count("authorization_endpoint") == 0
    assert token(get_token(provider, desktop, tmp_path)) == tokens[1]
    assert kinds(desktop) == {"sealed"}
    on_disk = readable(desktop)
    for part in {part.encode() for one in tokens for part in one.split(".")}:
        assert part not in on_disk
    assert b'"refresh_token":' not in on_disk
    assert desktop.accounts(OUR_ITEM[0]) == [OUR_ITEM[1]]


def test_auto_says_what_it_chose(provider: Provider, desktop: Session, tmp_path: Path) -> None:
    first = get_token(provider, desktop, tmp_path, "-v1", storage="auto")
    assert token(first)
    assert first.stderr.count("tokens are kept under a key in the keyring (SecretService Keyring)\n") == 1
    assert kinds(desktop) == {"sealed"}


@pytest.mark.parametrize("fault", ["locked", "absent"])
def test_without_its_keyring_the_credential_is_printed(
    provider: Provider, desktop: Session, tmp_path: Path, fault: str
) -> None:
    """One warning with the fix, exit 0, and nothing is kept: not on disk either."""
    if fault == "locked":
        desktop.lock()
    else:
        del desktop.environment["DBUS_SESSION_BUS_ADDRESS"]
    done = get_token(provider, desktop, tmp_path)
    assert token(done)
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    hints = [line for line in done.stderr.splitlines() if line.startswith("hint: ")]
    reason = "is locked and was not unlocked" if fault == "locked" else "there is no keyring here"
    assert len(warnings) == len(hints) == 1, done.stderr
    assert reason in warnings[0]
    assert "--token-cache-storage=disk" in hints[0]
    assert kinds(desktop) == set()
    assert token(done).encode() not in readable(desktop)


def test_int128_s_session_in_the_keyring_is_gone_on_with(provider: Provider, desktop: Session, tmp_path: Path) -> None:
    """No sign-in, no request; its item stays as it is."""
    tokens = RelyingParty(provider).sign_in()
    options = UpstreamOptions(provider.issuer, "kubernetes", certificate_authorities=(str(provider.ca),))
    (key,) = cache_keys(options)
    item = json.dumps({name: tokens[name] for name in ("id_token", "refresh_token")})
    desktop.add("kubelogin", f"kubelogin/tokencache/{key}", item)
    provider.forget()
    done = get_token(provider, desktop, tmp_path)
    assert token(done) == tokens["id_token"]
    assert provider.count() == 0
    assert done.stderr.count("int128/kubelogin left in the keyring") == 1
    assert desktop.accounts("kubelogin") == [f"kubelogin/tokencache/{key}"]
    assert kinds(desktop) == {"sealed"}


def test_clean_takes_our_item_and_int128_s(desktop: Session) -> None:
    """And nobody else's. A keyring that can't be used is a message."""
    desktop.add(*OUR_ITEM, "key")
    desktop.add("kubelogin", "kubelogin/tokencache/" + "a" * 64, "{}")
    desktop.add("kubelogin", "somebody else's", "{}")
    desktop.add("another", "account", "{}")
    done = command.run("clean", home=desktop.home, env=desktop.environment)
    assert (done.code, done.stdout) == (0, "")
    assert done.stderr.endswith("Deleted the token cache from the keyring\n")
    assert desktop.accounts(OUR_ITEM[0]) == []
    assert desktop.accounts("kubelogin") == ["somebody else's"]
    assert desktop.accounts("another") == ["account"]
    desktop.lock()
    done = command.run("clean", home=desktop.home, env=desktop.environment)
    assert (done.code, done.stdout) == (0, "")
    reason = "the keyring (SecretService Keyring) is locked and was not unlocked"
    assert f"Could not delete the token cache from the keyring: {reason}\n" in done.stderr


def test_signing_out_takes_the_sealed_session_and_int128_s_item(
    provider: Provider, desktop: Session, tmp_path: Path
) -> None:
    """Both refresh tokens are revoked; other items, and the key of other sessions, stay."""
    tokens = RelyingParty(provider).sign_in()
    options = UpstreamOptions(provider.issuer, "kubernetes", certificate_authorities=(str(provider.ca),))
    (key,) = cache_keys(options)
    item = json.dumps({name: tokens[name] for name in ("id_token", "refresh_token")})
    other = "kubelogin/tokencache/" + "a" * 64
    desktop.add("kubelogin", other, "{}")
    assert token(get_token(provider, desktop, tmp_path))
    desktop.add("kubelogin", f"kubelogin/tokencache/{key}", item)
    provider.forget()
    line = words(provider, tmp_path)
    done = command.run("logout", *line[1:], home=desktop.home, env=desktop.environment)
    assert done.code == 0, done.stderr
    assert done.stderr.count("revoked the refresh token of ") == 2
    assert provider.count("revocation_endpoint") == 2
    assert kinds(desktop) == set()
    assert desktop.accounts("kubelogin") == [other]
    assert desktop.accounts(OUR_ITEM[0]) == [OUR_ITEM[1]]


def test_a_locked_keyring_keeps_nobody_signed_in(provider: Provider, desktop: Session, tmp_path: Path) -> None:
    """What can't be read can't be revoked, and is removed all the same; that is said."""
    assert token(get_token(provider, desktop, tmp_path))
    desktop.lock()
    provider.forget()
    line = words(provider, tmp_path)
    done = command.run("logout", *line[1:], home=desktop.home, env=desktop.environment)
    assert (done.code, done.stdout) == (1, "")
    assert "is locked and was not unlocked" in done.stderr
    assert "removed what was kept of a session that can't be read" in done.stderr
    assert provider.count() == 0
    assert kinds(desktop) == set()


@pytest.mark.required("xvfb")
def test_ctrl_c_while_the_prompt_is_up(provider: Provider, tmp_path: Path) -> None:
    """A person has a minute to unlock the keyring, is told so, and need not use it."""
    with (
        secret_service.virtual_display() as display,
        secret_service.session(tmp_path / "desktop", DISPLAY=display) as session,
    ):
        line = words(provider, tmp_path, storage="auto")
        with Terminal(KUBELOGIN, *line, home=session.home, env=session.environment) as terminal:
            terminal.read_until("waiting for the keyring, which may be asking for its password")
            pressed = time.monotonic()
            terminal.interrupt()
            done = terminal.wait(deadline=10)
            assert time.monotonic() - pressed < 0.5 + BUSY
        assert (done.code, done.stdout) == (130, "")
        assert "Traceback" not in done.stderr
