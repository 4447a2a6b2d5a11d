"""The kubeconfig's entry for a user who signs in through this program."""

from kubelogin_py.kubernetes.exec_user import exec_user


def test_kubectl_is_told_everything() -> None:
    entry = exec_user("/opt/bin/kubelogin", ("get-token", "--oidc-client-id=it's"), {"HTTPS_PROXY": "http://p"})
    plugin = entry["exec"]
    assert isinstance(plugin, dict)
    assert plugin.pop("installHint").endswith("pipx install kubelogin-py")
    assert plugin == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "/opt/bin/kubelogin",
        "args": ["get-token", "--oidc-client-id=it's"],
        "env": [{"name": "HTTPS_PROXY", "value": "http://p"}],
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": False,
    }


def test_no_variables_are_no_member() -> None:
    plugin = exec_user("kubelogin", ["get-token"])["exec"]
    assert isinstance(plugin, dict)
    assert "env" not in plugin
