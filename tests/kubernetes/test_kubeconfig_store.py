"""A kubeconfig's user as a token store, and the whole use case on it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubelogin_py import login
from kubelogin_py.errors import SignInError, StorageError, TransientError
from kubelogin_py.kubernetes.kubeconfig_store import KubeconfigStore, lock_key
from kubelogin_py.ports import World
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from tests.support.world import CLIENT, ISSUER, Scene

TEXT = """\
# mine
users:
- name: alice
  user:
    auth-provider:
      name: oidc
      config:
        idp-issuer-url: {issuer}
        client-id: {client}
        extra-scopes: email
"""


class Desk:
    """A kubeconfig, and the world in which somebody signs in to it."""

    def __init__(self, path: Path) -> None:
        self.scene = Scene()
        self.path = path
        self.write()

    def write(self, **keys: str) -> None:
        lines = "".join(f"        {name.replace('_', '-')}: {value}\n" for name, value in keys.items())
        self.path.write_text(TEXT.format(issuer=ISSUER, client=CLIENT) + lines, encoding="utf-8")

    def expired(self, **claims: Any) -> str:
        return self.scene.provider.id_token(iat=int(self.now - 7200), exp=int(self.now - 3600), **claims)

    @property
    def now(self) -> float:
        return self.scene.clock.now()

    @property
    def store(self) -> KubeconfigStore:
        scene = self.scene
        return KubeconfigStore(
            self.path, "alice", scope="email openid", locks=scene.store, clock=scene.clock, console=scene.console
        )

    @property
    def world(self) -> World:
        return replace(self.scene.world, store=self.store)

    def sign_in(self) -> login.Credential:
        return login.sign_in(self.scene.settings(extra_scopes=("email",)), self.world, key=lock_key(self.path, "alice"))

    @property
    def config(self) -> dict[str, str]:
        text = self.path.read_text(encoding="utf-8")
        return dict(yaml.safe_load(text)["users"][0]["user"]["auth-provider"]["config"])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "config")


def test_no_token_leads_to_a_sign_in_that_is_written_back(desk: Desk) -> None:
    credential = desk.sign_in()
    assert desk.config["id-token"] == credential.token.reveal()
    assert desk.config["refresh-token"] == desk.scene.provider.current
    assert desk.path.read_text(encoding="utf-8").startswith("# mine\n")
    assert len(desk.scene.browser.opened) == 1
    assert "scope=email+openid" in desk.scene.browser.opened[0]


def test_a_valid_token_costs_no_request_and_no_write(desk: Desk) -> None:
    token = desk.scene.provider.id_token()
    desk.write(id_token=token, refresh_token="refresh-0")
    before = desk.path.stat()
    assert desk.sign_in().token == Secret(token)
    assert desk.scene.provider.requests == []
    assert desk.path.stat().st_mtime_ns == before.st_mtime_ns
    assert desk.path.stat().st_ino == before.st_ino


def test_an_expired_token_is_refreshed(desk: Desk) -> None:
    desk.write(id_token=desk.expired(), refresh_token="refresh-0")
    credential = desk.sign_in()
    assert desk.scene.browser.opened == []
    assert desk.scene.provider.forms[0]["refresh_token"] == "refresh-0"
    assert (desk.config["id-token"], desk.config["refresh-token"]) == (credential.token.reveal(), "refresh-1")


def test_a_refresh_without_a_new_refresh_token_keeps_the_old_one(desk: Desk) -> None:
    desk.write(id_token=desk.expired(), refresh_token="refresh-0")
    desk.scene.provider.token_response = {"refresh_token": None}
    desk.sign_in()
    assert desk.config["refresh-token"] == "refresh-0"


def test_a_refused_refresh_token_leads_to_a_sign_in(desk: Desk) -> None:
    desk.write(id_token=desk.expired(), refresh_token="dead")
    credential = desk.sign_in()
    assert len(desk.scene.browser.opened) == 1
    assert desk.config["id-token"] == credential.token.reveal()
    assert desk.config["refresh-token"] == desk.scene.provider.current


def test_a_dead_refresh_token_leaves_the_kubeconfig_even_if_nobody_signs_in(desk: Desk) -> None:
    token = desk.expired()
    desk.write(id_token=token, refresh_token="dead")
    desk.scene.browser.respond = lambda _: []
    with pytest.raises(SignInError):
        desk.sign_in()
    assert desk.config["id-token"] == token
    assert "refresh-token" not in desk.config


def test_a_network_fault_opens_no_browser_and_changes_nothing(desk: Desk) -> None:
    desk.write(id_token=desk.expired(), refresh_token="refresh-0")
    before = desk.path.read_text(encoding="utf-8")
    desk.scene.provider.scripted = [TransientError("no route"), TransientError("no route")]
    with pytest.raises(TransientError):
        desk.sign_in()
    assert desk.scene.browser.opened == []
    assert desk.path.read_text(encoding="utf-8") == before


def test_a_refresh_token_alone_is_enough(desk: Desk) -> None:
    desk.write(refresh_token="refresh-0")
    desk.sign_in()
    assert desk.scene.browser.opened == []


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "12"])
def test_an_id_token_that_is_none_does_not_stand_in_the_way(desk: Desk, token: str) -> None:
    desk.write(id_token=token, refresh_token="refresh-0")
    credential = desk.sign_in()
    assert desk.scene.browser.opened == []
    assert desk.config["id-token"] == credential.token.reveal()


def test_b_86_tokens_of_another_issuer_are_never_sent(desk: Desk) -> None:
    """Somebody changed idp-issuer-url: the refresh token beside it is still the old issuer's."""
    token = desk.scene.provider.id_token(iss="https://old.example.com", exp=int(desk.now - 3600))
    desk.write(id_token=token, refresh_token="canary")
    desk.sign_in()
    assert len(desk.scene.browser.opened) == 1
    assert all("canary" not in form.values() for form in desk.scene.provider.forms)


def test_tokens_of_another_client_are_never_used(desk: Desk) -> None:
    desk.write(id_token=desk.scene.provider.id_token(aud="other"), refresh_token="canary")
    desk.sign_in()
    assert len(desk.scene.browser.opened) == 1
    assert all("canary" not in form.values() for form in desk.scene.provider.forms)


def test_whoever_waited_uses_what_the_other_one_wrote(desk: Desk) -> None:
    desk.write(id_token=desk.expired(), refresh_token="refresh-0")
    fresh = desk.scene.provider.id_token()
    desk.scene.store.on_lock = lambda: desk.write(id_token=fresh, refresh_token="refresh-9")
    assert desk.sign_in().token == Secret(fresh)
    assert desk.scene.provider.forms == []


def test_nobody_signs_in_for_a_kubeconfig_that_is_locked(desk: Desk) -> None:
    desk.path.with_name("config.lock").touch()
    with pytest.raises(StorageError, match="is locked"):
        desk.sign_in()
    assert desk.scene.provider.requests == []
    assert desk.scene.browser.opened == []


def test_saving_what_is_there_writes_nothing(desk: Desk) -> None:
    desk.write(id_token=desk.expired(), refresh_token="refresh-0")
    before = desk.path.stat()
    session = desk.store.load("")
    assert session is not None
    desk.store.save("", replace(session, refresh_sent_at=1.0))
    assert desk.path.stat().st_ino == before.st_ino


def test_other_changes_since_are_kept(desk: Desk) -> None:
    """The file is read again under the lock."""
    session = Session(ISSUER, CLIENT, id_token=Secret(desk.scene.provider.id_token()), refresh_token=Secret("r"))
    desk.path.write_text(desk.path.read_text(encoding="utf-8") + "current-context: new\n", encoding="utf-8")
    desk.store.save("", session)
    assert "current-context: new" in desk.path.read_text(encoding="utf-8")
    assert desk.config["refresh-token"] == "r"


def test_delete_removes_both_tokens(desk: Desk) -> None:
    desk.write(id_token=desk.expired(), refresh_token="refresh-0")
    desk.store.delete("")
    assert set(desk.config) == {"idp-issuer-url", "client-id", "extra-scopes"}
    assert desk.store.load("") is None


def test_a_kubeconfig_that_is_gone_or_broken_is_a_storage_error(desk: Desk) -> None:
    session = Session(ISSUER, CLIENT, id_token=Secret("a"), refresh_token=Secret("b"))
    desk.path.write_text("users: [\n", encoding="utf-8")
    with pytest.raises(StorageError, match="is not a kubeconfig"):
        desk.store.save("", session)
    assert desk.path.read_text(encoding="utf-8") == "users: [\n"
    desk.path.unlink()
    with pytest.raises(StorageError, match="does not exist any more"):
        desk.store.save("", session)


def test_the_lock_is_the_same_through_a_link(tmp_path: Path, desk: Desk) -> None:
    link = tmp_path / "link"
    link.symlink_to(desk.path)
    assert lock_key(link, "alice") == lock_key(desk.path, "alice")
    assert lock_key(link, "bob") != lock_key(desk.path, "alice")
    assert len(lock_key(link, "\udcff")) == 64
