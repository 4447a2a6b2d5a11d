"""One entry changes; everything else in the kubeconfig stays, to the letter wherever that can be."""

import difflib
import json

import pytest
import yaml

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes.kubeconfig_edit import Edited, Entry, Kind, edited

CONFIG = """\
# My clusters.
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: QUJD # from the admin
    server: https://one.example.com:6443
  name: one
# The second one.
- cluster:
    server: https://two.example.com
  name: two
contexts:
- context: {cluster: one, user: admin, namespace: web}
  name: one
current-context: one
kind: Config
preferences: {}
users:
- name: admin # break glass
  user:
    client-certificate-data: QUJD
    client-key-data: |
      REVG

# Below the admin.
- name: robot
  user:
    token: abc
# The end.
"""
USER = Entry(Kind.USER, "oidc", {"exec": {"command": "/usr/bin/kubelogin", "args": ["get-token", "--x=a: b"]}})
CLUSTER = Entry(Kind.CLUSTER, "three", {"server": "https://three.example.com"})
CONTEXT = Entry(Kind.CONTEXT, "oidc@three", {"cluster": "three", "user": "oidc"})


def put(text: str, *entries: Entry, current: str = "") -> Edited:
    """Return the changed text, once it is clear that only what was to change has another meaning."""
    result = edited(text, entries, current_context=current)
    before, after = yaml.safe_load(text) or {}, yaml.safe_load(result.text)
    for kind in Kind:
        ours = {entry.name: entry.body for entry in entries if entry.kind is kind}
        old, new = ({one["name"]: one for one in document.get(kind) or []} for document in (before, after))
        assert list(new) == [*old, *(name for name in ours if name not in old)]
        assert new == old | {name: {"name": name, kind.member: dict(body)} for name, body in ours.items()}
    rest = {"clusters", "contexts", "users", "current-context"}
    assert {k: v for k, v in before.items() if k not in rest} == {
        k: v for k, v in after.items() if k not in rest and (before or k not in ("apiVersion", "kind"))
    }
    assert after.get("current-context") == (current or before.get("current-context"))
    return result


def test_new_entries_follow_the_others() -> None:
    result = put(CONFIG, CLUSTER, USER, CONTEXT)
    assert result.whole
    difference = list(difflib.ndiff(CONFIG.splitlines(), result.text.splitlines()))
    assert [line for line in difference if line.startswith("- ")] == []
    added = [line[2:] for line in difference if line.startswith("+ ")]
    assert added[:3] == ["- name: three", "  cluster:", "    server: https://three.example.com"]
    assert added[3] == "- name: oidc@three"


def test_an_entry_takes_the_place_of_its_namesake() -> None:
    entry = Entry(Kind.USER, "robot", {"token": "new"})
    assert put(CONFIG, entry) == Edited(CONFIG.replace("token: abc", "token: new"))


def test_comments_between_entries_stay_where_they_are() -> None:
    result = put(CONFIG, Entry(Kind.USER, "admin", {"token": "new"}), Entry(Kind.CLUSTER, "one", {"server": "s"}))
    assert "\n  name: one\n" not in result.text.partition("contexts:")[0]
    assert "- name: one\n  cluster:\n    server: s\n# The second one.\n- cluster:\n" in result.text
    assert "- name: admin\n  user:\n    token: new\n# Below the admin.\n- name: robot\n" in result.text


def test_the_same_again_changes_nothing() -> None:
    once = put(CONFIG, CLUSTER, USER, CONTEXT, current="oidc@three").text
    assert put(once, CLUSTER, USER, CONTEXT, current="oidc@three") == Edited(once)


@pytest.mark.parametrize("name", ["oidc@three", "true", "1", "a: b", "#", "é", "-"])
def test_the_current_context_is_set_in_place(name: str) -> None:
    result = put(CONFIG, current=name)
    changed = [line for line in result.text.splitlines() if line not in CONFIG.splitlines()]
    assert len(changed) == 1
    assert result.whole


@pytest.mark.parametrize("value", ["", '""', "null", "~", "'x' # old"], ids=str)
def test_an_empty_current_context_is_set(value: str) -> None:
    text = f"apiVersion: v1\ncurrent-context: {value}\nkind: Config\n"
    result = edited(text, [], current_context="oidc")
    assert result.text.startswith("apiVersion: v1\ncurrent-context: oidc")
    assert yaml.safe_load(result.text) == {"apiVersion": "v1", "current-context": "oidc", "kind": "Config"}


@pytest.mark.parametrize("text", ["", "\n", "# Mine.\n", "---\n", "# Mine.", "null\n", "{}\n"], ids=repr)
def test_a_new_kubeconfig_is_whole(text: str) -> None:
    result = edited(text, [CLUSTER, USER, CONTEXT], current_context="oidc@three")
    document = yaml.safe_load(result.text)
    assert (document["apiVersion"], document["kind"]) == ("v1", "Config")
    assert document["current-context"] == "oidc@three"
    assert [document[kind][0]["name"] for kind in Kind] == ["three", "oidc", "oidc@three"]
    assert ("# Mine." in result.text) == ("# Mine." in text)


@pytest.mark.parametrize(
    "empty",
    [
        "users: []\n",
        "users: [] # nobody\n",
        "users: null\n",
        "users: ~ # nobody\n",
        "users:\n",
        "users: # nobody\n",
        "",
    ],
    ids=repr,
)
def test_the_first_entry_of_a_list(empty: str) -> None:
    text = f"# Mine.\napiVersion: v1\n{empty}kind: Config\n"
    result = put(text, USER)
    assert result.whole
    assert "# Mine." in result.text
    assert ("# nobody" in result.text) == ("# nobody" in empty)
    assert "kind: Config\n" in result.text


def test_lines_keep_their_ends_and_dashes_their_column() -> None:
    text = CONFIG.replace("\n- ", "\n  - ").replace("\n    ", "\n      ").replace("\n  name", "\n    name")
    text = text.replace("\n  user:", "\n    user:").replace("\n", "\r\n")
    result = put(text, USER, CLUSTER)
    assert result.whole
    assert result.text.count("\n") == result.text.count("\r\n")
    assert "\r\n  - name: oidc\r\n    user:\r\n" in result.text


def test_a_last_line_without_an_end() -> None:
    assert put(CONFIG.removesuffix("# The end.\n").rstrip("\n"), USER).whole


@pytest.mark.parametrize("indent", [None, 2])
def test_json_stays_json(indent: int | None) -> None:
    text = json.dumps(yaml.safe_load(CONFIG), indent=indent)
    result = put(text, USER, Entry(Kind.USER, "admin", {"token": "new"}), CONTEXT, current="oidc@three")
    assert json.loads(result.text)["current-context"] == "oidc@three"
    assert result.whole


@pytest.mark.parametrize(
    "text",
    [
        CONFIG.replace("- name: robot", "-\n  name: robot"),
        CONFIG.replace("    token: abc", "    &a token: abc").replace("The end", "The *a end"),
        CONFIG.replace("users:\n", "users: # all of them\n").replace(
            "- name: robot\n  user:", "- name: robot\n  user: &b"
        ),
        "users: [{name: robot, user: {token: abc}}]\ncontexts: []\n",
        CONFIG + "extensions: [x]\n",
        "a: &x {token: abc}\nusers:\n- &u\n  name: robot\n  user: *x\n- *u\n".replace("- *u\n", ""),
        CONFIG.replace("  user:\n    token: abc", "  user: &t\n    token: abc") + "more: *t\n",
    ],
    ids=["dash-alone", "anchored-key", "comment-after-list", "flow", "more-keys", "alias-value", "alias-to-old"],
)
def test_other_ways_to_write_one(text: str) -> None:
    put(text, Entry(Kind.USER, "robot", {"token": "new"}), USER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- name: admin # break glass\n  user:\n", "- {name: flow, user: {token: x}} # flow\n- name: admin\n  user:\n"),
        ("- name: robot\n  user:\n    token: abc\n", "- {name: robot, user: {token: abc}}   # flow\n"),
        ("- name: robot\n  user:\n    token: abc\n", "- {name: robot,\n  user: {token: abc}}\n"),
        ("- name: admin # break glass\n", "- # break glass\n  name: admin\n"),
        ("- name: admin # break glass\n", "- &admin # break glass\n  name: admin\n"),
        ("users:\n", "users: &all # of them\n"),
        ("preferences: {}\n", "preferences: &none {}\nextensions: *none\n"),
        ("    token: abc\n", "    &key token: &value abc\n"),
        ("# The end.\n", "# The end.\n...\n"),
        ("# The end.\n", "# The end.\n... # really\n# No, now.\n"),
        ("# My clusters.\n", "# My clusters.\n---\n"),
        ("contexts:\n- context: {cluster: one, user: admin, namespace: web}\n  name: one\n", "contexts: [] # none\n"),
        (
            "contexts:\n- context: {cluster: one, user: admin, namespace: web}\n  name: one\n",
            "contexts: [\n  {name: one, context: {}}, # one\n  {name: oidc@three, context: {}}, # three\n]\n",
        ),
    ],
)
def test_comments_stay_however_it_is_written(old: str, new: str) -> None:
    text = CONFIG.replace(old, new)
    assert text != CONFIG
    result = put(
        text, CLUSTER, USER, CONTEXT, Entry(Kind.CLUSTER, "one", {"server": "https://1"}), current="oidc@three"
    )
    assert result.whole
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line and "from the admin" not in line]
    assert [line.partition("#")[2] for line in result.text.splitlines() if "#" in line] == comments
    robot = text[text.index("robot") :].partition("# The end")[0]
    assert robot in result.text


def test_what_an_alias_stands_for_is_elsewhere() -> None:
    body = "  cluster: &one # as below\n    certificate-authority-data: QUJD # from the admin\n"
    text = CONFIG.replace("- cluster:\n    certificate-authority-data: QUJD # from the admin\n", f"-{body[1:]}")
    text = text.replace(
        "- cluster:\n    server: https://two.example.com\n  name: two\n", "- name: two\n  cluster: *one\n"
    )
    assert text.count("*one") == text.count("&one") == 1
    result = put(text, CLUSTER, Entry(Kind.CLUSTER, "two", {"server": "https://2"}))
    assert result.whole
    assert "# as below" in result.text
    assert "- name: two\n  cluster:\n    server: https://2\n- name: three\n" in result.text


def test_what_has_to_be_written_anew_says_so() -> None:
    assert not put("# gone\n{users: [{name: robot, user: {token: abc}}]}\n", USER).whole
    text = CONFIG.replace("    server: https://one", "    server: &url https://one") + "more: *url\n"
    assert not put(text, Entry(Kind.CLUSTER, "one", {"server": "https://1"})).whole


@pytest.mark.parametrize("text", ["- a\n", "a: 1\na: 2\n", "text\n", "a: *b\n"], ids=repr)
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        edited(text, [USER])
