"""kubectl and talosctl's certificate, both by a sign-in through OpenID Connect, step by step: ``make demo``.

Real kubectl, a provider, a stand-in API server, an exchange server and a stand-in Talos node, all on loopback. Every
step is checked; the exit code is 0 only if all of them held.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from base64 import urlsafe_b64decode

import talos
from narrator import Narrator
from stage import BIN, HERE, Result, Stage, stage

KUBECTL = str(BIN / "kubectl")


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description="kubectl signs in through OpenID Connect, step by step")
    parser.add_argument("--browser", help="program to sign in with, or 'system' (default: an automatic one)")
    started = time.monotonic()
    narrator = Narrator()
    with stage(parser.parse_args().browser) as scene:
        print(f"provider {scene.issuer}, API server {scene.server}, sign in as alice / wonderland")
        first = first_get_pods(scene, narrator)
        whoami(scene, narrator)
        second_get_pods(scene, narrator, first)
        expiry = credential(scene)["status"]["expirationTimestamp"]
        # While the ID token grows old, the Talos cluster starts, and another machine signs in.
        with talos.cluster(scene) as cluster:
            device_code(scene, narrator)
            silent_refresh(scene, narrator, expiry)
            exec_credential(scene, narrator)
            talos.show(scene, narrator, cluster)
    print(f"\nall steps held, in {time.monotonic() - started:.1f} seconds")


def kubectl(scene: Stage, narrator: Narrator, *arguments: str, **options: object) -> Result:
    """Run kubectl, showing the command, what it said, and how long it took."""
    print(f"   $ kubectl {' '.join(arguments)}", flush=True)
    on_line = options.get("on_line")
    done = scene.run(KUBECTL, *arguments, on_line=on_line if callable(on_line) else narrator.show)
    narrator.show(done.stdout)
    return done


def first_get_pods(scene: Stage, narrator: Narrator) -> Result:
    """Sign in."""
    narrator.step("The first kubectl get pods signs in, in the browser")
    done = kubectl(scene, narrator, "get", "pods")
    narrator.check("kubectl lists the pods", done.code == 0 and "Running" in done.stdout)
    return done


def whoami(scene: Stage, narrator: Narrator) -> None:
    """Ask the API server who we are."""
    narrator.step("The API server knows who that is")
    done = kubectl(scene, narrator, "auth", "whoami")
    narrator.check("it is alice with her groups", "alice@example.test" in done.stdout and "developers" in done.stdout)


def second_get_pods(scene: Stage, narrator: Narrator, first: Result) -> None:
    """Answer from the cache."""
    narrator.step("The second kubectl get pods answers from the cache")
    # On a slow machine the short token may just have expired; the refresh it then takes makes a fresh one.
    for _ in range(2):
        before = len(scene.provider_requests())
        done = kubectl(scene, narrator, "get", "pods")
        asked = len(scene.provider_requests()) - before
        if not asked:
            break
    narrator.check("kubectl lists the pods", done.code == 0 and "Running" in done.stdout)
    narrator.check("the provider was not asked", asked == 0)
    print(f"   first: {first.seconds:.2f} s with the sign-in, second: {done.seconds:.2f} s")


def silent_refresh(scene: Stage, narrator: Narrator, expiry: str) -> None:
    """Let the ID token expire, and see it replaced."""
    narrator.step("The ID token expires; the next command refreshes it, in silence")
    print(f"   the token in the cache serves until {expiry}; waiting for that", flush=True)
    while serves(expiry):
        time.sleep(0.2)
    before = len(scene.provider_requests())
    done = kubectl(scene, narrator, "get", "pods")
    seen = scene.provider_requests()[before:]
    narrator.check("kubectl lists the pods", done.code == 0 and "Running" in done.stdout)
    narrator.check("nobody was asked to sign in", "sign" not in done.stderr.lower())
    narrator.check("the provider saw one token request", sum(" /token " in line for line in seen) == 1)


def device_code(scene: Stage, narrator: Narrator) -> None:
    """Sign in from a machine without a browser."""
    narrator.step("On a machine without a browser: a code, confirmed on another device")
    seen: list[str] = []
    confirming: list[subprocess.Popen[bytes]] = []

    def on_line(line: str) -> None:
        narrator.show(line)
        seen.append(line.strip())
        page = next((text for text in seen if text.startswith("http")), None)
        code = next((text for text in seen if re.fullmatch(r"[A-Z0-9]+-[A-Z0-9]+", text)), None)
        if page and code and not confirming:
            narrator.show(f"(alice opens {page} elsewhere and confirms {code})")
            confirming.append(confirm(page, code))

    done = kubectl(scene, narrator, "--context=device", "get", "pods", on_line=on_line)
    narrator.check("the code was confirmed", confirming and confirming[0].wait() == 0)
    narrator.check("kubectl lists the pods", done.code == 0 and "Running" in done.stdout)


def confirm(page: str, code: str) -> "subprocess.Popen[bytes]":
    """Do what the person does on the other device."""
    command = [sys.executable, str(HERE / "sign_in.py"), page, "--user-code", code]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def exec_credential(scene: Stage, narrator: Narrator) -> None:
    """Show what kubectl is given."""
    narrator.step("What kubectl is given: an ExecCredential")
    document = credential(scene)
    header, payload, _ = document["status"]["token"].split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    document["status"]["token"] = f"{header}.{payload}.(signature left out)"
    narrator.show(json.dumps(document, indent=2))
    narrator.check("its token is alice's", claims["email"] == "alice@example.test")


def credential(scene: Stage) -> dict[str, dict[str, str]]:
    """Run the plugin as kubectl does and return its answer."""
    info = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "spec": {"interactive": False}}
    done = scene.run(
        str(BIN / "kubelogin"), "get-token", *scene.exec_arguments(), KUBERNETES_EXEC_INFO=json.dumps(info)
    )
    if done.code:
        raise SystemExit(done.stderr)
    document: dict[str, dict[str, str]] = json.loads(done.stdout)
    return document


def serves(expiry: str) -> bool:
    """Whether a credential that serves until then still does."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) <= expiry


if __name__ == "__main__":
    main()
