"""New tokens in a kubeconfig: the text around them stays, character by character."""

import json

import pytest
import yaml

from kubelogin_py.errors import StorageError
from kubelogin_py.kubernetes.kubeconfig_tokens import with_tokens
from kubelogin_py.secret import Secret

BLOCK = """\
# my clusters
apiVersion: v1   # always
kind: Config

users:
  # the first
- name: alice
  user: {token: keep}   # untouched
- name: bob  # that's me
  user:
    auth-provider:
      name: oidc
      config:
        # the client
        client-id: kubernetes  # registered by ops
        idp-issuer-url: "https://id.example.com"
{tokens}
- name: carol
  user:
    auth-provider:
      name: oidc
      config: {id-token: keep, idp-issuer-url: https://id, refresh-token: keep}
current-context: 'x'
"""
OLD = "        id-token: OLD_ID  # by kubelogin\n        refresh-token: 'OLD_REFRESH'"


def block(tokens: str = OLD) -> str:
    return BLOCK.replace("{tokens}\n", tokens + "\n" if tokens else "")


def put(text: str, id_token: str | None, refresh_token: str | None, user: str = "bob") -> tuple[str, bool]:
    return with_tokens(
        text, user, Secret(id_token) if id_token else None, Secret(refresh_token) if refresh_token else None
    )


def config(text: str, user: str = "bob") -> dict[str, str]:
    (found,) = [entry["user"] for entry in yaml.safe_load(text)["users"] if entry["name"] == user]
    return dict(found["auth-provider"]["config"])


def test_values_are_replaced_and_nothing_else() -> None:
    text, whole = put(block(), "eyJ.new.one", "new-refresh")
    assert whole
    assert text == block("        id-token: eyJ.new.one  # by kubelogin\n        refresh-token: new-refresh")


def test_missing_keys_are_added_before_the_first() -> None:
    """The comments of the others stay theirs."""
    text, whole = put(block(""), "eyJ.new.one", "new-refresh")
    assert whole
    before, after = block("").split("        client-id: kubernetes", 1)
    added = "        id-token: eyJ.new.one\n        refresh-token: new-refresh\n"
    assert text == f"{before}{added}        client-id: kubernetes{after}"


def test_a_key_that_goes_takes_its_line_with_it() -> None:
    text, whole = put(block(), "eyJ.new.one", None)
    assert whole
    assert text == block("        id-token: eyJ.new.one  # by kubelogin")


def test_both_keys_go() -> None:
    assert put(block(), None, None) == (block(""), True)


def test_nothing_changes_for_the_tokens_that_are_there() -> None:
    text = block(OLD.replace("'OLD_REFRESH'", "OLD_REFRESH"))
    assert put(text, "OLD_ID", "OLD_REFRESH") == (text, True)


STYLES = {
    "plain": "        id-token: OLD\n        refresh-token: OLD",
    "quoted": "        id-token: \"O'L\\\"D\"\n        refresh-token: 'O''LD'",
    "empty": "        id-token:\n        refresh-token:   # none yet",
    "empty-quoted": "        id-token: ''\n        refresh-token: \"\"",
    "null": "        id-token: null\n        refresh-token: ~",
    "next-line": "        id-token:\n          OLD\n        refresh-token:\n          OLD",
    "number": "        id-token: 12\n        refresh-token: 0x1f",
    "bool": "        id-token: yes\n        refresh-token: true",
    "quoted-key": "        \"id-token\": OLD\n        'refresh-token': OLD",
    "tagged": "        id-token: !!str OLD\n        refresh-token: !!str 12",
    "anchored": "        id-token: &x OLD\n        refresh-token: OLD",
    "literal": "        id-token: |\n          OLD\n          OLD\n        refresh-token: |-\n          OLD",
    "folded-plain": "        id-token: OLD\n          OLD\n        refresh-token: OLD",
    "blank-lines": "\n        id-token: OLD\n\n        refresh-token: OLD\n\n",
    "only-refresh": "        refresh-token: OLD",
    "only-id": "        id-token: OLD",
    "neither": "",
}
CHANGES = {
    "both": ("NEW_ID", "NEW_REFRESH"),
    "no-refresh": ("NEW_ID", None),
    "no-id": (None, "NEW_REFRESH"),
    "nothing": (None, None),
}


@pytest.mark.parametrize(("change", "line_end"), [*((change, "\n") for change in CHANGES), ("no-refresh", "\r\n")])
@pytest.mark.parametrize("style", STYLES)
def test_every_style_ends_in_what_was_meant_with_its_comments(style: str, change: str, line_end: str) -> None:
    before = block(STYLES[style]).replace("\n", line_end)
    id_token, refresh_token = CHANGES[change]
    text, whole = put(before, id_token, refresh_token)
    found = config(text)
    assert (found.pop("id-token", None), found.pop("refresh-token", None)) == (id_token, refresh_token)
    assert found == {"client-id": "kubernetes", "idp-issuer-url": "https://id.example.com"}
    assert config(text, "carol") == config(before, "carol")
    assert yaml.safe_load(text)["users"][0] == yaml.safe_load(before)["users"][0]
    assert whole
    for comment in ("# my clusters", "# the first", "# that's me", "# the client", "# registered by ops"):
        assert comment in text
    assert ("\r" in text) == (line_end == "\r\n")


TOKENS = {
    "jwt": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln-_",
    "opaque": "1//0g-abc_DEF",
    "quotes": "a'b\"c\\d",
    "colon-and-comment": "a: b #c",
    "braces": "{a, b]",
    "number": "123",
    "bool": "true",
    "bool-yaml-1.1": "Off",
    "null": "null",
    "tilde": "~",
    "exponent": "1e5",
    "dash": "-",
    "dashes": "---",
    "question": "? a",
    "blank-around": " a ",
    "percent": "%a",
    "at": "@a",
    "backtick": "`a",
    "beyond-ascii": "gültig",
    "control": "a\tb\x7fc",
    "line-end": "a\nb",
    "astral": "a🔑b",
    "long": "x" * 20_000,
}


@pytest.mark.parametrize("user", ["bob", "carol"], ids=["block", "braces"])
@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_any_token_arrives_unchanged(token: str, user: str) -> None:
    text, _ = put(block(), token, token, user)
    found = config(text, user)
    assert (found["id-token"], found["refresh-token"]) == (token, token)


JSON = {
    "compact": json.dumps(yaml.safe_load(block())),
    "pretty": json.dumps(yaml.safe_load(block()), indent=2),
}


@pytest.mark.parametrize("text", JSON.values(), ids=JSON)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("start", ["with", "without"])
def test_json_stays_json(text: str, change: tuple[str | None, str | None], start: str) -> None:
    if start == "without":
        document = json.loads(text)
        for name in ("id-token", "refresh-token"):
            del document["users"][1]["user"]["auth-provider"]["config"][name]
        text = json.dumps(document, indent=2)
    changed, _ = put(text, *change)
    found = json.loads(changed)["users"][1]["user"]["auth-provider"]["config"]
    assert (found.pop("id-token", None), found.pop("refresh-token", None)) == change
    assert found == {"client-id": "kubernetes", "idp-issuer-url": "https://id.example.com"}


SHARED = """\
# lost
users:
- name: bob
  user:
    auth-provider:
      name: oidc
      config: &shared
        client-id: kubernetes
        id-token: &token OLD
        refresh-token: *token
- name: twin
  user:
    auth-provider:
      name: oidc
      config: *shared
"""


def test_what_is_shared_by_an_alias_changes_for_one_user_only() -> None:
    """There is no such text to replace: the document is written anew, and says so."""
    text, whole = put(SHARED, "NEW_ID", "NEW_REFRESH", "twin")
    assert not whole
    assert config(text, "twin") == {
        "client-id": "kubernetes",
        "id-token": "NEW_ID",
        "refresh-token": "NEW_REFRESH",
    }
    assert config(text, "bob") == {"client-id": "kubernetes", "id-token": "OLD", "refresh-token": "OLD"}


def test_a_user_that_is_gone_is_an_error() -> None:
    with pytest.raises(StorageError):
        put(block(), "a", "b", "dave")


def test_a_byte_order_mark_stays() -> None:
    text, whole = put("\ufeff" + block(), "NEW", "NEW")
    assert whole
    assert text.startswith("\ufeff# my clusters")
    assert config(text.removeprefix("\ufeff"))["id-token"] == "NEW"
