"""A whole login on real parts: provider, browser, exchange server over TLS, talosconfig."""

import json
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kubelogin_py import Cache, Login, Settings, Tls, TransientError
from kubelogin_py import Provider as Client
from talos_cred import fastrun, wiring
from talos_cred.errors import (
    ChangedError,
    PolicyError,
    SignInNeededError,
    TalosconfigError,
    TokenRefusedError,
    UnknownServerError,
)
from talos_cred.login import Outcome, Wish, log_in
from talos_cred.settings import KeyKind, Place, Policy, Server
from talos_cred.settings import Settings as Chosen
from talos_cred.talosconfig import Talosconfig
from tests.support.certificates import Certificates
from tests.support.exchange import ENDPOINTS, ExchangeServer, TalosAuthority
from tests.support.exchange_fake import FakeExchange, http
from tests.support.providers import Provider
from tests.support.talos_pki import TalosCa
from tests.support.upstream_exchange import VERSIONS, upstream
from tests.talos_cred.conftest import CLIENT

Cast = Callable[..., Outcome]


@pytest.fixture
def sign_in(idp: Provider, browser: Path, home: Path) -> Settings:
    """How alice signs in."""
    return Settings(
        Client(idp.issuer, CLIENT, extra_scopes=("offline_access", "email", "groups")),
        Tls(certificate_authorities=(str(idp.ca),)),
        Login(listen_addresses=("127.0.0.1:0",), browser_command=str(browser), authentication_timeout=30),
        Cache(directory=home / "cache"),
    )


@pytest.fixture
def cast(sign_in: Settings, exchange: ExchangeServer, home: Path) -> Cast:
    """Log in: ``cast(context="prod", attended=False, …)``."""

    def login(
        *,
        server: Any = exchange,
        attended: bool = True,
        policy: Policy | None = None,
        force: bool = False,
        session: Settings = sign_in,
        **place: object,
    ) -> Outcome:
        known = Server(server.url, certificate_authority=str(server.ca))
        where = Place(home / ".talos" / "config", **place)  # type: ignore[arg-type]
        chosen = Chosen(session, known, where, policy or Policy())
        world = wiring.world(chosen, attended=attended)
        return log_in(Wish(where, chosen.policy, server.url, {"client-id": CLIENT}, force=force), world)

    return login


def opened(browser: Path) -> int:
    log = Path(f"{browser}.opened")
    return len(log.read_text().splitlines()) if log.exists() else 0


def config(home: Path) -> Talosconfig:
    return Talosconfig((home / ".talos" / "config").read_text(), "config")


def leaf(home: Path, context: str = "oidc") -> x509.Certificate:
    return x509.load_pem_x509_certificate((config(home).pem(context, "crt") or "").encode())


def test_a_first_login_leaves_a_usable_talosconfig(cast: Cast, home: Path, exchange: ExchangeServer) -> None:
    outcome = cast()
    found = config(home)
    assert outcome.renewed
    assert found.current == "oidc"
    assert found.contexts["oidc"]["endpoints"] == list(ENDPOINTS)
    key = load_pem_private_key((found.pem("oidc", "key") or "").encode(), None)
    assert key.public_key() == leaf(home).public_key()
    leaf(home).verify_directly_issued_by(exchange.talos.certificate)
    assert found.pem("oidc", "ca") == exchange.talos.pem
    assert stat.S_IMODE((home / ".talos" / "config").stat().st_mode) == 0o600
    assert exchange.decisions()[-1]["key_origin"] == "client"
    assert outcome.record.person == "alice@example.test"
    assert outcome.record.known.roles == ("os:reader",)


@pytest.mark.parametrize("kind", list(KeyKind))
def test_every_kind_of_key(cast: Cast, home: Path, kind: KeyKind) -> None:
    cast(policy=Policy(key=kind))
    key = load_pem_private_key((config(home).pem("oidc", "key") or "").encode(), None)
    assert key.public_key() == leaf(home).public_key()


def test_a_good_certificate_asks_nobody(cast: Cast, home: Path, exchange: ExchangeServer, browser: Path) -> None:
    cast()
    before = (home / ".talos" / "config").read_bytes(), len(exchange.decisions()), opened(browser)
    assert not cast().renewed
    assert ((home / ".talos" / "config").read_bytes(), len(exchange.decisions()), opened(browser)) == before


def test_a_renewal_refreshes_the_token_and_opens_no_browser(
    cast: Cast, home: Path, exchange: ExchangeServer, browser: Path
) -> None:
    """T-11: the server takes a token once; so a renewal brings a new one, and a new key."""
    before = len(exchange.decisions())
    cast()
    keys = {config(home).pem("oidc", "key")}
    for _ in range(2):
        assert cast(force=True, attended=False).renewed
        keys.add(config(home).pem("oidc", "key"))
    assert len(keys) == 3
    assert opened(browser) == 1
    assert "auth_failure" not in {line["type"] for line in exchange.decisions()[before:]}


def test_unattended_without_a_session_no_browser_is_opened(cast: Cast, browser: Path, home: Path) -> None:
    with pytest.raises(SignInNeededError) as needed:
        cast(attended=False)
    assert needed.value.exit_code == 2
    assert opened(browser) == 0
    assert not (home / ".talos" / "config").exists()


def test_other_contexts_and_what_the_person_set_stay(cast: Cast, home: Path) -> None:
    """Two contexts, nodes, proxy, Omni's sign-in, comments and the current context survive logins and renewals."""
    path = home / ".talos" / "config"
    path.parent.mkdir()
    text = "# mine\ncontext: omni\ncontexts:\n    omni:\n        auth: {siderov1: {identity: a@b}}\n"
    path.write_text(text)
    cast()
    edited = path.read_text().replace(
        "    oidc:\n", "    oidc:\n        nodes: [10.0.0.7]\n        proxy-url: http://p\n"
    )
    edited = edited.replace(ENDPOINTS[0], "my-node.example.test")
    path.write_text(edited)
    cast(force=True)
    found = config(home)
    assert found.current == "omni"
    assert path.read_text().startswith(text)
    assert found.contexts["oidc"]["nodes"] == ["10.0.0.7"]
    assert found.contexts["oidc"]["proxy-url"] == "http://p"
    assert found.contexts["oidc"]["endpoints"] == ["my-node.example.test", ENDPOINTS[1]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_use_makes_the_context_the_current_one(cast: Cast, home: Path) -> None:
    cast(context="one")
    cast(context="two")
    assert config(home).current == "one"
    assert cast(context="two", use=True).record.previous == "one"
    assert config(home).current == "two"


def test_a_link_to_the_talosconfig_stays_a_link(cast: Cast, home: Path) -> None:
    target = home / "dotfiles" / "talosconfig"
    target.parent.mkdir()
    target.write_text("contexts: {}\n")
    (home / ".talos").mkdir()
    (home / ".talos" / "config").symlink_to(target)
    cast()
    assert (home / ".talos" / "config").is_symlink()
    assert "oidc" in yaml.safe_load(target.read_text())["contexts"]
    assert [entry.name for entry in target.parent.iterdir()] == ["talosconfig"]


def test_another_authority_behind_the_server_is_refused(
    cast: Cast, home: Path, idp: Provider, started_exchange: Callable[..., ExchangeServer]
) -> None:
    """T-03: the file stays byte for byte until a person agrees."""
    cast()
    before = (home / ".talos" / "config").read_bytes()
    other = started_exchange(idp, endpoints=["10.66.66.66"])
    with pytest.raises(ChangedError):
        cast(server=other)
    assert (home / ".talos" / "config").read_bytes() == before
    cast(server=other, policy=Policy(accept_new_ca=True, accept_new_endpoints=True))
    assert config(home).contexts["oidc"]["endpoints"] == ["10.66.66.66"]


def test_more_roles_than_last_time_are_refused(
    cast: Cast, home: Path, idp: Provider, started_exchange: Callable[..., ExchangeServer], tmp_path: Path
) -> None:
    talos = TalosAuthority(tmp_path / "shared")
    reader = started_exchange(idp, talos=talos, roles=["os:reader"])
    admin = started_exchange(idp, talos=talos, roles=["os:admin"])
    cast(server=reader)
    with pytest.raises(ChangedError, match="os:admin"):
        cast(server=admin)
    assert cast(server=admin, policy=Policy(max_roles=("os:admin",))).record.known.roles == ("os:admin",)
    # Going back needs nobody's word for the role it had before that, which is one it does not have now.
    with pytest.raises(ChangedError, match="os:reader"):
        cast(server=reader)


def test_nobody_without_a_role_gets_a_certificate(
    cast: Cast, idp: Provider, started_exchange: Callable[..., ExchangeServer], home: Path
) -> None:
    rules = {"rules": [{"claim": "groups", "value": "nobody", "roles": ["os:admin"]}]}
    with pytest.raises(PolicyError, match="no roles assigned"):
        cast(server=started_exchange(idp, rbac=rules))
    assert not (home / ".talos" / "config").exists()


def test_kubectls_token_is_not_taken(cast: Cast, sign_in: Settings) -> None:
    """T-10: a token for another client is refused, and the words say why clients are kept apart."""
    other = replace(sign_in, provider=replace(sign_in.provider, client_id="kubernetes"))
    with pytest.raises((PolicyError, TokenRefusedError)) as refused:
        cast(session=other)
    assert "client" in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize("offset", [-600.0, 600.0])
def test_ten_minutes_between_two_clocks_are_named(
    cast: Cast, idp: Provider, started_exchange: Callable[..., ExchangeServer], offset: float
) -> None:
    """T-12: the message says that clocks disagree, and nothing is repeated without end."""
    server = started_exchange(idp, clock_offset=offset, roles=["os:reader"])
    before = len(server.decisions())
    with pytest.raises(Exception, match=r"clock|refused|answered") as refused:
        cast(server=server)
    words = f"{refused.value} {getattr(refused.value, 'hint', '')}"
    assert "clock" in words
    assert len(server.decisions()) - before <= 4


def test_an_unknown_server_is_refused_before_anybody_signs_in(
    cast: Cast, exchange: ExchangeServer, idp: Provider, browser: Path
) -> None:
    with pytest.raises(UnknownServerError, match="unknown authority") as refused:
        cast(server=replace(exchange, ca=idp.ca), attended=True)
    assert "talos-cred trust" in (refused.value.hint or "")
    assert opened(browser) == 0


def test_a_context_with_a_long_lived_certificate_is_not_overwritten(cast: Cast, home: Path) -> None:
    path = home / ".talos" / "config"
    path.parent.mkdir()
    path.write_text("context: oidc\ncontexts:\n    oidc:\n        endpoints: [a]\n        auth: {basic: {}}\n")
    with pytest.raises(TalosconfigError, match="not made by a sign-in"):
        cast()
    assert cast(force=False, context="other").renewed


def test_the_note_for_run_is_about_this_very_certificate(cast: Cast, home: Path) -> None:
    validity = cast().validity
    path = home / ".talos" / "config"
    assert fastrun.good_times(str(path), "oidc", validity.not_before + 1)
    assert not fastrun.good_times(str(path), "oidc", validity.not_before + 250)
    assert not fastrun.good_times(str(path), "oidc", validity.not_before - 5)
    path.write_text(path.read_text().replace("crt: ", "crt: AAAA"))
    cast(context="other")
    text = path.read_text()
    path.write_text(text.replace(config(home).contexts["oidc"]["crt"], "AAAA"))
    assert not fastrun.good_times(str(path), "oidc", validity.not_before + 1)


def test_nothing_secret_is_remembered_or_told(cast: Cast, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cast()
    key = (config(home).pem("oidc", "key") or "").splitlines()[1]
    kept = "".join(path.read_text() for path in (home / ".talos" / "config.talos-cred").iterdir())
    output = capsys.readouterr()
    for text in (kept, output.out, output.err):
        assert key not in text
        assert "eyJ" not in text


@pytest.mark.parametrize("version", VERSIONS)
def test_the_answers_of_every_version_are_used(
    version: str, cast: Cast, exchange: ExchangeServer, certificates: Certificates, home: Path
) -> None:
    """A real client and TLS against a server that answers as talosctl-oidc of that version does."""
    talos = TalosCa.make(now=time.time())
    with FakeExchange(upstream(talos, version), certificates.server) as running:
        outcome = cast(server=SimpleNamespace(url=running.url, ca=certificates.ca))
        assert outcome.record.known.roles == ("os:admin",)
        key = load_pem_private_key((config(home).pem("oidc", "key") or "").encode(), None)
        assert key.public_key() == leaf(home).public_key()
        assert not cast(server=SimpleNamespace(url=running.url, ca=certificates.ca)).renewed
        sent = json.loads(running.requests[0].partition(b"\r\n\r\n")[2])
        assert set(sent) == {"id_token", "csr"}
        cast(server=SimpleNamespace(url=running.url, ca=certificates.ca), policy=Policy(key=KeyKind.SERVER), force=True)
        assert set(json.loads(running.requests[-1].partition(b"\r\n\r\n")[2])) == {"id_token"}


def test_a_refused_token_is_refreshed_once_and_no_more(cast: Cast, certificates: Certificates, browser: Path) -> None:
    refuse = http(401, b'{"error":"invalid token"}\n')
    with FakeExchange(lambda _: refuse, certificates.server) as running:
        with pytest.raises(TokenRefusedError):
            cast(server=SimpleNamespace(url=running.url, ca=certificates.ca))
        tokens = [json.loads(one.partition(b"\r\n\r\n")[2])["id_token"] for one in running.requests]
    assert len(set(tokens)) == len(tokens) == 2
    assert opened(browser) == 1


def test_a_refusal_by_policy_is_not_asked_again(cast: Cast, certificates: Certificates) -> None:
    with FakeExchange(lambda _: http(403, b'{"error": "IP not allowed"}'), certificates.server) as running:
        with pytest.raises(PolicyError):
            cast(server=SimpleNamespace(url=running.url, ca=certificates.ca))
        assert len(running.requests) == 1


def test_a_server_that_is_down_opens_no_browser(cast: Cast, certificates: Certificates, browser: Path) -> None:
    with FakeExchange(lambda _: None, certificates.server) as running:
        url = running.url
    with pytest.raises(TransientError):
        cast(server=SimpleNamespace(url=url, ca=certificates.ca))
    assert opened(browser) == 0
