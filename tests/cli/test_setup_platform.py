"""``setup --platform``: what is refused before anybody signs in, what is printed and written, and the verdict."""

import base64
import errno
import json
import os
import shlex
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubelogin_py.cli.options import options_of
from kubelogin_py.errors import SignInError
from kubelogin_py.kubernetes.platform import Platform, Style
from kubelogin_py.oidc import base64url
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.key_set import Key, KeySet
from kubelogin_py.oidc.public_key import PublicKey
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Storage
from tests.cli.calls import Application, Credential, Outcome, call, raising
from tests.support.environment import clean
from tests.support.kubectl import KUBECTL

ISSUER = "https://id.example.com"
PROVIDER = (f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=kubernetes")
GENERIC = ("setup", *PROVIDER, "--platform=generic", "--platform-version=1.34")
AUTHORITY = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQUJD\nREVGR0g=\n-----END CERTIFICATE-----\n"


@dataclass(frozen=True)
class Published:
    """What the provider publishes."""

    issuer: str = ISSUER
    algorithm: str = "RS256"
    sign_in_path: str = "/connect/authorize"
    token_path: str = "/connect/token"
    keys_path: str = "/connect/jwks"

    def metadata(self) -> Metadata:
        paths = self.token_path, self.keys_path, self.sign_in_path
        return Metadata(self.issuer, *(self.issuer + path for path in paths))

    def key_set(self) -> KeySet:
        key_type, curve = ("RSA", None) if self.algorithm[0] in "RP" else ("EC", "P-256")
        return KeySet((Key("k", None, PublicKey(key_type, curve, 64, {})),), f"{self.issuer}/keys")


POCKET_ID = Published(sign_in_path="/authorize", token_path="/api/oidc/token", keys_path="/.well-known/jwks.json")


def application(
    *, algorithm: str = "RS256", issuer: str = ISSUER, refreshable: bool = True, published: Any = None, **changes: Any
) -> Application:
    """Return an application in which somebody signs in and gets a token with these claims; ``None`` takes one away."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "sub": "alice-id",
        "aud": "kubernetes",
        "iat": now,
        "exp": now + 3600,
        "groups": ["developers"],
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    parts = [json.dumps(part).encode() for part in ({"alg": algorithm, "kid": "k"}, claims)]
    token = Secret(".".join((*map(base64url.encode, parts), "c2ln")))
    made = Credential(token=token, claims=Claims.read(claims), refreshable=refreshable)
    return Application(made, published=published or Published(issuer, algorithm))


def documents(outcome: Outcome) -> dict[str, Any]:
    """Return what was printed, by kind."""
    found = [*yaml.safe_load_all(outcome.out)]
    return {one.get("kind", "arguments") if isinstance(one, dict) else "arguments": one for one in found if one}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty directory."""
    made = tmp_path / "place"
    made.mkdir()
    return made


def test_the_options_are_those_of_the_platforms() -> None:
    """They are written out in the table, which is read at every start."""
    rows = {row.name: row for row in options_of("setup", {})}
    assert rows["platform"].choices == tuple(Platform)
    assert rows["style"].choices == tuple(Style)
    assert all("platform" not in {row.name for row in options_of(name, {})} for name in ("get-token", "", "login"))


def test_everything_is_printed_and_nothing_kept(place: Path) -> None:
    """The documents are the answer; claims, notes and the verdict are for the person."""
    told = application()
    outcome = call(
        *GENERIC, "--server=https://api.example.com:6443", application=told, environment={"HOME": str(place)}
    )
    assert outcome.code == 0, outcome.err
    found = documents(outcome)
    assert [*found] == ["AuthenticationConfiguration", "arguments", "ClusterRoleBinding", "Config"]
    assert found["ClusterRoleBinding"]["subjects"][0]["name"] == "oidc:developers"
    assert found["Config"]["clusters"][0]["cluster"] == {"server": "https://api.example.com:6443"}
    for name in ("client-registration.txt", "authentication.yaml", "role-bindings.yaml", "kubeconfig", "steps.txt"):
        assert f"\n# {name}\n" in outcome.out
    assert '"sub": "alice-id"' in outcome.err
    assert "## Would the API server take this token?" in outcome.err
    assert outcome.err.index('"sub"') < outcome.err.index("## Would")
    assert [*place.iterdir()] == []
    (asked, (settings, _)) = told.asked
    assert asked == ("documents", ISSUER, 0)
    assert (settings.cache.storage, settings.login.asked_for) == (Storage.NONE, True)


def test_everything_is_written_where_it_is_wanted(place: Path) -> None:
    home, directory = place / "home", place / "a new one" / "x"
    told = application()
    flags = ("--server=https://api:6443", f"--write={directory}")
    outcome = call(*GENERIC, *flags, application=told, environment={"HOME": str(home)})
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    assert sorted(path.name for path in directory.iterdir()) == [
        "authentication.yaml",
        "client-registration.txt",
        "kube-apiserver.yaml",
        "kubeconfig",
        "role-bindings.yaml",
        "steps.txt",
    ]
    assert stat.S_IMODE((directory / "kubeconfig").stat().st_mode) == 0o600
    assert all(f"wrote {path}" in outcome.err for path in directory.iterdir())
    assert (directory / "steps.txt").read_text(encoding="utf-8") in outcome.err
    # kubectl is to find this session.
    assert told.asked[-1][0].cache.storage is Storage.DISK
    # And the claims are those of now, not of a token from before the provider was mended.
    assert told.asked[-1][0].login.force_refresh
    assert "--allowlist-entry command=/" in outcome.err
    # Again, nothing is in the way.
    before = {path: path.stat().st_mtime_ns for path in directory.iterdir()}
    assert call(*GENERIC, *flags, application=application(), environment={"HOME": str(home)}).code == 0
    assert {path.name for path in before} == {path.name for path in directory.iterdir()}


def test_what_somebody_else_wrote_stays(place: Path) -> None:
    (place / "role-bindings.yaml").write_text("mine", encoding="utf-8")
    outcome = call(*GENERIC, f"--write={place}", application=application(), environment={"HOME": str(place / "home")})
    assert (outcome.code, outcome.out) == (1, "")
    assert f"error: setup: {place}/role-bindings.yaml is there already, and says something else" in outcome.err
    assert [path.name for path in place.iterdir()] == ["role-bindings.yaml"]
    assert (place / "role-bindings.yaml").read_text(encoding="utf-8") == "mine"


def test_the_same_again_keeps_what_is_there(place: Path) -> None:
    words = [*GENERIC, "--no-sign-in", f"--write={place}"]
    first = call(*words, application=application(), environment={"HOME": str(place / "home")})
    before = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    again = call(*words, application=application(), environment={"HOME": str(place / "home")})
    assert (first.code, again.code) == (0, 0)
    assert {path.name: path.stat().st_mtime_ns for path in place.iterdir()} == before
    assert again.err == first.err.replace("wrote ", "kept ")


def test_a_disk_that_is_full_leaves_nothing_behind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files or none: half of them would be taken for all."""
    written: list[int] = []

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    outcome = call(*GENERIC, f"--write={place}", application=application(), environment={"HOME": "/nowhere"})
    assert (outcome.code, outcome.out) == (1, "")
    assert f"error: setup: can't write into {place}: no space left on device" in outcome.err
    assert [*place.iterdir()] == []


def test_an_access_token_is_judged_as_the_api_server_would() -> None:
    told = Application(Credential(token=Secret("opaque"), claims=None), published=Published())
    outcome = call(*GENERIC, "--oidc-use-access-token", application=told, environment={"HOME": "/nowhere"})
    assert outcome.code == 1
    assert "fail  form             the token is no signed JWT: it has 1 part, not 3" in outcome.err
    # Nobody is known by name, so the roles have a place to fill in.
    assert documents(outcome)["ClusterRoleBinding"]["subjects"] == [
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "oidc:YOUR_NAME"}
    ]


def test_a_link_is_not_followed(place: Path) -> None:
    (place / "kubeconfig").symlink_to(place / "elsewhere")
    outcome = call(*GENERIC, f"--write={place}", application=application(), environment={"HOME": "/nowhere"})
    assert outcome.code == 1
    assert not (place / "elsewhere").exists()


REFUSED: dict[str, tuple[list[str], str]] = {
    "platform": (["--platform=windows"], "platform must be one of (talos|k3s|rke2|kubeadm|generic)"),
    "style": (["--style=yaml"], "style must be one of (structured|flags)"),
    "version": (["--platform-version=latest"], "platform-version latest is no version"),
    "too-old": (["--platform-version=1.29", "--style=structured"], "from 1.30 on"),
    "talos-flags": (["--platform=talos", "--platform-version=1.14", "--style=flags"], "refuses oidc flags"),
    "talos-file": (["--platform=talos", "--platform-version=1.13", "--style=structured"], "--anonymous-auth=false"),
    "http": (["--oidc-issuer-url=http://localhost:8080"], "http://localhost:8080 is no https URL"),
    "query": (["--oidc-issuer-url=https://id.example.com?x=1"], "an issuer has no query"),
    "fragment": (["--oidc-issuer-url=https://id.example.com#x", "--no-sign-in"], "is refused"),
    "userinfo": (["--oidc-issuer-url=https://a:b@id.example.com", "--dry-run"], "is refused"),
    "port": (["--oidc-issuer-url=https://id.example.com:99999", "--no-sign-in"], "is refused"),
    "blank": (["--oidc-issuer-url=https://id.example.com/ ", "--no-sign-in"], "is refused"),
    "metadata": (
        ["--oidc-issuer-url=https://id.example.com/.well-known/openid-configuration", "--no-sign-in"],
        "this is the address of the provider metadata",
    ),
    "no-client": (["--oidc-client-id="], "--oidc-client-id is missing"),
    "no-username": (["--username-claim="], "username-claim is empty"),
    "system-group": (["--admin-group=system:masters"], "is a name of Kubernetes itself"),
    "system-user": (["--admin-user=system:admin"], "is a name of Kubernetes itself"),
    "system-viewers": (["--view-group=system:authenticated"], "is a name of Kubernetes itself"),
    "system-prefix": (["--groups-prefix=system:"], "is reserved for Kubernetes itself"),
    "no-groups": (["--groups-claim=", "--admin-group=x"], "none are taken from tokens"),
    "two-audiences": (["--style=flags", "--audience=a,b"], "takes one audience"),
    "escapes": (["--username-claim=\x1b[2J"], r'"\x1b[2J" has characters'),
    "line-end": (["--groups-prefix=a\nb"], r'"a\x0ab" has characters'),
    "no-authority": (["--certificate-authority=/nowhere.pem"], "/nowhere.pem: no such file or directory"),
    "authority-data": (["--certificate-authority-data=!"], "is not base64"),
    "authority-empty": (["--certificate-authority-data=QUJD"], "holds no certificate"),
    "server": (["--server=http://api"], "--server must be an https URL"),
    "write-file": (["--write=/etc/hostname/x"], "/etc/hostname is not a directory"),
}


@pytest.mark.parametrize(("flags", "message"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_work_is_refused_before_anybody_signs_in(flags: list[str], message: str, place: Path) -> None:
    told = application()
    words = [*GENERIC, f"--write={place / 'out'}", *flags]
    outcome = call(*words, application=told, environment={"HOME": str(place / "home")})
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert not [asked for asked in told.asked if asked[0] != "documents"]
    assert [*place.iterdir()] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--platform=k3s", "--write-kubeconfig"], "error: --platform and --write-kubeconfig exclude one another"),
        (["--platform=k3s", "--convert"], "error: --platform and --convert exclude one another"),
        (["--write-kubeconfig", "--convert"], "error: --write-kubeconfig and --convert exclude one another"),
        (["--undo", "--convert"], "error: --convert and --undo exclude one another"),
        (["--write=out"], "error: --write needs --platform"),
        (["--admin-group=admins", "--write-kubeconfig"], "error: --admin-group needs --platform"),
        (["--platform="], "error: setup: platform must be one of (talos|k3s|rke2|kubeadm|generic)"),
    ],
)
def test_no_option_goes_unnoticed(words: list[str], message: str) -> None:
    told = application()
    outcome = call("setup", *PROVIDER, *words, application=told)
    assert (outcome.code, outcome.out, told.asked) == (1, "", [])
    assert outcome.err.startswith(message)


def test_a_version_that_is_refused_causes_no_request() -> None:
    told = application()
    assert call(*GENERIC, "--platform-version=x", application=told).code == 1
    assert told.asked == []


def test_a_sign_in_that_fails_writes_nothing(place: Path) -> None:
    told = application()
    told.fails = raising(SignInError("denied"))
    outcome = call(*GENERIC, f"--write={place / 'out'}", application=told, environment={"HOME": "/nowhere"})
    assert (outcome.code, outcome.out) == (1, "")
    assert "error: setup: denied" in outcome.err
    assert [*place.iterdir()] == []


def test_a_group_of_kubernetes_without_prefix_is_refused(place: Path) -> None:
    told = application(groups=["developers", "system:masters"])
    flags = ("--groups-prefix=", f"--write={place / 'out'}")
    outcome = call(*GENERIC, *flags, application=told, environment={"HOME": "/nowhere"})
    assert (outcome.code, outcome.out) == (1, "")
    assert '"system:masters" would be Kubernetes\' own; nothing was written' in outcome.err
    assert [*place.iterdir()] == []
    # With a prefix it is just a name, and not the one that is suggested.
    outcome = call(*GENERIC, application=application(groups=["system:masters", "x"]), environment={"HOME": "/nowhere"})
    assert outcome.code == 0
    assert documents(outcome)["ClusterRoleBinding"]["subjects"][0]["name"] == "oidc:x"


VERDICTS: dict[str, tuple[dict[str, Any], list[str], str, str]] = {
    "eddsa": ({"algorithm": "EdDSA"}, [], "fail  algorithm", "RS256"),
    "audience": ({"aud": "other"}, [], "fail  audience", "--audience"),
    "issuer": ({"iss": f"{ISSUER}/"}, [], "they differ in the slash at the end", "--oidc-issuer-url"),
    "not-verified": (
        {"email": "a@example.com", "email_verified": False},
        ["--username-claim=email"],
        "fail  email-verified",
        "--username-claim=sub",
    ),
    "groups-object": ({"groups": {"admin": {}}}, [], "fail  groups", "list of names"),
    "required": ({}, ["--required-claim=hd=example.com"], "fail  required-claims", "example.com"),
}


@pytest.mark.parametrize(("changes", "flags", "row", "cure"), VERDICTS.values(), ids=VERDICTS)
def test_a_token_that_would_be_refused_ends_with_an_error(
    changes: dict[str, Any], flags: list[str], row: str, cure: str
) -> None:
    outcome = call(*GENERIC, *flags, application=application(**changes), environment={"HOME": "/nowhere"})
    assert outcome.code == 1
    table = " ".join(outcome.err.partition("## Would")[2].split())
    assert " ".join(row.split()) in table
    assert cure in table
    assert outcome.err.endswith("error: setup: the API server would not take this token; the table says what to do\n")
    # What was asked for is there all the same: the cure is at the provider, or another flag.
    assert "AuthenticationConfiguration" in documents(outcome)


HINTS: dict[str, tuple[Any, dict[str, Any], list[str], str]] = {
    "zitadel-by-name": (None, {"groups": {"admin": {}}}, ["--provider=zitadel"], "Action"),
    "authentik-by-issuer": (
        Published("https://id.example.com/application/o/kubernetes/"),
        {"email": "a@x", "email_verified": False},
        ["--oidc-issuer-url=https://id.example.com/application/o/kubernetes/", "--username-claim=email"],
        "2025.10",
    ),
    "pocket-id-by-endpoints": (
        POCKET_ID,
        {"groups": None, "email": "a@x"},
        [],
        "1.11.0 to 1.11.2",
    ),
}


@pytest.mark.parametrize(("published", "changes", "flags", "cure"), HINTS.values(), ids=HINTS)
def test_the_cure_is_the_providers_own(published: Any, changes: dict[str, Any], flags: list[str], cure: str) -> None:
    issuer = published.issuer if published else ISSUER
    told = application(published=published, issuer=issuer, **changes)
    outcome = call(*GENERIC, *flags, application=told, environment={"HOME": "/nowhere"})
    assert cure in " ".join(outcome.err.partition("## Would")[2].split())


def test_what_only_looks_like_a_provider_is_not_asked_for_anything() -> None:
    published = Published(sign_in_path="/auth", token_path="/token", keys_path="/keys")
    told = application(published=published)
    outcome = call(*GENERIC, application=told, environment={"HOME": "/nowhere"})
    assert outcome.code == 0, outcome.err
    assert "note: this looks like Dex; with --provider=dex its scopes and claims are used" in outcome.err
    assert told.asked[-1][0].provider.scope == "openid"


def test_what_suits_the_provider_is_chosen_and_written_down() -> None:
    told = application(email="a@x")
    outcome = call(*GENERIC, "--provider=pocket-id", "-v1", application=told, environment={"HOME": "/nowhere"})
    found = documents(outcome)
    assert "provider profile: pocket-id" in outcome.err
    assert found["AuthenticationConfiguration"]["jwt"][0]["claimMappings"]["username"]["claim"] == "email"
    arguments = found["Config"]["users"][0]["user"]["exec"]["args"]
    assert [word for word in arguments if "scope" in word] == [
        "--oidc-extra-scope=email",
        "--oidc-extra-scope=profile",
        "--oidc-extra-scope=groups",
    ]
    assert told.asked[-1][0].provider.scope == "email profile groups openid"
    assert "Public Client (PKCE comes with it)" in outcome.out
    assert "http://127.0.0.1:18000" in outcome.out


@pytest.mark.parametrize(
    ("issuer", "note"),
    [
        ("https://t.auth0.com", "note: Auth0: "),
        ("https://t.auth0.com/", ""),
        (
            "https://id.example.com/realms/main/",
            "note: Keycloak: the issuer is https://HOST/realms/REALM, without a slash",
        ),
        ("https://id.example.com/realms/main", ""),
        ("https://id.example.com/application/o/k8s", "note: authentik: "),
    ],
)
def test_a_slash_too_many_or_too_few_is_told_where_nobody_is_asked(issuer: str, note: str) -> None:
    words = [f"--oidc-issuer-url={issuer}", "--oidc-client-id=kubernetes", "--platform=generic", "--no-sign-in"]
    outcome = call("setup", *words, application=application())
    assert outcome.code == 0, outcome.err
    assert note in outcome.err
    assert ("slash" in outcome.err) is bool(note)


def test_what_the_user_says_is_what_counts() -> None:
    published = POCKET_ID
    flags = ("--oidc-extra-scope=roles", "--username-claim=sub", "--groups-claim=roles")
    told = application(published=published, roles=["r"])
    outcome = call(*GENERIC, *flags, application=told, environment={"HOME": "/nowhere"})
    mappings = documents(outcome)["AuthenticationConfiguration"]["jwt"][0]["claimMappings"]
    assert (mappings["username"]["claim"], mappings["groups"]["claim"]) == ("sub", "roles")
    assert told.asked[-1][0].provider.scope == "roles openid"


def test_scopes_that_would_end_the_sign_in_are_not_asked_for() -> None:
    """Kanidm refuses the sign-in for one scope that is not mapped; so nothing but the subject is relied on."""
    issuer = "https://id.example.com/oauth2/openid/kubernetes"
    told = application(issuer=issuer, algorithm="ES256")
    outcome = call(*GENERIC, f"--oidc-issuer-url={issuer}", application=told, environment={"HOME": "/nowhere"})
    assert outcome.code == 0, outcome.err
    assert told.asked[-1][0].provider.scope == "openid"
    mappings = documents(outcome)["AuthenticationConfiguration"]["jwt"][0]["claimMappings"]
    assert mappings["username"]["claim"] == "sub"
    assert "kanidm system oauth2 create-public kubernetes" in outcome.out


def test_flags_take_the_algorithm_that_the_token_has() -> None:
    flags = ("--platform-version=1.34", "--style=flags")
    outcome = call(*GENERIC, *flags, application=application(algorithm="ES256"), environment={"HOME": "/nowhere"})
    assert outcome.code == 0, outcome.err
    assert "--oidc-signing-algs=ES256" in documents(outcome)["arguments"]
    outcome = call(*GENERIC, *flags, application=application(), environment={"HOME": "/nowhere"})
    assert not [word for word in documents(outcome)["arguments"] if "signing-algs" in word]


def test_the_api_server_is_given_the_providers_authority(place: Path) -> None:
    file = place / "ca.pem"
    file.write_text("subject: something\n" + AUTHORITY.replace("\n", "\r\n"), encoding="utf-8")
    flags = (
        f"--certificate-authority={file}",
        f"--certificate-authority-data={base64.b64encode(AUTHORITY.encode()).decode()}",
    )
    outcome = call(*GENERIC, *flags, application=application(), environment={"HOME": "/nowhere"})
    assert documents(outcome)["AuthenticationConfiguration"]["jwt"][0]["issuer"]["certificateAuthority"] == AUTHORITY
    assert "fail" not in outcome.err


def test_paths_are_absolute_in_the_kubeconfig(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    (place / "ca.pem").write_text(AUTHORITY, encoding="utf-8")
    flags = ("--certificate-authority=ca.pem", "--write=out")
    assert call(*GENERIC, *flags, application=application(), environment={"HOME": str(place)}).code == 0
    config = yaml.safe_load((place / "out/kubeconfig").read_text(encoding="utf-8"))
    plugin = config["users"][0]["user"]["exec"]
    assert f"--certificate-authority={place}/ca.pem" in plugin["args"]
    assert Path(plugin["command"]).is_absolute()
    assert (plugin["interactiveMode"], plugin["provideClusterInfo"]) == ("IfAvailable", False)


def test_the_cluster_in_use_is_taken_over_without_its_user(place: Path) -> None:
    (place / ".kube").mkdir()
    (place / ".kube/ca.crt").write_text(AUTHORITY, encoding="utf-8")
    cluster = {"server": "https://api:6443", "certificate-authority": "ca.crt", "tls-server-name": "x"}
    config = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": "never-shown"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "admin"}}],
        "current-context": "here",
    }
    (place / ".kube/config").write_text(json.dumps(config), encoding="utf-8")
    outcome = call(*GENERIC, application=application(), environment={"HOME": str(place)})
    found = documents(outcome)["Config"]["clusters"][0]["cluster"]
    assert (found["server"], found["tls-server-name"]) == ("https://api:6443", "x")
    assert base64.b64decode(found["certificate-authority-data"]).decode() == AUTHORITY
    assert "certificate-authority" not in found
    assert "never-shown" not in outcome.out + outcome.err


def test_without_an_api_server_it_says_so() -> None:
    outcome = call(*GENERIC, application=application(), environment={"HOME": "/nowhere"})
    assert outcome.code == 0
    assert "clusters" not in documents(outcome)["Config"]
    assert "note: no API server is known: name it with --server" in outcome.err
    assert "set-cluster kubernetes --server=URL" in outcome.out


def test_no_secret_is_shown_or_in_the_kubeconfig(place: Path) -> None:
    directory, home = place / "out", place / "home"
    flags = ("--oidc-client-secret=top-secret", "-v2")
    outcome = call(*GENERIC, *flags, application=application(), environment={"HOME": str(home)})
    assert "top-secret" not in outcome.out + outcome.err
    assert not home.exists()
    outcome = call(*GENERIC, *flags, f"--write={directory}", application=application(), environment={"HOME": str(home)})
    assert outcome.code == 0, outcome.err
    assert not [path for path in directory.iterdir() if "top-secret" in path.read_text(encoding="utf-8")]
    config = yaml.safe_load((directory / "kubeconfig").read_text(encoding="utf-8"))
    (word,) = (word for word in config["users"][0]["user"]["exec"]["args"] if "secret" in word)
    assert Path(word.partition("=")[2]).read_text(encoding="utf-8") == "top-secret\n"


@pytest.mark.parametrize("flag", ["--no-sign-in", "--dry-run"])
def test_without_a_sign_in_nobody_is_asked(flag: str, place: Path) -> None:
    told = application()
    flags = (flag, "--admin-group=admins", "--server=https://api:6443", f"--write={place / 'out'}")
    outcome = call(*GENERIC, *flags, application=told, environment={"HOME": "/nowhere"})
    assert (outcome.code, told.asked) == (0, [])
    assert "## Would" not in outcome.err
    assert (place / "out").exists() == (flag == "--no-sign-in")
    assert "--as-group=oidc:admins" in outcome.out + outcome.err


def test_hostile_names_do_not_break_out_of_the_commands(place: Path) -> None:
    """Claims are a stranger's words, and the steps are for a shell."""
    name = "'; rm -rf ~ #\"$(id)`id`"
    directory = place / "it's $HOME"
    told = application(sub=name, groups=["a b", "*"])
    outcome = call(*GENERIC, f"--write={directory}", application=told, environment={"HOME": "/nowhere"})
    assert outcome.code == 0, outcome.err
    steps = (directory / "steps.txt").read_text(encoding="utf-8")
    (line,) = (line for line in steps.splitlines() if "can-i" in line)
    words = shlex.split(line)
    assert words[-3:] == [f"--as=oidc:{name}", "--as-group=oidc:a b", "--as-group=oidc:*"]
    (line,) = (line for line in steps.splitlines() if "apply -f" in line)
    assert shlex.split(line)[-1] == str(directory / "role-bindings.yaml")


@pytest.mark.required("kubectl")
def test_kubectl_reads_the_arguments_as_they_were_typed(place: Path) -> None:
    """Whatever they are: kubectl's reader of YAML is not ours."""
    words = ["--oidc-client-id=1e3: {x} # '\"$(id)\U0001f600", "--browser-command=-it's \\ on", "--account=y"]
    typed = (*GENERIC, *words, "--server=https://api:6443", "--context=1e3", "--user=no", f"--write={place / 'out'}")
    outcome = call(*typed, application=application(), environment={"HOME": "/nowhere"})
    assert (place / "out/kubeconfig").exists(), outcome.err
    view = [str(KUBECTL), "config", "view", "--raw", "--output=json", f"--kubeconfig={place / 'out/kubeconfig'}"]
    found = json.loads(subprocess.run(view, env=clean(place), capture_output=True, check=True, timeout=60).stdout)
    assert (found["current-context"], found["users"][0]["name"]) == ("1e3", "no")
    arguments = found["users"][0]["user"]["exec"]["args"]
    assert arguments == ["get-token", *sorted((f"--oidc-issuer-url={ISSUER}", *words), key=arguments.index)]


def test_hostile_claims_do_not_reach_the_terminal() -> None:
    told = application(groups=["\x1b[2Jadmins\u202e"])
    outcome = call(*GENERIC, application=told, environment={"HOME": "/nowhere"})
    assert outcome.code == 0
    assert "\x1b" not in outcome.out + outcome.err
    assert "\u202e" not in outcome.out + outcome.err


ORDER = {
    "talos": ("1.14", "talosctl --nodes=NODE patch machineconfig --patch"),
    "k3s": ("1.34", "systemctl restart k3s"),
    "rke2": ("1.34", "systemctl restart rke2-server"),
    "kubeadm": ("1.34", "kubeadm init phase control-plane apiserver"),
    "generic": ("1.34", "/etc/kubernetes/authentication/authentication.yaml"),
}


@pytest.mark.parametrize(
    ("flags", "former"),
    [
        (["--platform=generic"], "oidc arguments and anonymous-auth"),
        (["--platform=k3s"], "oidc arguments and anonymous-auth"),
        (["--platform=kubeadm"], "oidc arguments and anonymous-auth"),
        (["--platform=generic", "--platform-version=1.30"], "oidc arguments"),
        (["--platform=generic", "--style=flags"], "other oidc arguments and authentication-config"),
        (["--platform=rke2", "--style=flags"], "other oidc arguments and authentication-config"),
        (["--platform=kubeadm", "--style=flags"], "other oidc arguments and authentication-config"),
    ],
    ids=" ".join,
)
def test_what_may_not_meet_is_to_be_taken_away(flags: list[str], former: str) -> None:
    """Without a file, ``--anonymous-auth=false`` is what keeps strangers out."""
    outcome = call("setup", *PROVIDER, "--no-sign-in", *flags, application=application())
    assert outcome.code == 0, outcome.err
    steps = " ".join(line.removeprefix("# ").strip() for line in outcome.out.partition("# steps.txt")[2].splitlines())
    assert f"take {former} away that were there before" in steps


@pytest.mark.parametrize("platform", ORDER)
def test_nobody_locks_themselves_out(platform: str) -> None:
    """A way back first, then the roles, tried on with --as, then the API server, and the old way goes last."""
    version, applied = ORDER[platform]
    words = ["setup", *PROVIDER, f"--platform={platform}", f"--platform-version={version}"]
    outcome = call(*words, application=application(), environment={"HOME": "/nowhere"})
    assert outcome.code == 0, outcome.err
    steps = outcome.out.partition("# steps.txt")[2]
    order = ["client-registration.txt", "admin.kubeconfig", "apply -f role-bindings.yaml", "--as=", applied, "readyz"]
    places = [steps.index(word) for word in (*order, "--kubeconfig=kubeconfig auth whoami", "never throw it away")]
    assert places == sorted(places)
