"""F34: a renewal that ends half way leaves the old certificate and its key, or the new ones, and never one of each."""

import base64
import os
import ssl
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.scene import injected, strace
from tests.support import command, processes
from tests.support.exchange import ExchangeServer
from tests.support.providers import EMBEDDED, Provider, sign_in_script
from tests.talos_cred.conftest import CLIENT

pytestmark = pytest.mark.required("strace")
PROGRAM = command.BIN / "talos-cred"

FAULTS = {
    "killed before the session is in place": "renameat:signal=SIGKILL:when=1",
    "killed before the talosconfig is in place": "rename:signal=SIGKILL:when=1",
    "killed before it is remembered": "renameat:signal=SIGKILL:when=2",
    "killed before the note": "renameat:signal=SIGKILL:when=3",
    "the talosconfig can't be put in place": "rename:error=EROFS:when=1",
    "nothing of it reaches the disk": "fsync:error=EIO",
}


@pytest.fixture
def signed_in(
    home: Path,
    started_provider: Callable[..., Provider],
    started_exchange: Callable[..., ExchangeServer],
    tmp_path: Path,
) -> Callable[..., command.Result]:
    """A context that was made by a sign-in, and what renews it, under strace if asked.

    The provider forgives that the answer with a new refresh token was lost, as the session could not go on otherwise.
    """
    idp = started_provider(EMBEDDED, id_token_ttl=600, refresh_grace=600)
    exchange = started_exchange(idp)
    words = ["--provider", idp.issuer, "--client-id", CLIENT, "--provider-ca", str(idp.ca)]
    words += ["--server", exchange.url, "--server-ca", str(exchange.ca)]
    words += ["--browser-command", str(sign_in_script(tmp_path / "browser", ca=idp.ca))]
    words += ["--callback-port", str(processes.free_port())]
    done = command.run("login", *words, home=home, command=PROGRAM)
    assert done.code == 0, done.stderr

    def renew(*before: str | Path) -> command.Result:
        first, *rest = [*before, PROGRAM, "login", "--force", "--unattended"]
        return command.run(*rest, home=home, command=Path(first))

    return renew


def context(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((home / ".talos/config").read_text(encoding="utf-8"))["contexts"]["oidc"]
    return found


def check_pair(home: Path, tmp_path: Path) -> None:
    """Make sure that key and certificate belong together, as a client's TLS library does."""
    members = context(home)
    file = tmp_path / "pair.pem"
    file.write_bytes(base64.b64decode(members["crt"]) + base64.b64decode(members["key"]))
    made = ssl.create_default_context(cadata=base64.b64decode(members["ca"]).decode("ascii"))
    made.load_cert_chain(file)


@pytest.mark.parametrize("fault", FAULTS)
def test_f34_a_renewal_that_ends_half_way_leaves_a_whole_pair(
    fault: str, signed_in: Callable[..., command.Result], home: Path, tmp_path: Path
) -> None:
    before = context(home)
    trace = tmp_path / "trace"
    done = signed_in("/usr/bin/env", *strace(trace, FAULTS[fault]))
    assert injected(trace), done
    assert done.code != 0
    assert "Traceback" not in done.stderr
    check_pair(home, tmp_path)
    if "talosconfig" in fault or "disk" in fault:
        assert context(home) == before
    after = signed_in()
    assert after.code == 0, after.stderr
    assert context(home)["crt"] != before["crt"]
    check_pair(home, tmp_path)
    names = {path.name for path in (home / ".talos").iterdir()}
    assert names - {name for name in names if name.startswith(".config.")} == {"config", "config.talos-cred"}


def test_f34_what_a_killed_writer_left_is_cleared_away(signed_in: Callable[..., command.Result], home: Path) -> None:
    """It holds a key. One that is young may belong to a writer that is at work where there are no locks."""
    old, young, other = (
        home / ".talos" / f".{name}" for name in ("config." + "0" * 16, "config." + "1" * 16, "config.bak")
    )
    for path in (old, young, other):
        path.write_text("key")
    past = time.time() - 7200
    for path in (old, other):
        os.utime(path, (past, past))
    assert signed_in().code == 0
    assert not old.exists()
    assert young.exists()
    assert other.exists()
    assert stat.S_IMODE((home / ".talos/config").stat().st_mode) == 0o600
