"""What each platform is given: golden files, valid by the API references, the same to Kubernetes' own YAML reader."""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cel
import jsonschema
import pytest
import yaml

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes import api_server_flags, authentication_configuration, platform_files, role_bindings
from kubelogin_py.kubernetes.jwt_authenticator import FLAG_ALGORITHMS, JwtAuthenticator
from kubelogin_py.kubernetes.platform import Platform, Style, choose
from kubelogin_py.kubernetes.role_bindings import Bound
from tests.kubernetes import golden, schemas
from tests.support.environment import clean
from tests.support.kubectl import KUBECTL


def documents(case: str) -> dict[str, list[Any]]:
    """Return the YAML documents of a case by file."""
    return {file.name: [*yaml.safe_load_all(file.text)] for file in golden.made(case) if file.name.endswith(".yaml")}


@pytest.mark.parametrize("case", golden.CASES)
def test_the_files_are_as_agreed(case: str) -> None:
    folder = golden.FOLDER / case
    assert {file.name: file.text for file in golden.made(case)} == {
        path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()
    }


def test_there_is_a_case_for_each_golden_folder() -> None:
    assert {path.name for path in golden.FOLDER.iterdir()} == set(golden.CASES)
    assert {platform for platform, *_ in golden.CASES.values()} == set(Platform)


def schema(case: str, name: str) -> list[dict[str, Any]]:
    """Return the schemas of the documents in a file, by what the platform reads there."""
    platform, version, style, _ = golden.CASES[case]
    target = choose(platform, version, style)
    if name == platform_files.CONFIGURATION:
        return [schemas.authentication(target.api_version, anonymous="1.30" not in version)]
    if name == "talos-patch.yaml" and target.style is Style.STRUCTURED:
        return [schemas.TALOS_DOCUMENT]
    if name == "kubeadm.yaml":
        minor = int(version.removeprefix("v").split(".")[1])
        return [schemas.kubeadm(f"kubeadm.k8s.io/{'v1beta3' if minor <= 30 else 'v1beta4'}")]
    return {
        "talos-patch.yaml": [schemas.TALOS_PATCH, schemas.TALOS_ROOTS],
        "config.yaml": [schemas.RANCHER],
        "kube-apiserver.yaml": [schemas.GENERIC],
    }[name]


@pytest.mark.parametrize("case", golden.CASES)
def test_the_files_are_valid(case: str) -> None:
    for name, found in documents(case).items():
        for document, expected in zip(found, schema(case, name), strict=False):
            jsonschema.Draft202012Validator.check_schema(expected)
            jsonschema.validate(document, expected)


@pytest.mark.required("kubectl")
def test_kubernetes_reads_the_same(tmp_path: Path) -> None:
    """YAML's readers differ in what is a number, a truth or a date; kubectl reads as API servers do."""
    files = [file.text for case in golden.CASES for file in golden.made(case) if file.name.endswith(".yaml")]
    texts = [part for text in files for part in re.split(r"(?m)^---\n", text)]
    assert as_kubernetes_reads(texts, tmp_path / "all.yaml") == [yaml.safe_load(text) for text in texts]


def as_kubernetes_reads(texts: Sequence[str], path: Path) -> list[Any]:
    """Return YAML documents as kubectl understands them."""
    bodies = ["".join(f"  {line}\n" for line in text.splitlines()) for text in texts]
    path.write_text("---\n".join(f"apiVersion: v1\nkind: Any\ndocument:\n{body}" for body in bodies), encoding="utf-8")
    command = [KUBECTL, "patch", "--local", "-f", path, "--type=merge", "-p", "{}", "-o", "json"]
    done = subprocess.run(command, env=clean(path.parent), capture_output=True, check=True, timeout=60, text=True)
    # One object after another, each on lines of its own.
    return [json.loads(one)["document"] for one in re.split(r"(?m)(?<=^\})\n", done.stdout) if one]


@pytest.mark.parametrize("case", golden.CASES)
def test_the_anonymous_block_is_always_there_and_narrow(case: str) -> None:
    """Without it, anybody may ask for more than health; 1.30 alone does not know it yet."""
    for found in documents(case).values():
        for document in found:
            configuration = document.get("configuration", document) if isinstance(document, dict) else {}
            if "jwt" in configuration and case != "kubeadm-1.30":
                paths = [one["path"] for one in configuration["anonymous"]["conditions"]]
                assert paths == ["/livez", "/readyz", "/healthz"]


@pytest.mark.parametrize("case", golden.CASES)
def test_flags_and_file_are_never_mixed(case: str) -> None:
    """An API server that is given both does not start."""
    text = "".join(file.text for file in golden.made(case) if not file.name.endswith(".txt"))
    assert ("authentication-config" in text or "jwt:" in text) != ("oidc-issuer-url" in text)
    assert "anonymous-auth" not in text


def rules(kind: str) -> list[str]:
    jwt = authentication_configuration.configuration(golden.FULL)["jwt"]
    assert isinstance(jwt, list)
    return [rule["expression"] for rule in jwt[0][kind] if "expression" in rule]


@pytest.mark.parametrize(
    ("username", "groups", "accepted"),
    [
        ("oidc:alice", ["oidc:admins"], True),
        ("oidc:alice", [], True),
        ("system:admin", [], False),
        ("alice", ["x", "system:masters"], False),
    ],
)
def test_the_rules_on_users_mean_what_they_say(username: str, groups: list[str], accepted: bool) -> None:
    user = {"username": username, "groups": groups}
    assert all(cel.evaluate(rule, {"user": user}) for rule in rules("userValidationRules")) is accepted


@pytest.mark.parametrize(
    ("claims", "accepted"),
    [({}, True), ({"email_verified": True}, True), ({"email_verified": False}, False)],
)
def test_the_rule_on_the_address_means_what_it_says(claims: dict[str, Any], accepted: bool) -> None:
    (rule,) = rules("claimValidationRules")
    assert cel.evaluate(rule, {"claims": claims}) is accepted


HOSTILE = [
    'x"\ninjected: true\n#',
    "'; rm -rf / #",
    "${HOME} $(id) `id`",
    "{{ template }}",
    "*alias",
    "&anchor",
    "!tag",
    "- item",
    "a: b",
    "# comment",
    "---",
    "...",
    "%YAML 9",
    "@at",
    "|",
    ">",
    "\u202eevil",
    "\U0001f600",
    "\x1b[2J",
    "\x85\u2028",
    "1e3",
    "0x10",
    "0o17",
    "1_000",
    "12:30:45",
    "2026-01-01",
    "~",
    "null",
    "Yes",
    "y",
    "on",
    ".inf",
    "=",
    "<<",
    " blanks ",
    "') || true || ('",
    "-----BEGIN CERTIFICATE-----\nx: y\n",
]


@pytest.mark.required("kubectl")
def test_no_name_breaks_out(tmp_path: Path) -> None:
    """Whatever claims, prefixes and audiences are called: every reader finds them as text, in their place."""
    authenticator = JwtAuthenticator(
        "https://id.example.com",
        tuple(HOSTILE),
        username_claim=HOSTILE[0],
        username_prefix=HOSTILE[1],
        groups_claim=HOSTILE[-2],
        groups_prefix=HOSTILE[3],
        required_claims=tuple((name, name) for name in HOSTILE),
    )
    (patch,) = platform_files.files(choose(Platform.TALOS, "1.14"), authenticator)
    wanted = authentication_configuration.configuration(authenticator)
    assert yaml.safe_load(patch.text)["configuration"] == wanted
    assert as_kubernetes_reads([patch.text], tmp_path / "hostile.yaml")[0]["configuration"] == wanted
    assert patch.text.isascii()
    # No expression holds a word of theirs.
    expressions = [line for line in patch.text.splitlines() if "expression:" in line]
    assert len(expressions) == 2


@pytest.mark.required("kubectl")
def test_no_group_breaks_out(tmp_path: Path) -> None:
    """The same for those who are bound, in the bindings and in what is only proposed."""
    server, hostile = golden.PLAIN, Bound(tuple(HOSTILE), tuple(HOSTILE))
    text = role_bindings.documents(server, hostile, Bound(), Bound())
    (document,) = as_kubernetes_reads([text], tmp_path / "bindings.yaml")
    assert document == yaml.safe_load(text)
    assert [one["name"] for one in document["subjects"]] == 2 * [f"oidc:{name}" for name in HOSTILE]
    proposed = role_bindings.documents(server, Bound(), Bound(), hostile)
    (document,) = yaml.safe_load_all(proposed)
    assert document["roleRef"]["name"] == "view"


def test_hostile_flags_stay_in_their_list(tmp_path: Path) -> None:
    for name in HOSTILE:
        authenticator = JwtAuthenticator("https://id.example.com", (name,), algorithms=FLAG_ALGORITHMS)
        target = choose(Platform.K3S, "1.34", Style.FLAGS)
        (file,) = platform_files.files(target, authenticator)
        arguments = yaml.safe_load(file.text)["kube-apiserver-arg"]
        assert arguments[1] == f"oidc-client-id={name}"
        assert len(arguments) == 6


IMPOSSIBLE = {
    "two-audiences": (Platform.K3S, JwtAuthenticator("https://x", ("a", "b")), "one audience"),
    "equals-sign": (
        Platform.GENERIC,
        JwtAuthenticator("https://x", ("a",), required_claims=(("a=b", "c"),)),
        "equals sign",
    ),
    "talos-two-required-claims": (
        Platform.TALOS,
        JwtAuthenticator("https://x", ("a",), required_claims=(("a", "b"), ("c", "d"))),
        "one required claim",
    ),
}


@pytest.mark.parametrize(("platform", "authenticator", "reason"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_flags_can_not_say_is_refused(platform: Platform, authenticator: JwtAuthenticator, reason: str) -> None:
    target = choose(platform, "1.13" if platform is Platform.TALOS else "1.34", Style.FLAGS)
    with pytest.raises(SettingsError, match=reason):
        platform_files.check(target, authenticator)


def test_several_required_claims_are_several_flags() -> None:
    authenticator = JwtAuthenticator("https://x", ("a",), required_claims=(("a", "b"), ("c", "d=e")))
    api_server_flags.check(authenticator)
    found = [value for name, value in api_server_flags.flags(authenticator) if name == "oidc-required-claim"]
    assert found == ["a=b", "c=d=e"]


def test_without_groups_nothing_is_said_about_them() -> None:
    authenticator = JwtAuthenticator("https://x", ("a",), groups_claim="")
    assert not [name for name, _ in api_server_flags.flags(authenticator) if "groups" in name]
    assert "groups:" not in "".join(
        file.text for file in platform_files.files(choose(Platform.GENERIC, "1.34"), authenticator)
    )
