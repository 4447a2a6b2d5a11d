"""A network fault is not a lost session: nobody is asked to sign in, and the token is kept."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.test_concurrency import expire, get_token
from tests.support import command
from tests.support.providers import Provider, sign_in_script
from tests.support.tcp_proxy import Fault, TcpProxy


def words(provider: Provider, tmp_path: Path) -> list[str]:
    browser = sign_in_script(tmp_path / "browser")
    found = get_token(provider, browser)
    return [word for word in found if not word.startswith("--certificate-authority")]


FAULTS = {
    "refused": Fault(refuse=True),
    "reset before the answer": Fault(reset_up=1),
    "answer cut": Fault(cut_down=400),
    "garbage": Fault(garbage=b"SSH-2.0-OpenSSH_9.2\r\n"),
}
PERMANENT = {"garbage": "malformed HTTP"}
"""What is wrong for longer than a moment is said otherwise, and costs the session as little."""


@pytest.mark.parametrize("fault", FAULTS)
def test_an_expired_session_survives(far_provider: Provider, proxy: TcpProxy, tmp_path: Path, fault: str) -> None:
    """Exit 1, nothing on stdout, "temporary", no browser; afterwards one refresh and no sign-in."""
    home = tmp_path / "home"
    first = command.run(*words(far_provider, tmp_path), home=home)
    assert first.code == 0, first.stderr
    expire(home)
    kept = stored(home)
    # Everything has to be asked for anew; a refresh whose answer alone is cut has reached the provider.
    for documents in (home / ".kube/cache/oidc-login").glob("documents-*"):
        documents.unlink()
    far_provider.forget()
    proxy.fault = FAULTS[fault]
    failed = command.run(*words(far_provider, tmp_path), home=home)
    assert (failed.code, failed.stdout) == (1, "")
    assert PERMANENT.get(fault, "temporary") in failed.stderr
    assert "Traceback" not in failed.stderr
    assert stored(home) == kept
    proxy.fault = Fault()
    again = command.run(*words(far_provider, tmp_path), home=home)
    assert again.code == 0, again.stderr
    assert far_provider.count()
    assert not any("/authorize" in line for line in far_provider.request_lines())


def test_a_fresh_token_needs_no_network(far_provider: Provider, proxy: TcpProxy, tmp_path: Path) -> None:
    """With the provider gone, what is cached is still an answer."""
    home = tmp_path / "home"
    first = command.run(*words(far_provider, tmp_path), home=home)
    proxy.fault = Fault(refuse=True)
    second = command.run(*words(far_provider, tmp_path), home=home)
    assert (second.code, second.stdout, second.stderr) == (0, first.stdout, "")


def stored(home: Path) -> dict[str, object]:
    """Return what the session file holds, apart from the note that a refresh was sent."""
    (path,) = (home / ".kube/cache/oidc-login").glob("session-*.json")
    document: dict[str, object] = json.loads(path.read_bytes())
    return {name: value for name, value in document.items() if "sent" not in name and "written" not in name}
