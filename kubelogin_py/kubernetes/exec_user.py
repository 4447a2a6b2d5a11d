"""The user of a kubeconfig who signs in through this program (client authentication API v1, ``ExecConfig``)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

API_VERSION = "client.authentication.k8s.io/v1"

INSTALL_HINT = "This cluster signs its users in through OpenID Connect.\nInstall the plugin: pipx install kubelogin-py"
"""kubectl shows it to whoever does not have the command."""


def exec_user(
    command: str, arguments: Sequence[str], env: Mapping[str, str] = MappingProxyType({})
) -> dict[str, object]:
    """Return the value of ``user`` in a kubeconfig's entry.

    :param command: what kubectl starts, best an absolute path.
    :param arguments: its arguments, no secret among them: kubeconfigs are passed on.
    :param env: variables that kubectl sets for it.
    """
    plugin: dict[str, object] = {"apiVersion": API_VERSION, "command": command, "args": list(arguments)}
    if env:
        plugin["env"] = [{"name": name, "value": value} for name, value in env.items()]
    # Never would take the terminal away from whoever is asked for a code; Always would fail in scripts with a session.
    plugin |= {"installHint": INSTALL_HINT, "interactiveMode": "IfAvailable", "provideClusterInfo": False}
    return {"exec": plugin}
