"""talosconfig files as people and programs write them: one context changes, nothing else does."""

import pytest
import yaml

from kubelogin_py import Secret
from talos_cred.errors import TalosconfigError
from talos_cred.talosconfig import Talosconfig, encoded

NEW = {"ca": "Y2E=", "crt": "Y3J0", "key": "a2V5"}
FIRST = {"endpoints": ["10.0.0.1"], **NEW}

FULL = """\
# my clusters
context: prod   # the important one
contexts:
    prod:
        endpoints:
            - 10.0.0.1 # first
            - 10.0.0.2
        nodes:
            - 10.0.0.5
        ca: T0xE
        crt: T0xE
        key: T0xE
        proxy-url: http://proxy:3128
    omni:
        endpoints:
            - https://omni.example.test
        auth:
            siderov1:
                identity: alice@example.test
        cluster: mine
    # left by hand
    oidc:
        endpoints: [10.1.0.1]
        nodes: [10.1.0.5]
        future:
            - {a: 1}
        ca: b2xk
        key: "b2xk"
        crt: 'b2xk'
# the end
"""


def edited(text: str, name: str, members: dict[str, object], *, use: bool = False) -> str:
    return Talosconfig(text, "config").with_context(name, members, use=use)


def test_only_the_three_values_change_in_the_text() -> None:
    """A renewal changes ca, crt and key of one context; every other byte stays."""
    found = edited(FULL, "oidc", NEW)
    assert found == FULL.replace("ca: b2xk", "ca: Y2E=").replace('"b2xk"', "a2V5").replace("'b2xk'", "Y3J0")


def test_the_same_values_change_nothing() -> None:
    once = edited(FULL, "oidc", NEW)
    assert edited(once, "oidc", NEW) == once


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "{}", "{}\n", "---\n", "null\n"])
def test_an_empty_file_gets_the_context_and_uses_it(text: str) -> None:
    """A first login into an empty file is usable without another word."""
    found = yaml.safe_load(edited(text, "oidc", FIRST))
    assert found == {"context": "oidc", "contexts": {"oidc": FIRST}}


def test_comments_of_an_otherwise_empty_file_stay() -> None:
    assert edited("# nothing yet\n", "oidc", FIRST).startswith("# nothing yet\n")


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        FULL.replace("\n", "\r\n"),
        FULL.rstrip("\n"),
        FULL.removesuffix("# the end\n").rstrip("\n"),
        "context: prod\ncontexts:\n  prod:\n    ca: eA==\n",
        "contexts:\n  prod: {ca: eA==}\n",
        "contexts: {prod: {ca: eA==}}\n",
        "contexts: {prod: {ca: eA==}}",
        "context: ''\ncontexts: {}\n",
        "context: ''\ncontexts:\n",
        "context: ''\ncontexts: # none\nfuture: 1\n",
        "context: prod\n",
        "%YAML 1.1\n---\ncontext: prod\ncontexts:\n    prod:\n        key: |\n            eA==\n",
        "contexts:\n    prod:\n        nodes: &n [1.2.3.4]\n    other:\n        nodes: *n\n",
        "contexts:\n    prod:\n    other:\n        nodes: []\n",
        "contexts:\n    prod:\n        key: >-\n            eA==\n\n\n",
        '{"context": "prod", "contexts": {"prod": {"ca": "eA=="}}}',
    ],
    ids=range(17),
)
@pytest.mark.parametrize("use", [False, True])
@pytest.mark.parametrize("name", ["new", "no", "1", "a: b", "prod", "übung"])
def test_whatever_the_layout_everything_else_means_the_same(text: str, use: bool, name: str) -> None:
    """Unknown members, other contexts and the current context survive a new context in any style of YAML."""
    before = yaml.safe_load(text)
    after = yaml.safe_load(edited(text, name, FIRST, use=use))
    contexts = dict(before.get("contexts") or {})
    first = not contexts and not before.get("context")
    expected = {**before, "contexts": {**contexts, name: {**(contexts.get(name) or {}), **FIRST}}}
    if use or first:
        expected["context"] = name
    assert after == expected


def test_comments_survive_a_new_context() -> None:
    found = edited(FULL, "new", FIRST)
    for line in FULL.splitlines():
        assert line in found.splitlines()


def test_use_changes_the_current_context_only_when_asked() -> None:
    assert Talosconfig(edited(FULL, "oidc", NEW), "c").current == "prod"
    assert Talosconfig(edited(FULL, "oidc", NEW, use=True), "c").current == "oidc"
    assert "context: oidc   # the important one\n" in edited(FULL, "oidc", NEW, use=True)


@pytest.mark.parametrize("name", ["prod", "omni", "oidc"])
def test_a_context_is_removed_alone(name: str) -> None:
    before = yaml.safe_load(FULL)
    after = yaml.safe_load(Talosconfig(FULL, "config").without_context(name, current="omni"))
    del before["contexts"][name]
    assert after == {**before, "context": "omni"}


@pytest.mark.parametrize("text", [FULL, "context: only\ncontexts:\n    only:\n        ca: eA==\n# end\n"])
def test_removing_every_context_leaves_an_empty_mapping(text: str) -> None:
    for name in list(yaml.safe_load(text)["contexts"]):
        text = Talosconfig(text, "config").without_context(name, current="")
    assert yaml.safe_load(text) == {"context": "", "contexts": {}}


@pytest.mark.parametrize(
    "text",
    [
        "context: [",
        "contexts:\n\tprod: {}\n",
        "\ufeffcontext: a\n",
        "context: a\ncontext: b\n",
        "contexts:\n  a: {}\n  a: {}\n",
        "context: !!python/object:os.system x\n",
        "context: !mine x\n",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n"
        + "".join(f"l{i}: &l{i} [{','.join(['*' + (f'l{i - 1}' if i else 'c')] * 9)}]\n" for i in range(9)),
        "a: &a [*a]\n",
        "- a\n- b\n",
        "context: a\n---\ncontext: b\n",
        "contexts: [a]\n",
        "contexts: {1: {}}\n",
        "? [a]\n: b\n",
        "context: a" + " " * (1 << 20),
        "[" * 3000,
        "a\x00b",
    ],
    ids=[
        "broken",
        "tabs",
        "byte-order-mark",
        "twice",
        "context-twice",
        "python-object",
        "own-tag",
        "laughs",
        "loop",
        "list",
        "two-documents",
        "contexts-a-list",
        "number-as-name",
        "list-as-name",
        "large",
        "deep",
        "nul",
    ],
)
def test_hostile_documents_are_refused(text: str) -> None:
    """T-08: what is no plain talosconfig is refused, and nothing of it is run or unfolded."""
    with pytest.raises(TalosconfigError, match="is not used") as refused:
        edited(text, "oidc", NEW)
    assert refused.value.message.isprintable()


def test_a_context_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(TalosconfigError, match="context oidc is not a mapping"):
        edited("contexts: {oidc: 5}\n", "oidc", NEW)


@pytest.mark.parametrize(("name", "read"), [("no", "False"), ("1", "1"), ("2026-01-01", "2026-01-01"), ("~", "None")])
def test_a_name_that_yaml_reads_as_something_else_is_to_be_quoted(name: str, read: str) -> None:
    with pytest.raises(TalosconfigError, match=f"as {read}; put it in quotes"):
        edited(f"contexts:\n    {name}: {{}}\n", "oidc", NEW)
    assert "oidc" in edited(f"contexts:\n    '{name}': {{}}\n", "oidc", NEW)


def test_pem_texts_are_base64_once_more() -> None:
    members = encoded("CA", "CERT", Secret("KEY"))
    config = Talosconfig(edited("", "oidc", members), "config")
    assert [config.pem("oidc", name) for name in ("ca", "crt", "key", "other")] == ["CA", "CERT", "KEY", None]
