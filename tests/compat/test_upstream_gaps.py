"""What int128/kubelogin tests nowhere, against our executable; the index beside this file has the rest of it."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compat.plugin import PASSWORD_GRANT, Plugin, claims, failed, token
from tests.oidc.minting import ABSENT, new_signer
from tests.support import command
from tests.support.scripted_provider import ACCESS_TOKEN, METADATA, Answer

# An ID token that must not be used.

BAD_TOKENS: dict[str, tuple[Callable[[], Answer], str]] = {
    "another nonce": (lambda: Answer(claims={"nonce": "another"}), "nonce"),
    "no nonce": (lambda: Answer(claims={"nonce": None}), "nonce"),
    "another audience": (lambda: Answer(claims={"aud": "another"}), "audience"),
    "another issuer": (lambda: Answer(claims={"iss": "https://another.example.test"}), "issuer"),
    "another authorized party": (lambda: Answer(claims={"aud": ["kubernetes", "b"], "azp": "b"}), "azp"),
    "expired": (lambda: Answer(-1), "expired"),
    "without expiry": (lambda: Answer(claims={"exp": None}), "exp"),
    "not yet valid": (lambda: Answer(claims={"nbf": 4102444800}), "not valid before"),
    "another key of that name": (lambda: Answer(key=new_signer("RS256", "dummy")), "signature"),
    "another key": (lambda: Answer(key=new_signer("RS256", "other")), "key"),
    "algorithm none": (lambda: Answer(header={"alg": "none"}), "alg none"),
    "algorithm HS256": (lambda: Answer(header={"alg": "HS256"}), "HS256"),
    "no key name and one key": (lambda: Answer(header={"kid": ABSENT}), ""),
    "no ID token": (lambda: Answer(members={"id_token": None}), "id_token"),
}


@pytest.mark.parametrize(("answer", "word"), BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_bad_id_token(answer: Callable[[], Answer], word: str, plugin_at: Callable[..., Plugin]) -> None:
    """Refused by name; nothing is handed out, nothing is kept, and the browser says so, too."""
    plugin = plugin_at()
    plugin.provider.answers = [answer()]
    done = plugin.run()
    if not word:
        assert token(done)
        return
    failed(done, "error: get-token: ", word)
    assert plugin.page.startswith("400 ")
    assert not list(plugin.cache.glob("session-*.json*"))


def test_a_wrong_state(plugin_at: Callable[..., Plugin]) -> None:
    """The code that came with it is never used."""
    plugin = plugin_at()
    plugin.provider.wrong_state = True
    failed(plugin.run("--authentication-timeout-sec=4"), "not finished in time")
    assert plugin.provider.token_requests == []


def test_a_metadata_of_another_issuer(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at(issuer="https://another.example.test")
    failed(plugin.run(*PASSWORD_GRANT), "error: get-token: ", "https://another.example.test")


# The cache.

DAMAGE: dict[str, bytes] = {"cut": b'{"id_tok', "empty": b"", "binary": bytes(range(256)), "other JSON": b"[1, 2]"}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_corrupt_cache(content: bytes, plugin_at: Callable[..., Plugin]) -> None:
    """A miss, never an end: theirs refuses to go on until somebody removes the file."""
    plugin = plugin_at()
    assert token(plugin.run(*PASSWORD_GRANT))
    for path in plugin.cache.iterdir():
        if path.suffix != ".lock" and path.name != "CACHEDIR.TAG":
            path.write_bytes(content)
    assert token(plugin.run(*PASSWORD_GRANT))


def test_a_corrupt_session_of_theirs(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.cache.mkdir(parents=True, mode=0o700)
    theirs = plugin.cache / ("ab" * 32)
    theirs.write_text('{"id_token":"not a JWT"}', encoding="utf-8")
    theirs.chmod(0o600)
    assert token(plugin.run(*PASSWORD_GRANT))
    assert theirs.read_text(encoding="utf-8") == '{"id_token":"not a JWT"}'


# Access tokens.

ACCESS = ("--oidc-use-access-token", *PASSWORD_GRANT)


def test_an_opaque_access_token(plugin_at: Callable[..., Plugin]) -> None:
    """Its expiry is that of ``expires_in``; within it no request is made."""
    plugin = plugin_at()
    done = plugin.run(*ACCESS)
    assert token(done) == ACCESS_TOKEN
    plugin.provider.forget()
    assert plugin.run(*ACCESS).stdout == done.stdout
    assert plugin.provider.seen == []


def test_an_access_token_that_is_a_jwt(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    signed = plugin.provider.id_token(Answer(claims={"aud": "https://api.example.test"}), None)
    plugin.provider.answers = [Answer(members={"access_token": signed})]
    assert token(plugin.run(*ACCESS)) == signed


def test_an_access_token_of_another_key(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    forged = plugin.provider.id_token(Answer(key=new_signer("RS256", "dummy")), None)
    plugin.provider.answers = [Answer(members={"access_token": forged})]
    failed(plugin.run(*ACCESS), "error: get-token: ")


def test_an_access_token_and_the_id_token_do_not_stand_in_for_one_another(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run(*ACCESS)) == ACCESS_TOKEN
    assert claims(plugin.run(*PASSWORD_GRANT))["sub"] == "SUBJECT"
    assert len(plugin.provider.token_requests) == 2


# The way to the provider.


def test_a_redirected_metadata(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    plugin.provider.moved = True
    assert token(plugin.run(*PASSWORD_GRANT))
    assert plugin.provider.paths()[:2] == [METADATA, "/moved"]


def test_a_proxy(tmp_path: Path) -> None:
    """A provider that is not on this machine is asked for through ``HTTPS_PROXY``, by its name."""
    asked: list[str] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(connection.recv(4096).decode().splitlines()[0])
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        serving = threading.Thread(target=serve, args=(listener,))
        serving.start()
        done = command.run(
            "get-token",
            "--oidc-issuer-url=https://id.example.test",
            "--oidc-client-id=kubernetes",
            home=tmp_path / "home",
            env={"HTTPS_PROXY": f"http://127.0.0.1:{listener.getsockname()[1]}"},
        )
        serving.join()
    failed(done, "error: get-token: ")
    assert [line.rpartition(" ")[0] for line in asked] == ["CONNECT id.example.test:443"]


def test_a_proxy_is_never_between_this_machine_and_itself(plugin_at: Callable[..., Plugin]) -> None:
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    assert token(plugin_at().run(*PASSWORD_GRANT, env=nowhere))


def test_request_headers_reach_every_endpoint(plugin_at: Callable[..., Plugin]) -> None:
    plugin = plugin_at()
    assert token(plugin.run(*PASSWORD_GRANT, "--oidc-request-header=Origin=http://localhost"))
    assert {one.path for one in plugin.provider.seen} == {METADATA, "/token", "/certs"}
    assert {one.headers.get("origin") for one in plugin.provider.seen} == {"http://localhost"}
