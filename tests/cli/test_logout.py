"""``kubelogin logout``: which sessions are meant, and what is said in the end."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kubelogin_py.cli.main import main
from kubelogin_py.cli.output import Stdout
from kubelogin_py.errors import StorageError
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings
from kubelogin_py.storage.overview import Kept
from tests.cli.calls import Lines

ISSUER, OTHER = "https://id.example.com", "https://other.example.com"
CONTEXTS = {
    "dev": [f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=kubernetes", "--oidc-client-secret=hush"],
    "prod": [f"--oidc-issuer-url={OTHER}", "--oidc-client-id=kubernetes"],
    "twin": [f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=kubernetes", "--oidc-client-secret=hush"],
    "broken": ["--no-such-flag"],
}


@dataclass(frozen=True)
class Outcome:
    was_kept: bool = True
    faults: Sequence[str] = ()


@dataclass
class Scene:
    """A kubeconfig, a token cache, and an application that remembers what it was asked."""

    home: Path
    kept: list[Kept] = field(default_factory=list)
    outcomes: dict[str, Outcome | StorageError] = field(default_factory=dict)
    ended: list[tuple[Settings, str, bool]] = field(default_factory=list)
    swept: list[Path] = field(default_factory=list)
    environments: list[Mapping[str, str]] = field(default_factory=list)

    def call(self, *arguments: str) -> tuple[int, str]:
        stderr = Lines()
        code = main(
            ("logout", *arguments),
            {"HOME": str(self.home), "KUBECONFIG": str(self.home / "config")},
            stdout=Stdout(None),
            stderr=stderr,
            sign_in=_never,
            kept_sessions=lambda _: self.kept,
            sign_out=self._sign_out,
            clean_directory=self._clean,
        )
        return code, stderr.text

    def keep(self, issuer: str, client_id: str, key: str) -> None:
        session = Session(issuer, client_id, refresh_token=Secret("r"))
        self.kept.append(Kept(key, self.home / f"session-{key}.json", sealed=False, session=session))

    @property
    def issuers(self) -> list[str]:
        return [settings.provider.issuer for settings, _, _ in self.ended]

    def _sign_out(
        self, settings: Settings, verbosity: int, key: str, environment: Mapping[str, str], browser: bool
    ) -> Outcome:
        self.ended.append((settings, key, browser))
        self.environments.append(environment)
        outcome = self.outcomes.get(settings.provider.issuer, Outcome())
        if isinstance(outcome, StorageError):
            raise outcome
        return outcome

    def _clean(self, directory: Path, verbosity: int) -> int:
        self.swept.append(directory)
        return 0


def _never(*_: object) -> object:
    raise AssertionError("nobody signs in")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    stanza = {"env": [{"name": "HTTPS_PROXY", "value": "http://proxy:1"}]}
    users = [
        {"name": name, "user": {"exec": {**stanza, "args": ["get-token", *words]}}} for name, words in CONTEXTS.items()
    ]
    users.append({"name": "azure", "user": {"exec": {"args": ["get-token", "--server-id=x"]}}})
    users.append({"name": "certificate", "user": {"client-certificate": "x"}})
    config = {
        "current-context": "dev",
        "contexts": [{"name": user["name"], "context": {"user": user["name"]}} for user in users],
        "users": users,
    }
    (tmp_path / "config").write_text(json.dumps(config), encoding="utf-8")
    return Scene(tmp_path)


@pytest.mark.parametrize(("flags", "issuer"), [((), ISSUER), (("--context=prod",), OTHER)])
def test_one_context_is_signed_out_of(scene: Scene, flags: tuple[str, ...], issuer: str) -> None:
    assert scene.call(*flags) == (0, "")
    ((settings, _, browser),) = scene.ended
    assert (settings.provider.issuer, browser) == (issuer, False)
    assert settings.cache.former_scopes == ()
    assert scene.environments[0]["HTTPS_PROXY"] == "http://proxy:1"
    assert scene.swept == []


def test_a_context_of_another_plugin_is_refused(scene: Scene) -> None:
    for name, text in (("azure", "unknown flag"), ("certificate", "has no exec section"), ("none", "does not exist")):
        code, said = scene.call(f"--context={name}")
        assert code == 1
        assert text in said
    assert scene.ended == []


def test_a_provider_means_all_its_sessions(scene: Scene) -> None:
    """A context knows the secret; what only the cache knows of is reached as the options say."""
    scene.keep(ISSUER, "kubernetes", "a" * 64)
    scene.keep(ISSUER, "talos", "b" * 64)
    scene.keep(OTHER, "kubernetes", "c" * 64)
    assert scene.call(f"--oidc-issuer-url={ISSUER}", "--insecure-skip-tls-verify") == (0, "")
    assert scene.issuers == [ISSUER] * 3
    ended = {key: settings for settings, key, _ in scene.ended}
    assert ended["b" * 64].provider.client_id == "talos"
    assert ended["b" * 64].tls.insecure_skip_tls_verify
    (of_context,) = [settings for key, settings in ended.items() if key not in ("a" * 64, "b" * 64)]
    assert of_context.provider.client_secret == Secret("hush")
    assert "c" * 64 not in ended


def test_a_client_narrows_it(scene: Scene) -> None:
    scene.keep(ISSUER, "talos", "b" * 64)
    scene.call(f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=talos")
    # The one that is kept, and what a call with these very options would have.
    assert {settings.provider.client_id for settings, _, _ in scene.ended} == {"talos"}
    assert next(key for _, key, _ in scene.ended) == "b" * 64


def test_a_client_alone_is_not_enough(scene: Scene) -> None:
    assert scene.call("--oidc-client-id=talos") == (1, "error: --oidc-issuer-url is missing\n")
    assert scene.ended == []


def test_all_means_contexts_and_cache_each_once_and_then_the_rest(scene: Scene) -> None:
    scene.keep("https://third.example.com", "k", "d" * 64)
    code, said = scene.call("--all", "--sso")
    assert code == 0
    assert sorted(scene.issuers) == sorted([ISSUER, OTHER, "https://third.example.com"])
    assert scene.ended[0][1] == "d" * 64
    assert [browser for _, _, browser in scene.ended] == [True] * 3
    directory = scene.home / ".kube/cache/oidc-login"
    assert scene.swept == [directory]
    assert said == f"nothing is kept in {directory} any more\n"


def test_one_that_can_not_be_read_goes_with_all_and_is_a_fault(scene: Scene) -> None:
    file = scene.home / "sealed-x.json"
    scene.kept.append(Kept("e" * 64, file, sealed=True, session=None, fault="its key in the keyring can't be used now"))
    code, said = scene.call("--all")
    assert code == 1
    assert len(scene.swept) == 1
    assert "sealed-x.json could not be read, nor revoked: its key in the keyring can't be used now\n" in said


def test_a_browser_is_led_to_each_provider_once(scene: Scene) -> None:
    scene.keep(ISSUER, "a", "a" * 64)
    scene.keep(ISSUER, "b", "b" * 64)
    scene.call(f"--oidc-issuer-url={ISSUER}", "--sso")
    assert [browser for _, _, browser in scene.ended] == [True, False, False]


def test_a_directory_that_is_named_is_the_only_one(scene: Scene) -> None:
    """Contexts that keep their sessions elsewhere are not meant."""
    scene.call("--all", f"--token-cache-dir={scene.home / 'elsewhere'}")
    assert scene.ended == []
    assert scene.swept == [scene.home / "elsewhere"]


@pytest.mark.parametrize("directory", ["/", "~"])
def test_a_directory_that_can_not_be_meant_is_not_emptied(scene: Scene, directory: str) -> None:
    code, said = scene.call("--all", f"--token-cache-dir={directory}")
    assert code == 1
    assert "nothing was deleted" in said
    assert scene.swept == []


def test_nothing_to_remove_is_said(scene: Scene) -> None:
    scene.outcomes[ISSUER] = Outcome(was_kept=False)
    assert scene.call() == (0, "nobody was signed in: there was nothing to remove\n")


def test_one_that_fails_keeps_no_other_from_ending(scene: Scene) -> None:
    scene.outcomes = {ISSUER: StorageError("gave up waiting for process 7"), OTHER: Outcome(faults=("it is down",))}
    scene.keep("https://third.example.com", "k", "d" * 64)
    code, said = scene.call("--all")
    assert code == 1
    assert len(scene.ended) == 3
    assert len(scene.swept) == 1
    assert "error: logout: gave up waiting for process 7\n" in said


def test_an_untold_provider_is_exit_code_1_with_the_way_out(scene: Scene) -> None:
    scene.outcomes[ISSUER] = Outcome(faults=("the refresh token could not be revoked: down",))
    code, said = scene.call()
    assert code == 1
    assert said.splitlines()[0] == (
        "error: logout: signed out here, but not at the provider: the refresh token could not be revoked: down"
    )
    assert said.splitlines()[1].startswith("hint: what was kept here is gone")
