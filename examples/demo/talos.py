"""The demo's second part: the same sign-in, exchanged for a short-lived Talos certificate."""

import datetime as dt
import json
import socket
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID
from narrator import Narrator
from stage import BIN, HERE, Stage, ready, start
from talos_authority import make_talos

if TYPE_CHECKING:
    from subprocess import Popen

CLIENT = "talos"
ROLE = "os:reader"
LIFETIME = 300
TALOS_CRED = str(BIN / "talos-cred")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Talos cluster: an exchange server and a node, which may still be starting."""

    directory: Path
    exchange: "Popen[str]"
    node: "Popen[str]"


@contextmanager
def cluster(scene: Stage) -> Iterator[Cluster]:
    """Begin to start a cluster whose exchange server takes ID tokens of the stage's provider; end it afterwards."""
    directory = scene.directory / "talos"
    talos = make_talos(directory)
    settings = {
        "issuer_url": scene.issuer,
        "client_id": CLIENT,
        "endpoints": ["127.0.0.1"],
        "ca_cert": str(talos.ca),
        "ca_key": str(talos.ca_key),
        "cert_ttl": f"{LIFETIME}s",
        "listen": "127.0.0.1:0",
        "data_dir": str(directory / "data"),
        "audit_log": str(directory / "audit.log"),
        "rbac": {"rules": [{"claim": "groups", "value": "admins", "roles": [ROLE]}]},
    }
    config = directory / "config.yaml"
    # JSON is YAML.
    config.write_text(json.dumps(settings), encoding="utf-8")
    with ExitStack() as stack:
        exchange = stack.enter_context(
            start(directory, "exchange server", "-m", "examples.exchange_server", "--config", config)
        )
        serve = [HERE / "talos_node.py", "serve", talos.ca, talos.node, talos.node_key]
        yield Cluster(directory, exchange, stack.enter_context(start(directory, "node", *serve)))


def show(scene: Stage, narrator: Narrator, made: Cluster) -> None:
    """Sign in, look at the certificate, and call the node with it."""
    server = ready(made.exchange, "exchange server")
    log_in(scene, narrator, server, made.directory / "data/ca.crt")
    status(scene, narrator)
    call(scene, narrator, ready(made.node, "node"))


def log_in(scene: Stage, narrator: Narrator, server: str, authority: Path) -> None:
    """Sign in with an OIDC client of its own, and see what was put into the talosconfig."""
    narrator.step("Talos: talos-cred login signs in and puts a certificate into the talosconfig")
    words = ["--provider", scene.issuer, "--client-id", CLIENT, "--callback-port", str(_free_port())]
    words += ["--scopes", "email,groups,offline_access", "--server", server, "--server-ca", str(authority)]
    browser = ["--browser-command", scene.browser] if scene.browser else []
    print(f"   $ talos-cred login {' '.join(words)}", flush=True)
    done = scene.run(TALOS_CRED, "login", *words, *browser, on_line=narrator.show)
    narrator.check("a context was written", done.code == 0 and _talosconfig(scene).exists())
    context = yaml.safe_load(_talosconfig(scene).read_text(encoding="utf-8"))["contexts"]["oidc"]
    certificate = x509.load_pem_x509_certificate(b64decode(context["crt"]))
    roles = [found.value for found in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    left = (certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)).total_seconds()
    narrator.check(f"the certificate's role is {ROLE}, and no other", roles == [ROLE])
    narrator.check(f"it is good for {left:.0f} more seconds, not for ten years", 0 < left <= LIFETIME)


def status(scene: Stage, narrator: Narrator) -> None:
    """Ask who is signed in, and until when."""
    narrator.step("talos-cred status tells who, where, and until when")
    print("   $ talos-cred status", flush=True)
    done = scene.run(TALOS_CRED, "status", on_line=narrator.show)
    narrator.show(done.stdout)
    narrator.check("it is alice's, and good", done.code == 0 and "alice@example.test" in done.stdout)


def call(scene: Stage, narrator: Narrator, node: str) -> None:
    """Call the node with the certificate."""
    narrator.step(
        "talos-cred run -- COMMAND renews if need be, then becomes the command: it asks the node for its version"
    )
    command = [sys.executable, str(HERE / "talos_node.py"), "version", node]
    print(f"   $ talos-cred run -- talos_node.py version {node}", flush=True)
    done = scene.run(TALOS_CRED, "run", "--", *command, on_line=narrator.show)
    narrator.show(done.stdout)
    narrator.check("the node took the certificate and answered", done.code == 0 and done.stdout.startswith("v1."))


def _talosconfig(scene: Stage) -> Path:
    return scene.directory / "home/.talos/config"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
