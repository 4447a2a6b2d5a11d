"""The difference is shown, and no secret of either text."""

from pathlib import Path

import pytest

from kubelogin_py.kubernetes.kubeconfig_diff import difference

PATH = Path("/home/me/.kube/config")
TEMPLATE = "apiVersion: v1\nusers:\n- name: a\n  user:\n    {}\n"
SECRETS = {
    "token": "token: hunter2",
    "quoted": 'token: "hunter2"',
    "password": "username: a\n    password: hunter2",
    "key": "client-key-data: |\n      hunter2\n      hunter2",
    "folded": "token: >-\n      hunter2\n      hunter2",
    "config": "auth-provider: {name: oidc, config: {id-token: hunter2, client-secret: hunter2}}",
    "argument": "exec: {args: [get-token, --oidc-client-secret=hunter2, --password, hunter2]}",
    "block": "exec:\n      args:\n      - --oidc-client-secret=hunter2\n      - --oidc-request-header=X-Key=hunter2",
    "variable": "exec: {env: [{name: KUBELOGIN_CLIENT_SECRET, value: hunter2}, {value: hunter2, name: API_TOKEN}]}",
    "alias": "token: &a hunter2\n    password: *a",
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("change", ["another", "removed", "moved", "added"])
def test_no_secret_is_shown(text: str, change: str) -> None:
    before = TEMPLATE.format(text)
    after = {
        "another": before.replace("hunter2", "hunter3"),
        "removed": TEMPLATE.format("{}"),
        "moved": before.replace("- name: a", "- name: b"),
        "added": before,
    }[change]
    lines = difference(PATH, "" if change == "added" else before, after)
    assert lines
    assert "hunter" not in "\n".join(lines)
    assert change == "moved" or "(secret 1)" in "\n".join(lines)


def test_what_is_no_secret_is_shown() -> None:
    text = "exec: {args: [--token-cache-dir=x, --oidc-client-secret-file=y, --oidc-use-access-token, --x=z], env: null}"
    shown = "\n".join(difference(PATH, "", TEMPLATE.format(text)))
    assert "secret " not in shown
    assert all(f"={word}" in shown for word in "xyz")


def test_a_secret_that_stays_is_no_difference() -> None:
    before = TEMPLATE.format("token: hunter2")
    lines = difference(PATH, before, before.replace("name: a", "name: b"))
    assert lines[:2] == ["--- /home/me/.kube/config (now)", "+++ /home/me/.kube/config (then)"]
    assert [line for line in lines if line[0] in "+-"][2:] == ["-- name: a", "+- name: b"]
    assert difference(PATH, before, before) == []


def test_nothing_reaches_the_terminal_raw() -> None:
    lines = difference(PATH, "", 'a: "\x1b]0;x\x07"\nb: "\u202e"\n'.replace("\x1b", "\\e").replace("\x07", "\\a"))
    assert all(line.isprintable() for line in lines)
