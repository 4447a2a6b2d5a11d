"""The system's authorities on systems that keep them otherwise than this one: a file, or nothing at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import certifi
import pytest

from tests.support.components import ROOT

PLACES = ("/etc", "/usr/lib/ssl", "/usr/local/etc")
RHEL, ALPINE = "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"
KNOWN = 100
"""Authorities that the public bundle has at least."""

LOOK = """
import sys, time
sys.path.insert(0, {root!r})
from kubelogin_py.adapters import trust
from kubelogin_py.settings import Tls

class Roots:
    def load(self, identity):
        self.identity = identity
        return ()

roots = Roots()
made = trust.trusted(Tls(), {{}}, roots, time.time() + 10)
stats = trust.context(Tls(), {{}}).cert_store_stats()["x509"]
assert stats == made.context.cert_store_stats()["x509"]
print(stats, type(made).__name__, getattr(roots, "identity", ""))
"""


def look(*prepare: str) -> tuple[int, str, str]:
    """Return, of a system whose usual places are empty but for what is prepared: how many authorities are trusted,
    by what, and the identity of the bundles.
    """
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root that may mount a tmpfs")
    mounts = [f"test ! -d {place} || mount -t tmpfs tmpfs {place}" for place in PLACES]
    script = "\n".join(["set -e", *mounts, *prepare, 'exec "$@"'])
    words = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", LOOK.format(root=str(ROOT))]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    if "mount" in done.stderr:
        pytest.skip("needs root that may mount a tmpfs")
    assert done.returncode == 0, done.stderr
    number, kind, identity = (done.stdout.rstrip("\n") + " ").split(" ")[:3]
    return int(number), kind, identity


@pytest.mark.parametrize("path", [RHEL, ALPINE])
def test_of_the_one_bundle_something_can_be_remembered(path: str) -> None:
    number, kind, identity = look(f"mkdir -p {Path(path).parent}", f"cp {certifi.where()} {path}")
    assert number > KNOWN
    assert kind == "Remembered"
    assert len(identity) == 64


def test_where_there_is_nothing_the_bundle_of_requests_serves() -> None:
    number, kind, identity = look()
    assert number > KNOWN
    assert kind == "Remembered"
    assert len(identity) == 64


def test_an_empty_bundle_does_not_hide_it() -> None:
    """It is none of the files that decide then, so that nothing of it is remembered."""
    number, kind, _ = look("mkdir /etc/ssl", f"touch {ALPINE}")
    assert number > KNOWN
    assert kind == "Trusted"
