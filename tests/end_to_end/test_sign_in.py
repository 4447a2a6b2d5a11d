"""Sign-ins through the installed command at real providers: every client, every algorithm, and people who say no."""

import json
import stat
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import command
from tests.support.processes import free_port
from tests.support.providers import SECRET, Provider, sign_in_script

INFO = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "spec": {"interactive": False}}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def get_token(provider: Provider, *more: str, client: str = "kubernetes") -> list[str]:
    return [
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        f"--oidc-client-id={client}",
        "--oidc-extra-scope=email,profile,groups",
        f"--certificate-authority={provider.ca}",
        f"--listen-address=127.0.0.1:{free_port()}",
        *more,
    ]


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def signed_in(provider: Provider, tmp_path: Path, *more: str, client: str = "kubernetes", **wish: object) -> Any:
    """Run the plugin with an automatic browser and return its result."""
    browser = sign_in_script(tmp_path / "browser", ca=provider.ca, **wish)  # type: ignore[arg-type]
    words = get_token(provider, f"--browser-command={browser}", *more, client=client)
    return command.run(*words, home=tmp_path / "home", env={"KUBERNETES_EXEC_INFO": json.dumps(INFO)})


def test_the_answer_and_the_cache(provider: Provider, tmp_path: Path, home: Path) -> None:
    """One document in the order kubectl's users know, and files nobody else can read."""
    done = signed_in(provider, tmp_path)
    assert done.code == 0, done.stderr
    document = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert list(document) == ["kind", "apiVersion", "spec", "status"]
    assert document["apiVersion"] == "client.authentication.k8s.io/v1"
    assert document["spec"] == {"interactive": False}
    found = claims(document["status"]["token"])
    assert found["email"] == "alice@example.test"
    assert found["groups"] == ["developers", "admins"]
    cache = home / ".kube/cache/oidc-login"
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    files = [path for path in cache.iterdir() if path.name != "CACHEDIR.TAG"]
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@pytest.mark.parametrize(
    "client", ["kubernetes-rs256", "kubernetes-ps256", "kubernetes-es256", "kubernetes-es384", "kubernetes-eddsa"]
)
def test_every_algorithm(provider: Provider, tmp_path: Path, client: str) -> None:
    """Each is verified; the one that Kubernetes can't use is warned about."""
    done = signed_in(provider, tmp_path, client=client)
    assert done.code == 0, done.stderr
    assert claims(json.loads(done.stdout)["status"]["token"])["aud"] in (client, [client])
    assert ("does not accept" in done.stderr) == (client == "kubernetes-eddsa")


@pytest.mark.parametrize("client", ["kubernetes-basic", "kubernetes-post"])
def test_confidential_clients(provider: Provider, tmp_path: Path, client: str) -> None:
    """A secret full of characters that must be encoded, by the method the client is registered for."""
    done = signed_in(provider, tmp_path, f"--oidc-client-secret={SECRET}", client=client)
    assert done.code == 0, done.stderr
    assert SECRET not in done.stderr


@pytest.mark.parametrize("method", ["no", "S256", "auto"])
def test_pkce_methods(provider: Provider, tmp_path: Path, method: str) -> None:
    done = signed_in(
        provider,
        tmp_path,
        f"--oidc-client-secret={SECRET}",
        f"--oidc-pkce-method={method}",
        client="kubernetes-basic",
    )
    assert done.code == 0, done.stderr


def test_a_wrong_password_is_between_the_person_and_the_provider(provider: Provider, tmp_path: Path) -> None:
    done = signed_in(provider, tmp_path, wrong_password_first=True)
    assert done.code == 0, done.stderr


def test_cancelling_ends_the_sign_in(provider: Provider, tmp_path: Path, home: Path) -> None:
    """Exit 1 with a line about it, nothing on stdout, nothing kept, and no token request."""
    done = signed_in(provider, tmp_path, cancel=True)
    assert (done.code, done.stdout) == (1, "")
    assert "error: get-token: " in done.stderr
    assert "hint: " in done.stderr
    assert provider.count("token_endpoint") == 0
    assert not list((home / ".kube/cache/oidc-login").glob("session-*.json"))


def test_a_denied_device_is_a_line(provider: Provider, tmp_path: Path) -> None:
    """The person says no on the other device."""
    with command.Terminal(
        command.KUBELOGIN,
        *get_token(provider, "--grant-type=device-code", "--skip-open-browser"),
        home=tmp_path / "home",
    ) as terminal:
        page = terminal.read_until(r"(https://\S+)\n")[1]
        code = terminal.read_until(r"\n\s+([A-Z0-9]{4}-[A-Z0-9]{4})\n")[1]
        phone = sign_in_script(tmp_path / "phone", ca=provider.ca, user_code=code, cancel=True)
        command.run(page, home=tmp_path / "home", command=phone)
        done = terminal.wait()
    assert (done.code, done.stdout) == (1, "")
    assert "denied" in done.stderr


def test_pasting_the_address(provider: Provider, tmp_path: Path) -> None:
    """Without browser or callback: the address of the last page, pasted and not echoed."""
    redirect = "http://localhost:8000"
    words = [word for word in get_token(provider) if not word.startswith("--listen")]
    with command.Terminal(
        command.KUBELOGIN,
        *words,
        "--grant-type=authcode-keyboard",
        f"--oidc-redirect-url={redirect}",
        home=tmp_path / "home",
    ) as terminal:
        url = terminal.read_until(r"browser: (https://\S+)\n")[1]
        terminal.read_until("Enter code: ")
        address = last_address(provider, url, redirect)
        # Far longer than the 4096 bytes a terminal takes in a line by itself.
        terminal.send(f"{address}&padding={'x' * 9000}\n")
        done = terminal.wait()
    assert done.code == 0, done.stderr
    assert claims(json.loads(done.stdout)["status"]["token"])["email"] == "alice@example.test"
    assert address not in done.stderr


def last_address(provider: Provider, url: str, redirect: str) -> str:
    """Sign in and return the address the browser is sent to, where nobody listens."""
    from examples.demo.sign_in import Person, Wish

    person = Person(Wish(), str(provider.ca))
    seen: list[str] = []
    person.http.hooks["response"].append(lambda response, **_: seen.append(response.headers.get("Location", "")))
    with pytest.raises(Exception, match="localhost"):
        person.sign_in(url)
    return next(address for address in seen if address.startswith(redirect))


REFUSED_ISSUERS = [
    "http://id.example.com",
    "http://10.0.0.1",
    "https://user@id.example.com",
    "https://id.example.com/?a=b",
]


@pytest.mark.parametrize("issuer", REFUSED_ISSUERS)
def test_an_issuer_that_is_no_issuer_is_refused_before_any_packet(issuer: str, home: Path) -> None:
    done = command.run("get-token", f"--oidc-issuer-url={issuer}", "--oidc-client-id=x", home=home, deadline=5)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: get-token: ")


def test_no_secret_is_shown_at_any_verbosity(
    started_provider: Callable[..., Provider], tmp_path: Path, home: Path
) -> None:
    """Sign-in and refresh at -v9: no token, code, state or secret on stderr, though the steps are there."""
    provider = started_provider("embedded")
    secret = f"--oidc-client-secret={SECRET}"
    done = signed_in(provider, tmp_path, secret, "-v9", client="kubernetes-basic")
    again = signed_in(provider, tmp_path, secret, "-v9", "--force-refresh", client="kubernetes-basic")
    assert (done.code, again.code) == (0, 0), done.stderr + again.stderr
    said = done.stderr + again.stderr
    assert "GET localhost" in said
    assert "refreshing" in said
    (session,) = (home / ".kube/cache/oidc-login").glob("session-*.json")
    kept = json.loads(session.read_bytes())
    tokens = [value for name, value in kept.items() if name.endswith("_token") and value]
    assert tokens
    for planted in [SECRET, *tokens, json.loads(done.stdout)["status"]["token"], "code_verifier", "code=", "state="]:
        assert planted not in said
