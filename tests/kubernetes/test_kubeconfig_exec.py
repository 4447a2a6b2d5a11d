"""The plugin of a context, as kubectl would start it."""

from pathlib import Path

import pytest

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes.kubeconfig_exec import ExecPlugin, find

CONFIG = """\
current-context: one
contexts:
- name: one
  context: {user: alice}
- name: two
  context: {user: bob}
- name: three
  context: {user: carol}
users:
- name: alice
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: kubectl
      args: [oidc-login, get-token, "--oidc-issuer-url=https://id.example.com", --v=1]
      env:
      - name: HTTPS_PROXY
        value: http://proxy.example.com
      - value: nameless
- name: bob
  user: {exec: {command: kubelogin, args: null, env: null}}
- name: carol
  user: {token: t}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_the_current_context_s_plugin(path: Path) -> None:
    arguments = ("oidc-login", "get-token", "--oidc-issuer-url=https://id.example.com", "--v=1")
    wanted = ExecPlugin(path, "alice", arguments, (("HTTPS_PROXY", "http://proxy.example.com"),))
    assert find([path], context="") == wanted


def test_another_context_s_plugin_without_anything(path: Path) -> None:
    assert find([path], context="two") == ExecPlugin(path, "bob", ())


@pytest.mark.parametrize(("context", "said"), [("three", "has no exec section"), ("four", "does not exist")])
def test_where_there_is_none(path: Path, context: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        find([path], context=context)
    assert "--oidc-issuer-url and --oidc-client-id" in (caught.value.hint or "")


def test_without_a_kubeconfig_it_says_how_to_do_without(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no kubeconfig") as caught:
        find([tmp_path / "config"], context="")
    assert "--oidc-issuer-url and --oidc-client-id" in (caught.value.hint or "")
    assert "auth-provider" not in (caught.value.hint or "")
